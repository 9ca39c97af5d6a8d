/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"

#include <string.h>

static const char *const styles[] = {"ambient", "cinematic", "classical", "electronic",
                                     "folk",    "jazz",      "pop",       "rock"};

static const TuneScoreChord *chord(const TuneScore *score, guint i)
{
    return &g_array_index(score->chords, TuneScoreChord, i);
}

static gint degree(const TuneScore *score, const TuneScoreChord *c)
{
    gint tonic = tune_fifths_pitch_class(tune_score_key_at(score, c->tick).tonic);

    return (tune_fifths_pitch_class(c->chord.root) - tonic + 12) % 12;
}

static void test_no_gaps(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 24; seed++) {
        brief_fixture_reset(f, styles[seed % 8]);
        f->brief.seconds = 40 + (double)seed;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        gint at = 0;
        for (guint i = 0; i < score->chords->len; i++) {
            g_assert_cmpint(chord(score, i)->tick, ==, at);
            g_assert_cmpint(chord(score, i)->ticks, >, 0);
            at += chord(score, i)->ticks;
        }
        g_assert_cmpint(at, ==, score->ticks);
    }
}

/* The piece closes on the tonic, approached by a chord that is not the tonic. */
static void test_final_cadence(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 64; seed++) {
        brief_fixture_reset(f, styles[seed % 8]);
        f->brief.seconds = 45;
        f->brief.ending = TUNE_ENDING_RIT;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        guint n = score->chords->len;
        g_assert_cmpint(degree(score, chord(score, n - 1)), ==, 0);
        if (strcmp(styles[seed % 8], "ambient") != 0)
            g_assert_cmpint(degree(score, chord(score, n - 2)), !=, 0);
    }
}

/* Over many pieces a style with functional harmony ends its phrases on dominants and tonics. */
static void test_phrases_close(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    gint closed = 0, all = 0;

    for (guint64 seed = 0; seed < 12; seed++) {
        brief_fixture_reset(f, "classical");
        f->brief.seconds = 60;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        for (guint i = 0; i < score->sections->len; i++) {
            const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
            const TuneScoreChord *last = tune_score_chord_at(score, s->tick + s->ticks - 1);
            gint d = degree(score, last);
            closed += d == 0 || d == 7 || d == 9 || d == 8;
            all++;
        }
    }
    g_assert_cmpint(closed * 10, >=, all * 9);
}

static void test_said_chords(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const char *const said[] = {"Am F C G", "Dm7 G7 Cmaj7", "E A B7 E A", "Cm Ab/C Bbsus4 G7b9"};

    for (gsize k = 0; k < G_N_ELEMENTS(said); k++) {
        g_auto(GStrv) names = g_strsplit(said[k], " ", -1);
        guint n = g_strv_length(names), at = 0;
        brief_fixture_reset(f, styles[k * 2]);
        brief_fixture_chords(f, said[k]);
        f->brief.bars = (gint)n * 4;
        f->brief.loop = TRUE;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, k);
        gint bar = tune_metre_bar_ticks(f->brief.metre);
        gint first = 0;
        for (gint tick = 0; tick < score->ticks; tick += bar, at++) {
            const TuneSection *s = tune_score_section_at(score, tick);
            if (s->tick == tick && s->ticks >= (gint)n * bar)
                first = tick / bar;
            g_autofree char *got = tune_chord_to_string(tune_score_chord_at(score, tick)->chord);
            g_assert_cmpstr(got, ==, names[(tick / bar - first) % (gint)n]);
        }
    }
}

/* Two short sections: the second goes on where the first broke off, so that every chord sounds once, although
 * with the last chord's bar it would be long enough to begin anew. */
