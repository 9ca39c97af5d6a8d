/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of `tunesmith models` share.
 */
#pragma once
#include "cli/cli.h"
#include "neural/checkpoint.h"

gint tune_models_inspect(TuneCli *cli, const char *model, GError **error);
gint tune_models_import(TuneCli *cli, const char *path, GError **error);
gint tune_models_quantize(TuneCli *cli, const char *model, GError **error);
gint tune_models_pull(TuneCli *cli, const char *model, GError **error);

/* "stereo-melody-large" by its sizes, or "64 wide, 3 layers" when no release has them. (transfer full) */
char *tune_models_variant(const TuneMusicgenConfig *config);
/* The path of entry @name ("x" or "x.gguf" when @file) in the folder of models, which is made if need be;
 * USAGE when the name is not good or taken. (transfer full) */
char *tune_models_new_path(const char *name, gboolean file, GError **error);
/* FALSE with MISSING when the file system of @folder has not @bytes left, and some to spare. */
gboolean tune_models_has_room(const char *folder, guint64 bytes, GError **error);
