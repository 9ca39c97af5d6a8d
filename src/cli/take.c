/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/take.h"
#include "audio/encode.h"

#include <string.h>

/* Recordings of the one who asks are decoded here, like all files that a command names. */
static gboolean read_clip(TuneCli *cli, TuneOptionId option, double seconds, TuneClip **out, GError **error)
{
    const char *path = tune_args_get(cli->args, option);

    if (path == NULL)
        return TRUE;
    TuneSource *source = tune_decoder_new(path, NULL, error);
    *out = source != NULL ? tune_clip_read(source, seconds, error) : NULL;
    if (*out == NULL)
        g_prefix_error(error, "--%s: ", tune_options[option].name);
    return *out != NULL;
}

/* A model writes no score, so there is nothing to make these from. */
static gboolean check_no_score_files(TuneCli *cli, GError **error)
{
    static const TuneOptionId of_scores[] = {OPTION_MIDI, OPTION_MUSICXML, OPTION_ABC, OPTION_STEMS,
                                              OPTION_SCORE};

    if (tune_args_command(cli->args)->id == COMMAND_REPLAY)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(of_scores); i++) {
        if (!tune_args_has(cli->args, of_scores[i]))
            continue;
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "--%s: musicgen makes sound without a score; --engine compose writes one",
                    tune_options[of_scores[i]].name);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_engine(TuneCli *cli, const char *engine, GError **error)
{
    static const TuneOptionId ours[] = {OPTION_GUIDANCE, OPTION_TOP_K,    OPTION_TOP_P, OPTION_GREEDY,
                                         OPTION_MELODY,   OPTION_CONTINUE, OPTION_TOKENS};

    if (g_str_has_prefix(engine, "musicgen"))
        return check_no_score_files(cli, error);
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++) {
        if (!tune_args_has(cli->args, ours[i]))
            continue;
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "--%s: the engine %s does not know it; --engine musicgen does",
                    tune_options[ours[i]].name, engine);
        return FALSE;
    }
    return TRUE;
}

gboolean tune_cli_take_read(TuneCli *cli, const char *engine, TuneCliTake *out, GError **error)
{
    TuneTakeOptions *options = &out->options;
    gint64 top_k = -1;

    *out = (TuneCliTake){.options = TUNE_TAKE_OPTIONS_DEFAULT};
    if (!check_engine(cli, engine, error) ||
        !tune_args_real(cli->args, OPTION_GUIDANCE, 0, 20, &options->guidance, error) ||
        !tune_args_int(cli->args, OPTION_TOP_K, 0, 4096, &top_k, error) ||
        !tune_args_real(cli->args, OPTION_TOP_P, 0, 1, &options->top_p, error) ||
        !read_clip(cli, OPTION_MELODY, TUNE_CLIP_MAX_SECONDS, &out->melody, error) ||
        !read_clip(cli, OPTION_CONTINUE, TUNE_CLIP_MAX_SECONDS, &out->continuation, error))
        return FALSE;
    options->top_k = (gint)top_k;
    options->greedy = tune_args_has(cli->args, OPTION_GREEDY);
    options->melody = out->melody;
    options->continuation = out->continuation;
    return TRUE;
}

void tune_cli_take_clear(TuneCliTake *self)
{
    g_clear_pointer(&self->melody, tune_clip_unref);
    g_clear_pointer(&self->continuation, tune_clip_unref);
}
