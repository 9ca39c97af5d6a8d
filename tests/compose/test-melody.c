/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"
#include "brief/lyrics.h"

#include <stdlib.h>
#include <string.h>

static const char *const styles[] = {"ambient", "cinematic", "classical", "electronic",
                                     "folk",    "jazz",      "pop",       "rock"};

#define NOTE(t, i) (&g_array_index((t)->notes, TuneNote, i))

static const TuneTrack *lead_of(const TuneScore *score)
{
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *t = score->tracks->pdata[i];
        if (t->role == TUNE_ROLE_LEAD)
            return t;
    }
    return NULL;
}

static TuneScore *compose(BriefFixture *f, const char *style, double seconds, guint64 seed)
{
    brief_fixture_style(f, style);
    f->brief.seconds = seconds;
    return brief_fixture_compose(f, seed);
}

static gboolean is_strong(const TuneScore *score, const TuneNote *n)
{
    gint bar;

    tune_score_bar_at(score, n->onset, &bar);
    return tune_metre_weight(tune_score_metre_at(score, n->onset), n->onset - bar) >= 0.5;
}

/* Share of strong notes that are chord tones: high, but not all of them. */
static void test_strong_beats(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        gint tones = 0, all = 0;
        for (guint64 seed = 0; seed < 10; seed++) {
            g_autoptr(TuneScore) score = compose(f, styles[s], 60, seed);
            const TuneTrack *t = lead_of(score);
            for (guint i = 0; i < t->notes->len; i++) {
                if (!is_strong(score, NOTE(t, i)))
                    continue;
                all++;
                tones += (tune_chord_mask(tune_score_chord_at(score, NOTE(t, i)->onset)->chord) >>
                          (NOTE(t, i)->pitch % 12)) & 1;
            }
        }
        g_assert_cmpfloat((double)tones / all, >, 0.75);
        if (strcmp(styles[s], "ambient") != 0)
            g_assert_cmpfloat((double)tones / all, <, 0.97);
    }
}

static void test_intervals(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        gint steps = 0, repeats = 0, wide = 0, all = 0;
        for (guint64 seed = 0; seed < 10; seed++) {
            g_autoptr(TuneScore) score = compose(f, styles[s], 60, seed);
            const TuneTrack *t = lead_of(score);
            for (guint i = 1; i < t->notes->len; i++) {
                gint d = abs(NOTE(t, i)->pitch - NOTE(t, i - 1)->pitch);
                repeats += d == 0;
                steps += d > 0 && d <= 2;
                wide += d > 12;
                all++;
            }
        }
        g_assert_cmpfloat((double)steps / all, >, 0.24);
        g_assert_cmpfloat((double)steps / all, <, 0.65);
        g_assert_cmpfloat((double)repeats / all, <, 0.4);
        g_assert_cmpfloat((double)wide / all, <, 0.02);
    }
}

/* A wide leap is followed by motion back, or by a rest, four times in five. */
static void test_leaps_recover(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    gint good = 0, all = 0;

    for (guint64 seed = 0; seed < 40; seed++) {
        g_autoptr(TuneScore) score = compose(f, styles[seed % 8], 60, seed);
        const TuneTrack *t = lead_of(score);
        for (guint i = 1; i + 1 < t->notes->len; i++) {
            const TuneNote *a = NOTE(t, i - 1), *b = NOTE(t, i), *c = NOTE(t, i + 1);
            gint leap = b->pitch - a->pitch, after = c->pitch - b->pitch;
            if (abs(leap) < 8 || c->onset - (b->onset + b->duration) > TUNE_PPQ / 4)
                continue;
            all++;
            good += after == 0 || (leap > 0) != (after > 0);
        }
    }
    g_assert_cmpint(good * 10, >=, all * 7);
}

static void test_breath(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 40; seed++) {
        g_autoptr(TuneScore) score = compose(f, styles[seed % 8], 80, seed);
        const TuneTrack *t = lead_of(score);
        TuneMetre metre = tune_score_metre_at(score, 0);
        gint since = NOTE(t, 0)->onset, until = since;
        for (guint i = 0; i < t->notes->len; i++) {
            const TuneNote *n = NOTE(t, i);
            if (n->onset - until >= tune_metre_beat_ticks(metre) / 2)
                since = n->onset;
            until = n->onset + n->duration;
            g_assert_cmpint(n->onset - since, <=, 8 * tune_metre_bar_ticks(metre));
        }
    }
}

static void test_figures_return(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 24; seed++) {
        g_autoptr(TuneScore) score = compose(f, styles[seed % 8], 90, seed);
        const TuneTrack *t = lead_of(score);
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0)), returns = 0, n = 0;
        for (gint tick = 0; tick < score->ticks; tick += bar) {
            g_autoptr(GString) rhythm = g_string_new(NULL);
            for (guint i = 0; i < t->notes->len; i++)
                if (NOTE(t, i)->onset >= tick && NOTE(t, i)->onset < tick + bar)
                    g_string_append_printf(rhythm, "%d ", NOTE(t, i)->onset - tick);
            if (rhythm->len == 0)
                continue;
            n++;
            returns += g_hash_table_contains(seen, rhythm->str);
            g_hash_table_add(seen, g_strdup(rhythm->str));
        }
        g_assert_cmpint(returns * 2, >=, n - 4);
    }
}

