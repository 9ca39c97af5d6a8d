/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Voicings by shortest path: for each chord a set of candidates, and the path through them on which the
 * voices move least, lie in their register, are well spaced and leave the melody alone.
 *
 * Parts that play chords are voiced one by one; instruments of one voice together (ensemble.c).
 */
#include "compose/fretboard.h"
#include "compose/melody.h"
#include "compose/pattern.h"
#include "compose/voicing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CANDIDATES 40
#define MOST_CHORDS     16 /* different ones whose shapes are remembered */

/* What a guitarist knows of a chord. */
typedef struct {
    TuneChord chord;
    gint n;
    FretboardShape shapes[FRETBOARD_MAX_SHAPES];
} Shapes;

typedef struct {
    Voicing v;
    double cost;
} Candidate;

typedef struct {
    const Plan *plan;
    const PlanPart *part;
    gint n_voices;
    gboolean power;       /* root and fifth only */
    gboolean rootless;    /* a bass plays the root, seventh chords leave it out */
    gboolean with_bass;   /* nobody else plays the bass: it is the lowest voice */
    const TuneTrack *lead;
    gboolean hand;        /* six strings: only what a hand can hold */
    guint32 others;       /* bit i: part i comps and has its voicings */
    double shy;           /* cost of each pitch that one of them has as well */
    Shapes *known;        /* [MOST_CHORDS] of a guitar that plays full shapes, else NULL */
    gint *n_known;
} Voicer;

gboolean voicing_is_single(const PlanPart *part)
{
    return part->style->voices == 1 || part->instrument->polyphony <= 2;
}

const PlanPart *voicing_part_of_role(const Plan *plan, TuneRole role)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == role)
            return &plan->parts[i];
    return NULL;
}

gint voicing_twin(const Plan *plan, gint chord, gint *up)
{
    const PlanChord *c = &plan->chords[chord];
    const PlanSection *s = &plan->sections[c->section];

    for (gint i = 0; i < chord && s->repeat > 0; i++) {
        const PlanChord *o = &plan->chords[i];
        const PlanSection *t = &plan->sections[o->section];
        *up = s->transpose - t->transpose;
        gint root = tune_fifths_pitch_class(c->chord.root) - tune_fifths_pitch_class(o->chord.root);
        gint bass = tune_fifths_pitch_class(c->chord.bass) - tune_fifths_pitch_class(o->chord.bass);
        if (t->material == s->material && o->section != c->section &&
            o->tick - t->start_tick == c->tick - s->start_tick && (root - *up) % 12 == 0 &&
            o->chord.quality == c->chord.quality && (bass - *up) % 12 == 0)
            return i;
    }
    *up = 0;
    return -1;
}

gint voicing_renewed(const Plan *plan, gint from, gint to, const char *who)
{
    const PlanSection *s = &plan->sections[plan->chords[from].section];
    TuneRandom random;

    tune_random_init(&random, plan->seed, "material %d/%s/voices/%d", s->material, who, s->repeat);
    return from + tune_random_int(&random, 0, MAX(0, (to - from) * 3 / 4 - 1));
}

/* ---- which tones ---- */

