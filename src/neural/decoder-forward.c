/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One pass of the decoder over some rows.  Between two products of matrices there is at most one
 * other meeting of the threads: residual sums and norms are joined, and done by the caller alone
 * while the rows are few, which is quicker than waking anybody.
 */
#include "neural/decoder-private.h"

#define EPSILON 1e-5f
/* Rows from which row-wise work is shared by the threads. */
#define SHARED_ROWS 4
/* Values of the feed-forward's inside that one task activates; fewer are not shared. */
#define GELU_PIECE   4096
#define SCRATCH_SLOT 0

static void each_row(TuneDecoderPass *pass, guint n, TuneTask task, gpointer data)
{
    if (n >= SHARED_ROWS) {
        tune_compute_run(pass->compute, n, task, data);
        return;
    }
    for (guint i = 0; i < n; i++)
        task(data, i);
}

/* Who is whose next row, and where. */
static void plan(TuneDecoderPass *pass)
{
    guint last[TUNE_DECODER_MAX_ROWS]; /* of each sequence */
    gsize longest = 0;

    for (guint i = 0; i < pass->n; i++) {
        TuneSequence *sequence = pass->rows[i].sequence;
        guint s = 0;
        while (s < pass->n_firsts && pass->rows[pass->firsts[s]].sequence != sequence)
            s++;
        if (s == pass->n_firsts) {
            pass->firsts[pass->n_firsts++] = i;
            pass->positions[i] = sequence->length;
        } else {
            pass->next[last[s]] = i;
            pass->positions[i] = pass->positions[last[s]] + 1;
        }
        last[s] = i;
        g_assert(pass->positions[i] < sequence->past.capacity);
        longest = MAX(longest, pass->positions[i] + 1);
        pass->crossed_at[i] = -1;
        if (sequence->condition != NULL) {
            pass->crossed_at[i] = (gint)pass->n_crossed;
            pass->crossed[pass->n_crossed++] = i;
            longest = MAX(longest, sequence->condition->cross.capacity);
        }
        pass->wanted_at[i] = pass->rows[i].logits != NULL ? (gint)pass->n_wanted++ : -1;
    }
    gsize width = pass->decoder->config.d_model / pass->decoder->config.n_heads;
    pass->score_stride = (longest + width + 15) & ~(gsize)15;
}

static void take_scratch(TuneDecoderPass *pass)
{
    const TuneDecoderConfig *config = &pass->decoder->config;
    gsize d = config->d_model, inside = MAX(config->d_ff, 3 * d);
    gsize logits = (gsize)config->n_codebooks * config->vocab_size;
    gsize wide = MAX(pass->n * inside, pass->n_wanted * logits);
    gsize scores = pass->n * config->n_heads * pass->score_stride;
    float *at = tune_compute_scratch(pass->compute, SCRATCH_SLOT,
                                     (4 * pass->n * d + wide + scores + 5 * 16) * sizeof(float));

    pass->hidden = at;
    pass->normed = pass->hidden + ((pass->n * d + 15) & ~(gsize)15);
    pass->mixed = pass->normed + ((pass->n * d + 15) & ~(gsize)15);
    pass->sub = pass->mixed + ((pass->n * d + 15) & ~(gsize)15);
    pass->wide = pass->sub + ((pass->n * d + 15) & ~(gsize)15);
    pass->scores = pass->wide + ((wide + 15) & ~(gsize)15);
}

