/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Golden values of the tiny checkpoints in $TUNE_GOLDEN (tests/neural/golden/README.md lists them): what
 * the reference computes at every stage.
 *
 *     g_autoptr(TuneGolden) golden = tune_golden_open("tiny-mono");
 *     tune_golden_compare(golden, "t5.single.last_hidden_state", hidden, n, 2e-5);
 */
#pragma once
#include "base/json.h"
#include "neural/tensor.h"

typedef struct {
    char *folder; /* of the checkpoint */
    TuneTensorSet *tensors;
    json_t *json; /* golden.json */
} TuneGolden;

TuneGolden *tune_golden_open(const char *checkpoint); /* fails the test when it is not there */
void tune_golden_free(TuneGolden *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneGolden, tune_golden_free)
/* Values of a tensor as floats or integers; @n (nullable): how many. (transfer full) */
float *tune_golden_floats(const TuneGolden *self, const char *name, gsize *n);
gint32 *tune_golden_ints(const TuneGolden *self, const char *name, gsize *n);
const TuneTensor *tune_golden_tensor(const TuneGolden *self, const char *name);
/* Fails the test, naming the place, when any of @n values is further than @tolerance from the golden one,
 * or the golden tensor has not @n values. */
void tune_golden_compare(const TuneGolden *self, const char *name, const float *got, gsize n,
                         double tolerance);
/* The same on plain arrays; @what names them. */
void tune_golden_compare_floats(const char *what, const float *got, const float *want, gsize n,
                                double tolerance);
void tune_golden_compare_ints(const char *what, const gint32 *got, const gint32 *want, gsize n);
