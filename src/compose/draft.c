/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/theme-private.h"

#include <math.h>
#include <string.h>

/* What a section is like where the style's forms do not know its role. */
static const struct {
    char material;
    double energy;
    gint bars;
} usual[TUNE_N_SECTIONS] = {
    [TUNE_SECTION_INTRO] = {'V', 0.3, 4},      [TUNE_SECTION_VERSE] = {'V', 0.45, 8},
    [TUNE_SECTION_PRECHORUS] = {'P', 0.58, 4}, [TUNE_SECTION_CHORUS] = {'C', 0.8, 8},
    [TUNE_SECTION_BRIDGE] = {'B', 0.5, 8},     [TUNE_SECTION_SOLO] = {'V', 0.7, 8},
    [TUNE_SECTION_BREAKDOWN] = {'B', 0.3, 8},  [TUNE_SECTION_BUILD] = {'B', 0.65, 4},
    [TUNE_SECTION_DROP] = {'D', 0.95, 8},      [TUNE_SECTION_INTERLUDE] = {'V', 0.4, 4},
    [TUNE_SECTION_THEME] = {'A', 0.5, 8},      [TUNE_SECTION_CONTRAST] = {'B', 0.6, 8},
    [TUNE_SECTION_VARIATION] = {'A', 0.6, 8},  [TUNE_SECTION_OUTRO] = {'V', 0.3, 4},
    [TUNE_SECTION_CODA] = {'K', 0.5, 4},
};

/* Roles that stand for one another across styles: a chorus is a house track's drop. */
static const StyleSection *style_section(const TuneStyle *style, TuneSectionRole role)
{
    for (guint f = 0; f < style->forms->len; f++) {
        const GArray *sections = g_array_index(style->forms, StyleForm, f).sections;
        for (guint i = 0; i < sections->len; i++)
            if (g_array_index(sections, StyleSection, i).role == role)
                return &g_array_index(sections, StyleSection, i);
    }
    return NULL;
}

static Draft draft_of_role(const TuneStyle *style, TuneSectionRole role)
{
    const StyleSection *known = style_section(style, role);
    Draft d = {.role = role, .material = usual[role].material, .bars = usual[role].bars, .least = 1,
               .phrase_bars = 4, .energy = usual[role].energy, .at_seconds = -1, .tempo = 1};

    if (known != NULL) {
        d.material = known->material;
        d.bars = known->bars;
        d.energy = known->energy;
        d.phrase_bars = known->phrase_bars;
    }
    return d;
}

static Draft draft_of_style(const StyleSection *s)
{
    return (Draft){.role = s->role, .material = s->material, .bars = s->bars, .least = s->least,
                   .phrase_bars = s->phrase_bars, .energy = s->energy, .drop = s->drop,
                   .cycle = s->cycle, .at_seconds = -1, .transpose = s->transpose, .key = s->key, .feel = s->feel,
                   .tempo = s->tempo, .variation = s->variation, .texture = s->texture, .trade = s->trade};
}

/* Lines of the lyrics that are sung in said section @index, when the lyrics are where the sections come
 * from: there two bars a line are wanted. */
static gint lyric_lines(const TuneBrief *brief, guint index)
{
    guint n = 0;

    if (brief->lyrics->len == 0 || !brief->sections_partial)
        return 0;
    for (guint i = 0; i < brief->lyrics->len; i++) {
        const TuneLyricBlock *block = &g_array_index(brief->lyrics, TuneLyricBlock, i);
        if (block->role_said && n++ == index)
            return (gint)block->lines->len;
    }
    return 0;
}

