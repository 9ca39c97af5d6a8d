/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rounding of weights into blocks of 32: the formats Q8_0 and Q4_0 of GGUF.
 */
#include "neural/compute.h"
#include "neural/kernels/half.h"

#include <math.h>

#define BLOCK TUNE_QUANT_BLOCK

/* Value = scale * q, q in -127..127. */
static void quantize_q8_block(const float *in, guint8 *out)
{
    float max = 0;

    for (guint i = 0; i < BLOCK; i++)
        max = fmaxf(max, fabsf(in[i]));
    guint16 half = tune_half_from_float(max / 127);
    /* Divide by the scale as it is stored: its own rounding costs nothing then. */
    float scale = tune_half_to_float(half), inverse = scale > 0 ? 1 / scale : 0;
    memcpy(out, &half, sizeof half);
    for (guint i = 0; i < BLOCK; i++)
        out[sizeof half + i] = (guint8)(gint8)lrintf(CLAMP(in[i] * inverse, -127.0f, 127.0f));
}

/* Nibbles of @in for @scale into @q, -8..7; the squared error. */
static float round_q4(const float *in, float scale, gint8 *q)
{
    float inverse = scale != 0 ? 1 / scale : 0, error = 0;

    for (guint i = 0; i < BLOCK; i++) {
        q[i] = (gint8)lrintf(CLAMP(in[i] * inverse, -8.0f, 7.0f));
        error += (in[i] - scale * (float)q[i]) * (in[i] - scale * (float)q[i]);
    }
    return error;
}

/* Value = scale * (nibble - 8).  The value of largest magnitude at -8 uses the range best where it
 * stands alone; often some clipping or the slack of another scale is better.  So scales that put it
 * at -7 to -9 are tried, each followed by the best one for the nibbles it gave (least squares: sum
 * x q / sum q q). */
static void quantize_q4_block(const float *in, guint8 *out)
{
    float extreme = 0, least = INFINITY;
    guint16 best = 0;
    gint8 q[BLOCK], best_q[BLOCK] = {0};

    for (guint i = 0; i < BLOCK; i++)
        if (fabsf(in[i]) > fabsf(extreme))
            extreme = in[i];
    for (int step = -5; step <= 5 && extreme != 0; step++) {
        float trial = extreme / (-8.0f + 0.2f * (float)step), xq = 0, qq = 0;

        round_q4(in, trial, q);
        for (guint i = 0; i < BLOCK; i++) {
            xq += in[i] * (float)q[i];
            qq += (float)(q[i] * q[i]);
        }
        guint16 half = tune_half_from_float(qq > 0 ? xq / qq : trial);
        float error = round_q4(in, tune_half_to_float(half), q);
        if (error < least) {
            least = error;
            best = half;
            memcpy(best_q, q, sizeof q);
        }
    }
    memcpy(out, &best, sizeof best);
    for (guint i = 0; i < BLOCK / 2; i++)
        out[sizeof best + i] = (guint8)((best_q[i] + 8) | (best_q[BLOCK / 2 + i] + 8) << 4);
}

void tune_quantize_row(TuneDtype dtype, const float *in, gsize n, void *out)
{
    guint8 *bytes = out;

    g_return_if_fail(n % BLOCK == 0 && (dtype == TUNE_DTYPE_Q8 || dtype == TUNE_DTYPE_Q4));
    for (gsize i = 0; i < n; i += BLOCK) {
        if (dtype == TUNE_DTYPE_Q8)
            quantize_q8_block(in + i, bytes);
        else
            quantize_q4_block(in + i, bytes);
        bytes += sizeof(guint16) + (dtype == TUNE_DTYPE_Q8 ? BLOCK : BLOCK / 2);
    }
}
