/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "golden.h"
#include "neural/decoder.h"
#include "neural/delay.h"
#include "neural/sampling.h"
#include "neural/t5.h"

#include <math.h>

/* The reference's own error against doubles is 7e-6 (the goldens' README.md). */
#define LOGIT_TOLERANCE      5e-5
#define ACTIVATION_TOLERANCE 5e-5
#define POSITION_TOLERANCE   1e-6

typedef struct {
    TuneGolden *golden;
    TuneCheckpoint *checkpoint;
    TuneCompute *compute;
    TuneDecoder *decoder;
    const TuneDecoderConfig *config;
} Model;

static Model *model_open(const char *name, TuneWeightType type, guint n_threads)
{
    g_autoptr(GError) error = NULL;
    Model *self = g_new0(Model, 1);

    self->golden = tune_golden_open(name);
    self->checkpoint = tune_checkpoint_open(self->golden->folder, &error);
    g_assert_no_error(error);
    self->compute = tune_compute_new(tune_kernels_best(), n_threads);
    self->decoder = tune_decoder_load(self->checkpoint, self->compute, type, &error);
    g_assert_no_error(error);
    self->config = tune_decoder_config(self->decoder);
    return self;
}

static void model_close(Model *self)
{
    tune_decoder_free(self->decoder);
    tune_compute_free(self->compute);
    tune_checkpoint_unref(self->checkpoint);
    tune_golden_free(self->golden);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_close)

static gsize n_logits(const Model *self)
{
    return (gsize)self->config->n_codebooks * self->config->vocab_size;
}

/* A run of teacher forcing: texts, and columns that are fed whatever the logits say. */
typedef struct {
    gsize n_items, n_columns;
    gint32 *codes; /* [n_items][n_codebooks][n_columns] */
    TuneCondition **conditions;
} Forcing;

static gsize count_mask(const gint32 *mask, gsize n)
{
    gsize count = 0;

    for (gsize i = 0; i < n; i++)
        count += mask[i] != 0;
    return count;
}

/* Hidden rows of a text. (transfer full) */
static float *encode_text(Model *model, const gint32 *ids, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneT5) text =
        tune_t5_new(model->checkpoint, model->compute, TUNE_WEIGHTS_F32, &error);
    gsize width = tune_checkpoint_config(model->checkpoint)->text.d_model;

    g_assert_no_error(error);
    float *hidden = g_new(float, n *width);
    g_assert_true(tune_t5_encode(text, model->compute, ids, n, hidden, &error));
    return hidden;
}

static TuneCondition *condition_of(Model *model, const gint32 *ids, gsize n)
{
    g_autoptr(GError) error = NULL;
    g_autofree float *hidden = encode_text(model, ids, n);
    TuneCondition *condition =
        tune_condition_new(model->decoder, model->compute, hidden, n, &error);
    g_assert_no_error(error);
    return condition;
}

/* The folders in half precision have the columns only, and go with the first text. */
static Forcing *forcing_open(Model *model)
{
    Forcing *self = g_new0(Forcing, 1);
    TuneTensorSet *tensors = model->golden->tensors;
    gboolean masked = tune_tensor_set_find(tensors, "dec.input_ids") != NULL;
    const char *texts = masked ? "dec.input_ids" : "text1.input_ids";
    gsize stride = tune_golden_tensor(model->golden, texts)->shape[1];
    g_autofree gint32 *ids = tune_golden_ints(model->golden, texts, NULL);
    g_autofree gint32 *mask =
        tune_golden_ints(model->golden, masked ? "dec.attention_mask" : texts, NULL);
    const TuneTensor *codes = tune_golden_tensor(model->golden, "dec.codes");

    self->n_items = codes->shape[0];
    self->n_columns = codes->shape[2];
    self->codes = tune_golden_ints(model->golden, "dec.codes", NULL);
    self->conditions = g_new0(TuneCondition *, self->n_items);
    for (gsize i = 0; i < self->n_items && model->config->cross_attention; i++)
        self->conditions[i] =
            condition_of(model, ids + i * stride, count_mask(mask + i * stride, stride));
    return self;
}

