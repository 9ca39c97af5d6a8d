/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every kernel as its formula: what the other sets are tested against, and what runs where none of
 * them can.
 */
#include "neural/kernels/half.h"
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#include <math.h>

#define ROWS  TUNE_PANEL_ROWS
#define BLOCK TUNE_QUANT_BLOCK

static gboolean usable(void)
{
    return TRUE;
}

/* ---- multiply ---- */

static void multiply_f32(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    for (gsize i = 0; i < n; i++) {
        const float *w = panel, *x = inputs[i].values;
        float sums[ROWS] = {0};

        for (gsize c = 0; c < columns; c++, w += ROWS)
            for (guint r = 0; r < ROWS; r++)
                sums[r] += w[r] * x[c];
        memcpy(y + i * y_stride, sums, sizeof sums);
    }
}

static void multiply_f16(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                         float *y, gsize y_stride)
{
    for (gsize i = 0; i < n; i++) {
        const guint16 *w = panel;
        const float *x = inputs[i].values;
        float sums[ROWS] = {0};

        for (gsize c = 0; c < columns; c++, w += ROWS)
            for (guint r = 0; r < ROWS; r++)
                sums[r] += tune_half_to_float(w[r]) * x[c];
        memcpy(y + i * y_stride, sums, sizeof sums);
    }
}

static void multiply_q8(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                        float *y, gsize y_stride)
{
    gsize blocks = (columns + BLOCK - 1) / BLOCK;

    for (gsize i = 0; i < n; i++) {
        const guint8 *p = panel;
        const gint16 *x = inputs[i].values;
        float sums[ROWS] = {0};

        for (gsize b = 0; b < blocks; b++, x += BLOCK) {
            const guint16 *scales = (const guint16 *)(gconstpointer)p;
            const gint8 *q = (const gint8 *)(p + ROWS * sizeof(guint16));

            for (guint r = 0; r < ROWS; r++) {
                gint32 sum = 0;

                for (guint c = 0; c < BLOCK; c++)
                    sum += q[(c / 4 * ROWS + r) * 4 + c % 4] * x[c];
                sums[r] = fmaf((float)sum, tune_half_to_float(scales[r]), sums[r]);
            }
            p += ROWS * (sizeof(guint16) + BLOCK);
        }
        for (guint r = 0; r < ROWS; r++)
            y[i * y_stride + r] = sums[r] * inputs[i].scales[0];
    }
}

static void multiply_q4(const void *panel, gsize columns, const TuneInput *inputs, gsize n,
                        float *y, gsize y_stride)
{
    gsize blocks = (columns + BLOCK - 1) / BLOCK;

    for (gsize i = 0; i < n; i++) {
        const guint8 *p = panel;
        const gint8 *x = inputs[i].values;
        float sums[ROWS] = {0};

        for (gsize b = 0; b < blocks; b++, x += BLOCK) {
            const guint16 *scales = (const guint16 *)(gconstpointer)p;
            const guint8 *q = p + ROWS * sizeof(guint16);

            for (guint r = 0; r < ROWS; r++) {
                gint32 sum = -8 * inputs[i].sums[b];

                for (guint c = 0; c < BLOCK / 2; c++) {
                    guint8 two = q[(c / 4 * ROWS + r) * 4 + c % 4];

                    sum += (two & 15) * x[c] + (two >> 4) * x[BLOCK / 2 + c];
                }
                sums[r] =
                    fmaf((float)sum, tune_half_to_float(scales[r]) * inputs[i].scales[b], sums[r]);
            }
            p += ROWS * (sizeof(guint16) + BLOCK / 2);
        }
        memcpy(y + i * y_stride, sums, sizeof sums);
    }
}

static float largest(const float *x, gsize n)
{
    float max = 0;

    for (gsize i = 0; i < n; i++)
        max = fmaxf(max, fabsf(x[i]));
    return max;
}

static void quantize_q8(const float *x, gsize columns, gint16 *values, float *scale)
{
    float max = largest(x, columns), inverse = max > TUNE_NO_INPUT ? TUNE_Q8_INPUT_MAX / max : 0;
    gsize padded = (columns + BLOCK - 1) / BLOCK * BLOCK;

    *scale = max / TUNE_Q8_INPUT_MAX;
    for (gsize c = 0; c < padded; c++)
        values[c] = c < columns ? (gint16)lrintf(x[c] * inverse) : 0;
}

static void quantize_q4(const float *x, gsize columns, gint8 *values, float *scales, gint32 *sums)
{
    for (gsize first = 0; first < columns; first += BLOCK) {
        gsize n = MIN(columns - first, BLOCK);
        float max = largest(x + first, n), inverse = max > TUNE_NO_INPUT ? 127 / max : 0;
        gint32 sum = 0;

        for (gsize c = 0; c < BLOCK; c++) {
            values[first + c] = c < n ? (gint8)lrintf(x[first + c] * inverse) : 0;
            sum += values[first + c];
        }
        scales[first / BLOCK] = max / 127;
        sums[first / BLOCK] = sum;
    }
}

/* ---- attention ---- */

