/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SFZ instruments: a text that says which sound files play which keys and velocities.  This reads the
 * part of the format that sampled instruments are mostly made of (docs/sound.md lists the opcodes);
 * opcodes that it does not know are passed over, as the format wants it.  #include and #define are refused
 * with a message, because without them an instrument would be silently half.
 *
 * Immutable once loaded; thread-safe to read.
 */
#pragma once
#include "synth/envelope.h"

#define TUNE_SFZ_MAX_REGIONS 20000

typedef enum { TUNE_SFZ_NO_LOOP, TUNE_SFZ_ONE_SHOT, TUNE_SFZ_LOOP, TUNE_SFZ_LOOP_SUSTAIN } TuneSfzLoop;

typedef struct {
    char *sample;       /* as in the text, with default_path in front, '/' between folders */
    guint8 key_low, key_high, velocity_low, velocity_high;
    guint8 centre;      /* the key at which the sample has its own pitch */
    double cents;       /* tune and transpose */
    double keytrack;    /* cents a key; 100 */
    double gain;        /* linear */
    double pan;         /* -1..1 */
    double veltrack;    /* 0..1 */
    TuneAdsr amplitude;
    double hold_s;
    TuneSfzLoop loop;
    gboolean has_loop;  /* said here; otherwise the file's own counts */
    gint64 loop_start, loop_end, offset, end; /* frames; -1 = the file's */
    guint group, off_by;
    guint sequence_length, sequence_position; /* one after another, from 1 */
    guint file;         /* index into the instrument's files */
} TuneSfzRegion;

typedef struct {
    char *path;
    float *frames;      /* [n_frames + margin][n_channels]; NULL before it is loaded */
    gint64 n_frames;
    guint n_channels, rate;
    gint64 loop_start, loop_end; /* of the file; -1 */
} TuneSfzFile;

#define TUNE_SFZ_MARGIN 4 /* silent frames behind every file */

typedef struct {
    GArray *regions;  /* TuneSfzRegion */
    GArray *files;    /* TuneSfzFile */
    char *hash;       /* SHA-256 of the text and of the names and sizes of its files */
} TuneSfz;

/* The regions only; no file is opened.  @name stands for the path in messages.  TUNE_SYNTH_ERROR_SOUNDFONT
 * with file and line.  (transfer full) */
TuneSfz *tune_sfz_parse(const char *name, const char *text, GError **error);
/* The instrument with all its sound files in memory, at most 1 GiB.  (transfer full) */
TuneSfz *tune_sfz_load(const char *path, GError **error);
void tune_sfz_free(TuneSfz *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSfz, tune_sfz_free)
