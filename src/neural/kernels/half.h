/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IEEE 754 half precision (binary16) by integer arithmetic, for machines and places without
 * instructions for it: 1 sign, 5 exponent and 10 fraction bits.
 */
#pragma once
#include <glib.h>
#include <string.h>

static inline float tune_half_to_float(guint16 half)
{
    guint32 sign = (guint32)(half & 0x8000u) << 16, magnitude = half & 0x7fffu, bits;
    float value;

    if (magnitude >= 0x7c00) { /* infinite or not a number */
        bits = 0x7f800000u | (magnitude & 0x3ffu) << 13;
    } else if (magnitude >= 0x0400) {
        bits = (magnitude << 13) + ((127u - 15u) << 23);
    } else { /* below the normal ones: a multiple of 2^-24 */
        value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Rounded to nearest, ties to even; what is too large becomes infinite. */
static inline guint16 tune_half_from_float(float value)
{
    guint32 bits, sign, magnitude;

    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000u;
    magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (guint16)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u) /* 65520 and more round to infinity */
        return (guint16)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) { /* below 2^-14: adding 1/2 leaves multiples of 2^-24, rounded */
        float sum, absolute;
        guint32 sum_bits;

        memcpy(&absolute, &magnitude, sizeof absolute);
        sum = absolute + 0.5f;
        memcpy(&sum_bits, &sum, sizeof sum_bits);
        return (guint16)(sign | (sum_bits - 0x3f000000u));
    }
    magnitude += 0xfffu + (magnitude >> 13 & 1u);
    return (guint16)(sign | ((magnitude - ((127u - 15u) << 23)) >> 13));
}
