/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a sequencer does for electronic styles: rolls, layers, builds, gaps, arpeggios, curves, glides.
 */
#include <string.h>

#include "compose/gaps.h"
#include "plan-fixture.h"

typedef struct {
    PlanFixture *f;
    TuneStyle style; /* the fixture's, with blocks of our own */
    GArray *lyrics;
} Studio;

/* The style "electronic" at 120 with the blocks of @text in place of its own. */
static Studio *studio_new(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_parse("mine.yaml", text, strlen(text), &error);
    Studio *self = g_new0(Studio, 1);

    g_assert_no_error(error);
    self->f = plan_fixture_new("electronic", "4/4", 120, 3, TUNE_ENDING_RING, 5);
    self->style = *self->f->plan.style;
    g_assert_true(tune_style_groove_parse(tune_yaml_root(doc), &self->style.grooves, &error));
    g_assert_no_error(error);
    self->f->plan.style = &self->style;
    return self;
}

static void studio_free(Studio *self)
{
    tune_style_groove_clear(&self->style.grooves);
    plan_fixture_free(self->f);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Studio, studio_free)

static gint count(const PlanPart *part, gint pitch, gint from, gint to)
{
    gint n = 0;

    for (guint i = 0; i < part->track->notes->len; i++) {
        const TuneNote *note = &g_array_index(part->track->notes, TuneNote, i);
        n += note->onset >= from && note->onset < to && (pitch == 0 || note->pitch == pitch);
    }
    return n;
}

/* The first section of @role in which the part of @player plays. */
static const PlanSection *section_of(const Studio *s, TuneSectionRole role)
{
    for (gint i = 0; i < s->f->plan.n_sections; i++)
        if (s->f->plan.sections[i].role == role)
            return &s->f->plan.sections[i];
    return NULL;
}

static void let_play(Studio *s, TuneRole role)
{
    for (gint p = 0; p < s->f->plan.n_parts; p++)
        for (gint i = 0; i < s->f->plan.n_sections; i++)
            if (s->f->plan.parts[p].role == role)
                s->f->plan.sections[i].playing |= 1u << p;
}

static void test_rolls_divide_their_cell(void)
{
    g_autoptr(Studio) s = studio_new("grooves:\n"
                                     "  - {name: rolls, rows: {hat: 'r...t...f...x...'}}\n");
    let_play(s, TUNE_ROLE_DRUMS);
    plan_drums(&s->f->plan);
    const PlanPart *drums = plan_fixture_part(s->f, TUNE_ROLE_DRUMS);
    gint bar = s->f->plan.sections[0].start_tick + s->f->plan.bar_ticks, beat = TUNE_PPQ;
    g_assert_cmpint(count(drums, 42, bar, bar + beat / 4), ==, 2);
    g_assert_cmpint(count(drums, 42, bar + beat, bar + beat + beat / 4), ==, 3);
    g_assert_cmpint(count(drums, 42, bar + 2 * beat, bar + 2 * beat + beat / 4), ==, 4);
    g_assert_cmpint(count(drums, 42, bar + 3 * beat, bar + 4 * beat), ==, 1);
    g_assert_cmpint(count(drums, 42, bar + beat / 4, bar + beat), ==, 0);
}

static void test_layers_come_in(void)
{
    g_autoptr(Studio) s = studio_new("grooves:\n"
                                     "  - {name: in, layers: 2, rows: {kick: 'x...', hat: 'xxxx'}}\n");
    let_play(s, TUNE_ROLE_DRUMS);
    plan_drums(&s->f->plan);
    const PlanPart *drums = plan_fixture_part(s->f, TUNE_ROLE_DRUMS);
    const PlanSection *first = &s->f->plan.sections[0];
    gint second = first->start_tick + s->f->plan.bar_ticks;
    g_assert_cmpint(first->bars, >=, 4);
    g_assert_cmpint(count(drums, 36, second, second + s->f->plan.bar_ticks), >, 0);
    g_assert_cmpint(count(drums, 42, second, second + s->f->plan.bar_ticks), ==, 0);
    g_assert_cmpint(count(drums, 42, second + s->f->plan.bar_ticks, second + 2 * s->f->plan.bar_ticks),
                    >=, 3);
}

