/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "plan-fixture.h"

static const char *const metres[] = {"4/4", "3/4", "6/8", NULL};

/* Hits of [@from, @to) as a text of place and key, to compare bars. */
static char *bar_text(const PlanPart *part, gint from, gint to)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < part->track->notes->len; i++) {
        const TuneNote *n = &g_array_index(part->track->notes, TuneNote, i);
        if (n->onset >= from && n->onset < to)
            g_string_append_printf(out, "%d:%d ", n->onset - from, n->pitch);
    }
    return g_string_free(out, FALSE);
}

static void test_fills_at_section_ends(void)
{
    gint ends = 0, fills = 0;

    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (guint64 seed = 0; seed < 5; seed++) {
            g_autoptr(PlanFixture) f =
                plan_fixture_new(plan_fixture_styles[style], "4/4", 110, seed, TUNE_ENDING_RIT, 20);
            plan_fixture_play(f);
            const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
            for (gint s = 0; part != NULL && s + 1 < f->plan.n_sections; s++) {
                const PlanSection *section = &f->plan.sections[s];
                gint bar = f->plan.bar_ticks, end = section->start_tick + section->ticks;
                if (!plan_plays(section, (gint)(part - f->plan.parts)) || section->bars < 4)
                    continue;
                g_autofree char *before = bar_text(part, end - 3 * bar, end - 2 * bar);
                g_autofree char *last = bar_text(part, end - bar, end);
                ends++;
                fills += strcmp(before, last) != 0;
            }
        }
    g_test_message("%d fills at %d section ends", fills, ends);
    g_assert_cmpint(ends, >, 100);
    g_assert_cmpint(fills * 100, >=, ends * 80);
}

static gboolean needs_a_hand(gint key)
{
    return key >= 37 && key < 60 && key != 39 && key != 44 && key != 54;
}

static void test_two_hands(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (gint m = 0; metres[m] != NULL; m++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], metres[m], 120,
                                                        7, TUNE_ENDING_COLD, 20);
            plan_drums(&f->plan);
            const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
            if (part == NULL || f->plan.style->grooves.perform.machine ||
                part->instrument->program == 48) /* an orchestra has many players */
                continue;
            gint hands = 0, tick = -1;
            for (guint i = 0; i < part->track->notes->len; i++) {
                const TuneNote *n = &g_array_index(part->track->notes, TuneNote, i);
                hands = n->onset == tick ? hands : 0;
                tick = n->onset;
                hands += needs_a_hand(n->pitch);
                g_assert_cmpint(hands, <=, 2);
            }
        }
}

/* At any tempo: the hand on the crash plays no hat, a pulse for two hands stops where one of them is
 * elsewhere, and no foot is quicker than a foot. */
static void test_limbs_have_their_speed(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "4/4", 188, 3, TUNE_ENDING_COLD, 20);
        plan_drums(&f->plan);
        const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
        if (part == NULL || f->plan.style->grooves.perform.machine || part->instrument->program == 48)
            continue;
        double ms = 60000.0 / (f->plan.quarter_bpm * TUNE_PPQ);
        const GArray *notes = part->track->notes;
        gint last_hat = -100000, last_kick = -100000;
        for (guint i = 0; i < notes->len; i++) {
            const TuneNote *n = &g_array_index(notes, TuneNote, i);
            gboolean hat = n->pitch == 42 || n->pitch == 51 || n->pitch == 53;
            gboolean other = FALSE;
            for (guint k = 0; k < notes->len; k++) {
                const TuneNote *o = &g_array_index(notes, TuneNote, k);
                if (k == i || o->onset != n->onset)
                    continue;
                g_assert_false(hat && (o->pitch == 49 || o->pitch == 57 || o->pitch == 52));
                other |= needs_a_hand(o->pitch) && o->pitch != n->pitch;
            }
            if (n->pitch == 42 && (n->onset - last_hat) * ms < 110)
                g_assert_false(other);
            if (n->pitch == 36 && n->velocity < 95)
                g_assert_cmpfloat((n->onset - last_kick) * ms, >=, 90);
            last_hat = n->pitch == 42 ? n->onset : last_hat;
            last_kick = n->pitch == 36 ? n->onset : last_kick;
        }
    }
}

