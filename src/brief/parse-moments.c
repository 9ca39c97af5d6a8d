/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who comes in when, in running text: "the strings come in at 1:20", "for the first 20 seconds only
 * piano", "no drums until 0:25", "drums drop out at 1:00 and return at 1:20".
 *
 * A moment is a point or a stretch of time with the players that stand beside it.  Moments are
 * found before lengths are read, so that "the first 20 seconds" is no length; they become sections
 * when all players and the length are known.  A point without players ("drop at 0:45") is left to
 * parse-form.c.
 */
#include "brief/sentence-private.h"
#include "brief/style-data.h"

#include <string.h>

#define MAX_MOMENTS 200

typedef enum {
    MOMENT_POINT, /* from */
    MOMENT_RANGE, /* from .. to */
    MOMENT_LAST,  /* the last @to seconds */
    MOMENT_HALF,  /* in the middle */
} MomentKind;

typedef struct {
    MomentKind kind;
    double from, to;
    gint first, last;  /* tokens of the time, the last one excluded */
    gint who, who_end; /* tokens of the players */
    gboolean alone;    /* "only" */
    gboolean without;  /* "no" */
    gboolean leaves;   /* "drop out" */
    gboolean solo;     /* "guitar solo at 1:45" */
    gboolean intro;    /* "intro of 10 seconds": a section without players */
} Moment;

static gboolean is_any(const Reader *self, gint at, const char *const *words)
{
    for (; *words != NULL; words++)
        if (tune_reader_is_word(self, at, *words))
            return TRUE;
    return FALSE;
}

/* ---- times ---- */

static double seconds_of_bars(const Reader *self, double bars)
{
    const TuneBrief *brief = self->brief;
    double bpm =
        brief->bpm_origin == TUNE_ORIGIN_NONE ? 110 : (brief->bpm_low + brief->bpm_high) / 2;
    double beats = 4;

    if (brief->metre_origin != TUNE_ORIGIN_NONE)
        beats = (double)tune_metre_bar_ticks(brief->metre) / tune_metre_beat_ticks(brief->metre);
    return bars * beats * 60 / bpm;
}

/* "0:45", "20 seconds", "a minute", "8 bars" */
static gint time_at(const Reader *self, gint at, double *seconds)
{
    const TuneToken *token = tune_reader_token(self, at);
    double value = 0;

    if (token == NULL || token->used)
        return 0;
    if (token->kind == TUNE_TOKEN_CLOCK) {
        *seconds = token->value;
        return 1;
    }
    gint n = tune_reader_span(self, at, seconds);
    if (n > 0)
        return n;
    n = tune_reader_number(self, at, &value);
    gint unit = n == 0 ? 0 : tune_reader_unit(self, at + n, UNIT_BAR);
    if (unit == 0)
        return 0;
    *seconds = seconds_of_bars(self, value);
    return n + unit;
}

static gint skip_the(const Reader *self, gint at)
{
    static const char *const words[] = {"the", "its", "about", "around", "exactly", NULL};

    while (is_any(self, at, words))
        at++;
    return at;
}

/* "for the first 20 seconds", "the last 10 seconds" */
static gint edge_at(const Reader *self, gint at, Moment *moment)
{
    static const char *const leads[] = {"for", "in", "during", "over", "within", NULL};
    static const char *const firsts[] = {"first", "opening", "initial", NULL};
    static const char *const lasts[] = {"last", "final", "closing", NULL};
    gint i = skip_the(self, at + is_any(self, at, leads));
    gboolean first = is_any(self, i, firsts), last = is_any(self, i, lasts);
    gint n = first || last ? time_at(self, i + 1, &moment->to) : 0;

    if (n == 0)
        return 0;
    moment->kind = first ? MOMENT_RANGE : MOMENT_LAST;
    return i + 1 + n - at;
}

