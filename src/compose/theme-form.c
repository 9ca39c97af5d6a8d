/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/carry.h"
#include "compose/theme-private.h"

#include <math.h>
#include <stdlib.h>

/* ---- metre ---- */

/* Where source beat @beat of @n begins among @m target beats.  With room to spare the first beats are twice
 * as long; where there is too little the last ones share a beat. */
static double beat_place(gint beat, gint n, gint m)
{
    if (n == m)
        return beat;
    if (n < m && m <= 2 * n)
        return beat + MIN(beat, m - n);
    gint shared = 2 * (n - m), whole = n - shared;
    if (n > m && shared <= n)
        return beat <= whole ? beat : whole + (beat - whole) * 0.5;
    return (double)beat * m / n;
}

static gint place_in_bar(gint in_bar, TuneMetre from, TuneMetre to)
{
    gint a = carry_beat_ticks(from), b = carry_beat_ticks(to);
    gint bar_a = tune_metre_bar_ticks(from), bar_b = tune_metre_bar_ticks(to);
    gint n = MAX(1, (bar_a + a / 2) / a), m = MAX(1, (bar_b + b / 2) / b);
    gint beat = MIN(in_bar / a, n - 1);
    double inside = CLAMP((double)(in_bar - beat * a) / a, 0, 1);
    double at = beat_place(beat, n, m), next = beat + 1 >= n ? m : beat_place(beat + 1, n, m);
    double ticks = (at + (next - at) * inside) * bar_b / m;

    return MIN((gint)(ticks / 60 + 0.5) * 60, bar_b);
}

/* A place of the theme, bar lines to bar lines. */
static gint place(gint tick, TuneMetre from, TuneMetre to)
{
    gint a = tune_metre_bar_ticks(from), b = tune_metre_bar_ticks(to);
    gint bar = tick >= 0 ? tick / a : -((-tick + a - 1) / a);

    return bar * b + place_in_bar(tick - bar * a, from, to);
}

GArray *theme_in_metre(const TuneTheme *theme, TuneMetre metre)
{
    GArray *out = g_array_copy(theme->notes);
    gboolean same = carry_is_same(theme->metre, metre);

    for (guint i = 0; i < out->len && !same; i++) {
        TuneThemeNote *n = &g_array_index(out, TuneThemeNote, i);
        gint end = place(n->onset + n->ticks, theme->metre, metre);
        n->onset = place(n->onset, theme->metre, metre);
        if (i > 0 && n->onset < n[-1].onset + 60) /* too near: they must not fall together */
            n->onset = n[-1].onset + 60;
        n->ticks = MAX(60, end - n->onset);
        if (i > 0)
            n[-1].ticks = MIN(n[-1].ticks, n->onset - n[-1].onset);
    }
    return out;
}

/* ---- key ---- */

gint theme_pitch(const TuneTheme *theme, gint pitch, TuneKey key)
{
    gint8 from[7], to[7];
    gsize n = tune_mode_scale(theme->key.mode, from), m = tune_mode_scale(key.mode, to);
    gint home = tune_fifths_pitch_class(theme->key.tonic), tonic = tune_fifths_pitch_class(key.tonic);
    gint shift = (tonic - home + 18) % 12 - 6, above = ((pitch - home) % 12 + 12) % 12;

    /* Degrees for degrees where both modes have seven; a note from outside moves with its tonic. */
    if (theme->key.mode != key.mode && n == 7 && m == 7)
        for (gsize i = 0; i < n; i++)
            if (from[i] == above)
                return pitch + shift + to[i] - from[i];
    return pitch + shift;
}

