/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Logarithms and powers of our own.  libm's results differ in the last bit between versions and CPU
 * types; these use only IEEE additions, multiplications and divisions, so that a gain is the same
 * number everywhere.  Errors are below 1e-12 relative.
 */
#pragma once
#include <glib.h>

/* "No sound at all" in the figures of this room. */
#define TUNE_SILENT_DB (-120.0)

double tune_log2(double x); /* x > 0 and finite */
double tune_exp2(double x); /* -1000 .. 1000 */
/* sin(pi * x) and cos(pi * x), |x| <= 1. */
double tune_sin_pi(double x);
double tune_cos_pi(double x);

/* 20 log10: amplitude to decibel, not below TUNE_SILENT_DB. */
double tune_gain_to_db(double gain);
double tune_db_to_gain(double db);
/* What a one-pole smoother x += (target - x) * c needs to cover 1 - 1/e of a step in @seconds, when
 * it runs @per_second times a second. */
double tune_smoothing(double seconds, double per_second);
