/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Styles of strict voice leading: looks at all single-line parts from beat to beat and takes out parallel
 * fifths and octaves, by giving one of the two voices another chord tone or another octave.
 *
 * The voicings avoid parallels among themselves and with the melody at each new chord; what is left comes
 * from lines that move within a chord.  Inner voices give way first, then the bass, the melody last.
 */
#include "compose/compose-private.h"

#include <stdlib.h>
#include <string.h>

#define PASSES 6

typedef struct {
    PlanPart *part;
    gint *pitch;   /* [n_beats]: what sounds alone at the beat, or -1 */
    gint *index;   /* [n_beats]: its note */
    gint cost;     /* how much it costs to change this voice */
} Voice;

typedef struct {
    Plan *plan;
    Voice voice[PLAN_MAX_PARTS];
    gint n, n_beats;
} Choir;

static TuneNote *note_of(const Voice *v, gint index)
{
    return &g_array_index(v->part->track->notes, TuneNote, index);
}

/* Fills the beats that note @k of the voice may touch. */
static void sample(const Choir *c, Voice *v)
{
    gint beat = c->plan->beat_ticks;
    guint n = v->part->track->notes->len;

    for (gint b = 0; b < c->n_beats; b++) {
        v->pitch[b] = -1;
        v->index[b] = -1;
    }
    for (guint k = 0; k < n; k++) {
        const TuneNote *note = note_of(v, (gint)k);
        gint from = (note->onset + beat - 1) / beat;
        for (gint b = from; b < c->n_beats && b * beat < note->onset + note->duration; b++) {
            if (v->index[b] >= 0) { /* two at once: a chord, no voice */
                v->pitch[b] = -1;
                v->index[b] = G_MAXINT;
            } else {
                v->pitch[b] = note->pitch;
                v->index[b] = (gint)k;
            }
        }
    }
}

static gboolean is_parallel(gint a, gint b, gint a2, gint b2)
{
    gint before, now;

    if (a < 0 || b < 0 || a2 < 0 || b2 < 0 || a == a2 || b == b2)
        return FALSE;
    before = abs(a - b) % 12;
    now = abs(a2 - b2) % 12;
    return before == now && (now == 0 || now == 7) && (a2 > a) == (b2 > b);
}

static gboolean clash(const Choir *c, gint x, gint y, gint beat)
{
    const Voice *a = &c->voice[x], *b = &c->voice[y];

    return beat > 0 && is_parallel(a->pitch[beat - 1], b->pitch[beat - 1], a->pitch[beat], b->pitch[beat]);
}

/* Parallels of voice @x at the beats that a note over @from..@to touches. */
static gint count_clashes(const Choir *c, gint x, gint from, gint to)
{
    gint n = 0;

    for (gint b = from; b <= MIN(to, c->n_beats - 1); b++)
        for (gint y = 0; y < c->n; y++)
            n += y != x && clash(c, x, y, b);
    return n;
}

static void set_pitch(Voice *v, gint from, gint to, gint pitch)
{
    for (gint b = from; b < to; b++)
        v->pitch[b] = pitch;
}

/* How gladly the note takes @pitch instead of its own. */
static double taste(const Choir *c, const Voice *v, const TuneNote *note, gint beat, gint pitch)
{
    const PlanChord *chord = &c->plan->chords[plan_chord_at(c->plan, note->onset)];
    guint16 tones = tune_chord_mask(chord->chord);
    double cost = 0.25 * abs(pitch - note->pitch);

    if (!((tones >> (pitch % 12)) & 1))
        cost += ((chord->scale >> (pitch % 12)) & 1) ? 3 : 50;
    if (v->part->role == TUNE_ROLE_BASS && note->onset == chord->tick &&
        pitch % 12 != note->pitch % 12)
        cost += 6; /* the chord would be another inversion */
    if (v->part->role == TUNE_ROLE_LEAD && pitch % 12 != note->pitch % 12)
        cost += 2;
    if (beat > 0 && v->pitch[beat - 1] >= 0)
        cost += 0.15 * MAX(0, abs(pitch - v->pitch[beat - 1]) - 7);
    /* Nobody crosses the melody or the bass. */
    for (gint y = 0; y < c->n; y++) {
        const Voice *o = &c->voice[y];
        if (o == v || o->pitch[beat] < 0)
            continue;
        if (o->part->role == TUNE_ROLE_BASS && pitch <= o->pitch[beat])
            cost += 4;
        if (v->part->role == TUNE_ROLE_BASS && pitch >= o->pitch[beat])
            cost += 6;
        if (o->part->role == TUNE_ROLE_LEAD && pitch > o->pitch[beat])
            cost += 2;
        if (pitch == o->pitch[beat])
            cost += 1;
    }
    return cost;
}