static void scores_f32(const float *q, const float *k, gsize stride, gsize width, gsize n,
                       float scale, float *scores)
{
    for (gsize t = 0; t < n; t++, k += stride) {
        float sum = 0;

        for (gsize c = 0; c < width; c++)
            sum += q[c] * k[c];
        scores[t] = sum * scale;
    }
}

static void scores_f16(const float *q, const guint16 *k, gsize stride, gsize width, gsize n,
                       float scale, float *scores)
{
    for (gsize t = 0; t < n; t++, k += stride) {
        float sum = 0;

        for (gsize c = 0; c < width; c++)
            sum += q[c] * tune_half_to_float(k[c]);
        scores[t] = sum * scale;
    }
}

static void mix_f32(const float *p, const float *v, gsize stride, gsize width, gsize n, float *out)
{
    for (gsize c = 0; c < width; c++) {
        float sum = 0;

        for (gsize t = 0; t < n; t++)
            sum += p[t] * v[t * stride + c];
        out[c] = sum;
    }
}

static void mix_f16(const float *p, const guint16 *v, gsize stride, gsize width, gsize n,
                    float *out)
{
    for (gsize c = 0; c < width; c++) {
        float sum = 0;

        for (gsize t = 0; t < n; t++)
            sum += p[t] * tune_half_to_float(v[t * stride + c]);
        out[c] = sum;
    }
}

static void scores_q8(const float *q, const gint8 *k, const float *scales, gsize stride,
                      gsize width, gsize n, float scale, float *scores)
{
    for (gsize t = 0; t < n; t++, k += stride) {
        float sum = 0;

        for (gsize c = 0; c < width; c++)
            sum += q[c] * k[c];
        scores[t] = sum * scales[t] * scale;
    }
}

static void mix_q8(const float *p, const gint8 *v, const float *scales, gsize stride, gsize width,
                   gsize n, float *out)
{
    for (gsize c = 0; c < width; c++) {
        float sum = 0;

        for (gsize t = 0; t < n; t++)
            sum += p[t] * scales[t] * v[t * stride + c];
        out[c] = sum;
    }
}

static float to_q8(const float *in, gsize n, gint8 *out)
{
    float max = largest(in, n), inverse = max > TUNE_NO_INPUT ? 127 / max : 0;

    for (gsize i = 0; i < n; i++)
        out[i] = (gint8)lrintf(in[i] * inverse);
    return max / 127;
}

static void to_f16(const float *in, gsize n, guint16 *out)
{
    for (gsize i = 0; i < n; i++)
        out[i] = tune_half_from_float(in[i]);
}

static void from_f16(const guint16 *in, gsize n, float *out)
{
    for (gsize i = 0; i < n; i++)
        out[i] = tune_half_to_float(in[i]);
}

/* ---- element-wise ---- */

static void softmax(float *x, gsize n)
{
    float max = -INFINITY, sum = 0;

    for (gsize i = 0; i < n; i++)
        max = fmaxf(max, x[i]);
    for (gsize i = 0; i < n; i++) {
        x[i] = expf(x[i] - max);
        sum += x[i];
    }
    for (gsize i = 0; i < n; i++)
        x[i] *= 1 / sum;
}

static void gelu(float *x, gsize n)
{
    for (gsize i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1 + erff(x[i] * (float)G_SQRT2 / 2));
}

static void elu(const float *x, gsize n, float *out)
{
    for (gsize i = 0; i < n; i++)
        out[i] = x[i] > 0 ? x[i] : expm1f(x[i]);
}

static void add(float *x, const float *y, gsize n)
{
    for (gsize i = 0; i < n; i++)
        x[i] += y[i];
}

static void layer_norm(const float *x, const float *weight, const float *bias, gsize n,
                       float epsilon, float *out)
{
    double sum = 0, squares = 0;

    for (gsize i = 0; i < n; i++)
        sum += x[i];
    for (gsize i = 0; i < n; i++)
        squares += (x[i] - sum / (double)n) * (x[i] - sum / (double)n);
    float mean = (float)(sum / (double)n);
    float inverse = 1 / sqrtf((float)(squares / (double)n) + epsilon);
    for (gsize i = 0; i < n; i++)
        out[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
}

static void rms_norm(const float *x, const float *weight, gsize n, float epsilon, float *out)
{
    double squares = 0;

    for (gsize i = 0; i < n; i++)
        squares += (double)x[i] * x[i];
    float inverse = 1 / sqrtf((float)(squares / (double)n) + epsilon);
    for (gsize i = 0; i < n; i++)
        out[i] = x[i] * inverse * weight[i];
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static void lstm(const float *gates, float *cell, gsize n, float *out)
{
    const float *i = gates, *f = gates + n, *g = gates + 2 * n, *o = gates + 3 * n;

    for (gsize c = 0; c < n; c++) {
        cell[c] = sigmoid(f[c]) * cell[c] + sigmoid(i[c]) * tanhf(g[c]);
        out[c] = sigmoid(o[c]) * tanhf(cell[c]);
    }
}

#define KERNELS tune_kernels_scalar
#define NAME    "scalar"
#include "neural/kernels/set-table.h"
