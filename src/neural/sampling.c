/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/sampling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tune_guide(float *conditional, const float *null, gsize n, double guidance)
{
    float scale = (float)guidance;

    for (gsize i = 0; i < n; i++)
        conditional[i] = null[i] + (conditional[i] - null[i]) * scale;
}

/* The @k-th largest (from 1) of @x [n], whose order is lost: Hoare's selection with three-way
 * parts, so that ties, and values that compare with nothing, cannot make it slow or endless. */
static float kth_largest(float *x, gsize n, gsize k)
{
    gsize low = 0, high = n; /* it lies in [low, high) */

    for (;;) {
        float pivot = x[low + (high - low) / 2];
        gsize larger = low, at = low, smaller = high;

        while (at < smaller) {
            float value = x[at];

            if (value > pivot) {
                x[at++] = x[larger];
                x[larger++] = value;
            } else if (value < pivot) {
                x[at] = x[--smaller];
                x[smaller] = value;
            } else {
                at++;
            }
        }
        if (k <= larger)
            high = larger;
        else if (k > smaller)
            low = smaller;
        else
            return pivot;
    }
}

static gint compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The nucleus: of the values of at least @from the least likely ones, which together hold no more
 * than 1 - p, are dropped.  Gives the smallest value that is kept, and how many of its ties (first
 * ones first) are dropped nevertheless.  @sorted: [n] scratch. */
static float nucleus(const float *logits, gsize n, double temperature, float from, double top_p,
                     float *sorted, gsize *drop_ties)
{
    gsize n_kept = 0, first = 0;
    double sum = 0, below = 0;

    for (gsize i = 0; i < n; i++) {
        float x = logits[i] / (float)temperature;
        if (x >= from)
            sorted[n_kept++] = x;
    }
    qsort(sorted, n_kept, sizeof *sorted, compare_floats);
    for (gsize i = n_kept; i-- > 0;)
        sum += exp((double)(sorted[i] - sorted[n_kept - 1]));
    for (; first + 1 < n_kept; first++) {
        below += exp((double)(sorted[first] - sorted[n_kept - 1])) / sum;
        if ((float)below > (float)(1 - top_p))
            break;
    }
    *drop_ties = 0;
    for (gsize i = first; i > 0 && sorted[i - 1] >= sorted[first]; i--)
        (*drop_ties)++;
    return sorted[first];
}

gsize tune_sampling_probabilities(const TuneSampling *self, const float *logits, gsize n,
                                  float *probabilities)
{
    float from = -INFINITY, largest = -INFINITY;
    gsize drop_ties = 0, n_kept = 0;
    double sum = 0;

    for (gsize i = 0; i < n; i++)
        largest = MAX(largest, logits[i] / (float)self->temperature);
    if (self->top_k > 0 && self->top_k < n) {
        for (gsize i = 0; i < n; i++)
            probabilities[i] = logits[i] / (float)self->temperature;
        from = kth_largest(probabilities, n, self->top_k);
    }
    if (self->top_p < 1)
        from = nucleus(logits, n, self->temperature, from, self->top_p, probabilities, &drop_ties);
    for (gsize i = 0; i < n; i++) {
        float x = logits[i] / (float)self->temperature;

        probabilities[i] = 0;
        if (!(x >= from))
            continue;
        if (drop_ties > 0 && x <= from) {
            drop_ties--;
            continue;
        }
        /* In double: the last bit of a library's exp() moves no choice that a draw could notice. */
        probabilities[i] = (float)exp((double)(x - largest));
        sum += (double)probabilities[i];
        n_kept++;
    }
    for (gsize i = 0; i < n; i++)
        probabilities[i] = (float)((double)probabilities[i] / sum);
    return n_kept;
}

static gint32 first_largest(const float *logits, gsize n)
{
    gsize best = 0;

    for (gsize i = 1; i < n; i++) {
        if (logits[i] > logits[best])
            best = i;
    }
    return (gint32)best;
}

gint32 tune_sample(const TuneSampling *self, const float *logits, gsize n, TuneRandom *random,
                   float *scratch)
{
    double left;
    gint32 last = 0;

    if (self->greedy)
        return first_largest(logits, n);
    tune_sampling_probabilities(self, logits, n, scratch);
    left = tune_random_unit(random);
    for (gsize i = 0; i < n; i++) {
        if (!(scratch[i] > 0))
            continue;
        last = (gint32)i;
        left -= (double)scratch[i];
        if (left < 0)
            break;
    }
    return last; /* rounding may leave a crumb: the last one's */
}
