/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound that is needed twice, kept in a temporary file that has no name (nothing is left behind,
 * whatever happens): written once, then read any number of times.
 *
 *     g_autoptr(TuneSpill) spill = tune_spill_new(44100, 2, &error);
 *     tune_spill_write(spill, frames, n, &error);
 *     g_autoptr(TuneSource) again = tune_spill_source_new(spill, &error);
 *
 * TUNE_AUDIO_ERROR_IO when the temporary folder ($TMPDIR, else /tmp) is full or cannot be written.
 */
#pragma once
#include "audio/source.h"

typedef struct TuneSpill TuneSpill;

TuneSpill *tune_spill_new(guint rate, guint n_channels, GError **error);
/* @frames: [n_channels * n]. */
gboolean tune_spill_write(TuneSpill *self, const float *frames, gsize n, GError **error);
/* Write all of @source, which stays the caller's.  @cancellable: (nullable). */
gboolean tune_spill_write_all(TuneSpill *self, TuneSource *source, GCancellable *cancellable,
                              GError **error);
gint64 tune_spill_n_frames(const TuneSpill *self);
/* From the start; @self must outlive the source and is no longer written to.  (transfer full) */
TuneSource *tune_spill_source_new(TuneSpill *self, GError **error);
/* The same, and the source owns @self from now on, also when this fails. */
TuneSource *tune_spill_into_source(TuneSpill *self, GError **error);
void tune_spill_free(TuneSpill *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSpill, tune_spill_free)
