/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Controllers 74 and 71 move the filter of our own voices.
 */
#include "base/data.h"
#include "synth/patch-voice.h"

#define RATE 44100
#define N (RATE / 64 * 64)

/* How much of the sound of @key's C2 lies in the differences from frame to frame: the higher, the
 * brighter.  @value of controller @control, -1 for none. */
static double brightness(const char *key, guint8 control, gint value)
{
    g_autofree char *file = g_strdup_printf("voices/%s.yaml", key);
    g_autofree char *path = tune_data_find(file, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePatch) patch = tune_patch_load(path, &error);
    g_autofree float *left = g_new0(float, N), *right = g_new0(float, N);
    TuneVoiceRequest request = {.rate = RATE, .instrument = key, .beat_s = 0.5};
    double all = 0, high = 0;

    g_assert_no_error(error);
    TuneVoice *voice = tune_patch_voice_new(patch, &request);
    if (value >= 0)
        tune_voice_control(voice, control, value);
    voice->class->note_on(voice, 36, 100, 0);
    tune_voice_render(voice, left, right, N);
    tune_voice_release(voice);
    for (gsize i = 1; i < N; i++) {
        double d = left[i] - left[i - 1];
        all += (double)left[i] * left[i];
        high += d * d;
    }
    g_assert_cmpfloat(all, >, 0);
    return high / all;
}

static void test_closes_and_opens(void)
{
    static const char *const keys[] = {"wobble-bass", "reese-bass", "supersaw", "synth-bass"};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        double dark = brightness(keys[i], 74, 10), rest = brightness(keys[i], 74, 64),
               bright = brightness(keys[i], 74, 120);
        g_test_message("%s: %g %g %g", keys[i], dark, rest, bright);
        g_assert_cmpfloat(dark, <, 0.7 * rest);
        g_assert_cmpfloat(bright, >, 1.1 * rest);
    }
}

/* Without a hand on the filter nothing changes but by the patch itself. */
static void test_rest_is_rest(void)
{
    double alone = brightness("synth-bass", 74, -1), rest = brightness("synth-bass", 74, 64);

    g_assert_cmpfloat_with_epsilon(alone, rest, 0.2 * alone);
    g_assert_true(brightness("synth-bass", 71, 120) != alone);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/brightness/closes-and-opens", test_closes_and_opens);
    g_test_add_func("/synth/brightness/rest-is-rest", test_rest_is_rest);
    return g_test_run();
}
