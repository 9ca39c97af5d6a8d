/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Metre, key, tempo, ending, and the sections with their bars and energies.
 */
#include "compose/carry.h"
#include "compose/theme-private.h"

#include <math.h>
#include <string.h>

/* ---- what the whole piece shares ---- */

static gboolean is_hard(TuneOrigin origin)
{
    return origin == TUNE_ORIGIN_SAID || origin == TUNE_ORIGIN_FIELD;
}

void plan_note(Plan *plan, const char *format, ...)
{
    va_list args;

    if (plan->notes == NULL)
        return;
    va_start(args, format);
    g_ptr_array_add(plan->notes, g_strdup_vprintf(format, args));
    va_end(args);
}

static TuneMode choose_mode(const Plan *plan, TuneRandom *random)
{
    const GArray *modes = plan->style->modes;
    double weights[TUNE_N_MODES] = {0};

    for (guint i = 0; i < modes->len; i++) {
        const StyleMode *m = &g_array_index(modes, StyleMode, i);
        /* Dark moods lean to the minor modes, bright ones to the major. */
        double lean = 1.0 + 3.0 * fabs(plan->brief->valence);
        gboolean suits = tune_mode_is_minor(m->mode) == (plan->brief->valence < 0);
        weights[m->mode] += m->weight * (suits ? lean : 1.0 / lean);
    }
    return (TuneMode)tune_random_weighted(random, weights, TUNE_N_MODES);
}

static TuneFifths choose_tonic(const Plan *plan, TuneMode mode, TuneRandom *random)
{
    const GArray *keys = plan->style->keys[tune_mode_is_minor(mode) ? 1 : 0];
    double weights[32] = {0};
    guint n = MIN(keys->len, 32);
    TuneFifths tonic = 0;

    if (n == 0)
        return (TuneFifths)tune_random_int(random, -3, 4);
    for (guint i = 0; i < n; i++)
        weights[i] = g_array_index(keys, StyleChoice, i).weight;
    gsize pick = tune_random_weighted(random, weights, n);
    tune_fifths_parse(g_array_index(keys, StyleChoice, pick).name, &tonic);
    return tonic;
}

static double chord_fit(const TuneBrief *brief, TuneKey key)
{
    const GArray *chords = brief->chords;
    guint16 mask = tune_key_mask(key);
    gint tonic = tune_fifths_pitch_class(key.tonic);
    double fit = 0;

    for (guint i = 0; i < chords->len; i++) {
        const TuneChord *c = &g_array_index(chords, TuneChord, i);
        guint16 tones = tune_chord_mask(*c);
        double weight = i == 0 ? 1.6 : (i + 1 == chords->len ? 1.3 : 1.0);
        gint inside = __builtin_popcount(tones & mask);
        fit += weight * inside / __builtin_popcount(tones);
        if (tune_fifths_pitch_class(c->root) == tonic &&
            tune_chord_is_minor(c->quality) == tune_mode_is_minor(key.mode))
            fit += i == 0 || i + 1 == chords->len ? 0.9 : 0.3;
    }
    return fit;
}

/* The key in which said chords make sense. */
static TuneKey key_of_chords(const TuneBrief *brief)
{
    static const TuneMode modes[] = {TUNE_MODE_MAJOR, TUNE_MODE_MINOR, TUNE_MODE_DORIAN,
                                     TUNE_MODE_MIXOLYDIAN};
    TuneKey best = {0, TUNE_MODE_MAJOR};
    double best_fit = -1;

    for (gint f = -7; f <= 7; f++)
        for (gsize m = 0; m < G_N_ELEMENTS(modes); m++) {
            TuneKey key = {(TuneFifths)f, modes[m]};
            if (brief->mode_origin != TUNE_ORIGIN_NONE && key.mode != brief->key.mode)
                continue;
            double fit = chord_fit(brief, key) - (m >= 2 ? 0.4 : 0) - abs(f) * 0.001;
            if (abs(tune_key_signature(key)) <= 7 && fit > best_fit) {
                best_fit = fit;
                best = key;
            }
        }
    return best;
}