/* Tones in order of importance as pitch classes; returns how many must be there. */
static gint tones_by_weight(const Voicer *self, const PlanChord *c, gint pcs[8], gint *n)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    gsize count = tune_chord_tones(c->chord.quality, tones, NULL);
    gint root = tune_fifths_pitch_class(c->chord.root), needed;

    *n = 0;
    if (self->power || count == 2) {
        pcs[(*n)++] = root;
        pcs[(*n)++] = (root + 7) % 12;
        if (!self->power || count == 2)
            return 2;
        /* A power chord keeps a diminished fifth and a suspended tone. */
        if (count > 2 && tones[2] < 7)
            pcs[1] = (root + tones[2]) % 12;
        return 2;
    }
    pcs[(*n)++] = (root + tones[1]) % 12; /* third, or what stands for it */
    if (count == 3) {
        pcs[(*n)++] = root;
        pcs[(*n)++] = (root + tones[2]) % 12;
        return 3;
    }
    pcs[(*n)++] = (root + tones[3]) % 12; /* seventh, sixth or ninth */
    needed = 2;
    for (gsize i = count - 1; i > 3; i--)
        pcs[(*n)++] = (root + tones[i]) % 12;
    if (count > 4)
        needed = 3;
    if (tones[2] != 7) { /* an altered fifth is heard */
        pcs[(*n)++] = (root + tones[2]) % 12;
        needed = *n;
    }
    if (!self->rootless) {
        pcs[(*n)++] = root;
        needed++;
    }
    if (tones[2] == 7)
        pcs[(*n)++] = (root + 7) % 12;
    if (self->rootless)
        pcs[(*n)++] = root;
    return needed;
}

/* ---- candidates ---- */

static double spacing_cost(const Voicing *v)
{
    double cost = 0;

    for (gint i = 1; i < v->n; i++) {
        gint gap = v->pitch[i] - v->pitch[i - 1];
        if (v->pitch[i - 1] < 48 && gap < 5 && v->pitch[i - 1] > 0)
            cost += (5 - gap) * 0.9; /* mud */
        if (gap == 1)
            cost += i + 1 == v->n ? 2.5 : 1.0;
        if (gap > 12 && i > 1)
            cost += 0.4 * (gap - 12);
        if (gap == 0)
            cost += 20;
    }
    return cost;
}

/* Lowest and highest pitch of the lead while chord @c sounds; 0 when silent. */
static void lead_span(const Voicer *self, const PlanChord *c, gint *low, gint *first)
{
    *low = *first = 0;
    if (self->lead == NULL)
        return;
    const GArray *notes = self->lead->notes;
    guint a = 0, b = notes->len;
    while (a < b) { /* the first note that begins at or after the chord */
        guint middle = (a + b) / 2;
        if (g_array_index(notes, TuneNote, middle).onset < c->tick)
            a = middle + 1;
        else
            b = middle;
    }
    *first = track_pitch_at(self->lead, c->tick);
    *low = *first > 0 ? *first : 127;
    for (; a < notes->len && g_array_index(notes, TuneNote, a).onset < c->tick + c->ticks; a++)
        *low = MIN(*low, g_array_index(notes, TuneNote, a).pitch);
    if (*low == 127)
        *low = 0;
}

/* How many pitches of @v those who comp at the same time play as well. */
static gint shared_pitches(const Voicer *self, const PlanChord *c, const Voicing *v)
{
    const Plan *plan = self->plan;
    gint chord = (gint)(c - plan->chords), n = 0;

    for (gint p = 0; self->others >> p != 0; p++) {
        if (!((self->others >> p) & 1) || !plan_plays(&plan->sections[c->section], p))
            continue;
        const Voicing *o = &plan->parts[p].voicings[chord];
        for (gint i = 0; i < v->n; i++)
            n += memchr(o->pitch, v->pitch[i], o->n) != NULL;
    }
    return n;
}

static double static_cost(const Voicer *self, const PlanChord *c, const Voicing *v, gint lead_low,
                          gint lead_first)
{
    double centre = (self->part->low + self->part->high) / 2.0, middle = 0, cost = spacing_cost(v);
    gint from = self->with_bass && v->n > 2 ? 1 : 0, n = 0;

    for (gint i = from; i < v->n; i++, n++)
        middle += v->pitch[i];
    cost += fabs(middle / MAX(1, n) - centre) * 0.18;
    gint top = v->pitch[v->n - 1];
    gboolean above = self->part->low > 0 && lead_low > 0 && self->part->low > lead_low;
    if (lead_low > 0 && !above) {
        double weight = self->part->role == TUNE_ROLE_PAD ? 2 : 1; /* it holds on over the tune */
        if (top > lead_low)
            cost += weight * (0.5 + 0.35 * (top - lead_low));
        if (lead_first > 0 && abs(top - lead_first) == 1)
            cost += 2;
    }
    /* A doubled leading note wants two resolutions. */
    gint leading = (tune_fifths_pitch_class(c->key.tonic) + 11) % 12, doubled = 0;
    for (gint i = 0; i < v->n; i++)
        doubled += v->pitch[i] % 12 == leading;
    if (self->others != 0)
        cost += self->shy * shared_pitches(self, c, v);
    return cost + (doubled > 1 ? 1.5 : 0);
}

