/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tokenizer.json of Hugging Face's tokenizers library: model, normalizer, pre_tokenizer,
 * post_processor and added_tokens are read, of each only the kinds that T5's files use; "decoder",
 * "truncation" and "padding" mean nothing to us.
 */
#include "base/json.h"
#include "neural/tokenizer-private.h"

#include <math.h>
#include <string.h>

G_GNUC_PRINTF(2, 3) static gboolean broken(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "tokenizer.json: %s", message);
    return FALSE;
}

static gboolean foreign(GError **error, const char *what, const char *kind)
{
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_NOT_A_MODEL,
                "tokenizer.json: %s \"%s\" is not one that T5 uses and that we run", what, kind);
    return FALSE;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static const char *type_of(const json_t *object)
{
    const char *type = text_of(object, "type");

    return type != NULL ? type : "(none)";
}

static gboolean read_piece(TuneTokenizer *self, gsize i, const json_t *entry, GError **error)
{
    const char *piece = json_string_value(json_array_get(entry, 0));
    const json_t *score = json_array_get(entry, 1);

    if (json_array_size(entry) != 2 || piece == NULL || !json_is_number(score))
        return broken(error, "model.vocab[%zu] is not a piece and its score", i);
    if (!isfinite(json_number_value(score)))
        return broken(error, "the score of model.vocab[%zu] is not finite", i);
    tune_tokenizer_add_piece(self, piece, json_number_value(score));
    return TRUE;
}

static gboolean read_model(TuneTokenizer *self, const json_t *model, GError **error)
{
    const json_t *vocab = json_object_get(model, "vocab"),
                 *unknown = json_object_get(model, "unk_id"), *entry;
    gsize i;

    if (!json_is_object(model))
        return broken(error, "there is no model");
    if (strcmp(type_of(model), "Unigram") != 0)
        return foreign(error, "the model", type_of(model));
    if (json_is_true(json_object_get(model, "byte_fallback")))
        return foreign(error, "the model's option", "byte_fallback");
    if (!json_is_integer(unknown))
        return broken(error, "model.unk_id is not a number");
    if (json_integer_value(unknown) < 0 || json_integer_value(unknown) > TUNE_TOKENIZER_MAX_ID)
        return broken(error, "model.unk_id is out of range");
    self->unknown = (gint32)json_integer_value(unknown);
    if (!json_is_array(vocab) || json_array_size(vocab) > TUNE_TOKENIZER_MAX_ID)
        return broken(error, "model.vocab is not a list of pieces");
    json_array_foreach(vocab, i, entry)
    {
        if (!read_piece(self, i, entry, error))
            return FALSE;
    }
    return TRUE;
}

/* g_base64_decode() skips what it does not know; a file that is damaged shall be told. */
static GBytes *decode_base64(const char *text)
{
    gsize n = strlen(text), n_bytes, padding = 0;
    guchar *bytes;

    while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
        padding++;
    if (n % 4 != 0)
        return NULL;
    for (gsize i = 0; i < n - padding; i++) {
        if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/')
            return NULL;
    }
    bytes = g_base64_decode(text, &n_bytes);
    return g_bytes_new_take(bytes, n_bytes);
}

static gboolean read_charsmap(TuneNormalizeStep *step, const json_t *normalizer, GError **error)
{
    const char *text = text_of(normalizer, "precompiled_charsmap");
    g_autoptr(GBytes) bytes = NULL;

    if (text == NULL)
        return broken(error, "normalizer Precompiled has no precompiled_charsmap");
    bytes = decode_base64(text);
    if (bytes == NULL)
        return broken(error, "precompiled_charsmap is not base64");
    step->kind = TUNE_NORMALIZE_CHARSMAP;
    step->charsmap = tune_charsmap_new(bytes, error);
    if (step->charsmap == NULL)
        g_prefix_error(error, "tokenizer.json: ");
    return step->charsmap != NULL;
}

