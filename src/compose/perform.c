/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How the notes are played.  Nothing here moves a note on the page: what a player adds lives in the
 * offsets and in velocity.  People play within about 10 ms of the beat and lean one way, so that a
 * part has one habitual lateness and a slow wander around it; there is no jitter to speak of.
 */
#include "compose/perform.h"

#define MAX_LEAN_MS 10.0
#define SOFT        44.0 /* velocities below it are drawn towards it */

static const StylePerform *perform_of(const Plan *plan)
{
    return &plan->style->grooves.perform;
}

gint plan_ms_ticks(const Plan *plan, double ms)
{
    double ticks = ms * plan->quarter_bpm * TUNE_PPQ / 60000.0;

    return (gint)(ticks < 0 ? ticks - 0.5 : ticks + 0.5);
}

double plan_energy_at(const Plan *plan, gint tick)
{
    const PlanSection *s = plan_section_at(plan, tick);
    const PlanSection *next = s->last || s + 1 >= plan->sections + plan->n_sections ? NULL : s + 1;
    double energy = s->energy;

    if (next == NULL || next->energy <= energy)
        return energy;
    gint span = s->role == TUNE_SECTION_BUILD ? s->ticks : MIN(2 * plan->bar_ticks, s->ticks);
    gint into = tick - (s->start_tick + s->ticks - span);
    double share = s->role == TUNE_SECTION_BUILD ? 0.9 : 0.6;
    return into > 0 ? energy + (next->energy - energy) * share * into / span : energy;
}

/* ---- swing ---- */

/* Players straighten out as the tempo rises: full swing up to 120, a third of it at 290. */
static double swing_ratio(const Plan *plan)
{
    double beats = tune_metre_beat_bpm(plan->metre, plan->quarter_bpm);

    return 0.5 + (plan->swing - 0.5) * CLAMP(1.0 - (beats - 120) / 255.0, 0.3, 1.0);
}

/* Where the style's uneven beats put @tick: each beat by its own share of a beat early or late, what lies
 * between in proportion. */
static gint uneven(const Plan *plan, gint tick)
{
    const StylePerform *perform = perform_of(plan);
    gint beat = plan->beat_ticks, n = perform->n_beats;

    if (n == 0 || n * beat != plan->bar_ticks)
        return tick;
    gint at = tick % plan->bar_ticks / beat;
    double inside = (double)(tick % beat) / beat;
    double off = perform->beats[at] + (perform->beats[(at + 1) % n] - perform->beats[at]) * inside;
    return tick + (gint)(off * beat + (off < 0 ? -0.5 : 0.5));
}

gint plan_swung(const Plan *plan, gint tick)
{
    gint unit = plan->swing_sixteenths ? TUNE_PPQ / 2 : TUNE_PPQ;

    /* Eighths that are counted one by one (7/8), or three to a beat, stay where they are. */
    if (plan->swing <= 0.5 || (plan->metre.unit >= 8 && !plan->swing_sixteenths) ||
        tune_metre_is_compound(plan->metre))
        return uneven(plan, tick);
    gint in_bar = tick % plan->bar_ticks, in_unit = in_bar % unit;
    if (in_unit == 0 || in_unit % (unit / 3) == 0)
        return uneven(plan, tick);
    double ratio = swing_ratio(plan), half = unit / 2.0;
    double moved = in_unit <= half ? in_unit * 2 * ratio
                                   : unit * (ratio + (in_unit - half) / half * (1 - ratio));
    return tick - in_unit + (gint)(moved + 0.5);
}

/* ---- one part ---- */

typedef struct {
    Plan *plan;
    PlanPart *part;
    gint index;
    gint drift_knot; /* the two knots of the wander around the current place */
    double drift[2];
    gint onset;   /* of the note before */
    double lean;  /* ms of the current onset */
    double touch; /* velocity of the current onset that no rule explains */
    TuneRandom random;
} Player;

static double knot(const Player *p, gint number)
{
    TuneRandom random;

    tune_random_init(&random, p->plan->seed, "all/%s/drift/%d", p->part->track->id, number);
    return tune_random_range(&random, -1, 1);
}

