/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Voices that are written together, looked at before they are performed.
 */
#include "brief-fixture.h"
#include "compose/hand.h"
#include "compose/pattern.h"
#include "compose/weave.h"

#include <stdlib.h>

typedef struct {
    BriefFixture *fixture;
    Plan plan;
} Woven;

/* One section of @bars in @texture, for @style. */
static void woven_init(Woven *w, const char *style, const char *texture, gint bars, guint64 seed)
{
    w->fixture = brief_fixture_new(style);
    for (gint i = 0; i < 2; i++)
        brief_fixture_section(w->fixture, i == 0 ? TUNE_SECTION_THEME : TUNE_SECTION_CODA, i == 0 ? bars : 4);
    w->fixture->brief.ending = TUNE_ENDING_RING;
    w->plan = (Plan){.brief = &w->fixture->brief, .vocabulary = w->fixture->vocabulary,
                     .style = w->fixture->brief.style, .seed = seed, .score = tune_score_new()};
    g_assert_true(plan_form(&w->plan, NULL));
    g_assert_true(plan_arrange(&w->plan, NULL));
    w->plan.sections[0].texture_name = texture;
    plan_textures(&w->plan);
    g_assert_nonnull(w->plan.sections[0].texture);
    g_assert_cmpstr(w->plan.sections[0].texture->name, ==, texture);
    g_assert_true(plan_harmony(&w->plan, NULL));
    plan_melody(&w->plan);
}

static void woven_clear(Woven *w)
{
    g_free(w->plan.sections);
    g_free(w->plan.chords);
    tune_score_unref(w->plan.score);
    brief_fixture_free(w->fixture);
}

static gint pitch_of(const Weave *weave, gint voice, gint tick)
{
    return track_pitch_at(weave->voice[voice].part->track, tick);
}

/* Consecutive fifths and octaves in similar motion, beat by beat. */
static gint count_parallels(const Weave *weave)
{
    gint beat = weave->plan->beat_ticks, found = 0;

    for (gint tick = weave->start + beat; tick < weave->end; tick += beat)
        for (gint i = 0; i < weave->n; i++)
            for (gint k = 0; k < i; k++) {
                gint a = pitch_of(weave, k, tick - beat), b = pitch_of(weave, i, tick - beat);
                gint a2 = pitch_of(weave, k, tick), b2 = pitch_of(weave, i, tick);
                if (a <= 0 || b <= 0 || a2 <= 0 || b2 <= 0 || a == a2 || b == b2 || (a2 > a) != (b2 > b))
                    continue;
                gint before = abs(a - b) % 12, now = abs(a2 - b2) % 12;
                found += before == now && (now == 0 || now == 7);
            }
    return found;
}

/* Four voices move together, hardly ever in parallels, in order, and on the tones of their chords. */
static void test_chorale_keeps_the_rules(void)
{
    gint parallels = 0, crossings = 0, beats = 0, foreign = 0, thirdless = 0;

    for (guint64 seed = 1; seed <= 12; seed++) {
        Woven w;
        Weave weave;
        woven_init(&w, "choral", "note against note", 8, seed);
        weave_init(&weave, &w.plan, &w.plan.sections[0]);
        g_assert_cmpint(weave.n, ==, 4);
        g_assert_cmpint(weave.lead, ==, 0);
        parallels += count_parallels(&weave);
        for (gint c = 0; c < w.plan.n_chords; c++) {
            const PlanChord *chord = &w.plan.chords[c];
            guint16 tones = tune_chord_mask(chord->chord), sounding = 0;
            if (chord->tick >= weave.end || pitch_of(&weave, 0, chord->tick) <= 0)
                continue;
            for (gint v = 0; v < 4; v++) {
                gint pitch = pitch_of(&weave, v, chord->tick);
                sounding |= (guint16)(pitch > 0 ? 1u << (pitch % 12) : 0);
                foreign += pitch > 0 && v > 0 && !((tones >> (pitch % 12)) & 1);
                crossings += v > 0 && pitch > 0 && pitch > pitch_of(&weave, v - 1, chord->tick);
            }
            beats++;
            thirdless += (sounding & tones) == 0;
        }
        woven_clear(&w);
    }
    g_assert_cmpint(beats, >, 100);
    g_assert_cmpint(parallels, <=, beats / 50);
    g_assert_cmpint(crossings, <=, beats / 25);
    g_assert_cmpint(foreign, <=, beats / 6); /* suspensions */
    g_assert_cmpint(thirdless, ==, 0);
}

