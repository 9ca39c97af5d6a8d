/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "checks.h"

#include "brief/style-data.h"

#include <string.h>

/* Parallels are looked for where two single-line parts move together; a chord-playing part (a
 * keyboard) is no voice, and a part that doubles another at the octave nearly throughout is the
 * same voice. */
#define DOUBLING_SHARE 0.5

/* The pitch that @track holds at @tick, or -1 for none or several. */
static gint voice_at(const TuneTrack *track, guint *from, gint tick)
{
    gint pitch = -1;

    while (*from < track->notes->len) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, *from);
        if (note->onset + note->duration > tick)
            break;
        (*from)++;
    }
    for (guint i = *from; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);

        if (note->onset > tick)
            break;
        if (note->onset + note->duration <= tick)
            continue;
        if (pitch >= 0)
            return -1;
        pitch = note->pitch;
    }
    return pitch;
}

typedef struct {
    guint moves;     /* both parts moved at once */
    guint parallels; /* in the same direction, from a perfect interval to the same */
    gint first_tick; /* of the first parallel */
} Motion;

/* Both lines at every beat: shorter notes ornament a voice, they do not lead it. */
static Motion motion_of(const TuneTrack *a, const TuneTrack *b, gint ticks, gint beat)
{
    Motion motion = {0, 0, -1};
    guint from_a = 0, from_b = 0;
    gint last_a = -1, last_b = -1;

    for (gint tick = 0; tick < ticks; tick += beat) {
        gint x = voice_at(a, &from_a, tick), y = voice_at(b, &from_b, tick);

        if (x >= 0 && y >= 0 && last_a >= 0 && last_b >= 0 && x != last_a && y != last_b) {
            gint before = ABS(last_a - last_b) % 12, now = ABS(x - y) % 12;

            motion.moves++;
            /* A leap of both by an octave is one voice changing its register. */
            if (now == before && (now == 0 || now == 7) && (x > last_a) == (y > last_b)) {
                motion.parallels++;
                motion.first_tick = motion.first_tick < 0 ? tick : motion.first_tick;
            }
        }
        last_a = x;
        last_b = y;
    }
    return motion;
}

/* Broken chords are harmony and struck tuned drums colour: neither is a voice. */
static gboolean is_voice(const TuneTrack *track)
{
    return !track->is_drums && track->role != TUNE_ROLE_ARP && track->role != TUNE_ROLE_PERC &&
           track->program < 112;
}

void check_voices(Violations *found, const Ask *ask, const TuneScore *score)
{
    gint beat = tune_metre_beat_ticks(tune_score_metre_at(score, 0));

    if (!ask->style->melody.strict || score_seconds(score) < LONG_ENOUGH_SECONDS)
        return;
    for (guint i = 0; i < score->tracks->len; i++)
        for (guint k = 0; k < i; k++) {
            const TuneTrack *a = score->tracks->pdata[i], *b = score->tracks->pdata[k];
            Motion motion;

            if (!is_voice(a) || !is_voice(b))
                continue;
            motion = motion_of(a, b, score->ticks, beat);
            if (motion.moves < 8 || motion.parallels > DOUBLING_SHARE * motion.moves)
                continue;
            violations_checked(found, "voices/no-parallels", 1);
            if (motion.parallels > 0)
                violations_add(found, "voices/no-parallels", ask,
                               "%s and %s: %u parallels in %u moves, the first in bar %d", b->id,
                               a->id, motion.parallels, motion.moves,
                               tune_score_bar_at(score, motion.first_tick, NULL) + 1);
        }
}