static void keep_candidate(Candidate *out, gint *n, const Voicing *v, double cost)
{
    if (*n < MOST_CANDIDATES) {
        out[(*n)++] = (Candidate){*v, cost};
        return;
    }
    gint worst = 0;
    for (gint i = 1; i < *n; i++)
        if (out[i].cost > out[worst].cost)
            worst = i;
    if (cost < out[worst].cost)
        out[worst] = (Candidate){*v, cost};
}

static void sort_pitches(Voicing *v)
{
    for (gint i = 1; i < v->n; i++)
        for (gint j = i; j > 0 && v->pitch[j] < v->pitch[j - 1]; j--) {
            guint8 t = v->pitch[j];
            v->pitch[j] = v->pitch[j - 1];
            v->pitch[j - 1] = t;
        }
}

static void offer(const Voicer *self, const PlanChord *c, Voicing v, gint lead_low, gint lead_first,
                  double extra, Candidate *out, gint *n)
{
    gint low = self->part->instrument->low;

    sort_pitches(&v);
    gint from = self->with_bass ? 1 : 0;
    for (gint i = from; i < v.n; i++)
        if (v.pitch[i] < self->part->low || v.pitch[i] > self->part->high)
            return;
    if (v.pitch[0] < low || (self->hand && !fretboard_can_hold(v.pitch, v.n)))
        return;
    keep_candidate(out, n, &v, static_cost(self, c, &v, lead_low, lead_first) + extra);
}

/* Stacks @count tones closely from each inversion, with drop-2 and open positions. */
static void stack(const Voicer *self, const PlanChord *c, const gint *pcs, gint count, double extra,
                  gint lead_low, gint lead_first, Candidate *out, gint *n)
{
    gint sorted[8];

    for (gint turn = 0; turn < count; turn++) {
        /* Pitch classes ascending from pcs[turn]. */
        gint base = pcs[turn], used = 0;
        for (gint step = 0; step < 12; step++)
            for (gint i = 0; i < count; i++)
                if ((base + step) % 12 == pcs[i])
                    sorted[used++] = step;
        gint first = self->part->low + ((base - self->part->low) % 12 + 12) % 12;
        for (gint low = first; low <= self->part->high; low += 12) {
            Voicing v = {.n = (guint8)(used + (self->with_bass ? 1 : 0))};
            gint at = self->with_bass ? 1 : 0;
            if (self->with_bass) {
                gint bass = tune_fifths_pitch_class(c->chord.bass);
                gint floor = MAX(self->part->instrument->low, 33);
                v.pitch[0] = (guint8)(floor + ((bass - floor) % 12 + 12) % 12);
            }
            for (gint i = 0; i < used; i++)
                v.pitch[at + i] = (guint8)MIN(127, low + sorted[i]);
            offer(self, c, v, lead_low, lead_first, extra, out, n);
            if (used >= 3 && !self->power) { /* the second voice from the top an octave down */
                Voicing drop = v;
                if (drop.pitch[at + used - 2] >= 12) {
                    drop.pitch[at + used - 2] = (guint8)(drop.pitch[at + used - 2] - 12);
                    offer(self, c, drop, lead_low, lead_first, extra + 0.25, out, n);
                }
            }
        }
    }
}

