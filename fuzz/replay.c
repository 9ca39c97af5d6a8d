/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Feeds every file of the folders named on the command line to a fuzz target, as an ordinary test:
 * one line of TAP a file.  A finding that was fixed stays in the corpus and is tried for ever.
 */
#include <glib.h>

#include <stdio.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *files_of(const char *folder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, compare_names);
    return names;
}

int main(int argc, char **argv)
{
    guint n = 0;

    for (int i = 1; i < argc; i++) {
        g_autoptr(GPtrArray) files = files_of(argv[i]);

        for (guint k = 0; k < files->len; k++) {
            g_autofree char *bytes = NULL, *exact = NULL;
            g_autofree char *base = g_path_get_basename(files->pdata[k]);
            gsize size = 0;

            if (!g_file_get_contents(files->pdata[k], &bytes, &size, NULL))
                continue;
            /* An allocation of just this size, so that a read behind the end is seen. */
            exact = g_memdup2(bytes, size);
            LLVMFuzzerTestOneInput((const guint8 *)exact, size);
            printf("ok %u %s\n", ++n, base);
            fflush(stdout);
        }
    }
    printf("1..%u\n", n);
    return n == 0;
}