static gboolean read_replace(TuneNormalizeStep *step, const json_t *normalizer, GError **error)
{
    const json_t *pattern = json_object_get(normalizer, "pattern");
    const char *literal = text_of(pattern, "String"), *regex = text_of(pattern, "Regex");
    const char *content = text_of(normalizer, "content");

    if (content == NULL || (literal == NULL && regex == NULL) || g_strcmp0(literal, "") == 0)
        return broken(error, "normalizer Replace says not what to replace by what");
    if (regex != NULL && strcmp(regex, " {2,}") != 0)
        return foreign(error, "the normalizer's pattern", regex);
    step->kind = regex != NULL ? TUNE_NORMALIZE_SPACES : TUNE_NORMALIZE_REPLACE;
    step->pattern = g_strdup(literal);
    step->content = g_strdup(content);
    return TRUE;
}

static gboolean read_normalizer_step(TuneTokenizer *self, const json_t *normalizer, GError **error)
{
    const char *type = type_of(normalizer);
    TuneNormalizeStep *step;

    g_array_set_size(self->steps, self->steps->len + 1);
    step = &g_array_index(self->steps, TuneNormalizeStep, self->steps->len - 1);
    if (strcmp(type, "Precompiled") == 0)
        return read_charsmap(step, normalizer, error);
    if (strcmp(type, "Replace") == 0)
        return read_replace(step, normalizer, error);
    step->kind = TUNE_NORMALIZE_STRIP;
    step->left = json_is_true(json_object_get(normalizer, "strip_left"));
    step->right = json_is_true(json_object_get(normalizer, "strip_right"));
    return strcmp(type, "Strip") == 0 || foreign(error, "the normalizer", type);
}

