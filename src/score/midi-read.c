/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bytes of a Standard MIDI File as a flat list of events in time order; midi-import.c makes a
 * score of them.  Every length is checked against what is left of its chunk before use.
 */
#include "score/midi-events.h"
#include "score/import.h"
#include "score/midi-private.h"
#include "score/score-private.h"

#include <string.h>

#define MAX_EVENTS 3000000
#define MAX_CHUNKS 4096

typedef struct {
    const char *name;
    const guint8 *data;
    gsize at, end; /* of the chunk that is being read */
    gint64 file_ticks;
    gint ppq;
    guint chunk;
    guint8 running; /* status byte that may be left out */
    TuneMidiFile *file;
    GError **error;
} Reader;

static gboolean fail(Reader *self, TuneScoreError code, const char *why)
{
    return tune_score_fail(self->error, code, "%s: byte %" G_GSIZE_FORMAT ": %s", self->name,
                           self->at, why);
}

static gboolean cut_short(Reader *self)
{
    return fail(self, TUNE_SCORE_ERROR_SYNTAX, "the file is cut short here");
}

static guint32 be(const guint8 *bytes, gint n)
{
    guint32 value = 0;

    for (gint i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

static gboolean read_number(Reader *self, guint32 *out)
{
    guint32 value = 0;

    for (gint i = 0; i < 4; i++) {
        if (self->at >= self->end)
            return cut_short(self);
        guint8 byte = self->data[self->at++];
        value = value << 7 | (byte & 0x7f);
        if (byte < 0x80) {
            *out = value;
            return TRUE;
        }
    }
    return fail(self, TUNE_SCORE_ERROR_SYNTAX, "a number of more than four bytes");
}

static gboolean add_event(Reader *self, guint8 status, guint8 a, guint8 b, gint32 value)
{
    gint64 tick = (self->file_ticks * TUNE_PPQ + self->ppq / 2) / self->ppq;
    TuneMidiEvent event = {(gint)tick, (guint16)self->chunk, status, a, b, value};

    if (tick > TUNE_SCORE_MAX_TICKS)
        return fail(self, TUNE_SCORE_ERROR_UNSUPPORTED, "the piece is too long");
    if (self->file->events->len >= MAX_EVENTS)
        return fail(self, TUNE_SCORE_ERROR_UNSUPPORTED, "more than three million events");
    g_array_append_val(self->file->events, event);
    return TRUE;
}

static gboolean read_meta(Reader *self, gboolean *ended)
{
    guint32 size = 0;

    if (self->at >= self->end)
        return cut_short(self);
    guint8 type = self->data[self->at++];
    if (!read_number(self, &size))
        return FALSE;
    if (size > self->end - self->at)
        return cut_short(self);
    const guint8 *bytes = self->data + self->at;
    self->at += size;
    *ended = type == 0x2f;
    if (type >= 0x01 && type <= 0x06) {
        g_ptr_array_add(self->file->texts, tune_import_text(bytes, size));
        return add_event(self, 0xff, type, 0, (gint32)self->file->texts->len - 1);
    }
    if (type == 0x51 && size >= 3)
        return add_event(self, 0xff, type, 0, (gint32)be(bytes, 3));
    if ((type == 0x58 || type == 0x59) && size >= 2)
        return add_event(self, 0xff, type, 0, (gint32)be(bytes, 2));
    return type != 0x2f || add_event(self, 0xff, type, 0, 0);
}

static gboolean skip_exclusive(Reader *self)
{
    guint32 size = 0;

    if (!read_number(self, &size))
        return FALSE;
    if (size > self->end - self->at)
        return cut_short(self);
    self->at += size;
    return TRUE;
}

static gboolean read_channel_event(Reader *self, guint8 status)
{
    gint n = (status & 0xe0) == 0xc0 ? 1 : 2; /* program and pressure have one byte */
    guint8 data[2] = {0, 0};

    for (gint i = 0; i < n; i++) {
        if (self->at >= self->end)
            return cut_short(self);
        if (self->data[self->at] > 127)
            return fail(self, TUNE_SCORE_ERROR_SYNTAX, "a data byte above 127");
        data[i] = self->data[self->at++];
    }
    if ((status & 0xf0) == 0xa0 || (status & 0xf0) == 0xd0)
        return TRUE; /* pressure: nothing here sounds by it */
    return add_event(self, status, data[0], data[1], 0);
}

static gboolean read_event(Reader *self, gboolean *ended)
{
    guint32 delta = 0;

    if (!read_number(self, &delta))
        return FALSE;
    self->file_ticks += delta;
    if (self->at >= self->end)
        return cut_short(self);
    guint8 status = self->data[self->at];
    if (status < 0x80) {
        if (self->running == 0)
            return fail(self, TUNE_SCORE_ERROR_SYNTAX, "a data byte where an event should begin");
        return read_channel_event(self, self->running);
    }
    self->at++;
    if (status < 0xf0) {
        self->running = status;
        return read_channel_event(self, status);
    }
    self->running = 0;
    if (status == 0xff)
        return read_meta(self, ended);
    if (status == 0xf0 || status == 0xf7)
        return skip_exclusive(self);
    self->at--;
    return fail(self, TUNE_SCORE_ERROR_SYNTAX, "an event that files do not have");
}

static gboolean read_chunk(Reader *self)
{
    gboolean ended = FALSE;

    self->file_ticks = 0;
    self->running = 0;
    while (!ended && self->at < self->end)
        if (!read_event(self, &ended))
            return FALSE;
    return TRUE;
}

static gboolean read_head(Reader *self, gsize size)
{
    if (size < 14 || memcmp(self->data, "MThd", 4) != 0)
        return fail(self, TUNE_SCORE_ERROR_SYNTAX, "not a MIDI file: it does not begin with MThd");
    guint32 head = be(self->data + 4, 4), division = be(self->data + 12, 2);
    self->file->format = (gint)be(self->data + 8, 2);
    if (head < 6 || head > size - 8)
        return fail(self, TUNE_SCORE_ERROR_SYNTAX, "a header of impossible length");
    self->at = 8;
    if (self->file->format > 1)
        return fail(self, TUNE_SCORE_ERROR_UNSUPPORTED,
                    "only MIDI files of types 0 and 1 are read");
    self->at = 12;
    if (division >= 0x8000)
        return fail(self, TUNE_SCORE_ERROR_UNSUPPORTED,
                    "time in SMPTE frames has no beats; export with ticks per quarter note");
    if (division == 0)
        return fail(self, TUNE_SCORE_ERROR_SYNTAX, "zero ticks per quarter note");
    self->ppq = (gint)division;
    self->at = 8 + head;
    return TRUE;
}

static gint compare_events(gconstpointer a, gconstpointer b)
{
    const TuneMidiEvent *x = a, *y = b;

    return x->tick < y->tick ? -1 : x->tick > y->tick; /* the sort is stable: file order stays */
}

static gboolean read_chunks(Reader *self, gsize size)
{
    guint wanted = be(self->data + 10, 2);

    while (self->chunk < wanted && self->chunk < MAX_CHUNKS) {
        self->end = size;
        if (size - self->at < 8)
            return self->chunk > 0 && size == self->at
                       ? fail(self, TUNE_SCORE_ERROR_SYNTAX, "fewer tracks than the header says")
                       : cut_short(self);
        const guint8 *head = self->data + self->at;
        guint32 length = be(head + 4, 4);
        self->at += 8;
        if (length > size - self->at)
            return cut_short(self);
        self->end = self->at + length;
        if (memcmp(head, "MTrk", 4) == 0) {
            if (!read_chunk(self))
                return FALSE;
            self->chunk++;
        }
        self->at = self->at > self->end ? self->at : self->end; /* whatever is behind its end */
    }
    self->file->n_chunks = self->chunk;
    g_array_sort(self->file->events, compare_events);
    return TRUE;
}

void tune_midi_file_free(TuneMidiFile *self)
{
    if (self == NULL)
        return;
    g_array_unref(self->events);
    g_ptr_array_unref(self->texts);
    g_free(self);
}

TuneMidiFile *tune_midi_file_parse(const char *name, const guint8 *data, gsize size, GError **error)
{
    g_autoptr(TuneMidiFile) file = g_new0(TuneMidiFile, 1);
    Reader reader = {.name = name, .data = data, .end = size, .file = file, .error = error};

    file->events = g_array_new(FALSE, FALSE, sizeof(TuneMidiEvent));
    file->texts = g_ptr_array_new_with_free_func(g_free);
    if (!read_head(&reader, size) || !read_chunks(&reader, size))
        return NULL;
    return g_steal_pointer(&file);
}