static void test_build_doubles_and_breathes(void)
{
    g_autoptr(Studio) s =
        studio_new("grooves:\n  - {name: four, rows: {kick: 'x.x.x.x.'}}\n"
                   "builds:\n  - {name: up, rolls: {snare: '1 2 4 4'}, groove: 0.5, breath: 1}\n");
    let_play(s, TUNE_ROLE_DRUMS);
    plan_drums(&s->f->plan);
    const PlanPart *drums = plan_fixture_part(s->f, TUNE_ROLE_DRUMS);
    const PlanSection *build = section_of(s, TUNE_SECTION_BUILD);
    g_assert_nonnull(build);
    gint start = build->start_tick, bar = s->f->plan.bar_ticks, quarter = build->ticks / 4;
    gint end = start + build->ticks;
    g_assert_cmpint(count(drums, 38, start, start + quarter), ==, quarter / TUNE_PPQ);
    g_assert_cmpint(count(drums, 38, start + quarter, start + 2 * quarter), ==, 2 * quarter / TUNE_PPQ);
    g_assert_cmpint(count(drums, 38, end - bar, end), ==, 3 * 4 + 1); /* breaks off in the last beat */
    g_assert_cmpint(count(drums, 36, end - bar, end), ==, 0);
    g_assert_cmpint(count(drums, 36, start + bar, start + 2 * bar), >, 0);
}

static void test_gap_silences_all_but_the_kept(void)
{
    g_autoptr(Studio) s = studio_new("gaps:\n  - {before: [drop], beats: 2, keep: [fx]}\n");
    Plan *plan = &s->f->plan;
    const PlanSection *build = section_of(s, TUNE_SECTION_BUILD);
    gint end = build->start_tick + build->ticks;

    s->lyrics = g_array_new(FALSE, FALSE, sizeof(gint));
    s->f->brief.lyrics = s->lyrics;
    let_play(s, TUNE_ROLE_FX);
    plan_bass(plan);
    plan_comping(plan);
    PlanPart *riser = plan_fixture_part(s->f, TUNE_ROLE_FX);
    plan_add_note(plan, riser, end - TUNE_PPQ, TUNE_PPQ, 60, 80);
    plan_gaps(plan);
    for (gint p = 0; p < plan->n_parts; p++)
        if (plan->parts[p].role != TUNE_ROLE_FX)
            g_assert_cmpint(count(&plan->parts[p], 0, end - 2 * TUNE_PPQ, end), ==, 0);
    g_assert_cmpint(count(riser, 0, end - TUNE_PPQ, end), ==, 1);
    g_array_unref(s->lyrics);
}

/* Pitches of the first bar of the arpeggio of @text. */
static gint arp_bar(const char *text, gint pitches[16])
{
    g_autoptr(Studio) s = studio_new(text);
    gint n = 0;

    let_play(s, TUNE_ROLE_ARP);
    plan_comping(&s->f->plan);
    const PlanPart *arp = plan_fixture_part(s->f, TUNE_ROLE_ARP);
    for (guint i = 0; i < arp->track->notes->len && n < 16; i++) {
        const TuneNote *note = &g_array_index(arp->track->notes, TuneNote, i);
        if (note->onset < s->f->plan.bar_ticks)
            pitches[n++] = note->pitch;
    }
    return n;
}

static void test_arpeggio_orders(void)
{
    gint up[16], down[16], both[16], meet[16];

    g_assert_cmpint(arp_bar("comping:\n  - {name: a, roles: [arp], idiom: arp, cells: 'xxxxxxxx'}\n", up), ==,
                    8);
    g_assert_cmpint(up[1], >, up[0]);
    g_assert_cmpint(up[2], >, up[1]);
    g_assert_cmpint(up[3], ==, up[0]); /* a triad in one octave */
    g_assert_cmpint(arp_bar("comping:\n  - {name: a, roles: [arp], idiom: arp, order: down, cells: 'xx..xx..'}\n",
                            down), ==, 4);
    g_assert_cmpint(down[0], ==, up[2]);
    g_assert_cmpint(down[1], ==, up[1]);
    arp_bar("comping:\n  - {name: a, roles: [arp], idiom: arp, order: up-down, cells: 'xxxxxxxx'}\n", both);
    g_assert_cmpint(both[3], ==, up[1]);
    g_assert_cmpint(both[4], ==, up[0]);
    arp_bar("comping:\n  - {name: a, roles: [arp], idiom: arp, order: converge, octaves: 1, cells: 'xxxx'}\n",
            meet);
    g_assert_cmpint(meet[0], ==, up[0]);
    g_assert_cmpint(meet[1], ==, up[2]);
    g_assert_cmpint(meet[2], ==, up[1]);
}

