/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Genres, moods, words for speed, tags and phrases of a sentence: everything that is one entry of the
 * lexicon and nothing more.
 */
#include "brief/sentence-private.h"

#include <math.h>
#include <string.h>

/* Sums of feelings.  Strong ones count more than weak ones, so that "dark, driving" stays dark. */
typedef struct {
    double sum[3], weight[3];
    gint n;
} Feelings;

static void feel(Feelings *self, const LexiconEntry *entry, gboolean negated)
{
    const double values[] = {entry->valence, entry->arousal, entry->tension};

    for (gint i = 0; i < 3; i++) {
        double value = negated ? -0.5 * values[i] : values[i];
        self->sum[i] += value * fabs(value);
        self->weight[i] += fabs(value);
    }
    self->n++;
}

static double felt(const Feelings *self, gint i)
{
    return self->weight[i] > 0 ? round(self->sum[i] / self->weight[i] * 1000) / 1000 : 0;
}

typedef struct {
    Feelings said, hinted;
    gboolean minor;
    const ReaderMatch *first_genre, *last_genre;
} Gathered;

/* ---- single fields ---- */

static void infer_mode(TuneBrief *brief, TuneMode mode)
{
    if (brief->mode_origin == TUNE_ORIGIN_NONE) {
        brief->key.mode = mode;
        brief->mode_origin = TUNE_ORIGIN_INFERRED;
    }
}

static void infer_metre(TuneBrief *brief, const LexiconEntry *entry)
{
    if (brief->metre_origin == TUNE_ORIGIN_NONE) {
        brief->metre = entry->metre;
        brief->metre_origin = entry->kind == LEXICON_PHRASE ? TUNE_ORIGIN_SAID : TUNE_ORIGIN_INFERRED;
    }
}

static void wish_tempo(TuneBrief *brief, const ReaderMatch *match, const char *word)
{
    double low = match->entry->tempo_low, high = match->entry->tempo_high;

    if (match->negated) {
        gboolean was_fast = low >= 110;
        high = was_fast ? low - 8 : 200;
        low = was_fast ? 50 : match->entry->tempo_high;
    }
    if (!brief->bpm_hard) {
        tune_brief_wish_tempo(brief, low, high);
    } else if (brief->bpm_high < low || brief->bpm_low > high) {
        tune_brief_note(brief, "\"%s\" gave way: %g bpm is said", word, brief->bpm_low);
    }
}

static void hint_style(Reader *self, const LexiconEntry *entry)
{
    const TuneStyle *style;

    if (self->brief->style != NULL || entry->style == NULL)
        return;
    style = tune_lexicon_style(self->vocabulary, entry, NULL);
    if (style != NULL) {
        self->brief->style = style;
        self->brief->style_origin = TUNE_ORIGIN_INFERRED;
    }
}

static void add_tags(TuneBrief *brief, const LexiconEntry *entry)
{
    if (entry->kind == LEXICON_TAG)
        tune_brief_add_tag(brief, entry->name);
    for (guint i = 0; entry->tags != NULL && entry->tags[i] != NULL; i++)
        tune_brief_add_tag(brief, entry->tags[i]);
}

/* ---- entries by kind ---- */

static void take_phrase(Reader *self, const ReaderMatch *match)
{
    TuneBrief *brief = self->brief;
    const LexiconEntry *entry = match->entry;

    if (entry->has_ending && brief->ending_origin == TUNE_ORIGIN_NONE) {
        brief->ending = entry->ending;
        brief->ending_origin = TUNE_ORIGIN_SAID;
    }
    if (entry->loop) {
        brief->loop = TRUE;
        brief->loop_origin = TUNE_ORIGIN_SAID;
    }
    if (entry->shape != TUNE_SHAPE_AUTO && brief->shape_origin == TUNE_ORIGIN_NONE) {
        brief->shape = entry->shape;
        brief->shape_origin = TUNE_ORIGIN_SAID;
    }
    if (entry->curve != TUNE_TEMPO_STEADY && brief->tempo_curve_origin == TUNE_ORIGIN_NONE) {
        brief->tempo_curve = entry->curve;
        brief->tempo_curve_origin = TUNE_ORIGIN_SAID;
    }
    if (entry->no_vocals) {
        brief->no_vocals = TRUE;
        brief->no_vocals_origin = TUNE_ORIGIN_SAID;
    }
    if (entry->form != NULL && brief->sections->len == 0)
        tune_brief_add_letters(brief, entry->form);
}

static void take_mood(Gathered *gathered, TuneBrief *brief, const ReaderMatch *match,
                      const char *word)
{
    feel(&gathered->said, match->entry, match->negated);
    if (match->negated)
        return;
    gathered->minor = gathered->minor || match->entry->has_mode;
    g_ptr_array_add(brief->moods, g_strdup(word));
}

static char *word_of(const Reader *self, const ReaderMatch *match)
{
    const TuneToken *first = tune_reader_token(self, (gint)match->at);
    const TuneToken *last = tune_reader_token(self, (gint)(match->at + match->n) - 1);
    g_autofree char *raw = g_strndup(self->text + first->start, last->end - first->start);

    return g_utf8_strdown(raw, -1);
}