/* Slow wander, -1..1: a value every two bars, straight lines between. */
static double drift_at(Player *p, gint tick)
{
    gint span = 2 * p->plan->bar_ticks, number = tick / span;

    if (number != p->drift_knot) {
        p->drift_knot = number;
        p->drift[0] = knot(p, number);
        p->drift[1] = knot(p, number + 1);
    }
    double place = (double)(tick % span) / span;
    return p->drift[0] + (p->drift[1] - p->drift[0]) * place;
}

static void new_onset(Player *p, gint onset)
{
    const StylePerform *perform = perform_of(p->plan);
    gboolean machine = perform->machine && p->part->role == TUNE_ROLE_DRUMS;

    p->onset = onset;
    p->lean = perform->late_ms[p->part->role] + perform->drift_ms * drift_at(p, onset) +
              tune_random_range(&p->random, -0.8, 0.8);
    p->lean = CLAMP(p->lean, -MAX_LEAN_MS, MAX_LEAN_MS) * (machine ? 0.1 : 1);
    p->touch = tune_random_bell(&p->random) * perform->spread *
               (machine                          ? 0.5
                : p->part->role == TUNE_ROLE_PAD ? 1.4
                                                 : 1.1);
}

/* ---- loudness ---- */

static const double role_level[TUNE_N_ROLES] = {
    [TUNE_ROLE_LEAD] = 6,  [TUNE_ROLE_COUNTER] = -2, [TUNE_ROLE_COMP] = -8,
    [TUNE_ROLE_ARP] = -8,  [TUNE_ROLE_PAD] = -12,    [TUNE_ROLE_BASS] = 0,
    [TUNE_ROLE_DRUMS] = 0, [TUNE_ROLE_PERC] = -4,    [TUNE_ROLE_FX] = -6,
};

/* -0.5 at the edges of a phrase, 0.5 in its middle. */
static double arch(const Plan *plan, gint tick)
{
    const PlanSection *s = plan_section_at(plan, tick);
    gint phrase = MAX(1, s->phrase_bars) * plan->bar_ticks;
    double t = (double)((tick - s->start_tick) % phrase) / phrase;

    return 4 * t * (1 - t) - 0.5;
}

static void set_velocity(Player *p, TuneNote *note)
{
    const StylePerform *perform = perform_of(p->plan);
    double energy = plan_energy_at(p->plan, note->onset);
    double level = perform->loudness[0] + (perform->loudness[1] - perform->loudness[0]) * energy;
    double guess = note->velocity;
    double value;

    if (p->part->role == TUNE_ROLE_DRUMS || p->part->role == TUNE_ROLE_PERC) {
        value = guess * (0.35 * level / 80 + 0.62) + role_level[p->part->role] + p->touch +
                tune_random_bell(&p->random) * perform->spread * 0.5;
        if (note->articulation & TUNE_ARTICULATION_GHOST)
            value = MIN(value, 52);
    } else {
        double weight = tune_metre_weight(p->plan->metre, note->onset % p->plan->bar_ticks);
        double rise = p->part->role == TUNE_ROLE_LEAD ? 10 : 6;
        value = level + role_level[p->part->role] + perform->accent * (weight - 0.45) +
                rise * arch(p->plan, note->onset) + 0.7 * (guess - 80) + p->touch +
                tune_random_bell(&p->random) * 1.5;
        if (note->articulation & TUNE_ARTICULATION_ACCENT)
            value += 6;
    }
    /* A SoundFont's loudness falls with the square of velocity: what is soft must stay audible beside what
     * is not (12 dB for a piece's quietest section, not 25). */
    if (!(note->articulation & TUNE_ARTICULATION_GHOST) && value < SOFT)
        value = SOFT - 0.4 * (SOFT - value);
    note->velocity = (guint8)CLAMP((gint)(value + 0.5), 12, 126);
}

/* ---- time and length ---- */

static void set_length(Player *p, TuneNote *note, gint swung_onset)
{
    gint length = plan_swung(p->plan, note->onset + note->duration) - swung_onset;
    double share = perform_of(p->plan)->legato[p->part->role];

    if (note->duration_offset != 0) /* the part has said it: a strum, a muted string */
        length += note->duration_offset;
    else if (note->articulation & TUNE_ARTICULATION_STACCATO)
        length = length * 45 / 100;
    else if (note->articulation & TUNE_ARTICULATION_SLUR)
        share = 1;
    else if (!p->part->instrument->is_drums)
        length = MIN((gint)(length * share), length - 6);
    note->duration_offset = (gint16)CLAMP(MAX(length, 24) - note->duration, -30000, 30000);
}