/* "from 0:45 to 1:00", "between 0:45 and 1:00" */
static gint range_at(const Reader *self, gint at, Moment *moment)
{
    static const char *const heads[] = {"from", "between", NULL};
    static const char *const joints[] = {"to", "until", "till", "and", NULL};
    gint i = at + 1, n = is_any(self, at, heads) ? time_at(self, i, &moment->from) : 0;

    if (n == 0)
        return 0;
    i += n;
    const TuneToken *token = tune_reader_token(self, i);
    gboolean dash = token != NULL && token->glue == '-';
    if (!dash && !is_any(self, i, joints) && !tune_reader_is_mark(self, i, '-'))
        return 0;
    i += dash ? 0 : 1;
    n = time_at(self, i, &moment->to);
    moment->kind = MOMENT_RANGE;
    return n == 0 || moment->to <= moment->from ? 0 : i + n - at;
}

/* "begin with solo cello for 15 seconds": at "for" */
static gint beginning_at(const Reader *self, gint at, Moment *moment)
{
    static const char *const starts[] = {"start",     "starts", "starting", "begin", "begins",
                                         "beginning", "open",   "opens",    NULL};
    gint n = tune_reader_is_word(self, at, "for") ? time_at(self, at + 1, &moment->to) : 0;

    for (gint i = at - 1; n > 0 && i > at - 8 && !tune_reader_is_edge(self, i); i--)
        if (is_any(self, i, starts) && tune_reader_is_word(self, i + 1, "with")) {
            moment->kind = MOMENT_RANGE;
            moment->alone = TRUE;
            return n + 1;
        }
    return 0;
}

/* "until 0:30", "starts with 15 seconds of" */
static gint opening_at(const Reader *self, gint at, Moment *moment)
{
    static const char *const untils[] = {"until", "till", "before", NULL};
    static const char *const starts[] = {"start",     "starts", "starting", "begin",   "begins",
                                         "beginning", "open",   "opens",    "opening", NULL};
    gint i = at + 1, n;

    moment->kind = MOMENT_RANGE;
    if (is_any(self, at, untils)) {
        i = skip_the(self, i);
        n = time_at(self, i, &moment->to);
        return n == 0 ? 0 : i + n - at;
    }
    if (!is_any(self, at, starts) || !tune_reader_is_word(self, at + 1, "with"))
        return 0;
    n = time_at(self, at + 2, &moment->to);
    moment->alone = TRUE;
    return n == 0 || !tune_reader_is_word(self, at + 2 + n, "of") ? 0 : 3 + n;
}

/* "at 1:20", "after 15 seconds", "halfway" */
static gint point_at(const Reader *self, gint at, Moment *moment)
{
    static const char *const heads[] = {"at", "from", "after", "by", NULL};
    static const char *const halves[] = {"halfway", "midway", NULL};

    moment->kind = MOMENT_POINT;
    if (is_any(self, at, halves)) {
        moment->kind = MOMENT_HALF;
        return 1 + tune_reader_is_word(self, at + 1, "through");
    }
    if (!is_any(self, at, heads) && !tune_reader_is_mark(self, at, '@'))
        return 0;
    gint i = skip_the(self, at + 1), n = time_at(self, i, &moment->from);
    if (n == 0)
        return 0;
    if (tune_reader_is_word(self, i + n, "mark") || tune_reader_is_word(self, i + n, "on") ||
        tune_reader_is_word(self, i + n, "onwards"))
        n++;
    return i + n - at;
}

/* "intro of 10 seconds", "a 10 second intro" */
static gint intro_at(const Reader *self, gint at, Moment *moment)
{
    const ReaderMatch *section = tune_reader_match(self, at, LEXICON_SECTION);
    gint n;

    *moment = (Moment){.kind = MOMENT_RANGE, .intro = TRUE};
    if (section != NULL && section->entry->section == TUNE_SECTION_INTRO && !section->negated) {
        gint i = at + (gint)section->n;
        if (!tune_reader_is_word(self, i, "of") && !tune_reader_is_word(self, i, "for"))
            return 0;
        n = tune_reader_span(self, i + 1, &moment->to);
        return n == 0 ? 0 : i + 1 + n - at;
    }
    const TuneToken *token = tune_reader_token(self, at);
    if (token->kind != TUNE_TOKEN_NUMBER)
        return 0;
    n = tune_reader_span(self, at, &moment->to);
    section = n == 0 ? NULL : tune_reader_match(self, at + n, LEXICON_SECTION);
    if (section == NULL || section->entry->section != TUNE_SECTION_INTRO)
        return 0;
    return n + (gint)section->n;
}