static void test_seeds_differ(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        g_autoptr(TuneScore) a = compose(f, styles[s], 60, 11), b = compose(f, styles[s], 60, 11);
        g_autoptr(TuneScore) c = compose(f, styles[s], 60, 12);
        const TuneTrack *x = lead_of(a), *y = lead_of(b), *z = lead_of(c);
        guint same = 0;
        g_assert_cmpuint(x->notes->len, ==, y->notes->len);
        for (guint i = 0; i < x->notes->len; i++) {
            g_assert_cmpint(NOTE(x, i)->onset, ==, NOTE(y, i)->onset);
            g_assert_cmpint(NOTE(x, i)->duration, ==, NOTE(y, i)->duration);
            g_assert_cmpint(NOTE(x, i)->onset_offset, ==, NOTE(y, i)->onset_offset);
            g_assert_cmpint(NOTE(x, i)->pitch, ==, NOTE(y, i)->pitch);
            g_assert_cmpint(NOTE(x, i)->velocity, ==, NOTE(y, i)->velocity);
        }
        for (guint i = 0; i < MIN(x->notes->len, z->notes->len); i++)
            same += NOTE(x, i)->pitch == NOTE(z, i)->pitch && NOTE(x, i)->onset == NOTE(z, i)->onset;
        g_assert_cmpuint(same * 2, <, x->notes->len);
    }
}

static const char verse[] = "[Verse]\nOver the hills and far away\nThe river runs to meet the day\n"
                            "[Chorus]\nGlory to the morning light\nShining through the night\n";

/* One note a syllable, in order; stressed syllables mostly on strong beats. */
static void test_lyrics(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 8; seed++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneBrief) brief = tune_brief_new();
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "genre", styles[seed], &error));
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "lyrics", verse, &error));
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "duration", "60", &error));
        g_assert_true(tune_brief_complete(brief, f->vocabulary, &error));
        g_autoptr(TuneScore) score = tune_compose(brief, f->vocabulary, seed, NULL, &error);
        g_assert_no_error(error);
        const TuneTrack *t = lead_of(score);
        g_autoptr(GString) sung = g_string_new(NULL);
        gint last = -1;
        for (guint i = 0; i < t->notes->len; i++) {
            const TuneNote *n = NOTE(t, i);
            if (n->syllable < 0)
                continue;
            g_assert_cmpint(n->syllable, >, last);
            last = n->syllable;
            const char *text = t->syllables->pdata[n->syllable];
            gboolean goes_on = g_str_has_suffix(text, "-");
            g_string_append_len(sung, text, (gssize)(strlen(text) - (goes_on ? 1 : 0)));
            if (!goes_on)
                g_string_append_c(sung, ' ');
        }
        g_assert_nonnull(strstr(sung->str, "Over the hills and far away The river runs to meet the day"));
        g_assert_nonnull(strstr(sung->str, "Glory to the morning light Shining through the night"));
    }
}

/* A blues lead calls in the first half of each line and waits for the answer; a solo does not wait. */
static void test_calls_wait_for_answers(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("blues");
    gint lines = 0, waiting = 0, answered = 0;

    f->brief.seconds = 90;
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 1);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0)), beat = TUNE_PPQ;
    for (guint s = 0; s < score->sections->len; s++) {
        const TuneSection *section = &g_array_index(score->sections, TuneSection, s);
        if (section->role != TUNE_SECTION_VERSE)
            continue;
        for (gint from = section->tick; from + 4 * bar <= section->tick + section->ticks;
             from += 4 * bar) {
            gboolean called = FALSE, answers = FALSE;
            for (guint t = 0; t < score->tracks->len; t++) {
                const TuneTrack *track = score->tracks->pdata[t];
                for (guint i = 0; i < track->notes->len; i++) {
                    const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
                    /* the last beat may hold the pick-up to the next line */
                    gboolean late = n->onset >= from + 3 * bar && n->onset < from + 4 * bar - beat;
                    called |= late && track->role == TUNE_ROLE_LEAD;
                    answers |= late && track->role == TUNE_ROLE_COUNTER;
                }
            }
            lines++;
            waiting += !called;
            answered += answers;
        }
    }
    g_assert_cmpint(lines, >=, 6);
    g_assert_cmpint(waiting, ==, lines);
    g_assert_cmpint(answered * 3, >=, lines);
}

/* Over a bare fifth a tune may rest on the third that the scale has. */
static void test_thirds_over_bare_fifths(void)
{
    PlanChord chord = {.scale = 0};

    chord.chord = (TuneChord){.quality = TUNE_CHORD_POWER};
    gint root = tune_fifths_pitch_class(chord.chord.root);
    guint16 fifth = tune_chord_mask(chord.chord);
    chord.scale = fifth | (guint16)(1u << ((root + 3) % 12));
    g_assert_cmpuint(plan_sung_tones(&chord), ==, chord.scale);
    chord.scale = fifth | (guint16)(1u << ((root + 2) % 12));
    g_assert_cmpuint(plan_sung_tones(&chord), ==, fifth);
    chord.chord.quality = TUNE_CHORD_MAJOR;
    chord.scale = 0xfff;
    g_assert_cmpuint(plan_sung_tones(&chord), ==, tune_chord_mask(chord.chord));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/melody/strong-beats-take-chord-tones", test_strong_beats);
    g_test_add_func("/compose/melody/steps-repeats-and-leaps-are-balanced", test_intervals);
    g_test_add_func("/compose/melody/leaps-are-recovered", test_leaps_recover);
    g_test_add_func("/compose/melody/lead-breathes", test_breath);
    g_test_add_func("/compose/melody/figures-return", test_figures_return);
    g_test_add_func("/compose/melody/seeds-differ-and-repeat", test_seeds_differ);
    g_test_add_func("/compose/melody/lyrics-have-a-note-a-syllable", test_lyrics);
    g_test_add_func("/compose/melody/calls-wait-for-answers", test_calls_wait_for_answers);
    g_test_add_func("/compose/melody/thirds-over-bare-fifths", test_thirds_over_bare_fifths);
    return g_test_run();
}
