/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * store-one FOLDER: stores "hello" in FOLDER and prints its hash, or says why not and ends with 1.  For
 * test-faults.sh, which makes its system calls fail.
 */
#include <stdio.h>
#include "files/files.h"

int main(int argc, char **argv)
{
    TuneFilesConfig config = TUNE_FILES_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;
    TuneStored stored;

    if (argc != 2)
        return 2;
    config.folder = argv[1];
    g_autoptr(TuneFiles) files = tune_files_open(&config, &error);
    g_autoptr(TuneFileWriter) writer =
        files != NULL ? tune_files_write(files, "one", &error) : NULL;
    if (writer == NULL || !tune_file_writer_append(writer, "hello", 5, &error) ||
        !tune_file_writer_commit(writer, &stored, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    printf("%s\n", stored.sha256);
    return 0;
}
