/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/tensor.h"
#include "neural/kernels/half.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

G_DEFINE_QUARK(tune - neural - error - quark, tune_neural_error)

/* ---- types ---- */

static const struct {
    const char *name;
    guint bytes, values; /* of a block */
} dtypes[] = {
    [TUNE_DTYPE_F32] = {"F32", 4, 1},
    [TUNE_DTYPE_F16] = {"F16", 2, 1},
    [TUNE_DTYPE_BF16] = {"BF16", 2, 1},
    [TUNE_DTYPE_Q8] = {"Q8", 2 + TUNE_QUANT_BLOCK, TUNE_QUANT_BLOCK},
    [TUNE_DTYPE_Q4] = {"Q4", 2 + TUNE_QUANT_BLOCK / 2, TUNE_QUANT_BLOCK},
    [TUNE_DTYPE_I32] = {"I32", 4, 1},
    [TUNE_DTYPE_I64] = {"I64", 8, 1},
    [TUNE_DTYPE_BOOL] = {"BOOL", 1, 1},
};

const char *tune_dtype_name(TuneDtype dtype)
{
    return dtypes[dtype].name;
}

gboolean tune_dtype_is_real(TuneDtype dtype)
{
    return dtype <= TUNE_DTYPE_Q4;
}

guint64 tune_dtype_bytes(TuneDtype dtype, guint64 n)
{
    guint64 bytes;

    if (n % dtypes[dtype].values != 0 ||
        !g_uint64_checked_mul(&bytes, n / dtypes[dtype].values, dtypes[dtype].bytes))
        return 0;
    return bytes;
}

/* ---- one tensor ---- */

gboolean tune_tensor_measure(TuneTensor *self)
{
    guint64 n = 1;

    for (guint i = 0; i < self->n_dims; i++) {
        if (!g_uint64_checked_mul(&n, n, self->shape[i]))
            return FALSE;
    }
    /* Blocks never reach over the end of a row. */
    if (dtypes[self->dtype].values > 1 &&
        (self->n_dims == 0 || self->shape[self->n_dims - 1] % dtypes[self->dtype].values != 0))
        return FALSE;
    self->n_bytes = tune_dtype_bytes(self->dtype, n);
    return self->n_bytes > 0 || n == 0;
}

guint64 tune_tensor_n_values(const TuneTensor *self)
{
    guint64 n = 1;

    for (guint i = 0; i < self->n_dims; i++)
        n *= self->shape[i];
    return n;
}

char *tune_tensor_describe_shape(guint n_dims, const guint64 *shape)
{
    GString *text = g_string_new("[");

    for (guint i = 0; i < n_dims; i++)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT, i > 0 ? ", " : "", shape[i]);
    g_string_append_c(text, ']');
    return g_string_free(text, FALSE);
}

char *tune_tensor_describe(const TuneTensor *self)
{
    g_autofree char *shape = tune_tensor_describe_shape(self->n_dims, self->shape);

    return g_strdup_printf("%s %s", tune_dtype_name(self->dtype), shape);
}

/* Only whole pages that hold nothing else, and only of mapped files: what lies in ordinary memory
 * would be lost. */
void tune_tensor_forget(const TuneTensor *self)
{
    guintptr page = (guintptr)sysconf(_SC_PAGESIZE);
    guintptr first = ((guintptr)self->data + page - 1) / page * page;
    guintptr end = ((guintptr)self->data + self->n_bytes) / page * page;

    if (self->mapped && end > first)
        (void)madvise((void *)first, end - first, MADV_DONTNEED);
}

/* ---- values ---- */

static inline guint16 load_u16(const guint8 *bytes)
{
    return (guint16)(bytes[0] | bytes[1] << 8);
}

static inline guint32 load_u32(const guint8 *bytes)
{
    return bytes[0] | (guint32)bytes[1] << 8 | (guint32)bytes[2] << 16 | (guint32)bytes[3] << 24;
}

