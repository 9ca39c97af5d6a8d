/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/encode.h"
#include "cli/exit.h"
#include "cli/player.h"
#include "cli/request.h"
#include "cli/take.h"
#include "score/format.h"

#include <stdio.h>
#include <string.h>

static gboolean pull_render(gpointer source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    return tune_render_read(source, out, n_frames, n_got, error);
}

static gboolean play_render(TuneCli *cli, TuneRender *render, GError **error)
{
    g_autoptr(json_t) before = tune_render_report(render);

    if (!cli->quiet && !cli->json)
        fprintf(stderr, "playing \"%s\"\n", json_string_value(json_object_get(before, "title")));
    if (!tune_play(cli, tune_render_rate(render), pull_render, render, error))
        return FALSE;
    if (!cli->json)
        return TRUE;
    g_autoptr(json_t) report = tune_render_report(render);
    return tune_cli_print_json(report, error);
}

static gboolean play_sentence(TuneCli *cli, GError **error)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_auto(TuneCliTake) take = {0};
    const char *name = tune_cli_engine_name(cli, error);
    guint64 seed;

    if (name == NULL || !tune_request_seed(cli->args, &seed, error) ||
        !tune_cli_take_read(cli, name, &take, error))
        return FALSE;
    options.take = &take.options;
    g_autoptr(TuneVocabulary) vocabulary = tune_cli_vocabulary(cli, error);
    g_autoptr(TuneBrief) brief =
        vocabulary != NULL ? tune_request_brief(cli, vocabulary, error) : NULL;
    g_autoptr(TuneEngine) engine = brief != NULL ? tune_cli_engine(cli, vocabulary, error) : NULL;
    if (engine == NULL)
        return FALSE;
    options.master = TUNE_MASTER_LIVE; /* sound at once */
    options.cancellable = cli->cancellable;
    g_autoptr(TuneRender) render = tune_engine_start(engine, brief, seed, &options, error);
    return render != NULL && play_render(cli, render, error);
}

static gboolean play_score(TuneCli *cli, const char *path, GError **error)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(TuneScore) score = tune_score_load(path, error);
    g_autoptr(TuneEngine) engine = score != NULL ? tune_cli_engine(cli, NULL, error) : NULL;

    if (engine == NULL)
        return FALSE;
    options.master = TUNE_MASTER_LIVE;
    options.cancellable = cli->cancellable;
    g_autoptr(TuneRender) render = tune_engine_start_score(engine, score, -14, &options, error);
    return render != NULL && play_render(cli, render, error);
}

static gboolean play_existing(TuneCli *cli, const char *path, GError **error)
{
    if (tune_score_format_of_path(path) != TUNE_SCORE_UNKNOWN)
        return play_score(cli, path, error);
    return tune_play_file(cli, path, error);
}

/* One word with the suffix of a sound or a score was meant as a file. */
static gboolean names_a_file(const char *word)
{
    TuneAudioFormat format;

    return strchr(word, ' ') == NULL && (tune_score_format_of_path(word) != TUNE_SCORE_UNKNOWN ||
                                         tune_audio_format_of_path(word, &format, NULL));
}

gint tune_command_play(TuneCli *cli, GError **error)
{
    const char *word = tune_args_word(cli->args, 0);

    if (word == NULL && !tune_args_has(cli->args, OPTION_TEXT)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "sentence: nothing to play; try tunesmith play \"calm piano waltz\"");
        return TUNE_EXIT_USAGE;
    }
    tune_cli_catch_signals(cli);
    if (word != NULL && g_file_test(word, G_FILE_TEST_IS_REGULAR))
        play_existing(cli, word, error);
    else if (word != NULL && names_a_file(word))
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: there is no such file", word);
    else
        play_sentence(cli, error);
    return TUNE_EXIT_DONE;
}