static void test_said_chords_in_a_small_form(void)
{
    static const char *const said[] = {"Cm", "Cm7", "Eb", "Ab", "Gm"};
    g_autoptr(BriefFixture) f = brief_fixture_new("folk");

    brief_fixture_chords(f, "Cm Cm7 Eb Ab Gm");
    brief_fixture_section(f, TUNE_SECTION_THEME, 2);
    brief_fixture_section(f, TUNE_SECTION_CONTRAST, 5);
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 3);
    gint bar = tune_metre_bar_ticks(f->brief.metre);
    for (gint i = 0; i < 5; i++) {
        g_autofree char *got = tune_chord_to_string(tune_score_chord_at(score, i * bar)->chord);
        g_assert_cmpstr(got, ==, said[i]);
    }
}

static void test_blues(void)
{
    static const gint roots[12] = {0, 5, 0, 0, 5, 5, 0, 0, 7, 5, 0, 7};
    g_autoptr(BriefFixture) f = brief_fixture_new("rock");

    brief_fixture_key(f, "E major");
    f->brief.blues_form = TRUE;
    f->brief.bars = 36;
    f->brief.loop = TRUE;
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 4);
    gint bar = tune_metre_bar_ticks(f->brief.metre), right = 0;
    for (gint i = 0; i < 36; i++)
        right += degree(score, tune_score_chord_at(score, i * bar)) == roots[i % 12];
    g_assert_cmpint(right, >=, 34);
}

static gboolean has_quality(const TuneScore *score, gsize least)
{
    gint8 tones[TUNE_CHORD_MAX_TONES];
    guint n = 0;

    for (guint i = 0; i < score->chords->len; i++)
        n += tune_chord_tones(chord(score, i)->chord.quality, tones, NULL) >= least;
    return n * 10 >= score->chords->len * 9;
}

static void test_vocabulary_differs(void)
{
    g_autoptr(BriefFixture) jazz = brief_fixture_new("jazz");
    g_autoptr(BriefFixture) folk = brief_fixture_new("folk");

    jazz->brief.seconds = folk->brief.seconds = 60;
    for (guint64 seed = 0; seed < 6; seed++) {
        g_autoptr(TuneScore) a = brief_fixture_compose(jazz, seed);
        g_autoptr(TuneScore) b = brief_fixture_compose(folk, seed);
        g_assert_true(has_quality(a, 4)); /* sevenths nearly everywhere */
        g_assert_false(has_quality(b, 4));
    }
}

/* Every chord and note is spelled so that a reader would expect it: at most six accidentals away from
 * the key. */
static void test_spelling(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    static const char *const keys[] = {"C# major", "Cb major", "F# major", "Gb major", "A# minor",
                                       "Ab minor", "D# minor", "Eb minor", "B major",  "Db major"};

    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
        brief_fixture_reset(f, styles[k % 8]);
        brief_fixture_key(f, keys[k]);
        f->brief.seconds = 40;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, k);
        gint centre = tune_key_signature(f->brief.key) + 2;
        for (guint t = 0; t < score->tracks->len; t++) {
            const TuneTrack *track = score->tracks->pdata[t];
            for (guint i = 0; i < track->notes->len && !track->is_drums; i++) {
                const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
                g_assert_cmpint(tune_fifths_pitch_class(n->spelling), ==, n->pitch % 12);
                g_assert_cmpint(ABS(n->spelling - centre), <=, 11);
            }
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/harmony/chords-have-no-gaps", test_no_gaps);
    g_test_add_func("/compose/harmony/ends-with-a-cadence-on-the-tonic", test_final_cadence);
    g_test_add_func("/compose/harmony/phrases-close", test_phrases_close);
    g_test_add_func("/compose/harmony/said-chords-are-obeyed", test_said_chords);
    g_test_add_func("/compose/harmony/said-chords-run-through-a-small-form", test_said_chords_in_a_small_form);
    g_test_add_func("/compose/harmony/blues-has-twelve-bars", test_blues);
    g_test_add_func("/compose/harmony/styles-have-their-vocabulary", test_vocabulary_differs);
    g_test_add_func("/compose/harmony/spelling-stays-near-the-key", test_spelling);
    return g_test_run();
}
