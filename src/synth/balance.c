/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The prediction is BS.1770's measurement done on notes instead of samples: the energy of every note,
 * by sound, pitch, velocity and expression, is added up in steps of 0.1 s, and these are gated as
 * measured ones would be.
 */
#include "synth/balance.h"
#include "audio/decibel.h"
#include "synth/energy.h"

#define STEP_S (1.0 / TUNE_ENERGY_STEPS_PER_SECOND)
#define LEAD_LUFS (-22.0)  /* of a part at level 0 dB, before the master */
#define MAX_GAIN_DB 30.0
#define RELEASE_S 0.1
#define LOG2_10_TENTH 0.33219280948873623

/* (v / reference)^4: FluidSynth and GM make amplitude go with the square of velocity and expression. */
static double fourth_power(double v, double reference)
{
    double x = v / reference;

    return x * x * x * x;
}

/* Add one note's energy to the steps it sounds in.  @energy is the mean of the first four steps of a held
 * note; what swells does so for a second only. */
static void add_note(double *steps, gsize n_steps, double start, double end, double energy,
                     double slope_db)
{
    double factor = tune_exp2(slope_db * STEP_S * LOG2_10_TENTH);
    double level = 4.0 * energy / (1.0 + factor + factor * factor + factor * factor * factor);
    gsize first = (gsize)(start / STEP_S);

    for (gsize i = first; i < n_steps && (double)i * STEP_S < end; i++) {
        double from = MAX(start, (double)i * STEP_S), to = MIN(end, (double)(i + 1) * STEP_S);

        steps[i] += level * (to - from) / STEP_S;
        if (factor < 1.0 || i < first + 10)
            level *= factor;
    }
}

static void add_track(double *steps, gsize n_steps, const TuneCalibration *calibration,
                      const TuneScore *score, const TuneTrack *track)
{
    guint next_control = 0;
    double expression = 127;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gint onset = tune_note_sounding_onset(note);
        double energy, slope;

        for (; next_control < track->controls->len; next_control++) {
            const TuneControl *control = &g_array_index(track->controls, TuneControl, next_control);

            if (control->tick > onset)
                break;
            if (control->control == 11)
                expression = control->value;
        }
        tune_calibration_note(calibration, track->is_drums, track->program, note->pitch, &energy,
                              &slope);
        energy *= fourth_power(note->velocity, TUNE_CALIBRATION_VELOCITY) *
                  fourth_power(expression, 127);
        double start = tune_score_seconds(score, onset);
        double end = track->is_drums
                         ? start + 0.4
                         : tune_score_seconds(score, tune_note_sounding_end(note)) + RELEASE_S;

        add_note(steps, n_steps, start, end, energy, slope);
    }
}

void tune_balance_init(TuneBalance *self, const TuneCalibration *calibration, const TuneScore *score)
{
    gsize n_steps = (gsize)(tune_score_seconds(score, score->ticks) / STEP_S) + 40;
    g_autofree double *track_steps = g_new(double, n_steps);

    *self = (TuneBalance){.mix_steps = g_new0(double, n_steps), .n_steps = n_steps};
    for (guint t = 0; t < MIN(score->tracks->len, TUNE_SCORE_MAX_TRACKS); t++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, t);

        for (gsize i = 0; i < n_steps; i++)
            track_steps[i] = 0;
        add_track(track_steps, n_steps, calibration, score, track);
        double own = tune_energy_integrated_lufs(track_steps, n_steps);
        double wanted = LEAD_LUFS + CLAMP(track->mix.level_db, -40.0, 12.0);
        double gain_db = own > -70 ? CLAMP(wanted - own, -MAX_GAIN_DB, MAX_GAIN_DB) : 0;
        double gain = tune_db_to_gain(gain_db);

        self->gains[t] = gain;
        self->loudness[t] = own + gain_db;
        for (gsize i = 0; i < n_steps; i++)
            self->mix_steps[i] += track_steps[i] * gain * gain;
    }
    self->mix_lufs = tune_energy_integrated_lufs(self->mix_steps, n_steps);
}

void tune_balance_clear(TuneBalance *self)
{
    g_clear_pointer(&self->mix_steps, g_free);
}
