/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the bytes of a sound file go: a temporary file beside its final name, put in place by
 * rename when it is whole, or something that cannot be sought (standard output, a device, a named
 * pipe, a function). Errors are TUNE_AUDIO_ERROR_IO, a sentence with the path and the reason.
 */
#pragma once
#include "audio/source.h"

typedef struct TuneSink TuneSink;
/* Takes all of @data or fails. */
typedef gboolean (*TuneSinkWrite)(gconstpointer data, gsize n_bytes, gpointer user_data,
                                  GError **error);

/* @path "-" is standard output.  What exists and is no regular file is written to directly. */
TuneSink *tune_sink_new(const char *path, GError **error);
/* Bytes go to @write in order, as to a pipe; @name is for messages. */
TuneSink *tune_sink_new_to(const char *name, TuneSinkWrite write, gpointer user_data);
gboolean tune_sink_seekable(const TuneSink *self);
/* Append. */
gboolean tune_sink_write(TuneSink *self, gconstpointer data, gsize n_bytes, GError **error);
/* Overwrite bytes written before; only where seekable. */
gboolean tune_sink_write_at(TuneSink *self, guint64 offset, gconstpointer data, gsize n_bytes,
                            GError **error);
/* Flush to the disk and rename. */
gboolean tune_sink_finish(TuneSink *self, GError **error);
/* Removes the temporary file unless finished. */
void tune_sink_free(TuneSink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSink, tune_sink_free)