static TuneFifths respelled(TuneKey key)
{
    while (tune_key_signature(key) > 6)
        key.tonic = (TuneFifths)(key.tonic - 12);
    while (tune_key_signature(key) < -6)
        key.tonic = (TuneFifths)(key.tonic + 12);
    return key.tonic;
}

static void choose_key(Plan *plan)
{
    const TuneBrief *brief = plan->brief;
    TuneRandom random;

    tune_random_init(&random, plan->seed, "piece/key");
    if (brief->chords->len > 0 && brief->key_origin == TUNE_ORIGIN_NONE) {
        plan->key = key_of_chords(brief);
        return;
    }
    TuneMode mode = choose_mode(plan, &random);
    plan->key.mode = brief->mode_origin != TUNE_ORIGIN_NONE ? brief->key.mode : mode;
    TuneFifths tonic = choose_tonic(plan, plan->key.mode, &random);
    plan->key.tonic = brief->key_origin != TUNE_ORIGIN_NONE ? brief->key.tonic : tonic;
    if (brief->key_origin == TUNE_ORIGIN_NONE)
        plan->key.tonic = respelled(plan->key);
}

static void choose_ending(Plan *plan)
{
    const TuneBrief *brief = plan->brief;
    double weights[TUNE_N_ENDINGS];
    TuneRandom random;

    tune_random_init(&random, plan->seed, "piece/ending");
    memcpy(weights, plan->style->endings, sizeof weights);
    if (brief->seconds > 0 && brief->seconds < 20)
        weights[TUNE_ENDING_FADE] = weights[TUNE_ENDING_TAG] = 0;
    plan->ending = brief->loop ? TUNE_ENDING_LOOP : brief->ending;
    if (plan->ending == TUNE_ENDING_AUTO)
        plan->ending = (TuneEnding)tune_random_weighted(&random, weights, TUNE_N_ENDINGS);
    if (plan->ending == TUNE_ENDING_AUTO)
        plan->ending = TUNE_ENDING_RING;
}

/* On which bar of the clave the piece begins. */
static void choose_clave(Plan *plan)
{
    double chance = plan->style->grooves.perform.clave;
    TuneRandom random;

    tune_random_init(&random, plan->seed, "piece/clave");
    plan->pattern_shift = chance > 0 && tune_random_chance(&random, chance) ? 1 : 0;
}

static gboolean knows_metre(const GPtrArray *patterns, TuneMetre metre)
{
    for (guint i = 0; i < patterns->len; i++)
        if (carry_is_same(((const StylePattern *)patterns->pdata[i])->metre, metre))
            return TRUE;
    return FALSE;
}

/* Fives and sevens are counted as the style's own patterns count them; where it has none, by the seed. */
static void choose_turn(Plan *plan)
{
    const TuneStyle *style = plan->style;
    const StyleGrooves *g = &style->grooves;
    gboolean own = knows_metre(g->grooves, plan->metre) || knows_metre(g->bass, plan->metre) ||
                   knows_metre(g->comping, plan->metre);
    TuneRandom random;

    for (guint i = 0; i < style->melody.cells->len && !own; i++)
        own = carry_is_same(g_array_index(style->melody.cells, StyleCell, i).metre, plan->metre);
    tune_random_init(&random, plan->seed, "piece/turn");
    plan->metre.turn = !own && tune_random_chance(&random, 0.4);
}

static void choose_basics(Plan *plan)
{
    const TuneBrief *brief = plan->brief;

    plan->metre = brief->metre.beats > 0 ? brief->metre : tune_style_metre(plan->style);
    choose_turn(plan);
    plan->bar_ticks = tune_metre_bar_ticks(plan->metre);
    plan->beat_ticks = tune_metre_beat_ticks(plan->metre);
    plan->temperature = CLAMP(brief->temperature, 0, 1);
    plan->swing = plan->style->grooves.perform.swing;
    if (plan->swing < 0.5)
        plan->swing = 0.5;
    plan->swing_sixteenths = plan->style->grooves.perform.swing_sixteenths;
    choose_clave(plan);
    choose_key(plan);
    choose_ending(plan);
}

/* ---- tempo ---- */

