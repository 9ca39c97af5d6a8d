/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Part-writing: the other voices under (or around) a given melody, by shortest path over all voicings of
 * each chord.  The rules are those of every harmony book (Fux, C. P. E. Bach, Piston, Aldwell and
 * Schachter): complete chords, no doubled leading note or seventh, close upper voices, no crossing; no
 * parallel fifths or octaves, no hidden ones between the outer voices when the upper one leaps; the leading
 * note rises, sevenths fall, leaps are small and singable, the bass likes to move against the melody.
 *
 * Afterwards the voices are given life: thirds are filled with passing notes, steps down are suspended.
 */
#include "compose/pattern.h"
#include "compose/weave.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 256
#define MOST_CHOICES 18
#define LEAST_MOVE 0.4 /* what a move can save at most */

typedef struct {
    gint8 pitch[WEAVE_MOST_VOICES]; /* from the highest voice; 0 is silent */
    double cost;
} Choice;

typedef struct {
    gint tick, ticks;
    const PlanChord *chord;
    gint melody;        /* pitch of the given voice, 0 when it is silent */
    gint sounds_to;     /* the given voice is silent from here on to the slot's end */
} Slot;

typedef struct {
    Weave *weave;
    Slot slot[MOST_SLOTS];
    gint n;
    gint seventh[MOST_SLOTS], root[MOST_SLOTS], third[MOST_SLOTS];
    gint tonic[MOST_SLOTS], leading[MOST_SLOTS]; /* pitch classes */
    gint bass[MOST_SLOTS];
    guint16 tones[MOST_SLOTS];
    guint16 turns[MOST_SLOTS]; /* what the bass may have instead */
    gint n_tones[MOST_SLOTS];
} Writer;

/* ---- slots: where a chord or the melody moves on a beat ---- */

static void add_slot(Writer *w, gint tick)
{
    if (w->n > 0 && w->slot[w->n - 1].tick == tick)
        return;
    if (w->n == MOST_SLOTS)
        return;
    if (w->n > 0)
        w->slot[w->n - 1].ticks = tick - w->slot[w->n - 1].tick;
    w->slot[w->n++] = (Slot){.tick = tick};
}

static gboolean melody_begins(const TuneTrack *track, gint tick)
{
    for (guint i = 0; i < track->notes->len; i++) {
        gint onset = g_array_index(track->notes, TuneNote, i).onset;
        if (onset >= tick)
            return onset == tick;
    }
    return FALSE;
}

/* Where the melody last sounds in [from, to). */
static gint melody_end(const TuneTrack *track, gint from, gint to)
{
    gint end = from;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        if (note->onset >= to)
            break;
        end = MAX(end, note->onset + note->duration);
    }
    return MIN(end, to);
}

static void find_slots(Writer *w)
{
    const Weave *weave = w->weave;
    const Plan *plan = weave->plan;
    const TuneTrack *lead = weave->lead >= 0 ? weave->voice[weave->lead].part->track : NULL;

    for (gint tick = weave->start; tick < weave->end; tick += plan->beat_ticks) {
        const PlanChord *chord = &plan->chords[plan_chord_at(plan, tick)];
        if (chord->tick > tick - plan->beat_ticks && chord->tick > weave->start && chord->tick < tick)
            add_slot(w, chord->tick); /* a change inside the beat before */
        if (tick == weave->start || chord->tick == tick || (lead != NULL && melody_begins(lead, tick)))
            add_slot(w, tick);
    }
    for (gint i = 0; i < w->n; i++) {
        Slot *s = &w->slot[i];
        if (i + 1 == w->n)
            s->ticks = weave->end - s->tick;
        s->chord = &plan->chords[plan_chord_at(plan, s->tick)];
        s->melody = lead != NULL ? track_pitch_at(lead, s->tick) : 0;
        s->sounds_to = lead != NULL ? melody_end(lead, s->tick, s->tick + s->ticks) : s->tick + s->ticks;
    }
}

/* Root and third may change places in the bass where nobody has said which it is. */
static guint16 turns_of(const Writer *w, gint i)
{
    const Plan *plan = w->weave->plan;
    const PlanChord *c = w->slot[i].chord;

    if (plan->brief->chords->len > 0 || c->cadence || c->tick <= 0 || c->tick >= plan->final_tick ||
        (w->bass[i] != w->root[i] && w->bass[i] != w->third[i]))
        return 0;
    return (guint16)(1u << w->root[i] | (w->third[i] >= 0 ? 1u << w->third[i] : 0u));
}

