/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Standard MIDI File, type 1, 960 ticks a quarter: track 0 holds the maps and the words about the
 * whole piece, each part has a track of its own.  Notes are written as performed.
 */
#include "score/format.h"
#include "score/midi-private.h"
#include "score/score-private.h"

#include <math.h>
#include <string.h>

/* Hundredths of a decibel: 40 log10(v / 100).  A table, so that no libm decides a byte. */
static const gint16 volume_cb[128] = {
    0,     -8000, -6796, -6092, -5592, -5204, -4887, -4620, -4388, -4183, -4000, -3834, -3683,
    -3544, -3415, -3296, -3184, -3078, -2979, -2885, -2796, -2711, -2630, -2553, -2479, -2408,
    -2340, -2275, -2211, -2150, -2092, -2035, -1979, -1926, -1874, -1824, -1775, -1727, -1681,
    -1636, -1592, -1549, -1507, -1466, -1426, -1387, -1349, -1312, -1275, -1239, -1204, -1170,
    -1136, -1103, -1070, -1039, -1007, -977,  -946,  -917,  -887,  -859,  -830,  -803,  -775,
    -748,  -722,  -696,  -670,  -645,  -620,  -595,  -571,  -547,  -523,  -500,  -477,  -454,
    -432,  -409,  -388,  -366,  -345,  -324,  -303,  -282,  -262,  -242,  -222,  -202,  -183,
    -164,  -145,  -126,  -107,  -89,   -71,   -53,   -35,   -17,   0,     17,    34,    51,
    68,    85,    101,   118,   134,   150,   166,   181,   197,   212,   228,   243,   258,
    273,   288,   302,   317,   331,   345,   360,   374,   388,   401,   415,
};

guint8 tune_midi_volume_of_db(double db)
{
    guint8 best = 1;

    for (guint8 v = 1; v < 128; v++)
        if (fabs(volume_cb[v] / 100.0 - db) < fabs(volume_cb[best] / 100.0 - db))
            best = v;
    return best;
}

double tune_midi_db_of_volume(guint8 volume)
{
    return MAX(volume_cb[volume & 127] / 100.0, -60.0);
}

/* ---- events ---- */

/* At one tick: ends of notes, then settings, then words, then beginnings of notes. */
enum { ORDER_OFF, ORDER_SETTING, ORDER_CONTROL, ORDER_WORDS, ORDER_ON };

typedef struct {
    gint tick;
    guint8 order;
    guint8 status; /* 0xff: meta event of type @a with @data */
    guint8 a, b;
    GBytes *data;
} Event;

static void clear_event(gpointer data)
{
    g_clear_pointer(&((Event *)data)->data, g_bytes_unref);
}

static GArray *events_new(void)
{
    GArray *events = g_array_new(FALSE, FALSE, sizeof(Event));

    g_array_set_clear_func(events, clear_event);
    return events;
}

static void add(GArray *events, gint tick, guint8 order, guint8 status, guint a, guint b)
{
    Event event = {tick, order, status, (guint8)a, (guint8)b, NULL};

    g_array_append_val(events, event);
}

static void add_meta(GArray *events, gint tick, guint8 order, guint8 type, gconstpointer data,
                     gsize size)
{
    Event event = {tick, order, 0xff, type, 0, g_bytes_new(data, size)};

    g_array_append_val(events, event);
}

static void add_text(GArray *events, gint tick, guint8 type, const char *text)
{
    if (*text != '\0')
        add_meta(events, tick, ORDER_WORDS, type, text, strlen(text));
}

static gint compare_events(gconstpointer a, gconstpointer b)
{
    const Event *x = a, *y = b;

    if (x->tick != y->tick)
        return x->tick < y->tick ? -1 : 1;
    return (gint)x->order - (gint)y->order;
}

static void put_number(GByteArray *out, guint32 value)
{
    guint8 bytes[5];
    gint n = 0;

    do {
        bytes[n] = (guint8)((value & 0x7f) | (n > 0 ? 0x80 : 0));
        n++;
        value >>= 7;
    } while (value > 0);
    while (n > 0)
        g_byte_array_append(out, &bytes[--n], 1);
}

