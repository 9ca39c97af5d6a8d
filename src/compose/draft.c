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

static GArray *drafts_of_form(const StyleForm *form)
{
    GArray *drafts = g_array_new(FALSE, TRUE, sizeof(Draft));

    for (guint i = 0; i < form->sections->len; i++) {
        Draft d = draft_of_style(&g_array_index(form->sections, StyleSection, i));
        g_array_append_val(drafts, d);
    }
    return drafts;
}

static gboolean is_blues(const StyleForm *form)
{
    return g_ascii_strcasecmp(form->name, "blues") == 0;
}

/* What the form suffers at the best of the lengths about @bars that the tempo can reach. */
static double strain_about(const Plan *plan, const StyleForm *form, gint bars, gboolean exact)
{
    gint away = exact ? 0 : bars * 6 / 100, whole = (bars - away + 3) / 4 * 4;
    gint from = exact || whole > bars + away ? bars : whole;
    double least = G_MAXDOUBLE;

    for (gint at = from; at <= bars + away && least > 0.1; at += 4) {
        g_autoptr(GArray) drafts = drafts_of_form(form);
        least = MIN(least, drafts_fit(drafts, at, plan->ending == TUNE_ENDING_FADE));
    }
    return least;
}

void drafts_choose_form(Plan *plan, gint bars, gboolean exact)
{
    const GArray *forms = plan->style->forms;
    double weights[32] = {0}, strains[32], least = G_MAXDOUBLE;
    guint n = MIN(forms->len, 32);
    TuneRandom random;

    for (guint i = 0; i < n; i++) {
        strains[i] = strain_about(plan, &g_array_index(forms, StyleForm, i), bars, exact);
        least = MIN(least, strains[i]);
    }
    for (guint i = 0; i < n; i++) {
        const StyleForm *form = &g_array_index(forms, StyleForm, i);
        double worse = MIN(0.7, strains[i] - least); /* no form is shut out */
        weights[i] = form->weight / (1.0 + 6 * worse * worse);
        if (is_blues(form) != plan->brief->blues_form)
            weights[i] *= plan->brief->blues_form ? 0 : 0.6;
    }
    tune_random_init(&random, plan->seed, "piece/form");
    plan->form = &g_array_index(forms, StyleForm, tune_random_weighted(&random, weights, n));
}

double drafts_strain(const Plan *plan, gint bars)
{
    const TuneBrief *brief = plan->brief;

    if (plan->form == NULL || bars > 200 || brief->sections->len > 0 || brief->chords->len > 0 ||
        brief->theme != NULL || brief->blues_form)
        return 0;
    g_autoptr(GArray) drafts = drafts_of_form(plan->form);
    return drafts_fit(drafts, bars, plan->ending == TUNE_ENDING_FADE);
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
    const StyleForm *form = plan->form;
    GArray *drafts = plan->brief->blues_form && !is_blues(form) ? drafts_of_blues(plan, bars)
                                                               : drafts_of_form(form);

    if (said != NULL)
        work_in(drafts, said);
    theme_take_place(plan, drafts, bars, 1);
    drafts_fit(drafts, bars, plan->ending == TUNE_ENDING_FADE);
    theme_open(plan, drafts);
    /* Opening with the ending's own words would be odd: a single section is a verse or theme. */
    if (drafts->len == 1 && g_array_index(drafts, Draft, 0).role == TUNE_SECTION_INTRO)
        g_array_index(drafts, Draft, 0).role = TUNE_SECTION_THEME;
    return drafts;
}
