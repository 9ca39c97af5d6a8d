/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "plan-fixture.h"

static double spread(const GArray *notes)
{
    double sum = 0, squares = 0;

    for (guint n = 0; n < notes->len; n++) {
        double v = g_array_index(notes, TuneNote, n).velocity;
        sum += v;
        squares += v * v;
    }
    double mean = sum / notes->len;
    return sqrt(squares / notes->len - mean * mean);
}

static void test_velocities_vary(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "4/4", 110, 2, TUNE_ENDING_RIT, 20);
        plan_fixture_play(f);
        for (gint i = 0; i < f->plan.n_parts; i++) {
            const PlanPart *part = &f->plan.parts[i];
            if (part->track->notes->len < 12)
                continue;
            g_test_message("%s %s: %.1f", plan_fixture_styles[style], part->track->id,
                           spread(part->track->notes));
            g_assert_cmpfloat(spread(part->track->notes), >=, 4);
        }
    }
}

/* Mean place of the off-beat eighths of the lead or bass in jazz at @bpm. */
static double measured_swing(double bpm)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("jazz", "4/4", bpm, 2, TUNE_ENDING_RIT, 20);
    double sum = 0, n = 0, lean = 0, beats = 0;

    plan_fixture_play(f);
    const PlanPart *part = plan_fixture_part(f, TUNE_ROLE_COMP);
    for (guint i = 0; i < part->track->notes->len; i++) {
        const TuneNote *note = &g_array_index(part->track->notes, TuneNote, i);
        if (note->onset % TUNE_PPQ == TUNE_PPQ / 2) {
            sum += TUNE_PPQ / 2.0 + note->onset_offset;
            n++;
        } else if (note->onset % TUNE_PPQ == 0) {
            lean += note->onset_offset;
            beats++;
        }
    }
    g_assert_cmpfloat(n, >, 10);
    g_assert_cmpfloat(beats, >, 10);
    return (sum / n - lean / beats) / TUNE_PPQ;
}

static void test_swing_straightens_with_tempo(void)
{
    double slow = measured_swing(110), fast = measured_swing(260);

    g_test_message("swing %.3f at 110, %.3f at 260", slow, fast);
    g_assert_cmpfloat(slow, >, 0.62);
    g_assert_cmpfloat(slow, <, 0.70);
    g_assert_cmpfloat(fast, <, slow - 0.04);
    g_assert_cmpfloat(fast, >, 0.5);
}

static void test_timing_within_ten_ms(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "4/4", 120, 2, TUNE_ENDING_RIT, 20);
        double ms = 60000.0 / (f->plan.quarter_bpm * TUNE_PPQ);
        plan_fixture_play(f);
        for (gint i = 0; i < f->plan.n_parts; i++) {
            const PlanPart *part = &f->plan.parts[i];
            if (part->role == TUNE_ROLE_COMP ||
                (part->role == TUNE_ROLE_ARP && strcmp(part->instrument->family, "guitar") == 0))
                continue; /* strums spread wider */
            for (guint n = 0; n < part->track->notes->len; n++) {
                const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
                gint played = note->onset + note->onset_offset;
                if (note->onset == f->plan.final_tick)
                    continue; /* the last chord may be rolled */
                g_assert_cmpfloat(fabs((played - plan_swung(&f->plan, note->onset)) * ms), <=,
                                  10.6);
            }
        }
    }
}

static void test_nothing_sounds_twice(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "6/8", 80, 2, TUNE_ENDING_RIT, 20);
        plan_fixture_play(f);
        for (gint i = 0; i < f->plan.n_parts; i++) {
            const PlanPart *part = &f->plan.parts[i];
            gint free_at[128] = {0};
            for (guint n = 0; n < part->track->notes->len; n++) {
                const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
                g_assert_cmpint(tune_note_sounding_onset(note), >=, free_at[note->pitch]);
                g_assert_cmpint(note->duration + note->duration_offset, >, 0);
                free_at[note->pitch] = tune_note_sounding_end(note);
            }
        }
    }
}

static void test_controls_are_few_and_end_at_rest(void)
{
    for (gint style = 0; plan_fixture_styles[style] != NULL; style++) {
        g_autoptr(PlanFixture) f =
            plan_fixture_new(plan_fixture_styles[style], "4/4", 110, 2, TUNE_ENDING_RIT, 20);
        guint events = 0;
        plan_fixture_play(f);
        for (gint i = 0; i < f->plan.n_parts; i++) {
            const GArray *controls = f->plan.parts[i].track->controls;
            gint last[129] = {0};
            events += controls->len;
            for (guint n = 0; n < controls->len; n++) {
                const TuneControl *c = &g_array_index(controls, TuneControl, n);
                g_assert_true(n == 0 || c->tick >= c[-1].tick);
                last[c->control] = c->value;
            }
            g_assert_cmpint(last[TUNE_CONTROL_BEND], ==, 0);
            g_assert_cmpint(last[64], ==, 0);
            g_assert_cmpint(last[1], ==, 0);
        }
        double seconds = f->plan.ticks * 60.0 / (f->plan.quarter_bpm * TUNE_PPQ);
        g_test_message("%s: %.1f controls a second", plan_fixture_styles[style], events / seconds);
        g_assert_cmpfloat(events / seconds, <, 12);
    }
}

static void test_final_chord(void)
{
    g_autoptr(PlanFixture) f = plan_fixture_new("pop", "4/4", 110, 2, TUNE_ENDING_RIT, 20);

    plan_fixture_play(f);
    for (gint i = 0; i < f->plan.n_parts; i++) {
        const PlanPart *part = &f->plan.parts[i];
        const PlanSection *last = &f->plan.sections[f->plan.n_sections - 1];
        gint finals = 0;
        if (part->role == TUNE_ROLE_LEAD || part->role == TUNE_ROLE_COUNTER ||
            part->role == TUNE_ROLE_FX || !plan_plays(last, i))
            continue;
        for (guint n = 0; n < part->track->notes->len; n++) {
            const TuneNote *note = &g_array_index(part->track->notes, TuneNote, n);
            g_assert_cmpint(note->onset, <=, f->plan.final_tick);
            finals += note->onset == f->plan.final_tick;
        }
        g_assert_cmpint(finals, >, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/perform/velocities-vary", test_velocities_vary);
    g_test_add_func("/compose/perform/swing-straightens-with-tempo",
                    test_swing_straightens_with_tempo);
    g_test_add_func("/compose/perform/timing-within-ten-ms", test_timing_within_ten_ms);
    g_test_add_func("/compose/perform/nothing-sounds-twice", test_nothing_sounds_twice);
    g_test_add_func("/compose/perform/controls-are-few-and-end-at-rest",
                    test_controls_are_few_and_end_at_rest);
    g_test_add_func("/compose/perform/final-chord", test_final_chord);
    return g_test_run();
}
