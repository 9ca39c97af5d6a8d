/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The lexicon inside the vocabulary: which phrase means what.  Files: data/lexicon/ *.yaml, all of them,
 * merged in the order of their names, so that a language is added by adding a file.
 *
 * A file is a map of blocks (genres, moods, tempos, tags, groups, generics, phrases, artists, alone,
 * sections, modes, units, numbers, ordinals, roles, negations, stop, ordinary); lexicon-read.c says what an
 * entry of each may have.  A file named by a language's code (de.yaml) is another thing: a dictionary of
 * that language, see brief/language.h.
 */
#pragma once
#include "base/pitch.h"
#include "brief/brief.h"
#include "brief/language.h"

typedef enum {
    LEXICON_GENRE,
    LEXICON_MOOD,
    LEXICON_TEMPO,
    LEXICON_TAG,
    LEXICON_GROUP,      /* "string quartet": several instruments */
    LEXICON_GENERIC,    /* "bass": which one is the style's choice */
    LEXICON_PHRASE,     /* endings, loops, energy shapes, "instrumental" */
    LEXICON_ARTIST,     /* "Hans Zimmer": what one expects of such music */
    LEXICON_ALONE,      /* what follows when an instrument is named without a genre; no words */
    LEXICON_INSTRUMENT,
    LEXICON_SECTION,
    LEXICON_MODE,
    LEXICON_UNIT,
    LEXICON_NUMBER,
    LEXICON_ORDINAL,
    LEXICON_ROLE,
    LEXICON_NEGATION,
    LEXICON_STOP,       /* means nothing and is not reported */
    LEXICON_ORDINARY,   /* a word of the language, so no slip of the pen; reported when not understood */
    LEXICON_N_KINDS
} LexiconKind;

typedef enum {
    UNIT_BPM,
    UNIT_SECOND,
    UNIT_MINUTE,
    UNIT_HOUR,
    UNIT_BAR,
    UNIT_BEAT,
    UNIT_TIME,  /* "time", "metre": behind a metre */
    UNIT_KEY,   /* "key", "key of" */
    UNIT_TEMPO, /* "tempo" */
    UNIT_CHORDS,
    UNIT_LENGTH,
    UNIT_HALF,
    UNIT_TITLE, /* "called", "titled" */
    UNIT_SOLO,  /* "solo" */
    UNIT_ONLY,  /* "only", "just" */
    UNIT_ABOUT, /* "around", "roughly" */
    UNIT_N
} LexiconUnit;

typedef enum {
    NEGATION_NO,      /* "no": the nearest noun */
    NEGATION_WITHOUT, /* "without", "exclude": a list */
    NEGATION_NOT,     /* "not", "not too": the nearest adjective */
} LexiconNegation;

typedef struct {
    char *instrument; /* key */
    guint count;
} LexiconMember;

typedef struct {
    char *style;      /* "" is the default */
    char *instrument;
} LexiconChoice;

typedef struct {
    LexiconKind kind;
    char *name;
    /* what it makes one wish */
    gboolean has_mood;
    double valence, arousal, tension;
    double tempo_low, tempo_high; /* 0 = says nothing */
    gboolean has_metre;
    TuneMetre metre;
    gboolean has_mode;
    TuneMode mode;
    char *style;      /* genre: nearest style when there is none of this name; others: a weak hint;
                         several with commas: the first that there is */
    GStrv careful;    /* artist: names that are ordinary words as well, read as the artist's only
                         beside "like", "style" and the like */
    GStrv tags;
    gboolean has_ending;
    TuneEnding ending;
    TuneEnergyShape shape;
    TuneTempoCurve curve;
    gboolean loop, blues, no_drums, no_vocals, no_bass, only;
    gboolean by_style; /* generic: where no choice is written, the style's own instrument of the family */
    TuneSectionRole section;
    char *form;       /* letters: "ABA" */
    GArray *members;  /* LexiconMember */
    GArray *choices;  /* LexiconChoice: of a generic */
    char *family;     /* of a generic: what "no guitars" excludes, beside its members */
    double value;     /* number, ordinal, unit, negation, role */
    const TuneInstrument *instrument;
    const TuneStyle *own_style; /* genre: the style of this very name */
} LexiconEntry;

