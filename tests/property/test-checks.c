/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The checks themselves: a sound score has no breach, and each fault that is put into it is found
 * by the property that should find it.
 */
#include "checks.h"

#include "base/data.h"
#include "brief/style-data.h"

#define BAR  (4 * TUNE_PPQ)
#define BARS 32
#define BEAT TUNE_PPQ

static TuneInstruments *instruments; /* read-only after main has loaded them */
static TuneStyles *styles;

enum { LEAD, PIANO, DRUMS };

static void add(TuneTrack *track, gint onset, gint duration, gint pitch, gint velocity)
{
    TuneNote note = {.onset = onset,
                     .duration = duration,
                     .syllable = -1,
                     .pitch = (guint8)pitch,
                     .velocity = (guint8)velocity,
                     .voice = 1};

    note.spelling = track->is_drums ? 0 : tune_fifths_nearest(pitch % 12, 0);
    g_array_append_val(track->notes, note);
}

/* Four bars of melody with a breath at the end of each second; the second half of a section
 * differs. */
static void write_lead(TuneTrack *lead, guint64 seed)
{
    static const gint8 scale[] = {60, 62, 64, 65, 67, 69, 71, 72};

    for (gint bar = 0; bar < BARS; bar++)
        for (gint beat = 0; beat < (bar % 2 == 1 ? 3 : 4); beat++) {
            gint place = bar % 16 * 4 + beat;
            guint64 mixed = (guint64)(place + 3) * (seed * 2654435761u + 40503u);

            add(lead, bar * BAR + beat * BEAT, BEAT - 60, scale[(mixed >> 7) % 8],
                60 + (beat * 13) % 40);
        }
}

static void write_piano(TuneTrack *piano)
{
    for (gint bar = 0; bar < BARS; bar++)
        for (gint i = 0; i < 3; i++)
            for (gint half = 0; half < 2; half++)
                add(piano, bar * BAR + half * 2 * BEAT + (bar == 17 || bar == 25 ? BEAT : 0),
                    BEAT - 100, 48 + i * 4 - (i == 2), 50 + half * 20 + i);
}

static void write_drums(TuneTrack *drums)
{
    for (gint bar = 0; bar < BARS; bar++)
        for (gint eighth = 0; eighth < 8; eighth++) {
            gboolean fill = bar % 8 == 7 && eighth >= 4;

            add(drums, bar * BAR + eighth * BEAT / 2, 100, fill ? 45 : 42, 50 + eighth % 4 * 12);
            if (eighth % 4 == 0)
                add(drums, bar * BAR + eighth * BEAT / 2, 100, 36, 100);
        }
}

static TuneTrack *add_track(TuneScore *score, const char *id, const char *instrument, TuneRole role)
{
    TuneTrack *track = tune_score_add_track(score, id, id);

    g_free(track->instrument);
    track->instrument = g_strdup(instrument);
    track->role = role;
    track->is_drums = role == TUNE_ROLE_DRUMS;
    return track;
}

/* Verse, chorus, verse, chorus; eight bars each at 120 in C: 64 s. */
static TuneScore *sound_score(guint64 seed)
{
    TuneScore *score = tune_score_new();
    TuneTempo tempo = {0, 120};
    TuneMetreChange metre = {0, {4, 4, 0}};
    TuneKeyChange key = {0, {0, TUNE_MODE_MAJOR}};

    g_array_set_size(score->tempos, 0);
    g_array_set_size(score->metres, 0);
    g_array_set_size(score->keys, 0);
    g_array_append_val(score->tempos, tempo);
    g_array_append_val(score->metres, metre);
    g_array_append_val(score->keys, key);
    g_free(score->style);
    score->style = g_strdup("jazz");
    score->ticks = BARS * BAR;
    score->length_us = 66 * G_USEC_PER_SEC;
    score->ending = TUNE_ENDING_RING;
    for (gint i = 0; i < 4; i++) {
        TuneSection section = {
            i * 8 * BAR, 8 * BAR, i % 2 ? TUNE_SECTION_CHORUS : TUNE_SECTION_VERSE,
            0.5,         i % 2,   g_strdup_printf("section %d", i + 1)};
        TuneScoreChord chord = {section.tick, section.ticks, {0, 0, TUNE_CHORD_MAJ7}};

        g_array_append_val(score->sections, section);
        g_array_append_val(score->chords, chord);
    }
    write_lead(add_track(score, "lead", "tenor-sax", TUNE_ROLE_LEAD), seed);
    write_piano(add_track(score, "piano", "acoustic-piano", TUNE_ROLE_COMP));
    write_drums(add_track(score, "drums", "drum-kit", TUNE_ROLE_DRUMS));
    return score;
}

