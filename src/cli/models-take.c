/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models that are on this machine already: under a name, and made smaller.
 */
#include "cli/exit.h"
#include "cli/models-private.h"
#include "cli/progress.h"
#include "neural/export.h"
#include "neural/library.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static TuneCheckpoint *open_model(const char *model, GError **error)
{
    g_autofree char *path =
        g_file_test(model, G_FILE_TEST_EXISTS) ? g_strdup(model) : tune_models_find(model, error);

    return path == NULL ? NULL : tune_checkpoint_open(path, error);
}

/* "musicgen-small" of "/x/musicgen-small/", "small" of "small.gguf". (transfer full) */
static char *name_of(const char *path)
{
    char *name = g_path_get_basename(path);

    if (g_str_has_suffix(name, ".gguf"))
        name[strlen(name) - strlen(".gguf")] = '\0';
    return name;
}

/* ---- import ---- */

static gboolean copy_file(TuneCli *cli, const char *from, const char *to, GError **error)
{
    g_autoptr(GFile) source = g_file_new_for_path(from);
    g_autoptr(GFile) target = g_file_new_for_path(to);

    return g_file_copy(source, target, G_FILE_COPY_NONE, cli->cancellable, NULL, NULL, error);
}

/* What is of use in a folder: files whose names tunesmith knows, not pickles of the same weights.
 */
static gboolean is_wanted(const char *name)
{
    static const char *const suffixes[] = {".json", ".safetensors", ".model", ".md", ".txt"};

    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (g_str_has_suffix(name, suffixes[i]))
            return TRUE;
    }
    return FALSE;
}

static guint64 size_of(const char *path)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInfo) info =
        g_file_query_info(file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, NULL, NULL);

    return info == NULL ? 0 : (guint64)g_file_info_get_size(info);
}

