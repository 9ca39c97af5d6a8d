/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"

static const TuneSection *section_of(const TuneScore *score, TuneSectionRole role, guint number)
{
    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        if (s->role == role && number-- == 0)
            return s;
    }
    g_assert_not_reached();
}

static gint tonic_of(const TuneScore *score, const TuneSection *section)
{
    return tune_fifths_pitch_class(tune_score_key_at(score, section->tick).tonic);
}

/* The chord @ticks into the section, as pitch classes above the section's tonic. */
static guint chord_in(const TuneScore *score, const TuneSection *section, gint ticks)
{
    guint mask = tune_chord_mask(tune_score_chord_at(score, section->tick + ticks)->chord);
    guint by = (12u - (guint)tonic_of(score, section)) % 12;

    return (mask << by | mask >> (12 - by)) & 0xfff;
}

/* The lead's notes of the section's first @ticks: place and degree, added up so that order matters.
 */
static guint64 tune_in(const TuneScore *score, const TuneSection *section, gint ticks)
{
    guint64 sum = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        for (guint i = 0; track->role == TUNE_ROLE_LEAD && i < track->notes->len; i++) {
            const TuneNote *n = &g_array_index(track->notes, TuneNote, i);
            gint at = n->onset - section->tick;
            if (at >= 0 && at < ticks)
                sum = sum * 31 + (guint64)at * 12 +
                      (guint64)((n->pitch - tonic_of(score, section) + 12) % 12);
        }
    }
    return sum;
}

/* Pop's second chorus is the last, shorter than the first, and as often as not in a higher key. */
static TuneScore *song(BriefFixture *f, guint64 seed, gint bars)
{
    brief_fixture_reset(f, "pop");
    brief_fixture_section(f, TUNE_SECTION_VERSE, 8);
    brief_fixture_section(f, TUNE_SECTION_CHORUS, 8);
    brief_fixture_section(f, TUNE_SECTION_VERSE, 8);
    brief_fixture_section(f, TUNE_SECTION_CHORUS, bars);
    return brief_fixture_compose(f, seed);
}

static void test_chords_return(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    for (guint64 seed = 0; seed < 24; seed++) {
        g_autoptr(TuneScore) score = song(f, seed, 8);
        const TuneSection *first = section_of(score, TUNE_SECTION_CHORUS, 0);
        const TuneSection *second = section_of(score, TUNE_SECTION_CHORUS, 1);
        gint beat = tune_metre_beat_ticks(tune_score_metre_at(score, 0));
        gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
        for (gint at = 0; at < 4 * bar; at += beat)
            g_assert_cmphex(chord_in(score, first, at), ==, chord_in(score, second, at));
    }
}

static void test_tune_returns_in_another_length(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");
    guint n_sung = 0;

    for (guint64 seed = 0; seed < 24; seed++) {
        g_autoptr(TuneScore) score = song(f, seed, 6 + (gint)(seed % 3));
        const TuneSection *first = section_of(score, TUNE_SECTION_CHORUS, 0);
        const TuneSection *second = section_of(score, TUNE_SECTION_CHORUS, 1);
        gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
        guint64 hook = tune_in(score, first, 3 * bar);
        g_assert_cmphex(hook, ==, tune_in(score, second, 3 * bar));
        n_sung += hook != 0;
    }
    g_assert_cmpuint(n_sung, >=, 20);
}

/* Five chords, sections of four bars: the third section would begin on another chord than the
 * first. */
static void test_said_chords_return(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("string-quartet");

    brief_fixture_chords(f, "Cm Fm Gm Eb Fm");
    brief_fixture_section(f, TUNE_SECTION_THEME, 4);
    brief_fixture_section(f, TUNE_SECTION_CONTRAST, 3);
    brief_fixture_section(f, TUNE_SECTION_THEME, 4);
    g_autoptr(TuneScore) score = brief_fixture_compose(f, 7);
    const TuneSection *first = section_of(score, TUNE_SECTION_THEME, 0);
    const TuneSection *second = section_of(score, TUNE_SECTION_THEME, 1);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
    for (gint at = 0; at < 3 * bar; at += bar)
        g_assert_cmphex(chord_in(score, first, at), ==, chord_in(score, second, at));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/refrain/chords-return-in-the-key-of-the-section", test_chords_return);
    g_test_add_func("/compose/refrain/tune-returns-in-sections-of-other-lengths",
                    test_tune_returns_in_another_length);
    g_test_add_func("/compose/refrain/said-chords-return-once-all-were-heard",
                    test_said_chords_return);
    return g_test_run();
}
