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
    const LexiconEntry *artists[2];
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

    if (entry->kind == LEXICON_ARTIST && !match->negated) {
        gint i = gathered->artists[0] == NULL ? 0 : 1;
        gathered->artists[i] = gathered->artists[i] == NULL ? entry : gathered->artists[i];
    }
    if (entry->kind == LEXICON_MOOD) {
        take_mood(gathered, brief, match, word);
    } else if (entry->has_mood && !match->negated) {
        feel(&gathered->hinted, entry, FALSE);
    }
    if (entry->tempo_low > 0 && entry->kind == LEXICON_TEMPO)
        wish_tempo(brief, match, word);
    if (match->negated) {
        if (entry->kind == LEXICON_GENRE || entry->kind == LEXICON_TAG || entry->kind == LEXICON_ARTIST)
            tune_brief_note(brief, "\"%s\" is not wanted", word);
        return;
    }
    if (entry->kind == LEXICON_PHRASE || entry->loop)
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

/* "cinematic" beside "tender-cinematic": the second says it more exactly. */
static gboolean is_kind_of(const Reader *self, const LexiconEntry *special, const LexiconEntry *general)
{
    const TuneStyle *of = tune_lexicon_style(self->vocabulary, special, NULL);
    const TuneStyle *in = tune_lexicon_style(self->vocabulary, general, NULL);
    const char *name = of == NULL ? "" : tune_style_name(of);
    const char *stem = in == NULL ? "?" : tune_style_name(in);

    g_autofree char *front = g_strconcat(stem, "-", NULL), *back = g_strconcat("-", stem, NULL);

    return g_str_has_prefix(name, front) || g_str_has_suffix(name, back);
}

/* Genres side by side are a compound whose last word is the noun: "ambient techno" is techno.  A word that
 * is no style of its own gives way: a "baroque concerto" is baroque. */
static const ReaderMatch *head_of_compound(const Reader *self, const ReaderMatch *match)
{
    const ReaderMatch *head = match;

    for (;;) {
        gint behind = (gint)(match->at + match->n);
        const TuneToken *token = tune_reader_token(self, behind);
        const ReaderMatch *next = tune_reader_match(self, behind, LEXICON_GENRE);
        if (next == NULL || next->negated || token->glue == '/')
            return head;
        match = next;
        if ((match->entry->own_style != NULL || head->entry->own_style == NULL) &&
            !is_kind_of(self, head->entry, match->entry))
            head = match;
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
            match->entry->blues || is_kind_of(self, head->entry, match->entry))
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

/* ---- artists ---- */

static gboolean names_players(const Reader *self)
{
    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        if (!match->negated && (match->entry->kind == LEXICON_INSTRUMENT ||
                                match->entry->kind == LEXICON_GENERIC || match->entry->kind == LEXICON_GROUP))
            return TRUE;
    }
    return FALSE;
}

/* What an artist's name adds, for the report: "cinematic, 70 to 130 bpm, String section, ...". */
static char *attributes_of(const Reader *self, const LexiconEntry *entry, const TuneStyle *style)
{
    GString *out = g_string_new(style == NULL ? "" : tune_style_name(style));

    if (entry->tempo_low > 0)
        g_string_append_printf(out, ", %g to %g bpm", entry->tempo_low, entry->tempo_high);
    if (entry->has_mode)
        g_string_append_printf(out, ", %s", tune_mode_name(entry->mode));
    for (guint i = 0; i < entry->members->len; i++) {
        const char *key = g_array_index(entry->members, LexiconMember, i).instrument;
        g_string_append_printf(out, ", %s", tune_instruments_find(self->vocabulary->instruments, key)->name);
    }
    for (guint i = 0; entry->tags != NULL && entry->tags[i] != NULL; i++)
        g_string_append_printf(out, ", %s", entry->tags[i]);
    return g_string_free(out, FALSE);
}

