/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The identity of a checkpoint.  Gigabytes are read for it once: the result is noted beside the
 * weights, with the sizes and times of the files that it is of, and believed as long as these are
 * the same.
 */
#include "neural/checkpoint-private.h"
#include "base/json.h"

#include <glib/gstdio.h>
#include <string.h>

#define NOTE  "tunesmith-hash.json"
#define BLOCK ((gsize)4 << 20) /* bytes between two looks at the cancellable */

static gint by_name(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const TuneTensor *const *)a)->name, (*(const TuneTensor *const *)b)->name);
}

static gboolean add_bytes(GChecksum *sum, const TuneTensor *tensor, GCancellable *cancellable,
                          GError **error)
{
    const guint8 *data = tensor->data;

    for (guint64 left = tensor->n_bytes; left > 0;) {
        gsize n = (gsize)MIN(left, BLOCK);

        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
        g_checksum_update(sum, data, (gssize)n);
        data += n;
        left -= n;
    }
    tune_tensor_forget(tensor);
    return TRUE;
}

/* In the order of names, so that shards give the same as one file. */
static char *compute(const TuneTensorSet *set, GCancellable *cancellable, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GPtrArray) tensors = g_ptr_array_new();

    for (guint i = 0; i < tune_tensor_set_size(set); i++)
        g_ptr_array_add(tensors, (gpointer)tune_tensor_set_get(set, i));
    g_ptr_array_sort(tensors, by_name);
    for (guint i = 0; i < tensors->len; i++) {
        const TuneTensor *tensor = tensors->pdata[i];
        g_autofree char *what = tune_tensor_describe(tensor);
        g_autofree char *line = g_strdup_printf("%s %s\n", tensor->name, what);

        g_checksum_update(sum, (const guchar *)line, -1);
        if (!add_bytes(sum, tensor, cancellable, error))
            return NULL;
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* ---- the note ---- */

static void add_stamp(GPtrArray *lines, const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GStatBuf info;

    if (g_stat(path, &info) == 0)
        g_ptr_array_add(lines, g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld",
                                               name, (gint64)info.st_size,
                                               (gint64)info.st_mtim.tv_sec, info.st_mtim.tv_nsec));
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names, sizes and times of all files that hold the weights. (transfer full) */
static char *stamp(const TuneCheckpoint *self)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(self->path, 0, NULL);
    const char *name;

    if (dir == NULL) {
        g_autofree char *folder = g_path_get_dirname(self->path);
        g_autofree char *base = g_path_get_basename(self->path);
        add_stamp(lines, folder, base);
    }
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_suffix(name, ".safetensors"))
            add_stamp(lines, self->path, name);
    }
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static char *note_path(const TuneCheckpoint *self)
{
    return self->short_names ? g_strconcat(self->path, "." NOTE, NULL)
                             : g_build_filename(self->path, NOTE, NULL);
}

static char *recall(const char *path, const char *files)
{
    g_autoptr(json_t) note = tune_json_load(path, NULL);
    const char *noted = json_string_value(json_object_get(note, "files"));
    const char *hash = json_string_value(json_object_get(note, "hash"));

    return g_strcmp0(noted, files) == 0 && hash != NULL && strlen(hash) == 64 ? g_strdup(hash)
                                                                              : NULL;
}

/* A folder that cannot be written to costs the next program another reading, no more. */
static void remember(const char *path, const char *files, const char *hash)
{
    g_autoptr(json_t) note = json_pack("{s:s, s:s}", "hash", hash, "files", files);
    g_autofree char *text = note == NULL ? NULL : tune_json_pretty(note);

    if (text != NULL)
        (void)g_file_set_contents(path, text, -1, NULL);
}

char *tune_checkpoint_hash(TuneCheckpoint *self, GCancellable *cancellable, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);

    if (self->hash == NULL) {
        g_autofree char *path = note_path(self), *files = stamp(self);

        self->hash = recall(path, files);
        if (self->hash == NULL) {
            self->hash = compute(self->set, cancellable, error);
            if (self->hash != NULL)
                remember(path, files, self->hash);
        }
    }
    return g_strdup(self->hash);
}
