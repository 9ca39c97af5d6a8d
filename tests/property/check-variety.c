/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include <string.h>

#define MAX_MELODY 300

/* The melody: per note its pitch above the tonic and its length in sixteenths, so that another key
 * or tempo alone is no other melody. */
static GArray *melody_tokens(const TuneScore *score)
{
    const TuneTrack *lead = lead_track(score);
    GArray *out = g_array_new(FALSE, FALSE, sizeof(gint));

    for (guint i = 0; lead != NULL && i < MIN(lead->notes->len, MAX_MELODY); i++) {
        const TuneNote *note = &g_array_index(lead->notes, TuneNote, i);
        gint tonic = tune_fifths_pitch_class(tune_score_key_at(score, note->onset).tonic);
        gint token = (note->pitch - tonic + 12) * 64 + MIN(63, note->duration * 4 / TUNE_PPQ);

        g_array_append_val(out, token);
    }
    return out;
}

double melody_distance(const TuneScore *score_a, const TuneScore *score_b)
{
    g_autoptr(GArray) a = melody_tokens(score_a), b = melody_tokens(score_b);
    g_autofree guint *row = g_new0(guint, b->len + 1);

    if (a->len < ENOUGH_NOTES || b->len < ENOUGH_NOTES)
        return -1;
    for (guint k = 0; k <= b->len; k++)
        row[k] = k;
    for (guint i = 1; i <= a->len; i++) {
        guint diagonal = row[0]; /* the cell up and to the left */

        row[0] = i;
        for (guint k = 1; k <= b->len; k++) {
            gboolean differ = g_array_index(a, gint, i - 1) != g_array_index(b, gint, k - 1);
            guint cell = MIN(MIN(row[k], row[k - 1]) + 1, diagonal + differ);

            diagonal = row[k];
            row[k] = cell;
        }
    }
    return (double)row[b->len] / MAX(a->len, b->len);
}

/* Mean place of what sounds between the first and the last sixteenth of a beat, drums and all, as
 * performed: 0.5 straight, 0.67 triplet swing. */
static double measure_swing(const TuneScore *score)
{
    gint beat = tune_metre_beat_ticks(tune_score_metre_at(score, 0));
    double sum = 0;
    guint n = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];

        for (guint i = 0; i < track->notes->len; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
            double place = (double)(tune_note_sounding_onset(note) % beat) / beat;

            if (place > 0.4 && place < 0.72) {
                sum += place;
                n++;
            }
        }
    }
    return n == 0 ? 0.5 : sum / n;
}

void style_print_init(StylePrint *print, const TuneScore *score)
{
    TuneMetre metre = tune_score_metre_at(score, 0);
    double seconds = score_seconds(score), tones = 0, minor = 0;
    guint drums = 0, all = (guint)tune_score_n_notes(score);

    memset(print, 0, sizeof *print);
    print->instruments = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];

        drums += track->is_drums ? track->notes->len : 0;
        g_hash_table_add(print->instruments, g_strdup(track->instrument));
    }
    for (guint i = 0; i < score->chords->len; i++) {
        TuneChordQuality quality = g_array_index(score->chords, TuneScoreChord, i).chord.quality;
        gint8 semitones[TUNE_CHORD_MAX_TONES];

        tones += (double)tune_chord_tones(quality, semitones, NULL);
        minor += tune_chord_is_minor(quality);
    }
    print->bpm = tune_metre_beat_bpm(metre, tune_score_tempo_at(score, 0));
    print->notes_per_second = all / MAX(seconds, 1);
    print->drum_share = (double)drums / MAX(all, 1);
    print->swing = measure_swing(score);
    print->chord_tones = tones / MAX(score->chords->len, 1);
    print->minor_share = minor / MAX(score->chords->len, 1);
}

void style_print_clear(StylePrint *print)
{
    g_clear_pointer(&print->instruments, g_hash_table_unref);
}