static void test_no_overlaps(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++)
        for (gint m = 0; metres[m] != NULL; m++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], metres[m], 100,
                                                        3, TUNE_ENDING_RING, 20);
            plan_drums(&f->plan);
            const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
            gint free_at[128] = {0};
            for (guint i = 0; part != NULL && i < part->track->notes->len; i++) {
                const TuneNote *n = &g_array_index(part->track->notes, TuneNote, i);
                g_assert_cmpint(n->duration, >, 0);
                g_assert_cmpint(n->onset, >=, free_at[n->pitch]);
                free_at[n->pitch] = n->onset + n->duration;
                g_assert_cmpint(n->onset, <=, f->plan.final_tick);
            }
        }
}

static void test_crash_at_loud_heads(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("rock", "4/4", 130, 1, TUNE_ENDING_COLD, 20);
    gint loud = 0, crashed = 0;

    plan_drums(&f->plan);
    const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
    for (gint s = 0; s < f->plan.n_sections; s++) {
        if (f->plan.sections[s].role != TUNE_SECTION_CHORUS)
            continue;
        loud++;
        for (guint i = 0; i < part->track->notes->len; i++) {
            const TuneNote *n = &g_array_index(part->track->notes, TuneNote, i);
            crashed += n->onset == f->plan.sections[s].start_tick && n->pitch == 49;
        }
    }
    g_assert_cmpint(loud, >, 0);
    g_assert_cmpint(crashed, ==, loud);
}

static void test_every_metre_has_a_groove(void)
{
    static const char *const odd[] = {"2/4", "5/4", "7/8", "9/8", "12/8", NULL};

    for (gint m = 0; odd[m] != NULL; m++) {
        g_autoptr(PlanFixture) f = plan_fixture_new("rock", odd[m], 120, 3, TUNE_ENDING_COLD, 6);
        plan_drums(&f->plan);
        const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_DRUMS);
        for (gint s = 0; s < f->plan.n_sections; s++) {
            const PlanSection *section = &f->plan.sections[s];
            if (!plan_plays(section, (gint)(part - f->plan.parts)))
                continue;
            g_autofree char *text =
                bar_text(part, section->start_tick, section->start_tick + f->plan.bar_ticks);
            g_assert_cmpstr(text, !=, "");
        }
    }
}

static void test_same_seed_same_notes(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        char *texts[3];
        for (gint i = 0; i < 3; i++) {
            g_autoptr(PlanFixture) f = plan_fixture_new(plan_fixture_styles[style], "4/4", 100,
                                                        i < 2 ? 5 : 6, TUNE_ENDING_RIT, 20);
            plan_fixture_play(f);
            texts[i] = plan_fixture_dump(f);
        }
        g_assert_cmpstr(texts[0], ==, texts[1]);
        g_assert_cmpstr(texts[0], !=, texts[2]);
        for (gint i = 0; i < 3; i++)
            g_free(texts[i]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/drums/fills-at-section-ends", test_fills_at_section_ends);
    g_test_add_func("/compose/drums/two-hands", test_two_hands);
    g_test_add_func("/compose/drums/limbs-have-their-speed", test_limbs_have_their_speed);
    g_test_add_func("/compose/drums/no-overlaps", test_no_overlaps);
    g_test_add_func("/compose/drums/crash-at-loud-heads", test_crash_at_loud_heads);
    g_test_add_func("/compose/drums/every-metre-has-a-groove", test_every_metre_has_a_groove);
    g_test_add_func("/compose/drums/same-seed-same-notes", test_same_seed_same_notes);
    return g_test_run();
}
