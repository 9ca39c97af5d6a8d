/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sentences as tokens: words, numbers, clock times and marks, with what stood between them.
 *
 * The text is first normalised (NFC, curly quotes and dashes made plain, musical signs made ASCII,
 * control characters made spaces), so that byte offsets of tokens refer to the normalised text.
 */
#pragma once
#include <glib.h>

typedef enum {
    TUNE_TOKEN_WORD,   /* letters, digits behind the first, inner apostrophes, "r&b" */
    TUNE_TOKEN_NUMBER, /* "120", "120.5" */
    TUNE_TOKEN_CLOCK,  /* "2:30": value in seconds */
    TUNE_TOKEN_MARK,   /* one sign: , . ; : ! ? ( ) [ ] " | = > # ~ or '\n' */
} TuneTokenKind;

typedef struct {
    TuneTokenKind kind;
    gsize start, end;  /* bytes of the normalised text */
    char *word;        /* lower case; of a number its digits; of a mark the sign */
    char glue;         /* what stands before it: ' ', '-', '/', or 0 when nothing does */
    double value;
    gint match;        /* index of the phrase it belongs to, or -1 */
    gboolean used;     /* understood */
    gboolean negated;  /* in the scope of "no", "without", "not" */
    gboolean corrected;
    gint timed;        /* number of the "[0:10 - 0:20]" block it stands in, from 1; 0 = none, -1 = in a moment of
                          running text */
} TuneToken;

/* NULL with TUNE_BRIEF_ERROR_TEXT when @text is not UTF-8 or longer than TUNE_BRIEF_MAX_TEXT. */
char *tune_text_normalise(const char *text, GError **error); /* (transfer full) */

/* (element-type TuneToken) (transfer full) */
GArray *tune_text_tokenise(const char *normalised);

/* Damerau-Levenshtein distance (a swap of neighbours counts one) of two words of at most 31 bytes,
 * @limit + 1 when it is larger than @limit. */
gint tune_text_distance(const char *a, const char *b, gint limit);

/* "guitars" -> "guitar", "melodies" -> "melody", "brushes" -> "brush"; NULL when @word is no plural.
 * Writes to @out of @size bytes. @attempt 0, 1, 2 gives the possible readings, likeliest first. */
const char *tune_text_singular(const char *word, gint attempt, char *out, gsize size);
