/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The form of a piece in a sentence: lists of sections, letter patterns, moments and timed blocks.
 */
#include "brief/sentence-private.h"

#include <math.h>
#include <string.h>

#define MAX_SECTIONS 200

/* One mention of a section. */
typedef struct {
    TuneSectionRole role;
    gint first, last; /* tokens, the last one excluded */
    gint count;       /* "two verses" */
    gint bars;
    double at_seconds;
    TuneFeel feel;
} Mention;

/* ---- letters ---- */

/* Adds the sections of "AABA": A is the theme, the others contrast with it; a pattern with a C after B
 * that comes back is verse, chorus and bridge. */
void tune_brief_add_letters(TuneBrief *self, const char *letters)
{
    gboolean song = strchr(letters, 'C') != NULL && strlen(letters) >= 5 &&
                    g_str_has_suffix(letters, "B");

    for (const char *p = letters; *p != '\0'; p++) {
        TuneSectionRole role = *p == 'A' ? TUNE_SECTION_THEME : TUNE_SECTION_CONTRAST;
        if (song)
            role = *p == 'A'   ? TUNE_SECTION_VERSE
                   : *p == 'B' ? TUNE_SECTION_CHORUS : TUNE_SECTION_BRIDGE;
        tune_brief_add_section(self, role, 0);
    }
    self->sections_origin = TUNE_ORIGIN_SAID;
}

/* "AABA" as written: A first, each new letter the next of the alphabet, B at least. */
gboolean tune_form_is_letters(const char *text, gsize length)
{
    char next = 'A';

    if (length < 2 || length > 16)
        return FALSE;
    for (gsize i = 0; i < length; i++) {
        if (text[i] < 'A' || text[i] > next || next > 'F')
            return FALSE;
        if (text[i] == next)
            next++;
    }
    return next > 'B';
}

static gboolean read_letters(Reader *self)
{
    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        const TuneToken *token = tune_reader_token(self, i);
        const char *raw = self->text + token->start;
        gsize length = token->end - token->start;
        gboolean form_word = tune_reader_is_word(self, i + 1, "form") ||
                             tune_reader_is_word(self, i + 1, "structure");
        GString *letters;
        gint n = 1;

        if (token->kind != TUNE_TOKEN_WORD || token->used || (length < 3 && !(form_word && length == 2) && length != 1))
            continue;
        if (length == 4 && strncmp(raw, "ABBA", 4) == 0 && !form_word)
            continue;
        letters = g_string_new_len(raw, (gssize)length);
        while (length == 1 && letters->len < 12) { /* "A-B-A", "A B A" */
            const TuneToken *next = tune_reader_token(self, i + n);
            if (next == NULL || next->end - next->start != 1 || !g_ascii_isupper(self->text[next->start]))
                break;
            g_string_append_c(letters, self->text[next->start]);
            n++;
        }
        gboolean good = letters->len >= (form_word ? 2 : 3) &&
                        tune_form_is_letters(letters->str, letters->len);
        if (good) {
            tune_brief_add_letters(self->brief, letters->str);
            tune_reader_use(self, i, n + (form_word ? 1 : 0));
        }
        g_string_free(letters, TRUE);
        if (good)
            return TRUE;
    }
    return FALSE;
}

/* ---- mentions ---- */

static const ReaderMatch *section_match(const Reader *self, gint at)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_SECTION);

    return match != NULL && match->at == (guint)at &&
                   !tune_reader_is_used(self, at, (gint)match->n) ? match : NULL;
}

/* Is there a section within a few tokens before or behind, with only list signs between? */
static gboolean in_section_list(const Reader *self, gint at, gint n)
{
    for (gint side = -1; side <= 1; side += 2) {
        gint i = side < 0 ? at - 1 : at + n;
        for (gint steps = 0; steps < 6; steps++, i += side) {
            const TuneToken *token = tune_reader_token(self, i);
            gboolean bars = (token != NULL && token->kind == TUNE_TOKEN_NUMBER) ||
                            tune_reader_unit(self, i, UNIT_BAR) > 0;
            if (tune_reader_match(self, i, LEXICON_SECTION) != NULL)
                return TRUE;
            if (!bars && !tune_reader_is_mark(self, i, ',') && !tune_reader_is_mark(self, i, '>') &&
                !tune_reader_is_mark(self, i, '-') && !tune_reader_is_word(self, i, "and") &&
                !tune_reader_is_word(self, i, "then") && !tune_reader_is_word(self, i, "a"))
                break;
        }
    }
    return FALSE;
}