static gint moment_at(const Reader *self, gint at, Moment *moment)
{
    typedef gint (*Form)(const Reader *, gint, Moment *);
    static const Form forms[] = {edge_at, range_at, beginning_at, opening_at, intro_at, point_at};

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        *moment = (Moment){0};
        gint n = forms[i](self, at, moment);
        if (n > 0) {
            moment->first = at;
            moment->last = at + n;
            return n;
        }
    }
    return 0;
}

/* ---- players beside a time ---- */

static const ReaderMatch *players_at(const Reader *self, gint at)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);

    if (match == NULL ||
        (match->entry->kind != LEXICON_INSTRUMENT && match->entry->kind != LEXICON_GENERIC &&
         match->entry->kind != LEXICON_GROUP))
        return NULL;
    return match;
}

static gboolean is_leaving(const Reader *self, gint at)
{
    static const char *const words[] = {"stop",  "stops",     "leave",      "leaves", "exit",
                                        "exits", "disappear", "disappears", "vanish", "vanishes",
                                        "end",   "ends",      NULL};
    static const char *const outs[] = {"drop",  "drops", "cut",  "cuts", "fall",
                                       "falls", "go",    "goes", NULL};

    return is_any(self, at, words) ||
           (is_any(self, at, outs) && (tune_reader_is_word(self, at + 1, "out") ||
                                       tune_reader_is_word(self, at + 1, "silent") ||
                                       tune_reader_is_word(self, at + 1, "away")));
}

static gboolean is_coming(const Reader *self, gint at)
{
    static const char *const words[] = {
        "enter",  "enters",  "come",  "comes",  "join",    "joins",  "start",   "starts", "begin",
        "begins", "kick",    "kicks", "appear", "appears", "arrive", "arrives", "add",    "added",
        "return", "returns", "back",  "bring",  "in",      "drops",  "play",    "plays",  "should",
        "be",     "is",      "are",   "then",   "where",   "there",  "when",    NULL};

    return is_any(self, at, words);
}

/* May token @at stand between a time and its players, or between two players? */
static gboolean is_between(const Reader *self, gint at, Moment *moment)
{
    static const char *const joints[] = {"and", "the", "a", "an", "some", "of", NULL};
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);

    if (is_leaving(self, at)) {
        moment->leaves = TRUE;
        return TRUE;
    }
    if (tune_reader_unit(self, at, UNIT_ONLY) > 0) {
        moment->alone = TRUE;
        return TRUE;
    }
    if (tune_reader_unit(self, at, UNIT_SOLO) > 0) {
        moment->solo = players_at(self, at - 1) != NULL;
        moment->alone = moment->alone || !moment->solo;
        return TRUE;
    }
    if (match != NULL &&
        (match->entry->kind == LEXICON_NEGATION || match->entry->kind == LEXICON_MOOD ||
         match->entry->kind == LEXICON_ROLE || match->entry->kind == LEXICON_NUMBER))
        return TRUE;
    return is_any(self, at, joints) || is_coming(self, at) ||
           tune_reader_is_word(self, at, "out") || tune_reader_is_word(self, at, "away") ||
           tune_reader_is_word(self, at, "silent") ||
           (match != NULL && match->entry->kind == LEXICON_UNIT && match->n > 1 &&
            (gint)match->entry->value == UNIT_ONLY);
}