static void tempo_wish(Plan *plan, Length *length)
{
    const TuneBrief *brief = plan->brief;
    const TuneStyle *style = plan->style;
    double low = brief->bpm_low, high = brief->bpm_high;
    TuneRandom random;

    if (low <= 0 || high < low || brief->bpm_origin == TUNE_ORIGIN_DEFAULT) {
        low = style->usual_tempo[0];
        high = style->usual_tempo[1];
    }
    tune_random_init(&random, plan->seed, "piece/tempo");
    double x = 0.5 + 0.16 * tune_random_bell(&random) * (0.4 + 0.6 * plan->temperature);
    length->wanted_bpm = low + (high - low) * CLAMP(x + 0.25 * brief->arousal, 0, 1);
    length->bpm[0] = low;
    length->bpm[1] = high;
    if (brief->bpm_hard && low == high)
        return;
    length->wanted_bpm = MAX(1, floor(length->wanted_bpm + 0.5));
    length->wanted_bpm = CLAMP(length->wanted_bpm, low, high);
    if (low == high) { /* a usual value, not a demand */
        length->bpm[0] *= 0.96;
        length->bpm[1] *= 1.04;
    }
}

/* ---- the search for a form ---- */

static gint least_total(const GArray *drafts)
{
    gint sum = 0;

    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        sum += d->fixed ? d->bars : 1;
    }
    return sum;
}

static gboolean all_fixed(const GArray *drafts)
{
    for (guint i = 0; i < drafts->len; i++)
        if (!g_array_index(drafts, Draft, i).fixed)
            return FALSE;
    return drafts->len > 0;
}

static double usual_seconds(const Plan *plan, const Length *length, gint bars)
{
    return bars * (plan->bar_ticks * 60.0 / (plan->beat_ticks * length->wanted_bpm));
}

static GArray *anchors_of(const GArray *drafts)
{
    GArray *anchors = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint i = 0; i < drafts->len; i++) {
        double at = g_array_index(drafts, Draft, i).at_seconds;
        if (at > 0)
            g_array_append_val(anchors, at);
    }
    return anchors;
}

static gboolean refuse(const Plan *plan, const Length *length, GError **error)
{
    const TuneBrief *brief = plan->brief;
    g_autoptr(GString) said = g_string_new(NULL);

    if (brief->seconds > 0)
        g_string_append_printf(said, "duration %g seconds, ", brief->seconds);
    if (length->bars > 0)
        g_string_append_printf(said, "%s %d bars, ",
                               brief->bars > 0 ? "bars" : "structure", length->bars);
    else if (length->least_bars > 1)
        g_string_append_printf(said, "structure of %d sections, ", length->least_bars);
    if (length->bpm[0] == length->bpm[1])
        g_string_append_printf(said, "bpm %g, ", length->bpm[0]);
    g_string_truncate(said, said->len > 2 ? said->len - 2 : 0);
    g_set_error(error, TUNE_COMPOSE_ERROR, TUNE_COMPOSE_ERROR_IMPOSSIBLE,
                "these cannot be had together: %s", said->str);
    return FALSE;
}

/* Tries the wished tempos first, then all that the style has, then (where bars and seconds are both
 * said by number) any that can be played. */
static gboolean solve(Plan *plan, Length *length, GError **error)
{
    const TuneBrief *brief = plan->brief;
    TuneEnding ending = plan->ending;
    double wider[2][2] = {{plan->style->tempo[0], plan->style->tempo[1]}, {30, 300}};

    if (plan_solve_length(plan, length))
        return TRUE;
    for (gsize i = 0; i < 2 && !brief->bpm_hard; i++) {
        plan->ending = ending;
        length->bpm[0] = MIN(length->bpm[0], wider[i][0]);
        length->bpm[1] = MAX(length->bpm[1], wider[i][1]);
        if (plan_solve_length(plan, length)) {
            plan_note(plan, "the tempo went to %.5g bpm to fit what was asked into the time",
                      length->beat_bpm);
            return TRUE;
        }
    }
    return refuse(plan, length, error);
}

