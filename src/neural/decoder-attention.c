/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Attention as tasks for the threads.  Of itself: one task for a head of a sequence, which keeps
 * the new keys and values first, so that no other task needs to be waited for, then lets each new
 * row look back. Of the condition: one task for a head of a row.
 */
#include "neural/decoder-private.h"

#include <math.h>

/* One query over @n positions of a stretch, the first of which is @from: their scores, */
static void score_stretch(const TuneDecoderPass *pass, const TuneKeyValues *kept, gsize head,
                          gsize from, gsize n, const float *query, float *scores)
{
    gconstpointer keys = tune_key_values_at(kept, pass->layer, FALSE, head, from);
    gsize width = kept->width;
    float scale = 1 / sqrtf((float)width);

    if (kept->kind == TUNE_WEIGHTS_Q8)
        pass->kernels->scores_q8(query, keys,
                                 tune_key_values_scale(kept, pass->layer, FALSE, head, from), width,
                                 width, n, scale, scores);
    else if (kept->kind == TUNE_WEIGHTS_F16)
        pass->kernels->scores_f16(query, keys, width, width, n, scale, scores);
    else
        pass->kernels->scores_f32(query, keys, width, width, n, scale, scores);
}

/* and by their @shares the mix of their values. */
static void mix_stretch(const TuneDecoderPass *pass, const TuneKeyValues *kept, gsize head,
                        gsize from, gsize n, const float *shares, float *out)
{
    gconstpointer values = tune_key_values_at(kept, pass->layer, TRUE, head, from);
    gsize width = kept->width;

    if (kept->kind == TUNE_WEIGHTS_Q8)
        pass->kernels->mix_q8(shares, values,
                              tune_key_values_scale(kept, pass->layer, TRUE, head, from), width,
                              width, n, out);
    else if (kept->kind == TUNE_WEIGHTS_F16)
        pass->kernels->mix_f16(shares, values, width, width, n, out);
    else
        pass->kernels->mix_f32(shares, values, width, width, n, out);
}

/* One query over the first @n positions; @scores [score_stride] is scratch, @out [width]. */
static void attend(const TuneDecoderPass *pass, const TuneKeyValues *kept, gsize head, gsize n,
                   const float *query, float *scores, float *out)
{
    float *part = scores + pass->score_stride - kept->width;
    gsize stretch = kept->stretch;

    for (gsize from = 0; from < n; from += stretch)
        score_stretch(pass, kept, head, from, MIN(stretch, n - from), query, scores + from);
    pass->kernels->softmax(scores, n);
    mix_stretch(pass, kept, head, 0, MIN(stretch, n), scores, out);
    for (gsize from = stretch; from < n; from += stretch) {
        mix_stretch(pass, kept, head, from, MIN(stretch, n - from), scores + from, part);
        pass->kernels->add(out, part, kept->width);
    }
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
