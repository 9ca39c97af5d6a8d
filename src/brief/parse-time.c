/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Metre, tempo, length and title of a sentence: what is said with numbers.
 */
#include "brief/sentence-private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- title ---- */

gboolean tune_parse_title(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        gint n = tune_reader_unit(self, i, UNIT_TITLE), open, close;
        if (n == 0)
            continue;
        open = i + n;
        while (tune_reader_is_mark(self, open, ':'))
            open++;
        if (!tune_reader_is_mark(self, open, '"'))
            continue;
        for (close = open + 1; tune_reader_token(self, close) != NULL; close++)
            if (tune_reader_is_mark(self, close, '"'))
                break;
        if (tune_reader_token(self, close) == NULL || close == open + 1)
            continue;
        gsize start = tune_reader_token(self, open)->end;
        g_free(self->brief->title);
        self->brief->title =
            g_strstrip(g_strndup(self->text + start, tune_reader_token(self, close)->start - start));
        tune_reader_use(self, i, close - i + 1);
    }
    return TRUE;
}

/* ---- metre ---- */

static gboolean set_metre(Reader *self, gint beats, gint unit, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autofree char *text = g_strdup_printf("%d/%d", beats, unit);
    TuneMetre metre;

    if (!tune_metre_parse(text, &metre)) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "metre: %s is none that can be written (like 3/4, 6/8, 7/8)", text);
        return FALSE;
    }
    if (brief->metre_origin == TUNE_ORIGIN_SAID &&
        (brief->metre.beats != metre.beats || brief->metre.unit != metre.unit)) {
        g_autofree char *first = tune_metre_to_string(brief->metre);
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_CONFLICT,
                    "metre: two metres are asked for: %s and %s", first, text);
        return FALSE;
    }
    brief->metre = metre;
    brief->metre_origin = TUNE_ORIGIN_SAID;
    return TRUE;
}

/* "6/8", "3/4 time": tokens used or 0. */
static gint fraction_at(const Reader *self, gint at, gint *beats, gint *unit)
{
    const TuneToken *top = tune_reader_token(self, at), *bottom = tune_reader_token(self, at + 1);

    if (top == NULL || bottom == NULL || top->kind != TUNE_TOKEN_NUMBER || bottom->glue != '/' ||
        bottom->kind != TUNE_TOKEN_NUMBER || top->used || top->value > 99 || bottom->value > 99)
        return 0;
    *beats = (gint)top->value;
    *unit = (gint)bottom->value;
    return 2;
}

/* "six-eight", "five four time" */
static gint spoken_fraction_at(const Reader *self, gint at, gint *beats, gint *unit)
{
    const ReaderMatch *top = tune_reader_match(self, at, LEXICON_NUMBER);
    const ReaderMatch *bottom = tune_reader_match(self, at + 1, LEXICON_NUMBER);

    if (top == NULL || bottom == NULL || tune_reader_is_used(self, at, 2) || top->entry->value > 15 ||
        (bottom->entry->value != 4 && bottom->entry->value != 8 && bottom->entry->value != 2))
        return 0;
    if (tune_reader_unit(self, at + 2, UNIT_TIME) == 0 && !tune_reader_is_word(self, at - 1, "in"))
        return 0;
    *beats = (gint)top->entry->value;
    *unit = (gint)bottom->entry->value;
    return 2;
}

/* "in seven", "in 5" */
static gint spoken_beats_at(const Reader *self, gint at, gint *beats, gint *unit)
{
    static const gint units[] = {0, 0, 4, 4, 4, 4, 8, 8, 0, 8, 0, 8, 8};
    double value = 0;
    gint n = tune_reader_number(self, at, &value);
    const ReaderMatch *behind = tune_reader_match(self, at + n, LEXICON_N_KINDS);

    if (n == 0 || !tune_reader_is_word(self, at - 1, "in") || tune_reader_is_used(self, at, n) ||
        value > 12 || value != floor(value) || units[(gint)value] == 0)
        return 0;
    if (!tune_reader_is_edge(self, at + n) && tune_reader_unit(self, at + n, UNIT_TIME) == 0 &&
        (behind == NULL || behind->entry->kind != LEXICON_STOP))
        return 0;
    *beats = (gint)value;
    *unit = units[*beats];
    return n;
}

gboolean tune_parse_metre(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        gint beats = 0, unit = 0, n, behind;
        gboolean is_metre;

        n = fraction_at(self, i, &beats, &unit);
        if (n == 0)
            n = spoken_fraction_at(self, i, &beats, &unit);
        if (n == 0)
            n = spoken_beats_at(self, i, &beats, &unit);
        if (n == 0)
            continue;
        behind = tune_reader_unit(self, i + n, UNIT_TIME);
        is_metre = (unit == 2 || unit == 4 || unit == 8 || unit == 16) && beats >= 1 && beats <= 15;
        if (!is_metre && behind == 0)
            continue;
        if (!tune_reader_token(self, i)->negated && !set_metre(self, beats, unit, error))
            return FALSE;
        tune_reader_use(self, i, n + behind);
        i += n - 1;
    }
    return TRUE;
}