static void forcing_close(Forcing *self)
{
    for (gsize i = 0; i < self->n_items; i++)
        g_clear_pointer(&self->conditions[i], tune_condition_unref);
    g_free(self->conditions);
    g_free(self->codes);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forcing, forcing_close)

/* Column @column of @item: [n_codebooks]. */
static void column_of(const Model *model, const Forcing *forcing, gsize item, gsize column,
                      gint32 *ids)
{
    for (gsize k = 0; k < model->config->n_codebooks; k++)
        ids[k] =
            forcing->codes[(item * model->config->n_codebooks + k) * forcing->n_columns + column];
}

static TuneSequence *sequence_new(Model *model, TuneCondition *condition, gsize capacity)
{
    g_autoptr(GError) error = NULL;
    TuneSequence *sequence = tune_sequence_new(model->decoder, condition, capacity, &error);

    g_assert_no_error(error);
    return sequence;
}

/* Logits of all columns of @item, [n_columns][n_codebooks * vocab_size], @chunk columns a pass.
 * (transfer full) */
static float *force(Model *model, const Forcing *forcing, gsize item, TuneCondition *condition,
                    gsize chunk, TuneDecoderWatch watch, gpointer data)
{
    gsize n = forcing->n_columns, n_codebooks = model->config->n_codebooks;
    g_autoptr(TuneSequence) sequence = sequence_new(model, condition, n);
    g_autofree gint32 *ids = g_new(gint32, n * n_codebooks);
    g_autofree TuneDecoderRow *rows = g_new0(TuneDecoderRow, n);
    float *logits = g_new(float, n *n_logits(model));

    for (gsize c = 0; c < n; c++) {
        column_of(model, forcing, item, c, ids + c * n_codebooks);
        rows[c] = (TuneDecoderRow){.sequence = sequence,
                                   .ids = ids + c * n_codebooks,
                                   .logits = logits + c * n_logits(model)};
    }
    for (gsize c = 0; c < n; c += chunk)
        tune_decoder_forward_watched(model->decoder, model->compute, rows + c, MIN(chunk, n - c),
                                     watch, data);
    g_assert_cmpuint(tune_sequence_length(sequence), ==, n);
    return logits;
}

/* The golden logits [items][codebooks][columns][vocab] of @item in our order. (transfer full) */
static float *golden_logits(const Model *model, const char *name, gsize item, gsize n_columns)
{
    g_autofree float *all = tune_golden_floats(model->golden, name, NULL);
    gsize vocab = model->config->vocab_size, n_codebooks = model->config->n_codebooks;
    float *out = g_new(float, n_columns *n_codebooks *vocab);

    for (gsize c = 0; c < n_columns; c++) {
        for (gsize k = 0; k < n_codebooks; k++)
            memcpy(out + (c * n_codebooks + k) * vocab,
                   all + ((item * n_codebooks + k) * n_columns + c) * vocab, vocab * sizeof *out);
    }
    return out;
}

static void test_logits(gconstpointer name)
{
    g_autoptr(Model) model = model_open(name, TUNE_WEIGHTS_F32, 2);
    g_autoptr(Forcing) forcing = forcing_open(model);

    for (gsize item = 0; item < forcing->n_items; item++) {
        g_autofree float *want = golden_logits(model, "dec.logits", item, forcing->n_columns);
        g_autofree float *got =
            force(model, forcing, item, forcing->conditions[item], forcing->n_columns, NULL, NULL);
        tune_golden_compare_floats("dec.logits", got, want, forcing->n_columns * n_logits(model),
                                   LOGIT_TOLERANCE);
    }
}

typedef struct {
    const Model *model;
    gsize item;
    guint n_compared;
} Watching;

