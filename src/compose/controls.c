/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pedal, expression, vibrato and bend: few events, each for a reason.  Times are performance times.
 */
#include <string.h>

#include "compose/automation.h"

enum { VIBRATO = 1, EXPRESSION = 11, PEDAL = 64 };

static void add_control(PlanPart *part, gint tick, guint8 control, gint value)
{
    TuneControl event = {.tick = MAX(0, tick), .control = control, .value = (gint16)value};

    g_array_append_val(part->track->controls, event);
}

static gint compare_controls(gconstpointer a, gconstpointer b)
{
    const TuneControl *x = a, *y = b;

    return (x->tick > y->tick) - (x->tick < y->tick);
}

/* ---- expression ---- */

/* A long note grows and recedes; @peak is how much it stands out. */
static void swell(const Plan *plan, PlanPart *part, const TuneNote *note, gint *before)
{
    gint start = tune_note_sounding_onset(note), length = tune_note_sounding_end(note) - start;
    double energy = plan_energy_at(plan, note->onset);
    gint base = 84 + (gint)(18 * energy);
    gint points = CLAMP(length / plan->beat_ticks, 0, 8);

    if (points < 2) {
        if (ABS(base + 10 - *before) >= 6) {
            *before = base + 10;
            add_control(part, start, EXPRESSION, MIN(127, *before));
        }
        return;
    }
    for (gint i = 0; i < points; i++) {
        gint t = 100 * i / points; /* rises to the middle of the note, falls by less */
        gint value = base + (t < 55 ? t * 24 / 55 : 24 - (t - 55) * 18 / 45);
        value = CLAMP(value, 20, 127);
        if (ABS(value - *before) >= 3)
            add_control(part, start + length * i / points, EXPRESSION, value);
        *before = value;
    }
}

static void expression(const Plan *plan, PlanPart *part)
{
    const GArray *notes = part->track->notes;
    gint before = 0, last = -1;

    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);
        if (note->onset < last) /* inside the swell of a note before */
            continue;
        swell(plan, part, note, &before);
        last = note->onset + MIN(note->duration, 2 * plan->bar_ticks);
    }
}

/* ---- vibrato ---- */

/* Late in notes that are long enough to be heard as held: half a second and more. */
static void vibrato(const Plan *plan, PlanPart *part)
{
    const GArray *notes = part->track->notes;
    gint least = MAX(plan->beat_ticks, plan_ms_ticks(plan, 550));

    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint start = tune_note_sounding_onset(note), length = tune_note_sounding_end(note) - start;
        if (length < least)
            continue;
        add_control(part, start + length * 45 / 100, VIBRATO, 24);
        add_control(part, start + length * 70 / 100, VIBRATO, 48);
        add_control(part, start + length, VIBRATO, 0);
    }
}

/* ---- bends ---- */

/* A scoop: a long note after a rest or a leap is reached from below within a tenth of a second. */
static void scoops(const Plan *plan, PlanPart *part)
{
    const GArray *notes = part->track->notes;
    gint step = MAX(1, plan_ms_ticks(plan, 22)), ended = 0;

    for (guint i = 0; i < notes->len; i++) {
        const TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint start = tune_note_sounding_onset(note);
        gboolean alone = (i == 0 || note[-1].onset < note->onset) &&
                         (i + 1 == notes->len || note[1].onset > note->onset);
        gboolean reached = i == 0 || start - ended > plan->beat_ticks / 2 ||
                           ABS(note->pitch - note[-1].pitch) >= 4;
        TuneRandom random;
        ended = tune_note_sounding_end(note);
        if (!alone || !reached || note->duration < plan->beat_ticks)
            continue;
        tune_random_init(&random, plan->seed, "all/%s/scoop/%d", part->track->id, note->onset);
        if (!tune_random_chance(&random, 0.45))
            continue;
        gint depth = tune_random_int(&random, 1400, 3600);
        for (gint k = 0; k < 4; k++)
            add_control(part, start + k * step, TUNE_CONTROL_BEND, -depth * (4 - k) / 4);
        add_control(part, start + 4 * step, TUNE_CONTROL_BEND, 0);
    }
}

/* ---- pedal ---- */

/* The pedal is changed with the harmony: up as the new chord strikes, down right after. */
static void pedal(const Plan *plan, PlanPart *part, gint index)
{
    gint down = MAX(30, plan_ms_ticks(plan, 60));
    gboolean pressed = FALSE;

    for (gint i = 0; i < plan->n_chords; i++) {
        const PlanChord *chord = &plan->chords[i];
        const PlanSection *s = plan_section_at(plan, chord->tick);
        gboolean wants = plan_plays(s, index) && s->energy < 0.75;
        if (pressed)
            add_control(part, chord->tick, PEDAL, 0);
        pressed = wants && chord->ticks > 2 * down;
        if (pressed)
            add_control(part, chord->tick + down, PEDAL, 127);
    }
    if (pressed)
        add_control(part, plan->ticks, PEDAL, 0);
}

/* ---- who does what ---- */

static gboolean sings(const TuneInstrument *i)
{
    return i->breath || i->bowed || strcmp(i->family, "voice") == 0;
}

/* Strings that amplification holds, and synthesiser leads. */
static gboolean sustains(const TuneInstrument *i)
{
    return strcmp(i->key, "overdriven-guitar") == 0 || strcmp(i->key, "distorted-guitar") == 0 ||
           (strcmp(i->family, "synth") == 0 && !i->plucked);
}

void plan_controls(Plan *plan, gint part_index)
{
    PlanPart *part = &plan->parts[part_index];
    const TuneInstrument *instrument = part->instrument;
    const StylePerform *perform = &plan->style->grooves.perform;
    gboolean melodic = part->role == TUNE_ROLE_LEAD || part->role == TUNE_ROLE_COUNTER;

    if (instrument->is_drums || part->track->notes->len == 0)
        return;
    gboolean keys = strcmp(instrument->family, "keys") == 0 && instrument->program <= 5;
    if (keys && perform->pedal && part->role != TUNE_ROLE_BASS)
        pedal(plan, part, part_index);
    if (!plan_has_curve(plan, part_index, EXPRESSION) &&
        (sings(instrument) || (part->role == TUNE_ROLE_PAD && !instrument->plucked)))
        expression(plan, part);
    if (melodic && !plan_has_curve(plan, part_index, VIBRATO) && (sings(instrument) || sustains(instrument)))
        vibrato(plan, part);
    gboolean bendable = strcmp(instrument->family, "guitar") == 0 ||
                        g_str_has_suffix(instrument->key, "sax") ||
                        strcmp(instrument->key, "harmonica") == 0;
    if (part->role == TUNE_ROLE_LEAD && perform->bends && bendable &&
        strcmp(instrument->key, "nylon-guitar") != 0)
        scoops(plan, part);
    plan_glides(plan, part_index);
    plan_curves(plan, part_index);
    g_array_sort(part->track->controls, compare_controls);
}
