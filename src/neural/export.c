/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/export.h"
#include "neural/checkpoint-private.h"
#include "neural/compute.h"
#include "neural/gguf.h"
#include "neural/kernels/half.h"

#include <math.h>
#include <string.h>

/* Values that are converted between two writes, shared by the threads. */
#define BATCH_VALUES ((guint64)1 << 22)

TuneDtype tune_export_dtype(const TuneExpected *expected, TuneWeightType weights)
{
    const guint64 row = expected->shape[expected->n_dims - 1];

    if (expected->role == TUNE_TENSOR_ROLE_EXACT || weights == TUNE_WEIGHTS_F32)
        return TUNE_DTYPE_F32;
    if (expected->role != TUNE_TENSOR_ROLE_LINEAR || weights == TUNE_WEIGHTS_F16 ||
        row % TUNE_QUANT_BLOCK != 0)
        return TUNE_DTYPE_F16;
    return weights == TUNE_WEIGHTS_Q8 ? TUNE_DTYPE_Q8 : TUNE_DTYPE_Q4;
}

/* A table of positions that is not float is left out: the reference's own, computed, is nearer. */
static gboolean is_written(const TuneCheckpoint *self, const TuneExpected *expected)
{
    const TuneTensor *tensor = tune_checkpoint_find(self, expected->name);

    return !expected->optional || (tensor != NULL && tensor->dtype == TUNE_DTYPE_F32);
}

guint64 tune_checkpoint_export_bytes(const TuneCheckpoint *self, TuneWeightType weights)
{
    guint64 bytes = 0;

    for (guint i = 0; i < self->layout->len; i++) {
        const TuneExpected *expected = &g_array_index(self->layout, TuneExpected, i);
        if (is_written(self, expected))
            bytes += tune_dtype_bytes(tune_export_dtype(expected, weights),
                                      tune_expected_n_values(expected));
    }
    return bytes;
}

/* ---- one tensor ---- */

typedef struct {
    TuneCheckpoint *checkpoint;
    const TuneExportOptions *options;
    TuneGgufWriter *writer;
    TuneCompute *compute;
    guint64 done, total;
    /* the tensor at hand */
    const TuneTensor *tensor; /* or NULL: */
    const float *folded;      /* a convolution's values */
    TuneDtype dtype;
    guint64 row, first_row, n_rows; /* values of a row; rows of the batch */
    guint8 *out;
    gint fault; /* atomic: a value that is not finite, or becomes so */
} Export;

static void round_to_half(const float *in, guint64 n, guint8 *out, gint *fault)
{
    for (guint64 i = 0; i < n; i++) {
        guint16 half = tune_half_from_float(in[i]);

        if ((half & 0x7c00) == 0x7c00)
            g_atomic_int_set(fault, 1);
        out[2 * i] = (guint8)half;
        out[2 * i + 1] = (guint8)(half >> 8);
    }
}

static gboolean is_finite_row(const float *values, guint64 n)
{
    float sum = 0.0f;

    for (guint64 i = 0; i < n; i++)
        sum += values[i] * 0.0f; /* stays zero unless one is not finite */
    return sum == 0.0f;
}

static void convert_row(gpointer data, guint i)
{
    Export *self = data;
    guint64 n = self->row, first = (self->first_row + i) * n;
    guint64 n_bytes = tune_dtype_bytes(self->dtype, n);
    guint8 *out = self->out + i * n_bytes;
    g_autofree float *values = g_new(float, n);

    if (self->folded != NULL)
        memcpy(values, self->folded + first, n * sizeof *values);
    else
        tune_tensor_read(self->tensor, first, n, values);
    if (!is_finite_row(values, n))
        g_atomic_int_set(&self->fault, 1);
    if (self->dtype == TUNE_DTYPE_F32)
        memcpy(out, values, n_bytes);
    else if (self->dtype == TUNE_DTYPE_F16)
        round_to_half(values, n, out, &self->fault);
    else if (!g_atomic_int_get(&self->fault))
        tune_quantize_row(self->dtype, values, n, out);
}

