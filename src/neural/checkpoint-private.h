/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of the checkpoint share.
 */
#pragma once
#include "neural/checkpoint.h"
#include "neural/layout.h"

struct TuneCheckpoint {
    char *path;
    TuneMusicgenConfig config;
    TuneTensorSet *set;
    gboolean short_names; /* of GGUF */
    GArray *layout;       /* TuneExpected */
    GHashTable *by_name;  /* Hugging Face's name -> tensor of the set, only expected ones */
    GBytes *config_text, *generation_text; /* config.json; generation_config.json or NULL */
    GBytes *tokenizer, *sentencepiece;
    char *licence;
    GMutex lock;
    char *hash; /* under the lock; NULL until asked for */
};

/* Texts of our GGUF files, beside the general ones of the format (docs/MODEL.md). */
#define TUNE_GGUF_CONFIG            "musicgen.config.json"
#define TUNE_GGUF_GENERATION_CONFIG "musicgen.generation_config.json"
#define TUNE_GGUF_TOKENIZER         "tokenizer.huggingface.json"
#define TUNE_GGUF_SENTENCEPIECE     "tokenizer.spiece.model.base64"

/* What is known about a model from where it came: {"licence": ..., "source": ...}, beside its files. */
#define TUNE_MODEL_NOTE "tunesmith-model.json"

/* The licence of a model in @folder: of the note, else the "license:" line at the top of @readme
 * (nullable), else "unknown". (transfer full) */
char *tune_licence_read(const char *folder, GBytes *readme);