static void compare_activation(const char *name, const float *rows, gsize n, gsize width,
                               gpointer data)
{
    Watching *watching = data;
    g_autofree char *full = g_strdup_printf("dec.act.%s", name);

    if (tune_tensor_set_find(watching->model->golden->tensors, full) == NULL)
        return;
    g_autofree float *want = tune_golden_floats(watching->model->golden, full, NULL);
    tune_golden_compare_floats(full, rows, want + watching->item * n * width, n * width,
                               ACTIVATION_TOLERANCE);
    watching->n_compared++;
}

static void test_activations(gconstpointer name)
{
    g_autoptr(Model) model = model_open(name, TUNE_WEIGHTS_F32, 1);
    g_autoptr(Forcing) forcing = forcing_open(model);

    for (gsize item = 0; item < forcing->n_items; item++) {
        Watching watching = {model, item, 0};
        g_autofree float *logits = force(model, forcing, item, forcing->conditions[item],
                                         forcing->n_columns, compare_activation, &watching);
        /* At least the embedding, four of each layer and the last norm. */
        g_assert_cmpuint(watching.n_compared, >=, 2 + 4 * model->config->n_layers);
    }
}

/* Rows before the start column: the melody's pitch classes, round and round, then the text. */
static float *melody_prefix(Model *model, const char *onehot, gboolean null, gsize *n)
{
    const TuneMusicgenConfig *config = tune_checkpoint_config(model->checkpoint);
    gsize d = model->config->d_model, n_text, n_frames;
    g_autofree gint32 *ids = tune_golden_ints(model->golden, "text1.input_ids", &n_text);
    g_autofree float *hidden = encode_text(model, ids, n_text);
    g_autofree float *chroma = tune_golden_floats(model->golden, onehot, &n_frames);
    g_autofree float *rows = g_new0(float, (gsize)config->chroma_length * config->n_chroma);

    n_frames /= config->n_chroma;
    for (gsize i = 0; i < config->chroma_length; i++) {
        for (gsize c = 0; c < config->n_chroma; c++)
            rows[i * config->n_chroma + c] =
                null ? (c == 0) : chroma[i % n_frames * config->n_chroma + c];
    }
    *n = config->chroma_length + n_text;
    float *prefix = g_new0(float, *n *d);
    tune_decoder_project_chroma(model->decoder, model->compute, rows, config->chroma_length,
                                prefix);
    if (!null)
        tune_decoder_project_text(model->decoder, model->compute, hidden, n_text,
                                  prefix + config->chroma_length * d);
    return prefix;
}

static void test_prefix(void)
{
    g_autoptr(Model) model = model_open("tiny-melody", TUNE_WEIGHTS_F32, 2);
    gsize n, d = model->config->d_model;
    g_autofree float *conditional = melody_prefix(model, "chroma.melody.onehot", FALSE, &n);
    g_autofree float *null = melody_prefix(model, "chroma.melody.onehot", TRUE, &n);
    g_autofree float *both = g_new(float, 2 * n * d);

    memcpy(both, conditional, n * d * sizeof *both);
    memcpy(both + n * d, null, n * d * sizeof *both);
    tune_golden_compare(model->golden, "text1_melody.g3.prefix", both, 2 * n * d,
                        ACTIVATION_TOLERANCE);
}