struct TuneVocabulary {
    gatomicrefcount refs;
    TuneInstruments *instruments;
    TuneStyles *styles;
    GPtrArray *entries;      /* LexiconEntry*, owned */
    GHashTable *phrases;     /* "string quartet" -> LexiconEntry* */
    GHashTable *first_words; /* first word -> GINT_TO_POINTER(most words of a phrase that starts so) */
    GHashTable *known_words; /* every word of every phrase -> GINT_TO_POINTER(rank): 2 where it alone
                                names an instrument or a genre, else 1 */
    GPtrArray *by_letter[26]; /* words of four letters and more, sorted: candidates for corrections */
    GHashTable *alone;       /* instrument key or family -> LexiconEntry* */
    TuneLanguages *languages;
    char *hash;
};

/* Without words, instruments or styles; tune_lexicon_read_file() needs at least the instruments. */
TuneVocabulary *tune_vocabulary_new_empty(void); /* (transfer full) */

/* An empty entry, owned by @self. */
LexiconEntry *tune_lexicon_entry_new(TuneVocabulary *self, LexiconKind kind, const char *name);

/* Adds the blocks of one file. */
gboolean tune_lexicon_read_file(TuneVocabulary *self, const char *path, const char *text,
                                gsize length, GError **error);

/* Phrase -> entry; a word that is there already keeps its meaning unless @override. */
void tune_lexicon_add_phrase(TuneVocabulary *self, const char *phrase, LexiconEntry *entry,
                             gboolean override);

/* Longest phrase that starts at @tokens[@at]: entry and how many tokens; NULL when none does. */
const LexiconEntry *tune_lexicon_match(const TuneVocabulary *self, const GArray *tokens, guint at,
                                       guint *n_tokens);
const LexiconEntry *tune_lexicon_find(const TuneVocabulary *self, const char *phrase);

/* The word that @word (four letters or more, unknown) is a slip of, or NULL.  The nearest wins; among equals
 * words that name instruments and genres win over ordinary ones ("paino" is a piano, not paint). */
const char *tune_lexicon_correct(const TuneVocabulary *self, const char *word);
gboolean tune_lexicon_knows(const TuneVocabulary *self, const char *word);

/* The style a genre entry stands for, and whether it is the very one that was named. */
const TuneStyle *tune_lexicon_style(const TuneVocabulary *self, const LexiconEntry *entry,
                                    gboolean *is_own);
/* The first style of a list of names with commas that there is, or NULL. */
const TuneStyle *tune_lexicon_first_style(const TuneVocabulary *self, const char *names);

/* What follows from @instrument being named without a genre: by its key, else its family; NULL = nothing. */
const LexiconEntry *tune_lexicon_alone(const TuneVocabulary *self, const TuneInstrument *instrument);

/* "jazz", "house", "bossa nova": the entry of a genre word, or NULL. */
const LexiconEntry *tune_lexicon_genre(const TuneVocabulary *self, const char *word);

/* Does @instrument belong to the family of @entry (a generic or a group)? */
gboolean tune_lexicon_is_of(const LexiconEntry *entry, const TuneInstrument *instrument);

/* The generic called @name ("bass"), or NULL. */
const LexiconEntry *tune_lexicon_generic_named(const TuneVocabulary *self, const char *name);

/* The instrument that a generic means in @style (nullable). */
const TuneInstrument *tune_lexicon_generic(const TuneVocabulary *self, const LexiconEntry *entry,
                                           const TuneStyle *style);

/* ", did you mean "X"?" for unknown @word among the words of @kind, "" when nothing is near.
 * (transfer full) */
char *tune_lexicon_suggest(const TuneVocabulary *self, LexiconKind kind, const char *word);
