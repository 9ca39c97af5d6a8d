/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
#include "base/music.h"
#include "tune-config.h"

#include <string.h>

/* (transfer full) (element-type utf8) */
static GPtrArray *data_folders(void)
{
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    const char *override = g_getenv("TUNESMITH_DATA");

    if (override != NULL && *override != '\0')
        g_ptr_array_add(folders, g_strdup(override));
    g_ptr_array_add(folders, g_build_filename(g_get_user_data_dir(), "tunesmith", NULL));
    g_ptr_array_add(folders, g_strdup(TUNE_DATADIR));
    if (*TUNE_SOURCE_DATADIR != '\0')
        g_ptr_array_add(folders, g_strdup(TUNE_SOURCE_DATADIR));
    return folders;
}

char *tune_data_find(const char *name, GError **error)
{
    g_autoptr(GPtrArray) folders = data_folders();

    for (guint i = 0; i < folders->len; i++) {
        g_autofree char *path = g_build_filename(folders->pdata[i], name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    g_ptr_array_add(folders, NULL);
    g_autofree char *all = g_strjoinv(", ", (char **)folders->pdata);
    g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_MISSING,
                "data file \"%s\" is not installed (looked in %s)", name, all);
    return NULL;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *tune_data_list(const char *folder, const char *suffix)
{
    g_autoptr(GPtrArray) folders = data_folders();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *dot_suffix = g_strconcat(".", suffix, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < folders->len; i++) {
        g_autofree char *path = g_build_filename(folders->pdata[i], folder, NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *entry;
        while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL) {
            if (!g_str_has_suffix(entry, dot_suffix) || entry[0] == '.')
                continue;
            char *name = g_strndup(entry, strlen(entry) - strlen(dot_suffix));
            if (g_hash_table_add(seen, name))
                g_ptr_array_add(names, name);
            else
                g_free(name);
        }
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

char *tune_data_user_folder(const char *kind)
{
    return g_build_filename(g_get_user_data_dir(), "tunesmith", kind, NULL);
}
