/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tune-calibrate FONT.sf2 > data/mix/NAME.json: measures every program and drum of a SoundFont.
 * One note of four seconds at velocity 100 in each octave, and its loudness over three stretches.
 */
#include "synth/calibration.h"
#include "synth/fluid.h"
#include <ebur128.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define RATE 44100
#define WINDOW (RATE / 64 * 4 / 10 * 64) /* 0.4 s on the grid */
#define SILENT (-70.0)

/* Mean of windows @from .. @to - 1 as energies, in LUFS. */
static double mean_lufs(const double *loudness, gint from, gint to)
{
    double sum = 0;

    for (gint i = from; i < to; i++)
        sum += loudness[i] <= SILENT ? 0 : pow(10, loudness[i] / 10);
    return sum > 0 ? MAX(SILENT, 10 * log10(sum / (to - from))) : SILENT;
}

/* Loudness of one note over TUNE_CALIBRATION_STRETCHES. */
static void measure(TuneVoiceBank *bank, gboolean is_drums, guint8 program, guint8 key, double *out)
{
    TuneVoiceRequest request = {.rate = RATE, .program = program, .is_drums = is_drums};
    TuneVoice *voice = tune_voice_bank_acquire(bank, &request, NULL);
    ebur128_state *meter = ebur128_init(2, RATE, EBUR128_MODE_M);
    static float left[WINDOW], right[WINDOW], frames[2 * WINDOW];
    double loudness[10];

    out[0] = out[1] = out[2] = SILENT;
    if (voice == NULL)
        return;
    tune_voice_note_on(voice, key, TUNE_CALIBRATION_VELOCITY, 0);
    for (gint window = 0; window < 10; window++) {
        tune_voice_render(voice, left, right, WINDOW);
        for (gsize i = 0; i < WINDOW; i++) {
            frames[2 * i] = left[i];
            frames[2 * i + 1] = right[i];
        }
        ebur128_add_frames_float(meter, frames, WINDOW);
        ebur128_loudness_momentary(meter, &loudness[window]);
        if (!isfinite(loudness[window]) || loudness[window] < SILENT)
            loudness[window] = SILENT;
    }
    out[0] = loudness[0];
    out[1] = mean_lufs(loudness, 1, 4);
    out[2] = mean_lufs(loudness, 6, 10);
    ebur128_destroy(&meter);
    tune_voice_release(voice);
}

static void print_programs(TuneVoiceBank *bank)
{
    printf(" \"programs\": [\n");
    for (gint program = 0; program < 128; program++) {
        printf("  [");
        for (gint octave = 0; octave < TUNE_CALIBRATION_OCTAVES; octave++) {
            double level[TUNE_CALIBRATION_STRETCHES];

            measure(bank, FALSE, (guint8)program,
                    (guint8)(TUNE_CALIBRATION_LOW_KEY + 12 * octave), level);
            printf("%s%.1f, %.1f, %.1f", octave > 0 ? ", " : "", level[0], level[1], level[2]);
        }
        printf("]%s\n", program < 127 ? "," : "");
    }
    printf(" ],\n");
}

static void print_kits(TuneVoiceBank *bank)
{
    static const guint8 kits[] = {0, 8, 16, 24, 25, 32, 40, 48};

    printf(" \"kits\": {\n");
    for (gsize k = 0; k < G_N_ELEMENTS(kits); k++) {
        printf("  \"%u\": [", kits[k]);
        for (guint8 key = 27; key <= 87; key++) {
            double level[TUNE_CALIBRATION_STRETCHES];

            measure(bank, TRUE, kits[k], key, level);
            printf("%s%.1f", key > 27 ? ", " : "", level[0]);
        }
        printf("]%s\n", k + 1 < G_N_ELEMENTS(kits) ? "," : "");
    }
    printf(" }\n");
}

int main(int argc, char **argv)
{
    struct stat st;

    if (argc != 2 || stat(argv[1], &st) != 0) {
        fprintf(stderr, "usage: tune-calibrate FONT.sf2 > data/mix/NAME.json\n");
        return EXIT_FAILURE;
    }
    TuneVoiceBank *bank = tune_fluid_bank_new(argv[1], NULL);
    g_autofree char *name = g_path_get_basename(argv[1]);

    printf("{\n \"font\": \"%s\",\n \"bytes\": %lld,\n", name, (long long)st.st_size);
    print_programs(bank);
    print_kits(bank);
    printf("}\n");
    tune_voice_bank_free(bank);
    return EXIT_SUCCESS;
}