static void remove_copies(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static gboolean copy_folder(TuneCli *cli, const char *from, const char *to, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    g_autofree char *models = g_path_get_dirname(to);
    g_autofree char *begun = g_strdup_printf("%s/.import-XXXXXX", models);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    guint64 bytes = 0;
    gboolean good;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(from, name, NULL);
        if (is_wanted(name) && g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            bytes += size_of(path);
            g_ptr_array_add(names, g_strdup(name));
        }
    }
    if (dir == NULL || !tune_models_has_room(models, bytes, error))
        return FALSE;
    good = g_mkdtemp_full(begun, 0777) != NULL;
    for (guint i = 0; good && i < names->len; i++) {
        g_autofree char *source = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *target = g_build_filename(begun, names->pdata[i], NULL);
        if (!copy_file(cli, source, target, error)) {
            remove_copies(begun);
            return FALSE;
        }
    }
    if (good && rename(begun, to) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", to, g_strerror(errno));
    remove_copies(begun);
    return FALSE;
}

static gboolean place(TuneCli *cli, const char *from, const char *to, gboolean is_file,
                      GError **error)
{
    g_autofree char *models = g_path_get_dirname(to);

    if (tune_args_has(cli->args, OPTION_COPY))
        return is_file ? tune_models_has_room(models, size_of(from), error) &&
                             copy_file(cli, from, to, error)
                       : copy_folder(cli, from, to, error);
    if (symlink(from, to) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", to, g_strerror(errno));
    return FALSE;
}

gint tune_models_import(TuneCli *cli, const char *path, GError **error)
{
    g_autofree char *from = g_canonicalize_filename(path, NULL);
    g_autofree char *own = name_of(from);
    const char *said = tune_args_get(cli->args, OPTION_NAME);
    const char *name = said != NULL ? said : own;
    const gboolean is_file = !g_file_test(from, G_FILE_TEST_IS_DIR);
    g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(from, error);
    g_autoptr(TuneTokenizer) tokenizer =
        checkpoint == NULL ? NULL : tune_checkpoint_new_tokenizer(checkpoint, error);
    g_autofree char *to = tokenizer == NULL ? NULL : tune_models_new_path(name, is_file, error);

    if (to == NULL)
        return TUNE_EXIT_BROKEN;
    tune_cli_catch_signals(cli);
    if (!place(cli, from, to, is_file, error))
        return TUNE_EXIT_MISSING;
    g_autofree char *variant = tune_models_variant(tune_checkpoint_config(checkpoint));
    g_autofree char *line =
        g_strdup_printf("%s: MusicGen %s, %s %s\n", name, variant,
                        tune_args_has(cli->args, OPTION_COPY) ? "copied from" : "linked to", from);
    if (cli->json) {
        g_autoptr(json_t) json =
            json_pack("{s:s, s:s, s:s}", "name", name, "path", to, "variant", variant);
        tune_cli_print_json(json, error);
    } else if (!cli->quiet) {
        tune_cli_print(line, error);
    }
    return TUNE_EXIT_DONE;
}

/* ---- quantize ---- */

static void tell(guint64 done, guint64 total, gpointer bar)
{
    tune_progress_bar_tell((double)done / (double)MAX(total, 1), "writing", 0, bar);
}

/* -o, else NAME-q8 in the folder of models. (transfer full) */
static char *output_path(TuneCli *cli, const char *model, const char *weights, GError **error)
{
    const char *said = tune_args_get(cli->args, OPTION_OUTPUT);
    g_autofree char *own = name_of(model);
    g_autofree char *name = g_strdup_printf("%s-%s", own, weights);

    if (said == NULL)
        return tune_models_new_path(name, TRUE, error);
    if (g_str_has_suffix(said, ".gguf"))
        return g_strdup(said);
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "--output: \"%s\" does not end in .gguf, and another format is not written", said);
    return NULL;
}

static gint report(TuneCli *cli, const TuneCheckpoint *from, const char *path, GError **error)
{
    g_autoptr(TuneCheckpoint) written = tune_checkpoint_open(path, error);

    if (written == NULL)
        return TUNE_EXIT_FAULT;
    const guint64 before = tune_checkpoint_bytes(from), after = tune_checkpoint_bytes(written);
    const char *weights = tune_weight_type_name(tune_checkpoint_weight_type(written));
    g_autofree char *was = g_format_size(before), *is = g_format_size(after);
    g_autofree char *line = g_strdup_printf("%s: %s, %s instead of %s\n", path, weights, is, was);
    if (cli->json) {
        g_autoptr(json_t) json =
            json_pack("{s:s, s:s, s:I, s:I}", "path", path, "weights", weights, "bytes",
                      (json_int_t)after, "bytes_before", (json_int_t)before);
        tune_cli_print_json(json, error);
    } else if (!cli->quiet) {
        tune_cli_print(line, error);
    }
    return TUNE_EXIT_DONE;
}

gint tune_models_quantize(TuneCli *cli, const char *model, GError **error)
{
    const char *weights = tune_args_get(cli->args, OPTION_WEIGHTS);
    g_autofree char *name = name_of(model), *path = NULL, *folder = NULL;
    g_autoptr(TuneProgressBar) bar = tune_progress_bar_new(cli->terminal, cli->quiet || cli->json);
    TuneExportOptions options = {
        .name = name, .progress = tell, .data = bar, .cancellable = cli->cancellable};
    gint64 threads = 0;

    if (weights == NULL || !tune_weight_type_from_name(weights, &options.weights)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "models quantize: into what? --weights q8, q4, f16 or f32");
        return TUNE_EXIT_USAGE;
    }
    if (!tune_args_int(cli->args, OPTION_THREADS, 1, 64, &threads, error))
        return TUNE_EXIT_USAGE;
    options.n_threads = (guint)threads;
    g_autoptr(TuneCheckpoint) checkpoint = open_model(model, error);
    if (checkpoint == NULL)
        return TUNE_EXIT_BROKEN;
    path = output_path(cli, model, weights, error);
    if (path == NULL)
        return TUNE_EXIT_USAGE;
    folder = g_path_get_dirname(path);
    if (!tune_models_has_room(folder, tune_checkpoint_export_bytes(checkpoint, options.weights),
                              error))
        return TUNE_EXIT_MISSING;
    tune_cli_catch_signals(cli);
    if (!tune_checkpoint_export(checkpoint, path, &options, error))
        return TUNE_EXIT_MISSING;
    g_clear_pointer(&bar, tune_progress_bar_free);
    return report(cli, checkpoint, path, error);
}
