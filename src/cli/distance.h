/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far apart two short words are: single-byte insertions, deletions, replacements (Levenshtein, 1965).
 */
#pragma once
#include <glib.h>

/* Words longer than 60 bytes count as far apart (60). */
guint tune_cli_distance(const char *a, const char *b);
