/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an electronic voice costs: nanoseconds for a frame of one sounding note (of a kit: a frame of
 * sixteenths on bass drum, snare and hats), as CSV.  A note of FluidSynth stands beside them.
 */
#include "base/data.h"
#include "synth/fluid.h"
#include "synth/patch-voice.h"
#include "synth/soundfont.h"
#include <stdio.h>

#define RATE 44100
#define SECONDS 8

static double cost(TuneVoice *voice, gboolean is_kit, guint n_notes)
{
    static const guint8 drums[] = {36, 42, 38, 46};
    static float left[512], right[512];
    gint64 start = g_get_monotonic_time();

    for (guint i = 0; i < n_notes && !is_kit; i++)
        tune_voice_note_on(voice, (guint8)(48 + 4 * i), 100, RATE * SECONDS);
    for (guint block = 0; block < RATE * SECONDS / 512; block++) {
        if (is_kit && block % 11 == 0)
            tune_voice_note_on(voice, drums[block / 11 % 4], 100, 0);
        tune_voice_render(voice, left, right, 512);
    }
    return (double)(g_get_monotonic_time() - start) * 1000.0 / (RATE * SECONDS) / n_notes;
}

int main(void)
{
    g_autoptr(GPtrArray) names = tune_data_list("voices", "yaml");
    g_autofree char *font = tune_soundfont_find(NULL, NULL);

    printf("voice,ns_per_note_frame\n");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strdup_printf("voices/%s.yaml", (const char *)names->pdata[i]);
        g_autofree char *path = tune_data_find(file, NULL);
        g_autoptr(TunePatch) patch = tune_patch_load(path, NULL);

        if (patch == NULL)
            continue;
        TuneVoiceRequest request = {.rate = RATE, .is_drums = patch->is_kit};
        TuneVoice *voice = patch->is_kit ? tune_kit_voice_new(patch, &request)
                                         : tune_patch_voice_new(patch, &request);
        guint n = patch->is_kit || patch->tone.mono ? 1 : MIN(4, patch->tone.polyphony);

        printf("%s,%.1f\n", patch->name, cost(voice, patch->is_kit, n));
        tune_voice_release(voice);
    }
    if (font != NULL) {
        TuneVoiceBank *bank = tune_fluid_bank_new(font, NULL);
        TuneVoiceRequest request = {.rate = RATE, .program = 48};
        TuneVoice *voice = tune_voice_bank_acquire(bank, &request, NULL);

        printf("fluidsynth-strings,%.1f\n", cost(voice, FALSE, 4));
        tune_voice_release(voice);
        tune_voice_bank_free(bank);
    }
    return 0;
}
