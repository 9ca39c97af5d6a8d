/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A dictionary: what language.c reads and translate.c looks up.
 */
#pragma once
#include "brief/language.h"

typedef enum {
    SENSE_WORD,
    SENSE_BEHIND_WITHOUT, /* "なし": excludes what stands before it */
    SENSE_BEHIND_AT,      /* "に": a moment stands before it */
    SENSE_BEHIND_SOLO,    /* "独奏" */
} SenseKind;

typedef struct {
    const char *english; /* interned */
    SenseKind kind;
} Sense;

typedef struct {
    char *from, *to; /* an ending and what replaces it */
} Ending;

typedef struct {
    char *code, *path, *text;
    gsize length;
    GMutex lock;      /* while it is parsed */
    gint is_parsed;   /* atomic; what follows is written before it is set, and read-only then */
    char *name;
    gboolean unspaced, compounds;
    GHashTable *senses; /* folded phrase, words joined by ' ' -> Sense* */
    GHashTable *stems;  /* phrase of several words, each without its endings -> Sense* of senses */
    GArray *endings;    /* Ending */
    guint most;         /* words of the longest phrase; characters when unspaced */
    GPtrArray *words;   /* folded words of five letters and more, sorted: for slips */
} Language;

struct TuneLanguages {
    GPtrArray *all; /* Language*, by code */
};

/* Parses the dictionary if that has not been done. */
gboolean language_require(Language *self, GError **error);

/* Lower case without accents: "Für" -> "fur", "œ" -> "oe", "ß" -> "ss".  Kana keep their marks.  (transfer
 * full) */
char *language_fold(const char *text, gssize length);

/* The sense of a folded phrase, its last word inflected or not; NULL when there is none. */
const Sense *language_find(const Language *self, const char *folded);