static void know_chords(Writer *w)
{
    for (gint i = 0; i < w->n; i++) {
        const PlanChord *c = w->slot[i].chord;
        gint8 tones[TUNE_CHORD_MAX_TONES];
        gsize n = tune_chord_tones(c->chord.quality, tones, NULL);
        w->tonic[i] = tune_fifths_pitch_class(c->key.tonic);
        w->leading[i] = (w->tonic[i] + 11) % 12;
        w->root[i] = tune_fifths_pitch_class(c->chord.root);
        w->tones[i] = tune_chord_mask(c->chord);
        w->n_tones[i] = (gint)n;
        w->third[i] = n > 2 ? (w->root[i] + tones[1]) % 12 : -1;
        w->bass[i] = tune_fifths_pitch_class(c->chord.bass);
        w->turns[i] = turns_of(w, i);
        w->seventh[i] = n > 3 && tones[3] >= 9 && tones[3] <= 11 ? (w->root[i] + tones[3]) % 12 : -1;
    }
}

/* ---- one chord ---- */

static double doubling_cost(const Writer *w, gint i, const Choice *c)
{
    gint n = w->weave->n, leading = w->leading[i], leads = 0, sevenths = 0, thirds = 0;
    guint16 sounding = 0;
    double cost = 0;

    for (gint v = 0; v < n; v++) {
        if (c->pitch[v] <= 0)
            continue;
        gint pc = c->pitch[v] % 12;
        sounding |= (guint16)(1u << pc);
        leads += pc == leading && ((w->tones[i] >> leading) & 1);
        sevenths += pc == w->seventh[i];
        thirds += pc == w->third[i];
    }
    cost += leads > 1 ? 25.0 * (leads - 1) : 0;
    cost += sevenths > 1 ? 15.0 * (sevenths - 1) : 0;
    cost += thirds > 1 && w->third[i] != leading ? 0.8 * (thirds - 1) : 0;
    if (w->third[i] >= 0 && !((sounding >> w->third[i]) & 1))
        cost += 10;
    if (!((sounding >> w->root[i]) & 1))
        cost += n > 3 ? 7 : 3;
    if (w->seventh[i] >= 0 && !((sounding >> w->seventh[i]) & 1))
        cost += n > 3 ? 6 : 2;
    return cost + 0.9 * __builtin_popcount(w->tones[i] & ~sounding);
}

/* Where voice @v lies in its range and under the voice above it. */
static double place_cost(const Writer *w, const Choice *c, gint v)
{
    const Weave *weave = w->weave;
    const WeaveVoice *voice = &weave->voice[v];
    double cost = 0;

    if (c->pitch[v] <= 0)
        return 0;
    if (v != weave->lead)
        cost += 0.05 * abs(2 * c->pitch[v] - voice->low - voice->high) / 2;
    if (v == 0 || c->pitch[v - 1] <= 0)
        return cost;
    gint gap = c->pitch[v - 1] - c->pitch[v];
    gboolean bass = v + 1 == weave->n;
    if (gap < 0)
        cost += 9 - 0.5 * gap;
    if (gap == 0)
        cost += bass ? 1.5 : 2.2;
    if (gap > (bass ? 19 : 12))
        cost += 0.5 * (gap - (bass ? 19 : 12));
    if (gap > 0 && gap < 3 && c->pitch[v] < 50)
        cost += 1.5; /* seconds down there are mud */
    return cost;
}

static void keep(Choice *out, gint *n, const Choice *c)
{
    if (*n == MOST_CHOICES && c->cost >= out[*n - 1].cost)
        return;
    gint at = *n < MOST_CHOICES ? (*n)++ : *n - 1;
    for (; at > 0 && out[at - 1].cost > c->cost; at--)
        out[at] = out[at - 1];
    out[at] = *c;
}

/* @so_far: what the voices above @v cost. */
static void extend(const Writer *w, gint i, gint v, double so_far, Choice *c, Choice *out, gint *n)
{
    const Weave *weave = w->weave;

    if (*n == MOST_CHOICES && so_far >= out[*n - 1].cost)
        return;
    if (v == weave->n) {
        gboolean other = c->pitch[v - 1] % 12 != w->bass[i];
        c->cost = so_far + doubling_cost(w, i, c) + (other ? 2.5 : 0);
        keep(out, n, c);
        return;
    }
    if (v == weave->lead) {
        c->pitch[v] = (gint8)w->slot[i].melody;
        extend(w, i, v + 1, so_far + place_cost(w, c, v), c, out, n);
        return;
    }
    gboolean bass = v + 1 == weave->n;
    guint16 allowed = bass ? (guint16)(1u << w->bass[i] | w->turns[i]) : w->tones[i];
    gint above = v > 0 && c->pitch[v - 1] > 0 ? c->pitch[v - 1] : 127;
    gint high = MIN(weave->voice[v].high, v - 1 == weave->lead ? above + 4 : above);
    for (gint p = weave->voice[v].low; p <= high; p++) {
        if (!((allowed >> (p % 12)) & 1))
            continue;
        c->pitch[v] = (gint8)p;
        extend(w, i, v + 1, so_far + place_cost(w, c, v), c, out, n);
    }
}

