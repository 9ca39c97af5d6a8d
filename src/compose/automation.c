/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/automation.h"

#include <string.h>

#define BEND_A_SEMITONE 4096 /* the range is two semitones either way */

typedef struct {
    Plan *plan;
    PlanPart *part;
    const StyleCurve *curve;
    const PlanSection *section;
    gint last; /* value sent before, to leave out what changes nothing */
} Drawer;

static gboolean names(const StyleCurve *curve, const PlanPart *part)
{
    const char *const *list = (const char *const *)curve->parts;

    return g_strv_contains(list, part->style->id) ||
           g_strv_contains(list, tune_role_name(part->role));
}

static gboolean covers(const StyleCurve *curve, const PlanSection *section)
{
    return (curve->sections == 0 || (curve->sections & (1u << section->role))) &&
           section->energy >= curve->energy[0] && section->energy <= curve->energy[1];
}

static const GPtrArray *curves_of(const Plan *plan)
{
    return plan->style->grooves.automation.curves;
}

gboolean plan_has_curve(const Plan *plan, gint part_index, guint8 control)
{
    for (guint i = 0; i < curves_of(plan)->len; i++) {
        const StyleCurve *curve = curves_of(plan)->pdata[i];
        if (curve->control == control && names(curve, &plan->parts[part_index]))
            return TRUE;
    }
    return FALSE;
}

static gint rest_of(guint8 control)
{
    return control == 11 ? 127 : control == 1 || control == STYLE_CONTROL_BEND ? 0 : 64;
}

static void send(Drawer *d, gint tick, double value)
{
    gboolean bend = d->curve->control == STYLE_CONTROL_BEND;
    double scaled = bend ? value * BEND_A_SEMITONE : value * 127;
    gint number = (gint)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);

    number = bend ? CLAMP(number, -8192, 8191) : CLAMP(number, 0, 127);
    if (number == d->last)
        return;
    d->last = number;
    TuneControl event = {.tick = MAX(0, tick), .control = d->curve->control, .value = (gint16)number};
    g_array_append_val(d->part->track->controls, event);
}

static double mixed(const StyleCurve *c, double share)
{
    return c->from + (c->to - c->from) * share;
}

/* 0 at whole numbers, 1 between them, round at both: a wave without a sine. */
static double wave(double place)
{
    double x = place - (gint)place;
    double up = x < 0.5 ? 2 * x : 2 - 2 * x;

    return up * up * (3 - 2 * up);
}

/* ---- the shapes ---- */

static void draw_slope(Drawer *d, gint from, gint to)
{
    gint step = d->plan->beat_ticks / 2;

    for (gint tick = from; tick < to; tick += step) {
        double x = (double)(tick - from) / MAX(1, to - from);
        send(d, tick, mixed(d->curve, d->curve->shape == STYLE_CURVE_RISE ? x * x : x));
    }
}

static void draw_wave(Drawer *d, gint from, gint to)
{
    gint step = d->plan->beat_ticks;
    double cycle = d->curve->bars * d->plan->bar_ticks;

    for (gint tick = from; tick < to; tick += step)
        send(d, tick, mixed(d->curve, wave((tick - from) / cycle)));
}

static void draw_wobble(Drawer *d, gint from, gint to)
{
    gint beat = d->plan->beat_ticks;

    for (gint tick = from, i = 0; tick < to; tick += beat, i++) {
        gint cycles = d->curve->rates[i % d->curve->n_rates];
        gint points = cycles == 0 ? 1 : cycles * (cycles > 4 ? 4 : 8);
        for (gint k = 0; k < points && tick + beat * k / points < to; k++) {
            double place = (double)(k * cycles) / points;
            /* each cycle opens at once and closes: that is what makes it speak */
            send(d, tick + beat * k / points,
                 mixed(d->curve, cycles == 0 ? 1 : wave(0.2 + 0.8 * (place - (gint)place))));
        }
    }
}

static void draw_pump(Drawer *d, gint from, gint to)
{
    static const double back[] = {0, 0.18, 0.45, 0.72, 0.92, 1};
    gint beat = d->plan->beat_ticks;

    for (gint tick = from; tick < to; tick += beat)
        for (gint k = 0; k < 6; k++)
            send(d, tick + beat * k / 8, mixed(d->curve, back[k]));
}

static void draw_gate(Drawer *d, gint from, gint to)
{
    gint cells = d->curve->n_rates / d->curve->rates_bars, bar = d->plan->bar_ticks;

    for (gint tick = from, i = 0; tick < to && cells > 0; i++) {
        send(d, tick, d->curve->rates[i % d->curve->n_rates] ? d->curve->to : d->curve->from);
        tick = from + (i + 1) / cells * bar + (i + 1) % cells * bar / cells;
    }
}

