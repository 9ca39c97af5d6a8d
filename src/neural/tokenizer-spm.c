/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * spiece.model: sentencepiece's ModelProto (sentencepiece_model.proto), a protocol buffer whose few
 * fields of interest are read by hand:
 *
 *   1 pieces         { 1 piece: string, 2 score: float, 3 type }
 *   2 trainer_spec   { 3 model_type, 35 byte_fallback, 40 unk_id, 42 eos_id, 43 pad_id }
 *   3 normalizer_spec{ 2 precompiled_charsmap: bytes }
 *
 * From there on it is what Hugging Face makes of a T5 model: same steps, and <extra_id_99> ..
 * <extra_id_0> behind the pieces.
 */
#include "neural/tokenizer-private.h"

#include <math.h>
#include <string.h>

#define EXTRA_IDS 100

enum { MODEL_UNIGRAM = 1 };                             /* trainer_spec.model_type */
enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 }; /* what follows a field's tag */

typedef struct {
    const guint8 *at, *end;
} Reader;

typedef struct {
    guint32 number;
    guint wire;
    guint64 value; /* VARINT, 32, 64 */
    Reader bytes;  /* BYTES */
} Field;

static gboolean read_varint(Reader *reader, guint64 *value)
{
    *value = 0;
    for (guint shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        guint8 byte = *reader->at++;

        *value |= (guint64)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return TRUE;
    }
    return FALSE;
}

static gboolean read_fixed(Reader *reader, gsize n, guint64 *value)
{
    if ((gsize)(reader->end - reader->at) < n)
        return FALSE;
    *value = 0;
    for (gsize i = 0; i < n; i++)
        *value |= (guint64)reader->at[i] << 8 * i;
    reader->at += n;
    return TRUE;
}

static gboolean read_bytes(Reader *reader, Reader *bytes)
{
    guint64 n;

    if (!read_varint(reader, &n) || n > (guint64)(reader->end - reader->at))
        return FALSE;
    *bytes = (Reader){reader->at, reader->at + n};
    reader->at += n;
    return TRUE;
}

static gboolean next_field(Reader *reader, Field *field)
{
    guint64 tag;

    if (!read_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 > G_MAXINT32)
        return FALSE;
    field->number = (guint32)(tag >> 3);
    field->wire = tag & 7;
    switch (field->wire) {
    case WIRE_VARINT:
        return read_varint(reader, &field->value);
    case WIRE_64:
        return read_fixed(reader, 8, &field->value);
    case WIRE_BYTES:
        return read_bytes(reader, &field->bytes);
    case WIRE_32:
        return read_fixed(reader, 4, &field->value);
    default:
        return FALSE;
    }
}

/* What the file says, before it is a tokenizer. */
typedef struct {
    TuneTokenizer *tokenizer;
    gint64 model_type, unknown, end, pad;
    gboolean byte_fallback;
    Reader charsmap;
} Model;

static gboolean broken(GError **error, const char *what)
{
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "spiece.model: %s", what);
    return FALSE;
}

static gboolean read_piece(Model *model, Reader reader, GError **error)
{
    g_autofree char *piece = NULL;
    float score = 0;
    Field field;

    while (reader.at < reader.end) {
        if (!next_field(&reader, &field))
            return broken(error, "a piece is cut off");
        if (field.number == 1 && field.wire == WIRE_BYTES) {
            gsize n = (gsize)(field.bytes.end - field.bytes.at);
            g_free(piece);
            piece = g_strndup((const char *)field.bytes.at, n);
            if (!g_utf8_validate_len((const char *)field.bytes.at, n, NULL))
                return broken(error, "a piece is not UTF-8");
        } else if (field.number == 2 && field.wire == WIRE_32) {
            guint32 bits = (guint32)field.value;
            memcpy(&score, &bits, sizeof score);
        }
    }
    if (piece == NULL)
        return broken(error, "a piece has no text");
    if (!isfinite(score))
        return broken(error, "the score of a piece is not finite");
    if (model->tokenizer->pieces->len >= TUNE_TOKENIZER_MAX_ID)
        return broken(error, "there are too many pieces");
    tune_tokenizer_add_piece(model->tokenizer, piece, (double)score);
    return TRUE;
}

static gboolean read_trainer(Model *model, Reader reader, GError **error)
{
    Field field;

    while (reader.at < reader.end) {
        if (!next_field(&reader, &field))
            return broken(error, "trainer_spec is cut off");
        if (field.wire != WIRE_VARINT)
            continue;
        if (field.number == 3)
            model->model_type = (gint64)field.value;
        else if (field.number == 35)
            model->byte_fallback = field.value != 0;
        else if (field.number == 40)
            model->unknown = (gint64)field.value;
        else if (field.number == 42)
            model->end = (gint64)field.value;
        else if (field.number == 43)
            model->pad = (gint64)field.value;
    }
    return TRUE;
}

