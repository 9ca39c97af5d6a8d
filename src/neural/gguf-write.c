/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/gguf.h"
#include "neural/gguf-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { VERSION = 3, MAX_NAME = 63 };

struct TuneGgufWriter {
    char *path, *partial; /* the name it will have, and the one it has until finished */
    FILE *file;
    GByteArray *keys, *table; /* as they will be written */
    guint64 n_keys, n_tensors;
    GArray *sizes;   /* guint64: bytes of each tensor */
    guint64 offset;  /* of the next tensor in the data */
    guint current;   /* tensor at hand */
    guint64 written; /* bytes of it so far */
};

static gboolean fail(const TuneGgufWriter *self, const char *what, GError **error)
{
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO, "%s: %s: %s", self->path, what,
                g_strerror(errno));
    return FALSE;
}

TuneGgufWriter *tune_gguf_writer_new(const char *path, GError **error)
{
    g_autoptr(TuneGgufWriter) self = g_new0(TuneGgufWriter, 1);

    self->path = g_strdup(path);
    self->keys = g_byte_array_new();
    self->table = g_byte_array_new();
    self->sizes = g_array_new(FALSE, FALSE, sizeof(guint64));
    char *name = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        fail(self, "cannot be written", error);
        g_free(name);
        return NULL;
    }
    self->partial = name;
    self->file = fdopen(fd, "wb");
    return g_steal_pointer(&self);
}

void tune_gguf_writer_free(TuneGgufWriter *self)
{
    if (self == NULL)
        return;
    if (self->file != NULL)
        fclose(self->file);
    if (self->partial != NULL)
        g_unlink(self->partial);
    g_byte_array_unref(self->keys);
    g_byte_array_unref(self->table);
    g_array_unref(self->sizes);
    g_free(self->partial);
    g_free(self->path);
    g_free(self);
}

/* ---- header ---- */

static void append_number(GByteArray *out, guint64 value, guint n_bytes)
{
    guint8 bytes[8];

    for (guint i = 0; i < n_bytes; i++)
        bytes[i] = (guint8)(value >> (8 * i));
    g_byte_array_append(out, bytes, n_bytes);
}

static void append_text(GByteArray *out, const char *text)
{
    append_number(out, strlen(text), 8);
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
}

void tune_gguf_writer_put_text(TuneGgufWriter *self, const char *key, const char *value)
{
    append_text(self->keys, key);
    append_number(self->keys, TUNE_GGUF_TEXT, 4);
    append_text(self->keys, value);
    self->n_keys++;
}

void tune_gguf_writer_put_u32(TuneGgufWriter *self, const char *key, guint32 value)
{
    append_text(self->keys, key);
    append_number(self->keys, TUNE_GGUF_U32, 4);
    append_number(self->keys, value, 4);
    self->n_keys++;
}

static guint64 align(guint64 offset)
{
    return (offset + TUNE_GGUF_ALIGNMENT - 1) / TUNE_GGUF_ALIGNMENT * TUNE_GGUF_ALIGNMENT;
}

static guint32 type_number(TuneDtype dtype)
{
    for (guint i = 0; i < TUNE_GGUF_N_DTYPES; i++) {
        if (tune_gguf_dtypes[i].dtype == dtype)
            return tune_gguf_dtypes[i].type;
    }
    g_return_val_if_reached(0);
}

void tune_gguf_writer_announce(TuneGgufWriter *self, const char *name, TuneDtype dtype,
                               guint n_dims, const guint64 *shape)
{
    TuneTensor tensor = {.name = name, .dtype = dtype, .n_dims = n_dims};

    g_return_if_fail(strlen(name) <= MAX_NAME && n_dims <= TUNE_TENSOR_MAX_DIMS);
    memcpy(tensor.shape, shape, n_dims * sizeof *shape);
    g_return_if_fail(tune_tensor_measure(&tensor));
    append_text(self->table, name);
    append_number(self->table, n_dims, 4);
    for (guint i = n_dims; i-- > 0;)
        append_number(self->table, shape[i], 8);
    append_number(self->table, type_number(dtype), 4);
    append_number(self->table, self->offset, 8);
    self->offset = align(self->offset + tensor.n_bytes);
    g_array_append_val(self->sizes, tensor.n_bytes);
    self->n_tensors++;
}

/* ---- bytes ---- */

static gboolean put(TuneGgufWriter *self, gconstpointer data, gsize n, GError **error)
{
    return n == 0 || fwrite(data, 1, n, self->file) == n || fail(self, "cannot be written", error);
}

static gboolean pad(TuneGgufWriter *self, guint64 at, GError **error)
{
    static const guint8 zeros[TUNE_GGUF_ALIGNMENT] = {0};

    return put(self, zeros, (gsize)(align(at) - at), error);
}

/* Tensors without values need no bytes. */
static gboolean skip_finished(TuneGgufWriter *self, GError **error)
{
    while (self->current < self->sizes->len &&
           self->written == g_array_index(self->sizes, guint64, self->current)) {
        if (!pad(self, self->written, error))
            return FALSE;
        self->current++;
        self->written = 0;
    }
    return TRUE;
}

gboolean tune_gguf_writer_begin_data(TuneGgufWriter *self, GError **error)
{
    g_autoptr(GByteArray) head = g_byte_array_new();

    g_byte_array_append(head, (const guint8 *)"GGUF", 4);
    append_number(head, VERSION, 4);
    append_number(head, self->n_tensors, 8);
    append_number(head, self->n_keys, 8);
    return put(self, head->data, head->len, error) &&
           put(self, self->keys->data, self->keys->len, error) &&
           put(self, self->table->data, self->table->len, error) &&
           pad(self, (guint64)head->len + self->keys->len + self->table->len, error) &&
           skip_finished(self, error);
}

gboolean tune_gguf_writer_write(TuneGgufWriter *self, gconstpointer data, gsize n_bytes,
                                GError **error)
{
    g_return_val_if_fail(self->current < self->sizes->len, FALSE);
    g_return_val_if_fail(
        n_bytes <= g_array_index(self->sizes, guint64, self->current) - self->written, FALSE);
    self->written += n_bytes;
    return put(self, data, n_bytes, error) && skip_finished(self, error);
}

gboolean tune_gguf_writer_finish(TuneGgufWriter *self, GError **error)
{
    g_return_val_if_fail(self->current == self->sizes->len, FALSE);
    FILE *file = g_steal_pointer(&self->file);

    gboolean good = fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good || g_rename(self->partial, self->path) != 0)
        return fail(self, "cannot be written", error);
    g_clear_pointer(&self->partial, g_free);
    return TRUE;
}