gint said_loop_bars(const Plan *plan)
{
    const GArray *beats = plan->brief->chord_beats;
    double sum = 0;

    for (guint i = 0; i < beats->len; i++)
        sum += g_array_index(beats, double, i);
    gint ticks = (gint)(sum * plan->beat_ticks + 0.5);
    gint bars = ticks > 0 && ticks % plan->bar_ticks == 0 ? ticks / plan->bar_ticks : 0;
    return bars >= 2 && bars <= 16 ? bars : 4;
}

/* A form of strophes that are never cut (twelve bars of blues) is counted in these: their length when
 * all of the style's forms agree in it, else the four bars of a phrase. */
static gint strophe_bars(const TuneStyle *style)
{
    gint bars = 0;

    for (guint f = 0; f < style->forms->len; f++) {
        const GArray *sections = g_array_index(style->forms, StyleForm, f).sections;
        for (guint i = 0; i < sections->len; i++) {
            const StyleSection *s = &g_array_index(sections, StyleSection, i);
            if (s->role == TUNE_SECTION_INTRO || s->role == TUNE_SECTION_OUTRO)
                continue;
            if (s->least != s->bars || (bars != 0 && bars != s->bars))
                return 4;
            bars = s->bars;
        }
    }
    return bars > 0 ? bars : 4;
}

/* As long as the sections usually are, or the style's pieces when only some are said; in both cases long enough
 * for what is said to begin at a moment ("drop at 1:00"). */
static double usual_length(const Plan *plan, const Length *length, const GArray *drafts)
{
    gboolean partial = plan->brief->sections_partial;
    double wanted = partial ? length->wanted_seconds : 0;
    gint after = 0;

    for (guint i = drafts->len; i-- > 0;) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        after += d->bars;
        double past = usual_seconds(plan, length, partial ? d->bars * 3 / 2 : after);
        if (d->at_seconds > 0)
            wanted = MAX(wanted, d->at_seconds + past);
    }
    return partial ? wanted : MAX(wanted, usual_seconds(plan, length, after));
}

/* The form comes before the length, which is then solved for it. */
static void choose_form(Plan *plan, const Length *length)
{
    double time = length->seconds > 0 ? MAX(1, length->seconds - 3) : length->wanted_seconds;
    double bar = usual_seconds(plan, length, 1);
    gint bars = length->bars > 0 ? length->bars : MAX(1, (gint)(time / bar + 0.5));

    drafts_choose_form(plan, bars, length->bars > 0 || length->bpm[0] == length->bpm[1]);
}

static void set_up_length(Plan *plan, const GArray *drafts, Length *length)
{
    const TuneBrief *brief = plan->brief;

    length->seconds = brief->seconds;
    length->bars = brief->bars > 0 ? brief->bars : 0;
    length->unit = brief->blues_form        ? 12
                   : brief->chords->len > 0 ? said_loop_bars(plan)
                                            : strophe_bars(plan->style);
    length->wanted_seconds = plan->style->seconds;
    length->least_bars = 1;
    tempo_wish(plan, length);
    if (brief->theme != NULL && length->seconds <= 0 && length->bars == 0) { /* once in full, and again */
        length->least_bars = brief->theme->bars + 2;
        length->wanted_seconds = MAX(length->wanted_seconds,
                                     usual_seconds(plan, length, 5 * brief->theme->bars / 2));
    }
    if (drafts == NULL)
        return;
    length->least_bars = least_total(drafts);
    if (all_fixed(drafts))
        length->bars = length->least_bars;
    else if (length->seconds <= 0 && length->bars == 0)
        length->wanted_seconds = usual_length(plan, length, drafts);
}

/* ---- energy ---- */

static double shaped(const Plan *plan, double energy, double x)
{
    double target = energy;

    switch (plan->brief->shape) {
    case TUNE_SHAPE_BUILD:
        target = 0.2 + 0.8 * x;
        break;
    case TUNE_SHAPE_FALL:
        target = 0.95 - 0.75 * x;
        break;
    case TUNE_SHAPE_ARCH:
        target = x < 0.6 ? 0.2 + 0.8 * x / 0.6 : 1.0 - 0.8 * (x - 0.6) / 0.4;
        break;
    case TUNE_SHAPE_FLAT:
        return 0.55 + 0.25 * (energy - 0.55);
    default:
        return energy;
    }
    return 0.2 * energy + 0.8 * target;
}

