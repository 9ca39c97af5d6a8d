/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For tests of whole takes: a model of a golden folder, and a take read to its end.
 */
#pragma once
#include "golden.h"
#include "neural/musicgen.h"

/* @options (nullable): float weights, two threads. (transfer full) */
TuneMusicgen *tune_test_model(const char *checkpoint, const TuneMusicgenOptions *options);

typedef struct {
    gsize n_codes; /* [n_codebooks * n_frames] */
    gint32 *codes;
    gsize n_samples; /* of all channels, interleaved */
    float *audio;
} TuneTestSound;
void tune_test_sound_free(TuneTestSound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTestSound, tune_test_sound_free)

TuneTake *tune_test_start(TuneMusicgen *model, const TuneTakeRequest *request);
/* Reads blocks of @block frames until the end. (transfer full) */
TuneTestSound *tune_test_read(TuneMusicgen *model, TuneTake *take, gsize block);
/* start, read, free. (transfer full) */
TuneTestSound *tune_test_generate(TuneMusicgen *model, const TuneTakeRequest *request);
void tune_test_assert_same(const TuneTestSound *a, const TuneTestSound *b);