/* Every chord has a choice, if only the nearest tones of its voices. */
static gint choices(const Writer *w, gint i, Choice *out)
{
    Choice c = {{0}, 0};
    gint n = 0;

    extend(w, i, 0, 0, &c, out, &n);
    if (n > 0)
        return n;
    for (gint v = 0; v < w->weave->n; v++) {
        const WeaveVoice *voice = &w->weave->voice[v];
        gint want = v + 1 == w->weave->n ? tune_fifths_pitch_class(w->slot[i].chord->chord.bass)
                                         : w->root[i];
        gint p = voice->low + ((want - voice->low) % 12 + 12) % 12;
        c.pitch[v] = (gint8)(v == w->weave->lead ? w->slot[i].melody
                                                 : (p <= voice->part->instrument->high ? p : 0));
    }
    out[0] = c;
    return 1;
}

/* ---- from chord to chord ---- */

static double pair_cost(gint a, gint b, gint a2, gint b2, gboolean outer)
{
    if (a <= 0 || b <= 0 || a2 <= 0 || b2 <= 0 || a == a2 || b == b2)
        return 0;
    gint before = abs(a - b) % 12, now = abs(a2 - b2) % 12;
    gboolean similar = (a2 > a) == (b2 > b);
    if (now != 0 && now != 7)
        return 0;
    if (before == now)
        return similar ? 40 : 4; /* by contrary motion less so */
    return outer && similar && abs(a2 - a) > 2 ? 5 : 0;
}

/* What one voice does. */
static double voice_cost(const Writer *w, gint i, gint v, gint from, gint to)
{
    gint size = abs(to - from), pc = from % 12, leading = w->leading[i - 1];
    gboolean bass = v + 1 == w->weave->n;
    double cost = bass ? 0.12 * size : 0.24 * size;

    if (size == 0)
        return bass ? 0.3 : 0.15;
    if (size == 6)
        cost += 2.5;
    if (size == 10 || size == 11 || size > 12)
        cost += 6;
    if (size > 7 && !bass)
        cost += 1.5;
    /* An augmented second in minor: b6 to the leading note. */
    gint tonic = w->tonic[i];
    if (size == 3 && ((pc == (tonic + 8) % 12 && to % 12 == leading) ||
                      (pc == leading && to % 12 == (tonic + 8) % 12)))
        cost += 6;
    if (pc == leading && w->slot[i - 1].chord->function == FUNCTION_DOMINANT &&
        ((w->tones[i] >> tonic) & 1) && to - from != 1)
        cost += v == 0 ? 8 : (to - from == -4 || to - from == -3 ? 1.2 : 4);
    /* The seventh falls; that of an augmented sixth chord (its root falls by a half step) rises. */
    gboolean sixth = (w->root[i - 1] - w->root[i] + 12) % 12 == 1;
    if (pc == w->seventh[i - 1] && w->root[i] != w->root[i - 1] && !sixth && (from - to < 1 || from - to > 2))
        cost += 7;
    if (pc == w->seventh[i - 1] && sixth && to - from != 1)
        cost += 3;
    return cost;
}

static double move_cost(const Writer *w, gint i, const Choice *a, const Choice *b, double limit)
{
    gint n = w->weave->n, up = 0, down = 0;
    double cost = 0;

    for (gint v = 0; v < n && cost < limit; v++) {
        if (a->pitch[v] <= 0 || b->pitch[v] <= 0)
            continue;
        up += b->pitch[v] > a->pitch[v];
        down += b->pitch[v] < a->pitch[v];
        if (v != w->weave->lead)
            cost += voice_cost(w, i, v, a->pitch[v], b->pitch[v]);
        for (gint k = 0; k < v; k++)
            cost += pair_cost(a->pitch[k], a->pitch[v], b->pitch[k], b->pitch[v],
                              k == 0 && v + 1 == n);
        /* Nobody steps over where a neighbour just was. */
        if (v > 0 && a->pitch[v - 1] > 0 && b->pitch[v] > a->pitch[v - 1])
            cost += 1.5;
    }
    if (up == n || down == n)
        cost += 2.5;
    if (a->pitch[0] > 0 && b->pitch[0] > 0 && (b->pitch[0] - a->pitch[0]) * (b->pitch[n - 1] - a->pitch[n - 1]) < 0)
        cost -= 0.4;
    return cost;
}