static double energy_of(const Plan *plan, const Draft *draft, double x)
{
    if (draft->said != NULL && draft->said->energy >= 0)
        return draft->said->energy;
    return CLAMP(shaped(plan, draft->energy, x) + 0.18 * plan->brief->arousal, 0.05, 1.0);
}

/* ---- sections ---- */

static void name_section(const Plan *plan, gint index)
{
    PlanSection *s = &plan->sections[index];
    gint before = 0, all = 0;

    for (gint i = 0; i < plan->n_sections; i++) {
        all += plan->sections[i].role == s->role;
        before += plan->sections[i].role == s->role && i < index;
    }
    if (all > 1)
        g_snprintf(s->name, sizeof s->name, "%s %d", tune_section_role_name(s->role), before + 1);
    else
        g_snprintf(s->name, sizeof s->name, "%s", tune_section_role_name(s->role));
}

static void count_repeats(Plan *plan)
{
    gint letters[128], n = 0;

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        gint k = 0;
        while (k < n && letters[k] != s->material)
            k++;
        if (k == n && n < 128)
            letters[n++] = s->material;
        s->material = k;
        for (gint j = 0; j < i; j++)
            s->repeat += plan->sections[j].material == k;
    }
}

/* A last chorus a step higher, and everything behind it. */
static void lift_last_chorus(Plan *plan)
{
    TuneRandom random;
    gint last = -1, choruses = 0;

    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].role == TUNE_SECTION_CHORUS) {
            choruses++;
            last = i;
        }
    tune_random_init(&random, plan->seed, "piece/lift");
    gboolean lift = tune_random_chance(&random, plan->style->lift * (0.5 + 0.7 * plan->temperature));
    gint by = tune_random_chance(&random, 0.6) ? 2 : 1;
    if (!lift || choruses < 3 || last < 2 || plan->ending == TUNE_ENDING_LOOP ||
        is_hard(plan->brief->key_origin) || plan->brief->chords->len > 0 ||
        plan->sections[last - 1].bars < 2)
        return;
    for (gint i = last; i < plan->n_sections; i++)
        plan->sections[i].transpose += by;
    plan_note(plan, "the last chorus is lifted by %s", by == 2 ? "a whole step" : "a half step");
}

static void make_sections(Plan *plan, const GArray *drafts)
{
    g_autofree StyleKey *relations = g_new0(StyleKey, drafts->len);

    plan->n_sections = (gint)drafts->len;
    plan->sections = g_new0(PlanSection, drafts->len);
    gint bar = 0;
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        PlanSection *s = &plan->sections[i];
        double x = drafts->len > 1 ? (double)i / (drafts->len - 1) : 1.0;
        s->role = d->role;
        s->material = d->material;
        s->start_bar = bar;
        s->bars = d->bars;
        s->start_tick = bar * plan->bar_ticks;
        s->ticks = d->bars * plan->bar_ticks;
        s->energy = energy_of(plan, d, x);
        s->transpose = d->transpose;
        s->texture_name = d->texture;
        s->feel = plan->brief->tempo_curve == TUNE_TEMPO_HALF_TIME ? TUNE_FEEL_HALF : d->feel;
        s->pace = d->tempo;
        s->variation = d->variation;
        s->theme = d->theme;
        relations[i] = d->key;
        s->trade = d->trade;
        s->last = i + 1 == drafts->len;
        s->phrase_bars = d->phrase_bars;
        bar += d->bars;
    }
    for (gint i = 0; i < plan->n_sections; i++)
        name_section(plan, i);
    count_repeats(plan);
    lift_last_chorus(plan);
    plan_keys(plan, relations);
}

/* Sections with a tempo of their own; a tempo said by number, or a moment said by the clock, is worth more
 * than they are. */