static gboolean write_batches(Export *self, const TuneExpected *expected, GError **error)
{
    const guint64 n = tune_expected_n_values(expected), rows = n / self->row;
    const guint64 batch = MAX(BATCH_VALUES / self->row, 1);
    const guint64 row_bytes = tune_dtype_bytes(self->dtype, self->row);
    g_autofree guint8 *out = g_try_malloc(MIN(batch, rows) * row_bytes);

    if (out == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY, "no memory for %s",
                    expected->name);
        return FALSE;
    }
    self->out = out;
    for (self->first_row = 0; self->first_row < rows; self->first_row += self->n_rows) {
        self->n_rows = MIN(batch, rows - self->first_row);
        if (g_cancellable_set_error_if_cancelled(self->options->cancellable, error))
            return FALSE;
        tune_compute_run(self->compute, (guint)self->n_rows, convert_row, self);
        if (g_atomic_int_get(&self->fault)) {
            g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                        "%s: %s holds values that are not numbers, or too large for %s",
                        self->checkpoint->path, expected->name, tune_dtype_name(self->dtype));
            return FALSE;
        }
        if (!tune_gguf_writer_write(self->writer, out, self->n_rows * row_bytes, error))
            return FALSE;
        self->done += self->n_rows * row_bytes;
        if (self->options->progress != NULL)
            self->options->progress(self->done, self->total, self->options->data);
    }
    return TRUE;
}

static gboolean write_tensor(Export *self, const TuneExpected *expected, GError **error)
{
    g_autofree float *folded = NULL;
    guint64 shape[3];

    self->dtype = tune_export_dtype(expected, self->options->weights);
    self->row = expected->shape[expected->n_dims - 1];
    self->tensor = NULL;
    if (expected->convolution) {
        folded = tune_checkpoint_convolution(self->checkpoint, expected->name, shape, error);
        if (folded == NULL)
            return FALSE;
        self->row *= expected->shape[1];
    } else {
        self->tensor = tune_checkpoint_tensor(self->checkpoint, "%s", expected->name);
    }
    self->folded = folded;
    if (!write_batches(self, expected, error))
        return FALSE;
    if (self->tensor != NULL)
        tune_tensor_forget(self->tensor);
    return TRUE;
}

/* ---- the file ---- */

static void put_bytes(TuneGgufWriter *writer, const char *key, GBytes *bytes)
{
    if (bytes == NULL)
        return;
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    tune_gguf_writer_put_text(writer, key, text);
}

/* Numbers of ggml's file types. */
static guint32 file_type(TuneWeightType weights)
{
    static const guint32 numbers[TUNE_N_WEIGHT_TYPES] = {[TUNE_WEIGHTS_F32] = 0,
                                                         [TUNE_WEIGHTS_F16] = 1,
                                                         [TUNE_WEIGHTS_Q8] = 7,
                                                         [TUNE_WEIGHTS_Q4] = 2};

    return numbers[weights];
}

static void put_keys(const Export *self)
{
    const TuneCheckpoint *checkpoint = self->checkpoint;
    TuneGgufWriter *writer = self->writer;

    tune_gguf_writer_put_text(writer, "general.architecture", "musicgen");
    tune_gguf_writer_put_text(writer, "general.name", self->options->name);
    tune_gguf_writer_put_text(writer, "general.license", checkpoint->licence);
    tune_gguf_writer_put_u32(writer, "general.file_type", file_type(self->options->weights));
    tune_gguf_writer_put_u32(writer, "general.quantization_version", 2);
    put_bytes(writer, TUNE_GGUF_CONFIG, checkpoint->config_text);
    put_bytes(writer, TUNE_GGUF_GENERATION_CONFIG, checkpoint->generation_text);
    put_bytes(writer, TUNE_GGUF_TOKENIZER, checkpoint->tokenizer);
    if (checkpoint->tokenizer == NULL) {
        g_autofree char *text = g_base64_encode(g_bytes_get_data(checkpoint->sentencepiece, NULL),
                                                g_bytes_get_size(checkpoint->sentencepiece));
        tune_gguf_writer_put_text(writer, TUNE_GGUF_SENTENCEPIECE, text);
    }
}

