/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/request.h"

gint tune_command_explain(TuneCli *cli, GError **error)
{
    if (tune_args_n_words(cli->args) == 0 && !tune_args_has(cli->args, OPTION_TEXT)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "sentence: nothing was asked; try tunesmith explain \"calm piano waltz\"");
        return TUNE_EXIT_USAGE;
    }
    g_autoptr(TuneVocabulary) vocabulary = tune_cli_vocabulary(cli, error);
    g_autoptr(TuneBrief) brief =
        vocabulary != NULL ? tune_request_brief(cli, vocabulary, error) : NULL;
    if (brief == NULL)
        return TUNE_EXIT_FAULT;
    if (cli->json) {
        g_autoptr(json_t) json = tune_brief_to_json(brief);
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *text = tune_brief_explain(brief);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}
