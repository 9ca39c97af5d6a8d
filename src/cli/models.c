/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/exit.h"
#include "cli/models-private.h"
#include "neural/library.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define SUFFIX ".gguf"
/* Left on the disk for others. */
#define SPARE_BYTES ((guint64)64 << 20)

/* ---- what the parts share ---- */

char *tune_models_variant(const TuneMusicgenConfig *config)
{
    static const struct {
        guint d_model, n_layers;
        const char *name; /* of the text models, of the melody ones */
        const char *melody;
    } sizes[] = {{1024, 24, "small", NULL},
                 {1536, 48, "medium", "melody"},
                 {2048, 48, "large", "melody-large"}};
    const TuneDecoderConfig *decoder = &config->decoder;
    const char *stereo = decoder->n_channels == 2 ? "stereo-" : "";

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const char *name = config->melody ? sizes[i].melody : sizes[i].name;
        if (decoder->d_model == sizes[i].d_model && decoder->n_layers == sizes[i].n_layers &&
            name != NULL)
            return g_strconcat(stereo, name, NULL);
    }
    return g_strdup_printf("%s%s, %u wide, %u layers", stereo, config->melody ? "melody" : "text",
                           decoder->d_model, decoder->n_layers);
}

char *tune_models_new_path(const char *name, gboolean file, GError **error)
{
    g_autofree char *folder = tune_models_folder();
    g_autofree char *entry = g_strconcat(name, file ? SUFFIX : NULL, NULL);
    g_autofree char *path = g_build_filename(folder, entry, NULL);
    g_autofree char *plain = g_build_filename(folder, name, NULL);
    g_autofree char *gguf = g_strconcat(plain, SUFFIX, NULL);

    if (!tune_models_name_is_good(name) || g_str_has_suffix(name, SUFFIX)) {
        g_set_error(
            error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
            "\"%s\" cannot be a model's name: letters, digits, dots, dashes and underscores", name);
        return NULL;
    }
    if (g_file_test(plain, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK) ||
        g_file_test(gguf, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "there is a model \"%s\" already; tunesmith models remove %s takes it away",
                    name, name);
        return NULL;
    }
    if (g_mkdir_with_parents(folder, 0777) != 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", folder,
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&path);
}

gboolean tune_models_has_room(const char *folder, guint64 bytes, GError **error)
{
    struct statvfs info;

    if (statvfs(folder, &info) != 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", folder,
                    g_strerror(errno));
        return FALSE;
    }
    const guint64 left = (guint64)info.f_bavail * info.f_frsize;
    if (left >= SPARE_BYTES && left - SPARE_BYTES >= bytes)
        return TRUE;
    g_autofree char *need = g_format_size(bytes), *have = g_format_size(left);
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                "%s: %s are needed, %s are left on the disk", folder, need, have);
    return FALSE;
}

/* ---- list ---- */

static json_t *memory_json(const TuneCheckpoint *checkpoint)
{
    json_t *memory = json_object();

    for (TuneWeightType type = 0; type < TUNE_N_WEIGHT_TYPES; type++)
        json_object_set_new(
            memory, tune_weight_type_name(type),
            json_integer((json_int_t)tune_checkpoint_loaded_bytes(checkpoint, (gint)type)));
    return memory;
}

static void list_one(const char *name, const TuneCheckpoint *checkpoint, GString *out, json_t *list)
{
    g_autofree char *variant = tune_models_variant(tune_checkpoint_config(checkpoint));
    const TuneWeightType weights = tune_checkpoint_weight_type(checkpoint);
    const guint64 bytes = tune_checkpoint_bytes(checkpoint);
    const guint64 loaded = tune_checkpoint_loaded_bytes(checkpoint, (gint)weights);
    g_autofree char *size = g_format_size(bytes), *memory = g_format_size(loaded);

    g_string_append_printf(out, "%-28s %-16s %-4s %9s on disk, %9s in memory  %s\n", name, variant,
                           tune_weight_type_name(weights), size, memory,
                           tune_checkpoint_licence(checkpoint));
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:b, s:o}", "name", name, "path",
                        tune_checkpoint_path(checkpoint), "variant", variant, "weights",
                        tune_weight_type_name(weights), "bytes", (json_int_t)bytes, "licence",
                        tune_checkpoint_licence(checkpoint), "commercial",
                        !tune_licence_is_non_commercial(tune_checkpoint_licence(checkpoint)),
                        "memory", memory_json(checkpoint)));
}