/* The columns after a prefix that is taken in passes of any size. */
static void test_melody_logits(void)
{
    g_autoptr(Model) model = model_open("tiny-melody", TUNE_WEIGHTS_F32, 2);
    g_autoptr(Forcing) forcing = forcing_open(model);
    gsize n, d = model->config->d_model;
    g_autofree float *prefix = melody_prefix(model, "chroma.melody.onehot", FALSE, &n);
    g_autoptr(TuneSequence) sequence = sequence_new(model, NULL, n + forcing->n_columns);
    g_autofree float *want = golden_logits(model, "dec.logits", 0, forcing->n_columns);
    g_autofree float *got = g_new(float, forcing->n_columns *n_logits(model));
    TuneDecoderRow rows[29] = {0};

    for (gsize at = 0; at < n; at += G_N_ELEMENTS(rows)) {
        gsize now = MIN(G_N_ELEMENTS(rows), n - at);
        for (gsize i = 0; i < now; i++)
            rows[i] = (TuneDecoderRow){.sequence = sequence, .embedding = prefix + (at + i) * d};
        tune_decoder_forward(model->decoder, model->compute, rows, now);
    }
    g_autofree gint32 *ids = g_new(gint32, model->config->n_codebooks);
    for (gsize c = 0; c < forcing->n_columns; c++) {
        column_of(model, forcing, 0, c, ids);
        TuneDecoderRow row = {
            .sequence = sequence, .ids = ids, .logits = got + c * n_logits(model)};
        tune_decoder_forward(model->decoder, model->compute, &row, 1);
    }
    tune_golden_compare_floats("dec.logits", got, want, forcing->n_columns * n_logits(model),
                               LOGIT_TOLERANCE);
}

/* Five columns and none for delays: the reference leaves such sequences as they are. */
static void test_undelayed(void)
{
    enum { LENGTH = 6 };
    g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_F32, 1);
    gsize n_codebooks = model->config->n_codebooks, vocab = model->config->vocab_size;
    g_autofree gint32 *want = tune_golden_ints(model->golden, "uncond.m5.codes", NULL);
    TuneDelay delay = {.n_codebooks = (guint)n_codebooks,
                       .n_channels = 1,
                       .special = (gint32)vocab,
                       .length = LENGTH};
    g_autoptr(TuneSequence) sequence = sequence_new(model, NULL, LENGTH);
    g_autofree gint32 *ids = g_new(gint32, n_codebooks);
    g_autofree float *logits = g_new(float, n_logits(model));

    for (gsize k = 0; k < n_codebooks; k++)
        ids[k] = tune_delay_forced(&delay, (guint)k, 0);
    for (guint column = 1; column < LENGTH; column++) {
        TuneDecoderRow row = {.sequence = sequence, .ids = ids, .logits = logits};
        tune_decoder_forward(model->decoder, model->compute, &row, 1);
        for (gsize k = 0; k < n_codebooks; k++) {
            TuneSampling greedy = {.guidance = 1, .temperature = 1, .top_p = 1, .greedy = TRUE};
            g_assert_cmpint(tune_delay_forced(&delay, (guint)k, column), ==, -1);
            ids[k] = tune_sample(&greedy, logits + k * vocab, vocab, NULL, NULL);
            g_assert_cmpint(ids[k], ==, want[k * (LENGTH - 1) + column - 1]);
        }
    }
}

static void test_null_condition(gconstpointer name)
{
    g_autoptr(Model) model = model_open(name, TUNE_WEIGHTS_F32, 2);
    g_autoptr(Forcing) forcing = forcing_open(model);
    const TuneTensor *golden = tune_golden_tensor(model->golden, "dec.uncond_logits");
    gsize n = golden->shape[golden->n_dims - 2];
    g_autofree float *want = golden_logits(model, "dec.uncond_logits", 0, n);
    g_autofree float *got = force(model, forcing, 0, NULL, 3, NULL, NULL);

    tune_golden_compare_floats("dec.uncond_logits",
                               got + (forcing->n_columns - n) * n_logits(model), want,
                               n * n_logits(model), LOGIT_TOLERANCE);
}

static void test_positions(void)
{
    static const gsize rows[] = {0, 1, 2, 3, 100, 749, 1502, 2047};
    g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_F32, 1);
    gsize d = model->config->d_model;
    g_autofree float *got = g_new(float, G_N_ELEMENTS(rows) * d);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        tune_decoder_position(model->decoder, rows[i], got + i * d);
    tune_golden_compare(model->golden, "dec.positions", got, G_N_ELEMENTS(rows) * d,
                        POSITION_TOLERANCE);
}

