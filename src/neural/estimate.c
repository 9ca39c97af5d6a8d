/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long a take will need: from the steps that were made lately, else from a short measure of
 * what this machine multiplies by weights of this type.
 */
#include "neural/musicgen-private.h"

/* A matrix that is larger than most caches near a core, and packed in a moment. */
#define MEASURE_ROWS    4096
#define MEASURE_COLUMNS 1024
#define MEASURE_INPUTS  16
#define MEASURE_TRIES   3

static void fill_row(gpointer data, gsize row, float *out)
{
    (void)data;
    for (gsize c = 0; c < MEASURE_COLUMNS; c++)
        out[c] = (float)((row * 7 + c * 13) % 255) / 128 - 1;
}

/* Seconds of one multiplication by one weight and input, the best of a few tries. */
static double measure(TuneCompute *compute, const TuneMatrix *matrix, const float *x, gsize n,
                      float *y)
{
    gint64 best = G_MAXINT64;

    for (guint i = 0; i < MEASURE_TRIES; i++) {
        gint64 start = g_get_monotonic_time();
        tune_compute_multiply(compute, matrix, x, MEASURE_COLUMNS, n, y, MEASURE_ROWS);
        best = MIN(best, g_get_monotonic_time() - start);
    }
    return (double)MAX(best, 1) * 1e-6 / ((double)MEASURE_ROWS * MEASURE_COLUMNS * (double)n);
}

static TuneMusicgenSpeed measure_speed(const TuneMusicgen *self)
{
    const TuneKernels *kernels = self->options.kernels;
    g_autoptr(TuneCompute) all = tune_compute_new(kernels, self->options.n_threads);
    g_autoptr(TuneCompute) one = tune_compute_new(kernels, 1);
    g_autoptr(TuneMatrix) matrix = tune_matrix_new(all, self->options.weights, MEASURE_ROWS,
                                                   MEASURE_COLUMNS, fill_row, NULL, NULL);
    g_autoptr(TuneMatrix) side = tune_matrix_new(all, tune_musicgen_side_type(self), MEASURE_ROWS,
                                                 MEASURE_COLUMNS, fill_row, NULL, NULL);
    g_autofree float *x = g_new(float, MEASURE_INPUTS *MEASURE_COLUMNS);
    g_autofree float *y = g_new(float, MEASURE_INPUTS *MEASURE_ROWS);

    if (matrix == NULL || side == NULL)
        return (TuneMusicgenSpeed){0};
    for (gsize i = 0; i < MEASURE_INPUTS; i++)
        fill_row(NULL, i, x + i * MEASURE_COLUMNS);
    return (TuneMusicgenSpeed){.step = 2 * measure(all, matrix, x, 2, y),
                               .many = measure(all, matrix, x, MEASURE_INPUTS, y),
                               .codec = measure(one, side, x, MEASURE_INPUTS, y)};
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
    if (step <= 0)
        step = weights * speed.step;
    return (double)plan->n_steps * step +
           (double)plan->n_known * plan->n_streams * weights * speed.many +
           (double)plan->n_frames * channels * codec_weights(&self->config->codec) * speed.codec;
}