/* ---- tempo ---- */

/* A number, or two with "-", "to", "and" between them. */
static gint range_at(const Reader *self, gint at, double *low, double *high)
{
    gint n = tune_reader_number(self, at, low), more;
    const TuneToken *next = tune_reader_token(self, at + n);

    *high = *low;
    if (n == 0 || tune_reader_is_used(self, at, n))
        return 0;
    if (next == NULL)
        return n;
    gint between = next->glue == '-' ? 0
                   : tune_reader_is_word(self, at + n, "to") || tune_reader_is_mark(self, at + n, '-') ||
                             (tune_reader_is_word(self, at + n, "and") &&
                              tune_reader_is_word(self, at - 1, "between"))
                       ? 1 : -1;
    if (between < 0)
        return n;
    more = tune_reader_number(self, at + n + between, high);
    if (more == 0 || *high < *low) {
        *high = *low;
        return n;
    }
    return n + between + more;
}

/* Skips "of", ":", "=", "is", "around" behind "tempo". */
static gint skip_to_number(const Reader *self, gint at)
{
    for (gint steps = 0; steps < 4; steps++) {
        const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);
        if (tune_reader_is_mark(self, at, ':') || tune_reader_is_mark(self, at, '='))
            at++;
        else if (match != NULL && (match->entry->kind == LEXICON_STOP ||
                                   (match->entry->kind == LEXICON_UNIT &&
                                    ((gint)match->entry->value == UNIT_ABOUT ||
                                     (gint)match->entry->value == UNIT_BPM))) &&
                 !tune_reader_is_word(self, at, "and"))
            at += (gint)match->n;
        else
            break;
    }
    return at;
}

static gboolean set_tempo(Reader *self, gint at, gint n, double low, double high, GError **error)
{
    tune_reader_use(self, at, n);
    if (tune_reader_token(self, at)->negated)
        return TRUE;
    return tune_brief_set_bpm(self->brief, low, high, error);
}

/* "tempo: 92", "bpm 120", "q=120" at @at.  Sets *n to the tokens used. */
static gboolean named_tempo_at(Reader *self, gint at, gint *n, GError **error)
{
    gboolean is_quarter = tune_reader_is_mark(self, at + 1, '=') &&
                          (tune_reader_is_word(self, at, "q") ||
                           strcmp(tune_reader_token(self, at)->word, "♩") == 0);
    gint unit = tune_reader_unit(self, at, UNIT_TEMPO) + tune_reader_unit(self, at, UNIT_BPM);
    double low = 0, high = 0;

    *n = 0;
    if (unit == 0 && !is_quarter)
        return TRUE;
    gint number = skip_to_number(self, at + MAX(unit, 1));
    gint size = range_at(self, number, &low, &high);
    if (size == 0 || tune_reader_token(self, number)->kind == TUNE_TOKEN_CLOCK)
        return TRUE;
    gint behind = tune_reader_unit(self, number + size, UNIT_BPM);
    if (behind == 0 && (tune_reader_unit(self, number + size, UNIT_SECOND) > 0 ||
                        tune_reader_unit(self, number + size, UNIT_MINUTE) > 0 ||
                        tune_reader_unit(self, number + size, UNIT_BAR) > 0))
        return TRUE;
    *n = number + size + behind - at;
    return set_tempo(self, at, *n, low, high, error);
}

/* "at 92", or "120" as a tag of its own: no more than a guess, so only where it looks like a tempo. */
static gboolean is_bare_tempo(const Reader *self, gint at, gint n, double low, double high)
{
    const ReaderMatch *behind = tune_reader_match(self, at + n, LEXICON_N_KINDS);
    gint before = at - 1;

    if (low < 40 || high > 250 || tune_reader_token(self, at)->kind == TUNE_TOKEN_CLOCK)
        return FALSE;
    if (tune_reader_match(self, at, LEXICON_NUMBER) != NULL && low < 60)
        return FALSE;
    while (tune_reader_match(self, before, LEXICON_UNIT) != NULL)
        before--;
    if (tune_reader_is_word(self, before, "at"))
        return behind == NULL || behind->entry->kind != LEXICON_UNIT;
    if (tune_reader_match(self, at - 1, LEXICON_GENRE) != NULL && tune_reader_token(self, at)->match < 0 &&
        (tune_reader_is_edge(self, at + n) || (behind != NULL && behind->entry->kind == LEXICON_STOP)))
        return TRUE; /* "techno 130 in A" */
    return tune_reader_is_edge(self, at - 1) && tune_reader_is_edge(self, at + n) &&
           self->tokens->len > 1 && !tune_reader_is_mark(self, at - 1, '[') &&
           tune_reader_token(self, at)->match < 0 && !tune_reader_is_mark(self, at - 1, ':');
}

