/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/outputs.h"
#include "score/format.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* --format, else the suffix of @path. */
static gboolean output_format(const TuneArgs *args, const char *path, TuneScoreFormat *out,
                              GError **error)
{
    const char *name = tune_args_get(args, OPTION_FORMAT);
    g_autofree char *as_path = name != NULL ? g_strconcat("x.", name, NULL) : NULL;

    if (g_strcmp0(name, "midi") == 0)
        *out = TUNE_SCORE_MIDI;
    else
        *out = tune_score_format_of_path(as_path != NULL ? as_path : path);
    if (*out != TUNE_SCORE_UNKNOWN)
        return TRUE;
    if (name == NULL && !tune_outputs_check_file("OUT", path, error))
        return FALSE;
    if (name != NULL)
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "--format: \"%s\" is no score format; there are json, midi, musicxml, abc", name);
    else
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "%s: the suffix names no score format (.json .mid .musicxml .abc); give "
                    "--format", path);
    return FALSE;
}

static gboolean to_stdout(const TuneScore *score, TuneScoreFormat format, GError **error)
{
    g_autoptr(GBytes) bytes = tune_score_write(score, format, error);

    if (bytes == NULL)
        return FALSE;
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    if (fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "standard output cannot be written");
    return FALSE;
}

gint tune_command_convert(TuneCli *cli, GError **error)
{
    const char *in = tune_args_word(cli->args, 0), *out = tune_args_word(cli->args, 1);
    TuneScoreFormat format;

    if (!output_format(cli->args, out, &format, error))
        return TUNE_EXIT_USAGE;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();
    gboolean pipe = strcmp(out, "-") == 0;
    const char *temporary = pipe ? NULL : tune_outputs_stage(outputs, "OUT", out, error);
    if (!pipe && temporary == NULL)
        return TUNE_EXIT_MISSING;
    g_autoptr(TuneScore) score = tune_score_load(in, error);
    if (score == NULL)
        return TUNE_EXIT_BROKEN;
    if (pipe)
        to_stdout(score, format, error);
    else if (!tune_score_save(score, temporary, format, error) ||
             !tune_outputs_commit(outputs, error))
        tune_outputs_rename_error(outputs, error);
    return TUNE_EXIT_DONE;
}