static void take_match(Reader *self, Gathered *gathered, const ReaderMatch *match)
{
    const LexiconEntry *entry = match->entry;
    TuneBrief *brief = self->brief;
    g_autofree char *word = word_of(self, match);

    if (entry->kind == LEXICON_MOOD) {
        take_mood(gathered, brief, match, word);
    } else if (entry->has_mood && !match->negated) {
        feel(&gathered->hinted, entry, FALSE);
    }
    if (entry->tempo_low > 0 && entry->kind == LEXICON_TEMPO)
        wish_tempo(brief, match, word);
    if (match->negated) {
        if (entry->kind == LEXICON_GENRE || entry->kind == LEXICON_TAG)
            tune_brief_note(brief, "\"%s\" is not wanted", word);
        return;
    }
    if (entry->kind == LEXICON_PHRASE)
        take_phrase(self, match);
    add_tags(brief, entry);
    brief->blues_form = brief->blues_form || entry->blues;
    if (entry->has_metre)
        infer_metre(brief, entry);
    if (entry->has_mode && entry->kind != LEXICON_MOOD)
        infer_mode(brief, entry->mode);
}

/* ---- genres ---- */

static const TuneStyle *set_style(Reader *self, const ReaderMatch *match)
{
    TuneBrief *brief = self->brief;
    gboolean own = FALSE;

    brief->style = tune_lexicon_style(self->vocabulary, match->entry, &own);
    if (brief->style == NULL)
        return NULL;
    brief->style_origin = TUNE_ORIGIN_SAID;
    if (!own) {
        brief->style_asked = g_strdup(match->entry->name);
        tune_brief_note(brief, "%s is no style of its own: the nearest one, %s, is taken",
                        match->entry->name, tune_style_name(brief->style));
    }
    return brief->style;
}

/* Genres side by side are a compound whose last word is the noun: "ambient techno" is techno. */
static const ReaderMatch *head_of_compound(const Reader *self, const ReaderMatch *match)
{
    for (;;) {
        gint behind = (gint)(match->at + match->n);
        const TuneToken *token = tune_reader_token(self, behind);
        const ReaderMatch *next = tune_reader_match(self, behind, LEXICON_GENRE);
        if (next == NULL || next->negated || token->glue == '/')
            return match;
        match = next;
    }
}

static void take_genres(Reader *self)
{
    const ReaderMatch *head = NULL;
    TuneBrief *brief = self->brief;

    for (guint m = 0; m < self->matches->len && head == NULL; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (match->entry->kind == LEXICON_GENRE && !match->negated)
            head = head_of_compound(self, match);
    }
    if (head == NULL || set_style(self, head) == NULL)
        return;
    if (head->entry->tempo_low > 0 && brief->bpm_origin == TUNE_ORIGIN_NONE) {
        brief->bpm_low = head->entry->tempo_low;
        brief->bpm_high = head->entry->tempo_high;
        brief->bpm_origin = TUNE_ORIGIN_INFERRED;
    }
    for (guint m = 0; m < self->matches->len && brief->blend == NULL; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (match->entry->kind != LEXICON_GENRE || match->negated || match == head ||
            match->entry->blues)
            continue; /* blues beside a genre is a form */
        const TuneStyle *style = tune_lexicon_style(self->vocabulary, match->entry, NULL);
        if (style != brief->style)
            brief->blend = style;
    }
}

static void take_feelings(Gathered *gathered, TuneBrief *brief)
{
    const Feelings *feelings = gathered->said.n > 0 ? &gathered->said : &gathered->hinted;

    if (feelings->n == 0)
        return;
    brief->valence = felt(feelings, 0);
    brief->arousal = felt(feelings, 1);
    brief->tension = felt(feelings, 2);
    brief->mood_origin = gathered->said.n > 0 ? TUNE_ORIGIN_SAID : TUNE_ORIGIN_INFERRED;
    if (gathered->minor && brief->valence < 0)
        infer_mode(brief, TUNE_MODE_MINOR);
}

/* "trap drums" names an instrument, and hints at a style; so do tags and groups. */
static void take_hints(Reader *self)
{
    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        const LexiconEntry *first = NULL;
        if (match->entry->kind == LEXICON_GENRE || match->negated)
            continue;
        hint_style(self, match->entry);
        if (match->entry->kind == LEXICON_INSTRUMENT && match->n > 1)
            first = tune_lexicon_genre(self->vocabulary, tune_reader_token(self, (gint)match->at)->word);
        if (first != NULL && self->brief->style == NULL) {
            self->brief->style = tune_lexicon_style(self->vocabulary, first, NULL);
            self->brief->style_origin =
                self->brief->style == NULL ? TUNE_ORIGIN_NONE : TUNE_ORIGIN_INFERRED;
        }
    }
}

gboolean tune_parse_words(Reader *self, GError **error)
{
    Gathered gathered = {0};

    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        gboolean taken = match->entry->kind <= LEXICON_TAG || match->entry->kind == LEXICON_PHRASE;
        if (!taken || tune_reader_is_used(self, (gint)match->at, (gint)match->n))
            continue;
        tune_reader_use(self, (gint)match->at, (gint)match->n);
        take_match(self, &gathered, match);
    }
    take_genres(self);
    take_hints(self);
    take_feelings(&gathered, self->brief);
    return TRUE;
}
