/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a take is conditioned on: its text through T5, as the source of cross-attention or, in
 * melody models, as rows before the start column, after those of the melody.
 */
#include "neural/chroma.h"
#include "neural/musicgen-private.h"

/* Hidden rows of the prompt, [*n * T5's width]. (transfer full) */
static float *encode_text(TuneTake *take, gsize *n, GError **error)
{
    TuneMusicgen *model = take->model;
    g_autoptr(GArray) ids = tune_musicgen_tokenize(model, take->prompt, error);
    TuneT5 *text = ids != NULL ? tune_musicgen_text(model, error) : NULL;

    if (text == NULL)
        return NULL;
    *n = ids->len;
    g_autofree float *hidden =
        g_try_malloc_n(ids->len, model->config->text.d_model * sizeof(float));
    if (hidden == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for a prompt of %u tokens", ids->len);
        return NULL;
    }
    gboolean done = tune_t5_encode(text, model->compute, (const gint32 *)(gpointer)ids->data,
                                   ids->len, hidden, error);
    tune_musicgen_text_done(model);
    return done ? g_steal_pointer(&hidden) : NULL;
}

gboolean tune_take_read_text(TuneTake *take, GError **error)
{
    TuneMusicgen *model = take->model;
    gsize d = model->config->decoder.d_model, n = 0;

    if (take->prompt == NULL) {
        /* Where a melody model is given no text, the reference puts one row of zeros. */
        take->text = model->config->melody ? g_new0(float, d) : NULL;
        take->n_text = model->config->melody ? 1 : 0;
        return TRUE;
    }
    g_autofree float *hidden = encode_text(take, &n, error);
    if (hidden == NULL)
        return FALSE;
    if (model->config->decoder.cross_attention) {
        take->condition = tune_condition_new(model->decoder, model->compute, hidden, n, error);
        return take->condition != NULL;
    }
    take->n_text = n;
    take->text = g_new(float, n *d);
    tune_decoder_project_text(model->decoder, model->compute, hidden, n, take->text);
    return TRUE;
}

/* The part of the melody that belongs to the window: all of it for a clip of one window; in longer
 * clips it is read round and round, a window's length from where the window stands. (transfer full)
 */
static float *window_melody(const TuneTake *take, gsize *n)
{
    const TuneMusicgen *model = take->model;
    gsize window = tune_window_frames(model), hop = model->config->codec.hop;

    *n = take->plan.n_frames <= window ? take->n_melody : window * hop;
    gsize first = take->plan.n_frames <= window ? 0 : take->window.offset * hop;
    float *audio = g_new(float, *n);
    for (gsize i = 0; i < *n; i++)
        audio[i] = take->melody[(first + i) % take->n_melody];
    return audio;
}

/* Chroma rows [chroma_length * n_chroma] of the melody, short ones repeated; without one, and for
 * guidance, the null melody: the first class throughout. (transfer full) */
static float *chroma_rows(const TuneTake *take, gboolean null)
{
    const TuneMusicgenConfig *config = take->model->config;
    gsize n_chroma = config->n_chroma, n = 1;
    g_autofree float *chroma = NULL;
    float *rows = g_new(float, config->chroma_length *n_chroma);

    if (null || take->melody == NULL) {
        chroma = g_new0(float, n_chroma);
        chroma[0] = 1;
    } else {
        gsize n_audio;
        g_autofree float *audio = window_melody(take, &n_audio);
        chroma = tune_chroma(audio, n_audio, &n);
    }
    for (gsize i = 0; i < config->chroma_length; i++)
        memcpy(rows + i * n_chroma, chroma + (i % n) * n_chroma, n_chroma * sizeof *rows);
    return rows;
}

static float *prefix_rows(const TuneTake *take, gboolean null)
{
    const TuneMusicgen *model = take->model;
    gsize d = model->config->decoder.d_model, n = model->config->chroma_length;
    g_autofree float *chroma = chroma_rows(take, null);
    float *prefix = g_new0(float, take->plan.n_prefix *d);

    tune_decoder_project_chroma(model->decoder, model->compute, chroma, n, prefix);
    if (!null)
        memcpy(prefix + n * d, take->text, take->n_text * d * sizeof *prefix);
    return prefix;
}

void tune_take_make_prefix(TuneTake *take)
{
    if (!take->model->config->melody || (take->prefix[0] != NULL && take->melody == NULL))
        return; /* the same in each window */
    g_free(take->prefix[0]);
    take->prefix[0] = prefix_rows(take, FALSE);
    if (take->plan.n_streams == 2 && take->prefix[1] == NULL)
        take->prefix[1] = prefix_rows(take, TRUE);
}