static void widen(Moment *moment, const ReaderMatch *who)
{
    if (moment->who_end == 0)
        moment->who = (gint)who->at;
    moment->who = MIN(moment->who, (gint)who->at);
    moment->who_end = MAX(moment->who_end, (gint)(who->at + who->n));
    moment->without = moment->without || who->negated;
    moment->alone = moment->alone || (who->entry->only && !who->negated);
}

/* Players before the time, as far back as @least; TRUE when there are some. */
static gboolean look_back(const Reader *self, Moment *moment, gint least)
{
    Moment seen = *moment;

    for (gint i = moment->first - 1; i >= least && !tune_reader_is_edge(self, i); i--) {
        const ReaderMatch *who = players_at(self, i);
        if (who != NULL) {
            widen(&seen, who);
            i = (gint)who->at;
        } else if (!is_between(self, i, &seen)) {
            break;
        }
    }
    if (seen.who_end == 0) {
        moment->leaves = seen.leaves;
        return FALSE;
    }
    /* "only" and "no" before the first player belong to it. */
    *moment = seen;
    return TRUE;
}

static gboolean look_ahead(const Reader *self, Moment *moment)
{
    Moment seen = *moment;
    gint i = moment->last;

    if (tune_reader_is_mark(self, i, ',') || tune_reader_is_mark(self, i, ':'))
        i++;
    for (; !tune_reader_is_edge(self, i); i++) {
        const ReaderMatch *who = players_at(self, i);
        Moment next;
        if (who != NULL) {
            widen(&seen, who);
            i = (gint)(who->at + who->n) - 1;
        } else if (moment_at(self, i, &next) > 0 || !is_between(self, i, &seen)) {
            break;
        }
    }
    if (seen.who_end == 0)
        return FALSE;
    *moment = seen;
    return TRUE;
}

static gboolean has_section(const Reader *self, gint from, gint to)
{
    for (gint i = MAX(from, 0); i < to; i++)
        if (tune_reader_match(self, i, LEXICON_SECTION) != NULL)
            return TRUE;
    return FALSE;
}

/* "drums drop out at 1:00 and return at 1:20": the second moment has the players of the first. */
static gboolean take_over(const Reader *self, Moment *moment, const Moment *before)
{
    gboolean verb = FALSE;

    if (before == NULL || before->who_end == 0)
        return FALSE;
    for (gint i = before->last; i < moment->first; i++) {
        if (tune_reader_is_edge(self, i) && !tune_reader_is_mark(self, i, ','))
            return FALSE;
        verb = verb || is_coming(self, i) || is_leaving(self, i);
    }
    if (!verb)
        return FALSE;
    moment->who = before->who;
    moment->who_end = before->who_end;
    return TRUE;
}

static void mark(const Reader *self, const Moment *moment)
{
    gint from = MIN(moment->first, moment->who_end > 0 ? moment->who : moment->first);
    gint to = MAX(moment->last, moment->who_end);

    for (gint i = from; i < to; i++)
        tune_reader_token(self, i)->timed = -1;
    for (gint i = from - 1; i >= 0 && i >= from - 4 && !tune_reader_is_edge(self, i); i--) {
        if (tune_reader_unit(self, i, UNIT_ONLY) == 0 && tune_reader_unit(self, i, UNIT_SOLO) == 0)
            continue;
        tune_reader_token(self, i)->timed = -1;
        tune_reader_use(self, i, 1);
    }
    for (gint i = from; i < to; i++)
        if (players_at(self, i) == NULL)
            tune_reader_use(self, i, 1);
}

/* "then the drums": "and" and a second player behind a time belong to the next time, if there is
 * one. */
