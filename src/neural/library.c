/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/library.h"
#include "neural/tensor.h"

#include <string.h>

#define SUFFIX ".gguf"

char *tune_models_folder(void)
{
    const char *said = g_getenv("TUNESMITH_MODELS");

    return said != NULL && *said != '\0'
               ? g_strdup(said)
               : g_build_filename(g_get_user_data_dir(), "tunesmith", "models", NULL);
}

gboolean tune_models_name_is_good(const char *name)
{
    gsize n = strlen(name);

    return n > 0 && n <= 100 && *name != '.' &&
           strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._-") == n;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Is there a model of this entry, as far as names tell? */
static gboolean looks_like_model(const char *folder, const char *entry)
{
    g_autofree char *path = g_build_filename(folder, entry, NULL);
    g_autofree char *config = g_build_filename(path, "config.json", NULL);

    return g_str_has_suffix(entry, SUFFIX) ? g_file_test(path, G_FILE_TEST_IS_REGULAR)
                                           : g_file_test(config, G_FILE_TEST_IS_REGULAR);
}

GPtrArray *tune_models_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *folder = tune_models_folder();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *entry;

    while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL) {
        gsize n = strlen(entry);

        if (!tune_models_name_is_good(entry) || !looks_like_model(folder, entry))
            continue;
        if (g_str_has_suffix(entry, SUFFIX))
            n -= strlen(SUFFIX);
        g_ptr_array_add(names, g_strndup(entry, n));
    }
    g_ptr_array_sort(names, by_name);
    return names;
}

static char *list(void)
{
    g_autoptr(GPtrArray) names = tune_models_names();

    if (names->len == 0)
        return g_strdup("none is installed; `tunesmith models pull musicgen-small` fetches one, "
                        "`tunesmith models import DIR` takes one from a folder");
    g_ptr_array_add(names, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
    return g_strconcat("there are ", all, NULL);
}

char *tune_models_find(const char *model, GError **error)
{
    if (strchr(model, '/') != NULL || g_str_has_suffix(model, SUFFIX)) {
        if (g_file_test(model, G_FILE_TEST_EXISTS))
            return g_strdup(model);
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_NO_MODEL, "%s: there is nothing", model);
        return NULL;
    }
    if (tune_models_name_is_good(model)) {
        g_autofree char *folder = tune_models_folder();
        g_autofree char *path = g_build_filename(folder, model, NULL);
        g_autofree char *file = g_strconcat(path, SUFFIX, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&path);
        if (g_file_test(file, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&file);
    }
    g_autofree char *there = list();
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_NO_MODEL,
                "no model is called \"%s\": %s", model, there);
    return NULL;
}