GArray *drafts_of_brief(const Plan *plan)
{
    const GArray *said = plan->brief->sections;

    if (said->len == 0)
        return NULL;
    GArray *drafts = g_array_new(FALSE, TRUE, sizeof(Draft));
    for (guint i = 0; i < said->len; i++) {
        const TuneBriefSection *s = &g_array_index(said, TuneBriefSection, i);
        Draft d = draft_of_role(plan->style, s->role);
        d.said = s;
        d.at_seconds = s->at_seconds;
        d.feel = s->feel;
        gint lines = lyric_lines(plan->brief, i);
        if (lines > 0) {
            d.bars = CLAMP(2 * lines, 4, 16);
            d.least = MIN(lines, 8);
        }
        if (s->bars > 0) {
            d.bars = s->bars;
            d.fixed = TRUE;
        }
        /* The last of several choruses is the biggest. */
        d.energy = MIN(1.0, d.energy + 0.04 * i / said->len);
        g_array_append_val(drafts, d);
    }
    return drafts;
}

/* ---- the style's forms ---- */

static gint total_bars(const GArray *drafts)
{
    gint sum = 0;

    for (guint i = 0; i < drafts->len; i++)
        sum += g_array_index(drafts, Draft, i).bars;
    return sum;
}

static gint least_bars(const GArray *drafts)
{
    gint sum = 0;

    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        sum += d->fixed ? d->bars : d->least;
    }
    return sum;
}

/* Index of the droppable section that goes first, or -1. */
static gint first_to_drop(const GArray *drafts)
{
    gint best = -1, rank = 0;

    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->drop > rank && d->said == NULL) {
            rank = d->drop;
            best = (gint)i;
        }
    }
    return best;
}

/* Goes once more through the stretch that may be repeated. */
static gboolean add_cycle(GArray *drafts)
{
    gint from = -1, to = -1;

    for (guint i = 0; i < drafts->len; i++)
        if (g_array_index(drafts, Draft, i).cycle) {
            from = from < 0 ? (gint)i : from;
            to = (gint)i + 1;
        } else if (from >= 0) {
            break;
        }
    if (from < 0 || drafts->len + (guint)(to - from) > 60)
        return FALSE;
    for (gint i = from; i < to; i++) {
        Draft copy = g_array_index(drafts, Draft, i);
        copy.cycle = FALSE;
        copy.drop = MAX(copy.drop, 1);
        copy.said = NULL;
        copy.energy = MAX(0.1, copy.energy - 0.04);
        g_array_insert_val(drafts, i + (to - from), copy);
    }
    /* The copy stands behind: it is the later one that may come again. */
    for (gint i = from; i < to; i++) {
        g_array_index(drafts, Draft, i).cycle = FALSE;
        g_array_index(drafts, Draft, i + (to - from)).cycle = TRUE;
    }
    return TRUE;
}

static GArray *drafts_of_form(const StyleForm *form)
{
    GArray *drafts = g_array_new(FALSE, TRUE, sizeof(Draft));

    for (guint i = 0; i < form->sections->len; i++) {
        Draft d = draft_of_style(&g_array_index(form->sections, StyleSection, i));
        g_array_append_val(drafts, d);
    }
    return drafts;
}

/* Every section has its one length. */
static gboolean is_of_strains(const GArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++)
        if (g_array_index(drafts, Draft, i).least != g_array_index(drafts, Draft, i).bars)
            return FALSE;
    return TRUE;
}

/* Adds rounds and leaves sections out until the form is about as long as @bars. */
static void fit_form(GArray *drafts, gint bars)
{
    /* Dances in strains of so many bars cannot be stretched: another round, or no more. */
    double enough = is_of_strains(drafts) ? 0.95 : 0.8;

    while (total_bars(drafts) < bars * enough && add_cycle(drafts))
        ;
    for (;;) {
        gint total = total_bars(drafts), drop = first_to_drop(drafts);
        if (drop < 0 || drafts->len == 1)
            return;
        gint without = total - g_array_index(drafts, Draft, drop).bars;
        gboolean better = ABS(without - bars) < ABS(total - bars) && without >= bars * 0.7;
        if (least_bars(drafts) <= bars && !better)
            return;
        if (total <= bars)
            return;
        g_array_remove_index(drafts, drop);
    }
}

