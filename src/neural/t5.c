/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/t5.h"

#include <math.h>
#include <string.h>

#define PREFIX     "text_encoder.encoder."
#define QUERIES    16  /* of one head that a task answers at least */
#define TASKS      256 /* of attention, about, at most */
#define MAX_TOKENS (1u << 20)

typedef struct {
    TuneMatrix *qkv;              /* [3 * inner, d_model] */
    TuneMatrix *out;              /* [d_model, inner] */
    TuneMatrix *up, *down;        /* [d_ff, d_model], [d_model, d_ff] */
    float *self_norm, *feed_norm; /* [d_model] */
} Block;

struct TuneT5 {
    TuneCheckpoint *checkpoint;
    TuneT5Config config;
    const TuneTensor *embedding; /* [vocab_size, d_model], in the file */
    Block *blocks;
    float *norm;      /* [d_model], the last */
    float *distances; /* [n_buckets, n_heads]: what a distance adds to a score */
};

static TuneMatrix *load_matrix(TuneT5 *self, TuneCompute *compute, TuneWeightType type, guint block,
                               const char *const *names, guint n, GError **error)
{
    const TuneTensor *tensors[3];

    for (guint i = 0; i < n; i++)
        tensors[i] = tune_checkpoint_tensor(self->checkpoint, PREFIX "block.%u.layer.%s.weight",
                                            block, names[i]);
    return tune_matrix_from_tensors(compute, type, tensors, n, error);
}

static float *load_norm(TuneT5 *self, guint block, guint layer, GError **error)
{
    const TuneTensor *tensor = tune_checkpoint_tensor(
        self->checkpoint, PREFIX "block.%u.layer.%u.layer_norm.weight", block, layer);

    return tune_checkpoint_floats(self->checkpoint, tensor, error);
}

static gboolean load_block(TuneT5 *self, TuneCompute *compute, TuneWeightType type, guint i,
                           GError **error)
{
    static const char *const qkv[] = {"0.SelfAttention.q", "0.SelfAttention.k",
                                      "0.SelfAttention.v"};
    static const char *const out[] = {"0.SelfAttention.o"};
    static const char *const up[] = {"1.DenseReluDense.wi"}, *const down[] = {
                                                                 "1.DenseReluDense.wo"};
    Block *block = &self->blocks[i];

    return (block->qkv = load_matrix(self, compute, type, i, qkv, 3, error)) != NULL &&
           (block->out = load_matrix(self, compute, type, i, out, 1, error)) != NULL &&
           (block->up = load_matrix(self, compute, type, i, up, 1, error)) != NULL &&
           (block->down = load_matrix(self, compute, type, i, down, 1, error)) != NULL &&
           (block->self_norm = load_norm(self, i, 0, error)) != NULL &&
           (block->feed_norm = load_norm(self, i, 1, error)) != NULL;
}

static float *load_floats(TuneT5 *self, const char *name, GError **error)
{
    return tune_checkpoint_floats(self->checkpoint,
                                  tune_checkpoint_tensor(self->checkpoint, "%s", name), error);
}

TuneT5 *tune_t5_new(TuneCheckpoint *checkpoint, TuneCompute *compute, TuneWeightType type,
                    GError **error)
{
    g_autoptr(TuneT5) self = g_new0(TuneT5, 1);

    self->checkpoint = tune_checkpoint_ref(checkpoint);
    self->config = tune_checkpoint_config(checkpoint)->text;
    self->embedding = tune_checkpoint_tensor(checkpoint, "text_encoder.shared.weight");
    self->blocks = g_new0(Block, self->config.n_layers);
    if (type != TUNE_WEIGHTS_F32)
        type = TUNE_WEIGHTS_F16;
    for (guint i = 0; i < self->config.n_layers; i++) {
        if (!load_block(self, compute, type, i, error))
            return NULL;
    }
    self->norm = load_floats(self, PREFIX "final_layer_norm.weight", error);
    if (self->norm == NULL)
        return NULL;
    self->distances = load_floats(
        self, PREFIX "block.0.layer.0.SelfAttention.relative_attention_bias.weight", error);
    return self->distances != NULL ? g_steal_pointer(&self) : NULL;
}

static void clear_block(Block *block)
{
    tune_matrix_free(block->qkv);
    tune_matrix_free(block->out);
    tune_matrix_free(block->up);
    tune_matrix_free(block->down);
    g_free(block->self_norm);
    g_free(block->feed_norm);
}

