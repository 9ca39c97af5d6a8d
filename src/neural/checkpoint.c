/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/checkpoint-private.h"
#include "neural/gguf.h"
#include "neural/safetensors.h"

#include <math.h>
#include <string.h>

static gboolean mismatch(GError **error, const TuneCheckpoint *self, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static gboolean mismatch(GError **error, const TuneCheckpoint *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *why = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MISMATCH, "%s: %s", self->path, why);
    return FALSE;
}

/* ---- expected tensors ---- */

/* Where torch puts the factors of weight norm. */
static const struct {
    const char *g, *v;
} norms[] = {
    {".weight_g", ".weight_v"},
    {".parametrizations.weight.original0", ".parametrizations.weight.original1"},
};

static gboolean check_tensor(const TuneCheckpoint *self, const char *name, const TuneTensor *tensor,
                             guint n_dims, const guint64 *shape, GError **error)
{
    g_autofree char *is = tune_tensor_describe(tensor);
    g_autofree char *want = tune_tensor_describe_shape(n_dims, shape);

    if (tensor->n_dims != n_dims || memcmp(tensor->shape, shape, n_dims * sizeof *shape) != 0)
        return mismatch(error, self, "%s is %s, should be %s", name, is, want);
    if (!tune_dtype_is_real(tensor->dtype))
        return mismatch(error, self, "%s is %s, should be of a floating type", name, is);
    return TRUE;
}

/* Found under @file_name, asked for as @name. */
static gboolean take(TuneCheckpoint *self, const char *name, const TuneTensor *tensor,
                     const TuneExpected *expected, GError **error)
{
    if (!check_tensor(self, name, tensor, expected->n_dims, expected->shape, error))
        return FALSE;
    g_hash_table_insert(self->by_name, g_strdup(name), (gpointer)tensor);
    return TRUE;
}

static gboolean take_norm(TuneCheckpoint *self, const TuneExpected *expected, GError **error)
{
    const guint64 ones[TUNE_TENSOR_MAX_DIMS] = {expected->shape[0], 1, 1, 1};
    TuneExpected lengths = *expected;

    memcpy(lengths.shape, ones, sizeof ones);
    for (gsize i = 0; i < G_N_ELEMENTS(norms); i++) {
        g_autofree char *g_name = g_strconcat(expected->name, norms[i].g, NULL);
        g_autofree char *v_name = g_strconcat(expected->name, norms[i].v, NULL);
        const TuneTensor *g = tune_tensor_set_find(self->set, g_name);
        const TuneTensor *v = tune_tensor_set_find(self->set, v_name);

        if (g != NULL && v != NULL)
            return take(self, g_name, g, &lengths, error) && take(self, v_name, v, expected, error);
    }
    return mismatch(error, self, "%s.weight is missing, whole and under weight norm",
                    expected->name);
}

static gboolean take_expected(TuneCheckpoint *self, const TuneExpected *expected, GError **error)
{
    g_autofree char *name =
        g_strconcat(expected->name, expected->convolution ? ".weight" : NULL, NULL);
    const TuneTensor *tensor =
        tune_tensor_set_find(self->set, self->short_names ? expected->short_name : name);

    if (tensor == NULL && expected->other_name != NULL && !self->short_names)
        tensor = tune_tensor_set_find(self->set, expected->other_name);
    if (tensor != NULL)
        return take(self, name, tensor, expected, error);
    if (expected->convolution && !self->short_names)
        return take_norm(self, expected, error);
    return expected->optional || mismatch(error, self, "%s is missing", name);
}

static gboolean check_layout(TuneCheckpoint *self, GError **error)
{
    self->layout = tune_layout(&self->config);
    for (guint i = 0; i < self->layout->len; i++) {
        if (!take_expected(self, &g_array_index(self->layout, TuneExpected, i), error))
            return FALSE;
    }
    return TRUE;
}

/* ---- opening ---- */

static gboolean not_a_model(GError **error, const char *path, const char *why)
{
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_NOT_A_MODEL,
                "%s is no MusicGen model: %s", path, why);
    return FALSE;
}