static gboolean is_blues(const StyleForm *form)
{
    return g_ascii_strcasecmp(form->name, "blues") == 0;
}

static const StyleForm *choose_form(const Plan *plan, gint bars)
{
    const GArray *forms = plan->style->forms;
    double weights[32] = {0};
    guint n = MIN(forms->len, 32);
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        const StyleForm *form = &g_array_index(forms, StyleForm, i);
        g_autoptr(GArray) drafts = drafts_of_form(form);
        fit_form(drafts, bars);
        double off = fabs((double)total_bars(drafts) / bars - 1.0);
        double over = MAX(0.0, (double)least_bars(drafts) / bars - 1.0);
        weights[i] = form->weight / (1.0 + 8 * off * off + 40 * over);
        if (is_blues(form) != plan->brief->blues_form)
            weights[i] *= plan->brief->blues_form ? 0 : (bars % 12 == 0 ? 1 : 0.4);
    }
    tune_random_init(&random, plan->seed, "piece/form");
    return &g_array_index(forms, StyleForm, tune_random_weighted(&random, weights, n));
}

/* Twelve bars again and again, where the style has no blues of its own. */
static GArray *drafts_of_blues(const Plan *plan, gint bars)
{
    GArray *drafts = g_array_new(FALSE, TRUE, sizeof(Draft));
    gint rounds = MAX(1, bars / 12);

    for (gint i = 0; i < rounds; i++) {
        gboolean solo = rounds > 2 && i >= (rounds + 1) / 2 && i + 1 < rounds;
        Draft d = draft_of_role(plan->style, solo ? TUNE_SECTION_SOLO : TUNE_SECTION_VERSE);
        d.material = 'A';
        d.bars = d.least = 12;
        d.phrase_bars = 4;
        d.energy = 0.4 + 0.5 * i / rounds;
        g_array_append_val(drafts, d);
    }
    return drafts;
}

/* ---- said sections within the style's form ---- */

static guint place_for(const GArray *drafts, guint from, TuneSectionRole role)
{
    if (role == TUNE_SECTION_INTRO)
        return from;
    if (role == TUNE_SECTION_OUTRO || role == TUNE_SECTION_CODA)
        return drafts->len;
    if (role == TUNE_SECTION_BRIDGE || role == TUNE_SECTION_SOLO || role == TUNE_SECTION_BREAKDOWN)
        for (guint i = drafts->len; i-- > from + 1;)
            if (g_array_index(drafts, Draft, i).energy > 0.7)
                return i;
    return MIN(drafts->len, from + (drafts->len - from + 1) / 2);
}

/* A half-time chorus is one each time that it comes. */
static void feel_alike(GArray *drafts, const GArray *said)
{
    for (guint i = 0; i < said->len; i++) {
        const Draft *d = &g_array_index(said, Draft, i);
        for (guint k = 0; k < drafts->len && d->feel != TUNE_FEEL_PLAIN; k++)
            if (g_array_index(drafts, Draft, k).role == d->role)
                g_array_index(drafts, Draft, k).feel = d->feel;
    }
}

static void work_in(GArray *drafts, const GArray *said)
{
    guint from = 0;

    feel_alike(drafts, said);

    for (guint i = 0; i < said->len; i++) {
        Draft d = g_array_index(said, Draft, i);
        guint at = from;
        while (at < drafts->len && g_array_index(drafts, Draft, at).role != d.role)
            at++;
        if (at < drafts->len) {
            Draft *known = &g_array_index(drafts, Draft, at);
            known->said = d.said;
            known->at_seconds = d.at_seconds;
            known->fixed = d.fixed;
            known->bars = d.fixed || d.least > 1 ? d.bars : known->bars;
            known->least = MAX(known->least, MIN(d.least, known->bars));
            for (guint k = 0; k < drafts->len && d.least > 1; k++) /* all verses are as long */
                if (g_array_index(drafts, Draft, k).role == d.role && k != at)
                    g_array_index(drafts, Draft, k).bars = d.bars;
        } else {
            at = place_for(drafts, from, d.role);
            g_array_insert_val(drafts, at, d);
        }
        from = at + 1;
    }
}

