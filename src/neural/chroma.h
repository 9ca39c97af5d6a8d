/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Melody as MusicGen-Melody hears it: for each 4,096 samples the strongest of twelve pitch classes,
 * as the reference's feature extractor (librosa's chroma filters, tuning 0).
 */
#pragma once
#include <gio/gio.h>

#define TUNE_CHROMA_CLASSES 12
#define TUNE_CHROMA_RATE    32000

/* @audio: [n] mono at 32 kHz; more than 30 s is cut off.  Returns [n_frames * 12] one-hot rows, 0
 * is C. (transfer full) */
float *tune_chroma(const float *audio, gsize n, gsize *n_frames);
/* For tests: energies before the choice, [n_frames * 12]; filters, [12 * 8193]. (transfer full) */
float *tune_chroma_energies(const float *audio, gsize n, gsize *n_frames);
float *tune_chroma_filters(void);
