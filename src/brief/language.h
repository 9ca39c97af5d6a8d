/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Other languages: dictionaries that turn a sentence into the English of the lexicon, phrase by phrase, so
 * that one set of parsers understands all of them.
 *
 *     Translation said = {0};
 *     tune_languages_translate(vocabulary, "langsamer Walzer in h-Moll", &said, &error);
 *     // said.text: "slow waltz in B minor"; said.language: "German"
 *
 * A dictionary is data/lexicon/CODE.yaml (two letters).  Its text is kept at load and parsed when a
 * sentence first needs it, because most sentences do not.  A sentence whose words are all English never
 * does; else the language is taken whose own words outnumber those that only English has.  Order of
 * words: adjectives and numbers may stand on either side; what rules the words before it ("ドラムなし",
 * "guitarra solo", "solo de guitarra") is moved to where English has it.
 *
 * Keys of a dictionary:
 *   language   its English name
 *   spaced     false where words stand without blanks: the longest entry is taken at each place
 *   compounds  true where words are joined into one ("Klavierballade")
 *   endings    "e, en, as>o": what may stand at a word's end in place of the part behind ">"
 *   joint      between tens and units: "y" of "cuarenta y cinco"; "+" when they are one word;
 *              "und+" when the unit stands first, in one word
 *   notes      note name of English -> its words
 *   sharp, flat, major, minor   words behind a note (sharp-before, flat-before: in front of it)
 *   words      English -> its words, with commas; English is anything the lexicon knows, or empty for what
 *              means nothing
 *   behind     without, at, solo -> words that stand behind what they rule
 *
 * Letters are compared without accents and case; "ä" may be written "ae".
 */
#pragma once
#include <glib.h>

typedef struct TuneLanguages TuneLanguages;
typedef struct TuneVocabulary TuneVocabulary;

TuneLanguages *tune_languages_new(void); /* (transfer full) */
void tune_languages_free(TuneLanguages *self);

/* Adds a dictionary that is parsed later.  @text is taken. */
void tune_languages_add(TuneLanguages *self, const char *code, const char *path, char *text, gsize length);

/* A run of the translated text that stands for other words. */
typedef struct {
    gsize start, end; /* bytes of the translation */
    char *said;       /* what stood there */
} TranslationSpan;

typedef struct {
    char *text;           /* the sentence in English, or as it was */
    GArray *spans;        /* TranslationSpan, ascending (nullable) */
    const char *language; /* NULL: English; belongs to the languages */
} Translation;

void translation_clear(Translation *self);

/* @text is normalised (brief/text.h).  Fails when a dictionary that is needed is broken: file, line, reason.
 * Thread-safe. */
gboolean tune_languages_translate(const TuneVocabulary *vocabulary, const char *text,
                                  Translation *out, GError **error);