/* "solo" and "build" are sections in the company of sections. */
static gboolean listed_section(const Reader *self, gint at, TuneSectionRole *role, gint *n)
{
    const ReaderMatch *match = tune_reader_match(self, at, LEXICON_N_KINDS);

    if (match == NULL || match->at != (guint)at || match->negated ||
        tune_reader_is_used(self, at, (gint)match->n))
        return FALSE;
    *n = (gint)match->n;
    const TuneToken *moment = tune_reader_token(self, at + *n + 1);
    gboolean timed = tune_reader_is_word(self, at + *n, "at") && moment != NULL &&
                     moment->kind == TUNE_TOKEN_CLOCK;
    if (!timed && !in_section_list(self, at, *n))
        return FALSE;
    if (match->entry->kind == LEXICON_UNIT && (gint)match->entry->value == UNIT_SOLO &&
        tune_reader_match(self, at + *n, LEXICON_INSTRUMENT) == NULL &&
        tune_reader_match(self, at + *n, LEXICON_GENERIC) == NULL) {
        *role = TUNE_SECTION_SOLO;
        return TRUE;
    }
    if (match->entry->kind == LEXICON_PHRASE && match->entry->shape == TUNE_SHAPE_BUILD &&
        g_str_has_prefix(tune_reader_token(self, at)->word, "build")) {
        *role = TUNE_SECTION_BUILD;
        return TRUE;
    }
    return FALSE;
}

static gint bars_at(const Reader *self, gint at, gint *n)
{
    double value = 0;
    gint size = tune_reader_number(self, at, &value);
    gint unit = size == 0 ? 0 : tune_reader_unit(self, at + size, UNIT_BAR);

    *n = size + unit;
    return unit > 0 && value >= 1 && value <= 256 && value == floor(value) ? (gint)value : 0;
}

/* What stands before a section: "two", "8 bar", "a 4-bar". */
static void read_before(const Reader *self, Mention *mention)
{
    for (gint back = 4; back >= 1; back--) {
        gint at = mention->first - back, n = 0;
        double value = 0;
        if (tune_reader_token(self, at) == NULL || tune_reader_is_used(self, at, back))
            continue;
        gint bars = bars_at(self, at, &n);
        if (bars > 0 && n == back) {
            mention->bars = bars;
            mention->first = at;
            return;
        }
        n = tune_reader_number(self, at, &value);
        if (n == back && value >= 1 && value <= 60 && value == floor(value) &&
            tune_reader_token(self, mention->first)->glue != '/') {
            mention->count = (gint)value;
            mention->first = at;
            return;
        }
    }
}

/* What stands behind: a verse's number, "of 8 bars", "(8 bars)", "at 0:45". */
static void read_behind(const Reader *self, Mention *mention)
{
    gint at = mention->last, n = 0;
    double value = 0;

    gint open = tune_reader_is_mark(self, at, '(') || tune_reader_is_word(self, at, "of") ||
                        tune_reader_is_mark(self, at, ':') ? 1 : 0;
    gint bars = bars_at(self, at + open, &n);
    if (bars > 0) {
        mention->bars = bars;
        mention->last = at + open + n + (tune_reader_is_mark(self, at + open + n, ')') ? 1 : 0);
        return;
    }
    const TuneToken *token = tune_reader_token(self, at);
    if (token != NULL && token->kind == TUNE_TOKEN_NUMBER && token->value <= 9 &&
        (tune_reader_is_edge(self, at + 1) || tune_reader_token(self, at + 1)->glue == '-'))
        at = mention->last = at + 1;
    gint moment = at;
    while (tune_reader_is_word(self, moment, "comes") || tune_reader_is_word(self, moment, "hits") ||
           tune_reader_is_word(self, moment, "starts") || tune_reader_is_word(self, moment, "in"))
        moment++;
    gboolean at_clock = (tune_reader_is_word(self, moment, "a") || tune_reader_is_word(self, moment, "à")) &&
                        tune_reader_token(self, moment + 1) != NULL &&
                        tune_reader_token(self, moment + 1)->kind == TUNE_TOKEN_CLOCK; /* "drop a 0:45" */
    if (!at_clock && !tune_reader_is_word(self, moment, "at") && !tune_reader_is_word(self, moment, "after") &&
        !tune_reader_is_mark(self, moment, '@'))
        return;
    token = tune_reader_token(self, ++moment);
    n = tune_reader_number(self, moment, &value);
    gint unit = n == 0 ? 0 : tune_reader_unit(self, moment + n, UNIT_SECOND);
    if (token != NULL && token->kind == TUNE_TOKEN_CLOCK) {
        mention->at_seconds = token->value;
        mention->last = moment + 1;
    } else if (unit > 0) {
        mention->at_seconds = value;
        mention->last = moment + n + unit;
    }
}

