/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A store in a temporary folder that goes when the test ends.
 */
#pragma once
#include "files/files.h"

typedef struct {
    char *folder;
    TuneFiles *files;
} FilesTest;

/* @change (nullable) alters the configuration before the store is opened. */
FilesTest *files_test_new(void (*change)(TuneFilesConfig *config));
void files_test_free(FilesTest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FilesTest, files_test_free)
/* Remove a folder and all in it. */
void files_test_remove(const char *folder);

/* @n bytes of a pattern that @seed decides. (transfer full) */
guint8 *files_test_bytes(guint seed, gsize n);
TuneStored files_test_store(TuneFiles *files, gconstpointer data, gsize n);
/* Names in FOLDER/tmp. */
guint files_test_n_temporary(const char *folder);