/* What the sound score was asked as. */
static Ask *sound_ask(void)
{
    Ask *ask = ask_new_plain(tune_styles_find(styles, "jazz"), 66, 1);
    static const TuneSectionRole roles[] = {TUNE_SECTION_VERSE, TUNE_SECTION_CHORUS,
                                            TUNE_SECTION_VERSE, TUNE_SECTION_CHORUS};
    TuneChord chord = {0, 0, TUNE_CHORD_MAJ7};

    ask->bpm = 120;
    ask->key_said = ask->metre_said = TRUE;
    ask->key = (TuneKey){0, TUNE_MODE_MAJOR};
    ask->metre = (TuneMetre){4, 4, 0};
    ask->bars = BARS;
    ask->ending = TUNE_ENDING_RING;
    g_array_append_vals(ask->roles, roles, G_N_ELEMENTS(roles));
    g_array_append_val(ask->chords, chord);
    g_ptr_array_add(ask->wanted, (gpointer)tune_instruments_find(instruments, "acoustic-piano"));
    g_ptr_array_add(ask->unwanted, (gpointer)tune_instruments_find(instruments, "flute"));
    return ask;
}

static TuneTrack *track(TuneScore *score, gint which)
{
    return score->tracks->pdata[which];
}

static TuneNote *note(TuneScore *score, gint which, guint index)
{
    return &g_array_index(track(score, which)->notes, TuneNote, index);
}

/* ---- faults ---- */

static void other_tempo(TuneScore *s, Ask *a)
{
    g_array_index(s->tempos, TuneTempo, 0).bpm = 121;
}
static void other_key(TuneScore *s, Ask *a)
{
    a->key.mode = TUNE_MODE_MINOR;
}
static void other_metre(TuneScore *s, Ask *a)
{
    a->metre = (TuneMetre){3, 4, 0};
}
static void a_microsecond(TuneScore *s, Ask *a)
{
    s->length_us += 2;
}
static void too_few_bars(TuneScore *s, Ask *a)
{
    a->bars = BARS + 1;
}
static void no_loop(TuneScore *s, Ask *a)
{
    a->loop = TRUE;
}
static void sections_swapped(TuneScore *s, Ask *a)
{
    g_array_index(s->sections, TuneSection, 0).role = TUNE_SECTION_BRIDGE;
}
static void section_gap(TuneScore *s, Ask *a)
{
    g_array_index(s->sections, TuneSection, 1).tick += BAR;
}
static void other_chord(TuneScore *s, Ask *a)
{
    g_array_index(a->chords, TuneChord, 0).quality = TUNE_CHORD_DIM;
}
static void missing_instrument(TuneScore *s, Ask *a)
{
    g_ptr_array_add(a->wanted, a->unwanted->pdata[0]);
}
static void unwanted_plays(TuneScore *s, Ask *a)
{
    g_ptr_array_add(a->unwanted, a->wanted->pdata[0]);
}
static void drums_play(TuneScore *s, Ask *a)
{
    a->no_drums = TRUE;
}
static void other_ending(TuneScore *s, Ask *a)
{
    a->ending = TUNE_ENDING_FADE;
}
static void other_style(TuneScore *s, Ask *a)
{
    a->style = tune_styles_find(styles, "rock");
}
static void zero_length(TuneScore *s, Ask *a)
{
    note(s, LEAD, 9)->duration = 0;
}
static void stuck(TuneScore *s, Ask *a)
{
    note(s, LEAD, 9)->duration = 2 * BARS * BAR;
}
static void out_of_range(TuneScore *s, Ask *a)
{
    note(s, LEAD, 9)->pitch = 110;
}
static void two_at_once(TuneScore *s, Ask *a)
{
    add(track(s, LEAD), 0, BEAT, 55, 90);
}
static void final_chord_wrong(TuneScore *s, Ask *a)
{
    g_array_index(s->chords, TuneScoreChord, 3).chord.root = 1;
}

