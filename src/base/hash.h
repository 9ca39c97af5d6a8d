/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SHA-256 as lower-case hexadecimal text.  The identity of recipes, data files and sounds.
 */
#pragma once
#include <glib.h>

/* (transfer full) */
char *tune_hash_bytes(gconstpointer data, gsize size);

/* Hash of a file's content, read in blocks.  (transfer full) (nullable) */
char *tune_hash_file(const char *path, GError **error);
