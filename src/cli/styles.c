/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
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

/* ---- show ---- */

/* "major 3, dorian 1": names with their weights, the map as it stands. */
static void put_choices(GString *out, const char *label, const json_t *map)
{
    const char *name;
    json_t *weight;
    gboolean first = TRUE;

    if (json_object_size(map) == 0)
        return;
    g_string_append_printf(out, "%s", label);
    json_object_foreach((json_t *)map, name, weight) {
        g_string_append_printf(out, "%s%s %g", first ? "" : ", ", name, json_number_value(weight));
        first = FALSE;
    }
    g_string_append_c(out, '\n');
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static double number_at(const json_t *list, size_t index)
{
    return json_number_value(json_array_get(list, index));
}

static void put_forms(GString *out, const json_t *forms)
{
    size_t i, k;
    json_t *form, *section;

    g_string_append(out, "\nforms\n");
    json_array_foreach(forms, i, form) {
        g_string_append_printf(out, "  %s (%g):", text_at(form, "name"),
                               json_number_value(json_object_get(form, "weight")));
        json_array_foreach(json_object_get(form, "sections"), k, section)
            g_string_append_printf(out, "%s %s %d", k > 0 ? "," : "", text_at(section, "role"),
                                   (gint)json_integer_value(json_object_get(section, "bars")));
        g_string_append_c(out, '\n');
    }
}

static void put_parts(GString *out, const json_t *parts)
{
    size_t i;
    json_t *part;

    g_string_append(out, "\nparts\n");
    json_array_foreach(parts, i, part) {
        g_autofree char *label =
            g_strdup_printf("  %-16s %-8s ", text_at(part, "id"), text_at(part, "role"));
        put_choices(out, label, json_object_get(part, "instruments"));
    }
}

static void put_patterns(GString *out, const json_t *style, const char *key)
{
    const json_t *list = json_object_get(style, key);
    size_t i;
    json_t *pattern;

    if (json_array_size(list) == 0)
        return;
    g_string_append_printf(out, "\n%s\n", key);
    json_array_foreach(list, i, pattern) {
        const json_t *energy = json_object_get(pattern, "energy");
        g_string_append_printf(out, "  %-28s %-5s energy %g to %g\n", text_at(pattern, "name"),
                               text_at(pattern, "metre"), number_at(energy, 0), number_at(energy, 1));
    }
}

static void put_progressions(GString *out, const json_t *list)
{
    size_t i;
    json_t *one;

    if (json_array_size(list) == 0)
        return;
    g_string_append(out, "\nprogressions\n");
    json_array_foreach(list, i, one)
        g_string_append_printf(out, "  %-12s %s\n", text_at(one, "mode"), text_at(one, "chords"));
}

static char *page_of(const json_t *style)
{
    static const char *const groups[] = {"grooves", "fills", "bass", "comping"};
    GString *out = g_string_new(NULL);
    const json_t *tempo = json_object_get(style, "bpm");
    const json_t *usual = json_object_get(style, "usual_bpm");
    size_t i;
    json_t *word;

    g_string_append_printf(out, "%s: %s\n%s\n\ntempo: %g to %g bpm, usually %g to %g\n",
                           text_at(style, "name"), text_at(style, "title"), text_at(style, "summary"),
                           number_at(tempo, 0), number_at(tempo, 1), number_at(usual, 0),
                           number_at(usual, 1));
    put_choices(out, "metres: ", json_object_get(style, "metres"));
    put_choices(out, "modes: ", json_object_get(style, "modes"));
    put_choices(out, "endings: ", json_object_get(style, "endings"));
    g_string_append(out, "words: ");
    json_array_foreach(json_object_get(style, "words"), i, word)
        g_string_append_printf(out, "%s%s", i > 0 ? ", " : "", json_string_value(word));
    g_string_append_printf(out, "\nfile: %s\n", text_at(style, "file"));
    if (json_object_get(style, "page") != NULL)
        g_string_append_printf(out, "page: %s\n", text_at(style, "page"));
    put_forms(out, json_object_get(style, "forms"));
    put_parts(out, json_object_get(style, "parts"));
    put_progressions(out, json_object_get(style, "progressions"));
    for (gsize k = 0; k < G_N_ELEMENTS(groups); k++)
        put_patterns(out, style, groups[k]);
    return g_string_free(out, FALSE);
}

static gint refuse_unknown(const TuneStyles *styles, const char *name, GError **error)
{
    const char *broken = tune_styles_complaint(styles, name);
    g_autoptr(GString) all = g_string_new(NULL);

    if (broken != NULL) {
        g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_BROKEN, broken);
        return TUNE_EXIT_BROKEN;
    }
    for (guint i = 0; i < tune_styles_count(styles); i++)
        g_string_append_printf(all, "%s%s", i > 0 ? ", " : "",
                               tune_style_name(tune_styles_at(styles, i)));
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "style: there is no \"%s\"; there are %s", name, all->str);
    return TUNE_EXIT_USAGE;
}

