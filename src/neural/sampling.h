/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From logits to ids: guidance, temperature, top-k, top-p, choice; in that order, as transformers does.
 * Choices draw from our named streams ("musicgen/<column>/<codebook>"), so that a batch's neighbours and
 * the number of threads change nothing.
 */
#pragma once
#include "base/random.h"

typedef struct {
    double guidance;    /* 1: off */
    double temperature; /* > 0 */
    guint top_k;        /* 0: off; ties with the k-th are kept */
    double top_p;       /* 0 < p <= 1; 1: off; the most likely is always kept */
    gboolean greedy;    /* the first largest */
} TuneSampling;

/* logits = null + guidance (conditional - null), in place in @conditional [n]. */
void tune_guide(float *conditional, const float *null, gsize n, double guidance);
/* Probabilities of one codebook's guided logits [n]; zeros where dropped.  @probabilities: [n].  Returns
 * how many are kept. */
gsize tune_sampling_probabilities(const TuneSampling *self, const float *logits, gsize n,
                                  float *probabilities);
gint32 tune_sample(const TuneSampling *self, const float *logits, gsize n, TuneRandom *random,
                   float *scratch);
