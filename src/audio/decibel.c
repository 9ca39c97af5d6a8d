/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/decibel.h"

#include <math.h>

#define LN2     0.69314718055994530942
#define DB_LOG2 6.02059991327962390427 /* 20 log10(2) */

double tune_log2(double x)
{
    int exponent;
    double m = frexp(x, &exponent); /* exact; m in [0.5, 1) */

    if (m < 0.70710678118654752440) {
        m *= 2.0;
        exponent--;
    }
    /* ln m = 2 atanh(s), |s| <= 0.172 */
    double s = (m - 1.0) / (m + 1.0), s2 = s * s, sum = 0.0;
    for (int k = 15; k >= 1; k -= 2)
        sum = sum * s2 + 1.0 / k;
    return exponent + 2.0 / LN2 * s * sum;
}

double tune_exp2(double x)
{
    double whole = floor(x + 0.5), f = (x - whole) * LN2, sum = 1.0;

    for (int k = 14; k >= 1; k--) /* Taylor, |f| <= 0.347 */
        sum = 1.0 + sum * f / k;
    return ldexp(sum, (int)whole);
}

/* Taylor for |x| <= 1/4 in units of pi. */
static double small_sin(double x)
{
    double a = x * G_PI, a2 = a * a, sum = 1.0;

    for (int k = 18; k >= 2; k -= 2)
        sum = 1.0 - sum * a2 / (k * (k + 1));
    return a * sum;
}

static double small_cos(double x)
{
    double a = x * G_PI, a2 = a * a, sum = 1.0;

    for (int k = 19; k >= 1; k -= 2)
        sum = 1.0 - sum * a2 / (k * (k + 1));
    return sum;
}

double tune_sin_pi(double x)
{
    double a = fabs(x), sign = x < 0.0 ? -1.0 : 1.0;

    if (a > 0.5)
        a = 1.0 - a;
    return sign * (a <= 0.25 ? small_sin(a) : small_cos(0.5 - a));
}

double tune_cos_pi(double x)
{
    return tune_sin_pi(0.5 - fabs(x));
}

double tune_gain_to_db(double gain)
{
    return gain <= 1e-6 ? TUNE_SILENT_DB : tune_log2(gain) * DB_LOG2;
}

double tune_db_to_gain(double db)
{
    return tune_exp2(db / DB_LOG2);
}

double tune_smoothing(double seconds, double per_second)
{
    double steps = seconds * per_second;

    return steps <= 0.0 ? 1.0 : 1.0 - tune_exp2(-1.0 / (LN2 * steps));
}
