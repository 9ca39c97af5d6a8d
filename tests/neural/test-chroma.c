/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/chroma.h"

#include <math.h>

static float *sine(double hz, gsize n)
{
    float *audio = g_new(float, n);

    for (gsize i = 0; i < n; i++)
        audio[i] = (float)(0.5 * sin(2 * G_PI * hz * (double)i / TUNE_CHROMA_RATE));
    return audio;
}

/* From C up, in three octaves. */
static void test_notes_have_their_class(void)
{
    for (gint note = 48; note < 84; note++) {
        gsize n = 40000, n_frames;
        g_autofree float *audio = sine(440 * pow(2, (note - 69) / 12.0), n);
        g_autofree float *rows = tune_chroma(audio, n, &n_frames);

        g_assert_cmpuint(n_frames, ==, 1 + n / 4096);
        for (gsize frame = 0; frame < n_frames; frame++)
            for (gint c = 0; c < TUNE_CHROMA_CLASSES; c++)
                g_assert_true((rows[frame * TUNE_CHROMA_CLASSES + (gsize)c] > 0) ==
                              (c == note % 12));
    }
}

static void test_any_length_has_frames(void)
{
    static const struct {
        gsize n, frames;
    } cases[] = {{0, 5},     {1, 5},     {16383, 5},    {16384, 5},
                 {20479, 5}, {20480, 6}, {960000, 235}, {960001, 235}};
    g_autofree float *audio = g_new0(float, 960001);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize n_frames;
        g_autofree float *rows = tune_chroma(audio, cases[i].n, &n_frames);

        g_assert_cmpuint(n_frames, ==, cases[i].frames);
        for (gsize frame = 0; frame < n_frames; frame++) /* silence is the first class */
            g_assert_true(rows[frame * TUNE_CHROMA_CLASSES] > 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/chroma/notes-have-their-class", test_notes_have_their_class);
    g_test_add_func("/neural/chroma/any-length-has-frames", test_any_length_has_frames);
    return g_test_run();
}