static const Shapes *shapes_of(const Voicer *self, const TuneChord *chord)
{
    const PlanPart *part = self->part;

    for (gint i = 0; i < *self->n_known; i++) {
        const TuneChord *o = &self->known[i].chord;
        if (o->root == chord->root && o->bass == chord->bass && o->quality == chord->quality)
            return &self->known[i];
    }
    gint slot = MIN(*self->n_known, MOST_CHORDS - 1);
    Shapes *s = &self->known[slot];
    *self->n_known = slot + 1;
    s->chord = *chord;
    s->n = fretboard_shapes(chord, MAX(part->low, part->instrument->low), part->high,
                            MIN(chord->quality == TUNE_CHORD_POWER ? 3 : 4, self->n_voices),
                            self->n_voices,
                            self->n_voices <= 4 && !self->with_bass, s->shapes,
                            FRETBOARD_MAX_SHAPES);
    return s;
}

/* Full shapes on the strings, as far as the register has any. */
static gint shape_candidates(const Voicer *self, const PlanChord *c, Candidate *out)
{
    const Shapes *s = shapes_of(self, &c->chord);
    gint n = 0, lead_low, lead_first;

    lead_span(self, c, &lead_low, &lead_first);
    for (gint i = 0; i < s->n; i++) {
        const Voicing *v = &s->shapes[i].voicing;
        keep_candidate(out, &n, v, 2 * s->shapes[i].cost +
                                       static_cost(self, c, v, lead_low, lead_first));
    }
    return n;
}

/* A pad under (or over) a chord that somebody else plays needs not all of it: two tones, or all but one. */
static void thin_candidates(const Voicer *self, const PlanChord *c, const gint *pcs, gint n_tones,
                            gint lead_low, gint lead_first, Candidate *out, gint *n)
{
    gint most = MIN(n_tones, 4);

    for (gint i = 0; i < most; i++)
        for (gint k = i + 1; k < most; k++) {
            gint two[2] = {pcs[i], pcs[k]};
            stack(self, c, two, 2, 1.2, lead_low, lead_first, out, n);
        }
    for (gint left = 0; left < most && self->n_voices > 3 && most == 4; left++) {
        gint three[3], used = 0;
        for (gint i = 0; i < most; i++)
            if (i != left)
                three[used++] = pcs[i];
        stack(self, c, three, 3, 0.6, lead_low, lead_first, out, n);
    }
}

static gboolean somebody_comps(const Voicer *self, const PlanChord *c)
{
    return (self->plan->sections[c->section].playing & self->others) != 0;
}

static gint candidates(const Voicer *self, const PlanChord *c, Candidate *out)
{
    gint pcs[10], n_tones, n = 0, lead_low, lead_first;
    gint needed = tones_by_weight(self, c, pcs, &n_tones);
    gint count = CLAMP(self->n_voices, MIN(needed, n_tones), n_tones);

    if (self->rootless && count == n_tones && n_tones >= 4)
        count--; /* the root comes last in the order */

    if (self->known != NULL && (n = shape_candidates(self, c, out)) > 0)
        return n;
    lead_span(self, c, &lead_low, &lead_first);
    if (self->power && self->n_voices >= 3) {
        /* Root, fifth, octave. */
        gint first = self->part->low + ((pcs[0] - self->part->low) % 12 + 12) % 12;
        for (gint low = first; low + 12 <= self->part->high; low += 12) {
            gint fifth = (pcs[1] - pcs[0] + 12) % 12;
            Voicing v = {.n = 3, .pitch = {(guint8)low, (guint8)(low + fifth), (guint8)(low + 12)}};
            keep_candidate(out, &n, &v, static_cost(self, c, &v, lead_low, lead_first) +
                                            0.12 * (low - self->part->low));
        }
    }
    stack(self, c, pcs, count, 0, lead_low, lead_first, out, &n);
    if (self->part->role == TUNE_ROLE_PAD && somebody_comps(self, c) && !self->with_bass)
        thin_candidates(self, c, pcs, n_tones, lead_low, lead_first, out, &n);
    if (self->n_voices > count && n_tones == count && !self->power) {
        /* More voices than tones: the root (or the fifth) is doubled at the octave. */
        Candidate base[MOST_CANDIDATES];
        gint m = n;
        memcpy(base, out, sizeof base[0] * (gsize)m);
        for (gint i = 0; i < m; i++) {
            Voicing v = base[i].v;
            gint at = self->with_bass ? 1 : 0, up = v.pitch[at] + 12;
            if (v.n >= 8 || up > self->part->high)
                continue;
            gboolean third = v.pitch[at] % 12 == pcs[0];
            v.pitch[v.n++] = (guint8)up;
            offer(self, c, v, lead_low, lead_first, third ? 1.2 : 0, out, &n);
        }
    }
    if (n == 0 && count > 2) /* a narrow register: what is essential */
        stack(self, c, pcs, 2, 0, 0, 0, out, &n);
    if (n == 0) {
        gint p = self->part->low + ((pcs[0] - self->part->low) % 12 + 12) % 12;
        out[n++] = (Candidate){{1, {(guint8)CLAMP(p, 0, 127)}}, 0};
    }
    return n;
}

