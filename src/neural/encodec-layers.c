/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-layers.h"

#define LEAST_ROWS TUNE_PANEL_ROWS /* of a matrix: narrower ones give several outputs a window */

typedef struct {
    TuneCheckpoint *checkpoint;
    TuneCompute *compute;
    TuneWeightType type;
    const char *side; /* "encoder" or "decoder" */
    GError **error;
} Loading;

typedef struct {
    const TuneCodecProduct *product;
    const float *weight; /* folded, as torch keeps it */
} Folded;

/* Row (j, o) of an unrolled convolution is output channel o of the window's j-th place; column (q,
 * i) is channel i of the window's row q.  Torch: [out][in][kernel]. */
static void convolution_row(gpointer data, gsize row, float *out)
{
    const Folded *folded = data;
    const TuneCodecProduct *p = folded->product;
    gsize place = row / p->out, o = row % p->out, window = p->kernel + p->unroll - 1;

    for (gsize q = 0; q < window; q++) {
        for (gsize i = 0; i < p->in; i++) {
            gboolean inside = q >= place && q - place < p->kernel;
            out[q * p->in + i] =
                inside ? folded->weight[(o * p->in + i) * p->kernel + q - place] : 0;
        }
    }
}

/* Row (j, o) is output channel o, j places into the stride; input t reaches places [0, 2 stride)
 * from its own on, so the frame before gives its second half.  Torch: [in][out][kernel]. */
static void transposed_row(gpointer data, gsize row, float *out)
{
    const Folded *folded = data;
    const TuneCodecProduct *p = folded->product;
    gsize j = row / p->out, o = row % p->out;

    for (gsize i = 0; i < p->in; i++) {
        const float *taps = folded->weight + (i * p->out + o) * p->kernel;
        out[i] = taps[p->stride + j];
        out[p->in + i] = taps[j];
    }
}

static gboolean read_product(const Loading *loading, TuneCodecProduct *p, gboolean transposed,
                             const char *prefix)
{
    guint64 shape[3];
    g_autofree float *weight =
        tune_checkpoint_convolution(loading->checkpoint, prefix, shape, loading->error);
    Folded folded = {.product = p, .weight = weight};

    if (weight == NULL)
        return FALSE;
    g_assert(shape[0] == (transposed ? p->in : p->out) &&
             shape[1] == (transposed ? p->out : p->in) && shape[2] == p->kernel);
    gsize rows = (gsize)p->out * (transposed ? p->stride : p->unroll);
    gsize columns = (gsize)p->in * (transposed ? 2 : p->kernel + p->unroll - 1);
    p->weight =
        tune_matrix_new(loading->compute, loading->type, rows, columns,
                        transposed ? transposed_row : convolution_row, &folded, loading->error);
    if (p->weight == NULL) {
        g_prefix_error(loading->error, "%s: %s: ", tune_checkpoint_path(loading->checkpoint),
                       prefix);
        return FALSE;
    }
    const TuneTensor *bias = tune_checkpoint_tensor(loading->checkpoint, "%s.bias", prefix);
    p->bias = tune_checkpoint_floats(loading->checkpoint, bias, loading->error);
    return p->bias != NULL;
}

static TuneMatrix *read_gates(const Loading *loading, const TuneTensor *tensor)
{
    TuneMatrix *matrix =
        tune_matrix_from_tensors(loading->compute, loading->type, &tensor, 1, loading->error);

    if (matrix == NULL)
        g_prefix_error(loading->error, "%s: ", tune_checkpoint_path(loading->checkpoint));
    return matrix;
}

