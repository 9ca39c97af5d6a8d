/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan-fixture.h"

#include <string.h>

typedef struct {
    PlanFixture *f;
    PlanPart *part;
    StylePart style;
} Scene;

/* The electronic style's form, in which its effect plays everywhere, on @instrument. */
static void scene_init(Scene *self, const char *instrument, gint place, gint bars, guint32 sections)
{
    self->f = plan_fixture_new("electronic", "4/4", 128, 5, TUNE_ENDING_COLD, 8);
    self->part = plan_fixture_part(self->f, TUNE_ROLE_FX);
    g_assert_nonnull(self->part);
    self->style = *self->part->style;
    self->style.place = place;
    self->style.bars = bars;
    self->style.sections = sections;
    self->part->style = &self->style;
    self->part->instrument = tune_instruments_find(self->f->instruments, instrument);
    g_assert_nonnull(self->part->instrument);
    for (gint s = 0; s < self->f->plan.n_sections; s++)
        self->f->plan.sections[s].playing |= 1u << (self->part - self->f->plan.parts);
    plan_effects(&self->f->plan);
}

static gint n_notes(const Scene *self)
{
    return (gint)self->part->track->notes->len;
}

static const TuneNote *note_at(const Scene *self, gint i)
{
    return &g_array_index(self->part->track->notes, TuneNote, i);
}

static const PlanSection *section_at(const Scene *self, gint tick)
{
    return plan_section_at(&self->f->plan, tick);
}

static double energy_before(const Scene *self, const PlanSection *section)
{
    return section > self->f->plan.sections ? section[-1].energy : section->energy;
}

static void test_risers_end_where_it_gets_louder(void)
{
    Scene s;

    scene_init(&s, "riser", -1, 0, 0);
    g_assert_cmpint(n_notes(&s), >, 0);
    for (gint i = 0; i < n_notes(&s); i++) {
        gint end = note_at(&s, i)->onset + note_at(&s, i)->duration;
        const PlanSection *next = section_at(&s, end);

        if (end >= s.f->plan.final_tick) /* a build that ends the piece */
            continue;
        g_assert_cmpint(next->start_tick, ==, end);
        g_assert_true(next->energy > energy_before(&s, next) || next[-1].role == TUNE_SECTION_BUILD);
    }
    plan_fixture_free(s.f);
}

static void test_hits_begin_where_it_gets_louder(void)
{
    Scene s;

    scene_init(&s, "impact", -1, 0, 0);
    g_assert_cmpint(n_notes(&s), >, 0);
    for (gint i = 0; i < n_notes(&s); i++) {
        const PlanSection *section = section_at(&s, note_at(&s, i)->onset);

        g_assert_cmpint(section->start_tick, ==, note_at(&s, i)->onset);
        g_assert_cmpfloat(section->energy, >, energy_before(&s, section));
        g_assert_cmpint(note_at(&s, i)->duration, <=, 2 * s.f->plan.bar_ticks);
    }
    plan_fixture_free(s.f);
}

static void test_hits_fall_on_the_sections_that_are_named(void)
{
    Scene s;
    gint n = 0;

    scene_init(&s, "impact", -1, 0, 1u << TUNE_SECTION_BREAKDOWN);
    for (gint i = 1; i < s.f->plan.n_sections; i++)
        for (gint k = 0; s.f->plan.sections[i].role == TUNE_SECTION_BREAKDOWN && k < n_notes(&s); k++)
            n += note_at(&s, k)->onset == s.f->plan.sections[i].start_tick;
    g_assert_cmpint(n, >, 0);
    plan_fixture_free(s.f);
}

static void test_style_decides_place_and_bars(void)
{
    Scene s, usual;

    scene_init(&usual, "downlifter", -1, 0, 0);
    scene_init(&s, "impact", TUNE_PLACE_FALL, 1, 0);
    g_assert_cmpint(n_notes(&s), ==, n_notes(&usual));
    g_assert_cmpint(n_notes(&s), >, 1);
    for (gint i = 0; i < n_notes(&s); i++) {
        g_assert_cmpint(note_at(&s, i)->onset, ==, note_at(&usual, i)->onset);
        g_assert_cmpint(note_at(&s, i)->duration, ==, s.f->plan.bar_ticks);
    }
    plan_fixture_free(s.f);
    plan_fixture_free(usual.f);
}

static void test_beds_lie_under_all(void)
{
    Scene s;

    scene_init(&s, "vinyl", -1, 0, 0);
    g_assert_cmpint(n_notes(&s), ==, 1);
    g_assert_cmpint(note_at(&s, 0)->onset, ==, 0);
    g_assert_cmpint(note_at(&s, 0)->duration, ==, s.f->plan.ticks);
    plan_fixture_free(s.f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/effects/risers-end-where-it-gets-louder", test_risers_end_where_it_gets_louder);
    g_test_add_func("/compose/effects/hits-begin-where-it-gets-louder", test_hits_begin_where_it_gets_louder);
    g_test_add_func("/compose/effects/hits-fall-on-the-sections-that-are-named",
                    test_hits_fall_on_the_sections_that_are_named);
    g_test_add_func("/compose/effects/style-decides-place-and-bars", test_style_decides_place_and_bars);
    g_test_add_func("/compose/effects/beds-lie-under-all", test_beds_lie_under_all);
    return g_test_run();
}