/* A single thing, or a "Sequence" of things under @key. */
typedef gboolean (*ReadOne)(TuneTokenizer *self, const json_t *one, GError **error);
static gboolean read_sequence(TuneTokenizer *self, const json_t *value, const char *key,
                              ReadOne read, GError **error)
{
    const json_t *list, *one;
    gsize i;

    if (value == NULL || json_is_null(value))
        return TRUE;
    if (strcmp(type_of(value), "Sequence") != 0)
        return read(self, value, error);
    list = json_object_get(value, key);
    if (!json_is_array(list))
        return broken(error, "a Sequence has no %s", key);
    json_array_foreach(list, i, one)
    {
        if (!read(self, one, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_prepend(TuneTokenizer *self, const json_t *metaspace, GError **error)
{
    const char *scheme = text_of(metaspace, "prepend_scheme");

    if (scheme == NULL) /* older files say yes or no */
        scheme = json_is_false(json_object_get(metaspace, "add_prefix_space")) ? "never" : "always";
    if (strcmp(scheme, "always") == 0)
        self->prepend = TUNE_PREPEND_ALWAYS;
    else if (strcmp(scheme, "first") == 0)
        self->prepend = TUNE_PREPEND_FIRST;
    else if (strcmp(scheme, "never") == 0)
        self->prepend = TUNE_PREPEND_NEVER;
    else
        return broken(error, "Metaspace has the prepend_scheme \"%s\"", scheme);
    return TRUE;
}

static gboolean read_pre_tokenizer(TuneTokenizer *self, const json_t *one, GError **error)
{
    const char *type = type_of(one), *mark = text_of(one, "replacement");

    if (self->metaspace != NULL)
        return foreign(error, "after Metaspace, the pre-tokenizer", type);
    if (strcmp(type, "WhitespaceSplit") == 0) {
        self->split_whitespace = TRUE;
        return TRUE;
    }
    if (strcmp(type, "Metaspace") != 0)
        return foreign(error, "the pre-tokenizer", type);
    if (mark == NULL || g_utf8_strlen(mark, -1) != 1)
        return broken(error, "Metaspace has no replacement of one character");
    self->metaspace = g_strdup(mark);
    self->split_metaspace = !json_is_false(json_object_get(one, "split"));
    return read_prepend(self, one, error);
}

/* {"SpecialToken": {"id": "</s>"}}: its ids stand in special_tokens. */
static gboolean read_special(GArray *ids, const json_t *processor, const char *name, GError **error)
{
    const json_t *special = json_object_get(json_object_get(processor, "special_tokens"), name);
    const json_t *list = json_object_get(special, "ids"), *one;
    gsize i;

    if (json_array_size(list) == 0)
        return broken(error, "post_processor names \"%s\", which has no ids", name);
    json_array_foreach(list, i, one)
    {
        json_int_t value = json_is_integer(one) ? json_integer_value(one) : -1;
        gint32 id = (gint32)value;

        if (value < 0 || value > TUNE_TOKENIZER_MAX_ID)
            return broken(error, "an id of \"%s\" in post_processor is out of range", name);
        g_array_append_val(ids, id);
    }
    return TRUE;
}

static gboolean read_post_processor(TuneTokenizer *self, const json_t *processor, GError **error)
{
    const json_t *single = json_object_get(processor, "single"), *one;
    gboolean text_seen = FALSE;
    gsize i;

    if (strcmp(type_of(processor), "TemplateProcessing") != 0)
        return foreign(error, "the post-processor", type_of(processor));
    json_array_foreach(single, i, one)
    {
        const char *name = text_of(json_object_get(one, "SpecialToken"), "id");

        if (json_object_get(one, "Sequence") != NULL && !text_seen)
            text_seen = TRUE;
        else if (name == NULL)
            return broken(error, "post_processor.single[%zu] is neither the text nor a token", i);
        else if (!read_special(text_seen ? self->after : self->before, processor, name, error))
            return FALSE;
    }
    if (!text_seen || self->after->len == 0)
        return broken(error, "post_processor puts no token after the text");
    return TRUE;
}

static gboolean read_added(TuneTokenizer *self, const json_t *list, GError **error)
{
    const json_t *token;
    gsize i;

    json_array_foreach(list, i, token)
    {
        const char *text = text_of(token, "content");
        const json_t *id = json_object_get(token, "id");

        if (text == NULL || !json_is_integer(id) || json_integer_value(id) < 0 ||
            json_integer_value(id) > TUNE_TOKENIZER_MAX_ID)
            return broken(error, "added_tokens[%zu] has no content, or no id in range", i);
        if (json_is_true(json_object_get(token, "single_word")) ||
            json_is_true(json_object_get(token, "normalized")))
            return foreign(error, "the single_word or normalized added token", text);
        tune_tokenizer_add(self, text, (gint32)json_integer_value(id),
                           json_is_true(json_object_get(token, "lstrip")),
                           json_is_true(json_object_get(token, "rstrip")));
    }
    return TRUE;
}

static gboolean read_file(TuneTokenizer *self, const json_t *file, GError **error)
{
    if (!json_is_object(file))
        return broken(error, "it is not an object");
    return read_model(self, json_object_get(file, "model"), error) &&
           read_sequence(self, json_object_get(file, "normalizer"), "normalizers",
                         read_normalizer_step, error) &&
           read_sequence(self, json_object_get(file, "pre_tokenizer"), "pretokenizers",
                         read_pre_tokenizer, error) &&
           read_post_processor(self, json_object_get(file, "post_processor"), error) &&
           read_added(self, json_object_get(file, "added_tokens"), error);
}

TuneTokenizer *tune_tokenizer_new_json(const char *text, gsize n_bytes, GError **error)
{
    g_autoptr(TuneTokenizer) self = tune_tokenizer_new_empty();
    g_autoptr(json_t) file = NULL;
    g_autoptr(GError) problem = NULL;

    if (n_bytes > TUNE_TOKENIZER_MAX_BYTES) {
        broken(error, "more than %u bytes", TUNE_TOKENIZER_MAX_BYTES);
        return NULL;
    }
    file = tune_json_parse("tokenizer.json", text, n_bytes, &problem);
    if (file == NULL) {
        g_set_error_literal(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, problem->message);
        return NULL;
    }
    if (!read_file(self, file, error))
        return NULL;
    if (!tune_tokenizer_finish(self, error)) {
        g_prefix_error(error, "tokenizer.json: ");
        return NULL;
    }
    return g_steal_pointer(&self);
}