static void set_paces(Plan *plan, GArray *drafts, Length *length)
{
    gboolean any = FALSE, allowed = !plan->brief->bpm_hard && length->n_anchors == 0 &&
                                    plan->ending != TUNE_ENDING_LOOP;
    gint bar = 0;

    for (guint i = 0; i < drafts->len; i++) {
        Draft *d = &g_array_index(drafts, Draft, i);
        if (!allowed || d->tempo <= 0)
            d->tempo = 1;
        any |= d->tempo < 0.999 || d->tempo > 1.001;
    }
    if (!any)
        return;
    plan->n_paces = length->body_bars;
    plan->paces = g_new(double, length->body_bars + 1);
    for (guint i = 0; i < drafts->len; i++) {
        const Draft *d = &g_array_index(drafts, Draft, i);
        for (gint k = 0; k < d->bars && bar < plan->n_paces; k++)
            plan->paces[bar++] = d->tempo;
    }
    while (bar < plan->n_paces)
        plan->paces[bar++] = 1;
    if (plan_pace_length(plan, length))
        return;
    g_clear_pointer(&plan->paces, g_free); /* the other sections would have to race */
    for (guint i = 0; i < drafts->len; i++)
        g_array_index(drafts, Draft, i).tempo = 1;
}

static void tell_rounding(Plan *plan, const Length *length)
{
    double got = (double)length->length_us / 1e6;

    if (plan->brief->ending != TUNE_ENDING_AUTO && plan->brief->ending != plan->ending)
        plan_note(plan, "the piece fades: there is no time for another ending");

    if (length->seconds > 0 && fabs(got - length->seconds) > 0.0005)
        plan_note(plan, "%g seconds became %.3f: a loop is whole bars at %g bpm", length->seconds,
                  got, length->beat_bpm);
}

static double usual_bar_seconds(const Plan *plan)
{
    const TuneBrief *brief = plan->brief;
    double bpm = brief->bpm_low > 0 ? (brief->bpm_low + brief->bpm_high) / 2
                                    : (plan->style->usual_tempo[0] + plan->style->usual_tempo[1]) / 2;

    return plan->bar_ticks * 60.0 / (plan->beat_ticks * MAX(bpm, 20));
}

/* A theme that was given is long enough to be worth saying when there is no room for it. */
static void tell_theme(Plan *plan)
{
    gint longest = 0, bars = plan->brief->theme != NULL ? plan->brief->theme->bars : 0;

    for (gint i = 0; i < plan->n_sections; i++)
        if (plan->sections[i].theme)
            longest = MAX(longest, (MIN(plan->sections[i].start_tick + plan->sections[i].ticks,
                                        plan->final_tick) -
                                    plan->sections[i].start_tick) / plan->bar_ticks);
    if (longest < bars)
        plan_note(plan, "of the theme's %d bars only %d are heard: there is little time", bars, longest);
}

gboolean plan_form(Plan *plan, GError **error)
{
    Length length = {0};
    g_autoptr(GArray) said = NULL;
    g_autoptr(GArray) anchors = NULL;

    choose_basics(plan);
    said = drafts_of_brief(plan);
    if (said != NULL && !plan->brief->sections_partial)
        theme_take_place(plan, said, plan->brief->seconds, usual_bar_seconds(plan));
    set_up_length(plan, said, &length);
    if (said != NULL) {
        anchors = anchors_of(said);
        length.anchors = (const double *)anchors->data;
        length.n_anchors = (gint)anchors->len;
    }
    choose_form(plan, &length);
    if (!solve(plan, &length, error))
        return FALSE;
    gint total = length.body_bars + length.ending_bars;
    g_autoptr(GArray) drafts = said != NULL && !plan->brief->sections_partial
                                   ? g_array_ref(said)
                                   : drafts_of_style(plan, said, length.body_bars);
    double bar_seconds = (double)plan->bar_ticks * 60.0 / (plan->beat_ticks * length.beat_bpm);
    drafts_allocate(plan, drafts, length.body_bars, length.ending_bars, length.bars > 0, bar_seconds);
    set_paces(plan, drafts, &length);
    plan->quarter_bpm = tune_metre_quarter_bpm(plan->metre, length.beat_bpm);
    plan->n_bars = total;
    plan->ticks = total * plan->bar_ticks;
    plan->final_tick = length.body_bars * plan->bar_ticks;
    plan->length_us = length.length_us;
    plan->fade_us = length.fade_us;
    make_sections(plan, drafts);
    plan_write_tempos(plan, &length);
    tell_rounding(plan, &length);
    tell_theme(plan);
    return TRUE;
}