static void test_tempo_chooses_patterns(void)
{
    g_autoptr(Studio) s =
        studio_new("grooves:\n"
                   "  - {name: half, tempo: [110, 200], rows: {side-stick: '..x.'}}\n"
                   "  - {name: whole, tempo: [50, 100], weight: 50, rows: {cowbell: '.x.x'}}\n");
    let_play(s, TUNE_ROLE_DRUMS);
    plan_drums(&s->f->plan);
    const PlanPart *drums = plan_fixture_part(s->f, TUNE_ROLE_DRUMS);
    g_assert_cmpint(count(drums, 37, 0, s->f->plan.ticks), >, 10);
    g_assert_cmpint(count(drums, 56, 0, s->f->plan.ticks), ==, 0);
}

/* Values of @control on @part in [@from, @to). */
static gint controls(const PlanPart *part, guint8 control, gint from, gint to, gint *least, gint *most,
                     gint *falls)
{
    gint n = 0, before = G_MININT;

    *least = G_MAXINT;
    *most = G_MININT;
    *falls = 0;
    for (guint i = 0; i < part->track->controls->len; i++) {
        const TuneControl *c = &g_array_index(part->track->controls, TuneControl, i);
        if (c->control != control || c->tick < from || c->tick >= to)
            continue;
        *falls += n > 0 && c->value < before;
        before = c->value;
        *least = MIN(*least, c->value);
        *most = MAX(*most, c->value);
        n++;
    }
    return n;
}

static void test_curves(void)
{
    g_autoptr(Studio) s =
        studio_new("curves:\n"
                   "  - {parts: [pad], control: brightness, sections: [build], from: 0.2, to: 1, shape: rise}\n"
                   "  - {parts: [bass], control: brightness, shape: wobble, rates: '1 2', sections: [drop]}\n"
                   "  - {parts: [comp], control: bend, from: -0.1, to: 0.1, shape: drift}\n");
    let_play(s, TUNE_ROLE_PAD);
    let_play(s, TUNE_ROLE_BASS);
    let_play(s, TUNE_ROLE_COMP);
    plan_fixture_play(s->f);
    const PlanSection *build = section_of(s, TUNE_SECTION_BUILD), *drop = section_of(s, TUNE_SECTION_DROP);
    gint least, most, falls, n, end = build->start_tick + build->ticks;

    n = controls(plan_fixture_part(s->f, TUNE_ROLE_PAD), 74, build->start_tick, end, &least, &most, &falls);
    g_assert_cmpint(n, >, 6);
    g_assert_cmpint(falls, ==, 0);
    g_assert_cmpint(least, ==, 25);
    g_assert_cmpint(most, >, 110);
    n = controls(plan_fixture_part(s->f, TUNE_ROLE_PAD), 74, end, end + 1, &least, &most, &falls);
    g_assert_cmpint(n, ==, 1); /* back at rest */
    g_assert_cmpint(least, ==, 64);
    controls(plan_fixture_part(s->f, TUNE_ROLE_BASS), 74, drop->start_tick, drop->start_tick + 2 * TUNE_PPQ,
             &least, &most, &falls);
    g_assert_cmpint(least, <, 20);
    g_assert_cmpint(most, >, 120);
    controls(plan_fixture_part(s->f, TUNE_ROLE_COMP), TUNE_CONTROL_BEND, 0, s->f->plan.ticks, &least, &most,
             &falls);
    g_assert_cmpint(least, >=, -410);
    g_assert_cmpint(most, <=, 410);
    g_assert_cmpint(most - least, >, 200);
}