static inline float float_of_bits(guint32 bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static void read_q8(const guint8 *data, guint64 n_blocks, float *out)
{
    for (guint64 b = 0; b < n_blocks; b++, data += 2 + TUNE_QUANT_BLOCK) {
        float scale = tune_half_to_float(load_u16(data));

        for (guint i = 0; i < TUNE_QUANT_BLOCK; i++)
            *out++ = scale * (float)(gint8)data[2 + i];
    }
}

static void read_q4(const guint8 *data, guint64 n_blocks, float *out)
{
    const guint half = TUNE_QUANT_BLOCK / 2;

    for (guint64 b = 0; b < n_blocks; b++, data += 2 + half, out += TUNE_QUANT_BLOCK) {
        float scale = tune_half_to_float(load_u16(data));

        for (guint i = 0; i < half; i++) {
            out[i] = scale * (float)((gint)(data[2 + i] & 15) - 8);
            out[half + i] = scale * (float)((gint)(data[2 + i] >> 4) - 8);
        }
    }
}

static void read_integers(TuneDtype dtype, const guint8 *data, guint64 n, float *out)
{
    for (guint64 i = 0; i < n; i++) {
        if (dtype == TUNE_DTYPE_I32)
            out[i] = (float)(gint32)load_u32(data + 4 * i);
        else if (dtype == TUNE_DTYPE_I64)
            out[i] =
                (float)(gint64)(load_u32(data + 8 * i) | (guint64)load_u32(data + 8 * i + 4) << 32);
        else
            out[i] = data[i] != 0;
    }
}

void tune_tensor_read(const TuneTensor *self, guint64 first, guint64 n, float *out)
{
    const guint8 *data = (const guint8 *)self->data + tune_dtype_bytes(self->dtype, first);
    guint64 size = tune_tensor_n_values(self);

    g_return_if_fail(first <= size && n <= size - first);
    switch (self->dtype) {
    case TUNE_DTYPE_F32:
        for (guint64 i = 0; i < n; i++)
            out[i] = float_of_bits(load_u32(data + 4 * i));
        break;
    case TUNE_DTYPE_F16:
        for (guint64 i = 0; i < n; i++)
            out[i] = tune_half_to_float(load_u16(data + 2 * i));
        break;
    case TUNE_DTYPE_BF16:
        for (guint64 i = 0; i < n; i++)
            out[i] = float_of_bits((guint32)load_u16(data + 2 * i) << 16);
        break;
    case TUNE_DTYPE_Q8:
        g_return_if_fail(first % TUNE_QUANT_BLOCK == 0 && n % TUNE_QUANT_BLOCK == 0);
        read_q8(data, n / TUNE_QUANT_BLOCK, out);
        break;
    case TUNE_DTYPE_Q4:
        g_return_if_fail(first % TUNE_QUANT_BLOCK == 0 && n % TUNE_QUANT_BLOCK == 0);
        read_q4(data, n / TUNE_QUANT_BLOCK, out);
        break;
    default:
        read_integers(self->dtype, data, n, out);
    }
}

/* ---- sets ---- */

struct TuneTensorSet {
    GPtrArray *tensors;  /* TuneTensor *, each with a name of its own */
    GHashTable *by_name; /* of the same */
    GHashTable *texts;
    GPtrArray *kept; /* GBytes * */
};

static void tensor_free(gpointer data)
{
    TuneTensor *self = data;

    g_free((char *)self->name);
    g_free(self);
}

TuneTensorSet *tune_tensor_set_new(void)
{
    TuneTensorSet *self = g_atomic_rc_box_new0(TuneTensorSet);

    self->tensors = g_ptr_array_new_with_free_func(tensor_free);
    self->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    self->texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    self->kept = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    return self;
}

TuneTensorSet *tune_tensor_set_ref(TuneTensorSet *self)
{
    return g_atomic_rc_box_acquire(self);
}

static void set_clear(gpointer data)
{
    TuneTensorSet *self = data;

    g_hash_table_unref(self->by_name);
    g_ptr_array_unref(self->tensors);
    g_hash_table_unref(self->texts);
    g_ptr_array_unref(self->kept);
}

void tune_tensor_set_unref(TuneTensorSet *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, set_clear);
}

void tune_tensor_set_keep(TuneTensorSet *self, GBytes *bytes)
{
    g_ptr_array_add(self->kept, g_bytes_ref(bytes));
}

gboolean tune_tensor_set_add(TuneTensorSet *self, const TuneTensor *tensor)
{
    if (g_hash_table_contains(self->by_name, tensor->name))
        return FALSE;
    TuneTensor *copy = g_memdup2(tensor, sizeof *tensor);
    copy->name = g_strdup(tensor->name);
    g_ptr_array_add(self->tensors, copy);
    g_hash_table_insert(self->by_name, (char *)copy->name, copy);
    return TRUE;
}

gboolean tune_tensor_set_merge(TuneTensorSet *self, const TuneTensorSet *other, const char **twice)
{
    for (guint i = 0; i < other->tensors->len; i++) {
        const TuneTensor *tensor = other->tensors->pdata[i];

        if (!tune_tensor_set_add(self, tensor)) {
            *twice = tensor->name;
            return FALSE;
        }
    }
    for (guint i = 0; i < other->kept->len; i++)
        tune_tensor_set_keep(self, other->kept->pdata[i]);
    return TRUE;
}

const TuneTensor *tune_tensor_set_find(const TuneTensorSet *self, const char *name)
{
    return g_hash_table_lookup(self->by_name, name);
}

guint tune_tensor_set_size(const TuneTensorSet *self)
{
    return self->tensors->len;
}

const TuneTensor *tune_tensor_set_get(const TuneTensorSet *self, guint i)
{
    return self->tensors->pdata[i];
}

void tune_tensor_set_put_text(TuneTensorSet *self, const char *key, const char *value)
{
    g_hash_table_insert(self->texts, g_strdup(key), g_strdup(value));
}

const char *tune_tensor_set_text(const TuneTensorSet *self, const char *key)
{
    return g_hash_table_lookup(self->texts, key);
}

guint64 tune_tensor_set_bytes(const TuneTensorSet *self)
{
    guint64 bytes = 0;

    for (guint i = 0; i < self->tensors->len; i++)
        bytes += ((const TuneTensor *)self->tensors->pdata[i])->n_bytes;
    return bytes;
}

/* ---- files ---- */

GBytes *tune_model_file_map(const char *path, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(GMappedFile) file = NULL;

    /* Opening a pipe would wait for a writer. */
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO, "%s is not a file", path);
        return NULL;
    }
    file = g_mapped_file_new(path, FALSE, &problem);
    if (file == NULL) {
        g_set_error_literal(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO, problem->message);
        return NULL;
    }
    return g_mapped_file_get_bytes(file);
}