/* "like Hans Zimmer": attributes of the music, each an inference that anything said outranks.  His
 * instruments play only where none is named. */
static void take_artist(Reader *self, const LexiconEntry *entry)
{
    TuneBrief *brief = self->brief;
    const TuneStyle *style = tune_lexicon_style(self->vocabulary, entry, NULL);
    g_autofree char *attributes = attributes_of(self, entry, style);

    g_ptr_array_add(brief->style_references, g_strdup_printf("artist: %s", entry->name));
    tune_brief_note(brief, "like %s, inferred: %s", entry->name, attributes);
    if (brief->style == NULL && style != NULL) {
        brief->style = style;
        brief->style_origin = TUNE_ORIGIN_INFERRED;
    } else if (style != brief->style && brief->style_origin == TUNE_ORIGIN_INFERRED && brief->blend == NULL) {
        brief->blend = style;
    }
    if (brief->bpm_origin == TUNE_ORIGIN_NONE && entry->tempo_low > 0) {
        brief->bpm_low = entry->tempo_low;
        brief->bpm_high = entry->tempo_high;
        brief->bpm_origin = TUNE_ORIGIN_INFERRED;
    }
    for (guint i = 0; i < entry->members->len && !names_players(self); i++) {
        const char *key = g_array_index(entry->members, LexiconMember, i).instrument;
        tune_brief_add_instrument(brief, tune_instruments_find(self->vocabulary->instruments, key), 1,
                                  NULL, TUNE_ORIGIN_INFERRED);
    }
}

/* ---- feelings by number ---- */

/* "valence 0.8, arousal: -0.5", "energy 9/10": tokens used. */
static gint feeling_at(Reader *self, gint at, double feelings[3], guint *said)
{
    static const char *const names[] = {"valence", "arousal", "tension", "energy"};
    const TuneToken *number;
    gsize axis = 0;
    gint i = at + 1;

    while (axis < G_N_ELEMENTS(names) && !tune_reader_is_word(self, at, names[axis]))
        axis++;
    if (axis == G_N_ELEMENTS(names))
        return 0;
    while (tune_reader_is_mark(self, i, ':') || tune_reader_is_mark(self, i, '=') ||
           tune_reader_is_word(self, i, "of") || tune_reader_is_word(self, i, "level"))
        i++;
    gboolean minus = tune_reader_is_mark(self, i, '-');
    number = tune_reader_token(self, i + minus);
    if (number == NULL || number->kind != TUNE_TOKEN_NUMBER || number->used)
        return 0;
    double value = number->value;
    const TuneToken *most = tune_reader_token(self, i + 1);
    minus = minus || number->glue == '-';
    if (most != NULL && most->kind == TUNE_TOKEN_NUMBER && most->glue == '/' && most->value > 0) {
        value = value / most->value * 2 - 1;
        i++;
    } else if (axis == 3 && value > 1 && value <= 10) {
        value = value / 10 * 2 - 1;
    } else if (axis == 3) {
        value = value * 2 - 1;
    }
    axis = axis == 3 ? 1 : axis;
    feelings[axis] = CLAMP(minus ? -value : value, -1, 1);
    *said |= 1u << axis;
    return i + 1 + (tune_reader_is_mark(self, i, '-') ? 1 : 0) - at;
}

static void take_numbers_of_feeling(Reader *self, Gathered *gathered)
{
    double feelings[3] = {0, 0, 0};
    guint said = 0;

    for (gint i = 0; i < (gint)self->tokens->len; i++) {
        gint n = feeling_at(self, i, feelings, &said);
        if (n > 0)
            tune_reader_use(self, i, n);
    }
    for (gint axis = 0; axis < 3; axis++) {
        if (!(said & (1u << axis)))
            continue;
        gathered->said.sum[axis] = feelings[axis]; /* a number outranks the words */
        gathered->said.weight[axis] = 1;
        gathered->said.n++;
    }
}