void plan_order_by_cost(const double *cost, gint n, gint8 *order)
{
    for (gint i = 0; i < n; i++) {
        gint at = i;

        for (; at > 0 && cost[order[at - 1]] > cost[i]; at--)
            order[at] = order[at - 1];
        order[at] = (gint8)i;
    }
}

static void solve(Writer *w, Choice *out)
{
    g_autofree Choice *all = g_new(Choice, (gsize)w->n * MOST_CHOICES);
    g_autofree double *cost = g_new(double, (gsize)w->n * MOST_CHOICES);
    g_autofree gint8 *back = g_new0(gint8, (gsize)w->n * MOST_CHOICES);
    g_autofree gint *counts = g_new(gint, w->n);
    gint8 order[MOST_CHOICES]; /* of the row before, the cheapest first */

    for (gint i = 0; i < w->n; i++) {
        Choice *mine = all + i * MOST_CHOICES;
        counts[i] = choices(w, i, mine);
        for (gint k = 0; k < counts[i]; k++) {
            double best = i == 0 ? 0 : G_MAXDOUBLE;
            for (gint o = 0; i > 0 && o < counts[i - 1]; o++) {
                gint j = order[o];
                double so_far = cost[(i - 1) * MOST_CHOICES + j];
                if (so_far >= best + LEAST_MOVE)
                    break;
                double c = so_far + move_cost(w, i, &mine[j - MOST_CHOICES], &mine[k], best - so_far + 1);
                if (c < best) {
                    best = c;
                    back[i * MOST_CHOICES + k] = (gint8)j;
                }
            }
            cost[i * MOST_CHOICES + k] = best + mine[k].cost;
        }
        plan_order_by_cost(cost + i * MOST_CHOICES, counts[i], order);
    }
    gint k = 0;
    for (gint j = 1; j < counts[w->n - 1]; j++)
        if (cost[(w->n - 1) * MOST_CHOICES + j] < cost[(w->n - 1) * MOST_CHOICES + k])
            k = j;
    for (gint i = w->n; i-- > 0;) {
        out[i] = all[i * MOST_CHOICES + k];
        k = back[i * MOST_CHOICES + k];
    }
}

/* ---- life ---- */

/* The note of the scale between @from and @to, a third apart; 0 when there is none. */
static gint passing_between(const Slot *s, gint from, gint to)
{
    gint size = abs(to - from), side = to > from ? 1 : -1;

    if (size != 3 && size != 4)
        return 0;
    for (gint step = 2; step >= 1; step--)
        if ((s->chord->scale >> ((from + side * step) % 12)) & 1)
            return from + side * step;
    return 0;
}

/* A step down onto a stronger place may come late: the note before is held over the chord. */
static gboolean may_suspend(const Writer *w, const Choice *path, gint i, gint v)
{
    const Slot *s = &w->slot[i];
    const Plan *plan = w->weave->plan;
    gint before = path[i - 1].pitch[v], now = path[i].pitch[v];

    if (before - now < 1 || before - now > 2 || s->ticks < 2 * plan->beat_ticks ||
        s->ticks % plan->beat_ticks != 0 || v == w->weave->lead || v + 1 == w->weave->n ||
        s->chord->cadence || s->tick >= plan->final_tick ||
        tune_metre_weight(plan->metre, s->tick % plan->bar_ticks) < 0.5 ||
        !((s->chord->scale >> (before % 12)) & 1) || ((w->tones[i] >> (before % 12)) & 1))
        return FALSE;
    for (gint k = 0; k + 1 < w->weave->n; k++)
        if (k != v && path[i].pitch[k] % 12 == now % 12)
            return FALSE; /* its resolution must not sound beside it */
    return TRUE;
}

