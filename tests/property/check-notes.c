/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include "brief/style-data.h"

#include <math.h>
#include <string.h>

static gint compare_sounding(gconstpointer a, gconstpointer b)
{
    gint x = tune_note_sounding_onset(a), y = tune_note_sounding_onset(b);

    return x < y ? -1 : x > y;
}

/* Where the last sound must have been released: the file's end, less nothing. */
static double latest_end(const TuneScore *score)
{
    double music = tune_score_seconds(score, score->ticks);

    return score->length_us > 0 ? fmax((double)score->length_us / 1e6, music) : music + 12.0;
}

static void check_intervals(Violations *found, const Ask *ask, const TuneScore *score,
                            const TuneTrack *track)
{
    g_autoptr(GArray) notes = g_array_copy(track->notes);
    gint busy_until[128] = {0};
    double latest = latest_end(score);

    g_array_sort(notes, compare_sounding);
    violations_checked(found, "notes/sound", notes->len);
    violations_checked(found, "notes/overlap", notes->len);
    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint on = tune_note_sounding_onset(note), off = tune_note_sounding_end(note);
        gint bar = tune_score_bar_at(score, note->onset, NULL) + 1;

        if (note->duration <= 0 || off - on < 2 || note->velocity < 1 || note->velocity > 127 ||
            note->onset < 0 || note->onset >= score->ticks)
            violations_add(
                found, "notes/sound", ask,
                "%s bar %d pitch %d: onset %d, duration %d, sounds %d ticks, velocity %d",
                track->id, bar, note->pitch, note->onset, note->duration, off - on, note->velocity);
        else if (tune_score_seconds(score, off) > latest + 0.01 && !score->loop)
            violations_add(found, "notes/sound", ask,
                           "%s bar %d pitch %d: stuck, ends at %.2f s of %.2f", track->id, bar,
                           note->pitch, tune_score_seconds(score, off), latest);
        if (on < busy_until[note->pitch & 127])
            violations_add(found, "notes/overlap", ask,
                           "%s bar %d pitch %d: starts %d ticks too early", track->id, bar,
                           note->pitch, busy_until[note->pitch & 127] - on);
        busy_until[note->pitch & 127] = off;
    }
}

static void check_range(Violations *found, const Ask *ask, const TuneScore *score,
                        const TuneTrack *track, const TuneInstruments *instruments)
{
    const TuneInstrument *instrument = tune_instruments_find(instruments, track->instrument);

    violations_checked(found, "notes/range", 1);
    if (instrument == NULL) {
        violations_add(found, "notes/range", ask, "%s plays unknown instrument \"%s\"", track->id,
                       track->instrument);
        return;
    }
    for (guint i = 0; i < track->notes->len && !track->is_drums; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);

        if (note->pitch < instrument->low || note->pitch > instrument->high) {
            violations_add(found, "notes/range", ask, "%s bar %d: pitch %d outside %d..%d",
                           track->id, tune_score_bar_at(score, note->onset, NULL) + 1, note->pitch,
                           instrument->low, instrument->high);
            return;
        }
    }
}

/* No more notes at once than the player has fingers for; notated times, a tick of slack for legato.
 */
static void check_polyphony(Violations *found, const Ask *ask, const TuneScore *score,
                            const TuneTrack *track, const TuneInstruments *instruments)
{
    const TuneInstrument *instrument = tune_instruments_find(instruments, track->instrument);

    if (instrument == NULL || track->is_drums || instrument->polyphony == 0)
        return;
    violations_checked(found, "notes/polyphony", 1);
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        guint at_once = 0;

        for (guint k = i + 1; k-- > 0;) {
            const TuneNote *other = &g_array_index(track->notes, TuneNote, k);
            if (note->onset - other->onset > 64 * TUNE_PPQ)
                break;
            at_once += other->onset + other->duration > note->onset + 1;
        }
        if (at_once > instrument->polyphony) {
            violations_add(found, "notes/polyphony", ask,
                           "%s bar %d: %u notes at once, %u possible", track->id,
                           tune_score_bar_at(score, note->onset, NULL) + 1, at_once,
                           instrument->polyphony);
            return;
        }
    }
}

static double velocity_spread(const TuneTrack *track)
{
    double sum = 0, squares = 0, n = track->notes->len;

    for (guint i = 0; i < track->notes->len; i++) {
        double v = g_array_index(track->notes, TuneNote, i).velocity;
        sum += v;
        squares += v * v;
    }
    return sqrt(fmax(0, squares / n - (sum / n) * (sum / n)));
}

static void check_velocities(Violations *found, const Ask *ask, const TuneScore *score,
                             const TuneTrack *track)
{
    double spread;

    if (style_is_exempt(ask->style, "velocity-spread"))
        return;
    if (track->notes->len < ENOUGH_NOTES || score_seconds(score) < LONG_ENOUGH_SECONDS)
        return;
    spread = velocity_spread(track);
    violations_checked(found, "notes/velocity-spread", 1);
    if (spread < 4)
        violations_add(found, "notes/velocity-spread", ask, "%s: %u notes with a spread of %.2f",
                       track->id, track->notes->len, spread);
}

/* What may sound over a chord: its tones, the key's scale, and in minor the raised sixth and
 * seventh. */
static guint16 fitting(const TuneScore *score, gint tick)
{
    const TuneScoreChord *chord = tune_score_chord_at(score, tick);
    TuneKey key = tune_score_key_at(score, tick);
    guint16 mask = tune_key_mask(key);
    gint tonic = tune_fifths_pitch_class(key.tonic);

    if (key.mode == TUNE_MODE_MINOR)
        mask |= (guint16)(1u << ((tonic + 9) % 12) | 1u << ((tonic + 11) % 12));
    return (guint16)(mask | (chord ? tune_chord_mask(chord->chord) : 0));
}

static void check_fit(Violations *found, const Ask *ask, const TuneScore *score)
{
    guint all = 0, outside = 0;
    const char *worst = "";
    guint worst_outside = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        guint before = outside;

        for (guint i = 0; i < track->notes->len && !track->is_drums; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
            /* An anticipation belongs to the chord that it runs into. */
            guint16 mask =
                fitting(score, note->onset) | fitting(score, note->onset + note->duration - 1);

            all++;
            outside += !(mask >> (note->pitch % 12) & 1);
        }
        if (outside - before > worst_outside) {
            worst_outside = outside - before;
            worst = track->id;
        }
    }
    if (all < ENOUGH_NOTES || score_seconds(score) < LONG_ENOUGH_SECONDS)
        return;
    violations_checked(found, "notes/fit", 1);
    if (outside > (1 - ask->style->harmony.scale_share) * all)
        violations_add(found, "notes/fit", ask,
                       "%u of %u notes outside chord and scale, most in %s (%u)", outside, all,
                       worst, worst_outside);
}

void check_notes(Violations *found, const Ask *ask, const TuneScore *score,
                 const TuneInstruments *instruments)
{
    guint n_drums = 0;

    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];

        n_drums += track->is_drums;
        check_intervals(found, ask, score, track);
        check_range(found, ask, score, track, instruments);
        check_polyphony(found, ask, score, track, instruments);
        check_velocities(found, ask, score, track);
    }
    violations_checked(found, "notes/tracks", 1);
    if (n_drums > 1 || score->tracks->len - n_drums > 15 || tune_score_n_notes(score) == 0)
        violations_add(found, "notes/tracks", ask, "%u drum tracks, %u tracks, %zu notes", n_drums,
                       score->tracks->len, tune_score_n_notes(score));
    check_fit(found, ask, score);
}