static gint list_all(TuneCli *cli, GError **error)
{
    g_autoptr(GPtrArray) names = tune_models_names();
    g_autofree char *folder = tune_models_folder();
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) broken = json_array();

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GError) why = NULL;
        g_autofree char *path = tune_models_find(names->pdata[i], &why);
        g_autoptr(TuneCheckpoint) checkpoint =
            path == NULL ? NULL : tune_checkpoint_open(path, &why);

        if (checkpoint != NULL) {
            list_one(names->pdata[i], checkpoint, out, list);
            continue;
        }
        tune_log(&cli->log, TUNE_LOG_WARNING, "model %s is left out: %s",
                 (const char *)names->pdata[i], why->message);
        json_array_append_new(
            broken, json_pack("{s:s, s:s}", "name", names->pdata[i], "error", why->message));
    }
    if (names->len == 0)
        g_string_append_printf(
            out, "no models in %s; `tunesmith models pull musicgen-small` fetches one\n", folder);
    if (cli->json) {
        g_autoptr(json_t) json =
            json_pack("{s:s, s:O, s:O}", "folder", folder, "models", list, "broken", broken);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return TUNE_EXIT_DONE;
}

/* ---- remove ---- */

/* Links are taken away, never followed. */
static gboolean remove_entry(const char *path, guint64 *freed, GError **error)
{
    const gboolean is_folder =
        g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK);
    g_autoptr(GDir) dir = is_folder ? g_dir_open(path, 0, NULL) : NULL;
    const char *name;
    GStatBuf info;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        if (!remove_entry(inner, freed, error))
            return FALSE;
    }
    if (g_lstat(path, &info) == 0 && S_ISREG(info.st_mode))
        *freed += (guint64)info.st_size;
    if ((is_folder ? g_rmdir(path) : g_unlink(path)) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", path, g_strerror(errno));
    return FALSE;
}

static gint remove_one(TuneCli *cli, const char *name, GError **error)
{
    g_autofree char *folder = tune_models_folder();
    g_autofree char *begun = g_strdup_printf("%s/.%s.partial", folder, name);
    g_autofree char *path = NULL, *plain = NULL, *note = NULL;
    const gboolean has_begun =
        tune_models_name_is_good(name) && g_file_test(begun, G_FILE_TEST_IS_DIR);
    guint64 freed = 0;

    if (!tune_models_name_is_good(name)) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "models remove: \"%s\" is no name of a model in %s", name, folder);
        return TUNE_EXIT_USAGE;
    }
    plain = g_build_filename(folder, name, NULL);
    if (g_file_test(plain, G_FILE_TEST_IS_SYMLINK)) /* also one that leads nowhere */
        path = g_strdup(plain);
    else if (!has_begun || g_file_test(plain, G_FILE_TEST_EXISTS))
        path = tune_models_find(name, error);
    if (path == NULL && !has_begun)
        return TUNE_EXIT_MISSING;
    note = g_strconcat(path == NULL ? begun : path, ".tunesmith-hash.json", NULL);
    if ((has_begun && !remove_entry(begun, &freed, error)) ||
        (path != NULL && !remove_entry(path, &freed, error)))
        return TUNE_EXIT_MISSING;
    g_unlink(note); /* of a GGUF file; often not there */
    g_autofree char *size = g_format_size(freed);
    g_autofree char *line = g_strdup_printf("removed %s: %s\n", name, size);
    if (cli->json) {
        g_autoptr(json_t) json =
            json_pack("{s:s, s:I}", "removed", name, "bytes", (json_int_t)freed);
        tune_cli_print_json(json, error);
    } else if (!cli->quiet) {
        tune_cli_print(line, error);
    }
    return TUNE_EXIT_DONE;
}

/* ---- the command ---- */

gint tune_command_models(TuneCli *cli, GError **error)
{
    static const struct {
        const char *word;
        gint (*run)(TuneCli *cli, const char *argument, GError **error);
    } parts[] = {{"inspect", tune_models_inspect},
                 {"import", tune_models_import},
                 {"quantize", tune_models_quantize},
                 {"pull", tune_models_pull},
                 {"remove", remove_one}};
    const char *word = tune_args_word(cli->args, 0), *argument = tune_args_word(cli->args, 1);

    if (word == NULL || (strcmp(word, "list") == 0 && argument == NULL))
        return list_all(cli, error);
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strcmp(word, parts[i].word) != 0)
            continue;
        if (argument != NULL)
            return parts[i].run(cli, argument, error);
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, "models %s: of which model?",
                    word);
        return TUNE_EXIT_USAGE;
    }
    g_set_error(
        error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
        "models: there is no \"%s\"; there are list, inspect, import, quantize, pull and remove",
        word);
    return TUNE_EXIT_USAGE;
}
