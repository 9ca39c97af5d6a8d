/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound of strangers, decoded in a process of its own: libraries that decode sound have had their
 * bugs, and their corrections reach machines years late.  The child (tunesmith-decode) may read the
 * one file and write to its pipe; all else is refused by the kernel (audio/confine.h).  What comes
 * over the pipe is checked like any other input.
 *
 *     TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;
 *     g_autoptr(TuneSource) source = tune_aside_new(path, &limits, cancellable, &error);
 *     ... tune_source_read() as from any source
 *
 * The child decodes as it is read from: a slow reader holds it, nothing piles up.  Errors are
 * TUNE_AUDIO_ERROR: _FORMAT (no sound that can be read), _BROKEN (damaged, cut, or it made the
 * decoder fail), _MEMORY (a limit), _MISSING (the program or the kernel's help is not there), _IO;
 * and G_IO_ERROR_CANCELLED.
 */
#pragma once
#include "audio/source.h"

typedef struct {
    guint64 memory_bytes; /* address space of the child */
    guint cpu_s;          /* its time on a core */
    guint stall_ms;       /* the longest that nothing comes while it is waited for */
    double max_seconds;   /* of sound: more is refused, whether announced or not */
    const char
        *program; /* NULL: $TUNESMITH_DECODE, or the one that was built or installed with us */
} TuneAsideLimits;
#define TUNE_ASIDE_LIMITS_DEFAULT                                                                  \
    {                                                                                              \
        .memory_bytes = 256u << 20, .cpu_s = 120, .stall_ms = 20000, .max_seconds = 3600           \
    }

/* A source of the sound in @path; the child ends with it at the latest.  @cancellable: (nullable).
 * (transfer full) */
TuneSource *tune_aside_new(const char *path, const TuneAsideLimits *limits,
                           GCancellable *cancellable, GError **error);

typedef struct {
    double seconds;
    guint rate, n_channels;
    gint64 n_frames;
    double peak; /* of the samples, 1 is full scale */
} TuneAsideSummary;
/* Decode all of it, keeping nothing: is it whole, how long is it? */
gboolean tune_aside_check(const char *path, const TuneAsideLimits *limits,
                          GCancellable *cancellable, TuneAsideSummary *out, GError **error);
