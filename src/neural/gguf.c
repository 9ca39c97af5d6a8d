/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/gguf.h"
#include "neural/gguf-private.h"

#include <string.h>

/* Limits that no model comes near, so that a lying count costs nothing. */
enum { MAX_KEYS = 65536, MAX_TENSORS = 1 << 20, MAX_NAME = 63, MAX_KEY = 65535, MAX_NESTING = 4 };

const struct TuneGgufDtype tune_gguf_dtypes[TUNE_GGUF_N_DTYPES] = {
    {TUNE_DTYPE_F32, 0},  {TUNE_DTYPE_F16, 1},  {TUNE_DTYPE_Q4, 2},    {TUNE_DTYPE_Q8, 8},
    {TUNE_DTYPE_I32, 26}, {TUNE_DTYPE_I64, 27}, {TUNE_DTYPE_BF16, 30},
};

/* A cursor that never passes the end; the first problem is kept and all later reads give zeros. */
typedef struct {
    const char *name;
    const guint8 *data;
    gsize size, at;
    GError *problem;
} Reader;

static void broken(Reader *self, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void broken(Reader *self, const char *format, ...)
{
    va_list args;

    if (self->problem != NULL)
        return;
    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(&self->problem, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "%s: %s", self->name,
                why);
}

static const guint8 *take(Reader *self, guint64 n)
{
    if (self->problem == NULL && n > self->size - self->at)
        broken(self, "cut off at byte %" G_GSIZE_FORMAT " of its header, or the header lies",
               self->at);
    if (self->problem != NULL)
        return NULL;
    self->at += (gsize)n;
    return self->data + self->at - n;
}

static guint64 take_number(Reader *self, guint n_bytes)
{
    const guint8 *bytes = take(self, n_bytes);
    guint64 value = 0;

    for (guint i = 0; bytes != NULL && i < n_bytes; i++)
        value |= (guint64)bytes[i] << (8 * i);
    return value;
}

/* A text of at most @max bytes: UTF-8 without zeros. (transfer full) (nullable) */
static char *take_text(Reader *self, guint64 max)
{
    guint64 n = take_number(self, 8);
    const guint8 *bytes = NULL;

    if (n > max)
        broken(self,
               "a text of %" G_GUINT64_FORMAT " bytes at byte %" G_GSIZE_FORMAT
               " of its header, more than is allowed there",
               n, self->at);
    else
        bytes = take(self, n);
    if (bytes != NULL && !g_utf8_validate((const char *)bytes, (gssize)n, NULL)) {
        broken(self, "a text at byte %" G_GSIZE_FORMAT " of its header is not UTF-8",
               self->at - (gsize)n);
        return NULL;
    }
    return bytes == NULL ? NULL : g_strndup((const char *)bytes, (gsize)n);
}

/* ---- keys ---- */

/* Bytes of the scalar types; 0: texts and lists. */
static const guint8 scalar_bytes[TUNE_GGUF_N_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

static void skip_value(Reader *self, guint64 type, guint nesting)
{
    if (type >= TUNE_GGUF_N_TYPES || nesting > MAX_NESTING) {
        broken(self, "a key's type is not known");
    } else if (type == TUNE_GGUF_TEXT) {
        take(self, take_number(self, 8));
    } else if (type == TUNE_GGUF_LIST) {
        guint64 element = take_number(self, 4), n = take_number(self, 8), bytes;

        if (element < TUNE_GGUF_N_TYPES && scalar_bytes[element] > 0) {
            if (g_uint64_checked_mul(&bytes, n, scalar_bytes[element]))
                take(self, bytes);
            else
                broken(self, "a list of %" G_GUINT64_FORMAT " values", n);
            return;
        }
        /* Each element takes bytes, so that the file's end bounds the loop. */
        for (guint64 i = 0; i < n && self->problem == NULL; i++)
            skip_value(self, element, nesting + 1);
    } else {
        take(self, scalar_bytes[type]);
    }
}

static void read_key(Reader *self, TuneTensorSet *set, guint32 *alignment)
{
    g_autofree char *key = take_text(self, MAX_KEY);
    guint64 type = take_number(self, 4);

    if (self->problem != NULL)
        return;
    if (type == TUNE_GGUF_TEXT) {
        g_autofree char *text = take_text(self, self->size);

        if (text != NULL && tune_tensor_set_text(set, key) != NULL)
            broken(self, "key %s is there twice", key);
        else if (text != NULL)
            tune_tensor_set_put_text(set, key, text);
    } else if (strcmp(key, "general.alignment") == 0) {
        guint64 value = type == TUNE_GGUF_U32 ? take_number(self, 4) : 0;

        if (value < 8 || value > 65536 || (value & (value - 1)) != 0)
            broken(self, "general.alignment is not a power of two from 8 to 65536");
        else
            *alignment = (guint32)value;
    } else {
        skip_value(self, type, 0);
    }
}

/* ---- tensors ---- */

static gboolean read_type(guint64 type, TuneDtype *out)
{
    for (guint i = 0; i < TUNE_GGUF_N_DTYPES; i++) {
        if (tune_gguf_dtypes[i].type == type) {
            *out = tune_gguf_dtypes[i].dtype;
            return TRUE;
        }
    }
    return FALSE;
}

typedef struct {
    TuneTensor tensor; /* the name is owned */
    guint64 offset;
} Entry;

static void entry_clear(gpointer data)
{
    g_free((char *)((Entry *)data)->tensor.name);
}

static void read_entry(Reader *self, GArray *entries)
{
    Entry entry = {.tensor.name = take_text(self, MAX_NAME)};
    guint64 n_dims = take_number(self, 4), type;

    g_array_append_val(entries, entry);
    TuneTensor *tensor = &g_array_index(entries, Entry, entries->len - 1).tensor;
    if (self->problem == NULL && n_dims > TUNE_TENSOR_MAX_DIMS)
        broken(self, "%s has %" G_GUINT64_FORMAT " dimensions", tensor->name, n_dims);
    if (self->problem != NULL)
        return;
    tensor->n_dims = (guint)n_dims;
    for (guint i = 0; i < n_dims; i++)
        tensor->shape[n_dims - 1 - i] = take_number(self, 8);
    type = take_number(self, 4);
    g_array_index(entries, Entry, entries->len - 1).offset = take_number(self, 8);
    if (self->problem != NULL)
        return;
    if (!read_type(type, &tensor->dtype))
        broken(self, "%s is of type %" G_GUINT64_FORMAT ", which is not read here", tensor->name,
               type);
    else if (!tune_tensor_measure(tensor))
        broken(self, "%s: a shape that is too large, or rows that are no whole blocks",
               tensor->name);
}

static gint compare_offsets(gconstpointer a, gconstpointer b)
{
    guint64 x = ((const Entry *)a)->offset, y = ((const Entry *)b)->offset;

    return x < y ? -1 : x > y;
}

/* Inside the data, aligned, none over another; then into the set. */
static void place(Reader *self, TuneTensorSet *set, GArray *entries, guint32 alignment,
                  gboolean mapped)
{
    gsize start = (self->at + alignment - 1) / alignment * alignment;
    guint64 n_data = start < self->size ? self->size - start : 0, at = 0;

    g_array_sort(entries, compare_offsets);
    for (guint i = 0; i < entries->len && self->problem == NULL; i++) {
        Entry *entry = &g_array_index(entries, Entry, i);
        const char *name = entry->tensor.name;

        if (entry->offset % alignment != 0)
            broken(self, "the data of %s is not aligned to %u bytes", name, alignment);
        else if (entry->offset < at)
            broken(self, "the data of %s and %s overlap",
                   g_array_index(entries, Entry, i - 1).tensor.name, name);
        else if (entry->offset > n_data || entry->tensor.n_bytes > n_data - entry->offset)
            broken(self, "the data of %s ends outside: the file is cut off or its header lies",
                   name);
        if (self->problem != NULL)
            return;
        at = entry->offset + entry->tensor.n_bytes;
        entry->tensor.data = self->data + start + entry->offset;
        entry->tensor.mapped = mapped;
        if (!tune_tensor_set_add(set, &entry->tensor))
            broken(self, "tensor %s is there twice", name);
    }
}

static TuneTensorSet *read_all(Reader *self, gboolean mapped)
{
    g_autoptr(TuneTensorSet) set = tune_tensor_set_new();
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    const guint8 *magic = take(self, 4);
    guint32 alignment = TUNE_GGUF_ALIGNMENT;
    guint64 version, n_tensors, n_keys;

    g_array_set_clear_func(entries, entry_clear);
    if (magic == NULL || memcmp(magic, "GGUF", 4) != 0) {
        g_clear_error(&self->problem);
        broken(self, "not a GGUF file");
        return NULL;
    }
    version = take_number(self, 4);
    n_tensors = take_number(self, 8);
    n_keys = take_number(self, 8);
    if (self->problem == NULL && version != 2 && version != 3)
        broken(self, "GGUF of version %" G_GUINT64_FORMAT "; 2 and 3 are read here", version);
    if (self->problem == NULL && (n_keys > MAX_KEYS || n_tensors > MAX_TENSORS))
        broken(self, "%" G_GUINT64_FORMAT " keys and %" G_GUINT64_FORMAT " tensors are too many",
               n_keys, n_tensors);
    for (guint64 i = 0; i < n_keys && self->problem == NULL; i++)
        read_key(self, set, &alignment);
    for (guint64 i = 0; i < n_tensors && self->problem == NULL; i++)
        read_entry(self, entries);
    if (self->problem == NULL)
        place(self, set, entries, alignment, mapped);
    return self->problem == NULL ? g_steal_pointer(&set) : NULL;
}

static TuneTensorSet *parse(GBytes *bytes, const char *name, gboolean mapped, GError **error)
{
    Reader self = {.name = name};

    self.data = g_bytes_get_data(bytes, &self.size);
    TuneTensorSet *set = read_all(&self, mapped);
    if (set != NULL)
        tune_tensor_set_keep(set, bytes);
    else
        g_propagate_error(error, self.problem);
    return set;
}

TuneTensorSet *tune_gguf_parse(GBytes *bytes, const char *name, GError **error)
{
    return parse(bytes, name, FALSE, error);
}

TuneTensorSet *tune_gguf_open(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = tune_model_file_map(path, error);

    return bytes == NULL ? NULL : parse(bytes, path, TRUE, error);
}