/* The other folder stores no table: what is computed must be what the reference computes. */
static void test_positions_computed(void)
{
    g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_F32, 1);
    g_autoptr(Model) other = model_open("tiny-stereo", TUNE_WEIGHTS_F32, 1);
    gsize d = other->config->d_model;
    g_autofree float *got = g_new(float, d);

    g_assert_nonnull(
        tune_checkpoint_find(model->checkpoint, "decoder.model.decoder.embed_positions.weights"));
    g_assert_null(
        tune_checkpoint_find(other->checkpoint, "decoder.model.decoder.embed_positions.weights"));
    for (gsize p = 0; p < 3000; p += 37) {
        tune_decoder_position(other->decoder, p, got);
        for (gsize i = 0; i < d / 2; i++) {
            double angle = (double)p * exp(-(double)i * log(10000) / (double)(d / 2 - 1));
            g_assert_cmpfloat_with_epsilon(got[i], cos(angle), 4e-4);
            g_assert_cmpfloat_with_epsilon(got[d / 2 + i], sin(angle), 4e-4);
        }
    }
}

static void assert_same(const float *a, const float *b, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            g_error("value %zu is %.9g in one and %.9g in the other", i, (double)a[i],
                    (double)b[i]);
    }
}

/* Any cut into passes gives the very same logits. */
static void test_chunks(gconstpointer type)
{
    g_autoptr(Model) model = model_open("tiny-mono", (TuneWeightType)GPOINTER_TO_UINT(type), 2);
    g_autoptr(Forcing) forcing = forcing_open(model);
    gsize n = forcing->n_columns * n_logits(model);
    g_autofree float *whole =
        force(model, forcing, 0, forcing->conditions[0], forcing->n_columns, NULL, NULL);

    for (gsize chunk = 1; chunk < 6; chunk++) {
        g_autofree float *cut = force(model, forcing, 0, forcing->conditions[0], chunk, NULL, NULL);
        assert_same(cut, whole, n);
    }
}

/* Sequences of several lengths, with and without a condition, in one pass: each gets what it gets
 * alone. */
static void test_neighbours(gconstpointer type)
{
    enum { N = 5 };
    g_autoptr(Model) model = model_open("tiny-mono", (TuneWeightType)GPOINTER_TO_UINT(type), 2);
    g_autoptr(Forcing) forcing = forcing_open(model);
    gsize n_codebooks = model->config->n_codebooks, n = n_logits(model);
    TuneSequence *sequences[N];
    TuneDecoderRow rows[N];
    g_autofree gint32 *ids = g_new(gint32, N * n_codebooks);
    g_autofree float *logits = g_new(float, N *n);
    float *alone[N];

    for (gsize s = 0; s < N; s++) {
        TuneCondition *condition = s % 3 == 2 ? NULL : forcing->conditions[s % forcing->n_items];
        alone[s] = force(model, forcing, s % forcing->n_items, condition, 1, NULL, NULL);
        sequences[s] = sequence_new(model, condition, forcing->n_columns);
    }
    /* Sequence s starts s passes late. */
    for (gsize pass = 0; pass < forcing->n_columns; pass++) {
        gsize n_rows = 0;
        for (gsize s = 0; s < N && s <= pass; s++) {
            column_of(model, forcing, s % forcing->n_items, pass - s, ids + s * n_codebooks);
            rows[n_rows++] = (TuneDecoderRow){
                .sequence = sequences[s], .ids = ids + s * n_codebooks, .logits = logits + s * n};
        }
        tune_decoder_forward(model->decoder, model->compute, rows, n_rows);
        for (gsize s = 0; s < n_rows; s++)
            assert_same(logits + s * n, alone[s] + (pass - s) * n, n);
    }
    for (gsize s = 0; s < N; s++) {
        tune_sequence_free(sequences[s]);
        g_free(alone[s]);
    }
}