gboolean tune_find_moments(Reader *self, GError **error)
{
    gint least = 0;

    self->moments = g_array_new(FALSE, FALSE, sizeof(Moment));
    for (gint i = 0; self->blocks->len == 0 && i < (gint)self->tokens->len;) {
        Moment moment;
        gint n = tune_reader_is_used(self, i, 1) ? 0 : moment_at(self, i, &moment);
        if (n == 0) {
            i++;
            continue;
        }
        const Moment *before = self->moments->len == 0
                                   ? NULL
                                   : &g_array_index(self->moments, Moment, self->moments->len - 1);
        gint clause = i;
        while (clause > least && !tune_reader_is_edge(self, clause - 1))
            clause--;
        gboolean good =
            moment.intro || (!has_section(self, clause, i) &&
                             (look_back(self, &moment, least) || look_ahead(self, &moment) ||
                              take_over(self, &moment, before)));
        i += n;
        if (!good)
            continue;
        mark(self, &moment);
        g_array_append_val(self->moments, moment);
        i = least = MAX(i, moment.who_end);
    }
    return TRUE;
}

/* ---- moments become sections ---- */

static GPtrArray *players_of(const Reader *self, const Moment *moment)
{
    g_autoptr(TuneBrief) named = tune_brief_new();
    GPtrArray *players = g_ptr_array_new();

    named->style = self->brief->style;
    for (gint i = moment->who; i < moment->who_end; i++) {
        const ReaderMatch *who = players_at(self, i);
        if (who == NULL || who->at != (guint)i)
            continue;
        if (moment->without)
            tune_brief_exclude_entry(named, self->vocabulary, who->entry, TUNE_ORIGIN_SAID);
        else
            tune_brief_add_entry(named, self->vocabulary, who->entry, 1, TUNE_ORIGIN_SAID);
    }
    for (guint i = 0; i < named->instruments->len; i++)
        g_ptr_array_add(
            players,
            (gpointer)g_array_index(named->instruments, TuneBriefInstrument, i).instrument);
    for (guint i = 0; i < named->excluded->len; i++)
        g_ptr_array_add(players, g_ptr_array_index(named->excluded, i));
    return players;
}

/* Puts seconds on "halfway" and "the last 10 seconds".  FALSE when the length is not known. */
static gboolean place(const Reader *self, Moment *moment)
{
    const TuneBrief *brief = self->brief;
    double total = brief->seconds;

    if (total == 0 && self->context != NULL)
        total = self->context->seconds;
    if (total == 0 && brief->bars > 0)
        total = seconds_of_bars(self, brief->bars);
    if (moment->kind < MOMENT_LAST)
        return total == 0 || moment->from < total;
    if (total == 0) {
        tune_brief_note(self->brief,
                        "a moment counted from the end needs a length: it is left out");
        return FALSE;
    }
    if (moment->kind == MOMENT_HALF)
        moment->from = total / 2;
    else
        moment->from = MAX(0, total - moment->to);
    moment->to = total;
    moment->kind = moment->kind == MOMENT_HALF ? MOMENT_POINT : MOMENT_RANGE;
    return TRUE;
}