static void write_slot(Writer *w, const Choice *path, gint i, gint v, TuneRandom *random, gint *tied)
{
    Weave *weave = w->weave;
    Plan *plan = weave->plan;
    PlanPart *part = weave->voice[v].part;
    const Slot *s = &w->slot[i];
    gint pitch = path[i].pitch[v], end = s->tick + s->ticks, tick = s->tick;
    double weight = tune_metre_weight(plan->metre, tick % plan->bar_ticks);
    gint loud = 70 + (gint)(8 * weight);

    if (pitch <= 0)
        return;
    /* Everybody breathes with the melody. */
    if (s->chord->cadence && s->sounds_to < end && s->sounds_to >= tick + plan->beat_ticks)
        end = s->sounds_to;
    if (tick >= plan->final_tick && plan->ending == TUNE_ENDING_COLD)
        end = MIN(end, tick + plan->beat_ticks);
    gboolean next = i + 1 < w->n && end == s->tick + s->ticks;
    gint to = next ? path[i + 1].pitch[v] : 0;
    gboolean suspends = tune_random_chance(random, 0.4), passes = tune_random_chance(random, 0.55);
    GArray *notes = part->track->notes;
    if (*tied > 0 && i > 0 && notes->len > 0 && suspends && may_suspend(w, path, i, v)) {
        TuneNote *held = &g_array_index(notes, TuneNote, notes->len - 1);
        held->duration = tick + plan->beat_ticks - held->onset;
        tick += plan->beat_ticks;
    } else if (*tied == pitch && notes->len > 0 && !part->instrument->breath && weight < 0.9) {
        TuneNote *held = &g_array_index(notes, TuneNote, notes->len - 1);
        if (held->onset + held->duration == tick && held->duration < plan->bar_ticks) {
            held->duration = end - held->onset;
            tick = end;
        }
    }
    gint passing = next && s->ticks >= plan->beat_ticks && to > 0 ? passing_between(s, pitch, to) : 0;
    gint half = plan->beat_ticks / 2;
    /* When the section comes again its alto strikes a note or two of a phrase twice. */
    gint bar = (s->tick - weave->start) / plan->bar_ticks % 4;
    gboolean again = weave->section->repeat > 0 && v == 1 && v != weave->lead && end - tick >= 2 * half &&
                     (bar == 1 || bar == 2) && tick == s->tick && tick % plan->bar_ticks == 0;
    if (again) {
        plan_add_note(plan, part, tick, half, pitch, loud);
        tick += half;
    }
    if (passing > 0 && passes && end - tick > half && !s->chord->cadence) {
        plan_add_note(plan, part, tick, end - half - tick, pitch, loud);
        plan_add_note(plan, part, end - half, half, passing, loud - 8);
    } else if (tick < end) {
        plan_add_note(plan, part, tick, end - tick, pitch, loud);
    }
    *tied = next ? pitch : 0;
}

static void write_voices(Writer *w, const Choice *path)
{
    const Weave *weave = w->weave;
    const PlanSection *section = weave->section;

    for (gint v = 0; v < weave->n; v++) {
        gint tied = 0;
        for (gint i = 0; i < w->n && v != weave->lead; i++) {
            TuneRandom random;
            gint bar = (w->slot[i].tick - weave->start) / weave->plan->bar_ticks;
            tune_random_init(&random, weave->plan->seed, "material %d/part-writing/%d/%d/%d",
                             section->material, v, i, bar % 4 == 2 ? section->repeat : 0);
            write_slot(w, path, i, v, &random, &tied);
        }
    }
}

/* The chord is named by the bass that it got. */
static void name_basses(Writer *w, const Choice *path)
{
    Plan *plan = w->weave->plan;

    for (gint i = 0; i < w->n; i++) {
        PlanChord *c = &plan->chords[w->slot[i].chord - plan->chords];
        gint8 tones[TUNE_CHORD_MAX_TONES], fifths[TUNE_CHORD_MAX_TONES];
        gint bass = path[i].pitch[w->weave->n - 1];
        if (c->tick != w->slot[i].tick || bass <= 0 || !((w->turns[i] >> (bass % 12)) & 1))
            continue;
        tune_chord_tones(c->chord.quality, tones, fifths);
        c->chord.bass = bass % 12 == w->root[i] ? c->chord.root : (TuneFifths)(c->chord.root + fifths[1]);
    }
}

void weave_chorale(Weave *weave)
{
    g_autofree Writer *w = g_new0(Writer, 1);
    g_autofree Choice *path = g_new0(Choice, MOST_SLOTS);

    w->weave = weave;
    if (weave->n < 2 || weave->end <= weave->start)
        return;
    find_slots(w);
    know_chords(w);
    if (w->n == 0)
        return;
    solve(w, path);
    name_basses(w, path);
    write_voices(w, path);
}