void tune_t5_free(TuneT5 *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->config.n_layers; i++)
        clear_block(&self->blocks[i]);
    g_free(self->blocks);
    g_free(self->norm);
    g_free(self->distances);
    tune_checkpoint_unref(self->checkpoint);
    g_free(self);
}

guint64 tune_t5_bytes(const TuneT5 *self)
{
    const TuneT5Config *config = &self->config;
    guint64 floats = (guint64)config->n_buckets * config->n_heads +
                     (2 * (guint64)config->n_layers + 1) * config->d_model;
    guint64 bytes = floats * sizeof(float);

    for (guint i = 0; i < config->n_layers; i++) {
        const Block *block = &self->blocks[i];
        bytes += tune_matrix_bytes(block->qkv) + tune_matrix_bytes(block->out) +
                 tune_matrix_bytes(block->up) + tune_matrix_bytes(block->down);
    }
    return bytes;
}

guint tune_t5_bucket(gint distance, guint n_buckets, guint max_distance)
{
    guint half = n_buckets / 2, exact = half / 2, n = (guint)ABS(distance);
    guint base = distance > 0 ? half : 0;
    float beyond;

    if (n < exact)
        return base + n;
    /* In float and in this order, as the reference, which alone says on which side a bound lies. */
    beyond = logf((float)n / (float)exact) / (float)log((double)max_distance / exact) *
             (float)(half - exact);
    return base + MIN(exact + (guint)beyond, half - 1);
}

/* One encoding on its way through the blocks. */
typedef struct {
    const TuneT5 *self;
    TuneCompute *compute;
    const TuneKernels *kernels;
    const gint32 *ids;
    gsize n, inner;     /* tokens; width of all heads */
    gsize n_queries;    /* of a task of attention */
    guint n_tasks;      /* of a head */
    float *hidden;      /* [n, d_model] */
    float *normed;      /* [n, d_model]; also what a sublayer adds */
    float *wide;        /* [n, 3 * inner] queries, keys, values; [n, d_ff] */
    float *mixed;       /* [n, inner] */
    float *by_distance; /* [n_heads, 2 n - 1]: what key - query = 1 - n .. n - 1 adds */
    float *scores;      /* [n_heads * n_tasks, n] */
} Pass;

/* Parts of the scratch, in floats. */
static float *take(float **at, gsize n)
{
    float *part = *at;

    *at += n;
    return part;
}

/* One allocation for all; NULL with MEMORY.  (transfer full) */
static float *take_scratch(Pass *pass, GError **error)
{
    const TuneT5Config *config = &pass->self->config;
    gsize n = pass->n, d = config->d_model, heads = config->n_heads;
    gsize wide = MAX(3 * pass->inner, config->d_ff);
    gsize total, *size = &total;
    float *scratch, *at;

    pass->n_queries = MAX(QUERIES, (n * heads + TASKS - 1) / TASKS);
    pass->n_tasks = (guint)((n + pass->n_queries - 1) / pass->n_queries);
    if (n > MAX_TOKENS || !g_size_checked_mul(size, n, 2 * d + wide + pass->inner + 2 * heads) ||
        !g_size_checked_add(size, total, heads * pass->n_tasks * n) ||
        !g_size_checked_mul(size, total, sizeof(float)) ||
        (scratch = g_try_malloc(total)) == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory to read a text of %zu tokens", n);
        return NULL;
    }
    at = scratch;
    pass->hidden = take(&at, n * d);
    pass->normed = take(&at, n * d);
    pass->wide = take(&at, n * wide);
    pass->mixed = take(&at, n * pass->inner);
    pass->by_distance = take(&at, heads * (2 * n - 1));
    pass->scores = take(&at, heads * pass->n_tasks * n);
    return scratch;
}

static gboolean embed(Pass *pass, GError **error)
{
    const TuneT5 *self = pass->self;
    gsize d = self->config.d_model;

    for (gsize i = 0; i < pass->n; i++) {
        gint32 id = pass->ids[i];
        float *row = pass->hidden + i * d, sum = 0;

        if (id < 0 || (guint)id >= self->config.vocab_size) {
            g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_REQUEST,
                        "token %zu has the id %d, of %u that the text encoder knows", i, id,
                        self->config.vocab_size);
            return FALSE;
        }
        tune_tensor_read(self->embedding, (guint64)id * d, d, row);
        for (gsize c = 0; c < d; c++)
            sum += row[c] * 0; /* stays zero unless one is infinite or not a number */
        if (isnan(sum)) {
            g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                        "%s: row %d of %s is not finite", tune_checkpoint_path(self->checkpoint),
                        id, self->embedding->name);
            return FALSE;
        }
    }
    return TRUE;
}