static void test_threads(void)
{
    g_autofree float *first = NULL;

    for (guint n_threads = 1; n_threads <= 3; n_threads++) {
        g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_Q8, n_threads);
        g_autoptr(Forcing) forcing = forcing_open(model);
        g_autofree float *logits = force(model, forcing, 1, forcing->conditions[1], 7, NULL, NULL);
        if (first == NULL)
            first = g_steal_pointer(&logits);
        else
            assert_same(logits, first, forcing->n_columns * n_logits(model));
    }
}

/* A sequence that was used and reset is as new; room for too many positions is refused. */
/* A past in one stretch, and in two because there is room for more than 512 positions: the same but
 * for the order of sums. */
static void test_stretches(void)
{
    enum { N = 510, EACH = 10 };
    static const gsize capacities[] = {N, 520};
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_F32, 2);
    gsize n = n_logits(model);
    g_autofree float *logits = g_new(float, 2 * EACH * n);

    for (guint s = 0; s < 2; s++) {
        g_autoptr(TuneSequence) sequence =
            tune_sequence_new(model->decoder, NULL, capacities[s], &error);
        g_assert_no_error(error);
        for (guint first = 0; first < N; first += EACH) {
            gint32 ids[EACH][8];
            TuneDecoderRow rows[EACH];
            for (guint i = 0; i < EACH; i++) {
                for (guint k = 0; k < model->config->n_codebooks; k++)
                    ids[i][k] = (gint32)((first + i) * 31 + k * 17) % 60;
                rows[i] = (TuneDecoderRow){.sequence = sequence,
                                           .ids = ids[i],
                                           .logits = logits + (s * EACH + i) * n};
            }
            tune_decoder_forward(model->decoder, model->compute, rows, EACH);
        }
    }
    tune_golden_compare_floats("stretches", logits, logits + EACH * n, EACH * n, LOGIT_TOLERANCE);
}

static void test_sequence(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Model) model = model_open("tiny-mono", TUNE_WEIGHTS_F16, 1);
    g_autoptr(Forcing) forcing = forcing_open(model);
    g_autoptr(TuneSequence) sequence = sequence_new(model, forcing->conditions[0], 4);
    g_autofree gint32 *ids = g_new(gint32, model->config->n_codebooks);
    g_autofree float *first = g_new(float, n_logits(model));
    g_autofree float *again = g_new(float, n_logits(model));

    for (guint round = 0; round < 2; round++) {
        for (gsize c = 0; c < 4; c++) {
            column_of(model, forcing, 0, c, ids);
            TuneDecoderRow row = {
                .sequence = sequence, .ids = ids, .logits = round ? again : first};
            tune_decoder_forward(model->decoder, model->compute, &row, 1);
        }
        g_assert_cmpuint(tune_sequence_length(sequence), ==, 4);
        tune_sequence_reset(sequence);
    }
    assert_same(again, first, n_logits(model));
    g_assert_null(tune_sequence_new(model->decoder, NULL, G_MAXSIZE / 64, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY);
    g_assert_cmpuint(tune_sequence_bytes(model->config, TUNE_WEIGHTS_F16, 100), ==,
                     100u * 2 * model->config->n_layers * model->config->d_model * 2);
    g_assert_cmpuint(tune_sequence_bytes(model->config, TUNE_WEIGHTS_Q4, 100), ==,
                     100u * 2 * model->config->n_layers *
                         (model->config->d_model + model->config->n_heads * 4));
    g_assert_cmpuint(tune_sequence_bytes(model->config, TUNE_WEIGHTS_F16, G_MAXSIZE / 64), ==,
                     G_MAXUINT64);
}

