/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files-test.h"

#include <glib/gstdio.h>
#include "base/random.h"

FilesTest *files_test_new(void (*change)(TuneFilesConfig *config))
{
    g_autoptr(GError) error = NULL;
    FilesTest *self = g_new0(FilesTest, 1);

    self->folder = g_dir_make_tmp("tune-files-XXXXXX", &error);
    g_assert_no_error(error);
    TuneFilesConfig config = TUNE_FILES_CONFIG_DEFAULT;
    config.min_free_bytes = 0;
    config.folder = self->folder;
    if (change != NULL)
        change(&config);
    self->files = tune_files_open(&config, &error);
    g_assert_no_error(error);
    return self;
}

void files_test_remove(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            files_test_remove(path);
        else
            g_unlink(path);
    }
    g_rmdir(folder);
}

void files_test_free(FilesTest *self)
{
    tune_files_free(self->files);
    files_test_remove(self->folder);
    g_free(self->folder);
    g_free(self);
}

guint8 *files_test_bytes(guint seed, gsize n)
{
    guint8 *bytes = g_malloc(MAX(n, 1));
    TuneRandom r;

    tune_random_init(&r, seed, "test/files");
    for (gsize i = 0; i < n; i++)
        bytes[i] = (guint8)tune_random_next(&r);
    return bytes;
}

TuneStored files_test_store(TuneFiles *files, gconstpointer data, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneFileWriter) writer = tune_files_write(files, "test", &error);
    TuneStored stored;

    g_assert_no_error(error);
    tune_file_writer_append(writer, data, n, &error);
    g_assert_no_error(error);
    tune_file_writer_commit(writer, &stored, &error);
    g_assert_no_error(error);
    return stored;
}

guint files_test_n_temporary(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "tmp", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}
