/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tempo and key of pieces that FluidSynth's own program renders from MIDI files written here.
 */
#include "audio-test.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include "audio/measure.h"

#define SOUNDFONT "/usr/share/sounds/sf2/FluidR3_GM.sf2"
#define TICKS     480
#define N_BARS    16

typedef struct {
    const char *name;
    double bpm;
    gint tonic;
    gboolean minor;
    guint beats; /* a bar */
    guint8 chords, bass;
    gboolean drums, swing;
} Piece;

static const Piece pieces[] = {
    {"rock", 126.0, 4, TRUE, 4, 30, 33, TRUE, FALSE},
    {"pop", 98.4, 7, FALSE, 4, 4, 33, TRUE, FALSE},
    {"swing", 112.0, 5, TRUE, 4, 0, 32, TRUE, TRUE},
    {"waltz", 104.0, 2, FALSE, 3, 21, 43, FALSE, FALSE},
    {"strings", 88.0, 10, FALSE, 4, 45, 42, FALSE, FALSE},
    {"house", 124.0, 9, TRUE, 4, 81, 38, TRUE, FALSE},
};

typedef struct {
    guint32 tick;
    guint8 bytes[3];
} Event;

static void add(GArray *events, double beat, double beats, guint8 channel, gint pitch,
                guint8 velocity)
{
    Event on = {(guint32)(beat * TICKS), {0x90 | channel, (guint8)pitch, velocity}};
    Event off = {(guint32)((beat + beats) * TICKS) - 1, {0x80 | channel, (guint8)pitch, 0}};

    g_array_append_val(events, on);
    g_array_append_val(events, off);
}

static gint by_tick(gconstpointer a, gconstpointer b)
{
    const Event *x = a, *y = b;

    return x->tick != y->tick ? (x->tick < y->tick ? -1 : 1) : x->bytes[0] - y->bytes[0];
}

static void add_drums(GArray *events, double t, guint b, gboolean swing)
{
    add(events, t, 0.2, 9, b % 2 == 0 ? 36 : 38, 110);
    add(events, t, 0.2, 9, 42, 80);
    add(events, t + (swing ? 0.667 : 0.5), 0.2, 9, 42, 60);
}

static GArray *compose(const Piece *piece)
{
    static const gint8 major[4] = {0, 5, 7, 0}, minor[4] = {0, 5, 8, 7};
    GArray *events = g_array_new(FALSE, FALSE, sizeof(Event));

    for (guint bar = 0; bar <= N_BARS; bar++) {
        gint degree = bar == N_BARS ? 0 : piece->minor ? minor[bar % 4] : major[bar % 4];
        gboolean minor_chord = piece->minor && degree != 8 && degree != 7;
        gint root = 48 + (piece->tonic + degree) % 12;

        for (guint b = 0; b < (bar == N_BARS ? 1 : piece->beats); b++) {
            double t = bar * piece->beats + b, length = bar == N_BARS ? 4.0 : 0.9;

            add(events, t, length, 1, root - 12, 95);
            if (piece->beats == 4 || b > 0) {
                add(events, t, length, 0, root, 80);
                add(events, t, length, 0, root + (minor_chord ? 3 : 4), 80);
                add(events, t, length, 0, root + 7, 80);
            }
            if (piece->drums)
                add_drums(events, t, b, piece->swing);
        }
    }
    g_array_sort(events, by_tick);
    return events;
}

static void put_be(GByteArray *out, guint32 value, gint bytes)
{
    for (gint i = bytes - 1; i >= 0; i--) {
        guint8 byte = (guint8)(value >> (8 * i));

        g_byte_array_append(out, &byte, 1);
    }
}

/* Standard MIDI file, format 0. */
static void write_midi(const char *path, const Piece *piece)
{
    g_autoptr(GArray) events = compose(piece);
    g_autoptr(GByteArray) track = g_byte_array_new(), file = g_byte_array_new();
    guint8 programs[] = {0, 0xC0, piece->chords, 0, 0xC1, piece->bass};
    guint32 last = 0;

    put_be(track, 0x00FF5103, 4);
    put_be(track, (guint32)(60e6 / piece->bpm + 0.5), 3);
    g_byte_array_append(track, programs, sizeof programs);
    for (guint i = 0; i < events->len; i++) {
        const Event *event = &g_array_index(events, Event, i);
        guint32 delta = event->tick - last;

        put_be(track, 0x80 | (delta >> 14 & 0x7F), 1);
        put_be(track, 0x80 | (delta >> 7 & 0x7F), 1);
        put_be(track, delta & 0x7F, 1);
        g_byte_array_append(track, event->bytes, 3);
        last = event->tick;
    }
    put_be(track, 0x00FF2F00, 4);
    g_byte_array_append(file, (const guint8 *)"MThd\0\0\0\6\0\0\0\1", 12);
    put_be(file, TICKS, 2);
    g_byte_array_append(file, (const guint8 *)"MTrk", 4);
    put_be(file, track->len, 4);
    g_byte_array_append(file, track->data, track->len);
    g_assert_true(g_file_set_contents(path, (const char *)file->data, file->len, NULL));
}

static void measure_file(const char *path, double expected, TuneMeasured *out, double *near)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, &error);
    float block[2 * 4096];
    gsize got;

    g_assert_no_error(error);
    g_autoptr(TuneMeasure) meter = tune_measure_new(source->rate, source->n_channels);
    do {
        g_assert_true(tune_source_read(source, block, 4096, &got, &error));
        tune_measure_feed(meter, block, got);
    } while (got > 0);
    tune_measure_read(meter, out);
    *near = tune_measure_bpm_near(meter, expected, NULL);
}

static void test_rendered_pieces(void)
{
    g_autofree char *folder = NULL;

    if (!g_file_test(SOUNDFONT, G_FILE_TEST_EXISTS)) {
        g_test_skip(SOUNDFONT " is not installed");
        return;
    }
    folder = test_folder();
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
        const Piece *piece = &pieces[i];
        g_autofree char *midi = g_build_filename(folder, "a.mid", NULL);
        g_autofree char *wav = g_build_filename(folder, "a.wav", NULL);
        g_autofree char *command = g_strdup_printf(
            "fluidsynth -ni -q -g 0.5 -r 44100 -F '%s' " SOUNDFONT " '%s' 2>&1", wav, midi);
        TuneMeasured measured;
        double near;

        write_midi(midi, piece);
        g_autofree char *out = test_output_of("fluidsynth", command);
        if (out == NULL)
            break;
        measure_file(wav, piece->bpm, &measured, &near);
        g_autofree char *key = tune_key_to_string(measured.key);
        g_test_message("%s, %.1f: %.3f (%.2f) or %.3f, %s (%.2f)", piece->name, piece->bpm,
                       measured.bpm, measured.beat_confidence, measured.bpm_other, key,
                       measured.key_confidence);
        g_assert_cmpfloat_with_epsilon(near / piece->bpm, 1.0, 0.004);
        g_assert_true(fabs(measured.bpm / piece->bpm - 1.0) < 0.004 ||
                      fabs(measured.bpm_other / piece->bpm - 1.0) < 0.004);
        g_assert_cmpint(tune_fifths_pitch_class(measured.key.tonic), ==, piece->tonic);
        g_assert_cmpint(measured.key.mode, ==, piece->minor ? TUNE_MODE_MINOR : TUNE_MODE_MAJOR);
    }
    test_remove_folder(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/measure/rendered-pieces", test_rendered_pieces);
    return g_test_run();
}
