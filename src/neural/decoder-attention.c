/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attention as tasks for the threads.  Of itself: one task for a head of a sequence, which keeps
 * the new keys and values first, so that no other task needs to be waited for, then lets each new
 * row look back. Of the condition: one task for a head of a row.
 */
#include "neural/decoder-private.h"

#include <math.h>

/* One query over the first @n positions; @scores [n] is scratch, @out [width]. */
static void attend(const TuneDecoderPass *pass, const TuneKeyValues *kept, gsize head, gsize n,
                   const float *query, float *scores, float *out)
{
    const TuneKernels *kernels = pass->kernels;
    gsize width = kept->width;
    gconstpointer keys = tune_key_values_at(kept, pass->layer, FALSE, head);
    gconstpointer values = tune_key_values_at(kept, pass->layer, TRUE, head);
    float scale = 1 / sqrtf((float)width);

    if (kept->half)
        kernels->scores_f16(query, keys, width, width, n, scale, scores);
    else
        kernels->scores_f32(query, keys, width, width, n, scale, scores);
    kernels->softmax(scores, n);
    if (kept->half)
        kernels->mix_f16(scores, values, width, width, n, out);
    else
        kernels->mix_f32(scores, values, width, width, n, out);
}

/* Products (about ten microseconds of them) below which the caller does it all alone: sooner than
 * waking anybody, and much sooner where others keep the processors busy. */
#define SHARED_PRODUCTS 65536

static void run_heads(TuneDecoderPass *pass, gsize n, gsize positions, TuneTask task)
{
    guint n_tasks = (guint)(n * pass->decoder->config.n_heads);

    if (2 * positions * pass->decoder->config.d_model >= SHARED_PRODUCTS) {
        tune_compute_run(pass->compute, n_tasks, task, pass);
        return;
    }
    for (guint i = 0; i < n_tasks; i++)
        task(pass, i);
}

static void attend_head(gpointer data, guint task)
{
    const TuneDecoderPass *pass = data;
    gsize n_heads = pass->decoder->config.n_heads, d = pass->decoder->config.d_model;
    guint first = pass->firsts[task / n_heads];
    gsize head = task % n_heads;
    const TuneKeyValues *past = &pass->rows[first].sequence->past;
    gsize at = head * past->width;
    float *scores = pass->scores + task * pass->score_stride;
    guint row = first;

    do {
        const float *qkv = pass->wide + row * 3 * d;
        tune_key_values_put(past, pass->kernels, pass->layer, FALSE, head, pass->positions[row],
                            qkv + d + at);
        tune_key_values_put(past, pass->kernels, pass->layer, TRUE, head, pass->positions[row],
                            qkv + 2 * d + at);
        attend(pass, past, head, pass->positions[row] + 1, qkv + at, scores,
               pass->mixed + row * d + at);
        row = pass->next[row];
    } while (row != 0);
}

void tune_decoder_attend(TuneDecoderPass *pass)
{
    gsize positions = 0;

    for (gsize i = 0; i < pass->n; i++)
        positions += pass->positions[i] + 1;
    run_heads(pass, pass->n_firsts, positions, attend_head);
}

static void attend_condition_head(gpointer data, guint task)
{
    const TuneDecoderPass *pass = data;
    gsize n_heads = pass->decoder->config.n_heads, d = pass->decoder->config.d_model;
    gsize i = task / n_heads, head = task % n_heads;
    const TuneKeyValues *cross = &pass->rows[pass->crossed[i]].sequence->condition->cross;
    gsize at = i * d + head * cross->width;

    attend(pass, cross, head, cross->capacity, pass->wide + at,
           pass->scores + task * pass->score_stride, pass->mixed + at);
}

void tune_decoder_attend_condition(TuneDecoderPass *pass)
{
    gsize positions = 0;

    for (gsize i = 0; i < pass->n_crossed; i++)
        positions += pass->rows[pass->crossed[i]].sequence->condition->cross.capacity;
    run_heads(pass, pass->n_crossed, positions, attend_condition_head);
}
