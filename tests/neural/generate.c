/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "generate.h"

TuneMusicgen *tune_test_model(const char *checkpoint, const TuneMusicgenOptions *options)
{
    static const TuneMusicgenOptions plain = {.weights = TUNE_WEIGHTS_F32, .n_threads = 2};
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(g_getenv("TUNE_GOLDEN"), checkpoint, NULL);
    g_autoptr(TuneCheckpoint) opened = tune_checkpoint_open(path, &error);

    g_assert_no_error(error);
    TuneMusicgen *model = tune_musicgen_new(opened, options != NULL ? options : &plain, &error);
    g_assert_no_error(error);
    return model;
}

void tune_test_sound_free(TuneTestSound *self)
{
    if (self == NULL)
        return;
    g_free(self->codes);
    g_free(self->audio);
    g_free(self);
}

TuneTake *tune_test_start(TuneMusicgen *model, const TuneTakeRequest *request)
{
    g_autoptr(GError) error = NULL;
    TuneTake *take = tune_musicgen_start(model, request, &error);

    g_assert_no_error(error);
    return take;
}

TuneTestSound *tune_test_read(TuneMusicgen *model, TuneTake *take, gsize block)
{
    g_autoptr(GError) error = NULL;
    TuneTestSound *self = g_new0(TuneTestSound, 1);
    guint n_channels = tune_musicgen_n_channels(model);
    gsize n = (gsize)tune_take_n_samples(take), at = 0, got = 1;
    const TuneMusicgenConfig *config = tune_checkpoint_config(tune_musicgen_checkpoint(model));

    self->audio = g_new(float, (n + block) * n_channels);
    while (got > 0) {
        g_assert_true(tune_take_read(take, self->audio + at * n_channels, block, &got, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(got, <=, block);
        at += got;
        g_assert_cmpuint(at, <=, n);
    }
    g_assert_cmpuint(at, ==, n);
    g_assert_cmpuint(tune_take_progress(take), ==, tune_take_n_frames(take));
    self->n_samples = n * n_channels;
    self->n_codes = config->decoder.n_codebooks * tune_take_n_frames(take);
    self->codes = g_memdup2(tune_take_codes(take), self->n_codes * sizeof *self->codes);
    return self;
}

TuneTestSound *tune_test_generate(TuneMusicgen *model, const TuneTakeRequest *request)
{
    g_autoptr(TuneTake) take = tune_test_start(model, request);

    return tune_test_read(model, take, 4096);
}

void tune_test_assert_same(const TuneTestSound *a, const TuneTestSound *b)
{
    g_assert_cmpuint(a->n_codes, ==, b->n_codes);
    g_assert_cmpuint(a->n_samples, ==, b->n_samples);
    tune_golden_compare_ints("codes", a->codes, b->codes, a->n_codes);
    g_assert_true(memcmp(a->audio, b->audio, a->n_samples * sizeof *a->audio) == 0);
}
