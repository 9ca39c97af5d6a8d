/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/layout.h"

#include <string.h>

/* ---- the table ---- */

/* clang-format off */
typedef enum {
    END,
    TEXT_VOCAB, TEXT_WIDTH, TEXT_INNER, TEXT_FF, TEXT_HEADS, BUCKETS,
    WIDTH, FF, CODES, CODES_AND_ONE, POSITIONS, CHROMA,
    LATENT, WIDE, WIDE4,             /* the codec's latent; channels at its narrowest in time; LSTM gates */
    FILTERS, KERNEL, LAST_KERNEL, RESIDUAL_KERNEL, ONE,
    UP_IN, UP_OUT, UP_HIDDEN, UP_KERNEL,         /* of stage i of the decoder */
    DOWN_IN, DOWN_OUT, DOWN_HIDDEN, DOWN_KERNEL, /* of the encoder, its mirror */
} Size;

typedef enum { ONCE, TEXT_LAYERS, LAYERS, CODEBOOKS, STAGES, LSTM_LAYERS, QUANTIZERS } Repeat;

enum { OPTIONAL = 1, CONV = 2, CROSS = 4, MELODY = 8, AFTER_STAGES = 16, TRANSPOSED = 32 };

/* In names {i} is the number of the repetition and {m} the module's in EnCodec's list: @module, and three
 * more for each stage before it. */
typedef struct {
    const char *name, *short_name;
    Repeat repeat;
    TuneTensorRole role;
    Size shape[4];
    guint flags, module;
} Row;

#define ROLE(x) TUNE_TENSOR_ROLE_##x
#define T5      "text_encoder.encoder."
#define BLOCK   T5 "block.{i}.layer."
#define DEC     "decoder.model.decoder."
#define LAYER   DEC "layers.{i}."
#define IN      "audio_encoder.encoder.layers.{m}."
#define OUT     "audio_encoder.decoder.layers.{m}."

#define CONVOLUTION(name, short_name, repeat, role, dim0, dim1, dim2, bias, flags, module)              \
    {name "conv", short_name ".weight", repeat, role, {dim0, dim1, dim2}, CONV | (flags), module},     \
        {name "conv.bias", short_name ".bias", repeat, ROLE(EXACT), {bias}, flags, module}

#define LSTM(name, short_name, role, flags, module)                                                \
    {name "lstm.weight_ih_l{i}", short_name ".{i}.w_ih", LSTM_LAYERS, role, {WIDE4, WIDE},         \
     flags, module},                                                                               \
        {name "lstm.weight_hh_l{i}", short_name ".{i}.w_hh", LSTM_LAYERS, role, {WIDE4, WIDE},     \
         flags, module},                                                                           \
        {name "lstm.bias_ih_l{i}", short_name ".{i}.b_ih", LSTM_LAYERS, ROLE(EXACT), {WIDE4},      \
         flags, module},                                                                           \
        {name "lstm.bias_hh_l{i}", short_name ".{i}.b_hh", LSTM_LAYERS, ROLE(EXACT), {WIDE4},      \
         flags, module}