/* Whether another note of the track sounds @pitch during @note. */
static gboolean is_taken(const Voice *v, const TuneNote *note, gint pitch)
{
    const GArray *notes = v->part->track->notes;

    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *o = &g_array_index(notes, TuneNote, i);
        if (o != note && o->pitch == pitch && o->onset < note->onset + note->duration &&
            o->onset + o->duration > note->onset)
            return TRUE;
    }
    return FALSE;
}

/* Gives the note of voice @x at @beat the pitch with the fewest parallels; TRUE when that helps. */
static gboolean mend(Choir *c, gint x, gint beat, double patience)
{
    Voice *v = &c->voice[x];
    gint from = beat, to = beat, k = v->index[beat];
    TuneNote *note = note_of(v, k);
    gint old = note->pitch, best = old;

    while (from > 0 && v->index[from - 1] == k)
        from--;
    while (to < c->n_beats && v->index[to] == k)
        to++;
    gint before = count_clashes(c, x, from, to);
    double best_cost = before * 12.0;
    gint low = MAX(v->part->instrument->low, v->part->low - 5);
    gint high = MIN(v->part->instrument->high, v->part->high + 5);
    for (gint p = low; p <= high; p++) {
        if (p == old || is_taken(v, note, p))
            continue;
        double cost = taste(c, v, note, beat, p);
        if (cost >= MIN(best_cost, patience))
            continue;
        set_pitch(v, from, to, p);
        cost += 12.0 * count_clashes(c, x, from, to);
        if (cost < best_cost) {
            best_cost = cost;
            best = p;
        }
    }
    set_pitch(v, from, to, best);
    if (best == old)
        return FALSE;
    note->pitch = (guint8)best;
    note->spelling = plan_spell(c->plan, note->onset, best);
    return TRUE;
}

static gboolean mend_pair(Choir *c, gint x, gint y, gint beat, gint pass)
{
    gint first = c->voice[x].cost <= c->voice[y].cost ? x : y, second = first == x ? y : x;
    double patience = 8 + 8 * pass;

    /* The note that arrives, or the one that leaves. */
    return mend(c, first, beat, patience) ||
           (c->voice[first].index[beat - 1] >= 0 && mend(c, first, beat - 1, patience)) ||
           mend(c, second, beat, patience) ||
           (c->voice[second].index[beat - 1] >= 0 && mend(c, second, beat - 1, patience));
}

static gint sweep(Choir *c, gint pass)
{
    gint left = 0;

    for (gint b = 1; b < c->n_beats; b++)
        for (gint x = 0; x < c->n; x++)
            for (gint y = 0; y < x; y++)
                if (clash(c, x, y, b)) {
                    mend_pair(c, x, y, b, pass);
                    left += clash(c, x, y, b);
                }
    return left;
}

static gint cost_of(TuneRole role)
{
    switch (role) {
    case TUNE_ROLE_LEAD:
        return 3;
    case TUNE_ROLE_BASS:
        return 2;
    case TUNE_ROLE_COUNTER:
        return 1;
    default:
        return 0;
    }
}

void plan_mend_parallels(Plan *plan)
{
    Choir c = {.plan = plan, .n_beats = plan->ticks / plan->beat_ticks};

    if (!plan->style->melody.strict || plan->ticks % plan->beat_ticks != 0)
        return;
    for (gint i = 0; i < plan->n_parts; i++) {
        PlanPart *p = &plan->parts[i];
        if (p->instrument->is_drums || p->track->notes->len == 0)
            continue;
        Voice *v = &c.voice[c.n++];
        *v = (Voice){.part = p, .pitch = g_new(gint, c.n_beats), .index = g_new(gint, c.n_beats),
                     .cost = cost_of(p->role)};
        sample(&c, v);
        for (gint b = 0; b < c.n_beats; b++)
            if (v->index[b] == G_MAXINT)
                v->index[b] = -1;
    }
    for (gint pass = 0; pass < PASSES; pass++)
        if (sweep(&c, pass) == 0)
            break;
    for (gint i = 0; i < c.n; i++) {
        g_free(c.voice[i].pitch);
        g_free(c.voice[i].index);
    }
}