static void overlap(TuneScore *s, Ask *a)
{
    note(s, PIANO, 3)->onset = note(s, PIANO, 0)->onset + 10;
}

static void flat_velocities(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < track(s, PIANO)->notes->len; i++)
        note(s, PIANO, i)->velocity = (guint8)(60 + i % 3);
}

static void foreign_notes(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < 40; i++)
        note(s, LEAD, i)->pitch = 61;
}

static void breathless(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < track(s, LEAD)->notes->len; i++)
        note(s, LEAD, i)->duration = 2 * BEAT;
}

static void repeats_unlike(TuneScore *s, Ask *a)
{
    for (gint which = LEAD; which <= DRUMS; which++)
        for (guint i = 0; i < track(s, which)->notes->len; i++)
            if (note(s, which, i)->onset >= 16 * BAR)
                note(s, which, i)->pitch = (guint8)(note(s, which, i)->pitch + i % 7 + 1);
}

static void repeats_identical(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < track(s, PIANO)->notes->len; i++)
        if (note(s, PIANO, i)->onset / BAR == 17)
            note(s, PIANO, i)->onset -= BEAT;
}

static void hook_changed(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < track(s, LEAD)->notes->len; i++)
        if (note(s, LEAD, i)->onset >= 24 * BAR && i % 5 == 0)
            note(s, LEAD, i)->pitch++;
}

static void no_fills(TuneScore *s, Ask *a)
{
    for (guint i = 0; i < track(s, DRUMS)->notes->len; i++)
        if (note(s, DRUMS, i)->pitch == 45)
            note(s, DRUMS, i)->pitch = 42;
}

static const struct {
    const char *property, *name;
    void (*plant)(TuneScore *score, Ask *ask);
} FAULTS[] = {
    {"hard/tempo", "other-tempo", other_tempo},
    {"hard/key", "other-key", other_key},
    {"hard/metre", "other-metre", other_metre},
    {"hard/length", "two-microseconds", a_microsecond},
    {"hard/bars", "a-bar-too-few", too_few_bars},
    {"hard/loop", "no-loop", no_loop},
    {"hard/sections", "other-section", sections_swapped},
    {"form/sections-cover", "gap", section_gap},
    {"hard/chords", "other-chord", other_chord},
    {"hard/instruments-in", "missing", missing_instrument},
    {"hard/instruments-out", "plays", unwanted_plays},
    {"hard/no-drums", "drums", drums_play},
    {"hard/ending", "other-ending", other_ending},
    {"hard/style", "other-style", other_style},
    {"notes/sound", "zero-length", zero_length},
    {"notes/sound", "stuck", stuck},
    {"notes/range", "too-high", out_of_range},
    {"notes/overlap", "overlap", overlap},
    {"notes/polyphony", "two-at-once", two_at_once},
    {"notes/velocity-spread", "flat", flat_velocities},
    {"notes/fit", "foreign", foreign_notes},
    {"melody/breath", "breathless", breathless},
    {"form/repeats-alike", "unlike", repeats_unlike},
    {"form/repeats-vary", "identical", repeats_identical},
    {"melody/hook-returns", "changed", hook_changed},
    {"drums/fills", "none", no_fills},
    {"form/final-chord", "on-the-dominant", final_chord_wrong},
};

