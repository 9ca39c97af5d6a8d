/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The pull interface of all sound: a source gives the next block of interleaved float frames.
 * Encoders, meters, the master are stages that pull from the stage before.
 *
 *     float block[2 * 1024];
 *     gsize got;
 *     do {
 *         if (!tune_source_read(source, block, 1024, &got, &error)) ...
 *     } while (got > 0);
 *
 * One reader per source; a source is not thread-safe.
 */
#pragma once
#include <glib.h>
#include <gio/gio.h>

#define TUNE_AUDIO_ERROR (tune_audio_error_quark())
GQuark tune_audio_error_quark(void);
typedef enum {
    TUNE_AUDIO_ERROR_FORMAT,  /* unknown suffix or format */
    TUNE_AUDIO_ERROR_BROKEN,  /* a file that is not what it says */
    TUNE_AUDIO_ERROR_IO,      /* path, permission, disk full */
    TUNE_AUDIO_ERROR_MISSING, /* a library or codec that is not there; names the package */
    TUNE_AUDIO_ERROR_MEMORY,
} TuneAudioError;

typedef struct TuneSource TuneSource;

typedef struct {
    /* Fill @out with up to @n_frames frames; *n_got == 0 means the end.  FALSE: @error is set. */
    gboolean (*read)(TuneSource *self, float *out, gsize n_frames, gsize *n_got, GError **error);
    void (*free)(TuneSource *self);
} TuneSourceClass;

/* Put this first in the struct of a stage. */
struct TuneSource {
    const TuneSourceClass *class;
    guint rate;       /* frames a second */
    guint n_channels; /* 1 or 2 */
    gint64 n_frames;  /* length if known beforehand, else -1 */
};

/* @out: [n_channels * n_frames] interleaved, nominal [-1, 1], caller-owned.  Short reads happen only
 * at the end. */
gboolean tune_source_read(TuneSource *self, float *out, gsize n_frames, gsize *n_got,
                          GError **error);
void tune_source_free(TuneSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSource, tune_source_free)
