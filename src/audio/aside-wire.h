/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the decoding child writes into its pipe: records, each a head and so many bytes.
 */
#pragma once
#include <glib.h>

#define TUNE_ASIDE_UPLOAD_FD 3
#define TUNE_ASIDE_PIPE_FD   4

typedef enum {
    TUNE_ASIDE_FORMAT = 0x31445354, /* first: TuneAsideFormat */
    TUNE_ASIDE_FRAMES,              /* interleaved float, at most TUNE_ASIDE_MAX_BYTES */
    TUNE_ASIDE_END,                 /* last, nothing follows */
    TUNE_ASIDE_FAILED, /* last: the code of TUNE_AUDIO_ERROR as guint32, and a sentence */
} TuneAsideKind;

typedef struct {
    guint32 kind, n_bytes;
} TuneAsideHead;

typedef struct {
    guint32 rate, n_channels;
    gint64 n_frames; /* -1: not known */
} TuneAsideFormat;

#define TUNE_ASIDE_MAX_FRAMES 2048u
#define TUNE_ASIDE_MAX_BYTES  (TUNE_ASIDE_MAX_FRAMES * 2u * 4u)
#define TUNE_ASIDE_MAX_TEXT   500u
