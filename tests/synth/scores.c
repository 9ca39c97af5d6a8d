/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scores.h"
#include "base/pitch.h"

TuneScore *test_score_empty(double bpm)
{
    TuneScore *score = tune_score_new();
    TuneTempo tempo = {0, bpm};
    TuneMetreChange metre = {0};
    TuneKeyChange key = {0};

    g_assert_true(tune_metre_parse("4/4", &metre.metre));
    g_assert_true(tune_key_parse("C major", &key.key, NULL, NULL));
    g_array_append_val(score->tempos, tempo);
    g_array_append_val(score->metres, metre);
    g_array_append_val(score->keys, key);
    return score;
}

/* Spelled in C major with flats: good enough for sound. */
static TuneFifths spelling_of(guint8 pitch)
{
    static const gint8 fifths[12] = {0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5};

    return (TuneFifths)fifths[pitch % 12];
}

void test_score_note(TuneTrack *track, gint onset, gint duration, guint8 pitch, guint8 velocity)
{
    TuneNote note = {.onset = onset,
                     .duration = duration,
                     .syllable = -1,
                     .pitch = pitch,
                     .spelling = track->is_drums ? (TuneFifths)0 : spelling_of(pitch),
                     .velocity = velocity,
                     .voice = 1};

    g_array_append_val(track->notes, note);
}

void test_score_finish(TuneScore *score)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_score_finish(score, &error));
    g_assert_no_error(error);
}

static void add_drums(TuneTrack *track, gint bars)
{
    for (gint bar = 0; bar < bars; bar++)
        for (gint eighth = 0; eighth < 8; eighth++) {
            gint at = bar * 4 * TUNE_PPQ + eighth * TUNE_PPQ / 2;

            test_score_note(track, at, 240, 42, (guint8)(60 + 10 * (eighth % 3)));
            if (eighth % 4 == 0)
                test_score_note(track, at, 240, 36, 100);
            if (eighth % 4 == 2)
                test_score_note(track, at, 240, 38, 95);
        }
}

static void add_part(TuneTrack *track, gint bars, guint part)
{
    static const guint8 chords[4][3] = {{60, 64, 67}, {57, 60, 64}, {53, 57, 60}, {55, 59, 62}};

    for (gint bar = 0; bar < bars; bar++) {
        const guint8 *chord = chords[bar % 4];
        gint at = bar * 4 * TUNE_PPQ;

        if (part % 3 == 0) { /* melody in quarters */
            for (gint q = 0; q < 4; q++)
                test_score_note(track, at + q * TUNE_PPQ, TUNE_PPQ * 9 / 10,
                                (guint8)(chord[(guint)(q + bar) % 3] + 12), (guint8)(80 + 4 * q));
        } else if (part % 3 == 1) { /* bass in eighths */
            for (gint e = 0; e < 8; e++)
                test_score_note(track, at + e * TUNE_PPQ / 2, TUNE_PPQ / 2 - 40,
                                (guint8)(chord[0] - 24), (guint8)(85 + 3 * (e % 4)));
        } else { /* chords */
            for (gint k = 0; k < 3; k++)
                test_score_note(track, at, 4 * TUNE_PPQ - 60, chord[k], 75);
        }
    }
}

TuneScore *test_score_new(gint bars, double bpm, guint n_parts)
{
    static const guint8 programs[10] = {0, 33, 48, 73, 0, 27, 61, 89, 11, 4};
    static const TuneRole roles[10] = {TUNE_ROLE_LEAD, TUNE_ROLE_BASS, TUNE_ROLE_PAD,
                                       TUNE_ROLE_COUNTER, TUNE_ROLE_DRUMS, TUNE_ROLE_COMP,
                                       TUNE_ROLE_COMP, TUNE_ROLE_PAD, TUNE_ROLE_COUNTER,
                                       TUNE_ROLE_COMP};
    TuneScore *score = test_score_empty(bpm);

    score->ticks = bars * 4 * TUNE_PPQ;
    score->mix.reverb_seconds = 1.6;
    score->mix.delay_beats = 0.75;
    for (guint part = 0; part < n_parts; part++) {
        g_autofree char *id = g_strdup_printf("part-%u", part + 1);
        TuneTrack *track = tune_score_add_track(score, id, id);

        track->program = programs[part];
        track->role = roles[part];
        track->is_drums = part == 4;
        track->mix.reverb = 0.3;
        track->mix.delay = part % 3 == 0 ? 0.2 : 0;
        track->mix.chorus = part % 4 == 2 ? 0.4 : 0;
        track->mix.drive = part == 5 ? 0.4 : 0;
        track->mix.duck = part == 2 ? 0.5 : 0;
        track->mix.high_pass_hz = part == 1 ? 35 : 90;
        track->mix.pan = ((double)(part % 5) - 2) / 4;
        track->mix.level_db = part == 0 ? 0 : -4;
        if (track->is_drums)
            add_drums(track, bars);
        else
            add_part(track, bars, part);
    }
    test_score_finish(score);
    return score;
}
