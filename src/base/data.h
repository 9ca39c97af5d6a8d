/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where data files are.  Looked for in this order, the first that has the file wins:
 * $TUNESMITH_DATA (a test or a developer), the user's $XDG_DATA_HOME/tunesmith, the installed
 * datadir, and the source tree the program was built from.  Thread-safe.
 */
#pragma once
#include <glib.h>

/* Path of data file @name ("instruments.yaml", "lexicon/moods.yaml").  (transfer full)
 * TUNE_BASE_ERROR_MISSING names every folder that was looked in. */
char *tune_data_find(const char *name, GError **error);

/* Names, without suffix and sorted, of all files @folder/ *.@suffix in any of the data folders
 * ("styles", "yaml" gives "rock", "jazz", ...).  Never NULL.  (transfer full) (element-type utf8) */
GPtrArray *tune_data_list(const char *folder, const char *suffix);

/* The user's own folder of @kind ("presets", "styles"), not necessarily existing. (transfer full) */
char *tune_data_user_folder(const char *kind);