/* A file beside the model, or NULL without an error when it is not there. */
static gboolean read_beside(const char *folder, const char *name, GBytes **out, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    *out = tune_model_file_map(path, error);
    return *out != NULL;
}

static json_t *parse_text(const TuneCheckpoint *self, const char *name, GBytes *text,
                          GError **error)
{
    g_autoptr(GError) problem = NULL;
    json_t *json =
        tune_json_parse(name, g_bytes_get_data(text, NULL), g_bytes_get_size(text), &problem);

    if (json == NULL)
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "%s: %s", self->path,
                    problem->message);
    return json;
}

static gboolean read_config(TuneCheckpoint *self, GError **error)
{
    g_autoptr(json_t) config = parse_text(self, "config.json", self->config_text, error);
    g_autoptr(json_t) generation = NULL;

    if (config == NULL)
        return FALSE;
    if (self->generation_text != NULL) {
        generation = parse_text(self, "generation_config.json", self->generation_text, error);
        if (generation == NULL)
            return FALSE;
    }
    if (!tune_musicgen_config_read(&self->config, config, generation, error)) {
        g_prefix_error(error, "%s: ", self->path);
        return FALSE;
    }
    return TRUE;
}

static TuneTensorSet *open_weights(const char *folder, GError **error)
{
    static const char *const pickles[] = {"pytorch_model.bin", "pytorch_model.bin.index.json",
                                          "state_dict.bin"};
    g_autofree char *single = g_build_filename(folder, "model.safetensors", NULL);
    g_autofree char *index = g_build_filename(folder, "model.safetensors.index.json", NULL);

    if (g_file_test(single, G_FILE_TEST_EXISTS))
        return tune_safetensors_open(single, error);
    if (g_file_test(index, G_FILE_TEST_EXISTS))
        return tune_safetensors_open_index(index, error);
    for (gsize i = 0; i < G_N_ELEMENTS(pickles); i++) {
        g_autofree char *path = g_build_filename(folder, pickles[i], NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS)) {
            not_a_model(error, folder,
                        "it has its weights as pickled Python objects only, which are not read; "
                        "model.safetensors is wanted");
            return NULL;
        }
    }
    not_a_model(error, folder,
                "there is neither model.safetensors nor model.safetensors.index.json");
    return NULL;
}

static gboolean open_folder(TuneCheckpoint *self, GError **error)
{
    g_autoptr(GBytes) readme = NULL;

    if (!read_beside(self->path, "config.json", &self->config_text, error) ||
        !read_beside(self->path, "generation_config.json", &self->generation_text, error) ||
        !read_beside(self->path, "tokenizer.json", &self->tokenizer, error) ||
        !read_beside(self->path, "spiece.model", &self->sentencepiece, error) ||
        !read_beside(self->path, "README.md", &readme, error))
        return FALSE;
    if (self->config_text == NULL)
        return not_a_model(error, self->path, "there is no config.json");
    if (!read_config(self, error))
        return FALSE;
    if (self->tokenizer == NULL && self->sentencepiece == NULL)
        return not_a_model(error, self->path, "there is neither tokenizer.json nor spiece.model");
    self->licence = tune_licence_read(self->path, readme);
    self->set = open_weights(self->path, error);
    return self->set != NULL && check_layout(self, error);
}

static GBytes *text_of(const TuneTensorSet *set, const char *key)
{
    const char *text = tune_tensor_set_text(set, key);

    return text == NULL ? NULL : g_bytes_new_static(text, strlen(text));
}