static gboolean read_lstm(const Loading *loading, const char *prefix, guint level,
                          TuneCodecLstm *lstm)
{
    TuneCheckpoint *checkpoint = loading->checkpoint;
    const TuneTensor *ih = tune_checkpoint_tensor(checkpoint, "%s.weight_ih_l%u", prefix, level);
    const TuneTensor *hh = tune_checkpoint_tensor(checkpoint, "%s.weight_hh_l%u", prefix, level);
    const TuneTensor *bias_ih = tune_checkpoint_tensor(checkpoint, "%s.bias_ih_l%u", prefix, level);
    const TuneTensor *bias_hh = tune_checkpoint_tensor(checkpoint, "%s.bias_hh_l%u", prefix, level);

    lstm->ih = read_gates(loading, ih);
    lstm->hh = lstm->ih == NULL ? NULL : read_gates(loading, hh);
    if (lstm->hh == NULL)
        return FALSE;
    lstm->bias = tune_checkpoint_floats(checkpoint, bias_ih, loading->error);
    g_autofree float *more =
        lstm->bias == NULL ? NULL : tune_checkpoint_floats(checkpoint, bias_hh, loading->error);
    if (more == NULL)
        return FALSE;
    for (gsize i = 0; i < tune_matrix_rows(lstm->hh); i++)
        lstm->bias[i] += more[i];
    return TRUE;
}

static gboolean read_layer(const Loading *loading, TuneCodecLayer *layer)
{
    g_autofree char *module =
        g_strdup_printf("audio_encoder.%s.layers.%u", loading->side, layer->index);

    if (layer->kind == TUNE_CODEC_LSTM) {
        g_autofree char *prefix = g_strconcat(module, ".lstm", NULL);
        for (guint i = 0; i < layer->n_lstm; i++) {
            if (!read_lstm(loading, prefix, i, &layer->lstm[i]))
                return FALSE;
        }
        return TRUE;
    }
    if (layer->kind == TUNE_CODEC_RESIDUAL) {
        g_autofree char *wide = g_strconcat(module, ".block.1.conv", NULL);
        g_autofree char *narrow = g_strconcat(module, ".block.3.conv", NULL);
        return read_product(loading, &layer->product, FALSE, wide) &&
               read_product(loading, &layer->narrow, FALSE, narrow);
    }
    g_autofree char *prefix = g_strconcat(module, ".conv", NULL);
    return read_product(loading, &layer->product, layer->kind == TUNE_CODEC_TRANSPOSED, prefix);
}

static TuneCodecProduct product(guint in, guint out, guint kernel, guint stride)
{
    guint unroll = stride == 1 && out < LEAST_ROWS && kernel > 1 ? LEAST_ROWS / out : 1;

    return (TuneCodecProduct){
        .in = in, .out = out, .kernel = kernel, .stride = stride, .unroll = unroll};
}

static TuneCodecLayer *add(GArray *layers, TuneCodecKind kind, guint index, guint in, guint out)
{
    TuneCodecLayer layer = {.kind = kind, .index = index, .in = in, .out = out};

    g_array_append_val(layers, layer);
    return &g_array_index(layers, TuneCodecLayer, layers->len - 1);
}

static void add_convolution(GArray *layers, guint index, gboolean elu, TuneCodecProduct p)
{
    TuneCodecLayer *layer = add(layers, TUNE_CODEC_CONVOLUTION, index, p.in, p.out);

    layer->elu = elu;
    layer->product = p;
}

static void add_residual(GArray *layers, const TuneEncodecConfig *config, guint index, guint width)
{
    TuneCodecLayer *layer = add(layers, TUNE_CODEC_RESIDUAL, index, width, width);
    guint hidden = width / config->compress;

    layer->product = product(width, hidden, config->residual_kernel_size, 1);
    layer->narrow = product(hidden, width, 1, 1);
}

static void add_lstm(GArray *layers, const TuneEncodecConfig *config, guint index, guint width)
{
    TuneCodecLayer *layer = add(layers, TUNE_CODEC_LSTM, index, width, width);

    layer->n_lstm = config->n_lstm_layers;
    layer->lstm = g_new0(TuneCodecLstm, layer->n_lstm);
}

