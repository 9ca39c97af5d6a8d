/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Small models made by formula, for tests that need one to be there, or one that is broken in one
 * place.
 *
 *     g_autofree char *folder = test_model_folder();
 *     TestModel model = TEST_MODEL_DEFAULT;
 *     test_model_write(&model, folder);
 *     test_model_remove(folder);
 */
#pragma once
#include "base/json.h"
#include "neural/layout.h"

typedef enum { TEST_NORM_LEGACY, TEST_NORM_PARAMETRIZED, TEST_NORM_FOLDED } TestNorm;

typedef struct {
    gboolean melody, stereo;
    TestNorm norm;
    TuneDtype dtype;                /* F32, F16 or BF16 of all tensors */
    guint n_shards;                 /* 1: model.safetensors */
    gboolean positions;             /* store the table */
    gboolean other_embedding;       /* under T5's other name */
    const char *without;            /* (nullable) leave this tensor out */
    const char *wrong_shape;        /* (nullable) this tensor has one row more */
    const char *nan;                /* (nullable) this tensor's last value is no number */
    void (*change)(json_t *config); /* (nullable) of config.json, after the tensors are chosen */
} TestModel;
#define TEST_MODEL_DEFAULT                                                                         \
    {                                                                                              \
        .n_shards = 1, .positions = TRUE                                                           \
    }

/* config.json's object. (transfer full) */
json_t *test_model_config(const TestModel *model);
/* Value @i of tensor @name, as it is stored in F32. */
float test_model_value(const char *name, guint64 i);
/* The whole folder; @folder exists. */
void test_model_write(const TestModel *model, const char *folder);
void test_write_text(const char *folder, const char *name, const char *text);
/* A new folder under the temporary one. (transfer full) */
char *test_model_folder(void);
void test_model_remove(const char *folder);

/* A safetensors file: @header and @n_data bytes of data, header length as it is unless @length is
 * given (not 0). (transfer full) */
GBytes *test_safetensors(const char *header, gsize n_data, guint64 length);
