/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/dither.h"

void tune_dither_init(TuneDither *self)
{
    tune_random_init(&self->random, 0, "audio/dither");
    self->spare = 0;
    self->has_spare = FALSE;
}

/* Round to nearest without libm; |value| < 2^31. */
static inline gint32 nearest(float value)
{
    return (gint32)(value + (value < 0.0f ? -0.5f : 0.5f));
}

/* @bits: 32 random bits, of which each half is one uniform in [0, 1) LSB. */
static inline gint16 dither_one(float value, guint32 bits)
{
    float noise = (float)((gint32)(bits >> 16) - (gint32)(bits & 0xFFFF)) * 0x1p-16f;
    float scaled = value * 32768.0f + noise;

    if (value == 0.0f || value != value)
        return 0;
    scaled = scaled < -32768.0f ? -32768.0f : scaled;
    scaled = scaled > 32767.0f ? 32767.0f : scaled;
    return (gint16)nearest(scaled);
}

void tune_dither_16(TuneDither *self, const float *in, gint16 *out, gsize n)
{
    gsize i = 0;

    if (self->has_spare && n > 0) {
        out[i] = dither_one(in[i], self->spare);
        self->has_spare = FALSE;
        i++;
    }
    for (; i + 1 < n; i += 2) {
        guint64 bits = tune_random_next(&self->random);

        out[i] = dither_one(in[i], (guint32)bits);
        out[i + 1] = dither_one(in[i + 1], (guint32)(bits >> 32));
    }
    if (i < n) {
        guint64 bits = tune_random_next(&self->random);

        out[i] = dither_one(in[i], (guint32)bits);
        self->spare = (guint32)(bits >> 32);
        self->has_spare = TRUE;
    }
}

void tune_quantise_24(const float *in, gint32 *out, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        float scaled = in[i] == in[i] ? in[i] * 8388608.0f : 0.0f;

        scaled = scaled < -8388608.0f ? -8388608.0f : scaled;
        scaled = scaled > 8388607.0f ? 8388607.0f : scaled;
        out[i] = nearest(scaled);
    }
}