/* ---- the path ---- */

static double motion(const Voicing *a, const Voicing *b)
{
    double cost = 0;

    if (a->n == b->n) {
        for (gint i = 0; i < a->n; i++) {
            gint d = abs(a->pitch[i] - b->pitch[i]);
            cost += d * 0.22 + (d > 7 ? 0.5 : 0);
        }
        cost += abs(a->pitch[a->n - 1] - b->pitch[b->n - 1]) * 0.15;
        return cost;
    }
    for (gint i = 0; i < b->n; i++) {
        gint nearest = 127;
        for (gint j = 0; j < a->n; j++)
            nearest = MIN(nearest, abs(a->pitch[j] - b->pitch[i]));
        cost += nearest * 0.25;
    }
    return cost + abs(a->pitch[a->n - 1] - b->pitch[b->n - 1]) * 0.15;
}

static gboolean is_same(const Voicing *a, const Voicing *b)
{
    return a->n == b->n && memcmp(a->pitch, b->pitch, a->n) == 0;
}

/* The voicing that was heard when the section came first, with a voice more or less. */
static Voicing thicker(const Voicer *self, const Voicing *old)
{
    Voicing v = *old;
    gint up = v.pitch[0] + 12;

    if (self->hand && v.n > 4) { /* one finger less, the low strings stay */
        v.n--;
        return v;
    }
    if (v.n > 3 || up > self->part->high) {
        for (gint i = 1; i + 1 < v.n && v.n > 2; i++)
            v.pitch[i] = v.pitch[i + 1];
        v.n = (guint8)MAX(2, v.n - 1);
        return v;
    }
    for (gint i = 0; i < v.n; i++)
        if (v.pitch[i] == up)
            up = v.pitch[1] + 12;
    if (up <= self->part->high && v.n < (gint)self->part->instrument->polyphony)
        v.pitch[v.n++] = (guint8)up;
    sort_pitches(&v);
    return self->hand && !fretboard_can_hold(v.pitch, v.n) ? *old : v;
}

/* How far apart phrases begin in the section of chord @from. */
static gint phrase_ticks(const Plan *plan, gint from)
{
    gint bars = plan->sections[plan->chords[from].section].phrase_bars;

    return (bars % 4 == 0 ? 4 : MAX(1, bars)) * plan->bar_ticks;
}

/* The same chord at the same place one phrase before, -1 when there is none. */
static gint phrase_twin(const Plan *plan, gint chord)
{
    const PlanChord *c = &plan->chords[chord];

    for (gint i = chord - 1; i >= 0 && plan->chords[i].section == c->section; i--) {
        const PlanChord *o = &plan->chords[i];
        if (o->tick == c->tick - phrase_ticks(plan, chord))
            return o->chord.root == c->chord.root && o->chord.bass == c->chord.bass &&
                           o->chord.quality == c->chord.quality
                       ? i
                       : -1;
    }
    return -1;
}