static gboolean read_normalizer(Model *model, Reader reader, GError **error)
{
    Field field;

    while (reader.at < reader.end) {
        if (!next_field(&reader, &field))
            return broken(error, "normalizer_spec is cut off");
        if (field.number == 2 && field.wire == WIRE_BYTES)
            model->charsmap = field.bytes;
    }
    return TRUE;
}

static gboolean read_model(Model *model, Reader reader, GError **error)
{
    Field field;

    while (reader.at < reader.end) {
        gboolean good = next_field(&reader, &field);

        if (!good)
            return broken(error, "it is cut off, or no protocol buffer");
        if (field.wire != WIRE_BYTES)
            continue;
        if (field.number == 1)
            good = read_piece(model, field.bytes, error);
        else if (field.number == 2)
            good = read_trainer(model, field.bytes, error);
        else if (field.number == 3)
            good = read_normalizer(model, field.bytes, error);
        if (!good)
            return FALSE;
    }
    if (model->tokenizer->pieces->len == 0)
        return broken(error, "it holds no pieces");
    if (model->model_type != MODEL_UNIGRAM || model->byte_fallback) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_NOT_A_MODEL,
                    "spiece.model: %s is not what T5 uses and what we run",
                    model->byte_fallback ? "byte_fallback" : "a model that is not unigram");
        return FALSE;
    }
    return TRUE;
}

static gboolean add_charsmap(Model *model, GError **error)
{
    gsize n = (gsize)(model->charsmap.end - model->charsmap.at);
    g_autoptr(GBytes) bytes = g_bytes_new(model->charsmap.at, n);
    TuneNormalizeStep step = {.kind = TUNE_NORMALIZE_CHARSMAP};

    if (n == 0) /* the model wants its text as it is */
        return TRUE;
    step.charsmap = tune_charsmap_new(bytes, error);
    if (step.charsmap == NULL) {
        g_prefix_error(error, "spiece.model: ");
        return FALSE;
    }
    g_array_append_val(model->tokenizer->steps, step);
    return TRUE;
}

/* Pad, end and unknown are matched as literals, as the hundred extra ones. */
static gboolean add_special(Model *model, GError **error)
{
    const gint64 ids[] = {model->pad, model->end, model->unknown};
    TuneTokenizer *tokenizer = model->tokenizer;
    guint n_pieces = tokenizer->pieces->len;
    gint32 end = (gint32)model->end;

    if (model->end < 0 || model->end >= n_pieces)
        return broken(error, "the id of the text's end is not a piece's");
    if (model->unknown < 0 || model->unknown >= n_pieces)
        return broken(error, "the id for unknown text is not a piece's");
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        if (ids[i] >= 0 && ids[i] < n_pieces)
            tune_tokenizer_add(tokenizer, tokenizer->pieces->pdata[ids[i]], (gint32)ids[i], FALSE,
                               FALSE);
    }
    for (gint extra = EXTRA_IDS - 1; extra >= 0; extra--) {
        g_autofree char *text = g_strdup_printf("<extra_id_%d>", extra);
        tune_tokenizer_add(tokenizer, text, (gint32)tokenizer->pieces->len, FALSE, FALSE);
        tune_tokenizer_add_piece(tokenizer, text, 0);
    }
    g_array_append_val(tokenizer->after, end);
    return TRUE;
}

TuneTokenizer *tune_tokenizer_new_sentencepiece(GBytes *bytes, GError **error)
{
    g_autoptr(TuneTokenizer) self = tune_tokenizer_new_empty();
    Model model = {
        .tokenizer = self, .model_type = MODEL_UNIGRAM, .unknown = 0, .end = 2, .pad = -1};
    gsize n;
    const guint8 *data = g_bytes_get_data(bytes, &n);

    self->split_whitespace = self->split_metaspace = TRUE;
    self->metaspace = g_strdup(TUNE_METASPACE);
    self->prepend = TUNE_PREPEND_ALWAYS;
    if (n == 0 || n > TUNE_TOKENIZER_MAX_BYTES) {
        broken(error, n == 0 ? "it holds no pieces" : "it is too large");
        return NULL;
    }
    if (!read_model(&model, (Reader){data, data + n}, error) || !add_charsmap(&model, error) ||
        !add_special(&model, error))
        return NULL;
    self->unknown = (gint32)model.unknown;
    if (!tune_tokenizer_finish(self, error)) {
        g_prefix_error(error, "spiece.model: ");
        return NULL;
    }
    return g_steal_pointer(&self);
}
