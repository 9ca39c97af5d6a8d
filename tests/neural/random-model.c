/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-model.h"

#include "base/json.h"
#include "base/random.h"
#include "neural/layout.h"

#include <glib/gstdio.h>
#include <math.h>

const char random_model_codec_config[] =
    "{\"model_type\": \"musicgen\","
    " \"text_encoder\": {\"model_type\": \"t5\", \"vocab_size\": 32, \"d_model\": 8, \"d_kv\": 4,"
    "  \"d_ff\": 8, \"num_layers\": 1, \"num_heads\": 2},"
    " \"decoder\": {\"model_type\": \"musicgen_decoder\", \"vocab_size\": 2048, \"hidden_size\": 8,"
    "  \"num_hidden_layers\": 1, \"num_attention_heads\": 2, \"ffn_dim\": 8, \"num_codebooks\": 4,"
    "  \"audio_channels\": 1},"
    " \"audio_encoder\": {\"model_type\": \"encodec\", \"sampling_rate\": 32000,"
    "  \"audio_channels\": 1, \"hidden_size\": 128, \"codebook_dim\": 128, \"num_filters\": 64,"
    "  \"upsampling_ratios\": [8, 5, 4, 4], \"codebook_size\": 2048, \"target_bandwidths\": [2.2],"
    "  \"kernel_size\": 7, \"last_kernel_size\": 7, \"residual_kernel_size\": 3, \"compress\": 2,"
    "  \"num_lstm_layers\": 2, \"num_residual_layers\": 1, \"norm_type\": \"weight_norm\","
    "  \"use_causal_conv\": false, \"use_conv_shortcut\": false, \"pad_mode\": \"reflect\","
    "  \"normalize\": false}}";

static const char *const files[] = {"config.json", "tokenizer.json", "model.safetensors"};

static guint64 n_values(const TuneExpected *expected)
{
    guint64 n = 1;

    for (guint d = 0; d < expected->n_dims; d++)
        n *= expected->shape[d];
    return n;
}

static char *stored_name(const TuneExpected *expected)
{
    return g_strconcat(expected->name, expected->convolution ? ".weight" : NULL, NULL);
}

static char *header_of(const GArray *layout)
{
    g_autoptr(GString) json = g_string_new("{");
    guint64 at = 0;

    for (guint i = 0; i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        g_autofree char *name = stored_name(expected);
        guint64 end = at + n_values(expected) * sizeof(float);

        if (expected->optional)
            continue;
        g_string_append_printf(json, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", at > 0 ? "," : "",
                               name);
        for (guint d = 0; d < expected->n_dims; d++)
            g_string_append_printf(json, "%s%" G_GUINT64_FORMAT, d > 0 ? "," : "",
                                   expected->shape[d]);
        g_string_append_printf(
            json, "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", at, end);
        at = end;
    }
    while (json->len % 8 != 7)
        g_string_append_c(json, ' ');
    g_string_append_c(json, '}');
    return g_string_free(g_steal_pointer(&json), FALSE);
}

static gboolean write_values(FILE *file, const TuneExpected *expected)
{
    guint64 n = n_values(expected), row = expected->n_dims > 1 ? n / expected->shape[0] : 2500;
    float scale = sqrtf(3.0f / (float)MAX(row, 1)), values[1024];
    TuneRandom random;

    if (expected->role == TUNE_TENSOR_ROLE_EXACT && expected->n_dims == 2)
        scale = 1; /* codebooks */
    tune_random_init(&random, 1, "weights/%s", expected->name);
    while (n > 0) {
        gsize now = (gsize)MIN(n, G_N_ELEMENTS(values));
        for (gsize i = 0; i < now; i += 2) {
            guint64 bits = tune_random_next(&random);
            values[i] = scale * ((float)(gint32)(guint32)bits * 0x1p-31f);
            values[i + 1] = scale * ((float)(gint32)(bits >> 32) * 0x1p-31f);
        }
        if (fwrite(values, sizeof(float), now, file) != now)
            return FALSE;
        n -= now;
    }
    return TRUE;
}

static gboolean write_weights(const char *path, const GArray *layout)
{
    g_autofree char *header = header_of(layout);
    guint64 length = GUINT64_TO_LE(strlen(header));
    FILE *file = fopen(path, "wb");
    gboolean good =
        file != NULL && fwrite(&length, sizeof length, 1, file) == 1 && fputs(header, file) >= 0;

    for (guint i = 0; good && i < layout->len; i++) {
        const TuneExpected *expected = &g_array_index(layout, TuneExpected, i);
        good = expected->optional || write_values(file, expected);
    }
    return (file == NULL || fclose(file) == 0) && good;
}

gboolean random_model_write(const char *folder, const char *config, GError **error)
{
    json_t *json = json_loads(config, 0, NULL);
    TuneMusicgenConfig sizes;
    gboolean known = tune_musicgen_config_read(&sizes, json, NULL, error);
    char *paths[G_N_ELEMENTS(files)];

    json_decref(json);
    if (!known)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        paths[i] = g_build_filename(folder, files[i], NULL);
    g_autoptr(GArray) layout = tune_layout(&sizes);
    gboolean good = g_file_set_contents(paths[0], config, -1, error) &&
                    g_file_set_contents(paths[1], "{}", -1, error);
    if (good && !write_weights(paths[2], layout)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "cannot write %s", paths[2]);
        good = FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        g_free(paths[i]);
    return good;
}

void random_model_remove(const char *folder)
{
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(folder, files[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}
