/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/safetensors.h"
#include "base/json.h"

#include <string.h>

enum { PREFIX = 8, MAX_SHARDS = 1000, MAX_FILE_NAME = 255 };

static gboolean broken(GError **error, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean broken(GError **error, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "%s: %s", name, why);
    return FALSE;
}

/* The text of the header, still in @bytes. */
static const char *find_header(GBytes *bytes, const char *name, gsize *n_header, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    guint64 n = 0;

    if (size < PREFIX + 2) {
        broken(error, name, "%" G_GSIZE_FORMAT " bytes are no safetensors file", size);
        return NULL;
    }
    for (guint i = 0; i < PREFIX; i++)
        n |= (guint64)data[i] << (8 * i);
    if (n > TUNE_SAFETENSORS_MAX_HEADER) {
        broken(error, name,
               "not a safetensors file: its header would have %" G_GUINT64_FORMAT
               " bytes, more than the %u that are allowed",
               n, TUNE_SAFETENSORS_MAX_HEADER);
        return NULL;
    }
    if (n > size - PREFIX) {
        broken(error, name,
               "cut off: the header has %" G_GUINT64_FORMAT " bytes, only %" G_GSIZE_FORMAT
               " are there",
               n, size - PREFIX);
        return NULL;
    }
    if (n < 2 || data[PREFIX] != '{') {
        broken(error, name, "not a safetensors file: the header does not begin with \"{\"");
        return NULL;
    }
    *n_header = (gsize)n;
    return (const char *)data + PREFIX;
}

static json_t *parse_json(const char *name, const char *text, gsize size, GError **error)
{
    g_autoptr(GError) problem = NULL;
    json_t *json = tune_json_parse(name, text, size, &problem);

    if (json != NULL && json_is_object(json))
        return json;
    if (json != NULL)
        broken(error, name, "a JSON object is expected");
    else
        g_set_error_literal(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, problem->message);
    json_decref(json);
    return NULL;
}

/* ---- one file ---- */

typedef struct {
    TuneTensor tensor;
    guint64 begin, end; /* from the start of the data */
} Entry;

static gboolean read_dtype(const char *text, TuneDtype *out)
{
    static const TuneDtype known[] = {TUNE_DTYPE_F32, TUNE_DTYPE_F16, TUNE_DTYPE_BF16,
                                      TUNE_DTYPE_I32, TUNE_DTYPE_I64, TUNE_DTYPE_BOOL};

    for (gsize i = 0; text != NULL && i < G_N_ELEMENTS(known); i++) {
        if (strcmp(text, tune_dtype_name(known[i])) == 0) {
            *out = known[i];
            return TRUE;
        }
    }
    return FALSE;
}

/* Whole numbers, none negative, of array @json; FALSE when it is another thing or longer than @max.
 */
static gboolean read_numbers(const json_t *json, gsize max, guint64 *out, gsize *n)
{
    if (!json_is_array(json) || json_array_size(json) > max)
        return FALSE;
    *n = json_array_size(json);
    for (gsize i = 0; i < *n; i++) {
        const json_t *value = json_array_get(json, i);

        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return FALSE;
        out[i] = (guint64)json_integer_value(value);
    }
    return TRUE;
}

static gboolean read_entry(const char *name, const char *key, const json_t *json, guint64 n_data,
                           Entry *out, GError **error)
{
    TuneTensor *tensor = &out->tensor;
    guint64 offsets[2];
    gsize n;

    *out = (Entry){.tensor.name = key, .tensor.mapped = TRUE};
    if (!json_is_object(json))
        return broken(error, name, "%s: a JSON object is expected", key);
    const char *dtype = json_string_value(json_object_get(json, "dtype"));
    if (!read_dtype(dtype, &tensor->dtype))
        return broken(error, name, "%s: type %s is not known", key,
                      dtype == NULL ? "(none)" : dtype);
    if (!read_numbers(json_object_get(json, "shape"), TUNE_TENSOR_MAX_DIMS, tensor->shape, &n))
        return broken(error, name, "%s: shape is not a list of at most %d sizes", key,
                      TUNE_TENSOR_MAX_DIMS);
    tensor->n_dims = (guint)n;
    if (!tune_tensor_measure(tensor))
        return broken(error, name, "%s: the shape is too large", key);
    if (!read_numbers(json_object_get(json, "data_offsets"), 2, offsets, &n) || n != 2)
        return broken(error, name, "%s: data_offsets is not a list of two places", key);
    out->begin = offsets[0];
    out->end = offsets[1];
    if (out->begin > out->end)
        return broken(error, name, "%s: its data ends before it begins", key);
    if (out->end > n_data)
        return broken(error, name,
                      "%s: its data ends at byte %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                      ": the file is cut off or its header lies",
                      key, out->end, n_data);
    if (out->end - out->begin != tensor->n_bytes) {
        g_autofree char *what = tune_tensor_describe(tensor);
        return broken(error, name,
                      "%s: %s takes %" G_GUINT64_FORMAT
                      " bytes, the header gives it %" G_GUINT64_FORMAT,
                      key, what, tensor->n_bytes, out->end - out->begin);
    }
    return TRUE;
}

static gint compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