GArray *drafts_of_style(Plan *plan, const GArray *said, gint bars)
{
    const StyleForm *form = choose_form(plan, bars);
    GArray *drafts = plan->brief->blues_form && !is_blues(form) ? drafts_of_blues(plan, bars)
                                                               : drafts_of_form(form);

    if (said != NULL)
        work_in(drafts, said);
    theme_take_place(plan, drafts, bars, 1);
    fit_form(drafts, bars);
    theme_open(plan, drafts);
    /* Opening with the ending's own words would be odd: a single section is a verse or theme. */
    if (drafts->len == 1 && g_array_index(drafts, Draft, 0).role == TUNE_SECTION_INTRO)
        g_array_index(drafts, Draft, 0).role = TUNE_SECTION_THEME;
    return drafts;
}

/* ---- lengths ---- */

/* Longer than this a section of its kind wears out. */
static gint longest(const Draft *d)
{
    switch (d->role) {
    case TUNE_SECTION_INTRO:
    case TUNE_SECTION_OUTRO:
    case TUNE_SECTION_CODA:
    case TUNE_SECTION_PRECHORUS:
    case TUNE_SECTION_BUILD:
    case TUNE_SECTION_INTERLUDE:
        return MAX(8, d->bars);
    default:
        return MAX(16, d->bars);
    }
}

static double reluctance(const Draft *d, gint wanted, gint bars, gint unit)
{
    double least = d->least > 0 ? d->least : 1;
    double cost = fabs((double)bars / wanted - 1.0);

    if (bars < least)
        cost += 3 + (least - bars);
    if (bars % 2 != 0)
        cost += d->role == TUNE_SECTION_OUTRO || d->role == TUNE_SECTION_INTRO ? 0.3 : 0.8;
    else if (d->phrase_bars >= 4 && bars % 4 != 0)
        cost += d->role == TUNE_SECTION_OUTRO || d->role == TUNE_SECTION_INTRO ? 0.15 : 0.4;
    if (bars > longest(d))
        cost += 0.3 * (bars - longest(d));
    if (unit > 1 && bars % unit != 0) /* a said progression would be cut off */
        cost += 0.5;
    /* A fixed form of twelve bars is twelve bars. */
    if (d->least == d->bars && bars != d->bars && d->bars >= 8)
        cost += 1.5;
    return cost;
}

/* How many sections of the same kind would differ in length from section @i. */
static gint twins_apart(const GArray *drafts, const gint *bars, guint i, gint length)
{
    const Draft *d = &g_array_index(drafts, Draft, i);
    gint n = 0;

    for (guint k = 0; k < drafts->len; k++) {
        const Draft *other = &g_array_index(drafts, Draft, k);
        n += k != i && other->role == d->role && other->material == d->material && bars[k] != length;
    }
    return n;
}

/* Best next change of one section by @unit bars; -1 when none can change. */
static gint best_change(const GArray *drafts, const gint *wanted, const gint *bars, guint from,
                        guint to, gint unit, gint loop)
{
    double best_cost = G_MAXDOUBLE;
    gint best = -1;

    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->fixed || bars[i] + unit < 1)
            continue;
        double cost = reluctance(d, wanted[i], bars[i] + unit, loop) -
                      reluctance(d, wanted[i], bars[i], loop) +
                      0.8 * (twins_apart(drafts, bars, i, bars[i] + unit) -
                              twins_apart(drafts, bars, i, bars[i]));
        if (cost < best_cost) {
            best_cost = cost;
            best = (gint)i;
        }
    }
    return best;
}

