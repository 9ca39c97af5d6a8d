/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "audio/aside.h"
#include "audio/optimize.h"

/* A source that is made as it is read: loud and quiet by turns of five seconds. */
typedef struct {
    TuneSource base;
    gint64 at;
    float level;
} Made;

static gboolean made_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                          GError **error)
{
    Made *self = (Made *)base;

    *n_got = (gsize)MIN((gint64)n_frames, base->n_frames - self->at);
    for (gsize i = 0; i < *n_got; i++) {
        gint64 t = self->at + (gint64)i;
        gboolean loud = t / (5 * (gint64)base->rate) % 2 == 0;
        /* Two triangles: no rounding of sines to depend on. */
        float a = (float)(t % 100) / 50.0f - 1.0f, b = (float)(t % 317) / 158.5f - 1.0f;
        float x = self->level * (loud ? 1.0f : 0.1f) * (0.6f * a + 0.4f * b);

        for (guint c = 0; c < base->n_channels; c++)
            out[i * base->n_channels + c] = x;
    }
    self->at += (gint64)*n_got;
    return TRUE;
}

static void made_free(TuneSource *base)
{
    g_free(base);
}

static const TuneSourceClass made_class = {made_read, made_free};

typedef struct {
    guint rate, n_channels;
    gint64 n_frames;
    float level;
    guint n_opened;
} Recipe;

static TuneSource *open_made(gpointer user_data, GError **error)
{
    Recipe *recipe = user_data;
    Made *self = g_new0(Made, 1);

    self->base = (TuneSource){&made_class, recipe->rate, recipe->n_channels, recipe->n_frames};
    self->level = recipe->level;
    recipe->n_opened++;
    return &self->base;
}

typedef struct {
    char *folder, *path;
    TuneOptimized out;
} Scene;

static Scene *scene_new(void)
{
    Scene *self = g_new0(Scene, 1);

    self->folder = test_folder();
    self->path = g_build_filename(self->folder, "out.mp3", NULL);
    return self;
}

static void scene_free(Scene *self)
{
    test_remove_folder(self->folder);
    g_free(self->folder);
    g_free(self->path);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scene, scene_free)

static TuneOptimizeConfig config_default(void)
{
    TuneOptimizeConfig config = TUNE_OPTIMIZE_CONFIG_DEFAULT;

    return config;
}

static void optimize(Scene *scene, Recipe *recipe, const TuneOptimizeConfig *config)
{
    g_autoptr(GError) error = NULL;

    tune_optimize(open_made, recipe, config, scene->path, NULL, NULL, NULL, NULL, &scene->out,
                  &error);
    g_assert_no_error(error);
}

static TuneLoudness measure_file(const char *path, guint *rate)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, &error);
    TuneLoudness loudness;
    float block[2 * 1000];
    gsize got;

    g_assert_no_error(error);
    g_autoptr(TuneLoudnessMeter) meter = tune_loudness_meter_new(source->rate, 2, TRUE, NULL);
    do {
        g_assert_true(tune_source_read(source, block, 1000, &got, NULL));
        tune_loudness_meter_feed(meter, block, got);
    } while (got > 0);
    *rate = source->rate;
    tune_loudness_meter_read(meter, &loudness);
    return loudness;
}

