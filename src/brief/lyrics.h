/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lyrics: telling them from a description, cutting them into blocks, lines and syllables.
 *
 *     g_autoptr(TuneSyllables) syllables = tune_syllables_new();
 *     g_autoptr(GArray) line = tune_syllables_of_line(syllables, "Over the hills");
 *     // TuneSyllable {"O", stressed} {"ver", word_end} {"the", word_end} {"hills", stressed, word_end}
 *
 * Syllables are counted by the spelling rules of English (vowel groups, silent e, -ed, -es, -le); where
 * they are cut is asked of libhyphen's American patterns, or of our own rules where the patterns are not
 * installed.  The number of syllables does not depend on the patterns, only their spelling does.
 */
#pragma once
#include "brief/brief.h"

typedef struct {
    char *text;        /* as written, with the punctuation that touches it: "hills," */
    gboolean stressed; /* wants a strong beat */
    gboolean word_end; /* the last syllable of its word */
} TuneSyllable;

/* Immutable after creation, thread-safe. */
typedef struct TuneSyllables TuneSyllables;
TuneSyllables *tune_syllables_new(void); /* (transfer full) */
void tune_syllables_free(TuneSyllables *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSyllables, tune_syllables_free)

/* Identity of what decides the result: "rules" or the SHA-256 of the pattern file. */
const char *tune_syllables_hash(const TuneSyllables *self);

/* (element-type TuneSyllable) (transfer full): empty for a line without letters. */
GArray *tune_syllables_of_line(const TuneSyllables *self, const char *line);

/* What @syllable is called in a score: "hills,", and "O-" when the word goes on. (transfer full) */
char *tune_syllable_score_text(const TuneSyllable *syllable);

/* TRUE when @text is lyrics: it has section tags ("[Verse]") followed by words, or at least four
 * lines of which most hold no musical word. */
gboolean tune_lyrics_detect(const TuneVocabulary *vocabulary, const char *text);

/* Blocks of @text: "[Verse 2]" or "Chorus:" on a line of its own opens one, an empty line does where
 * there are no tags.  (element-type TuneLyricBlock) (transfer full): free with g_array_unref(). */
GArray *tune_lyrics_parse(const char *text);