static void put_be(GByteArray *out, guint32 value, gint n_bytes)
{
    for (gint i = n_bytes - 1; i >= 0; i--) {
        guint8 byte = (guint8)(value >> (8 * i));
        g_byte_array_append(out, &byte, 1);
    }
}

static void put_event(GByteArray *out, const Event *event)
{
    const guint8 bytes[3] = {event->status, event->a, event->b};

    if (event->status == 0xff) {
        gsize size = 0;
        gconstpointer data = g_bytes_get_data(event->data, &size);
        g_byte_array_append(out, bytes, 2);
        put_number(out, (guint32)size);
        if (size > 0)
            g_byte_array_append(out, data, (guint)size);
    } else
        g_byte_array_append(out, bytes, (event->status & 0xf0) == 0xc0 ? 2 : 3);
}

/* Sorts the events and appends them as a chunk that ends at @end or with the last event. */
static void put_track(GByteArray *out, GArray *events, gint end)
{
    gint now = 0;

    g_array_sort(events, compare_events);
    g_byte_array_append(out, (const guint8 *)"MTrk", 4);
    guint size_at = out->len;
    put_be(out, 0, 4);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = &g_array_index(events, Event, i);
        put_number(out, (guint32)(event->tick - now));
        put_event(out, event);
        now = event->tick;
    }
    put_number(out, (guint32)MAX(end - now, 0));
    g_byte_array_append(out, (const guint8 *)"\xff\x2f\x00", 3);
    guint32 size = GUINT32_TO_BE(out->len - size_at - 4);
    memcpy(out->data + size_at, &size, 4);
}

/* ---- track 0 ---- */

static void add_maps(GArray *events, const TuneScore *score)
{
    for (guint i = 0; i < score->tempos->len; i++) {
        const TuneTempo *tempo = &g_array_index(score->tempos, TuneTempo, i);
        guint32 us = (guint32)floor(60e6 / tempo->bpm + 0.5);
        const guint8 data[3] = {(guint8)(us >> 16), (guint8)(us >> 8), (guint8)us};
        add_meta(events, tempo->tick, ORDER_SETTING, 0x51, data, 3);
    }
    for (guint i = 0; i < score->metres->len; i++) {
        const TuneMetreChange *change = &g_array_index(score->metres, TuneMetreChange, i);
        /* MIDI clocks (24 a quarter) in a metronome click, and 32nds in a quarter. */
        const guint8 data[4] = {change->metre.beats, (guint8)g_bit_nth_lsf(change->metre.unit, -1),
                                (guint8)(tune_metre_beat_ticks(change->metre) * 24 / TUNE_PPQ), 8};
        add_meta(events, change->tick, ORDER_SETTING, 0x58, data, 4);
    }
    for (guint i = 0; i < score->keys->len; i++) {
        const TuneKeyChange *change = &g_array_index(score->keys, TuneKeyChange, i);
        const guint8 data[2] = {(guint8)tune_key_signature(change->key),
                                tune_mode_is_minor(change->key.mode) ? 1 : 0};
        add_meta(events, change->tick, ORDER_SETTING, 0x59, data, 2);
    }
}

static void add_form(GArray *events, const TuneScore *score)
{
    gint end = 0;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *section = &g_array_index(score->sections, TuneSection, i);
        add_text(events, section->tick, 0x06,
                 *section->name != '\0' ? section->name : tune_section_role_name(section->role));
    }
    for (guint i = 0; i < score->chords->len; i++) {
        const TuneScoreChord *chord = &g_array_index(score->chords, TuneScoreChord, i);
        g_autofree char *symbol = tune_chord_to_string(chord->chord);
        g_autofree char *text = g_strconcat(TUNE_MIDI_CHORD_PREFIX, symbol, NULL);
        if (i > 0 && end < chord->tick)
            add_text(events, end, 0x01, TUNE_MIDI_CHORD_PREFIX TUNE_MIDI_NO_CHORD);
        add_text(events, chord->tick, 0x01, text);
        end = chord->tick + chord->ticks;
    }
    if (score->chords->len > 0 && end < score->ticks)
        add_text(events, end, 0x01, TUNE_MIDI_CHORD_PREFIX TUNE_MIDI_NO_CHORD);
}