/* The page about style @name: installed beside the data, or in the source tree. (transfer full) */
static char *page_path(const char *name, const char *style_file)
{
    g_autofree char *file = g_strdup_printf("pages/%s.md", name);
    char *installed = tune_data_find(file, NULL);

    if (installed != NULL)
        return installed;
    g_autofree char *folder = g_path_get_dirname(style_file);
    g_autofree char *page = g_strdup_printf("%s/../../docs/styles/%s.md", folder, name);
    return g_file_test(page, G_FILE_TEST_IS_REGULAR) ? g_canonicalize_filename(page, NULL) : NULL;
}

static gint show(TuneCli *cli, const TuneStyles *styles, const char *name, GError **error)
{
    const TuneStyle *style = tune_styles_find(styles, name);

    if (style == NULL)
        return refuse_unknown(styles, name, error);
    g_autoptr(json_t) json = tune_style_to_json(style, error);
    if (json == NULL)
        return TUNE_EXIT_BROKEN;
    g_autofree char *page = page_path(name, text_at(json, "file"));
    if (page != NULL)
        json_object_set_new(json, "page", json_string(page));
    if (cli->json) {
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *text = page_of(json);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}

/* ---- check ---- */

/* TUNE_EXIT_BROKEN when any file has a complaint, TUNE_EXIT_MISSING when one cannot be read. */
static gint check(TuneCli *cli, GError **error)
{
    guint n = tune_args_n_words(cli->args);
    g_autofree char *path = tune_data_find("instruments.yaml", error);
    g_autoptr(TuneInstruments) instruments = path != NULL ? tune_instruments_load(path, error) : NULL;
    g_autoptr(json_t) files = json_array();
    g_autoptr(GString) out = g_string_new(NULL);
    gint code = TUNE_EXIT_DONE;

    if (instruments == NULL)
        return TUNE_EXIT_MISSING;
    if (n < 2) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "styles check: which file? tunesmith styles check FILE.yaml ...");
        return TUNE_EXIT_USAGE;
    }
    for (guint i = 1; i < n; i++) {
        const char *name = tune_args_word(cli->args, i);
        if (!g_file_test(name, G_FILE_TEST_IS_REGULAR)) {
            g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", name,
                        g_file_test(name, G_FILE_TEST_EXISTS) ? "not a file" : "no such file");
            return TUNE_EXIT_MISSING;
        }
        g_autoptr(GPtrArray) complaints = tune_style_check(name, instruments);
        json_t *list = json_array();
        for (guint k = 0; k < complaints->len; k++) {
            json_array_append_new(list, json_string(complaints->pdata[k]));
            g_string_append_printf(out, "%s\n", (const char *)complaints->pdata[k]);
        }
        if (complaints->len > 0)
            code = TUNE_EXIT_BROKEN;
        else if (!cli->quiet)
            g_string_append_printf(out, "%s: good\n", name);
        json_array_append_new(files, json_pack("{s:s, s:b, s:o}", "file", name, "good",
                                               complaints->len == 0, "complaints", list));
    }
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:O}", "files", files);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return code;
}

/* ---- list ---- */

static gint list_all(TuneCli *cli, const TuneStyles *styles, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) broken = json_array();
    const GPtrArray *complaints = tune_styles_complaints(styles);

    for (guint i = 0; i < complaints->len; i++)
        json_array_append_new(broken, json_string(complaints->pdata[i]));
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
        g_autoptr(json_t) json = json_pack("{s:O, s:O}", "styles", list, "broken", broken);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return TUNE_EXIT_DONE;
}

gint tune_command_styles(TuneCli *cli, GError **error)
{
    guint n = tune_args_n_words(cli->args);
    const char *word = n > 0 ? tune_args_word(cli->args, 0) : "";

    if (strcmp(word, "check") == 0)
        return check(cli, error);
    g_autoptr(TuneStyles) styles = tune_styles_load(error);
    if (styles == NULL)
        return TUNE_EXIT_FAULT;
    tune_cli_warn_of_styles(cli, styles);
    if (n == 0)
        return list_all(cli, styles, error);
    if (n == 1 && strcmp(word, "show") != 0)
        return show(cli, styles, word, error);
    if (n == 2 && strcmp(word, "show") == 0)
        return show(cli, styles, tune_args_word(cli->args, 1), error);
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "styles: one style is shown at a time: tunesmith styles show NAME");
    return TUNE_EXIT_USAGE;
}