/* Players who comp freely voice a chord as it comes; others play a progression that comes round as they did
 * before, and so does everybody when a section returns. */
static void prefer_twin(const Voicer *self, gint chord, gint twin, const Voicing *out, Candidate *mine,
                        gint n)
{
    gint before = twin < 0 && !self->rootless ? phrase_twin(self->plan, chord) : -1;

    for (gint k = 0; k < n; k++) {
        if (twin >= 0 && !is_same(&mine[k].v, &out[twin]))
            mine[k].cost += 2.5;
        if (before >= 0 && !is_same(&mine[k].v, &out[before]))
            mine[k].cost += 1.5;
    }
}

/* Chords from..to (one phrase) of the section from chord @first to @last at once; a section that returns is
 * voiced alike. */
static void voice_run(const Voicer *self, gint first, gint last, gint from, gint to, Voicing *out)
{
    gint n = to - from;
    g_autofree Candidate *all = g_new(Candidate, (gsize)n * MOST_CANDIDATES);
    g_autofree gint *counts = g_new(gint, n);
    g_autofree double *cost = g_new(double, (gsize)n * MOST_CANDIDATES);
    g_autofree gint8 *back = g_new0(gint8, (gsize)n * MOST_CANDIDATES);

    for (gint i = 0; i < n; i++) {
        Candidate *mine = all + i * MOST_CANDIDATES, *before = mine - MOST_CANDIDATES;
        gint up, twin = voicing_twin(self->plan, from + i, &up);
        if (up % 12 != 0)
            twin = -1;
        if (twin >= 0 && !self->power && out[twin].n > 1 &&
            from + i == voicing_renewed(self->plan, first, last, self->part->style->id)) {
            mine[0] = (Candidate){thicker(self, &out[twin]), 0};
            counts[i] = 1;
            twin = -1;
        } else {
            counts[i] = candidates(self, &self->plan->chords[from + i], mine);
        }
        prefer_twin(self, from + i, twin, out, mine, counts[i]);
        for (gint k = 0; k < counts[i]; k++) {
            double best = i == 0 ? 0 : G_MAXDOUBLE;
            if (i == 0 && from > first)
                best = motion(&out[from - 1], &mine[k].v);
            for (gint j = 0; i > 0 && j < counts[i - 1]; j++) {
                double so_far = cost[(i - 1) * MOST_CANDIDATES + j];
                if (so_far >= best)
                    continue;
                double c = so_far + motion(&before[j].v, &mine[k].v);
                if (c < best) {
                    best = c;
                    back[i * MOST_CANDIDATES + k] = (gint8)j;
                }
            }
            cost[i * MOST_CANDIDATES + k] = best + mine[k].cost;
        }
    }
    gint k = 0;
    for (gint j = 1; j < counts[n - 1]; j++)
        if (cost[(n - 1) * MOST_CANDIDATES + j] < cost[(n - 1) * MOST_CANDIDATES + k])
            k = j;
    for (gint i = n; i-- > 0;) {
        out[from + i] = all[i * MOST_CANDIDATES + k].v;
        k = back[i * MOST_CANDIDATES + k];
    }
}

/* The first chord of the phrase after that of chord @from, which begins one; at most @last. */
static gint phrase_end(const Plan *plan, gint from, gint last)
{
    const PlanSection *s = &plan->sections[plan->chords[from].section];
    gint phrase = phrase_ticks(plan, from), to = from + 1;

    while (to < last && (plan->chords[to].tick - s->start_tick) / phrase ==
                            (plan->chords[from].tick - s->start_tick) / phrase)
        to++;
    return to;
}

