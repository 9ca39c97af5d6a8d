/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A MIDI file as a flat list of events in time order, rescaled to TUNE_PPQ.
 */
#pragma once
#include <glib.h>

typedef struct {
    gint tick;
    guint16 chunk; /* which track chunk of the file */
    guint8 status; /* channel event 0x80..0xef, or 0xff: a meta event */
    guint8 a, b;   /* data bytes; a is the type of a meta event */
    gint32 value;  /* meta: index of the text, microseconds a quarter, or two bytes */
} TuneMidiEvent;

typedef struct {
    gint format;
    guint n_chunks;
    GArray *events;   /* TuneMidiEvent, by tick, then file order */
    GPtrArray *texts; /* char*, clean */
} TuneMidiFile;

/* TUNE_SCORE_ERROR with the byte offset.  (transfer full) */
TuneMidiFile *tune_midi_file_parse(const char *name, const guint8 *data, gsize size,
                                   GError **error);
void tune_midi_file_free(TuneMidiFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMidiFile, tune_midi_file_free)