/* The bass of "slide" on instrument @key, played. */
static const PlanPart *slide(Studio *s, const char *key)
{
    let_play(s, TUNE_ROLE_BASS);
    PlanPart *bass = plan_fixture_part(s->f, TUNE_ROLE_BASS);
    bass->instrument = tune_instruments_find(s->f->instruments, key);
    g_assert_nonnull(bass->instrument);
    plan_fixture_play(s->f);
    return bass;
}

static void test_glides_start_where_the_line_was(void)
{
    static const char text[] = "bass:\n  - {name: slide, cells: '1---5---'}\nperform: {glide: {bass: 1}}\n";
    g_autoptr(Studio) bent = studio_new(text), own = studio_new(text);
    const PlanPart *bass = slide(bent, "fretless-bass");
    gint least, most, falls, overlaps = 0;

    g_assert_cmpint(controls(bass, TUNE_CONTROL_BEND, 0, bent->f->plan.ticks, &least, &most, &falls), >, 20);
    g_assert_cmpint(least, >=, -8192);
    g_assert_cmpint(most, <=, 8191);
    g_assert_cmpint(most, >, 4000);
    const TuneControl *last =
        &g_array_index(bass->track->controls, TuneControl, bass->track->controls->len - 1);
    g_assert_cmpint(last->value, ==, 0);
    bass = slide(own, "808-bass"); /* it glides by itself where notes overlap */
    g_assert_cmpint(controls(bass, TUNE_CONTROL_BEND, 0, own->f->plan.ticks, &least, &most, &falls), ==, 0);
    for (guint i = 1; i < bass->track->notes->len; i++) {
        const TuneNote *note = &g_array_index(bass->track->notes, TuneNote, i);
        overlaps += tune_note_sounding_end(note - 1) > tune_note_sounding_onset(note);
    }
    g_assert_cmpint(overlaps, >, 5);
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"builds:\n  - {name: a, rolls: {snare: '1 9'}}\n", "no number from 0 to 8"},
        {"builds:\n  - {name: a, rolls: {gong: '1'}}\n", "no drum of a set"},
        {"builds:\n  - {name: a}\n", "rolls: a map"},
        {"gaps:\n  - {before: [dropp]}\n", "no section"},
        {"gaps:\n  - {keep: [sfx]}\n", "no role"},
        {"curves:\n  - {control: level}\n", "parts: at least one"},
        {"curves:\n  - {parts: [pad], control: colour}\n", "none of level"},
        {"curves:\n  - {parts: [pad], shape: wobble}\n", "a wobble needs rates"},
        {"curves:\n  - {parts: [pad], shape: gate, cells: 'xo'}\n", "unknown cell 'o'"},
        {"curves:\n  - {parts: [pad], control: bend, from: 3}\n", "outside"},
        {"comping:\n  - {name: a, idiom: arp, order: sideways, cells: x}\n", "is no order"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        StyleGrooves grooves;
        g_autoptr(TuneYaml) doc =
            tune_yaml_parse("mine.yaml", cases[i].text, strlen(cases[i].text), &error);
        g_assert_no_error(error);
        g_assert_false(tune_style_groove_parse(tune_yaml_root(doc), &grooves, &error));
        if (strstr(error->message, cases[i].reason) == NULL)
            g_error("\"%s\" does not say \"%s\"", error->message, cases[i].reason);
        g_assert_nonnull(strstr(error->message, "mine.yaml:2"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/sequencer/rolls-divide-their-cell", test_rolls_divide_their_cell);
    g_test_add_func("/compose/sequencer/layers-come-in-one-by-one", test_layers_come_in);
    g_test_add_func("/compose/sequencer/build-doubles-and-breathes", test_build_doubles_and_breathes);
    g_test_add_func("/compose/sequencer/gap-silences-all-but-the-kept", test_gap_silences_all_but_the_kept);
    g_test_add_func("/compose/sequencer/arpeggio-orders", test_arpeggio_orders);
    g_test_add_func("/compose/sequencer/tempo-chooses-patterns", test_tempo_chooses_patterns);
    g_test_add_func("/compose/sequencer/curves", test_curves);
    g_test_add_func("/compose/sequencer/glides-start-where-the-line-was",
                    test_glides_start_where_the_line_was);
    g_test_add_func("/compose/sequencer/refusals", test_refusals);
    return g_test_run();
}
