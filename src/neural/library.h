/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where models are kept: one entry a model in a folder, either a Hugging Face folder NAME/ or a file
 * NAME.gguf.  The folder is $TUNESMITH_MODELS, else tunesmith/models in the user's data folder
 * ($XDG_DATA_HOME, ~/.local/share).
 */
#pragma once
#include <gio/gio.h>

char *tune_models_folder(void); /* (transfer full); need not exist */
/* The path of @model: a path when it has a '/' or ends in ".gguf", else a name in the folder.  Errors are
 * TUNE_NEURAL_ERROR_IO, listing what there is.  (transfer full) */
char *tune_models_find(const char *model, GError **error);
/* Names in the folder, sorted: char*.  (transfer full) */
GPtrArray *tune_models_names(void);
/* May @name be one of an entry: letters, digits, '.', '_', '-', at most 100, not starting with '.'? */
gboolean tune_models_name_is_good(const char *name);