gint voicing_section_end(const Plan *plan, gint from)
{
    gint to = from;

    while (to < plan->n_chords && plan->chords[to].section == plan->chords[from].section)
        to++;
    return to;
}

static gint voices_for(const Plan *plan, const PlanPart *part)
{
    gint most = (gint)part->instrument->polyphony;
    gboolean guitar = strcmp(part->instrument->family, "guitar") == 0;

    switch (part->role) {
    case TUNE_ROLE_COMP:
        return MIN(most, guitar && plan->style->harmony.tritone <= 0 ? 6 : 4);
    case TUNE_ROLE_ARP:
        return MIN(most, guitar ? 5 : 4);
    default:
        return MIN(most, 4);
    }
}

static gboolean is_distorted(const TuneInstrument *in)
{
    return strstr(in->key, "distorted") != NULL || strstr(in->key, "overdriven") != NULL;
}

/* Six strings from the low E. */
static gboolean is_guitar(const TuneInstrument *in)
{
    return strcmp(in->family, "guitar") == 0 && in->polyphony == 6 && in->low == 40;
}

/* Those who play full chords and are voiced already: who comes later goes where they are not, a pad most of
 * all. */
static void look_at_others(Voicer *v, gint index)
{
    const Plan *plan = v->plan;

    for (gint i = 0; i < plan->n_parts; i++)
        if (i != index && plan->parts[i].role == TUNE_ROLE_COMP && plan->parts[i].voicings != NULL &&
            !voicing_is_single(&plan->parts[i]))
            v->others |= 1u << i;
    v->shy = v->part->role == TUNE_ROLE_PAD ? 2.0 : 0.3;
}

static void voice_part(Plan *plan, gint index)
{
    PlanPart *part = &plan->parts[index];
    Voicer v = {.plan = plan, .part = part};
    const PlanPart *lead = voicing_part_of_role(plan, TUNE_ROLE_LEAD);
    const PlanPart *bass = voicing_part_of_role(plan, TUNE_ROLE_BASS);
    gboolean first = TRUE;

    for (gint i = 0; i < index; i++)
        first &= !role_is_chordal(plan->parts[i].role) || voicing_is_single(&plan->parts[i]);
    v.n_voices = voices_for(plan, part);
    if (part->style->voices > 0 && part->role == part->style->role)
        v.n_voices = MIN(v.n_voices, part->style->voices);
    v.power = is_distorted(part->instrument);
    if (v.power)
        v.n_voices = 3;
    v.rootless = bass != NULL && plan->style->harmony.two_five > 0.1;
    v.with_bass = bass == NULL && first && part->instrument->low <= 45 && part->role != TUNE_ROLE_PAD;
    if (v.with_bass)
        v.n_voices = MIN(3, v.n_voices);
    v.lead = lead != NULL ? lead->track : NULL;
    v.hand = is_guitar(part->instrument);
    if (part->role != TUNE_ROLE_ARP)
        look_at_others(&v, index);
    g_autofree Shapes *known =
        v.hand && !v.power && !v.rootless ? g_new(Shapes, MOST_CHORDS) : NULL;
    gint n_known = 0;
    v.known = known;
    v.n_known = &n_known;
    part->voicings = g_new0(Voicing, MAX(1, plan->n_chords));
    for (gint from = 0; from < plan->n_chords;) {
        gint head = from, last = voicing_section_end(plan, from);
        for (gint to; from < last; from = to) {
            to = phrase_end(plan, from, last);
            voice_run(&v, head, last, from, to, part->voicings);
        }
    }
}

void plan_voicings(Plan *plan)
{
    plan_voice_ensemble(plan);
    for (gint pads = 0; pads < 2; pads++)
        for (gint i = 0; i < plan->n_parts; i++)
            if (role_is_chordal(plan->parts[i].role) && plan->parts[i].voicings == NULL &&
                (plan->parts[i].role == TUNE_ROLE_PAD) == pads)
                voice_part(plan, i);
}
