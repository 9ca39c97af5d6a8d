/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a file is, by its first bytes; what its name or its sender says counts for nothing.  Only
 * what can be read further on is recognised.
 *
 *     TuneSniffed kind;
 *     if (!tune_sniff(head, n_head, &kind, &error))
 *         ... "this is a PDF document; WAV, FLAC, ... can be read"
 *
 * The first bytes prove nothing about the rest: sound goes to the confined decoder (audio/aside.h),
 * scores to their readers.
 */
#pragma once
#include "audio/source.h"

typedef enum {
    TUNE_SNIFFED_WAV, /* RIFF, RF64 */
    TUNE_SNIFFED_FLAC,
    TUNE_SNIFFED_OGG, /* Vorbis or FLAC in Ogg */
    TUNE_SNIFFED_OPUS,
    TUNE_SNIFFED_MP3,
    TUNE_SNIFFED_MIDI,
    TUNE_SNIFFED_MUSICXML,
    TUNE_SNIFFED_ABC,
    TUNE_SNIFFED_SCORE, /* our own JSON */
    TUNE_N_SNIFFED
} TuneSniffed;

/* So many bytes of the beginning decide; fewer only at the end of a file. */
#define TUNE_SNIFF_BYTES 16384u

/* TUNE_AUDIO_ERROR_FORMAT says what can be read, and what this is when that is known.  Any bytes
 * may be given; nothing is allocated but the message. */
gboolean tune_sniff(const guint8 *head, gsize n_head, TuneSniffed *out, GError **error);

/* Sound, not a score. */
gboolean tune_sniffed_is_sound(TuneSniffed kind);
const char *tune_sniffed_name(TuneSniffed kind); /* "wav", "midi", ... */
const char *tune_sniffed_mime(TuneSniffed kind);