/* Bars for the sections from..to that sum to @total. */
static void allocate(const GArray *drafts, gint *bars, guint from, guint to, gint total, gint loop)
{
    g_autofree gint *wanted = g_new(gint, to);
    gint sum = 0, open = 0;

    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        sum += d->bars;
        open += d->fixed ? 0 : d->bars;
    }
    double scale = open > 0 ? (double)(total - (sum - open)) / open : 1.0;
    sum = 0;
    for (guint i = from; i < to; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        wanted[i] = d->bars;
        bars[i] = d->bars;
        if (!d->fixed && (scale > 1.3 || scale < 0.8 || loop > 1)) {
            gint unit = loop > 1 && d->bars * scale >= loop ? loop : (d->bars * scale >= 4 ? 4 : 2);
            double scaled = MIN(d->bars * scale, longest(d));
            bars[i] = MAX(1, (gint)floor(scaled / unit + 0.5) * unit);
            wanted[i] = MAX(1, (gint)(scaled + 0.5));
        }
        sum += bars[i];
    }
    while (sum != total) {
        gint rest = total - sum, size = ABS(rest) >= 4 ? 4 : (ABS(rest) >= 2 ? 2 : 1);
        gint unit = rest > 0 ? size : -size;
        gint i = best_change(drafts, wanted, bars, from, to, unit, loop);
        while (i < 0 && ABS(unit) > 1) {
            unit /= 2;
            i = best_change(drafts, wanted, bars, from, to, unit, loop);
        }
        if (i < 0) { /* everything was said: the last one gives way */
            bars[to - 1] = MAX(1, bars[to - 1] + rest);
            return;
        }
        bars[i] += unit;
        sum += unit;
    }
}

/* Sections with a wanted start cut the piece into stretches that are filled one by one. */
static void allocate_all(const GArray *drafts, gint *bars, gint total, double bar_seconds, gint loop)
{
    guint from = 0;
    gint done = 0;

    for (guint i = 1; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->at_seconds <= 0)
            continue;
        gint start = (gint)floor(d->at_seconds / bar_seconds + 0.5);
        gint behind = (gint)(drafts->len - i);
        start = CLAMP(start, done + (gint)(i - from), total - behind);
        if (start - done < (gint)(i - from))
            continue;
        allocate(drafts, bars, from, i, start - done, loop);
        from = i;
        done = start;
    }
    allocate(drafts, bars, from, drafts->len, total - done, loop);
}

static void tell_shortened(Plan *plan, const GArray *drafts, const gint *bars)
{
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        if (d->said != NULL && !d->fixed && bars[i] < 4 && bars[i] < d->bars)
            plan_note(plan, "the %s has only %d bar%s: there is little time",
                      tune_section_role_name(d->role), bars[i], bars[i] == 1 ? "" : "s");
    }
}

void drafts_allocate(Plan *plan, GArray *drafts, gint body, gint ending, gboolean total_said,
                     double bar_seconds)
{
    gint total = total_said ? body + ending : body;

    while ((gint)drafts->len > total && first_to_drop(drafts) >= 0)
        g_array_remove_index(drafts, first_to_drop(drafts));
    while ((gint)drafts->len > total) /* no more time than bars: the style's own sections go */
        g_array_remove_index(drafts, drafts->len - 1);
    g_autofree gint *bars = g_new0(gint, drafts->len);
    allocate_all(drafts, bars, total, bar_seconds, plan->brief->chords->len > 0 ? said_loop_bars(plan) : 0);
    if (!total_said)
        bars[drafts->len - 1] += ending;
    tell_shortened(plan, drafts, bars);
    for (guint i = 0; i < drafts->len; i++) {
        Draft *d = &g_array_index(drafts, Draft, i);
        d->bars = bars[i];
        if (plan->brief->chords->len == 0)
            while (d->phrase_bars > 1 && d->phrase_bars > d->bars)
                d->phrase_bars /= 2;
    }
}
