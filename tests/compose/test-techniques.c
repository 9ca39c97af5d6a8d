/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Techniques that styles name: parts that follow the lead, sections in blocks, traded fours, ornaments, the
 * clave, the anticipated bass, uneven beats.
 */
#include "brief-fixture.h"

#include <string.h>

static const TuneTrack *track_of(const TuneScore *score, const char *id)
{
    for (guint i = 0; i < score->tracks->len; i++)
        if (strcmp(((TuneTrack *)score->tracks->pdata[i])->id, id) == 0)
            return score->tracks->pdata[i];
    return NULL;
}

static const TuneTrack *first_of_role(const TuneScore *score, TuneRole role)
{
    for (guint i = 0; i < score->tracks->len; i++)
        if (((TuneTrack *)score->tracks->pdata[i])->role == role)
            return score->tracks->pdata[i];
    return NULL;
}

static TuneScore *composed(const char *style, guint64 seed, double seconds)
{
    g_autoptr(BriefFixture) fixture = brief_fixture_new(style);

    fixture->brief.seconds = seconds;
    return brief_fixture_compose(fixture, seed);
}

static const TuneNote *note_at(const TuneTrack *track, gint onset)
{
    for (guint i = 0; i < track->notes->len; i++)
        if (g_array_index(track->notes, TuneNote, i).onset == onset)
            return &g_array_index(track->notes, TuneNote, i);
    return NULL;
}

/* The march's clarinets play the cornets' tune, note for note, in some octave. */
static void test_unison_follows_the_lead(void)
{
    g_autoptr(TuneScore) score = composed("march", 1, 60);
    const TuneTrack *lead = first_of_role(score, TUNE_ROLE_LEAD), *second = track_of(score, "clarinet");
    guint together = 0;

    g_assert_nonnull(lead);
    g_assert_nonnull(second);
    for (guint i = 0; i < second->notes->len; i++) {
        const TuneNote *note = &g_array_index(second->notes, TuneNote, i);
        const TuneNote *tune = note_at(lead, note->onset);
        together += tune != NULL && (tune->pitch - note->pitch) % 12 == 0;
    }
    g_assert_cmpuint(together * 100, >=, second->notes->len * 95);
}

/* Under a theme the saxophones strike with the lead, and his note is the highest of theirs. */
static void test_sections_play_in_blocks(void)
{
    g_autoptr(TuneScore) score = composed("swing", 1, 90);
    const TuneTrack *lead = first_of_role(score, TUNE_ROLE_LEAD), *saxes = track_of(score, "sax-section");
    guint chords = 0, topped = 0;

    g_assert_nonnull(saxes);
    for (guint i = 0; i < lead->notes->len; i++) {
        const TuneNote *tune = &g_array_index(lead->notes, TuneNote, i);
        gint highest = 0, voices = 0;
        for (guint k = 0; k < saxes->notes->len; k++) {
            const TuneNote *note = &g_array_index(saxes->notes, TuneNote, k);
            if (note->onset == tune->onset) {
                highest = MAX(highest, note->pitch);
                voices++;
            }
        }
        chords += voices >= 3;
        topped += voices >= 3 && (highest - tune->pitch) % 12 == 0;
    }
    g_assert_cmpuint(chords * 2, >=, lead->notes->len);
    g_assert_cmpuint(topped * 100, >=, chords * 80);
}

/* In traded bars only drums sound, and they do. */
static void test_fours_are_traded(void)
{
    g_autoptr(TuneScore) score = composed("bebop", 1, 90);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0)), traded = 0;

    for (guint i = 0; i < score->sections->len; i++) {
        const TuneSection *s = &g_array_index(score->sections, TuneSection, i);
        if (s->role != TUNE_SECTION_INTERLUDE || s->ticks < 8 * bar)
            continue;
        for (guint t = 0; t < score->tracks->len; t++) {
            const TuneTrack *track = score->tracks->pdata[t];
            guint inside = 0;
            for (guint n = 0; n < track->notes->len; n++) {
                gint at = g_array_index(track->notes, TuneNote, n).onset - s->tick;
                inside += at >= 4 * bar && at < 8 * bar;
            }
            if (track->is_drums)
                g_assert_cmpuint(inside, >=, 16);
            else
                g_assert_cmpuint(inside, ==, 0);
        }
        traded++;
    }
    g_assert_cmpint(traded, >, 0);
}