static void quiet_and_loud_sound_end_alike(void)
{
    static const struct {
        guint rate, n_channels, expected_rate;
        float level;
    } cases[] = {{44100, 2, 44100, 0.9f},
                 {44100, 1, 44100, 0.05f},
                 {96000, 2, 48000, 0.3f},
                 {22050, 1, 22050, 0.3f},
                 {88200, 2, 44100, 0.06f}};
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Recipe recipe = {cases[i].rate, cases[i].n_channels, 23 * (gint64)cases[i].rate + 7,
                         cases[i].level, 0};
        guint rate;

        optimize(scene, &recipe, &config);
        TuneLoudness file = measure_file(scene->path, &rate);
        g_test_message("before %.1f LUFS, gain %.1f dB, after %.1f LUFS %.2f dBTP; MP3 %.1f %.2f",
                       scene->out.before.integrated_lufs, scene->out.gain_db,
                       scene->out.after.integrated_lufs, scene->out.after.true_peak_dbtp,
                       file.integrated_lufs, file.true_peak_dbtp);
        g_assert_cmpuint(recipe.n_opened, ==, 2);
        g_assert_cmpuint(rate, ==, cases[i].expected_rate);
        g_assert_cmpuint(scene->out.rate, ==, cases[i].expected_rate);
        g_assert_cmpfloat(fabs(scene->out.seconds - 23.0), <, 0.01);
        g_assert_cmpfloat(fabs(scene->out.after.integrated_lufs - -14.0), <, 0.5);
        g_assert_cmpfloat(scene->out.after.true_peak_dbtp, <=, -0.99);
        g_assert_cmpfloat(fabs(file.integrated_lufs - -14.0), <, 1.0);
        g_assert_cmpint(llabs(file.n_frames - (gint64)(23.0 * rate)), <, 10);
    }
}

static void dynamics_become_smaller(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();
    Recipe recipe = {44100, 2, 30 * 44100, 0.9f, 0};

    optimize(scene, &recipe, &config);
    g_assert_cmpfloat(scene->out.after.range_lu, <, scene->out.before.range_lu - 3.0);
    config.compress = FALSE;
    optimize(scene, &recipe, &config);
    g_assert_cmpfloat(fabs(scene->out.after.range_lu - scene->out.before.range_lu), <, 1.0);
}

static gsize size_of(const char *path)
{
    GStatBuf info;

    g_assert_cmpint(g_stat(path, &info), ==, 0);
    return (gsize)info.st_size;
}

static void bits_are_spent_as_asked(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();
    Recipe recipe = {44100, 2, 20 * 44100, 0.5f, 0};

    optimize(scene, &recipe, &config);
    gsize constant = size_of(scene->path);
    /* 192 kbit/s are 24000 bytes a second; a frame at each end, the information frame. */
    g_assert_cmpuint(constant, >, 24000 * 20);
    g_assert_cmpuint(constant, <, 24000 * 20 + 4000);
    config.quality = TUNE_MP3_V0;
    optimize(scene, &recipe, &config);
    gsize v0 = size_of(scene->path);
    config.quality = TUNE_MP3_V2;
    optimize(scene, &recipe, &config);
    g_assert_cmpuint(size_of(scene->path), !=, v0);
    g_assert_cmpuint(v0, !=, constant);
}

static void the_same_sound_gives_the_same_bytes(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();
    Recipe recipe = {48000, 2, 12 * 48000, 0.5f, 0};
    g_autofree char *first = NULL, *second = NULL;
    gsize n_first, n_second;

    optimize(scene, &recipe, &config);
    g_assert_true(g_file_get_contents(scene->path, &first, &n_first, NULL));
    optimize(scene, &recipe, &config);
    g_assert_true(g_file_get_contents(scene->path, &second, &n_second, NULL));
    g_assert_cmpuint(n_first, ==, n_second);
    g_assert_true(memcmp(first, second, n_first) == 0);
}