/* How far weights of fewer bits lead from the float logits, as a share of the logits' own size.  A
 * block of 32 normal weights has its largest at 2.4 deviations; rounded to steps of an eighth (Q4)
 * or a 127th (Q8) of that it is 8.7 % or 0.55 % off, and a pass meets such an error in every
 * product: two or three times as much reaches the logits.  Keys and values as bytes beside both
 * have their largest of a head's row at a 127th likewise.  Half keeps 11 bits, 0.02 %.  On random
 * weights nothing averages out: these bounds hold the more for a trained model. */
static void test_rounded_weights(void)
{
    static const struct {
        TuneWeightType type;
        double most;
    } types[] = {{TUNE_WEIGHTS_F16, 0.002}, {TUNE_WEIGHTS_Q8, 0.02}, {TUNE_WEIGHTS_Q4, 0.25}};
    g_autoptr(Model) exact = model_open("tiny-mono", TUNE_WEIGHTS_F32, 1);
    g_autoptr(Forcing) exact_forcing = forcing_open(exact);
    gsize n = exact_forcing->n_columns * n_logits(exact), vocab = exact->config->vocab_size;
    g_autofree float *want =
        force(exact, exact_forcing, 0, exact_forcing->conditions[0], 8, NULL, NULL);

    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        g_autoptr(Model) model = model_open("tiny-mono", types[t].type, 1);
        g_autoptr(Forcing) forcing = forcing_open(model);
        g_autofree float *got = force(model, forcing, 0, forcing->conditions[0], 8, NULL, NULL);
        double apart = 0, size = 0;
        gsize agree = 0;
        for (gsize at = 0; at < n; at += vocab) {
            gsize best = at, best_got = at;
            for (gsize i = at; i < at + vocab; i++) {
                apart += ((double)got[i] - (double)want[i]) * ((double)got[i] - (double)want[i]);
                size += (double)want[i] * (double)want[i];
                best = want[i] > want[best] ? i : best;
                best_got = got[i] > got[best_got] ? i : best_got;
            }
            agree += best == best_got;
        }
        g_test_message("%s: logits are %.3g of their rms apart, the largest agrees in %zu of %zu",
                       tune_weight_type_name(types[t].type), sqrt(apart / size), agree, n / vocab);
        g_assert_cmpfloat(sqrt(apart / size), <, types[t].most);
        g_assert_cmpfloat(sqrt(apart / size), >, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const char *const folders[] = {"tiny-mono", "tiny-stereo", "tiny-mono-f16",
                                          "tiny-mono-bf16", "tiny-mono-sharded"};
    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_strdup_printf("/neural/decoder/logits/%s", folders[i]);
        g_test_add_data_func(path, folders[i], test_logits);
    }
    g_test_add_data_func("/neural/decoder/activations", "tiny-mono", test_activations);
    g_test_add_data_func("/neural/decoder/null-condition", "tiny-mono", test_null_condition);
    g_test_add_func("/neural/decoder/prefix", test_prefix);
    g_test_add_func("/neural/decoder/melody-logits", test_melody_logits);
    g_test_add_func("/neural/decoder/undelayed", test_undelayed);
    g_test_add_func("/neural/decoder/positions", test_positions);
    g_test_add_func("/neural/decoder/positions-computed", test_positions_computed);
    for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        const char *name = tune_weight_type_name((TuneWeightType)type);
        g_autofree char *chunks = g_strdup_printf("/neural/decoder/chunks-are-one/%s", name);
        g_autofree char *neighbours = g_strdup_printf("/neural/decoder/neighbours/%s", name);
        g_test_add_data_func(chunks, GUINT_TO_POINTER(type), test_chunks);
        g_test_add_data_func(neighbours, GUINT_TO_POINTER(type), test_neighbours);
    }
    g_test_add_func("/neural/decoder/threads", test_threads);
    g_test_add_func("/neural/decoder/stretches", test_stretches);
    g_test_add_func("/neural/decoder/sequence", test_sequence);
    g_test_add_func("/neural/decoder/rounded-weights", test_rounded_weights);
    return g_test_run();
}
