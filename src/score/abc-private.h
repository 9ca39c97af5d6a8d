/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the writer and the reader of ABC share.  Source: the ABC music standard 2.1 (2011) and
 * abcMIDI's %%MIDI directives.
 */
#pragma once
#include "score/score.h"

/* Alteration that a signature gives the letter 0..6 (C D E F G A B). */
gint tune_abc_signature_alter(gint signature, gint letter);

/* What K: says for @key ("F#m", "Ddor"); modes that ABC does not know become the diatonic mode with
 * the same signature.  (transfer full) */
char *tune_abc_key_name(TuneKey key);

/* First word of a K: field.  FALSE when it is none ("none" and "HP" are read as C and D). */
gboolean tune_abc_key_parse(const char *text, TuneKey *out);

/* @text with the characters of @special, backslash, percent, ampersand and quote as \uXXXX; and
 * back.  (transfer full) */
char *tune_abc_escape(const char *text, const char *special);
char *tune_abc_unescape(const char *text);
