/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/style.h"
#include "cli/cli.h"
#include "cli/exit.h"

#include <string.h>

static json_t *style_json(const TuneStyle *style)
{
    const char *const *words = tune_style_words(style);
    double low, high;
    json_t *list = json_array();
    g_autofree char *metre = tune_metre_to_string(tune_style_metre(style));

    tune_style_tempo(style, &low, &high);
    for (guint i = 0; words != NULL && words[i] != NULL; i++)
        json_array_append_new(list, json_string(words[i]));
    return json_pack("{s:s, s:s, s:s, s:o, s:[o, o], s:s, s:s}", "name", tune_style_name(style),
                     "title", tune_style_title(style), "summary", tune_style_summary(style),
                     "words", list, "bpm", tune_json_real(low, 2), tune_json_real(high, 2), "metre",
                     metre, "sha256", tune_style_hash(style));
}

static void put_one(GString *out, const TuneStyle *style)
{
    const char *const *words = tune_style_words(style);
    double low, high;
    g_autofree char *metre = tune_metre_to_string(tune_style_metre(style));
    g_autofree char *all = g_strjoinv(", ", (char **)words);

    tune_style_tempo(style, &low, &high);
    g_string_append_printf(out, "%s: %s\n%s\ntempo: %g to %g bpm\nmetre: %s\nwords: %s\n",
                           tune_style_name(style), tune_style_title(style),
                           tune_style_summary(style), low, high, metre, all);
}

static gint show(TuneCli *cli, const TuneStyles *styles, const char *name, GError **error)
{
    const TuneStyle *style = tune_styles_find(styles, name);

    if (style == NULL) {
        g_autoptr(GString) all = g_string_new(NULL);
        for (guint i = 0; i < tune_styles_count(styles); i++)
            g_string_append_printf(all, "%s%s", i > 0 ? ", " : "",
                                   tune_style_name(tune_styles_at(styles, i)));
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "style: there is no \"%s\"; there are %s", name, all->str);
        return TUNE_EXIT_USAGE;
    }
    if (cli->json) {
        g_autoptr(json_t) json = style_json(style);
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    put_one(out, style);
    tune_cli_print(out->str, error);
    return TUNE_EXIT_DONE;
}

gint tune_command_styles(TuneCli *cli, GError **error)
{
    g_autoptr(TuneStyles) styles = tune_styles_load(error);
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(json_t) list = json_array();

    if (styles == NULL)
        return TUNE_EXIT_FAULT;
    const GPtrArray *complaints = tune_styles_complaints(styles);
    for (guint i = 0; i < complaints->len; i++)
        tune_log(&cli->log, TUNE_LOG_WARNING, "left out: %s", (const char *)complaints->pdata[i]);
    if (tune_args_n_words(cli->args) > 0)
        return show(cli, styles, tune_args_word(cli->args, 0), error);
    for (guint i = 0; i < tune_styles_count(styles); i++) {
        const TuneStyle *style = tune_styles_at(styles, i);
        double low, high;
        tune_style_tempo(style, &low, &high);
        json_array_append_new(list, style_json(style));
        g_autofree char *tempo = g_strdup_printf("%g-%g bpm", low, high);
        g_string_append_printf(out, "%-14s %-12s %s\n", tune_style_name(style), tempo,
                               tune_style_summary(style));
    }
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:O}", "styles", list);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return TUNE_EXIT_DONE;
}