/* "at 0:45 the drop" */
static void read_moment_before(const Reader *self, Mention *mention)
{
    gint at = mention->first - 1;

    while (at > 0 && (tune_reader_is_word(self, at, "the") || tune_reader_is_word(self, at, "a") ||
                      tune_reader_is_mark(self, at, ',') || tune_reader_is_mark(self, at, ':')))
        at--;
    const TuneToken *token = tune_reader_token(self, at);
    if (mention->at_seconds < 0 && token != NULL && token->kind == TUNE_TOKEN_CLOCK && !token->used &&
        (tune_reader_is_word(self, at - 1, "at") || tune_reader_is_mark(self, at + 1, ':'))) {
        mention->at_seconds = token->value;
        mention->first = at - 1;
    }
}

/* "half time", "double-time": tokens of it at @at, 0 when it is not there. */
static gint feel_at(const Reader *self, gint at, TuneFeel *feel)
{
    static const char *const words[2][2] = {{"half", "halftime"}, {"double", "doubletime"}};

    for (gint i = 0; i < 2; i++) {
        gboolean two = tune_reader_is_word(self, at, words[i][0]) &&
                       tune_reader_is_word(self, at + 1, "time");
        if (!two && !tune_reader_is_word(self, at, words[i][1]))
            continue;
        *feel = i == 0 ? TUNE_FEEL_HALF : TUNE_FEEL_DOUBLE;
        return two ? 2 : 1;
    }
    return 0;
}

/* "a half-time chorus", "chorus in double time" */
static void read_feel(const Reader *self, Mention *mention)
{
    for (gint n = 1; n <= 2; n++)
        if (mention->first >= n && feel_at(self, mention->first - n, &mention->feel) == n) {
            mention->first -= n;
            return;
        }
    gint at = mention->last;
    if (tune_reader_is_word(self, at, "in") || tune_reader_is_word(self, at, "is"))
        at++;
    gint n = at > mention->last ? feel_at(self, at, &mention->feel) : 0;
    if (n > 0)
        mention->last = at + n;
}

static GArray *find_mentions(Reader *self)
{
    GArray *mentions = g_array_new(FALSE, FALSE, sizeof(Mention));

    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        const ReaderMatch *match = section_match(self, i);
        Mention mention = {.first = i, .count = 1, .at_seconds = -1};
        gint n = 0;
        if (match != NULL && match->negated) {
            g_autofree char *tag = g_strdup_printf("no-%s", match->entry->name);
            tune_brief_add_tag(self->brief, tag);
            tune_reader_use(self, i, (gint)match->n);
            continue;
        }
        if (match != NULL) {
            mention.role = match->entry->section;
            n = (gint)match->n;
        } else if (!listed_section(self, i, &mention.role, &n)) {
            continue;
        }
        mention.last = i + n;
        read_feel(self, &mention);
        read_before(self, &mention);
        read_moment_before(self, &mention);
        read_behind(self, &mention);
        tune_reader_use(self, mention.first, mention.last - mention.first);
        g_array_append_val(mentions, mention);
        i = mention.last - 1;
    }
    return mentions;
}

