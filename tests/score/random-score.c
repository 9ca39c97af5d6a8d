/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"
#include "base/random.h"

#include <string.h>

/* ---- making ---- */

static void add_maps(TuneScore *score, TuneRandom *r)
{
    static const TuneMetre metres[] = {{4, 4, 0}, {3, 4, 0},  {6, 8, 0}, {7, 8, 0},
                                       {2, 4, 0}, {12, 8, 0}, {5, 4, 0}, {3, 16, 0}};
    gint tick = 0;
    gint n_metres = tune_random_int(r, 1, 3);

    for (gint i = 0; i < n_metres; i++) {
        TuneMetreChange change = {tick, metres[tune_random_int(r, 0, G_N_ELEMENTS(metres) - 1)]};
        TuneKeyChange key = {tick, {(TuneFifths)tune_random_int(r, -4, 4), TUNE_MODE_MAJOR}};
        if (tune_random_chance(r, 0.5)) {
            key.key.mode = (TuneMode)tune_random_int(r, 0, TUNE_N_MODES - 1);
            key.key.tonic = 0;
        }
        g_array_append_val(score->metres, change);
        g_array_append_val(score->keys, key);
        tick += tune_metre_bar_ticks(change.metre) * tune_random_int(r, 2, 6);
    }
    score->ticks = tick;
    for (gint at = 0; at < tick; at += tune_random_int(r, 500, 9000)) {
        TuneTempo tempo = {at, tune_random_range(r, 40, 220)};
        g_array_append_val(score->tempos, tempo);
    }
}

static void add_form(TuneScore *score, TuneRandom *r)
{
    for (gint at = 0; at < score->ticks;) {
        gint bar;
        gint length = tune_random_int(r, 1, 6) * 960;
        length = MIN(length, score->ticks - at);
        TuneSection section = {.tick = at,
                               .ticks = length,
                               .role = (TuneSectionRole)tune_random_int(r, 0, TUNE_N_SECTIONS - 1),
                               .energy = tune_random_unit(r),
                               .material = tune_random_int(r, 0, 3)};
        TuneFifths root = (TuneFifths)tune_random_int(r, -5, 6);
        TuneScoreChord chord = {
            at, length, {root, root, (TuneChordQuality)tune_random_int(r, 0, TUNE_N_CHORDS - 1)}};
        tune_score_bar_at(score, at, &bar);
        section.name = g_strdup_printf("%s \"%d\" <&>", tune_section_role_name(section.role), bar);
        g_array_append_val(score->sections, section);
        g_array_append_val(score->chords, chord);
        at += length;
    }
}

static void add_note(TuneScore *score, TuneTrack *track, TuneRandom *r, gint onset, gint duration,
                     gint pitch, guint8 voice)
{
    TuneKey key = tune_score_key_at(score, onset);
    TuneNote note = {.onset = onset,
                     .duration = MIN(duration, score->ticks - onset),
                     .onset_offset = (gint16)tune_random_int(r, -25, 25),
                     .duration_offset = (gint16)tune_random_int(r, -60, 30),
                     .syllable = -1,
                     .pitch = (guint8)pitch,
                     .velocity = (guint8)tune_random_int(r, 1, 127),
                     .voice = voice};

    if (!track->is_drums)
        note.spelling = tune_random_chance(r, 0.8)
                            ? tune_key_spell(key, pitch)
                            : tune_fifths_nearest(pitch % 12, tune_random_int(r, -4, 4));
    if (tune_random_chance(r, 0.15))
        note.articulation = (guint8)(1 << tune_random_int(r, 0, 5));
    g_array_append_val(track->notes, note);
}

/* Notes one after another from @onset; returns where the next begins. */
static gint add_figure(TuneScore *score, TuneTrack *track, TuneRandom *r, gint onset, guint8 voice,
                       gint low, gint high)
{
    static const gint plain[] = {120, 240, 240,  480,  480,  480, 720,
                                 960, 960, 1440, 1920, 3840, 4800};
    gint bar_tick;
    gint pitch = tune_random_int(r, low, high);
    gint duration = plain[tune_random_int(r, 0, G_N_ELEMENTS(plain) - 1)];

    tune_score_bar_at(score, onset, &bar_tick);
    if ((onset - bar_tick) % 960 == 0 && tune_random_chance(r, 0.25)) {
        gint unit = tune_random_chance(r, 0.7) ? 320 : tune_random_chance(r, 0.5) ? 160 : 640;
        for (gint i = 0; i < 3 && onset + unit * (i + 1) <= score->ticks; i++)
            if (tune_random_chance(r, 0.85))
                add_note(score, track, r, onset + unit * i, unit, pitch + i, voice);
        return onset + unit * 3;
    }
    if (tune_random_chance(r, 0.8))
        for (gint i = tune_random_int(r, 1, 3); i > 0; i--)
            add_note(score, track, r, onset, duration, pitch + 4 * (i - 1), voice);
    return onset + duration;
}

