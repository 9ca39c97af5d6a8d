/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Saturation: x (27 + x^2) / (27 + 9 x^2), close to tanh, without libm.
 */
#pragma once
#include <glib.h>

static inline float tune_shape(float x)
{
    float y = CLAMP(x, -3.0f, 3.0f), square = y * y;

    return y * (27.0f + square) / (27.0f + 9.0f * square);
}

/* In place, [n]; @drive 0..1: from clean to fuzz.  Half of what quiet passages gain is taken back. */
static inline void tune_shape_drive(float *restrict x, float drive, gsize n)
{
    float in = 1.0f + 15.0f * drive * drive, out = 1.0f / (1.0f + 2.6f * drive);

    for (gsize i = 0; i < n; i++)
        x[i] = out * tune_shape(in * x[i]);
}
