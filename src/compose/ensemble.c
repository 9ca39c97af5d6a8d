/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Instruments of one voice (second violin, viola) are voiced together, by shortest path, with bass and melody
 * as the outer voices; parallel fifths and octaves cost dear.
 */
#include "compose/melody.h"
#include "compose/pattern.h"
#include "compose/voicing.h"

#include <math.h>
#include <stdlib.h>

#define MOST_SINGLES 3
#define MOST_JOINT 18

typedef struct {
    gint8 n;
    guint8 pitch[MOST_SINGLES];
    double cost;
} Joint;

typedef struct {
    Plan *plan;
    PlanPart *parts[MOST_SINGLES];
    gint n;
    const TuneTrack *lead;
    gint bass_low;
} Ensemble;

static gint bass_pitch(const Ensemble *e, const PlanChord *c)
{
    gint pc = tune_fifths_pitch_class(c->chord.bass);

    return e->bass_low + ((pc - e->bass_low) % 12 + 12) % 12;
}

/* Third and seventh must sound somewhere; the leading note only once; nobody crosses. */
/* What the place of one voice costs under the voice (or soprano) @above. */
static double joint_place(const Ensemble *e, gint i, gint pitch, gint above)
{
    double cost = fabs(pitch - (e->parts[i]->low + e->parts[i]->high) / 2.0) * 0.06;

    if (above > 0 && pitch > above)
        cost += 4 + 0.3 * (pitch - above);
    if (above > 0 && pitch == above)
        cost += 2.5;
    if (above - pitch > 14)
        cost += 0.2 * (above - pitch - 14);
    return cost;
}

/* What is missing or doubled in the whole chord. */
static double joint_sound(const Ensemble *e, const PlanChord *c, const Joint *j, gint soprano)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize count = tune_chord_tones(c->chord.quality, tones, NULL);
    gint root = tune_fifths_pitch_class(c->chord.root), bass = bass_pitch(e, c);
    gint leading = (tune_fifths_pitch_class(c->key.tonic) + 11) % 12, leads = 0;
    guint16 sounding = (guint16)(1u << (bass % 12));
    double cost = 0;

    if (soprano > 0)
        sounding |= (guint16)(1u << (soprano % 12));
    for (gint i = 0; i < j->n; i++) {
        sounding |= (guint16)(1u << (j->pitch[i] % 12));
        leads += j->pitch[i] % 12 == leading;
    }
    if (j->pitch[j->n - 1] <= bass)
        cost += 5;
    leads += soprano > 0 && soprano % 12 == leading;
    cost += leads > 1 ? 3 : 0;
    if (count > 2 && !((sounding >> ((root + tones[1]) % 12)) & 1))
        cost += 4;
    if (count > 3 && !((sounding >> ((root + tones[3]) % 12)) & 1))
        cost += 1.5;
    if (!((sounding >> root) & 1))
        cost += 2;
    if (count > 2 && !((sounding >> ((root + tones[2]) % 12)) & 1))
        cost += 0.6;
    return cost;
}

/* The cheapest MOST_JOINT, in order. */
static void keep_joint(Joint *out, gint *n, const Joint *j)
{
    if (*n == MOST_JOINT && j->cost >= out[*n - 1].cost)
        return;
    gint at = *n < MOST_JOINT ? (*n)++ : *n - 1;

    for (; at > 0 && out[at - 1].cost > j->cost; at--)
        out[at] = out[at - 1];
    out[at] = *j;
}

/* @j->cost: what the voices placed so far cost. */
static void extend_joint(const Ensemble *e, const PlanChord *c, gint voice, const Joint *j,
                         gint soprano, Joint *out, gint *n)
{
    guint16 tones = tune_chord_mask(c->chord);
    Joint next = *j;

    if (*n == MOST_JOINT && j->cost >= out[*n - 1].cost)
        return;
    if (voice >= MIN(e->n, MOST_SINGLES)) {
        next.n = (gint8)e->n;
        next.cost += joint_sound(e, c, &next, soprano);
        keep_joint(out, n, &next);
        return;
    }
    for (gint p = e->parts[voice]->low; p <= e->parts[voice]->high; p++)
        if ((tones >> (p % 12)) & 1) {
            next.pitch[voice] = (guint8)p;
            next.cost = j->cost + joint_place(e, voice, p, voice == 0 ? soprano : j->pitch[voice - 1]);
            extend_joint(e, c, voice + 1, &next, soprano, out, n);
        }
}