/* A group of players ("string quartet") says more of the style than a use or a place ("children"), and both
 * say more than a mood before them. */
static void hint_by_rank(Reader *self)
{
    static const LexiconKind ranks[] = {LEXICON_GROUP, LEXICON_TAG};

    for (gsize r = 0; r < G_N_ELEMENTS(ranks); r++)
        for (guint m = 0; m < self->matches->len; m++) {
            const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);

            if (match->entry->kind == ranks[r] && !match->negated)
                hint_style(self, match->entry);
        }
}

/* "trap drums" names an instrument, and hints at a style; so do tags and groups. */
static void take_hints(Reader *self)
{
    hint_by_rank(self);
    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        const LexiconEntry *first = NULL;
        if (match->entry->kind == LEXICON_GENRE || match->negated)
            continue;
        hint_style(self, match->entry);
        if (match->entry->kind == LEXICON_INSTRUMENT && self->brief->style == NULL) {
            self->brief->style = tune_styles_find(self->vocabulary->styles, match->entry->name);
            if (self->brief->style != NULL) /* "choir" */
                self->brief->style_origin = TUNE_ORIGIN_INFERRED;
        }
        if ((match->entry->kind == LEXICON_INSTRUMENT || match->entry->kind == LEXICON_GROUP) && match->n > 1)
            first = tune_lexicon_genre(self->vocabulary, tune_reader_token(self, (gint)match->at)->word);
        if (first != NULL && match->entry->kind == LEXICON_GROUP && self->brief->style_origin < TUNE_ORIGIN_SAID) {
            self->brief->style = tune_lexicon_style(self->vocabulary, first, NULL); /* "jazz trio" */
            self->brief->style_origin = TUNE_ORIGIN_SAID;
        }
        if (first != NULL && self->brief->style == NULL) {
            self->brief->style = tune_lexicon_style(self->vocabulary, first, NULL);
            self->brief->style_origin =
                self->brief->style == NULL ? TUNE_ORIGIN_NONE : TUNE_ORIGIN_INFERRED;
        }
    }
}

/* "Ending: cold." */
static void take_named_ending(Reader *self)
{
    TuneBrief *brief = self->brief;

    for (gint i = 0; i + 2 < (gint)self->tokens->len; i++) {
        gboolean named = tune_reader_is_word(self, i, "ending") || tune_reader_is_word(self, i, "end");
        const TuneToken *word = tune_reader_token(self, i + 2);
        TuneEnding ending;
        if (!named || !tune_reader_is_mark(self, i + 1, ':') || word->kind != TUNE_TOKEN_WORD ||
            !tune_ending_parse(word->word, &ending) || brief->ending_origin != TUNE_ORIGIN_NONE)
            continue;
        brief->ending = ending;
        brief->ending_origin = TUNE_ORIGIN_SAID;
        tune_reader_use(self, i, 3);
    }
}

gboolean tune_parse_words(Reader *self, GError **error)
{
    Gathered gathered = {0};

    take_named_ending(self);

    for (guint m = 0; m < self->matches->len; m++) {
        const ReaderMatch *match = &g_array_index(self->matches, ReaderMatch, m);
        gboolean taken = match->entry->kind <= LEXICON_TAG || match->entry->kind == LEXICON_PHRASE ||
                         match->entry->kind == LEXICON_ARTIST;
        if (!taken || tune_reader_is_used(self, (gint)match->at, (gint)match->n))
            continue;
        tune_reader_use(self, (gint)match->at, (gint)match->n);
        take_match(self, &gathered, match);
    }
    take_genres(self);
    for (gsize i = 0; i < G_N_ELEMENTS(gathered.artists); i++)
        if (gathered.artists[i] != NULL)
            take_artist(self, gathered.artists[i]);
    take_numbers_of_feeling(self, &gathered);
    take_hints(self);
    take_feelings(&gathered, self->brief);
    return TRUE;
}