static gboolean write_file(Export *self, GError **error)
{
    const GArray *layout = self->checkpoint->layout;

    put_keys(self);
    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        if (is_written(self->checkpoint, expected))
            tune_gguf_writer_announce(self->writer, expected->short_name,
                                      tune_export_dtype(expected, self->options->weights),
                                      expected->n_dims, expected->shape);
    }
    if (!tune_gguf_writer_begin_data(self->writer, error))
        return FALSE;
    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        if (is_written(self->checkpoint, expected) && !write_tensor(self, expected, error))
            return FALSE;
    }
    return tune_gguf_writer_finish(self->writer, error);
}

static gboolean is_quantised(const TuneCheckpoint *self)
{
    for (guint i = 0; i < tune_tensor_set_size(self->set); i++) {
        TuneDtype dtype = tune_tensor_set_get(self->set, i)->dtype;
        if (dtype == TUNE_DTYPE_Q8 || dtype == TUNE_DTYPE_Q4)
            return TRUE;
    }
    return FALSE;
}

gboolean tune_checkpoint_export(TuneCheckpoint *self, const char *path,
                                const TuneExportOptions *options, GError **error)
{
    if (is_quantised(self)) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST,
                    "%s is quantised already; rounding it twice would only lose more", self->path);
        return FALSE;
    }
    g_autoptr(TuneGgufWriter) writer = tune_gguf_writer_new(path, error);
    if (writer == NULL)
        return FALSE;
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), options->n_threads);
    Export export = {.checkpoint = self,
                     .options = options,
                     .writer = writer,
                     .compute = compute,
                     .total = tune_checkpoint_export_bytes(self, options->weights)};
    return write_file(&export, error);
}

/* ---- what it is ---- */

TuneWeightType tune_checkpoint_weight_type(const TuneCheckpoint *self)
{
    switch (tune_checkpoint_tensor(self, "decoder.model.decoder.layers.0.fc1.weight")->dtype) {
    case TUNE_DTYPE_F16:
        return TUNE_WEIGHTS_F16;
    case TUNE_DTYPE_Q8:
        return TUNE_WEIGHTS_Q8;
    case TUNE_DTYPE_Q4:
        return TUNE_WEIGHTS_Q4;
    default:
        return TUNE_WEIGHTS_F32;
    }
}

/* 1: all are halves, 0: not, -1: one is not finite. */
static gint are_halves(const TuneTensor *tensor, float *block, guint64 n_block)
{
    const guint64 n = tune_tensor_n_values(tensor);
    gboolean halves = TRUE;

    for (guint64 first = 0; first < n; first += n_block) {
        guint64 m = MIN(n_block, n - first);

        tune_tensor_read(tensor, first, m, block);
        if (!is_finite_row(block, m))
            return -1;
        for (guint64 i = 0; i < m; i++)
            halves &= tune_half_to_float(tune_half_from_float(block[i])) == block[i];
    }
    return halves;
}

gboolean tune_checkpoint_is_half(const TuneCheckpoint *self, gboolean *is_half,
                                 GCancellable *cancellable, GError **error)
{
    const guint64 n_block = 65536; /* whole blocks of the quantised types */
    g_autofree float *block = g_new(float, n_block);

    *is_half = TRUE;
    for (guint i = 0; i < self->layout->len; i++) {
        const TuneExpected *expected = &g_array_index(self->layout, TuneExpected, i);

        if (expected->role != TUNE_TENSOR_ROLE_LINEAR)
            continue;
        const TuneTensor *tensor = tune_checkpoint_tensor(self, "%s", expected->name);
        gint answer = are_halves(tensor, block, n_block);
        if (answer < 0) {
            g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                        "%s: %s holds values that are not numbers", self->path, expected->name);
            return FALSE;
        }
        *is_half &= answer;
        tune_tensor_forget(tensor);
        if (g_cancellable_set_error_if_cancelled(cancellable, error))
            return FALSE;
    }
    return TRUE;
}