static gint compare_times(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void add_time(GArray *times, double at)
{
    for (guint i = 0; i < times->len; i++)
        if (g_array_index(times, double, i) == at)
            return;
    g_array_append_val(times, at);
}

static GArray *times_of(const Reader *self)
{
    GArray *times = g_array_new(FALSE, FALSE, sizeof(double));
    const TuneBrief *brief = self->brief;

    add_time(times, 0);
    for (guint i = 0; i < self->moments->len; i++) {
        const Moment *moment = &g_array_index(self->moments, Moment, i);
        add_time(times, moment->from);
        if (moment->kind == MOMENT_RANGE && (brief->seconds == 0 || moment->to < brief->seconds))
            add_time(times, moment->to);
    }
    for (guint i = 0; i < brief->sections->len; i++)
        if (g_array_index(brief->sections, TuneBriefSection, i).at_seconds >= 0)
            add_time(times, g_array_index(brief->sections, TuneBriefSection, i).at_seconds);
    g_array_sort(times, compare_times);
    return times;
}

static void add_unique(GPtrArray **list, const GPtrArray *players)
{
    if (*list == NULL)
        *list = g_ptr_array_new();
    for (guint i = 0; i < players->len; i++)
        if (!g_ptr_array_find(*list, g_ptr_array_index(players, i), NULL))
            g_ptr_array_add(*list, g_ptr_array_index(players, i));
}

static void remove_all(GPtrArray *list, const GPtrArray *players)
{
    for (guint i = 0; list != NULL && i < players->len; i++)
        g_ptr_array_remove(list, g_ptr_array_index(players, i));
}

/* Does a later point bring players in who have not been heard of before @moment? */
static gboolean is_first_word(const Reader *self, guint index, const GPtrArray *players,
                              GPtrArray *const *casts)
{
    for (guint i = 0; i < index; i++)
        for (guint k = 0; k < players->len; k++)
            if (g_ptr_array_find(casts[i], g_ptr_array_index(players, k), NULL))
                return FALSE;
    return TRUE;
}

/* What @moment means for the stretch that begins at @at. */
static void apply(const Reader *self, guint index, GPtrArray *const *casts, double at,
                  TuneBriefSection *section)
{
    const Moment *moment = &g_array_index(self->moments, Moment, index);
    const GPtrArray *players = casts[index];
    gboolean inside = at >= moment->from && (moment->kind == MOMENT_POINT || at < moment->to);

    if (moment->kind == MOMENT_RANGE && moment->without) {
        if (inside)
            add_unique(&section->silent, players);
    } else if (moment->kind == MOMENT_RANGE && (moment->alone || moment->from == 0)) {
        if (inside)
            add_unique(&section->instruments, players);
    } else if (moment->kind == MOMENT_RANGE) {
        if (!inside)
            add_unique(&section->silent, players);
    } else if (moment->solo) {
        return;
    } else if (moment->leaves || moment->without) {
        if (inside)
            add_unique(&section->silent, players);
    } else if (inside) {
        remove_all(section->silent, players);
        if (section->instruments->len > 0)
            add_unique(&section->instruments, players);
        if (moment->alone) {
            g_ptr_array_set_size(section->instruments, 0);
            add_unique(&section->instruments, players);
        }
    } else if (is_first_word(self, index, players, casts)) {
        add_unique(&section->silent, players);
    }
}

static gboolean has_role(const TuneStyle *style, TuneSectionRole role)
{
    for (guint i = 0; i < style->forms->len; i++) {
        const StyleForm *form = &g_array_index(style->forms, StyleForm, i);
        for (guint k = 0; k < form->sections->len; k++)
            if (g_array_index(form->sections, StyleSection, k).role == role)
                return TRUE;
    }
    return FALSE;
}

/* @role, or what stands for it in the forms of the style: techno has no verse. */
static TuneSectionRole role_in_style(const Reader *self, TuneSectionRole role)
{
    static const TuneSectionRole verses[] = {TUNE_SECTION_VERSE, TUNE_SECTION_THEME,
                                             TUNE_SECTION_BREAKDOWN};
    static const TuneSectionRole choruses[] = {TUNE_SECTION_CHORUS, TUNE_SECTION_DROP,
                                               TUNE_SECTION_CONTRAST, TUNE_SECTION_THEME};
    static const TuneSectionRole breaks[] = {TUNE_SECTION_INTERLUDE, TUNE_SECTION_BREAKDOWN,
                                             TUNE_SECTION_CONTRAST};
    const TuneStyle *style = self->context != NULL && self->context->style != NULL
                                 ? self->context->style
                                 : self->brief->style;
    const TuneSectionRole *list = role == TUNE_SECTION_VERSE    ? verses
                                  : role == TUNE_SECTION_CHORUS ? choruses
                                                                : breaks;
    gsize n = role == TUNE_SECTION_CHORUS ? G_N_ELEMENTS(choruses) : G_N_ELEMENTS(verses);

    if (style == NULL || !tune_style_require(style, NULL) ||
        (role != TUNE_SECTION_VERSE && role != TUNE_SECTION_CHORUS &&
         role != TUNE_SECTION_INTERLUDE))
        return role;
    for (gsize i = 0; i < n; i++)
        if (has_role(style, list[i]))
            return list[i];
    return role;
}

/* A role for a stretch that nobody named. */
static TuneSectionRole role_between(double at, double next, TuneSectionRole before, gboolean alone)
{
    if (at == 0)
        return next > 0 && next <= 25 ? TUNE_SECTION_INTRO : TUNE_SECTION_VERSE;
    if (alone)
        return next < 0 ? TUNE_SECTION_OUTRO : TUNE_SECTION_INTERLUDE;
    return before == TUNE_SECTION_INTRO || before == TUNE_SECTION_CHORUS ||
                   before == TUNE_SECTION_DROP
               ? TUNE_SECTION_VERSE
               : TUNE_SECTION_CHORUS;
}

/* The section that was said for @at, or a new one. */
static TuneBriefSection section_for(Reader *self, double at, double next, TuneSectionRole before,
                                    GPtrArray *const *casts)
{
    GArray *said = self->brief->sections;
    TuneBriefSection section = {.energy = -1, .at_seconds = at, .instruments = g_ptr_array_new()};
    gboolean named = FALSE;

    for (guint i = 0; i < self->moments->len; i++)
        apply(self, i, casts, at, &section);
    section.role =
        role_in_style(self, role_between(at, next, before, section.instruments->len > 0));
    for (guint i = 0; i < self->moments->len; i++) {
        const Moment *moment = &g_array_index(self->moments, Moment, i);
        if (moment->solo && moment->from == at)
            section.role = TUNE_SECTION_SOLO;
    }
    for (guint i = 0; i < said->len && !named; i++) {
        const TuneBriefSection *old = &g_array_index(said, TuneBriefSection, i);
        named = old->at_seconds == at;
        if (named) {
            section.role = old->role;
            section.bars = old->bars;
            section.energy = old->energy;
        }
    }
    return section;
}

static void append_untimed(GArray *sections, const GArray *said)
{
    for (guint i = 0; i < said->len; i++) {
        TuneBriefSection old = g_array_index(said, TuneBriefSection, i);
        if (old.at_seconds >= 0)
            continue;
        old.instruments = g_ptr_array_copy(old.instruments, NULL, NULL);
        if (old.silent != NULL)
            old.silent = g_ptr_array_copy(old.silent, NULL, NULL);
        g_array_append_val(sections, old);
    }
}

gboolean tune_cast_moments(Reader *self, GError **error)
{
    TuneBrief *brief = self->brief;

    tune_cast_blocks(self);
    for (guint i = self->moments->len; i > 0; i--)
        if (!place(self, &g_array_index(self->moments, Moment, i - 1)))
            g_array_remove_index(self->moments, i - 1);
    if (self->moments->len == 0)
        return TRUE;
    g_autoptr(GArray) times = times_of(self);
    if (times->len > MAX_MOMENTS) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "structure: %u moments are more than the %d that a piece can have", times->len,
                    MAX_MOMENTS);
        return FALSE;
    }
    g_autoptr(GPtrArray) casts = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    for (guint i = 0; i < self->moments->len; i++)
        g_ptr_array_add(casts, players_of(self, &g_array_index(self->moments, Moment, i)));
    GArray *sections = tune_brief_sections_new();
    TuneSectionRole before = TUNE_SECTION_INTRO;
    for (guint i = 0; i < times->len; i++) {
        double next = i + 1 < times->len ? g_array_index(times, double, i + 1) : -1;
        TuneBriefSection section = section_for(self, g_array_index(times, double, i), next, before,
                                               (GPtrArray *const *)casts->pdata);
        before = section.role;
        gboolean empty = section.at_seconds == 0 && section.instruments->len == 0 &&
                         (section.silent == NULL || section.silent->len == 0) && times->len > 1;
        if (empty) /* nothing is said about the beginning */
            tune_brief_section_clear(&section);
        else
            g_array_append_val(sections, section);
    }
    append_untimed(sections, brief->sections);
    g_array_unref(brief->sections);
    brief->sections = sections;
    brief->sections_origin = TUNE_ORIGIN_SAID;
    brief->sections_partial = TRUE;
    return TRUE;
}