static gboolean open_gguf(TuneCheckpoint *self, GError **error)
{
    self->short_names = TRUE;
    self->set = tune_gguf_open(self->path, error);
    if (self->set == NULL)
        return FALSE;
    self->config_text = text_of(self->set, TUNE_GGUF_CONFIG);
    self->generation_text = text_of(self->set, TUNE_GGUF_GENERATION_CONFIG);
    const char *architecture = tune_tensor_set_text(self->set, "general.architecture");
    const char *licence = tune_tensor_set_text(self->set, "general.license");
    const char *spiece = tune_tensor_set_text(self->set, TUNE_GGUF_SENTENCEPIECE);

    if (g_strcmp0(architecture, "musicgen") != 0 || self->config_text == NULL) {
        g_autofree char *why = g_strdup_printf("a GGUF file of architecture \"%.80s\", without the "
                                               "keys that \"tunesmith models quantize\" writes",
                                               architecture == NULL ? "" : architecture);
        return not_a_model(error, self->path, why);
    }
    if (!read_config(self, error))
        return FALSE;
    self->tokenizer = text_of(self->set, TUNE_GGUF_TOKENIZER);
    if (spiece != NULL) {
        gsize size;
        guchar *bytes = g_base64_decode(spiece, &size);
        self->sentencepiece = g_bytes_new_take(bytes, size);
    }
    if (self->tokenizer == NULL && self->sentencepiece == NULL)
        return not_a_model(error, self->path, "it holds no tokenizer");
    self->licence = tune_licence_canonical(licence);
    return check_layout(self, error);
}

static gboolean has_magic(const char *path)
{
    char magic[4] = "";
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, NULL);

    return stream != NULL &&
           g_input_stream_read(G_INPUT_STREAM(stream), magic, sizeof magic, NULL, NULL) == 4 &&
           memcmp(magic, "GGUF", 4) == 0;
}

static gboolean open_path(TuneCheckpoint *self, GError **error)
{
    if (g_file_test(self->path, G_FILE_TEST_IS_DIR))
        return open_folder(self, error);
    if (!g_file_test(self->path, G_FILE_TEST_EXISTS)) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_IO, "%s: no such folder or file",
                    self->path);
        return FALSE;
    }
    if (g_file_test(self->path, G_FILE_TEST_IS_REGULAR) && has_magic(self->path))
        return open_gguf(self, error);
    return not_a_model(error, self->path,
                       "neither a folder with config.json and model.safetensors nor a GGUF file");
}

TuneCheckpoint *tune_checkpoint_open(const char *path, GError **error)
{
    g_autoptr(TuneCheckpoint) self = g_atomic_rc_box_new0(TuneCheckpoint);

    self->path = g_strdup(path);
    self->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_mutex_init(&self->lock);
    return open_path(self, error) ? g_steal_pointer(&self) : NULL;
}

TuneCheckpoint *tune_checkpoint_ref(TuneCheckpoint *self)
{
    return g_atomic_rc_box_acquire(self);
}

static void checkpoint_clear(gpointer data)
{
    TuneCheckpoint *self = data;

    g_clear_pointer(&self->layout, g_array_unref);
    g_clear_pointer(&self->config_text, g_bytes_unref);
    g_clear_pointer(&self->generation_text, g_bytes_unref);
    g_clear_pointer(&self->tokenizer, g_bytes_unref);
    g_clear_pointer(&self->sentencepiece, g_bytes_unref);
    g_hash_table_unref(self->by_name);
    tune_tensor_set_unref(self->set);
    g_mutex_clear(&self->lock);
    g_free(self->licence);
    g_free(self->hash);
    g_free(self->path);
}

void tune_checkpoint_unref(TuneCheckpoint *self)
{
    if (self != NULL)
        g_atomic_rc_box_release_full(self, checkpoint_clear);
}

/* ---- what it holds ---- */

const char *tune_checkpoint_path(const TuneCheckpoint *self)
{
    return self->path;
}

const TuneMusicgenConfig *tune_checkpoint_config(const TuneCheckpoint *self)
{
    return &self->config;
}

const char *tune_checkpoint_tokenizer(const TuneCheckpoint *self, gsize *n_bytes)
{
    return self->tokenizer == NULL ? NULL : g_bytes_get_data(self->tokenizer, n_bytes);
}

GBytes *tune_checkpoint_sentencepiece(const TuneCheckpoint *self)
{
    return self->sentencepiece;
}

