/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How loud an electronic voice is, measured on its own sound as tune-calibrate measures a SoundFont.
 */
#include "synth/energy.h"
#include "synth/library.h"
#include <string.h>

#define RATE 44100
#define SECONDS 4
#define STEPS (SECONDS * TUNE_ENERGY_STEPS_PER_SECOND)
#define N_FRAMES (RATE * SECONDS / TUNE_VOICE_GRID * TUNE_VOICE_GRID)
#define SILENT_LUFS (-70.0)

static double tenths(double lufs)
{
    return (double)(gint)(MAX(lufs, SILENT_LUFS) * 10.0 - 0.5) / 10.0;
}

static double mean(const double *steps, gsize from, gsize to, gsize n)
{
    double sum = 0;

    for (gsize i = from; i < MIN(to, n); i++)
        sum += steps[i];
    return sum / (double)(to - from);
}

/* Energy of a note held for four seconds, in steps of 0.1 s. */
static gboolean hear(const TuneSound *sound, guint8 key, double *steps, GError **error)
{
    TuneVoiceRequest request = {.rate = RATE, .is_drums = sound->is_kit};
    TuneVoice *voice = tune_sound_voice_new(sound, &request, error);
    TuneEnergyCurve curve;
    float left[TUNE_VOICE_GRID], right[TUNE_VOICE_GRID], both[2 * TUNE_VOICE_GRID];

    memset(steps, 0, STEPS * sizeof *steps);
    if (voice == NULL)
        return FALSE;
    tune_energy_curve_init(&curve, RATE);
    tune_voice_note_on(voice, key, TUNE_CALIBRATION_VELOCITY, N_FRAMES);
    for (gsize at = 0; at < N_FRAMES && !tune_voice_is_silent(voice); at += TUNE_VOICE_GRID) {
        tune_voice_render(voice, left, right, TUNE_VOICE_GRID);
        for (gsize i = 0; i < TUNE_VOICE_GRID; i++) {
            both[2 * i] = left[i];
            both[2 * i + 1] = right[i];
        }
        tune_energy_curve_feed(&curve, both, TUNE_VOICE_GRID);
    }
    tune_energy_curve_finish(&curve);
    memcpy(steps, curve.steps->data, MIN(STEPS, curve.steps->len) * sizeof *steps);
    tune_energy_curve_clear(&curve);
    tune_voice_release(voice);
    return TRUE;
}

/* What swells with the length of its note counts as loud as its loudest moment. */
static double loudest(const double *steps)
{
    double best = 0;

    for (gsize i = 0; i + 4 <= STEPS; i++)
        best = MAX(best, mean(steps, i, i + 4, STEPS));
    return best;
}

static gboolean measure_note(const TuneSound *sound, guint8 key, double *out, GError **error)
{
    double steps[STEPS];

    if (!hear(sound, key, steps, error))
        return FALSE;
    if (sound->patch != NULL && sound->patch->tone.stretch) {
        out[0] = out[1] = out[2] = tenths(tune_energy_to_lufs(loudest(steps)));
        return TRUE;
    }
    out[0] = tenths(tune_energy_to_lufs(mean(steps, 0, 4, STEPS)));
    out[1] = tenths(tune_energy_to_lufs(mean(steps, 4, 16, STEPS)));
    out[2] = tenths(tune_energy_to_lufs(mean(steps, 24, 40, STEPS)));
    return TRUE;
}

static gboolean measure_drum(const TuneSound *sound, guint8 key, double *out, GError **error)
{
    double steps[STEPS];

    *out = SILENT_LUFS;
    if (sound->patch != NULL && sound->patch->kit.drum_of[key] < 0)
        return TRUE;
    if (!hear(sound, key, steps, error))
        return FALSE;
    *out = tenths(tune_energy_to_lufs(mean(steps, 0, 4, STEPS)));
    return TRUE;
}

gboolean tune_levels_measure(const TuneSound *sound, TuneVoiceLevels *out, GError **error)
{
    TuneMapped plain = {0};
    TuneSound bare = *sound;

    if (sound->mapped != NULL) {
        plain = *sound->mapped;
        plain.gain = 1;
        bare.mapped = &plain;
    }
    for (guint octave = 0; octave < TUNE_CALIBRATION_OCTAVES && !sound->is_kit; octave++)
        if (!measure_note(&bare, (guint8)(TUNE_CALIBRATION_LOW_KEY + 12 * octave), out->notes[octave], error))
            return FALSE;
    for (guint8 drum = 0; drum < TUNE_LEVELS_DRUMS && sound->is_kit; drum++)
        if (!measure_drum(&bare, TUNE_LEVELS_LOW_DRUM + drum, &out->drums[drum], error))
            return FALSE;
    return TRUE;
}

void tune_sound_note(const TuneSound *self, guint8 key, double lufs[TUNE_CALIBRATION_STRETCHES])
{
    if (self->is_kit) {
        gint drum = CLAMP((gint)key - TUNE_LEVELS_LOW_DRUM, 0, TUNE_LEVELS_DRUMS - 1);

        lufs[0] = lufs[1] = lufs[2] = self->levels.drums[drum];
        return;
    }
    double at = CLAMP((key - TUNE_CALIBRATION_LOW_KEY) / 12.0, 0.0, TUNE_CALIBRATION_OCTAVES - 1.001);
    gint below = (gint)at;

    for (gsize i = 0; i < TUNE_CALIBRATION_STRETCHES; i++) {
        double low = self->levels.notes[below][i], high = self->levels.notes[below + 1][i];

        /* Outside of a sound's range there is nothing to lean towards. */
        lufs[i] = low <= SILENT_LUFS    ? high
                  : high <= SILENT_LUFS ? low
                                        : low + (at - below) * (high - low);
    }
}
