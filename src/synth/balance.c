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
#define DRUM_S 0.48 /* a stroke counts for longer than the 0.4 s it is measured by: cymbals, rooms */
#define LOG2_10_TENTH 0.33219280948873623

/* (v / reference)^4: FluidSynth and GM make amplitude go with the square of velocity and expression. */
static double fourth_power(double v, double reference)
{
    double x = v / reference;

    return x * x * x * x;
}

/* Energy of a held note in step @i of its life: the first two stretches as measured, then a line in dB
 * through the second and the third, which does not rise. */
typedef struct {
    double first, second, later, fall; /* fall: factor a step */
} Course;

static Course course_of(const double lufs[TUNE_CALIBRATION_STRETCHES], double scale)
{
    double fall_db = MIN(0.0, lufs[2] - lufs[1]) / 22.0; /* between the middles lie 2.2 s */
    Course course = {.first = scale * tune_energy_of_lufs(lufs[0]),
                     .second = scale * tune_energy_of_lufs(lufs[1]),
                     .fall = tune_exp2(fall_db * LOG2_10_TENTH)};

    course.later = course.second * tune_exp2(6 * fall_db * LOG2_10_TENTH);
    return course;
}

static void add_note(double *steps, gsize n_steps, double start, double end, Course course)
{
    gsize first = (gsize)(start / STEP_S);

    for (gsize i = first; i < n_steps && (double)i * STEP_S < end; i++) {
        double from = MAX(start, (double)i * STEP_S), to = MIN(end, (double)(i + 1) * STEP_S);
        double energy = i < first + 4 ? course.first : i < first + 16 ? course.second : course.later;

        if (i >= first + 16)
            course.later *= course.fall;
        steps[i] += energy * (to - from) / STEP_S;
    }
}

static void add_track(double *steps, gsize n_steps, const TuneCalibration *calibration,
                      const TuneSound *sound, const TuneScore *score, const TuneTrack *track)
{
    guint next_control = 0;
    double expression = 127;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gint onset = tune_note_sounding_onset(note);
        double lufs[TUNE_CALIBRATION_STRETCHES];

        for (; next_control < track->controls->len; next_control++) {
            const TuneControl *control = &g_array_index(track->controls, TuneControl, next_control);

            if (control->tick > onset)
                break;
            if (control->control == 11)
                expression = control->value;
        }
        if (sound != NULL)
            tune_sound_note(sound, note->pitch, lufs);
        else
            tune_calibration_note(calibration, track->is_drums, track->program, note->pitch, lufs);
        double scale = fourth_power(note->velocity, TUNE_CALIBRATION_VELOCITY) *
                       fourth_power(expression, 127);
        double start = tune_score_seconds(score, onset);
        double end = track->is_drums
                         ? start + DRUM_S
                         : tune_score_seconds(score, tune_note_sounding_end(note)) + RELEASE_S;

        add_note(steps, n_steps, start, end, course_of(lufs, scale));
    }
}

void tune_balance_init(TuneBalance *self, const TuneCalibration *calibration, TuneLibrary *library,
                       const TuneScore *score)
{
    gsize n_steps = (gsize)(tune_score_seconds(score, score->ticks) / STEP_S) + 40;
    g_autofree double *track_steps = g_new(double, n_steps);

    *self = (TuneBalance){.mix_steps = g_new0(double, n_steps), .n_steps = n_steps};
    for (guint t = 0; t < MIN(score->tracks->len, TUNE_SCORE_MAX_TRACKS); t++) {
        const TuneTrack *track = g_ptr_array_index(score->tracks, t);

        for (gsize i = 0; i < n_steps; i++)
            track_steps[i] = 0;
        const TuneSound *sound = library != NULL ? tune_library_of_track(library, track) : NULL;

        add_track(track_steps, n_steps, calibration, sound, score, track);
        double send = CLAMP(track->mix.reverb, 0.0, 1.0), echo = CLAMP(track->mix.delay, 0.0, 1.0);
        double wet = 1.0 + send * send + echo * echo; /* at full send the room is as loud as the part */

        for (gsize i = 0; i < n_steps; i++)
            track_steps[i] *= wet;
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