static void put_conductor(GByteArray *out, const TuneScore *score)
{
    g_autoptr(GArray) events = events_new();

    add_text(events, 0, 0x03, score->title);
    add_text(events, 0, 0x02, score->rights);
    if (*score->creator != '\0') {
        g_autofree char *text = g_strconcat(TUNE_MIDI_CREATOR_PREFIX, score->creator, NULL);
        add_text(events, 0, 0x01, text);
    }
    add_maps(events, score);
    add_form(events, score);
    put_track(out, events, score->ticks);
}

/* ---- parts ---- */

static guint share(double value)
{
    return (guint)floor(value * 127 + 0.5);
}

static gboolean has_bend(const TuneTrack *track)
{
    for (guint i = 0; i < track->controls->len; i++)
        if (g_array_index(track->controls, TuneControl, i).control == TUNE_CONTROL_BEND)
            return TRUE;
    return FALSE;
}

/* Bank, program and mix; the pitch bend's range (registered parameter 0) where it is used. */
static void add_settings(GArray *events, const TuneTrack *track, guint8 channel)
{
    guint8 control = 0xb0 | channel;
    gint pan = 64 + (gint)floor(track->mix.pan * 64 + 0.5);

    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_BANK, track->bank);
    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_BANK_LOW, 0);
    add(events, 0, ORDER_SETTING, 0xc0 | channel, track->program, 0);
    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_VOLUME,
        tune_midi_volume_of_db(track->mix.level_db));
    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_PAN, (guint)MIN(pan, 127));
    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_REVERB, share(track->mix.reverb));
    add(events, 0, ORDER_SETTING, control, TUNE_MIDI_CHORUS, share(track->mix.chorus));
    if (!has_bend(track))
        return;
    const guint8 range[6][2] = {{TUNE_MIDI_RPN_HIGH, 0},   {TUNE_MIDI_RPN_LOW, 0},
                                {TUNE_MIDI_DATA, 2},       {TUNE_MIDI_DATA_LOW, 0},
                                {TUNE_MIDI_RPN_HIGH, 127}, {TUNE_MIDI_RPN_LOW, 127}};
    for (gsize i = 0; i < G_N_ELEMENTS(range); i++)
        add(events, 0, ORDER_SETTING, control, range[i][0], range[i][1]);
}

static void put_part(GByteArray *out, const TuneTrack *track, guint8 channel, gint end)
{
    g_autoptr(GArray) events = events_new();

    add_meta(events, 0, ORDER_OFF, 0x03, track->name, strlen(track->name));
    add_settings(events, track, channel);
    for (guint i = 0; i < track->controls->len; i++) {
        const TuneControl *c = &g_array_index(track->controls, TuneControl, i);
        guint bend = (guint)(c->value + 8192);
        if (c->control == TUNE_CONTROL_BEND)
            add(events, c->tick, ORDER_CONTROL, 0xe0 | channel, bend & 0x7f, bend >> 7);
        else
            add(events, c->tick, ORDER_CONTROL, 0xb0 | channel, c->control, (guint)c->value);
    }
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gint onset = tune_note_sounding_onset(note);
        if (note->syllable >= 0)
            add_text(events, onset, 0x05, track->syllables->pdata[note->syllable]);
        add(events, onset, ORDER_ON, 0x90 | channel, note->pitch, note->velocity);
        add(events, tune_note_sounding_end(note), ORDER_OFF, 0x80 | channel, note->pitch, 64);
    }
    put_track(out, events, end);
}

GBytes *tune_score_write_midi(const TuneScore *score, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    guint8 next_channel = 0;

    g_byte_array_append(out, (const guint8 *)"MThd", 4);
    put_be(out, 6, 4);
    put_be(out, 1, 2);
    put_be(out, score->tracks->len + 1, 2);
    put_be(out, TUNE_PPQ, 2);
    put_conductor(out, score);
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        guint8 channel = TUNE_MIDI_DRUM_CHANNEL;
        if (!track->is_drums) {
            if (next_channel == TUNE_MIDI_DRUM_CHANNEL)
                next_channel++;
            channel = next_channel++;
        }
        put_part(out, track, channel, score->ticks);
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}