static void watch(const TuneDecoderPass *pass, const float *rows, gsize n, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void watch(const TuneDecoderPass *pass, const float *rows, gsize n, const char *format, ...)
{
    va_list arguments;

    if (pass->watch == NULL)
        return;
    va_start(arguments, format);
    g_autofree char *name = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    pass->watch(name, rows, n, pass->decoder->config.d_model, pass->watch_data);
}

/* The condition's part of all rows, zero for those without. */
static void watch_crossed(const TuneDecoderPass *pass)
{
    gsize d = pass->decoder->config.d_model;

    if (pass->watch == NULL)
        return;
    g_autofree float *all = g_new0(float, pass->n *d);
    for (guint i = 0; i < pass->n_crossed; i++)
        memcpy(all + pass->crossed[i] * d, pass->sub + i * d, d * sizeof *all);
    watch(pass, all, pass->n, "layers.%zu.encoder_attn", pass->layer);
}

static void embed_row(gpointer data, guint i)
{
    const TuneDecoderPass *pass = data;
    const TuneDecoder *decoder = pass->decoder;
    const TuneDecoderRow *row = &pass->rows[i];
    gsize d = decoder->config.d_model, table = ((gsize)decoder->config.vocab_size + 1) * d;
    float *hidden = pass->hidden + i * d, *other = pass->normed + i * d;

    if (row->ids == NULL)
        memcpy(hidden, row->embedding, d * sizeof *hidden);
    for (gsize k = 0; row->ids != NULL && k < decoder->config.n_codebooks; k++) {
        gsize at = k * table + (gsize)row->ids[k] * d;
        float *to = k == 0 ? hidden : other;
        if (decoder->type == TUNE_WEIGHTS_F32)
            memcpy(to, (const float *)decoder->embeddings + at, d * sizeof *to);
        else
            pass->kernels->from_f16((const guint16 *)decoder->embeddings + at, d, to);
        if (k > 0)
            pass->kernels->add(hidden, other, d);
    }
    tune_decoder_position(decoder, pass->positions[i], other);
    pass->kernels->add(hidden, other, d);
}

/* What ends one sublayer and begins the next: hidden += sub, then the norm of the rows that go on.
 */
typedef struct {
    TuneDecoderPass *pass;
    const float *sub;   /* (nullable) */
    const gint *sub_at; /* [n] row of @sub, negative: none; NULL: the same */
    const TuneLayerNorm *norm;
    const gint *norm_at; /* where in pass->normed it goes, likewise */
} Settling;

static void settle_row(gpointer data, guint i)
{
    const Settling *settling = data;
    const TuneDecoderPass *pass = settling->pass;
    gsize d = pass->decoder->config.d_model;
    gint sub_at = settling->sub_at != NULL ? settling->sub_at[i] : (gint)i;
    gint norm_at = settling->norm_at != NULL ? settling->norm_at[i] : (gint)i;
    float *hidden = pass->hidden + i * d;

    if (settling->sub != NULL && sub_at >= 0)
        pass->kernels->add(hidden, settling->sub + (gsize)sub_at * d, d);
    if (norm_at >= 0)
        pass->kernels->layer_norm(hidden, settling->norm->weight, settling->norm->bias, d, EPSILON,
                                  pass->normed + (gsize)norm_at * d);
}

static void settle(TuneDecoderPass *pass, const float *sub, const gint *sub_at,
                   const TuneLayerNorm *norm, const gint *norm_at)
{
    Settling settling = {pass, sub, sub_at, norm, norm_at};

    each_row(pass, (guint)pass->n, settle_row, &settling);
}

static void multiply(TuneDecoderPass *pass, const TuneMatrix *matrix, const float *in, gsize n,
                     float *out)
{
    tune_compute_multiply(pass->compute, matrix, in, tune_matrix_columns(matrix), n, out,
                          tune_matrix_rows(matrix));
}

static void attend_self(TuneDecoderPass *pass, const TuneDecoderLayer *layer)
{
    multiply(pass, layer->qkv, pass->normed, pass->n, pass->wide);
    tune_decoder_attend(pass);
    multiply(pass, layer->out, pass->mixed, pass->n, pass->sub);
    watch(pass, pass->sub, pass->n, "layers.%zu.self_attn", pass->layer);
}

/* Without a condition the source is zero, so are keys, values and the result: exactly. */
static void attend_source(TuneDecoderPass *pass, const TuneDecoderLayer *layer)
{
    multiply(pass, layer->cross_q, pass->normed, pass->n_crossed, pass->wide);
    tune_decoder_attend_condition(pass);
    multiply(pass, layer->cross_out, pass->mixed, pass->n_crossed, pass->sub);
    watch_crossed(pass);
}

static void gelu_piece(gpointer data, guint i)
{
    const TuneDecoderPass *pass = data;
    gsize all = pass->n * pass->decoder->config.d_ff, from = (gsize)i * GELU_PIECE;

    pass->kernels->gelu(pass->wide + from, MIN(GELU_PIECE, all - from));
}

static void feed(TuneDecoderPass *pass, const TuneDecoderLayer *layer)
{
    gsize all = pass->n * pass->decoder->config.d_ff;

    multiply(pass, layer->fc1, pass->normed, pass->n, pass->wide);
    tune_compute_run(pass->compute, (guint)((all + GELU_PIECE - 1) / GELU_PIECE), gelu_piece, pass);
    multiply(pass, layer->fc2, pass->wide, pass->n, pass->sub);
    watch(pass, pass->sub, pass->n, "layers.%zu.fc2", pass->layer);
}

static void give_logits(TuneDecoderPass *pass)
{
    gsize n = tune_matrix_rows(pass->decoder->heads);

    watch(pass, pass->normed, pass->n_wanted, "layer_norm");
    if (pass->n_wanted == 0)
        return;
    multiply(pass, pass->decoder->heads, pass->normed, pass->n_wanted, pass->wide);
    for (gsize i = 0; i < pass->n; i++) {
        if (pass->wanted_at[i] >= 0)
            memcpy(pass->rows[i].logits, pass->wide + (gsize)pass->wanted_at[i] * n,
                   n * sizeof(float));
    }
}

static void run(TuneDecoderPass *pass)
{
    const TuneDecoder *decoder = pass->decoder;
    const float *sub = NULL; /* of the layer before */

    each_row(pass, (guint)pass->n, embed_row, pass);
    watch(pass, pass->hidden, pass->n, "embed");
    for (pass->layer = 0; pass->layer < decoder->config.n_layers; pass->layer++) {
        const TuneDecoderLayer *layer = &decoder->layers[pass->layer];
        settle(pass, sub, NULL, &layer->self_norm, NULL);
        if (sub != NULL)
            watch(pass, pass->hidden, pass->n, "layers.%zu", pass->layer - 1);
        sub = pass->sub;
        attend_self(pass, layer);
        if (pass->n_crossed > 0) {
            settle(pass, sub, NULL, &layer->cross_norm, pass->crossed_at);
            attend_source(pass, layer);
            settle(pass, sub, pass->crossed_at, &layer->feed_norm, NULL);
        } else {
            settle(pass, sub, NULL, &layer->feed_norm, NULL);
        }
        feed(pass, layer);
    }
    settle(pass, sub, NULL, &decoder->norm, pass->wanted_at);
    watch(pass, pass->hidden, pass->n, "layers.%zu", pass->layer - 1);
    give_logits(pass);
}

void tune_decoder_forward_watched(const TuneDecoder *self, TuneCompute *compute,
                                  const TuneDecoderRow *rows, gsize n, TuneDecoderWatch watcher,
                                  gpointer data)
{
    TuneDecoderPass pass = {.decoder = self,
                            .compute = compute,
                            .kernels = self->kernels,
                            .rows = rows,
                            .n = n,
                            .watch = watcher,
                            .watch_data = data};

    g_return_if_fail(n > 0 && n <= TUNE_DECODER_MAX_ROWS);
    plan(&pass);
    take_scratch(&pass);
    run(&pass);
    for (gsize i = 0; i < n; i++)
        rows[i].sequence->length = MAX(rows[i].sequence->length, pass.positions[i] + 1);
}

void tune_decoder_forward(const TuneDecoder *self, TuneCompute *compute, const TuneDecoderRow *rows,
                          gsize n)
{
    tune_decoder_forward_watched(self, compute, rows, n, NULL, NULL);
}