static void silence_and_next_to_nothing(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();
    Recipe silence = {44100, 2, 44100, 0.0f, 0}, tick = {44100, 1, 10, 0.5f, 0},
           nothing = {44100, 2, 0, 0.0f, 0}, faint = {44100, 2, 5 * 44100, 0.003f, 0};
    g_autoptr(GError) error = NULL;

    optimize(scene, &silence, &config);
    g_assert_cmpfloat(scene->out.gain_db, ==, 0.0);
    optimize(scene, &tick, &config);
    optimize(scene, &faint, &config);
    g_assert_cmpfloat(scene->out.gain_db, ==, 20.0);
    g_unlink(scene->path);
    g_assert_false(tune_optimize(open_made, &nothing, &config, scene->path, NULL, NULL, NULL, NULL,
                                 &scene->out, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN);
    g_assert_false(g_file_test(scene->path, G_FILE_TEST_EXISTS));
}

typedef struct {
    GCancellable *cancellable;
    double last;
    guint n_calls;
} Watch;

static void watch(double fraction, gpointer user_data)
{
    Watch *self = user_data;

    g_assert_cmpfloat(fraction, >=, self->last);
    g_assert_cmpfloat(fraction, <=, 1.0);
    self->last = fraction;
    self->n_calls++;
    if (self->cancellable != NULL && fraction > 0.6)
        g_cancellable_cancel(self->cancellable);
}

static void progress_is_told_and_a_cancel_leaves_nothing(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneOptimizeConfig config = config_default();
    Recipe recipe = {44100, 2, 25 * 44100, 0.5f, 0};
    Watch to_the_end = {0}, cancelled = {g_cancellable_new(), 0.0, 0};
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_optimize(open_made, &recipe, &config, scene->path, NULL, NULL, watch,
                                &to_the_end, &scene->out, NULL));
    g_assert_cmpfloat(to_the_end.last, >, 0.999);
    g_assert_cmpuint(to_the_end.n_calls, >, 100);
    g_unlink(scene->path);
    g_assert_false(tune_optimize(open_made, &recipe, &config, scene->path, NULL,
                                 cancelled.cancellable, watch, &cancelled, &scene->out, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_cmpfloat(cancelled.last, <, 0.7);
    g_autoptr(GDir) dir = g_dir_open(scene->folder, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
    g_object_unref(cancelled.cancellable);
}

/* ---- an upload, all the way ---- */

static TuneSource *open_upload(gpointer path, GError **error)
{
    TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;

    return tune_aside_new(path, &limits, NULL, error);
}

static void an_upload_goes_through_the_confined_decoder(void)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_WAV24, TUNE_AUDIO_FLAC, TUNE_AUDIO_MP3};
    g_autoptr(Scene) scene = scene_new();
    g_autofree char *upload = g_build_filename(scene->folder, "upload", NULL);
    g_autofree float *frames = test_tones(6 * 44100, 44100, 0.2f);
    TuneOptimizeConfig config = config_default();

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = NULL;
        gsize n;

        test_encode(upload, formats[i], 44100, frames, 6 * 44100, -1, NULL);
        g_unlink(scene->path);
        g_assert_true(tune_optimize(open_upload, upload, &config, scene->path, NULL, NULL, NULL,
                                    NULL, &scene->out, &error));
        g_assert_no_error(error);
        g_assert_cmpfloat(fabs(scene->out.after.integrated_lufs - -14.0), <, 0.5);
        g_assert_true(g_file_get_contents(upload, &bytes, &n, NULL));
        g_assert_true(g_file_set_contents(upload, bytes, (gssize)(n / 2), NULL));
        g_unlink(scene->path);
        g_assert_false(tune_optimize(open_upload, upload, &config, scene->path, NULL, NULL, NULL,
                                     NULL, &scene->out, &error));
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN);
        g_assert_false(g_file_test(scene->path, G_FILE_TEST_EXISTS));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/optimize/loudness", quiet_and_loud_sound_end_alike);
    g_test_add_func("/audio/optimize/dynamics", dynamics_become_smaller);
    g_test_add_func("/audio/optimize/bits", bits_are_spent_as_asked);
    g_test_add_func("/audio/optimize/same-bytes", the_same_sound_gives_the_same_bytes);
    g_test_add_func("/audio/optimize/next-to-nothing", silence_and_next_to_nothing);
    g_test_add_func("/audio/optimize/cancel", progress_is_told_and_a_cancel_leaves_nothing);
    g_test_add_func("/audio/optimize/upload", an_upload_goes_through_the_confined_decoder);
    return g_test_run();
}
