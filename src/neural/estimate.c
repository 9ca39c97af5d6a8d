/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a take will need: from the steps that were made lately, else from a short measure of
 * what this machine multiplies by weights of this type.  What is said is what should be expected,
 * not the best that can be: the middle of several tries, so that other work on the machine counts.
 */
#include "neural/musicgen-private.h"

#include <stdlib.h>

/* Weights that no cache near the cores keeps, in rows as the decoder has them. */
#define MEASURE_BYTES   (96u << 20)
#define MEASURE_COLUMNS 1024
#define MEASURE_INPUTS  16
#define MEASURE_TRIES   7
/* A step beside its products and its past, calibrated with musicgen-small's four types of weights
 * (docs/SPEED.md): what products lose among others, and in each layer norms, rounding and the
 * threads' waits for one another. */
#define STEP_OVERHEAD 1.1
#define LAYER_SECONDS 40e-6
/* Reading the past beside reading weights: shorter runs. */
#define PAST_OVERHEAD 1.2

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

static int compare_times(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

/* Seconds that the product with @n inputs takes, once the memory is there: the median. */
static double measure(TuneCompute *compute, const TuneMatrix *matrix, gsize n)
{
    gsize rows = tune_matrix_rows(matrix);
    g_autofree float *x = g_new(float, n *MEASURE_COLUMNS);
    g_autofree float *y = g_new(float, n *rows);
    gint64 times[MEASURE_TRIES];

    for (gsize i = 0; i < n * MEASURE_COLUMNS; i++)
        x[i] = (float)(i * 7 % 255) / 128 - 1;
    tune_compute_multiply(compute, matrix, x, MEASURE_COLUMNS, n, y, rows);
    for (guint i = 0; i < MEASURE_TRIES; i++) {
        gint64 start = g_get_monotonic_time();
        tune_compute_multiply(compute, matrix, x, MEASURE_COLUMNS, n, y, rows);
        times[i] = g_get_monotonic_time() - start;
    }
    qsort(times, MEASURE_TRIES, sizeof *times, compare_times);
    return (double)MAX(times[MEASURE_TRIES / 2], 1) * 1e-6;
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

/* Of T5's encoder, for a token. */
static double text_weights(const TuneT5Config *config)
{
    double inside = (double)config->n_heads * config->d_kv;

    return config->n_layers * config->d_model * (4 * inside + 2.0 * config->d_ff);
}

/* Channels of the codec's widest layers. */
static double codec_width(const TuneEncodecConfig *config)
{
    return (double)config->n_filters * (double)(1u << config->n_ratios);
}

/* Weights that the codec's decoder reads for every frame of codes, with one row: W_hh. */
static double codec_recurrent(const TuneEncodecConfig *config)
{
    return config->n_lstm_layers * 4.0 * codec_width(config) * codec_width(config);
}

/* All other multiplications of the codec's decoder for a frame of codes. */
static double codec_weights(const TuneEncodecConfig *config)
{
    double channels = codec_width(config), length = 1;
    double sum = channels * config->hidden_size * config->kernel_size + codec_recurrent(config);

    for (guint i = 0; i < config->n_ratios; i++) {
        double out = channels / 2, inside = out / config->compress;
        sum += length * channels * out * 2 * config->ratios[i];
        length *= config->ratios[i];
        sum += length * out * inside * (config->residual_kernel_size + 1);
        channels = out;
    }
    return sum + length * channels * config->last_kernel_size;
}

/* Bytes of the past that a step reads on the average: half of what there will be. */
static double past_bytes(const TuneMusicgen *self, const TuneTakePlan *plan)
{
    return (double)plan->n_streams / 2 *
           (double)tune_sequence_bytes(&self->config->decoder, self->options.weights,
                                       plan->capacity);
}

static TuneMusicgenSpeed speed_of(TuneMusicgen *self)
{
    g_mutex_lock(&self->lock);
    TuneMusicgenSpeed speed = self->speed;
    g_mutex_unlock(&self->lock);
    if (speed.step > 0)
        return speed;
    speed = measure_speed(self);
    g_mutex_lock(&self->lock);
    self->speed = speed;
    g_mutex_unlock(&self->lock);
    return speed;
}

double tune_take_seconds(TuneMusicgen *self, const TuneTakePlan *plan)
{
    const TuneMusicgenConfig *config = self->config;
    double weights = decoder_weights(&config->decoder), past = past_bytes(self, plan);
    double side_bytes = tune_musicgen_side_type(self) == TUNE_WEIGHTS_F32 ? 4 : 2;
    TuneMusicgenSpeed speed = speed_of(self);

    g_mutex_lock(&self->lock);
    double lately = self->seconds_per_step, lately_past = self->past_per_step;
    g_mutex_unlock(&self->lock);
    double step = STEP_OVERHEAD * weights * speed.step + PAST_OVERHEAD * past * speed.byte +
                  config->decoder.n_layers * LAYER_SECONDS;
    if (lately > 0)
        step = MAX(lately + PAST_OVERHEAD * (past - lately_past) * speed.byte, lately / 4);
    double frame = codec_weights(&config->codec) * speed.codec +
                   codec_recurrent(&config->codec) * side_bytes * speed.byte;
    return (double)plan->n_steps * step +
           (double)plan->n_known * plan->n_streams * weights * speed.many +
           (double)plan->n_tokens * text_weights(&config->text) * speed.codec +
           (double)plan->n_frames * config->decoder.n_channels * frame;
}
