/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a take will need: from the steps that were made lately, else from a short measure of
 * what this machine multiplies by weights of this type.
 */
#include "neural/musicgen-private.h"

/* Weights that no cache near the cores keeps, in rows as the decoder has them. */
#define MEASURE_BYTES   (96u << 20)
#define MEASURE_COLUMNS 1024
#define MEASURE_INPUTS  16
#define MEASURE_TRIES   3

/* One row again and again, in the type's own format, so that nothing is rounded more than once. */
static TuneMatrix *measure_matrix(TuneCompute *compute, TuneWeightType type)
{
    static const TuneDtype dtypes[] = {TUNE_DTYPE_F32, TUNE_DTYPE_F16, TUNE_DTYPE_Q8,
                                       TUNE_DTYPE_Q4};
    gsize row_bytes = (gsize)tune_dtype_bytes(dtypes[type], MEASURE_COLUMNS);
    gsize rows = MEASURE_BYTES / row_bytes;
    g_autofree guint8 *data = g_try_malloc_n(rows, row_bytes);
    float row[MEASURE_COLUMNS];
    TuneTensor tensor = {.name = "measure",
                         .dtype = dtypes[type],
                         .n_dims = 2,
                         .shape = {rows, MEASURE_COLUMNS},
                         .data = data,
                         .n_bytes = rows * row_bytes};
    const TuneTensor *tensors[] = {&tensor};

    if (data == NULL)
        return NULL;
    for (gsize c = 0; c < MEASURE_COLUMNS; c++)
        row[c] = (float)(c * 13 % 255) / 128 - 1;
    if (type == TUNE_WEIGHTS_F32)
        memcpy(data, row, row_bytes);
    else if (type == TUNE_WEIGHTS_F16)
        tune_compute_kernels(compute)->to_f16(row, MEASURE_COLUMNS, (guint16 *)(gpointer)data);
    else
        tune_quantize_row(dtypes[type], row, MEASURE_COLUMNS, data);
    for (gsize r = 1; r < rows; r++)
        memcpy(data + r * row_bytes, data, row_bytes);
    return tune_matrix_from_tensors(compute, type, tensors, 1, NULL);
}

/* Seconds that the product with @n inputs takes, the best of a few tries. */
static double measure(TuneCompute *compute, const TuneMatrix *matrix, gsize n)
{
    gsize rows = tune_matrix_rows(matrix);
    g_autofree float *x = g_new(float, n *MEASURE_COLUMNS);
    g_autofree float *y = g_new(float, n *rows);
    gint64 best = G_MAXINT64;

    for (gsize i = 0; i < n * MEASURE_COLUMNS; i++)
        x[i] = (float)(i * 7 % 255) / 128 - 1;
    for (guint i = 0; i < MEASURE_TRIES; i++) {
        gint64 start = g_get_monotonic_time();
        tune_compute_multiply(compute, matrix, x, MEASURE_COLUMNS, n, y, rows);
        best = MIN(best, g_get_monotonic_time() - start);
    }
    return (double)MAX(best, 1) * 1e-6;
}

static TuneMusicgenSpeed measure_speed(const TuneMusicgen *self)
{
    const TuneKernels *kernels = self->options.kernels;
    g_autoptr(TuneCompute) all = tune_compute_new(kernels, self->options.n_threads);
    g_autoptr(TuneMatrix) matrix = measure_matrix(all, self->options.weights);
    g_autoptr(TuneMatrix) side = measure_matrix(all, tune_musicgen_side_type(self));

    if (matrix == NULL || side == NULL)
        return (TuneMusicgenSpeed){0};
    double weights = (double)tune_matrix_rows(matrix) * MEASURE_COLUMNS;
    double side_weights = (double)tune_matrix_rows(side) * MEASURE_COLUMNS;
    double step = measure(all, matrix, 2);
    return (TuneMusicgenSpeed){
        .step = step / weights,
        .many = measure(all, matrix, MEASURE_INPUTS) / (weights * MEASURE_INPUTS),
        .codec = measure(all, side, MEASURE_INPUTS) / (side_weights * MEASURE_INPUTS),
        .byte = step / (double)tune_matrix_bytes(matrix)};
}

/* Weights that one row meets. */
static double decoder_weights(const TuneDecoderConfig *config)
{
    double d = config->d_model;
    double attention = config->cross_attention ? 6 : 4;

    return config->n_layers * (attention * d * d + 2 * d * config->d_ff) +
           (double)config->n_codebooks * config->vocab_size * d;
}

/* Multiplications of the codec's decoder for a frame of codes. */
static double codec_weights(const TuneEncodecConfig *config)
{
    double channels = (double)config->n_filters * (double)(1u << config->n_ratios), length = 1;
    double sum = channels * config->hidden_size * config->kernel_size +
                 config->n_lstm_layers * 8.0 * channels * channels;

    for (guint i = 0; i < config->n_ratios; i++) {
        double out = channels / 2, inside = out / config->compress;
        sum += length * channels * out * 2 * config->ratios[i];
        length *= config->ratios[i];
        sum += length * out * inside * (config->residual_kernel_size + 1);
        channels = out;
    }
    return sum + length * channels * config->last_kernel_size;
}

double tune_take_seconds(TuneMusicgen *self, const TuneTakePlan *plan)
{
    double weights = decoder_weights(&self->config->decoder);
    double channels = self->config->decoder.n_channels;

    g_mutex_lock(&self->lock);
    TuneMusicgenSpeed speed = self->speed;
    double step = self->seconds_per_step;
    g_mutex_unlock(&self->lock);
    if (speed.step <= 0) {
        speed = measure_speed(self);
        g_mutex_lock(&self->lock);
        self->speed = speed;
        g_mutex_unlock(&self->lock);
    }
    /* On the average half of the past is there to be read. */
    if (step <= 0)
        step = weights * speed.step + (double)plan->n_streams * speed.byte / 2 *
                                          (double)tune_sequence_bytes(&self->config->decoder,
                                                                      self->options.weights,
                                                                      plan->capacity);
    return (double)plan->n_steps * step +
           (double)plan->n_known * plan->n_streams * weights * speed.many +
           (double)plan->n_frames * channels * codec_weights(&self->config->codec) * speed.codec;
}