static Violations *check(const Ask *ask, const TuneScore *score)
{
    Violations *found = violations_new();

    check_request(found, ask, score);
    check_notes(found, ask, score, instruments);
    check_music(found, ask, score);
    check_voices(found, ask, score);
    return found;
}

static void test_sound_score_has_no_breach(void)
{
    g_autoptr(Ask) ask = sound_ask();
    g_autoptr(TuneScore) score = sound_score(1);
    Violations *found = check(ask, score);

    for (gsize i = 0; i < G_N_ELEMENTS(FAULTS); i++)
        if (violations_count(found, FAULTS[i].property) > 0)
            violations_assert(found, FAULTS[i].property, 0);
    violations_free(found);
}

static void test_fault(gconstpointer data)
{
    gsize i = GPOINTER_TO_SIZE(data);
    g_autoptr(Ask) ask = sound_ask();
    g_autoptr(TuneScore) score = sound_score(1);
    Violations *found;

    FAULTS[i].plant(score, ask);
    found = check(ask, score);
    g_assert_cmpuint(violations_count(found, FAULTS[i].property), >, 0);
    violations_free(found);
}

static void test_distance_of_melodies(void)
{
    g_autoptr(TuneScore) a = sound_score(1), b = sound_score(2), again = sound_score(1);

    g_assert_cmpfloat(melody_distance(a, again), ==, 0);
    g_assert_cmpfloat(melody_distance(a, b), >, 0.4);
    /* The same melody a fifth higher, in the key a fifth higher, is the same melody. */
    g_array_index(again->keys, TuneKeyChange, 0).key.tonic = 1;
    for (guint i = 0; i < track(again, LEAD)->notes->len; i++)
        note(again, LEAD, i)->pitch = (guint8)(note(again, LEAD, i)->pitch + 7);
    g_assert_cmpfloat(melody_distance(a, again), ==, 0);
}

/* A flute line over a cello, in parallel fifths through every bar. */
static void test_parallels_are_heard(void)
{
    g_autoptr(Ask) ask = ask_new_plain(tune_styles_find(styles, "classical"), 0, 1);
    g_autoptr(TuneScore) score = sound_score(1);
    TuneTrack *second = add_track(score, "second", "flute", TUNE_ROLE_COUNTER);
    Violations *found = violations_new();

    g_assert_true(ask->style->melody.strict);
    for (guint i = 0; i < track(score, LEAD)->notes->len; i++) {
        const TuneNote *n = note(score, LEAD, i);
        /* Contrary steps below, but for a run of fifths in one bar. */
        gboolean parallel = n->onset / BAR == 4;
        add(second, n->onset, n->duration, parallel ? n->pitch + 7 : 132 - n->pitch, 70);
    }
    check_voices(found, ask, score);
    g_assert_cmpuint(violations_count(found, "voices/no-parallels"), >, 0);
    violations_free(found);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = tune_data_find("instruments.yaml", &error);
    int status;

    g_test_init(&argc, &argv, NULL);
    instruments = path ? tune_instruments_load(path, &error) : NULL;
    styles = error == NULL ? tune_styles_load(&error) : NULL;
    g_assert_no_error(error);
    g_test_add_func("/checks/sound-score-has-no-breach", test_sound_score_has_no_breach);
    for (gsize i = 0; i < G_N_ELEMENTS(FAULTS); i++) {
        g_autofree char *name =
            g_strdup_printf("/checks/%s/%s", FAULTS[i].property, FAULTS[i].name);
        g_test_add_data_func(name, GSIZE_TO_POINTER(i), test_fault);
    }
    g_test_add_func("/checks/distance-of-melodies", test_distance_of_melodies);
    g_test_add_func("/checks/parallels-are-heard", test_parallels_are_heard);
    status = g_test_run();
    tune_styles_unref(styles);
    tune_instruments_unref(instruments);
    return status;
}