/* Does only what joins a list stand between two mentions? */
static gboolean are_joined(const Reader *self, const Mention *a, const Mention *b)
{
    for (gint i = a->last; i < b->first; i++) {
        const ReaderMatch *match = tune_reader_match(self, i, LEXICON_N_KINDS);
        gboolean mark = tune_reader_is_mark(self, i, ',') || tune_reader_is_mark(self, i, '>') ||
                        tune_reader_is_mark(self, i, '-') || tune_reader_is_mark(self, i, '|') ||
                        tune_reader_is_mark(self, i, ';');
        if (!mark && !(match != NULL && match->entry->kind == LEXICON_STOP &&
                       !tune_reader_is_word(self, i, "in")))
            return FALSE;
    }
    return TRUE;
}

static void add_mention(TuneBrief *brief, const Mention *mention)
{
    tune_brief_add_section(brief, mention->role, mention->bars);
    g_array_index(brief->sections, TuneBriefSection, brief->sections->len - 1).at_seconds =
        mention->at_seconds;
    g_array_index(brief->sections, TuneBriefSection, brief->sections->len - 1).feel = mention->feel;
}

/* "two verses, two choruses" take turns; others stand one after the other. */
static void add_mentions(TuneBrief *brief, const GArray *mentions)
{
    for (guint i = 0; i < mentions->len; i++) {
        const Mention *a = &g_array_index(mentions, Mention, i);
        const Mention *b = i + 1 < mentions->len ? a + 1 : NULL;
        gboolean turns = b != NULL && a->count > 1 && b->count > 1 &&
                         a->role == TUNE_SECTION_VERSE && b->role == TUNE_SECTION_CHORUS;
        for (gint k = 0; k < MAX(a->count, turns ? b->count : 0); k++) {
            if (k < a->count)
                add_mention(brief, a);
            if (turns && k < b->count)
                add_mention(brief, b);
        }
        i += turns;
    }
}

static gboolean is_whole_form(const Reader *self, const GArray *mentions)
{
    guint joined = 0, n = 0;

    for (guint i = 0; i < mentions->len; i++) {
        const Mention *a = &g_array_index(mentions, Mention, i);
        n += (guint)a->count;
        joined += i > 0 && are_joined(self, a - 1, a);
    }
    return joined + 1 == mentions->len && (mentions->len >= 3 || (mentions->len == 2 && n >= 2));
}

/* "with 6 sections": the number is said, what they are is not: intro, verses and choruses, outro. */
static gboolean read_section_count(Reader *self, GError **error)
{
    TuneBrief *brief = self->brief;

    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        double value = 0;
        gint n = tune_reader_number(self, i, &value);
        if (n == 0 || tune_reader_is_used(self, i, n) || value < 2 || value != floor(value) ||
            !tune_reader_is_word(self, i + n, "sections"))
            continue;
        if (value > MAX_SECTIONS) {
            g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                        "structure: %g sections are more than the %d that a piece can have", value,
                        MAX_SECTIONS);
            return FALSE;
        }
        for (gint k = 0; k < (gint)value; k++) {
            gboolean framed = value >= 4;
            tune_brief_add_section(brief,
                                   framed && k == 0                 ? TUNE_SECTION_INTRO
                                   : framed && k == (gint)value - 1 ? TUNE_SECTION_OUTRO
                                   : (k - framed) % 2 == 0          ? TUNE_SECTION_VERSE
                                                                    : TUNE_SECTION_CHORUS,
                                   0);
        }
        brief->sections_origin = TUNE_ORIGIN_SAID;
        tune_reader_use(self, i, n + 1);
        return TRUE;
    }
    return TRUE;
}

gboolean tune_parse_form(Reader *self, GError **error)
{
    TuneBrief *brief = self->brief;
    g_autoptr(GArray) mentions = NULL;

    if (brief->sections->len > 0 || read_letters(self))
        return TRUE;
    mentions = find_mentions(self);
    if (mentions->len == 0)
        return read_section_count(self, error);
    guint total = 0;
    for (guint i = 0; i < mentions->len; i++)
        total += (guint)g_array_index(mentions, Mention, i).count;
    if (total > MAX_SECTIONS) {
        g_set_error(error, TUNE_BRIEF_ERROR, TUNE_BRIEF_ERROR_FIELD,
                    "structure: %u sections are more than the %d that a piece can have", total,
                    MAX_SECTIONS);
        return FALSE;
    }
    add_mentions(brief, mentions);
    brief->sections_origin = TUNE_ORIGIN_SAID;
    brief->sections_partial = !is_whole_form(self, mentions);
    return TRUE;
}