static void draw_drift(Drawer *d, gint from, gint to)
{
    gint step = d->plan->beat_ticks / 2;
    double before = 0.5, after = 0.5;

    for (gint tick = from, i = 0; tick < to; tick += step, i++) {
        if (i % 4 == 0) { /* a new aim every two beats */
            TuneRandom random;
            plan_stream(d->plan, d->section, d->part, "drift", i, &random);
            before = after;
            after = tune_random_unit(&random);
        }
        send(d, tick, mixed(d->curve, before + (after - before) * (i % 4) / 4));
    }
}

static void draw(Drawer *d)
{
    gint from = d->section->start_tick, to = plan_groove_end(d->plan, d->section);

    switch (d->curve->shape) {
    case STYLE_CURVE_WAVE:
        draw_wave(d, from, to);
        break;
    case STYLE_CURVE_WOBBLE:
        draw_wobble(d, from, to);
        break;
    case STYLE_CURVE_PUMP:
        draw_pump(d, from, to);
        break;
    case STYLE_CURVE_GATE:
        draw_gate(d, from, to);
        break;
    case STYLE_CURVE_DRIFT:
        draw_drift(d, from, to);
        break;
    default:
        draw_slope(d, from, to);
        break;
    }
}

/* The curve for @control that covers @section: the last one of the file that does. */
static const StyleCurve *curve_for(const Plan *plan, const PlanPart *part, guint8 control,
                                   const PlanSection *section)
{
    const StyleCurve *found = NULL;

    for (guint i = 0; i < curves_of(plan)->len; i++) {
        const StyleCurve *curve = curves_of(plan)->pdata[i];
        if (curve->control == control && names(curve, part) && covers(curve, section))
            found = curve;
    }
    return found;
}

static void draw_control(Plan *plan, gint index, guint8 control)
{
    StyleCurve at_rest = {.control = control};
    Drawer d = {.plan = plan, .part = &plan->parts[index], .curve = &at_rest, .last = G_MININT};
    double rest = rest_of(control) / 127.0;

    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        const StyleCurve *curve = curve_for(plan, d.part, control, s);
        d.section = s;
        d.curve = curve != NULL ? curve : &at_rest;
        if (curve != NULL && plan_plays(s, index))
            draw(&d);
        else if (d.last != G_MININT)
            send(&d, s->start_tick, rest);
    }
    d.curve = &at_rest;
    if (d.last != G_MININT && plan_has_final(plan))
        send(&d, plan->final_tick, rest);
}

void plan_curves(Plan *plan, gint part_index)
{
    static const guint8 controls[] = {1, 11, 71, 74, STYLE_CONTROL_BEND};

    for (gsize i = 0; i < G_N_ELEMENTS(controls); i++)
        if (plan_has_curve(plan, part_index, controls[i]))
            draw_control(plan, part_index, controls[i]);
}

/* ---- glides ---- */

/* An instrument that glides by itself does so when the note before lasts into this one. */
static void overlap(const Plan *plan, TuneNote *before, gint start)
{
    gint reach = start + plan_ms_ticks(plan, 30) - tune_note_sounding_onset(before);

    before->duration_offset = (gint16)CLAMP(reach - before->duration, -30000, 30000);
}

static void bend_from(const Plan *plan, PlanPart *part, gint start, gint interval)
{
    gint step = MAX(1, plan_ms_ticks(plan, 14)), depth = CLAMP(interval * BEND_A_SEMITONE, -8192, 8191);

    for (gint k = 0; k <= 6; k++) {
        TuneControl bend = {.tick = MAX(0, start + k * step), .control = TUNE_CONTROL_BEND,
                            .value = (gint16)(depth * (6 - k) * (6 - k) / 36)};
        g_array_append_val(part->track->controls, bend);
    }
}

void plan_glides(Plan *plan, gint part_index)
{
    PlanPart *part = &plan->parts[part_index];
    double chance = plan->style->grooves.perform.glide[part->role];
    const GArray *notes = part->track->notes;

    if (chance <= 0 || plan_has_curve(plan, part_index, STYLE_CONTROL_BEND))
        return;
    for (guint i = 1; i < notes->len; i++) {
        TuneNote *note = &g_array_index(notes, TuneNote, i), *before = note - 1;
        gint start = tune_note_sounding_onset(note), interval = before->pitch - note->pitch;
        TuneRandom random;
        if (interval == 0 || start - tune_note_sounding_end(before) > plan->beat_ticks / 4 ||
            note->duration < plan->beat_ticks / 2 || before->onset == note->onset)
            continue;
        tune_random_init(&random, plan->seed, "all/%s/glide/%d", part->track->id, note->onset);
        if (!tune_random_chance(&random, chance))
            continue;
        if (part->instrument->glides)
            overlap(plan, before, start);
        else
            bend_from(plan, part, start, interval);
    }
}
