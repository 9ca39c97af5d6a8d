/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/simulate.h"
#include "cli/exit.h"
#include "cli/outputs.h"
#include "cli/request.h"
#include "engine/simulate.h"

#include <string.h>

#define DEFAULT_SECONDS 180.0
#define DEFAULT_TEMPERATURE 0.7

/* What the old surface takes as it is: no understanding of the sentence beyond genre and length, and
 * those only where no flag says them. */
static gboolean understand(TuneCli *cli, const char *sentence, const TunePreset *preset,
                           char **genre, double *seconds, GError **error)
{
    const char *given = tune_args_get(cli->args, OPTION_GENRE);

    *seconds = DEFAULT_SECONDS;
    if (given != NULL && !tune_args_has(cli->args, OPTION_DURATION)) {
        *genre = g_strdup(given);
        return TRUE;
    }
    g_autoptr(TuneVocabulary) vocabulary = tune_cli_vocabulary(cli, error);
    g_autoptr(TuneBrief) brief = tune_brief_new();
    const char *duration = tune_args_get(cli->args, OPTION_DURATION);

    if (vocabulary == NULL)
        return FALSE;
    if (duration != NULL && !tune_brief_set_field(brief, vocabulary, "duration", duration, error))
        return FALSE;
    if (*sentence != '\0' && !tune_brief_read_sentence(brief, vocabulary, sentence, error))
        return FALSE;
    if (brief->seconds > 0)
        *seconds = brief->seconds;
    if (given != NULL)
        *genre = g_strdup(given);
    else if (preset != NULL)
        *genre = g_strdup(preset->genre);
    else
        *genre = g_strdup(brief->style != NULL ? tune_style_name(brief->style) : "");
    return TRUE;
}

static json_t *simulate(TuneCli *cli, GError **error)
{
    TuneSimulateRequest request = {.temperature = DEFAULT_TEMPERATURE};
    g_autoptr(TunePreset) preset = NULL;
    g_autofree char *genre = NULL;
    g_autofree char *text = tune_request_sentence(cli, error);
    gboolean said;

    if (text == NULL || !tune_request_preset(cli->args, &preset, error) ||
        !tune_request_structure(cli->args, preset, &request.structure, &said, error) ||
        !understand(cli, text, preset, &genre, &request.duration_seconds, error))
        return NULL;
    g_autoptr(GArray) references = tune_request_references(cli->args, error);
    if (references == NULL)
        return NULL;
    if (preset != NULL)
        request.temperature = preset->temperature;
    if (!tune_args_real(cli->args, OPTION_TEMPERATURE, 0, 1, &request.temperature, error))
        return NULL;
    request.text = text;
    request.genre = genre;
    request.references = references->len > 0 || preset == NULL ? references
                                                               : preset->style_references;
    return tune_simulate(&request);
}

gint tune_generate_simulated(TuneCli *cli, GError **error)
{
    const char *path = tune_args_get(cli->args, OPTION_OUTPUT);
    g_autoptr(json_t) result = simulate(cli, error);

    if (result == NULL)
        return TUNE_EXIT_USAGE;
    if (path == NULL || strcmp(path, "-") == 0) {
        tune_cli_print_json(result, error);
        return TUNE_EXIT_DONE;
    }
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();
    const char *temporary = tune_outputs_stage(outputs, "--output", path, error);
    g_autofree char *text = tune_json_pretty(result);
    if (temporary == NULL ||
        !g_file_set_contents_full(temporary, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, error) ||
        !tune_outputs_commit(outputs, error))
        return TUNE_EXIT_MISSING;
    if (cli->json)
        tune_cli_print_json(result, error);
    else if (!cli->quiet)
        g_print("%s\nPrompt and metadata only; the simulate engine makes no sound.\n", path);
    return TUNE_EXIT_DONE;
}