static gboolean is_perfect(gint a, gint b)
{
    gint d = abs(a - b) % 12;

    return d == 0 || d == 7;
}

static double parallel(gint a, gint b, gint a2, gint b2)
{
    if (a <= 0 || b <= 0 || a2 <= 0 || b2 <= 0 || a == a2 || b == b2)
        return 0;
    return is_perfect(a, b) && is_perfect(a2, b2) && abs(a - b) % 12 == abs(a2 - b2) % 12 ? 8 : 0;
}

/* How far the voices go; what forbidden parallels add is joint_parallels(). */
static double joint_motion(const Ensemble *e, const Joint *a, const Joint *b)
{
    gint tenths = 0;

    for (gint i = 0; i < e->n; i++) {
        gint d = abs(a->pitch[i] - b->pitch[i]);
        tenths += 3 * d + (d > 7 ? 15 : 0) + (d == 6 ? 6 : 0);
    }
    return tenths * 0.1;
}

/* @outer: soprano and bass before, soprano and bass now. */
static double joint_parallels(const Ensemble *e, const Joint *a, const Joint *b, const gint outer[4])
{
    double cost = 0;

    for (gint i = 0; i < e->n; i++) {
        if (a->pitch[i] == b->pitch[i])
            continue;
        cost += parallel(outer[0], a->pitch[i], outer[2], b->pitch[i]);
        cost += parallel(a->pitch[i], outer[1], b->pitch[i], outer[3]);
        for (gint k = i + 1; k < e->n; k++)
            cost += parallel(a->pitch[i], a->pitch[k], b->pitch[i], b->pitch[k]);
    }
    return cost;
}

/* The cheapest way to @to from the voicings before, @n of them with their costs so far, cheapest first in
 * @order. */
static double joint_arrive(const Ensemble *e, const Joint *before, const double *so_far,
                           const gint8 *order, gint n, const Joint *to, const gint outer[4],
                           gint8 *from)
{
    double best = G_MAXDOUBLE;

    for (gint i = 0; i < n && so_far[order[i]] < best; i++) {
        gint j = order[i];
        double step = so_far[j] + joint_motion(e, &before[j], to);

        if (step < best)
            step += joint_parallels(e, &before[j], to, outer);
        if (step < best) {
            best = step;
            *from = (gint8)j;
        }
    }
    return best;
}

static gint soprano_at(const Ensemble *e, const PlanChord *c)
{
    return e->lead != NULL ? track_pitch_at(e->lead, c->tick) : 0;
}

