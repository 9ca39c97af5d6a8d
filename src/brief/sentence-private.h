/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parsers of a sentence share.  Each parser looks through the tokens for what it knows, writes
 * it to the brief and marks the tokens as used; what nobody used was not understood.
 */
#pragma once
#include "brief/brief.h"
#include "brief/lexicon.h"
#include "brief/text.h"

typedef struct {
    const LexiconEntry *entry;
    guint at, n;      /* tokens */
    gboolean negated;
    LexiconNegation negation; /* how, if negated */
} ReaderMatch;

/* The text of one moment of a list of moments (parse-timed.c). */
typedef struct {
    double start, end; /* seconds; end < 0: not said */
    gint from, to;     /* tokens of its text */
} ReaderBlock;

typedef struct {
    const TuneVocabulary *vocabulary;
    TuneBrief *brief; /* what was heard; origin SAID or INFERRED */
    char *text;       /* normalised, in English */
    Translation translation; /* without its text: what was said where the text is a translation */
    GArray *tokens;   /* TuneToken */
    GArray *matches;  /* ReaderMatch, in order */
    const TuneBrief *context; /* (nullable) what is known already, of a higher rank */
    GPtrArray *numerals;      /* char*: Roman numerals, waiting for the key */
    GArray *blocks;           /* ReaderBlock */
    GArray *moments;          /* of parse-moments.c */
} Reader;

/* ---- looking at tokens (sentence.c); every index may lie outside, then the answer is "no" ---- */
TuneToken *tune_reader_token(const Reader *self, gint at);
gboolean tune_reader_is_word(const Reader *self, gint at, const char *word);
gboolean tune_reader_is_mark(const Reader *self, gint at, char mark);
/* TRUE where a phrase ends: outside the text or at a mark. */
gboolean tune_reader_is_edge(const Reader *self, gint at);
/* The match that covers token @at, NULL if none; @kind LEXICON_N_KINDS = any. */
ReaderMatch *tune_reader_match(const Reader *self, gint at, LexiconKind kind);
/* The unit that starts at token @at: how many tokens, 0 if it is not there. */
gint tune_reader_unit(const Reader *self, gint at, LexiconUnit unit);
/* A number at @at, in digits or in words ("one hundred and twenty", "two and a half"): how many tokens,
 * 0 if there is none. */
gint tune_reader_number(const Reader *self, gint at, double *value);
/* A span of time at @at ("90 seconds", "a minute and a half", "1m30s"): how many tokens, 0 if none. */
gint tune_reader_span(const Reader *self, gint at, double *seconds);
void tune_reader_use(const Reader *self, gint at, gint n);
gboolean tune_reader_is_used(const Reader *self, gint at, gint n);
/* Drops what the lexicon found in these tokens, or partly in them: they turned out to be no words.  Indices of
 * matches change. */
void tune_reader_forget(Reader *self, gint at, gint n);
/* Unused stop words between @at and what follows: the index of what follows. */
gint tune_reader_skip_stops(const Reader *self, gint at, gint most);
/* The run of non-blank bytes that starts at token @at, without closing punctuation: how many tokens.
 * (transfer full) in @chunk. */
gint tune_reader_chunk(const Reader *self, gint at, char **chunk);

/* ---- the parsers, in the order in which they run ---- */
gboolean tune_parse_title(Reader *self, GError **error);
gboolean tune_parse_timed(Reader *self, GError **error);   /* parse-timed.c */
gboolean tune_parse_key(Reader *self, GError **error);
gboolean tune_parse_chords(Reader *self, GError **error);
gboolean tune_parse_metre(Reader *self, GError **error);
gboolean tune_parse_tempo(Reader *self, GError **error);
gboolean tune_parse_form(Reader *self, GError **error);
gboolean tune_find_moments(Reader *self, GError **error);  /* parse-moments.c */
gboolean tune_parse_length(Reader *self, GError **error);
gboolean tune_parse_instruments(Reader *self, GError **error);
gboolean tune_parse_words(Reader *self, GError **error);   /* genres, moods, tempo words, tags, phrases */

/* Who plays when, once everybody is known. */
void tune_cast_blocks(Reader *self);                       /* parse-timed.c */
gboolean tune_cast_moments(Reader *self, GError **error);  /* parse-moments.c */

/* Key of the numerals and chords once everything is known. */
gboolean tune_resolve_numerals(Reader *self, GError **error);

/* ---- writing to the brief (brief.c) ---- */
gboolean tune_brief_set_bpm(TuneBrief *self, double low, double high, GError **error);
gboolean tune_brief_set_seconds(TuneBrief *self, double seconds, GError **error);
gboolean tune_brief_set_bars(TuneBrief *self, gint bars, GError **error);
void tune_brief_wish_tempo(TuneBrief *self, double low, double high);
void tune_brief_add_instrument(TuneBrief *self, const TuneInstrument *instrument, guint count,
                               const char *generic, TuneOrigin origin);
void tune_brief_exclude(TuneBrief *self, const TuneInstrument *instrument, TuneOrigin origin);
void tune_brief_add_tag(TuneBrief *self, const char *tag);
void tune_brief_add_section(TuneBrief *self, TuneSectionRole role, gint bars);
void tune_brief_note(TuneBrief *self, const char *format, ...) G_GNUC_PRINTF(2, 3);
void tune_brief_section_clear(gpointer section);
GArray *tune_brief_sections_new(void); /* TuneBriefSection (transfer full) */
void tune_brief_clear_sections(TuneBrief *self);
/* "AABA" as sections (parse-form.c). */
void tune_brief_add_letters(TuneBrief *self, const char *letters);
gboolean tune_form_is_letters(const char *text, gsize length);

/* Everything that excludes @entry's instrument, group, generic or family. */
void tune_brief_exclude_entry(TuneBrief *self, const TuneVocabulary *vocabulary,
                              const LexiconEntry *entry, TuneOrigin origin);
/* Instruments of @entry, generic ones by the style known so far.  FALSE if it names none. */
gboolean tune_brief_add_entry(TuneBrief *self, const TuneVocabulary *vocabulary,
                              const LexiconEntry *entry, guint count, TuneOrigin origin);

/* Moves what @heard has into @self where @self has nothing of @origin's rank or higher.  Fields of
 * @heard that were SAID become @origin. */
void tune_brief_merge(TuneBrief *self, TuneBrief *heard, TuneOrigin origin);

/* Understand @sentence as a description into @heard; @context (nullable) is what is known already. */
gboolean tune_sentence_understand(const TuneVocabulary *vocabulary, const char *sentence,
                                  const TuneBrief *context, TuneBrief *heard, GError **error);