static void spread_distances(Pass *pass)
{
    const TuneT5Config *config = &pass->self->config;
    gsize n = pass->n, heads = config->n_heads, width = 2 * n - 1;

    for (gsize i = 0; i < width; i++) {
        guint bucket =
            tune_t5_bucket((gint)i - (gint)(n - 1), config->n_buckets, config->max_distance);
        for (gsize head = 0; head < heads; head++)
            pass->by_distance[head * width + i] = pass->self->distances[bucket * heads + head];
    }
}

/* Some queries of one head, each over all keys: softmax(q k + distances) v. */
static void attend(gpointer data, guint task)
{
    const Pass *pass = data;
    gsize n = pass->n, width = pass->self->config.d_kv, stride = 3 * pass->inner;
    gsize head = task / pass->n_tasks, first = task % pass->n_tasks * pass->n_queries;
    const float *keys = pass->wide + pass->inner + head * width, *values = keys + pass->inner;
    const float *by_distance = pass->by_distance + head * (2 * n - 1);
    float *scores = pass->scores + task * n;

    for (gsize i = first; i < MIN(n, first + pass->n_queries); i++) {
        const float *query = pass->wide + i * stride + head * width;

        pass->kernels->scores_f32(query, keys, stride, width, n, 1, scores);
        pass->kernels->add(scores, by_distance + n - 1 - i, n);
        pass->kernels->softmax(scores, n);
        pass->kernels->mix_f32(scores, values, stride, width, n,
                               pass->mixed + i * pass->inner + head * width);
    }
}

static void norm_rows(Pass *pass, const float *weight, float *out)
{
    gsize d = pass->self->config.d_model;

    for (gsize i = 0; i < pass->n; i++)
        pass->kernels->rms_norm(pass->hidden + i * d, weight, d, pass->self->config.epsilon,
                                out + i * d);
}

static void run_block(Pass *pass, const Block *block)
{
    gsize n = pass->n, d = pass->self->config.d_model, inner = pass->inner,
          feed = pass->self->config.d_ff;

    norm_rows(pass, block->self_norm, pass->normed);
    tune_compute_multiply(pass->compute, block->qkv, pass->normed, d, n, pass->wide, 3 * inner);
    tune_compute_run(pass->compute, pass->self->config.n_heads * pass->n_tasks, attend, pass);
    tune_compute_multiply(pass->compute, block->out, pass->mixed, inner, n, pass->normed, d);
    pass->kernels->add(pass->hidden, pass->normed, n * d);

    norm_rows(pass, block->feed_norm, pass->normed);
    tune_compute_multiply(pass->compute, block->up, pass->normed, d, n, pass->wide, feed);
    for (gsize i = 0; i < n * feed; i++)
        pass->wide[i] = MAX(pass->wide[i], 0);
    tune_compute_multiply(pass->compute, block->down, pass->wide, feed, n, pass->normed, d);
    pass->kernels->add(pass->hidden, pass->normed, n * d);
}

gboolean tune_t5_encode_watched(const TuneT5 *self, TuneCompute *compute, const gint32 *ids,
                                gsize n, float *out, TuneT5Watch watch, gpointer data,
                                GError **error)
{
    g_return_val_if_fail(n > 0, FALSE);
    const TuneT5Config *config = &self->config;
    Pass pass = {.self = self,
                 .compute = compute,
                 .kernels = tune_compute_kernels(compute),
                 .ids = ids,
                 .n = n,
                 .inner = (gsize)config->n_heads * config->d_kv};
    g_autofree float *scratch = take_scratch(&pass, error);

    if (scratch == NULL || !embed(&pass, error))
        return FALSE;
    spread_distances(&pass);
    for (guint i = 0; i < config->n_layers; i++) {
        if (watch != NULL)
            watch(i, pass.hidden, n, data);
        run_block(&pass, &self->blocks[i]);
    }
    norm_rows(&pass, self->norm, out);
    if (watch != NULL)
        watch(config->n_layers, out, n, data);
    return TRUE;
}

gboolean tune_t5_encode(const TuneT5 *self, TuneCompute *compute, const gint32 *ids, gsize n,
                        float *out, GError **error)
{
    return tune_t5_encode_watched(self, compute, ids, n, out, NULL, NULL, error);
}
