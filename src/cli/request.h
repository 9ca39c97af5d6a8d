/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the command line to a complete brief: options, sentence, preset, in this rank.
 */
#pragma once
#include "brief/preset.h"
#include "cli/cli.h"

/* The sentence: the word behind the command, --text, or standard input for "-"; "" when there is none.
 * (transfer full) (nullable) */
char *tune_request_sentence(TuneCli *cli, GError **error);

/* Song structure of preset (nullable) and the flags --intro --verses ...; *said: any flag was given. */
gboolean tune_request_structure(const TuneArgs *args, const TunePreset *preset,
                                TuneSongStructure *out, gboolean *said, GError **error);

/* --style values as TuneStyleReference; FALSE names what is wrong.  (transfer full) */
GArray *tune_request_references(const TuneArgs *args, GError **error);

/* The preset of --preset; *out NULL when there is none.  (transfer full) */
gboolean tune_request_preset(const TuneArgs *args, TunePreset **out, GError **error);

/* The whole request, complete.  (transfer full) */
TuneBrief *tune_request_brief(TuneCli *cli, const TuneVocabulary *vocabulary, GError **error);

/* --seed, else one from the operating system's generator, 0 .. 2^53 - 1. */
gboolean tune_request_seed(const TuneArgs *args, guint64 *out, GError **error);