/* A seventh steps down (or stays) when the chord changes. */
static void test_sevenths_fall(void)
{
    gint resolved = 0, all = 0;

    for (guint64 seed = 1; seed <= 16; seed++) {
        Woven w;
        Weave weave;
        woven_init(&w, "choral", "note against note", 8, seed);
        weave_init(&weave, &w.plan, &w.plan.sections[0]);
        for (gint c = 0; c + 1 < w.plan.n_chords; c++) {
            const PlanChord *now = &w.plan.chords[c], *next = now + 1;
            if (now->chord.quality != TUNE_CHORD_7 || next->tick >= weave.end || now->cadence ||
                next->chord.root == now->chord.root)
                continue;
            gint seventh = (tune_fifths_pitch_class(now->chord.root) + 10) % 12;
            for (gint v = 1; v < 4; v++) {
                gint from = pitch_of(&weave, v, next->tick - w.plan.beat_ticks / 2 - 1);
                gint to = pitch_of(&weave, v, next->tick);
                if (from <= 0 || to <= 0 || from % 12 != seventh)
                    continue;
                all++;
                resolved += from - to >= 0 && from - to <= 2;
            }
        }
        woven_clear(&w);
    }
    g_assert_cmpint(all, >, 5);
    g_assert_cmpint(resolved * 10, >=, all * 7);
}

/* Rhythm and contour of the voice's first notes from @start. */
static gint contour(const TuneTrack *track, gint start, gint ticks, gint onset[8], gint pitch[8])
{
    gint n = 0;

    for (guint i = 0; i < track->notes->len && n < 8; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        if (note->onset < start || note->onset >= start + ticks)
            continue;
        onset[n] = note->onset - start;
        pitch[n++] = note->pitch;
    }
    return n;
}

/* Each voice waits, then enters with the subject's rhythm; the answer lies a fifth higher (or a fourth lower)
 * for most of its notes. */
static void test_fugue_answers(void)
{
    gint entries = 0, same_rhythm = 0, notes = 0, at_the_fifth = 0;

    for (guint64 seed = 1; seed <= 8; seed++) {
        Woven w;
        Weave weave;
        gint first = -1, start[4], onset[4][8], pitch[4][8], n[4];
        woven_init(&w, "choral", "entries one by one", 12, seed);
        weave_init(&weave, &w.plan, &w.plan.sections[0]);
        WeaveEntries e = weave_entries(&w.plan, &w.plan.sections[0]);
        gint unit = e.unit * w.plan.bar_ticks;
        g_assert_cmpint(e.entries, ==, 4);
        for (gint v = 0; v < 4; v++) {
            const GArray *all = weave.voice[v].part->track->notes;
            g_assert_cmpuint(all->len, >, 4);
            start[v] = g_array_index(all, TuneNote, 0).onset / unit * unit;
            n[v] = contour(weave.voice[v].part->track, start[v], unit, onset[v], pitch[v]);
            first = start[v] == 0 ? v : first;
        }
        g_assert_cmpint(first, >=, 0);
        for (gint v = 0; v < 4; v++) {
            if (v == first)
                continue;
            g_assert_cmpint(start[v], >, 0);
            entries++;
            gboolean same = n[v] == n[first];
            for (gint i = 0; i < MIN(n[v], n[first]); i++) {
                gint apart = ((pitch[v][i] - pitch[first][i]) % 12 + 12) % 12;
                same &= onset[v][i] == onset[first][i];
                notes++;
                at_the_fifth += apart == (start[v] / unit % 2 == 1 ? 7 : 0);
            }
            same_rhythm += same;
        }
        woven_clear(&w);
    }
    g_assert_cmpint(same_rhythm, >=, entries * 8 / 10);
    g_assert_cmpint(at_the_fifth * 10, >=, notes * 6);
}

/* What a hand strikes at once lies within a tenth; wide shapes are for broken chords. */
static void test_hand_spans(void)
{
    for (gint root = -3; root <= 5; root++)
        for (gint quality = 0; quality < TUNE_N_CHORDS; quality++) {
            PlanChord chord = {.chord = {(TuneFifths)root, (TuneFifths)root, (TuneChordQuality)quality},
                               .scale = 0xfff};
            for (gint shape = STYLE_SHAPE_CLOSE; shape <= STYLE_SHAPE_FIFTHS; shape++) {
                Voicing v = hand_voicing(&chord, (StyleShape)shape, 36, 64, 67);
                g_assert_cmpint(v.n, >=, 1);
                g_assert_cmpint(v.pitch[0] % 12, ==, tune_fifths_pitch_class((TuneFifths)root));
                for (gint i = 1; i < v.n; i++) {
                    g_assert_cmpint(v.pitch[i], >, v.pitch[i - 1]);
                    g_assert_cmpint(v.pitch[i], <, 67);
                }
                if (shape == STYLE_SHAPE_CLOSE)
                    g_assert_cmpint(v.pitch[v.n - 1] - v.pitch[0], <, 12);
                if (shape == STYLE_SHAPE_TENTH || shape == STYLE_SHAPE_OCTAVE || shape == STYLE_SHAPE_FIFTHS)
                    g_assert_cmpint(v.pitch[v.n - 1] - v.pitch[0], <=, 16);
                if (shape == STYLE_SHAPE_STRIDE && v.n > 2)
                    g_assert_cmpint(v.pitch[v.n - 1] - v.pitch[1], <=, 16);
            }
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/weave/chorale-keeps-the-rules", test_chorale_keeps_the_rules);
    g_test_add_func("/compose/weave/sevenths-fall", test_sevenths_fall);
    g_test_add_func("/compose/weave/fugue-answers", test_fugue_answers);
    g_test_add_func("/compose/hand/spans", test_hand_spans);
    return g_test_run();
}