static void add_words(TuneTrack *track, TuneRandom *r)
{
    static const char *const words[] = {"glo-", "ry",    "a-",      "l\xc3\xa4",
                                        "moon", "don't", "x*y_z~|", "to day"};
    gint last_end = -1;

    for (guint i = 0; i < track->notes->len; i++) {
        TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gboolean alone = note->onset >= last_end && (i + 1 == track->notes->len ||
                                                     note[1].onset >= note->onset + note->duration);
        last_end = MAX(last_end, note->onset + note->duration);
        if (alone && tune_random_chance(r, 0.6))
            note->syllable = tune_track_add_syllable(
                track, words[tune_random_int(r, 0, G_N_ELEMENTS(words) - 1)]);
    }
}

static void add_controls(TuneScore *score, TuneTrack *track, TuneRandom *r)
{
    for (gint at = 0; at < score->ticks; at += tune_random_int(r, 1, 4000)) {
        static const guint8 numbers[] = {1, 7, 10, 11, 64, 91, TUNE_CONTROL_BEND};
        TuneControl c = {at, numbers[tune_random_int(r, 0, G_N_ELEMENTS(numbers) - 1)], 0};
        c.value = (gint16)(c.control == TUNE_CONTROL_BEND ? tune_random_int(r, -8192, 8191)
                                                          : tune_random_int(r, 0, 127));
        g_array_append_val(track->controls, c);
    }
}

static void add_track(TuneScore *score, TuneRandom *r, gint number)
{
    g_autofree char *id = g_strdup_printf("part-%d", number);
    g_autofree char *name = g_strdup_printf("Part <%d> & \"so\" \xc3\xbc", number);
    TuneTrack *track = tune_score_add_track(score, id, name);
    gint low = tune_random_int(r, 28, 70), n_voices = tune_random_int(r, 1, 3);

    track->is_drums = number == 1;
    track->role = (TuneRole)tune_random_int(r, 0, TUNE_N_ROLES - 1);
    track->program = (guint8)tune_random_int(r, 0, 127);
    track->transpose = (gint8)(track->is_drums || tune_random_chance(r, 0.6) ? 0
                               : tune_random_chance(r, 0.5)                  ? -2
                                                                             : -12);
    track->mix = (TuneTrackMix){.level_db = tune_random_range(r, -20, 3),
                                .pan = tune_random_range(r, -1, 1),
                                .reverb = tune_random_unit(r),
                                .chorus = tune_random_unit(r)};
    if (track->is_drums)
        low = 35;
    for (guint8 voice = 1; voice <= n_voices; voice++)
        for (gint at = 0; at < score->ticks;)
            at = add_figure(score, track, r, at, voice, low, low + 30);
    tune_track_resolve_overlaps(track);
    if (!track->is_drums && number % 2 == 0)
        add_words(track, r);
    add_controls(score, track, r);
}

TuneScore *random_score(guint64 seed)
{
    TuneRandom r;
    TuneScore *score = tune_score_new();
    g_autoptr(GError) error = NULL;

    tune_random_init(&r, seed, "test/score");
    g_free(score->title);
    score->title = g_strdup("R\xc3\xa4ndom \"<&>\\ piece");
    g_free(score->rights);
    score->rights = g_strdup("CC0");
    g_free(score->creator);
    score->creator = g_strdup("somebody");
    add_maps(score, &r);
    add_form(score, &r);
    for (gint i = tune_random_int(&r, 1, 5); i > 0; i--)
        add_track(score, &r, i);
    score->length_us = (gint64)tune_random_int(&r, 0, 1000000000) * 100;
    score->fade_us = tune_random_int(&r, 0, 5000000);
    score->loop = tune_random_chance(&r, 0.3);
    score->ending = (TuneEnding)tune_random_int(&r, 0, TUNE_N_ENDINGS - 1);
    score->mix = (TuneScoreMix){tune_random_range(&r, 0.2, 8), 0.75, tune_random_unit(&r),
                                tune_random_range(&r, -1, 1), tune_random_range(&r, 0, 0.8)};
    tune_score_finish(score, &error);
    g_assert_no_error(error);
    return score;
}

/* ---- comparing ---- */

