/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/settings.h"
#include "cli/cli.h"
#include "cli/exit.h"

#include <string.h>

static const char *given(const char *name, gpointer user_data)
{
    return tune_args_setting(user_data, name);
}

TuneSettings *tune_cli_settings(TuneCli *cli, GError **error)
{
    return tune_settings_load(given, cli->args, error);
}

static json_t *as_json(const TuneSettings *settings)
{
    json_t *list = json_array();

    for (guint i = 0; i < tune_setting_count; i++) {
        const TuneSetting *setting = &tune_setting_table[i];
        g_autofree char *value = tune_settings_text(settings, i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", setting->name,
                                              "value", value, "origin",
                                              tune_settings_origin(settings, i), "reloaded",
                                              (setting->flags & TUNE_SETTING_RELOADED) != 0, "help",
                                              setting->help));
    }
    return json_pack("{s:o}", "settings", list);
}

gint tune_command_config(TuneCli *cli, GError **error)
{
    g_autoptr(TuneSettings) settings = tune_cli_settings(cli, error);
    g_autoptr(GString) out = g_string_new(NULL);

    if (settings == NULL)
        return TUNE_EXIT_USAGE;
    if (cli->json) {
        g_autoptr(json_t) json = as_json(settings);
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    for (guint i = 0; i < tune_setting_count; i++) {
        g_autofree char *value = tune_settings_text(settings, i);
        g_string_append_printf(out, "%-18s %-36s %s\n", tune_setting_table[i].name,
                               *value != '\0' ? value : "-", tune_settings_origin(settings, i));
    }
    tune_cli_print(out->str, error);
    return TUNE_EXIT_DONE;
}
