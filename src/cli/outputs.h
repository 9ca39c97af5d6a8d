/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files of one run: all written under temporary names beside their places, and put in place only
 * when every one of them is whole.  Freed without a commit, nothing of them is left.
 *
 *     const char *temporary = tune_outputs_stage(outputs, "--midi", "song.mid", &error);
 *     ... write temporary ...
 *     tune_outputs_commit(outputs, &error);
 *
 * One thread.
 */
#pragma once
#include <glib.h>

typedef struct TuneOutputs TuneOutputs;

TuneOutputs *tune_outputs_new(void); /* (transfer full) */
void tune_outputs_free(TuneOutputs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneOutputs, tune_outputs_free)

/* FALSE with TUNE_CLI_ERROR_USAGE when @path names a folder: it exists as one or ends in a slash.  To be
 * asked before the suffix of @path is.  @option names the field in the message. */
gboolean tune_outputs_check_file(const char *option, const char *path, GError **error);

/* Make sure that @path can be written, before any work is done, and give the name to write to; it keeps
 * the suffix.  @option names the field in errors: TUNE_CLI_ERROR_MISSING for a folder that is not there
 * or may not be written, TUNE_CLI_ERROR_USAGE for a folder in a file's place or one path twice.  A device
 * or pipe gets its bytes at commit.  (transfer none) */
const char *tune_outputs_stage(TuneOutputs *self, const char *option, const char *path,
                               GError **error);

/* Make sure that folder @path exists, creating the last part; removed again without a commit. */
gboolean tune_outputs_stage_folder(TuneOutputs *self, const char *option, const char *path,
                                   GError **error);

/* The file staged as @temporary shall be called @path in the end. */
void tune_outputs_retarget(TuneOutputs *self, const char *temporary, const char *path);

/* Errors of those who wrote temporary names, said again with the names that the user gave. */
void tune_outputs_rename_error(const TuneOutputs *self, GError **error);

gboolean tune_outputs_commit(TuneOutputs *self, GError **error);
