/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"
#include "base/music.h"

#include <errno.h>
#include <stdio.h>

char *tune_hash_bytes(gconstpointer data, gsize size)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);
}

char *tune_hash_file(const char *path, GError **error)
{
    FILE *file = fopen(path, "rbe");

    if (file == NULL) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_IO, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 block[65536];
    gsize n;

    while ((n = fread(block, 1, sizeof block, file)) > 0)
        g_checksum_update(sum, block, (gssize)n);
    gboolean failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        g_set_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_IO, "%s: cannot be read", path);
        return NULL;
    }
    return g_strdup(g_checksum_get_string(sum));
}