static const Row rows[] = {
    {"text_encoder.shared.weight", "t5.token_embd.weight", ONCE, ROLE(TEXT_ROWS),
     {TEXT_VOCAB, TEXT_WIDTH}, 0, 0},
    {BLOCK "0.SelfAttention.q.weight", "t5.blk.{i}.attn_q.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_INNER, TEXT_WIDTH}, 0, 0},
    {BLOCK "0.SelfAttention.k.weight", "t5.blk.{i}.attn_k.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_INNER, TEXT_WIDTH}, 0, 0},
    {BLOCK "0.SelfAttention.v.weight", "t5.blk.{i}.attn_v.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_INNER, TEXT_WIDTH}, 0, 0},
    {BLOCK "0.SelfAttention.o.weight", "t5.blk.{i}.attn_o.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_WIDTH, TEXT_INNER}, 0, 0},
    {T5 "block.0.layer.0.SelfAttention.relative_attention_bias.weight", "t5.blk.0.attn_rel_b.weight",
     ONCE, ROLE(EXACT), {BUCKETS, TEXT_HEADS}, 0, 0},
    {BLOCK "0.layer_norm.weight", "t5.blk.{i}.attn_norm.weight", TEXT_LAYERS, ROLE(EXACT),
     {TEXT_WIDTH}, 0, 0},
    {BLOCK "1.DenseReluDense.wi.weight", "t5.blk.{i}.ffn_up.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_FF, TEXT_WIDTH}, 0, 0},
    {BLOCK "1.DenseReluDense.wo.weight", "t5.blk.{i}.ffn_down.weight", TEXT_LAYERS, ROLE(TEXT),
     {TEXT_WIDTH, TEXT_FF}, 0, 0},
    {BLOCK "1.layer_norm.weight", "t5.blk.{i}.ffn_norm.weight", TEXT_LAYERS, ROLE(EXACT),
     {TEXT_WIDTH}, 0, 0},
    {T5 "final_layer_norm.weight", "t5.output_norm.weight", ONCE, ROLE(EXACT), {TEXT_WIDTH}, 0, 0},

    {"enc_to_dec_proj.weight", "text_proj.weight", ONCE, ROLE(PROJECTION), {WIDTH, TEXT_WIDTH}, 0, 0},
    {"enc_to_dec_proj.bias", "text_proj.bias", ONCE, ROLE(EXACT), {WIDTH}, 0, 0},
    {"audio_enc_to_dec_proj.weight", "chroma_proj.weight", ONCE, ROLE(PROJECTION), {WIDTH, CHROMA}, MELODY,
     0},
    {"audio_enc_to_dec_proj.bias", "chroma_proj.bias", ONCE, ROLE(EXACT), {WIDTH}, MELODY, 0},

    {DEC "embed_tokens.{i}.weight", "dec.token_embd.{i}.weight", CODEBOOKS, ROLE(EMBEDDING),
     {CODES_AND_ONE, WIDTH}, 0, 0},
    {DEC "embed_positions.weights", "dec.position_embd.weight", ONCE, ROLE(EXACT),
     {POSITIONS, WIDTH}, OPTIONAL, 0},
    {LAYER "self_attn.q_proj.weight", "dec.blk.{i}.attn_q.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, 0, 0},
    {LAYER "self_attn.k_proj.weight", "dec.blk.{i}.attn_k.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, 0, 0},
    {LAYER "self_attn.v_proj.weight", "dec.blk.{i}.attn_v.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, 0, 0},
    {LAYER "self_attn.out_proj.weight", "dec.blk.{i}.attn_o.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, 0, 0},
    {LAYER "self_attn_layer_norm.weight", "dec.blk.{i}.attn_norm.weight", LAYERS, ROLE(EXACT),
     {WIDTH}, 0, 0},
    {LAYER "self_attn_layer_norm.bias", "dec.blk.{i}.attn_norm.bias", LAYERS, ROLE(EXACT), {WIDTH}, 0,
     0},
    {LAYER "encoder_attn.q_proj.weight", "dec.blk.{i}.cross_attn_q.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, CROSS, 0},
    {LAYER "encoder_attn.k_proj.weight", "dec.blk.{i}.cross_attn_k.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, CROSS, 0},
    {LAYER "encoder_attn.v_proj.weight", "dec.blk.{i}.cross_attn_v.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, CROSS, 0},
    {LAYER "encoder_attn.out_proj.weight", "dec.blk.{i}.cross_attn_o.weight", LAYERS, ROLE(LINEAR),
     {WIDTH, WIDTH}, CROSS, 0},
    {LAYER "encoder_attn_layer_norm.weight", "dec.blk.{i}.cross_attn_norm.weight", LAYERS,
     ROLE(EXACT), {WIDTH}, CROSS, 0},
    {LAYER "encoder_attn_layer_norm.bias", "dec.blk.{i}.cross_attn_norm.bias", LAYERS, ROLE(EXACT),
     {WIDTH}, CROSS, 0},
    {LAYER "fc1.weight", "dec.blk.{i}.ffn_up.weight", LAYERS, ROLE(LINEAR), {FF, WIDTH}, 0, 0},
    {LAYER "fc2.weight", "dec.blk.{i}.ffn_down.weight", LAYERS, ROLE(LINEAR), {WIDTH, FF}, 0, 0},
    {LAYER "final_layer_norm.weight", "dec.blk.{i}.ffn_norm.weight", LAYERS, ROLE(EXACT), {WIDTH}, 0,
     0},
    {LAYER "final_layer_norm.bias", "dec.blk.{i}.ffn_norm.bias", LAYERS, ROLE(EXACT), {WIDTH}, 0, 0},
    {DEC "layer_norm.weight", "dec.output_norm.weight", ONCE, ROLE(EXACT), {WIDTH}, 0, 0},
    {DEC "layer_norm.bias", "dec.output_norm.bias", ONCE, ROLE(EXACT), {WIDTH}, 0, 0},
    {"decoder.lm_heads.{i}.weight", "dec.output.{i}.weight", CODEBOOKS, ROLE(LINEAR), {CODES, WIDTH},
     0, 0},

    {"audio_encoder.quantizer.layers.{i}.codebook.embed", "codec.codebook.{i}", QUANTIZERS,
     ROLE(EXACT), {CODES, LATENT}, 0, 0},
    CONVOLUTION(OUT, "codec.dec.{m}", ONCE, ROLE(CODEC), WIDE, LATENT, KERNEL, WIDE, 0, 0),
    LSTM(OUT, "codec.dec.lstm", ROLE(CODEC), 0, 1),
    /* A transposed convolution's weight is [in, out, kernel]. */
    CONVOLUTION(OUT, "codec.dec.{m}", STAGES, ROLE(CODEC), UP_IN, UP_OUT, UP_KERNEL, UP_OUT,
                TRANSPOSED, 3),
    CONVOLUTION(OUT "block.1.", "codec.dec.{m}.1", STAGES, ROLE(CODEC), UP_HIDDEN, UP_OUT,
                RESIDUAL_KERNEL, UP_HIDDEN, 0, 4),
    CONVOLUTION(OUT "block.3.", "codec.dec.{m}.3", STAGES, ROLE(CODEC), UP_OUT, UP_HIDDEN, ONE,
                UP_OUT, 0, 4),
    CONVOLUTION(OUT, "codec.dec.{m}", ONCE, ROLE(CODEC), ONE, FILTERS, LAST_KERNEL, ONE, AFTER_STAGES,
                3),
    CONVOLUTION(IN, "codec.enc.{m}", ONCE, ROLE(CODEC_IN), FILTERS, ONE, KERNEL, FILTERS, 0, 0),
    CONVOLUTION(IN "block.1.", "codec.enc.{m}.1", STAGES, ROLE(CODEC_IN), DOWN_HIDDEN, DOWN_IN,
                RESIDUAL_KERNEL, DOWN_HIDDEN, 0, 1),
    CONVOLUTION(IN "block.3.", "codec.enc.{m}.3", STAGES, ROLE(CODEC_IN), DOWN_IN, DOWN_HIDDEN, ONE,
                DOWN_IN, 0, 1),
    CONVOLUTION(IN, "codec.enc.{m}", STAGES, ROLE(CODEC_IN), DOWN_OUT, DOWN_IN, DOWN_KERNEL, DOWN_OUT,
                0, 3),
    LSTM(IN, "codec.enc.lstm", ROLE(CODEC_IN), AFTER_STAGES, 1),
    CONVOLUTION(IN, "codec.enc.{m}", ONCE, ROLE(CODEC_IN), LATENT, WIDE, LAST_KERNEL, LATENT,
                AFTER_STAGES, 3),
};

/* clang-format on */

/* ---- for one configuration ---- */

static guint64 codec_size(const TuneEncodecConfig *codec, Size size, guint i)
{
    const guint64 wide = (guint64)codec->n_filters << codec->n_ratios;

    switch (size) {
    case LATENT:
        return codec->hidden_size;
    case WIDE:
        return wide;
    case WIDE4:
        return 4 * wide;
    case FILTERS:
        return codec->n_filters;
    case KERNEL:
        return codec->kernel_size;
    case LAST_KERNEL:
        return codec->last_kernel_size;
    case RESIDUAL_KERNEL:
        return codec->residual_kernel_size;
    case UP_IN:
        return wide >> i;
    case UP_OUT:
        return wide >> (i + 1);
    case UP_HIDDEN:
        return (wide >> (i + 1)) / codec->compress;
    case UP_KERNEL:
        return 2 * codec->ratios[i];
    case DOWN_IN:
        return (guint64)codec->n_filters << i;
    case DOWN_OUT:
        return (guint64)codec->n_filters << (i + 1);
    case DOWN_HIDDEN:
        return ((guint64)codec->n_filters << i) / codec->compress;
    case DOWN_KERNEL:
        return 2 * codec->ratios[codec->n_ratios - 1 - i];
    default:
        return 1;
    }
}

static guint64 size_of(const TuneMusicgenConfig *config, Size size, guint i)
{
    switch (size) {
    case TEXT_VOCAB:
        return config->text.vocab_size;
    case TEXT_WIDTH:
        return config->text.d_model;
    case TEXT_INNER:
        return (guint64)config->text.n_heads * config->text.d_kv;
    case TEXT_FF:
        return config->text.d_ff;
    case TEXT_HEADS:
        return config->text.n_heads;
    case BUCKETS:
        return config->text.n_buckets;
    case WIDTH:
        return config->decoder.d_model;
    case FF:
        return config->decoder.d_ff;
    case CODES:
        return config->decoder.vocab_size;
    case CODES_AND_ONE:
        return (guint64)config->decoder.vocab_size + 1;
    case POSITIONS:
        return config->decoder.max_positions;
    case CHROMA:
        return config->n_chroma;
    default:
        return codec_size(&config->codec, size, i);
    }
}

static guint times(const TuneMusicgenConfig *config, const Row *row)
{
    if (((row->flags & CROSS) && !config->decoder.cross_attention) ||
        ((row->flags & MELODY) && !config->melody))
        return 0;
    switch (row->repeat) {
    case TEXT_LAYERS:
        return config->text.n_layers;
    case LAYERS:
        return config->decoder.n_layers;
    case CODEBOOKS:
        return config->decoder.n_codebooks;
    case STAGES:
        return config->codec.n_ratios;
    case LSTM_LAYERS:
        return config->codec.n_lstm_layers;
    case QUANTIZERS:
        return config->codec.n_quantizers;
    default:
        return 1;
    }
}

/* @pattern with {i} and {m} filled in. */
static char *expand(const char *pattern, guint i, guint module)
{
    GString *text = g_string_new(NULL);

    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '{') {
            g_string_append_printf(text, "%u", p[1] == 'i' ? i : module);
            p += 2;
        } else {
            g_string_append_c(text, *p);
        }
    }
    return g_string_free(text, FALSE);
}

static void add(GArray *out, const TuneMusicgenConfig *config, const Row *row, guint i)
{
    guint stages = row->flags & AFTER_STAGES ? config->codec.n_ratios
                   : row->repeat == STAGES   ? i
                                             : 0;
    guint module = row->module + 3 * stages;
    TuneExpected expected = {
        .name = expand(row->name, i, module),
        .short_name = expand(row->short_name, i, module),
        .role = row->role,
        .optional = (row->flags & OPTIONAL) != 0,
        .convolution = (row->flags & CONV) != 0,
        .transposed = (row->flags & CONV) != 0 && (row->flags & TRANSPOSED) != 0,
    };

    if (strcmp(row->name, "text_encoder.shared.weight") == 0)
        expected.other_name = g_strdup("text_encoder.encoder.embed_tokens.weight");
    while (expected.n_dims < G_N_ELEMENTS(row->shape) && row->shape[expected.n_dims] != END) {
        expected.shape[expected.n_dims] = size_of(config, row->shape[expected.n_dims], i);
        expected.n_dims++;
    }
    g_array_append_val(out, expected);
}

static void expected_clear(gpointer data)
{
    TuneExpected *expected = data;

    g_free(expected->name);
    g_free(expected->short_name);
    g_free(expected->other_name);
}

guint64 tune_expected_n_values(const TuneExpected *self)
{
    guint64 n = 1;

    for (guint i = 0; i < self->n_dims; i++)
        n *= self->shape[i];
    return n;
}

GArray *tune_layout(const TuneMusicgenConfig *config)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(TuneExpected));

    g_array_set_clear_func(out, expected_clear);
    for (gsize r = 0; r < G_N_ELEMENTS(rows); r++) {
        for (guint i = 0; i < times(config, &rows[r]); i++)
            add(out, config, &rows[r], i);
    }
    return out;
}
