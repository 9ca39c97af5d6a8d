/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"

static const char *const metres[] = {"4/4", "3/4", "6/8", NULL};

static const PlanChord *chord_at(const Plan *plan, gint tick)
{
    return &plan->chords[plan_chord_at(plan, tick)];
}

static void test_hears_every_change(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (gint m = 0; metres[m] != NULL; m++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], metres[m], 110,
                                                        2, TUNE_ENDING_RIT, 20);
            plan_drums(&f->plan);
            plan_bass(&f->plan);
            const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_BASS);
            gint changes = 0, roots = 0;
            for (gint i = 0; part != NULL && i < f->plan.n_chords; i++) {
                const PlanChord *c = &f->plan.chords[i];
                if (!plan_plays(plan_section_at(&f->plan, c->tick), (gint)(part - f->plan.parts)))
                    continue;
                changes++;
                for (guint n = 0; n < part->track->notes->len; n++) {
                    const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
                    gint end = note->onset + note->duration; /* house bass enters off the beat */
                    if (note->onset > c->tick + f->plan.beat_ticks / 2 || end <= c->tick)
                        continue;
                    roots += (tune_chord_mask(c->chord) >> (note->pitch % 12)) & 1;
                    break;
                }
            }
            g_test_message("%s %s: %d of %d changes", plan_fixture_styles[style], metres[m], roots,
                           changes);
            g_assert_cmpint(roots * 100, >=, changes * 80);
        }
}

static void test_in_range_and_lowest(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "4/4", 110, 2, TUNE_ENDING_RIT, 20);
        plan_fixture_play(f);
        const PlanPart *bass = plan_fixture_part(f, TUNE_ROLE_BASS);
        gint64 sum = 0, others = 0, n_others = 0;
        if (bass == NULL)
            continue;
        const GArray *notes = bass->track->notes;
        g_assert_cmpuint(notes->len, >, 8);
        for (guint n = 0; n < notes->len; n++) {
            const TuneNote *note = &g_array_index(notes, TuneNote, n);
            g_assert_cmpint(note->pitch, >=, bass->instrument->low);
            g_assert_cmpint(note->pitch, <=, bass->instrument->high);
            g_assert_cmpint(note->duration, >, 0);
            sum += note->pitch;
        }
        for (gint i = 0; i < f->plan.n_parts; i++) {
            const PlanPart *part = &f->plan.parts[i];
            if (part == bass || part->instrument->is_drums || part->role == TUNE_ROLE_PERC)
                continue;
            for (guint n = 0; n < part->track->notes->len; n++)
                others += g_array_index(part->track->notes, TuneNote, n).pitch, n_others++;
        }
        g_assert_cmpint(sum / notes->len + 7, <, others / n_others);
    }
}

static void test_one_note_at_a_time(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (gint m = 0; metres[m] != NULL; m++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], metres[m], 110,
                                                        4, TUNE_ENDING_LOOP, 20);
            plan_drums(&f->plan);
            plan_bass(&f->plan);
            const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_BASS);
            gint end = 0;
            for (guint n = 0; part != NULL && n < part->track->notes->len; n++) {
                const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
                g_assert_cmpint(note->onset, >=, end);
                end = note->onset + note->duration;
                g_assert_cmpint(end, <=, f->plan.ticks);
            }
        }
}

/* A walking line moves: steps, leaps, hardly ever the same note twice, and reaches chords by step.
 */
static void test_jazz_walks(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("jazz", "4/4", 140, 11, TUNE_ENDING_RIT, 20);
    gint repeated = 0, total = 0, reached = 0, changes = 0;

    plan_drums(&f->plan);
    plan_bass(&f->plan);
    const GArray *notes = plan_fixture_part(f, TUNE_ROLE_BASS)->track->notes;
    for (guint n = 1; n < notes->len; n++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, n);
        gint interval = ABS(note[0].pitch - note[-1].pitch);
        total++;
        repeated += interval == 0;
        if (chord_at(&f->plan, note->onset)->tick == note->onset) {
            changes++;
            reached += interval <= 2;
        }
    }
    g_test_message("%d notes, %d repeated; %d of %d changes by step", total, repeated, reached,
                   changes);
    g_assert_cmpint(repeated * 100, <=, total * 12);
    g_assert_cmpint(reached * 100, >=, changes * 60);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/bass/hears-every-change", test_hears_every_change);
    g_test_add_func("/compose/bass/in-range-and-lowest", test_in_range_and_lowest);
    g_test_add_func("/compose/bass/one-note-at-a-time", test_one_note_at_a_time);
    g_test_add_func("/compose/bass/jazz-walks", test_jazz_walks);
    return g_test_run();
}