static void voice_ensemble_run(Ensemble *e, gint from, gint to)
{
    gint n = to - from;
    g_autofree Joint *all = g_new0(Joint, (gsize)n * MOST_JOINT);
    g_autofree gint *counts = g_new0(gint, n);
    g_autofree double *cost = g_new(double, (gsize)n * MOST_JOINT);
    g_autofree gint8 *back = g_new0(gint8, (gsize)n * MOST_JOINT);
    gint8 order[MOST_JOINT]; /* of the row before */

    for (gint i = 0; i < n; i++) {
        const PlanChord *c = &e->plan->chords[from + i];
        Joint seed = {0}, *mine = all + i * MOST_JOINT;
        gint soprano = soprano_at(e, c);
        extend_joint(e, c, 0, &seed, soprano, mine, &counts[i]);
        gint outer[4] = {0, 0, soprano, bass_pitch(e, c)};
        if (i > 0) {
            outer[0] = soprano_at(e, c - 1);
            outer[1] = bass_pitch(e, c - 1);
        }
        /* When a section returns its inner voices go the same way, but for one chord. */
        gint up, twin = voicing_twin(e->plan, from + i, &up);
        gboolean anew = twin >= 0 && from + i == voicing_renewed(e->plan, from, to, "inner voices");
        for (gint k = 0; k < counts[i]; k++) {
            for (gint v = 0; twin >= 0 && v < e->n; v++) {
                gint apart = mine[k].pitch[v] - e->parts[v]->voicings[twin].pitch[0] - up;
                gboolean same = up == 0 ? apart == 0 : apart % 12 == 0;
                mine[k].cost += anew ? (same ? 3.0 : 0) : (same ? 0 : 2.5);
            }
            double best = i == 0 ? 0
                                 : joint_arrive(e, mine - MOST_JOINT, cost + (i - 1) * MOST_JOINT,
                                                order, counts[i - 1], &mine[k], outer,
                                                &back[i * MOST_JOINT + k]);
            cost[i * MOST_JOINT + k] = best + mine[k].cost;
        }
        plan_order_by_cost(cost + i * MOST_JOINT, counts[i], order);
    }
    gint k = 0;
    for (gint j = 1; j < counts[n - 1]; j++)
        if (cost[(n - 1) * MOST_JOINT + j] < cost[(n - 1) * MOST_JOINT + k])
            k = j;
    for (gint i = n; i-- > 0;) {
        for (gint v = 0; v < e->n; v++)
            e->parts[v]->voicings[from + i] = (Voicing){1, {all[i * MOST_JOINT + k].pitch[v]}};
        k = back[i * MOST_JOINT + k];
    }
}

/* FALSE where none of the ensemble plays from its voicings: it is silent or woven with the melody. */
static gboolean is_needed(const Ensemble *e, gint section)
{
    for (gint i = 0; i < e->n; i++)
        if (plan_writes(e->plan, &e->plan->sections[section], (gint)(e->parts[i] - e->plan->parts)))
            return TRUE;
    return FALSE;
}

/* Any chord tone will do where nobody reads it. */
static void voice_plainly(Ensemble *e, gint from, gint to)
{
    for (gint c = from; c < to; c++)
        for (gint i = 0; i < e->n; i++) {
            guint16 tones = tune_chord_mask(e->plan->chords[c].chord);
            gint pitch = (e->parts[i]->low + e->parts[i]->high) / 2;
            while (!((tones >> (pitch % 12)) & 1) && pitch < e->parts[i]->high)
                pitch++;
            while (!((tones >> (pitch % 12)) & 1) && pitch > 12)
                pitch--;
            e->parts[i]->voicings[c] = (Voicing){1, {(guint8)pitch}};
        }
}

void plan_voice_ensemble(Plan *plan)
{
    Ensemble e = {.plan = plan, .bass_low = 36};
    const PlanPart *lead = voicing_part_of_role(plan, TUNE_ROLE_LEAD);
    const PlanPart *bass = voicing_part_of_role(plan, TUNE_ROLE_BASS);

    for (gint i = 0; i < plan->n_parts && e.n < MOST_SINGLES; i++)
        if (role_is_chordal(plan->parts[i].role) && voicing_is_single(&plan->parts[i]))
            e.parts[e.n++] = &plan->parts[i];
    if (e.n == 0)
        return;
    /* The highest first. */
    for (gint i = 1; i < MIN(e.n, MOST_SINGLES); i++)
        for (gint j = i; j > 0 && e.parts[j]->high > e.parts[j - 1]->high; j--) {
            PlanPart *t = e.parts[j];
            e.parts[j] = e.parts[j - 1];
            e.parts[j - 1] = t;
        }
    for (gint i = 0; i < e.n; i++)
        e.parts[i]->voicings = g_new0(Voicing, MAX(1, plan->n_chords));
    e.lead = lead != NULL ? lead->track : NULL;
    if (bass != NULL)
        e.bass_low = bass->low;
    for (gint from = 0; from < plan->n_chords;) {
        gint to = voicing_section_end(plan, from);
        if (is_needed(&e, plan->chords[from].section))
            voice_ensemble_run(&e, from, to);
        else
            voice_plainly(&e, from, to);
        from = to;
    }
}
