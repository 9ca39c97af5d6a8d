/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plan-fixture.h"

static const char *const metres[] = {"4/4", "3/4", "6/8", NULL};

static gboolean is_chordal(const PlanPart *part)
{
    return part->role == TUNE_ROLE_COMP || part->role == TUNE_ROLE_ARP ||
           part->role == TUNE_ROLE_PAD;
}

static void test_in_range_and_on_chords(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (gint m = 0; metres[m] != NULL; m++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], metres[m], 110,
                                                        2, TUNE_ENDING_RING, 20);
            plan_comping(&f->plan);
            for (gint i = 0; i < f->plan.n_parts; i++) {
                const PlanPart *part = &f->plan.parts[i];
                gint good = 0, free_at[128] = {0};
                if (!is_chordal(part))
                    continue;
                for (guint n = 0; n < part->track->notes->len; n++) {
                    const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
                    const PlanChord *c = &f->plan.chords[plan_chord_at(&f->plan, note->onset)];
                    g_assert_cmpint(note->pitch, >=, part->instrument->low);
                    g_assert_cmpint(note->pitch, <=, part->instrument->high);
                    g_assert_cmpint(note->onset, >=, free_at[note->pitch]);
                    free_at[note->pitch] = note->onset + note->duration;
                    good += ((tune_chord_mask(c->chord) | c->scale) >> (note->pitch % 12)) & 1;
                }
                g_assert_cmpint(good * 100, >=, (gint)part->track->notes->len * 98);
            }
        }
}

/* Jazz comping never plays the rhythm of the bar before. */
static void test_jazz_bars_differ(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("jazz", "4/4", 140, 5, TUNE_ENDING_RIT, 20);
    gint alike = 0, bars = 0;

    plan_comping(&f->plan);
    const GArray *notes = plan_fixture_part(f, TUNE_ROLE_COMP)->track->notes;
    guint64 before = 0;
    for (gint bar = 0; bar < f->plan.n_bars - 1; bar++) {
        guint64 places = 0;
        for (guint n = 0; n < notes->len; n++) {
            gint onset = g_array_index(notes, TuneNote, n).onset - bar * f->plan.bar_ticks;
            if (onset >= 0 && onset < f->plan.bar_ticks)
                places |= (guint64)1 << (onset * 48 / f->plan.bar_ticks);
        }
        alike += bar > 0 && places == before;
        bars++;
        before = places;
    }
    g_test_message("%d of %d bars as the one before", alike, bars);
    g_assert_cmpint(alike * 10, <=, bars);
}

static void test_pads_keep_common_tones(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("ambient", "4/4", 70, 5, TUNE_ENDING_RING, 20);
    gint long_notes = 0, struck_again = 0;

    plan_comping(&f->plan);
    const GArray *notes = plan_fixture_part(f, TUNE_ROLE_PAD)->track->notes;
    for (guint n = 0; n < notes->len; n++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, n);
        const PlanSection *s = plan_section_at(&f->plan, note->onset);
        long_notes += note->duration > f->plan.bar_ticks;
        gint phrase = s->phrase_bars * f->plan.bar_ticks;
        if (note->onset == f->plan.final_tick || s->repeat > 0 || /* repeats may strike anew */
            (note->onset - s->start_tick) % phrase == 0)
            continue;
        for (guint k = 0; k < n; k++) {
            const TuneNote *other = &g_array_index(notes, TuneNote, k);
            struck_again +=
                other->pitch == note->pitch && other->onset + other->duration == note->onset;
        }
    }
    g_assert_cmpint(long_notes, >, 0);
    g_assert_cmpint(struck_again, ==, 0);
}

/* The page is on the grid, the strings speak one after the other. */
static void test_strums_are_spread(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("folk", "4/4", 100, 5, TUNE_ENDING_RIT, 20);
    gint spread = 0, chords = 0;

    plan_comping(&f->plan);
    const GArray *notes = plan_fixture_part(f, TUNE_ROLE_COMP)->track->notes;
    for (guint n = 1; n < notes->len; n++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, n);
        g_assert_cmpint(note->onset % (TUNE_PPQ / 4), ==, 0);
        if (note[0].onset == note[-1].onset) {
            chords++;
            spread += note[0].onset_offset != note[-1].onset_offset;
        }
    }
    g_assert_cmpint(chords, >, 50);
    g_assert_cmpint(spread * 10, >=, chords * 8);
}

/* What the piece has for a riff, guitar and bass play together, octaves apart. */
static void test_riffs_are_in_unison(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("metal", "4/4", 132, 3, TUNE_ENDING_COLD, 20);
    gint together = 0, riffs = 0;

    plan_fixture_play(f);
    const GArray *low = plan_fixture_part(f, TUNE_ROLE_BASS)->track->notes;
    const GArray *high = plan_fixture_part(f, TUNE_ROLE_COMP)->track->notes;
    for (gint i = 0; i < f->plan.n_sections; i++) {
        const PlanSection *s = &f->plan.sections[i];
        if (plan_riff_pick(&f->plan, s) == NULL)
            continue;
        riffs++;
        for (guint n = 0; n < low->len; n++) {
            const TuneNote *bass = &g_array_index(low, TuneNote, n);
            gboolean found = FALSE;
            if (bass->onset < s->start_tick || bass->onset >= s->start_tick + s->ticks ||
                bass->onset >= f->plan.final_tick)
                continue;
            for (guint k = 0; k < high->len && !found; k++) {
                const TuneNote *guitar = &g_array_index(high, TuneNote, k);
                found = guitar->onset == bass->onset && (guitar->pitch - bass->pitch) % 12 == 0;
            }
            g_assert_true(found);
            together++;
        }
    }
    g_assert_cmpint(riffs, >, 0);
    g_assert_cmpint(together, >, 40);
}

/* Horns behind a singer speak where the singer rests: every fourth bar of the fixture's tune. */
static void test_horns_answer_the_lead(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("reggae", "4/4", 76, 5, TUNE_ENDING_RING, 20);
    gint answers = 0;

    plan_comping(&f->plan);
    for (gint i = 0; i < f->plan.n_parts; i++) {
        const PlanPart *part = &f->plan.parts[i];
        if (strcmp(part->style->id, "horns") != 0)
            continue;
        for (guint n = 0; n < part->track->notes->len; n++) {
            const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
            const PlanSection *s = plan_section_at(&f->plan, note->onset);
            if (s->role != TUNE_SECTION_CHORUS || note->onset >= f->plan.final_tick)
                continue;
            gint bar = (note->onset - s->start_tick) / f->plan.bar_ticks;
            g_assert_cmpint(bar % 4, ==, 3);
            answers++;
        }
    }
    g_assert_cmpint(answers, >, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/comping/in-range-and-on-chords", test_in_range_and_on_chords);
    g_test_add_func("/compose/comping/jazz-bars-differ", test_jazz_bars_differ);
    g_test_add_func("/compose/comping/pads-keep-common-tones", test_pads_keep_common_tones);
    g_test_add_func("/compose/comping/strums-are-spread", test_strums_are_spread);
    g_test_add_func("/compose/comping/riffs-are-in-unison", test_riffs_are_in_unison);
    g_test_add_func("/compose/comping/horns-answer-the-lead", test_horns_answer_the_lead);
    return g_test_run();
}