const TuneTensor *tune_checkpoint_find(const TuneCheckpoint *self, const char *name)
{
    return g_hash_table_lookup(self->by_name, name);
}

const TuneTensor *tune_checkpoint_tensor(const TuneCheckpoint *self, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *name = g_strdup_vprintf(format, args);
    va_end(args);
    const TuneTensor *tensor = tune_checkpoint_find(self, name);
    if (tensor == NULL)
        g_error("%s is no tensor that was expected of %s", name, self->path);
    return tensor;
}

const TuneTensorSet *tune_checkpoint_tensors(const TuneCheckpoint *self)
{
    return self->set;
}

const GArray *tune_checkpoint_layout(const TuneCheckpoint *self)
{
    return self->layout;
}

const char *tune_checkpoint_licence(const TuneCheckpoint *self)
{
    return self->licence;
}

guint64 tune_checkpoint_bytes(const TuneCheckpoint *self)
{
    return tune_tensor_set_bytes(self->set);
}

/* ---- values ---- */

static gboolean all_finite(const float *values, guint64 n)
{
    for (guint64 i = 0; i < n; i++) {
        if (!isfinite(values[i]))
            return FALSE;
    }
    return TRUE;
}

float *tune_checkpoint_floats(const TuneCheckpoint *self, const TuneTensor *tensor, GError **error)
{
    guint64 n = tune_tensor_n_values(tensor);
    g_autofree float *values = n > G_MAXSIZE ? NULL : g_try_malloc_n((gsize)n, sizeof(float));

    if (values == NULL) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "%s: no memory for the %" G_GUINT64_FORMAT " values of %s", self->path, n,
                    tensor->name);
        return NULL;
    }
    tune_tensor_read(tensor, 0, n, values);
    if (!all_finite(values, n)) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                    "%s: %s holds values that are not numbers", self->path, tensor->name);
        return NULL;
    }
    return g_steal_pointer(&values);
}

/* W[c, ...] = g[c] v[c, ...] / |v[c, ...]|, in place of v. */
static gboolean fold(const TuneCheckpoint *self, const char *prefix, float *v, const float *g,
                     const guint64 shape[3], GError **error)
{
    guint64 n = shape[1] * shape[2];

    for (guint64 c = 0; c < shape[0]; c++, v += n) {
        double sum = 0.0;

        for (guint64 i = 0; i < n; i++)
            sum += (double)v[i] * v[i];
        double scale = g[c] / sqrt(sum);
        for (guint64 i = 0; i < n; i++)
            v[i] = (float)(scale * v[i]);
        if (!isfinite(scale) || !all_finite(v, n)) {
            g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                        "%s: the weight norm of %s, channel %" G_GUINT64_FORMAT ", has no length",
                        self->path, prefix, c);
            return FALSE;
        }
    }
    return TRUE;
}

float *tune_checkpoint_convolution(const TuneCheckpoint *self, const char *prefix, guint64 shape[3],
                                   GError **error)
{
    g_autofree char *name = g_strconcat(prefix, ".weight", NULL);
    const TuneTensor *v = tune_checkpoint_find(self, name), *g = NULL;

    for (gsize i = 0; v == NULL && i < G_N_ELEMENTS(norms); i++) {
        g_autofree char *g_name = g_strconcat(prefix, norms[i].g, NULL);
        g_autofree char *v_name = g_strconcat(prefix, norms[i].v, NULL);

        v = tune_checkpoint_find(self, v_name);
        g = tune_checkpoint_find(self, g_name);
    }
    if (v == NULL)
        g_error("%s is no convolution that was expected of %s", prefix, self->path);
    memcpy(shape, v->shape, 3 * sizeof *shape);
    g_autofree float *values = tune_checkpoint_floats(self, v, error);
    g_autofree float *lengths =
        values == NULL || g == NULL ? NULL : tune_checkpoint_floats(self, g, error);
    if (values == NULL || (g != NULL && lengths == NULL) ||
        (g != NULL && !fold(self, prefix, values, lengths, shape, error)))
        return NULL;
    return g_steal_pointer(&values);
}