gboolean tune_parse_tempo(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        double low = 0, high = 0;
        gint n = 0;

        if (!named_tempo_at(self, i, &n, error))
            return FALSE;
        if (n > 0) {
            i += n - 1;
            continue;
        }
        n = range_at(self, i, &low, &high);
        gint unit = n == 0 ? 0 : tune_reader_unit(self, i + n, UNIT_BPM);
        if (unit > 0 && tune_reader_token(self, i)->kind != TUNE_TOKEN_CLOCK) {
            if (!set_tempo(self, i, n + unit, low, high, error))
                return FALSE;
            i += n + unit - 1;
        }
    }
    for (gint i = 0; i < (gint)self->tokens->len && !self->brief->bpm_hard; i++) {
        double low = 0, high = 0;
        gint n = range_at(self, i, &low, &high);
        if (n > 0 && is_bare_tempo(self, i, n, low, high) &&
            !set_tempo(self, i, n, low, high, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- length ---- */

static double seconds_of(const Reader *self, gint at, gint *n)
{
    static const struct {
        LexiconUnit unit;
        double seconds;
    } units[] = {{UNIT_SECOND, 1}, {UNIT_MINUTE, 60}, {UNIT_HOUR, 3600}};

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if ((*n = tune_reader_unit(self, at, units[i].unit)) > 0)
            return units[i].seconds;
    const TuneToken *token = tune_reader_token(self, at);
    if (token != NULL && token->glue == 0 && strcmp(token->word, "m") == 0) {
        *n = 1;
        return 60;
    }
    return 0;
}

/* "a minute", "half a minute", "90 seconds", "2 min 30", "a minute and a half", "1m30s".  Tokens used. */
/* "three quarters of a minute", "a quarter of an hour" */
static gint quarters_at(const Reader *self, gint at, double *seconds)
{
    double value = 1;
    gint used = tune_reader_number(self, at, &value), n = 0;

    if (used == 0 && tune_reader_is_word(self, at, "a"))
        used = 1;
    if (!tune_reader_is_word(self, at + used, "quarter") && !tune_reader_is_word(self, at + used, "quarters"))
        return 0;
    used++;
    while (tune_reader_is_word(self, at + used, "of") || tune_reader_is_word(self, at + used, "a") ||
           tune_reader_is_word(self, at + used, "an"))
        used++;
    double unit = seconds_of(self, at + used, &n);
    *seconds = value / 4 * unit;
    return unit < 60 ? 0 : used + n;
}

gint tune_reader_span(const Reader *self, gint at, double *seconds)
{
    double value = 0, unit, more = 0;
    gint used = tune_reader_number(self, at, &value), n = 0;
    gint half = tune_reader_unit(self, at, UNIT_HALF);
    guint minutes, rest;

    if ((n = quarters_at(self, at, seconds)) > 0)
        return n;
    if (half > 0) {
        value = 0.5;
        used = half;
        while (tune_reader_is_word(self, at + used, "a") || tune_reader_is_word(self, at + used, "an") ||
               tune_reader_is_word(self, at + used, "of"))
            used++;
    } else if (used == 0 && (tune_reader_is_word(self, at, "a") || tune_reader_is_word(self, at, "an"))) {
        value = 1;
        used = 1;
        if ((half = tune_reader_unit(self, at + 1, UNIT_HALF)) > 0) {
            value = 0.5;
            used += half;
        }
    }
    if (used == 0)
        return 0;
    const TuneToken *token = tune_reader_token(self, at + used);
    if (token != NULL && token->glue == 0 && sscanf(token->word, "m%2u%1[s]", &rest, (char[2]){0}) >= 1) {
        minutes = (guint)value;
        *seconds = minutes * 60.0 + rest;
        return used + 1;
    }
    unit = seconds_of(self, at + used, &n);
    if (unit == 0)
        return 0;
    *seconds = value * unit;
    used += n;
    if (tune_reader_is_word(self, at + used, "and") && tune_reader_is_word(self, at + used + 1, "a") &&
        (n = tune_reader_unit(self, at + used + 2, UNIT_HALF)) > 0) {
        *seconds += unit / 2;
        return used + 2 + n;
    }
    gint joint = tune_reader_is_word(self, at + used, "and") || tune_reader_is_mark(self, at + used, '.');
    gint size = tune_reader_number(self, at + used + joint, &more);
    if (unit < 60 || size == 0)
        return used;
    if (seconds_of(self, at + used + joint + size, &n) == 1) {
        *seconds += more;
        used += joint + size + n;
    } else if (unit == 60 && joint == 0 && more < 60 && tune_reader_is_edge(self, at + used + size)) {
        *seconds += more; /* "two minutes ten" */
        used += size;
    }
    return used;
}

/* "90s" is an era unless something says that it is a length. */
static gboolean is_era(const Reader *self, gint at, gint n)
{
    const ReaderMatch *own = tune_reader_match(self, at, LEXICON_TAG);
    const ReaderMatch *behind = tune_reader_match(self, at + n, LEXICON_N_KINDS);

    if (own == NULL)
        return FALSE;
    for (guint m = 0; m < self->matches->len; m++)
        if (g_array_index(self->matches, ReaderMatch, m).entry->loop)
            return FALSE; /* "menu loop, harp, 60s" */
    if (behind != NULL && (behind->entry->loop || (behind->entry->kind == LEXICON_UNIT &&
                                                   (gint)behind->entry->value == UNIT_LENGTH)))
        return FALSE;
    return !tune_reader_is_word(self, at - 1, "for");
}

static gint era_span_at(const Reader *self, gint at, double *seconds)
{
    const TuneToken *number = tune_reader_token(self, at);
    const ReaderMatch *own = tune_reader_match(self, at, LEXICON_TAG);

    if (own == NULL || own->n != 2 || number->kind != TUNE_TOKEN_NUMBER || number->value > 99 ||
        !tune_reader_is_word(self, at + 1, "s") || is_era(self, at, 2))
        return 0;
    *seconds = number->value;
    return 2;
}

/* "0:20 drums enter", "0:30 the drop comes": something happens then. */
static gboolean something_happens(const Reader *self, gint at)
{
    static const char *const words[] = {"enter", "enters", "start", "starts", "begin", "begins", "join",
                                        "joins", "come", "comes", "kick", "kicks", "drop", "hits"};

    for (gint i = at + 1; i <= at + 4 && !tune_reader_is_edge(self, i); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(words); k++)
            if (tune_reader_is_word(self, i, words[k]))
                return TRUE;
    return FALSE;
}

static gboolean is_moment(const Reader *self, gint at)
{
    static const char *const words[] = {"at", "from", "after", "until", "till", "to", "by", "before"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (tune_reader_is_word(self, at - 1, words[i]))
            return TRUE;
    return FALSE;
}

/* Length at @at; sets *n. */
static gboolean length_at(Reader *self, gint at, gint *n, GError **error)
{
    const TuneToken *token = tune_reader_token(self, at);
    double value = 0;
    gint unit;

    *n = 0;
    if (token->used)
        return TRUE;
    if (token->kind == TUNE_TOKEN_CLOCK) {
        *n = is_moment(self, at) || something_happens(self, at) ? 0 : 1;
        return *n == 0 || tune_brief_set_seconds(self->brief, token->value, error);
    }
    if ((*n = era_span_at(self, at, &value)) > 0 || (*n = tune_reader_span(self, at, &value)) > 0) {
        if (is_moment(self, at) && !tune_reader_is_word(self, at - 1, "to")) {
            *n = 0;
            return TRUE;
        }
        return tune_brief_set_seconds(self->brief, value, error);
    }
    *n = tune_reader_number(self, at, &value);
    unit = *n == 0 ? 0 : tune_reader_unit(self, at + *n, UNIT_BAR);
    if (unit > 0) {
        *n += unit;
        if (value != floor(value) || value > 100000)
            value = -1;
        return tune_brief_set_bars(self->brief, (gint)value, error);
    }
    *n = 0;
    return TRUE;
}

/* "duration: 90": a number without a unit behind a word for length. */
static gboolean named_length_at(Reader *self, gint at, gint *n, GError **error)
{
    gint unit = tune_reader_unit(self, at, UNIT_LENGTH);
    double value = 0;

    *n = 0;
    if (unit == 0)
        return TRUE;
    gint number = skip_to_number(self, at + unit), size = tune_reader_number(self, number, &value);
    gboolean named = number > at + unit || unit > 1;
    if (size == 0 || !named || tune_reader_is_used(self, number, size) ||
        !tune_reader_is_edge(self, number + size))
        return TRUE;
    *n = number + size - at;
    return tune_brief_set_seconds(self->brief, value, error);
}

gboolean tune_parse_length(Reader *self, GError **error)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        gint n = 0;
        if (!named_length_at(self, i, &n, error) || (n == 0 && !length_at(self, i, &n, error)))
            return FALSE;
        if (n == 0)
            continue;
        tune_reader_use(self, i, n);
        i += n - 1;
    }
    return TRUE;
}