static void play_note(Player *p, TuneNote *note)
{
    if (note->onset != p->onset)
        new_onset(p, note->onset);
    set_velocity(p, note);
    gint swung = plan_swung(p->plan, note->onset);
    set_length(p, note, swung);
    gint offset = note->onset_offset + (swung - note->onset) + plan_ms_ticks(p->plan, p->lean);
    note->onset_offset = (gint16)CLAMP(offset, -MIN(note->onset, 2000), 2000);
}

/* Winds and bowed lines: steps inside a bar are slurred unless somebody has phrased the line
 * already. */
static void slur_line(const Plan *plan, const PlanPart *part)
{
    GArray *notes = part->track->notes;

    if ((!part->instrument->breath && !part->instrument->bowed) ||
        (part->role != TUNE_ROLE_LEAD && part->role != TUNE_ROLE_COUNTER))
        return;
    for (guint i = 0; i < notes->len; i++)
        if (g_array_index(notes, TuneNote, i).articulation & TUNE_ARTICULATION_SLUR)
            return;
    for (guint i = 0; i + 1 < notes->len; i++) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint interval = ABS(note[1].pitch - note[0].pitch);
        gboolean joined = note[0].onset + note[0].duration == note[1].onset;
        gboolean same_bar = note[0].onset / plan->bar_ticks == note[1].onset / plan->bar_ticks;
        if (joined && same_bar && interval >= 1 && interval <= 4 && note[0].syllable < 0 &&
            note[0].duration < 2 * plan->beat_ticks &&
            !(note[0].articulation & TUNE_ARTICULATION_STACCATO))
            note->articulation |= TUNE_ARTICULATION_SLUR;
    }
}

/* One breath, one bow: a note of a single-voiced instrument ends before the next one sounds. */
static void trim_single_voice(const PlanPart *part)
{
    GArray *notes = part->track->notes;

    if (part->instrument->polyphony > 1 || part->instrument->is_drums)
        return;
    for (guint i = 0; i + 1 < notes->len; i++) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        gint over = tune_note_sounding_end(note) - tune_note_sounding_onset(note + 1);
        gint length = note->duration + note->duration_offset;
        if (over > 0 && note[1].onset > note[0].onset)
            note->duration_offset = (gint16)(note->duration_offset - MIN(over, length - 1));
    }
}

static void mark_final(const Plan *plan, PlanPart *part)
{
    GArray *notes = part->track->notes;

    if (!plan_has_final(plan) || plan->ending == TUNE_ENDING_COLD)
        return;
    for (guint i = notes->len; i-- > 0;) {
        TuneNote *note = &g_array_index(notes, TuneNote, i);
        gboolean waits = plan->ending == TUNE_ENDING_FERMATA &&
                         note->onset >= plan->final_tick - plan->beat_ticks;
        if (note->onset < plan->final_tick && !waits)
            break;
        if ((note->onset == plan->final_tick || waits) && !part->instrument->is_drums)
            note->articulation |= TUNE_ARTICULATION_FERMATA;
    }
}

static void perform_part(Plan *plan, gint index)
{
    Player p = {
        .plan = plan, .part = &plan->parts[index], .index = index, .drift_knot = -1, .onset = -1};
    GArray *notes = p.part->track->notes;

    tune_random_init(&p.random, plan->seed, "all/%s/perform/0", p.part->track->id);
    tune_notes_sort(notes);
    slur_line(plan, p.part);
    for (guint i = 0; i < notes->len; i++)
        play_note(&p, &g_array_index(notes, TuneNote, i));
    trim_single_voice(p.part);
    mark_final(plan, p.part);
    tune_track_resolve_overlaps(p.part->track);
    plan_controls(plan, index);
}

/* Drum set and percussion write into one track: it is played once. */
static gboolean shares_track(const Plan *plan, gint index)
{
    for (gint i = 0; i < index; i++)
        if (plan->parts[i].track == plan->parts[index].track)
            return TRUE;
    return FALSE;
}

void plan_perform(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].track != NULL && !shares_track(plan, i))
            perform_part(plan, i);
}