/* Tracks that hold notes: a file need not keep the empty ones. */
static GPtrArray *sounding_tracks(const TuneScore *score)
{
    GPtrArray *tracks = g_ptr_array_new();

    for (guint i = 0; i < score->tracks->len; i++)
        if (((TuneTrack *)score->tracks->pdata[i])->notes->len > 0)
            g_ptr_array_add(tracks, score->tracks->pdata[i]);
    return tracks;
}

static const char *lyric(const TuneTrack *track, const TuneNote *note)
{
    return note->syllable < 0 ? "" : track->syllables->pdata[note->syllable];
}

void assert_same_page(const TuneScore *a, const TuneScore *b)
{
    g_autoptr(GPtrArray) left = sounding_tracks(a), right = sounding_tracks(b);

    g_assert_cmpint(a->ticks, ==, b->ticks);
    g_assert_cmpuint(left->len, ==, right->len);
    for (guint i = 0; i < left->len; i++) {
        const TuneTrack *x = left->pdata[i], *y = right->pdata[i];
        g_assert_cmpstr(x->name, ==, y->name);
        g_assert_cmpint(x->is_drums, ==, y->is_drums);
        for (guint n = 0; n < MIN(x->notes->len, y->notes->len); n++) {
            const TuneNote *p = &g_array_index(x->notes, TuneNote, n);
            const TuneNote *q = &g_array_index(y->notes, TuneNote, n);
            g_test_message("track %s note %u: %d+%d %u | %d+%d %u", x->id, n, p->onset, p->duration,
                           p->pitch, q->onset, q->duration, q->pitch);
            g_assert_cmpint(p->onset, ==, q->onset);
            g_assert_cmpint(p->pitch, ==, q->pitch);
            g_assert_cmpint(p->duration, ==, q->duration);
            g_assert_cmpint(p->spelling, ==, q->spelling);
            g_assert_cmpstr(lyric(x, p), ==, lyric(y, q));
        }
        g_assert_cmpuint(x->notes->len, ==, y->notes->len);
    }
}

static gint compare_sounds(gconstpointer a, gconstpointer b)
{
    const TuneNote *x = a, *y = b;
    gint d = tune_note_sounding_onset(x) - tune_note_sounding_onset(y);

    return d != 0 ? d : x->pitch - y->pitch;
}

void assert_same_tempo(const TuneScore *a, const TuneScore *b)
{
    g_assert_cmpuint(a->tempos->len, ==, b->tempos->len);
    for (guint i = 0; i < a->tempos->len; i++) {
        const TuneTempo *x = &g_array_index(a->tempos, TuneTempo, i);
        const TuneTempo *y = &g_array_index(b->tempos, TuneTempo, i);
        g_assert_cmpint(x->tick, ==, y->tick);
        g_assert_cmpfloat_with_epsilon(60e6 / x->bpm, 60e6 / y->bpm, 0.5001);
    }
}

void assert_same_sound(const TuneScore *a, const TuneScore *b)
{
    g_autoptr(GPtrArray) left = sounding_tracks(a), right = sounding_tracks(b);

    assert_same_tempo(a, b);
    g_assert_cmpuint(left->len, ==, right->len);
    for (guint i = 0; i < left->len; i++) {
        const TuneTrack *x = left->pdata[i], *y = right->pdata[i];
        g_autoptr(GArray) p = g_array_copy(x->notes), q = g_array_copy(y->notes);
        g_assert_cmpint(x->is_drums, ==, y->is_drums);
        g_assert_cmpint(x->program, ==, y->program);
        g_assert_cmpuint(p->len, ==, q->len);
        g_array_sort(p, compare_sounds);
        g_array_sort(q, compare_sounds);
        for (guint n = 0; n < p->len; n++) {
            const TuneNote *s = &g_array_index(p, TuneNote, n), *t = &g_array_index(q, TuneNote, n);
            g_assert_cmpint(tune_note_sounding_onset(s), ==, tune_note_sounding_onset(t));
            g_assert_cmpint(tune_note_sounding_end(s), ==, tune_note_sounding_end(t));
            g_assert_cmpint(s->pitch, ==, t->pitch);
            g_assert_cmpint(s->velocity, ==, t->velocity);
        }
        g_assert_cmpuint(x->controls->len, ==, y->controls->len);
        for (guint n = 0; n < x->controls->len; n++) {
            const TuneControl *c = &g_array_index(x->controls, TuneControl, n);
            const TuneControl *d = &g_array_index(y->controls, TuneControl, n);
            g_assert_true(c->tick == d->tick && c->control == d->control && c->value == d->value);
        }
    }
}
