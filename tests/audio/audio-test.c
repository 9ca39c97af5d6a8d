/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <glib/gstdio.h>
#include <math.h>
#include <sys/wait.h>
#include "base/random.h"

float *test_tones(gsize n_frames, guint rate, float level)
{
    float *out = g_new(float, 2 * n_frames);
    TuneRandom random;

    tune_random_init(&random, 1, "test/tones");
    for (gsize i = 0; i < n_frames; i++) {
        double t = (double)i / rate;
        double noise = 0.05 * tune_random_range(&random, -1, 1);

        out[2 * i] = level * (float)(0.5 * sin(2765.0 * t) + 0.4 * sin(621.0 * t) + noise);
        out[2 * i + 1] = level * (float)(0.6 * sin(1382.0 * t) + 0.3 * sin(8888.0 * t) - noise);
    }
    return out;
}

void test_encode(const char *path, TuneAudioFormat format, guint rate, const float *frames,
                 gsize n_frames, gint64 announced, const TuneTags *tags)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneEncoder) encoder =
        tune_encoder_new(path, format, rate, 2, announced, tags, &error);

    g_assert_no_error(error);
    for (gsize at = 0, piece = 1; at < n_frames; at += piece) {
        piece = MIN(1 + (at * 7) % 3001, n_frames - at);
        tune_encoder_write(encoder, frames + 2 * at, piece, &error);
        g_assert_no_error(error);
    }
    tune_encoder_finish(encoder, &error);
    g_assert_no_error(error);
}

float *test_read_all(TuneSource *source, gsize *n_frames)
{
    g_autoptr(GError) error = NULL;
    GArray *all = g_array_new(FALSE, FALSE, sizeof(float));
    gsize got;

    *n_frames = 0;
    do {
        gsize at = all->len;

        g_array_set_size(all, (guint)at + 777 * source->n_channels);
        tune_source_read(source, &g_array_index(all, float, at), 777, &got, &error);
        g_assert_no_error(error);
        g_array_set_size(all, (guint)(at + got * source->n_channels));
        *n_frames += got;
    } while (got > 0);
    return (float *)g_array_free(all, FALSE);
}

char *test_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("tune-audio-XXXXXX", &error);

    g_assert_no_error(error);
    return folder;
}

void test_remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

char *test_output_of(const char *program, const char *command)
{
    g_autofree char *found = g_find_program_in_path(program);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(GError) error = NULL;
    int status;

    if (found == NULL) {
        g_autofree char *note = g_strdup_printf("%s is not installed", program);

        g_test_skip(note);
        return NULL;
    }
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err, &status,
                 &error);
    g_assert_no_error(error);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        g_error("%s: status %d: %s%s", command, status, out, err);
    return out;
}