/* A tumbao's bass has the coming chord's note before the bar line and none on it. */
static void test_bass_comes_before_the_bar(void)
{
    g_autoptr(TuneScore) score = composed("salsa", 1, 60);
    const TuneTrack *bass = first_of_role(score, TUNE_ROLE_BASS);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));
    guint bars = 0, pushed = 0;

    for (guint i = 0; i < bass->notes->len; i++) {
        const TuneNote *note = &g_array_index(bass->notes, TuneNote, i);
        gint next_bar = (note->onset / bar + 1) * bar, end = note->onset + note->duration;
        bars += note->onset % bar < TUNE_PPQ / 4 || end > next_bar;
        if (end <= next_bar)
            continue;
        const TuneScoreChord *coming = tune_score_chord_at(score, next_bar);
        g_assert_nonnull(coming);
        pushed += (tune_chord_mask(coming->chord) >> (note->pitch % 12)) & 1;
    }
    g_assert_cmpuint(pushed * 10, >=, bars * 6);
}

/* All bars of the claves in a piece lie in one direction: two and three strokes by turns. */
static void test_clave_keeps_its_direction(void)
{
    for (guint64 seed = 1; seed <= 4; seed++) {
        g_autoptr(TuneScore) score = composed("salsa", seed, 60);
        const TuneTrack *drums = first_of_role(score, TUNE_ROLE_DRUMS);
        gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0)), strokes[400] = {0};
        gint even[4] = {0}, odd[4] = {0};
        for (guint i = 0; i < drums->notes->len; i++) {
            const TuneNote *note = &g_array_index(drums->notes, TuneNote, i);
            if (note->pitch == 75 && note->onset / bar < 400)
                strokes[note->onset / bar]++;
        }
        for (gint i = 0; i < 400; i++)
            (i % 2 == 0 ? even : odd)[MIN(strokes[i], 3)]++;
        gboolean two_three = even[2] > even[3];
        g_assert_cmpint(two_three ? even[3] : even[2], ==, 0);
        g_assert_cmpint(two_three ? odd[3] : odd[2], >, 4);
    }
}

/* Cuts and rolls make a jig's line quicker than its eighths; a march's has hardly any. */
static void test_ornaments_are_the_styles_own(void)
{
    static const char *const styles[] = {"celtic", "children"};
    guint quick[2] = {0};

    for (gsize s = 0; s < G_N_ELEMENTS(styles); s++) {
        g_autoptr(TuneScore) score = composed(styles[s], 3, 60);
        const TuneTrack *lead = first_of_role(score, TUNE_ROLE_LEAD);
        for (guint i = 0; i < lead->notes->len; i++)
            quick[s] += g_array_index(lead->notes, TuneNote, i).duration <= TUNE_PPQ / 8;
    }
    g_assert_cmpuint(quick[0], >=, 8);
    g_assert_cmpuint(quick[1], ==, 0);
}

/* Vienna's second beat comes early, by the same share wherever it stands. */
static void test_second_beat_is_early(void)
{
    g_autoptr(TuneScore) score = composed("waltz", 1, 60);
    const TuneTrack *comp = first_of_role(score, TUNE_ROLE_COMP);
    gint early = 0, n = 0;

    for (guint i = 0; i < comp->notes->len; i++) {
        const TuneNote *note = &g_array_index(comp->notes, TuneNote, i);
        if (note->onset % (3 * TUNE_PPQ) == TUNE_PPQ) {
            early += note->onset_offset < -TUNE_PPQ / 20;
            n++;
        }
    }
    g_assert_cmpint(n, >, 20);
    g_assert_cmpint(early * 10, >=, n * 9);
}

/* A Celtic pad holds tonic and fifth of the key and nothing else before the last chord. */
static void test_drones_stay(void)
{
    g_autoptr(TuneScore) score = composed("celtic", 1, 60);
    const TuneTrack *drone = first_of_role(score, TUNE_ROLE_PAD);
    gint bar = tune_metre_bar_ticks(tune_score_metre_at(score, 0));

    g_assert_nonnull(drone);
    for (guint i = 0; i < drone->notes->len; i++) {
        const TuneNote *note = &g_array_index(drone->notes, TuneNote, i);
        TuneKey key = tune_score_key_at(score, note->onset);
        gint above = (note->pitch - tune_fifths_pitch_class(key.tonic) + 120) % 12;
        if (note->onset < score->ticks - 2 * bar)
            g_assert_true(above == 0 || above == 7);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/techniques/unison", test_unison_follows_the_lead);
    g_test_add_func("/compose/techniques/blocks", test_sections_play_in_blocks);
    g_test_add_func("/compose/techniques/traded-fours", test_fours_are_traded);
    g_test_add_func("/compose/techniques/anticipated-bass", test_bass_comes_before_the_bar);
    g_test_add_func("/compose/techniques/clave", test_clave_keeps_its_direction);
    g_test_add_func("/compose/techniques/ornaments", test_ornaments_are_the_styles_own);
    g_test_add_func("/compose/techniques/uneven-beats", test_second_beat_is_early);
    g_test_add_func("/compose/techniques/drone", test_drones_stay);
    return g_test_run();
}