/* In the order of their data, each must begin where the one before it ends. */
static gboolean check_layout(const char *name, const GArray *entries, guint64 n_data,
                             GError **error)
{
    guint64 at = 0;

    for (guint i = 0; i < entries->len; i++) {
        const Entry *entry = &g_array_index(entries, Entry, i);

        if (entry->begin < at)
            return broken(error, name, "the data of %s and %s overlap",
                          g_array_index(entries, Entry, i - 1).tensor.name, entry->tensor.name);
        if (entry->begin > at)
            return broken(error, name, "nothing owns the %" G_GUINT64_FORMAT " bytes before %s",
                          entry->begin - at, entry->tensor.name);
        at = entry->end;
    }
    if (at != n_data)
        return broken(error, name, "%" G_GUINT64_FORMAT " bytes follow the last tensor",
                      n_data - at);
    return TRUE;
}

static gboolean read_texts(TuneTensorSet *set, const char *name, json_t *texts, GError **error)
{
    const char *key;
    json_t *value;

    if (!json_is_object(texts))
        return broken(error, name, "__metadata__ is not a JSON object");
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return broken(error, name, "__metadata__.%s is not a text", key);
        tune_tensor_set_put_text(set, key, json_string_value(value));
    }
    return TRUE;
}

static TuneTensorSet *parse(GBytes *bytes, const char *name, gboolean mapped, GError **error)
{
    gsize n_header, size = g_bytes_get_size(bytes);
    const char *header = find_header(bytes, name, &n_header, error);
    g_autoptr(json_t) json = header == NULL ? NULL : parse_json(name, header, n_header, error);
    g_autoptr(TuneTensorSet) set = tune_tensor_set_new();
    g_autoptr(GArray) entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    const char *key;
    json_t *value;

    if (json == NULL)
        return NULL;
    const guint64 n_data = size - PREFIX - n_header;
    json_object_foreach(json, key, value)
    {
        Entry entry;

        if (strcmp(key, "__metadata__") == 0) {
            if (!read_texts(set, name, value, error))
                return NULL;
            continue;
        }
        if (!read_entry(name, key, value, n_data, &entry, error))
            return NULL;
        entry.tensor.data = header + n_header + entry.begin;
        entry.tensor.mapped = mapped;
        g_array_append_val(entries, entry);
    }
    g_array_sort(entries, compare_entries);
    if (!check_layout(name, entries, n_data, error))
        return NULL;
    for (guint i = 0; i < entries->len; i++)
        tune_tensor_set_add(set, &g_array_index(entries, Entry, i).tensor);
    tune_tensor_set_keep(set, bytes);
    return g_steal_pointer(&set);
}

TuneTensorSet *tune_safetensors_parse(GBytes *bytes, const char *name, GError **error)
{
    return parse(bytes, name, FALSE, error);
}

TuneTensorSet *tune_safetensors_open(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = tune_model_file_map(path, error);

    return bytes == NULL ? NULL : parse(bytes, path, TRUE, error);
}

/* ---- shards ---- */

static gboolean is_plain_name(const char *name)
{
    return *name != '\0' && strlen(name) <= MAX_FILE_NAME && strpbrk(name, "/\\") == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Open shard @file unless it is open, and look for @key in it. */
static gboolean check_shard(GHashTable *shards, TuneTensorSet *all, const char *index_path,
                            const char *file, const char *key, GError **error)
{
    TuneTensorSet *shard = g_hash_table_lookup(shards, file);
    const char *twice = NULL;

    if (shard == NULL) {
        g_autofree char *folder = g_path_get_dirname(index_path);
        g_autofree char *path = g_build_filename(folder, file, NULL);

        if (g_hash_table_size(shards) >= MAX_SHARDS)
            return broken(error, index_path, "more than %d files", MAX_SHARDS);
        shard = tune_safetensors_open(path, error);
        if (shard == NULL)
            return FALSE;
        g_hash_table_insert(shards, g_strdup(file), shard);
        if (!tune_tensor_set_merge(all, shard, &twice))
            return broken(error, index_path, "%s is in %s and in another file", twice, file);
    }
    if (tune_tensor_set_find(shard, key) == NULL)
        return broken(error, index_path, "%s should be in %s and is not", key, file);
    return TRUE;
}

TuneTensorSet *tune_safetensors_open_index(const char *index_path, GError **error)
{
    g_autoptr(GBytes) bytes = tune_model_file_map(index_path, error);
    g_autoptr(TuneTensorSet) all = tune_tensor_set_new();
    g_autoptr(GHashTable) shards = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify)tune_tensor_set_unref);
    g_autoptr(json_t) json = NULL;
    const char *key;
    json_t *file;

    if (bytes == NULL)
        return NULL;
    if (g_bytes_get_size(bytes) <= TUNE_SAFETENSORS_MAX_HEADER)
        json =
            parse_json(index_path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error);
    else
        broken(error, index_path, "more than %u bytes", TUNE_SAFETENSORS_MAX_HEADER);
    if (json == NULL)
        return NULL;
    json_t *map = json_object_get(json, "weight_map");
    if (!json_is_object(map)) {
        broken(error, index_path, "weight_map is missing");
        return NULL;
    }
    json_object_foreach(map, key, file)
    {
        if (!json_is_string(file) || !is_plain_name(json_string_value(file))) {
            broken(error, index_path, "%s is said to be in what is no file name", key);
            return NULL;
        }
        if (!check_shard(shards, all, index_path, json_string_value(file), key, error))
            return NULL;
    }
    return g_steal_pointer(&all);
}
