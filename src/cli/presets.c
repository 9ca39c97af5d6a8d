/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/preset.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "cli/request.h"

gint tune_command_list_presets(TuneCli *cli, GError **error)
{
    g_autoptr(GPtrArray) names = tune_preset_list();
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) broken = json_array();

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GError) why = NULL;
        g_autoptr(TunePreset) preset = tune_preset_load(names->pdata[i], &why);
        if (preset == NULL) {
            /* One file that is broken does not hide the others. */
            tune_log(&cli->log, TUNE_LOG_WARNING, "preset %s is left out: %s",
                     (const char *)names->pdata[i], why->message);
            json_array_append_new(broken, json_pack("{s:s, s:s}", "name", names->pdata[i], "error",
                                                    why->message));
            continue;
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", preset->name, "genre",
                                              preset->genre, "description",
                                              preset->description != NULL ? preset->description
                                                                          : ""));
        g_string_append_printf(out, "%-22s %-12s %s\n", preset->name, preset->genre,
                               preset->description != NULL ? preset->description : "");
    }
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:O, s:O}", "presets", list, "broken", broken);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return TUNE_EXIT_DONE;
}

gint tune_command_show_preset(TuneCli *cli, GError **error)
{
    g_autoptr(TunePreset) preset = tune_preset_load(tune_args_word(cli->args, 0), error);

    if (preset == NULL)
        return TUNE_EXIT_USAGE;
    if (cli->json) {
        g_autoptr(json_t) json = tune_preset_to_json(preset);
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *text = tune_preset_to_yaml(preset);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}

static TunePreset *preset_of_args(TuneCli *cli, GError **error)
{
    const char *name = tune_args_word(cli->args, 0);
    const char *genre = tune_args_get(cli->args, OPTION_GENRE);
    gboolean said;

    if (!tune_preset_name_is_valid(name)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "name: \"%s\" is not 1 to 64 letters, digits, _ or -", name);
        return NULL;
    }
    if (genre == NULL || *genre == '\0') {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "--genre is needed: the style of the preset");
        return NULL;
    }
    g_autoptr(TunePreset) preset = tune_preset_new(name, genre);
    g_autoptr(GArray) references = tune_request_references(cli->args, error);
    if (references == NULL ||
        !tune_request_structure(cli->args, NULL, &preset->structure, &said, error) ||
        !tune_args_real(cli->args, OPTION_TEMPERATURE, 0, 1, &preset->temperature, error))
        return NULL;
    for (guint i = 0; i < references->len; i++) {
        const TuneStyleReference *reference = &g_array_index(references, TuneStyleReference, i);
        tune_preset_add_reference(preset, reference->type, reference->value);
    }
    g_free(preset->description);
    g_free(preset->tips);
    preset->description = g_strdup(tune_args_get(cli->args, OPTION_DESCRIPTION));
    preset->tips = g_strdup(tune_args_get(cli->args, OPTION_TIPS));
    preset->commercial = tune_args_has(cli->args, OPTION_COMMERCIAL);
    return g_steal_pointer(&preset);
}

gint tune_command_save_preset(TuneCli *cli, GError **error)
{
    g_autoptr(TunePreset) preset = preset_of_args(cli, error);

    if (preset == NULL || !tune_preset_save(preset, error))
        return TUNE_EXIT_FAULT;
    if (cli->json) {
        g_autoptr(json_t) json = tune_preset_to_json(preset);
        tune_cli_print_json(json, error);
    } else if (!cli->quiet) {
        g_autofree char *text = g_strdup_printf("preset \"%s\" saved\n", preset->name);
        tune_cli_print(text, error);
    }
    return TUNE_EXIT_DONE;
}

gint tune_command_delete_preset(TuneCli *cli, GError **error)
{
    const char *name = tune_args_word(cli->args, 0);
    g_autofree char *text = g_strdup_printf("preset \"%s\" deleted\n", name);

    if (!tune_preset_delete(name, error))
        return TUNE_EXIT_USAGE;
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:s}", "deleted", name);
        tune_cli_print_json(json, error);
    } else if (!cli->quiet) {
        tune_cli_print(text, error);
    }
    return TUNE_EXIT_DONE;
}