/* Octaves that bring the theme into @part's register. */
static gint octaves_for(const Plan *plan, const PlanPart *part, TuneKey key)
{
    const GArray *notes = plan->brief->theme->notes;
    gint best = 0;
    double least = G_MAXDOUBLE;

    for (gint k = -4; k <= 4; k++) {
        double cost = 0.01 * abs(k), sum = 0;
        for (guint i = 0; i < notes->len; i++) {
            gint pitch = theme_pitch(plan->brief->theme, g_array_index(notes, TuneThemeNote, i).pitch, key) +
                         12 * k;
            cost += pitch < part->instrument->low || pitch > part->instrument->high ? 40 : 0;
            cost += MAX(0, MAX(part->low - pitch, pitch - part->high)) * 0.5;
            sum += pitch;
        }
        cost += fabs(sum / notes->len - (part->low + part->high) / 2.0) * 0.05 * notes->len;
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    return 12 * best;
}

/* ---- place in the form ---- */

static gboolean can_sing(TuneSectionRole role)
{
    return role != TUNE_SECTION_INTRO && role != TUNE_SECTION_OUTRO && role != TUNE_SECTION_CODA &&
           role != TUNE_SECTION_BUILD && role != TUNE_SECTION_INTERLUDE &&
           role != TUNE_SECTION_BREAKDOWN && role != TUNE_SECTION_SOLO;
}

/* The material whose sections sing the theme: that of the piece's hook. */
static gint hook_material(const GArray *drafts)
{
    static const TuneSectionRole order[] = {TUNE_SECTION_THEME, TUNE_SECTION_CHORUS, TUNE_SECTION_DROP,
                                            TUNE_SECTION_VERSE, TUNE_SECTION_VARIATION,
                                            TUNE_SECTION_CONTRAST};

    for (gsize o = 0; o < G_N_ELEMENTS(order); o++)
        for (guint i = 0; i < drafts->len; i++)
            if (g_array_index(drafts, Draft, i).role == order[o])
                return g_array_index(drafts, Draft, i).material;
    return g_array_index(drafts, Draft, drafts->len > 1 ? 1 : 0).material;
}

static gint theme_bars(const Plan *plan)
{
    return plan->brief->theme->bars;
}

void theme_open(const Plan *plan, GArray *drafts)
{
    const TuneTheme *theme = plan->brief->theme;
    const Draft *first = &g_array_index(drafts, Draft, 0);

    if (theme == NULL || g_array_index(theme->notes, TuneThemeNote, 0).onset >= 0 || !first->theme ||
        first->said != NULL || plan->brief->sections->len > 0)
        return;
    Draft intro = {.role = TUNE_SECTION_INTRO, .material = first->material, .bars = 2, .least = 1,
                   .phrase_bars = 2, .energy = 0.3, .at_seconds = -1, .tempo = 1};
    g_array_prepend_val(drafts, intro);
}

void theme_take_place(Plan *plan, GArray *drafts, double seconds, double bar_seconds)
{
    if (plan->brief->theme == NULL || drafts->len == 0)
        return;
    gint material = hook_material(drafts), bars = theme_bars(plan), found = 0;
    gint room = seconds > 0 ? (gint)(seconds / bar_seconds) - 1 : G_MAXINT;

    for (guint i = 0; i < drafts->len; i++) {
        Draft *d = &g_array_index(drafts, Draft, i);
        gboolean only = drafts->len == 1;
        if (d->material != material || (!can_sing(d->role) && !only))
            continue;
        d->theme = TRUE;
        d->texture = NULL;
        if (!d->fixed) {
            d->bars = d->least = MIN(bars, 64);
            /* It must be heard once from beginning to end. */
            d->fixed = found == 0 && plan->brief->bars == 0 && bars + (gint)drafts->len <= room;
        }
        d->drop = found == 0 ? 0 : d->drop;
        d->phrase_bars = bars % 4 == 0 ? 4 : (bars % 3 == 0 ? 3 : 2);
        found++;
    }
}

/* ---- singing ---- */

void theme_sing(const Plan *plan, const PlanSection *s, const PlanPart *part, gint from, gint ticks,
                Line *line)
{
    const TuneTheme *theme = plan->brief->theme;
    g_autoptr(GArray) notes = theme_in_metre(theme, plan->metre);
    gint round = theme->bars * plan->bar_ticks;
    gint octaves = octaves_for(plan, part, plan->key);

    line->n = 0;
    for (gint start = from / round * round; start < from + ticks; start += round)
        for (guint i = 0; i < notes->len && line->n < LINE_MAX_NOTES; i++) {
            const TuneThemeNote *n = &g_array_index(notes, TuneThemeNote, i);
            gint onset = start + n->onset;
            /* The pick-up of the next round falls into the end of this one. */
            gboolean early = onset < 0 && from == 0 && s->start_tick + onset >= 0;
            if ((onset < from && !early) || onset >= from + ticks)
                continue;
            gint pitch = theme_pitch(theme, n->pitch, s->key) + octaves;
            gint moved = s->key.tonic == plan->key.tonic ? 0 : s->transpose;
            if (moved != 0) /* the way that the section went, not the nearest */
                pitch = theme_pitch(theme, n->pitch, (TuneKey){plan->key.tonic, s->key.mode}) + octaves + moved;
            while (pitch > part->instrument->high)
                pitch -= 12;
            while (pitch < part->instrument->low)
                pitch += 12;
            line->note[line->n++] = (LineNote){.tick = onset - from, .ticks = n->ticks, .want = LINE_FREE,
                                               .pitch = pitch, .fixed = TRUE, .syllable = -1};
        }
    for (gint i = 0; i + 1 < line->n; i++)
        line->note[i].ticks = MIN(line->note[i].ticks, line->note[i + 1].tick - line->note[i].tick);
    if (line->n > 0)
        line->note[line->n - 1].ends = TRUE;
}

StyleVariation theme_variation(const Plan *plan, const PlanSection *s)
{
    static const StyleVariation kinds[] = {STYLE_VARIATION_ORNAMENTED, STYLE_VARIATION_DOTTED,
                                           STYLE_VARIATION_SYNCOPATED, STYLE_VARIATION_RUNNING,
                                           STYLE_VARIATION_CHORALE, STYLE_VARIATION_NONE};
    gboolean sad = plan->brief->valence < -0.2, lively = plan->brief->arousal > 0.2;
    double weights[] = {2, 0.7, 1, s->energy > 0.6 ? 1.2 : 0.3, s->energy < 0.45 || sad ? 1.5 : 0.2, 1.2};
    TuneRandom random;
    gint before = 0;

    if (s->variation != STYLE_VARIATION_NONE)
        return s->variation;
    for (const PlanSection *t = plan->sections; t < s; t++)
        before += t->theme;
    if (before < 2) /* as it is, and as it is again */
        return STYLE_VARIATION_NONE;
    if (lively)
        weights[2] = weights[3] = 2;
    tune_random_init(&random, plan->seed, "theme/variation/%d", before);
    return kinds[tune_random_weighted(&random, weights, G_N_ELEMENTS(kinds))];
}
