/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SoundFont bytes: the file is opened, some of its presets unpacked, and the first and last frame of
 * every sample that they name is read.
 */
#include "synth/sf2.h"

#include <stdlib.h>
#include <string.h>

static void touch(const TuneSf2 *font, guint bank, guint program)
{
    TuneSf2Preset *preset = tune_sf2_preset_new(font, bank, program);
    volatile gint sum = 0;

    for (guint i = 0; preset != NULL && i < preset->n_layers; i++) {
        const TuneSf2Layer *layer = &preset->layers[i];
        TuneSf2Sample sample;

        for (guint g = 0; g < layer->n_set; g++)
            sum += layer->set[g].amount;
        for (guint m = 0; m < layer->n_add_modulators; m++)
            sum += layer->add_modulators[m].amount;
        if (!tune_sf2_sample(font, layer->sample, &sample))
            continue;
        if (sample.n_frames == 0 || sample.loop_start > sample.n_frames || sample.loop_end > sample.n_frames)
            abort();
        sum += sample.frames[0] + sample.frames[sample.n_frames - 1];
    }
    if (preset != NULL)
        tune_sf2_preset_free(preset);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(TuneSf2) font = tune_sf2_parse("fuzz.sf2", bytes, NULL);

    if (font == NULL)
        return 0;
    (void)tune_sf2_is_compressed(font);
    for (guint program = 0; program < 4; program++)
        touch(font, 0, program);
    touch(font, 128, 0);
    return 0;
}