static void plan_decoder(GArray *layers, const TuneEncodecConfig *config)
{
    guint width = config->n_filters << config->n_ratios, index = 0;

    add_convolution(layers, index++, FALSE,
                    product(config->hidden_size, width, config->kernel_size, 1));
    add_lstm(layers, config, index++, width);
    for (guint i = 0; i < config->n_ratios; i++, width /= 2) {
        guint stride = config->ratios[i];
        TuneCodecLayer *up = add(layers, TUNE_CODEC_TRANSPOSED, ++index, width, width / 2);
        up->elu = TRUE;
        up->product = (TuneCodecProduct){
            .in = width, .out = width / 2, .kernel = 2 * stride, .stride = stride, .unroll = 1};
        add_residual(layers, config, ++index, width / 2);
        index++;
    }
    add_convolution(layers, index + 1, TRUE, product(width, 1, config->last_kernel_size, 1));
}

static void plan_encoder(GArray *layers, const TuneEncodecConfig *config)
{
    guint width = config->n_filters, index = 0;

    add_convolution(layers, index++, FALSE, product(1, width, config->kernel_size, 1));
    for (guint i = config->n_ratios; i-- > 0; width *= 2) {
        guint stride = config->ratios[i];
        add_residual(layers, config, index, width);
        index += 2;
        add_convolution(layers, index++, TRUE, product(width, 2 * width, 2 * stride, stride));
    }
    add_lstm(layers, config, index, width);
    add_convolution(layers, index + 2, TRUE,
                    product(width, config->hidden_size, config->last_kernel_size, 1));
}

TuneCodecLayer *tune_codec_layers_new(TuneCheckpoint *checkpoint, TuneCompute *compute,
                                      TuneWeightType type, gboolean encoder, guint *n,
                                      GError **error)
{
    const TuneEncodecConfig *config = &tune_checkpoint_config(checkpoint)->codec;
    GArray *plan = g_array_new(FALSE, TRUE, sizeof(TuneCodecLayer));
    Loading loading = {.checkpoint = checkpoint,
                       .compute = compute,
                       .type = type,
                       .side = encoder ? "encoder" : "decoder",
                       .error = error};

    if (encoder)
        plan_encoder(plan, config);
    else
        plan_decoder(plan, config);
    *n = plan->len;
    TuneCodecLayer *layers = (TuneCodecLayer *)(gpointer)g_array_free(plan, FALSE);
    for (guint i = 0; i < *n; i++) {
        if (!read_layer(&loading, &layers[i])) {
            tune_codec_layers_free(layers, *n);
            return NULL;
        }
    }
    return layers;
}

static void product_clear(TuneCodecProduct *p)
{
    tune_matrix_free(p->weight);
    g_free(p->bias);
}

void tune_codec_layers_free(TuneCodecLayer *layers, guint n)
{
    for (guint i = 0; layers != NULL && i < n; i++) {
        product_clear(&layers[i].product);
        product_clear(&layers[i].narrow);
        for (guint l = 0; l < layers[i].n_lstm; l++) {
            tune_matrix_free(layers[i].lstm[l].ih);
            tune_matrix_free(layers[i].lstm[l].hh);
            g_free(layers[i].lstm[l].bias);
        }
        g_free(layers[i].lstm);
    }
    g_free(layers);
}

static guint64 product_bytes(const TuneCodecProduct *p)
{
    return p->weight == NULL ? 0 : tune_matrix_bytes(p->weight) + p->out * sizeof(float);
}

guint64 tune_codec_layers_bytes(const TuneCodecLayer *layers, guint n)
{
    guint64 bytes = 0;

    for (guint i = 0; i < n; i++) {
        bytes += product_bytes(&layers[i].product) + product_bytes(&layers[i].narrow);
        for (guint l = 0; l < layers[i].n_lstm; l++)
            bytes += tune_matrix_bytes(layers[i].lstm[l].ih) +
                     tune_matrix_bytes(layers[i].lstm[l].hh) +
                     tune_matrix_rows(layers[i].lstm[l].hh) * sizeof(float);
    }
    return bytes;
}
