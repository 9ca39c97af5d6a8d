/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What both readers of tokenizer files fill and tokenizer.c runs: the pipeline of Hugging Face's
 * tokenizers.  Added tokens are cut out of the raw text; what lies between is normalised step by
 * step, cut at white space, marked with the metaspace, and split into pieces.
 */
#pragma once
#include "neural/tokenizer.h"
#include "neural/tokenizer-charsmap.h"
#include "neural/tokenizer-trie.h"

#define TUNE_TOKENIZER_MAX_BYTES (64u << 20) /* of a file */
#define TUNE_TOKENIZER_MAX_ID    (1 << 24)
#define TUNE_METASPACE           "\xe2\x96\x81" /* U+2581 */

typedef struct { /* a literal with an id of its own */
    char *text;
    gint32 id;
    gboolean strip_left, strip_right; /* swallows white space beside it */
} TuneAddedToken;

typedef enum {
    TUNE_NORMALIZE_CHARSMAP,
    TUNE_NORMALIZE_STRIP,   /* white space at the ends */
    TUNE_NORMALIZE_REPLACE, /* a literal */
    TUNE_NORMALIZE_SPACES,  /* two or more spaces */
} TuneNormalizeKind;

typedef struct {
    TuneNormalizeKind kind;
    gboolean left, right;   /* STRIP */
    char *pattern;          /* REPLACE; not empty */
    char *content;          /* REPLACE, SPACES */
    TuneCharsmap *charsmap; /* CHARSMAP */
} TuneNormalizeStep;

typedef enum {
    TUNE_PREPEND_ALWAYS,
    TUNE_PREPEND_FIRST, /* to the text's first word only */
    TUNE_PREPEND_NEVER,
} TunePrependScheme;

struct TuneTokenizer {
    GPtrArray *pieces; /* of char *, by id */
    GArray *scores;    /* of double, by id */
    gint32 unknown;    /* id of what has no piece */
    GArray *added;     /* of TuneAddedToken */
    GArray *steps;     /* of TuneNormalizeStep */
    gboolean split_whitespace;
    char *metaspace; /* (nullable): spaces are left alone */
    TunePrependScheme prepend;
    gboolean split_metaspace; /* cut before each mark */
    GArray *before, *after;   /* gint32 ids around a text */
    /* made by tune_tokenizer_finish() */
    double unknown_score;
    TuneTrie *trie, *added_trie; /* values: ids; indices into added */
    guint size;
};

/* With empty arrays. (transfer full) */
TuneTokenizer *tune_tokenizer_new_empty(void);
/* Take an added token over; the text is copied. */
void tune_tokenizer_add(TuneTokenizer *self, const char *text, gint32 id, gboolean strip_left,
                        gboolean strip_right);
void tune_tokenizer_add_piece(TuneTokenizer *self, const char *piece, double score);
/* Check that ids and pieces agree, and make what encoding needs.  Nothing is changed afterwards. */
gboolean tune_tokenizer_finish(TuneTokenizer *self, GError **error);
