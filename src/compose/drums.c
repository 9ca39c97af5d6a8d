/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drums and percussion.  For each section a groove is chosen by material and energy; its bars are
 * played with small variations, and events are laid over it: a crash at the head, light fills at
 * phrase ends, a fill or a growing roll at the section's end, a gap before a drop, the last hit.
 * All of it is collected as strokes first, so that limbs can be counted before anything is written.
 */
#include <string.h>

#include "compose/carry.h"
#include "compose/pattern.h"
#include "compose/rolls.h"

typedef struct {
    Plan *plan;
    PlanPart *part;
    gint index; /* of the part */
    const PlanSection *section;
    const PlanSection *next;   /* (nullable) */
    const PlanSection *before; /* (nullable) */
    const StylePattern *groove;
    gint percussion; /* as in PatternWant */
    gint end;        /* the groove runs up to here */
    gboolean hands;  /* plays shakers and congas: leaves tuned rows and toms to others */
    const StylePattern *last_fill; /* the same fill twice running is a habit */
    GArray *strokes;               /* Stroke of this section */
    GArray *hits;                  /* StyleHit, scratch */
} Drummer;

static const StyleGrooves *grooves_of(const Plan *plan)
{
    return &plan->style->grooves;
}

static void drummer_stream(const Drummer *d, const char *what, gint number, TuneRandom *random)
{
    plan_stream(d->plan, d->section, d->part, what, number, random);
}

static guint8 cell_velocity(char cell)
{
    switch (cell) {
    case 'X':
        return 112;
    case 'x':
    case 'p':
        return 92;
    case 'o':
        return 70;
    case 'g':
    case 'q':
        return 38;
    default:
        return cell >= '1' && cell <= '9' ? (guint8)((cell - '0') * 13 + 5) : 84;
    }
}

static void add_stroke(Drummer *d, gint tick, gint ticks, guint8 key, gint velocity)
{
    Stroke stroke = {tick, ticks, key, (guint8)CLAMP(velocity, 1, 127), velocity < 50};

    g_array_append_val(d->strokes, stroke);
}

static void remove_strokes(Drummer *d, gint from, gint to, gboolean keep_kick)
{
    for (guint i = d->strokes->len; i-- > 0;) {
        const Stroke *s = &g_array_index(d->strokes, Stroke, i);
        if (s->tick >= from && s->tick < to && !(keep_kick && s->key == KICK))
            g_array_remove_index(d->strokes, i);
    }
}

static Stroke *find_stroke(Drummer *d, gint tick, guint8 key)
{
    for (guint i = 0; i < d->strokes->len; i++) {
        Stroke *s = &g_array_index(d->strokes, Stroke, i);
        if (s->tick == tick && s->key == key)
            return s;
    }
    return NULL;
}

/* A stroke that swing would bring together with one at @tick: the off-beat eighth of a straight grid and
 * the last third of a triplet grid are one place. */
static Stroke *find_near(Drummer *d, gint tick, guint8 key)
{
    for (guint i = 0; i < d->strokes->len; i++) {
        Stroke *s = &g_array_index(d->strokes, Stroke, i);
        if (ABS(s->tick - tick) <= TUNE_PPQ / 5 && s->key == key)
            return s;
    }
    return NULL;
}

/* ---- the groove ---- */

/* What any drummer can play when the style says nothing: bass drum and backbeat, or a pulse. */
static void plain_bar(Drummer *d, gint start)
{
    const Plan *plan = d->plan;

    for (gint tick = 0, beat = 0; tick < plan->bar_ticks; tick += plan->beat_ticks, beat++) {
        if (d->percussion == 1) {
            add_stroke(d, start + tick, plan->beat_ticks / 2, beat == 0 ? STYLE_DRUM_TAIKO : 54,
                       beat == 0 ? 92 : 60);
            continue;
        }
        add_stroke(d, start + tick, plan->beat_ticks / 2, beat % 2 == 0 ? KICK : SNARE, 92);
        add_stroke(d, start + tick, plan->beat_ticks / 2, HAT, 80);
    }
}

/* Of a groove in layers: whether the row of @hit plays in bar @bar of the section. */
static gboolean layer_plays(const Drummer *d, const StyleHit *hit, gint bar)
{
    gint layers = d->groove->layers, rows = 0, bars = d->section->bars;

    for (guint i = 0; i < d->groove->hits->len; i++)
        rows = MAX(rows, g_array_index(d->groove->hits, StyleHit, i).row + 1);
    gint each = layers == 0 ? 0 : MIN(ABS(layers), bars / MAX(1, rows));
    return layers >= 0 ? bar >= hit->row * each : bars - bar > hit->row * each;
}

static void groove_bar(Drummer *d, gint bar, gint start)
{
    TuneRandom random;

    if (d->groove == NULL) {
        plain_bar(d, start);
        return;
    }
    /* "now and then" differs between the repeats of one material, the rest does not; within one it comes back
     * with the phrase, as what a drummer has found does */
    drummer_stream(d, "maybe", bar % MAX(4, d->groove->bars) + 100 * d->section->repeat, &random);
    plan_pattern_bar_felt(d->groove, d->plan->metre, d->section->feel,
                          plan_pattern_place(d->plan, d->section, bar), d->hits);
    for (guint i = 0; i < d->hits->len; i++) {
        const StyleHit *hit = &g_array_index(d->hits, StyleHit, i);
        gboolean maybe = hit->cell == 'p' || hit->cell == 'q';
        if (maybe && !tune_random_chance(&random, 0.35))
            continue;
        if ((d->hands && hit->key <= STYLE_DRUM_TAIKO_HIGH) || !layer_plays(d, hit, bar))
            continue;
        if (!plan_roll_cell(d->strokes, hit->cell, start + hit->tick, hit->ticks, hit->key, 84,
                            &random))
            add_stroke(d, start + hit->tick, hit->ticks, hit->key, cell_velocity(hit->cell));
    }
}

/* The second bar of a repeat has a bass drum (or a soft hand) more, or less, than the first time.
 */
static void vary_repeat(Drummer *d, gint start)
{
    gint eighth = TUNE_PPQ / 2, tick = start + d->plan->bar_ticks;
    guint8 key = d->percussion == 1                     ? STYLE_DRUM_TAIKO
                 : grooves_of(d->plan)->perform.machine ? CLAP
                                                        : KICK;

    tick -= eighth * (1 + d->section->repeat % 3);
    const Stroke *there = find_near(d, tick, key);
    if (there == NULL) {
        add_stroke(d, tick, eighth / 2, key, 66);
        return;
    }
    tick = there->tick;
    for (guint i = d->strokes->len; i-- > 0;)
        if (g_array_index(d->strokes, Stroke, i).tick == tick &&
            g_array_index(d->strokes, Stroke, i).key == key)
            g_array_remove_index(d->strokes, i);
}

/* Every fourth bar leads on: the last closed hat opens, or the bass drum picks up. */
static void vary_bar(Drummer *d, gint bar, gint start)
{
    const Plan *plan = d->plan;
    TuneRandom random;

    if (bar % 4 == 1 && d->section->repeat > 0 && bar + 1 < d->section->bars)
        vary_repeat(d, start);
    if (bar % 2 == 0 || d->percussion == 1)
        return;
    drummer_stream(d, "vary", bar % 8 + 100 * d->section->repeat, &random);
    gint last_eighth = start + plan->bar_ticks - TUNE_PPQ / 2;
    Stroke *hat = find_stroke(d, last_eighth, HAT);
    if (bar % 4 == 3 && hat != NULL && d->section->energy > 0.3 && tune_random_chance(&random, 0.5))
        hat->key = OPEN_HAT;
    else if (tune_random_chance(&random, 0.25) && find_near(d, last_eighth, KICK) == NULL &&
             !tune_metre_is_compound(plan->metre) && d->section->energy > 0.35 &&
             !grooves_of(plan)->perform.machine)
        add_stroke(d, last_eighth, TUNE_PPQ / 2, KICK, 78);
}

/* ---- fills ---- */

static const StylePattern *pick_fill(Drummer *d, gint beats, gint build, double energy,
                                     TuneRandom *random)
{
    PatternWant want = {.section = d->section->role,
                        .energy = energy,
                        .role = TUNE_ROLE_DRUMS,
                        .instrument = d->part->instrument,
                        .percussion = d->percussion,
                        .beats = beats,
                        .build = build};

    const StylePattern *fill = NULL;
    for (gint i = 0; i < 3 && (fill == NULL || fill == d->last_fill); i++)
        fill = plan_pattern_pick(d->plan, grooves_of(d->plan)->fills, &want, random);
    return fill;
}

/* Lay @fill over the groove so that it ends at @end. */
static void play_fill(Drummer *d, const StylePattern *fill, gint end)
{
    plan_pattern_fill(fill, d->plan->metre, d->hits);
    gint length = plan_pattern_fill_ticks(fill, d->plan->metre);
    gint start = end - length;
    if (start < d->section->start_tick)
        return;
    d->last_fill = fill;
    remove_strokes(d, start, end, FALSE);
    for (guint i = 0; i < d->hits->len; i++) {
        const StyleHit *hit = &g_array_index(d->hits, StyleHit, i);
        if (d->hands && hit->key <= STYLE_DRUM_TAIKO_HIGH)
            continue;
        gint velocity = cell_velocity(hit->cell);
        TuneRandom random;
        drummer_stream(d, "roll", (gint)i, &random);
        if (plan_roll_cell(d->strokes, hit->cell, start + hit->tick, hit->ticks, hit->key, 92,
                           &random))
            continue;
        if (fill->build) /* grows from half to full */
            velocity = velocity * (length + hit->tick) / (2 * length) + 10 * hit->tick / length;
        add_stroke(d, start + hit->tick, hit->ticks, hit->key, velocity);
    }
}

/* How many felt beats the fill at a section's end may take. */
static gint fill_beats(const Drummer *d, TuneRandom *random)
{
    double rise = d->next != NULL ? d->next->energy - d->section->energy : 0;
    double weights[4] = {0.45, 0.45, 0, 0.1};
    gint beats_per_bar = MAX(1, d->plan->bar_ticks / carry_beat_ticks(d->plan->metre));

    if (rise > 0.12 || d->section->energy > 0.65) {
        weights[0] = 0.15;
        weights[3] = 0.4;
    }
    static const gint lengths[4] = {1, 2, 3, 4};
    gint beats = lengths[tune_random_weighted(random, weights, 4)];
    if (d->percussion == 1) /* their grooves change so much that one beat would pass unheard */
        beats = MAX(beats, 2);
    return MIN(beats, beats_per_bar);
}

/* The last section's fill sets up the final chord. */
static void section_end_fill(Drummer *d)
{
    TuneRandom random;
    gint end = d->end;

    drummer_stream(d, "fill", d->section->repeat, &random);
    double energy = d->section->energy;
    if (d->next != NULL)
        energy = (energy + d->next->energy) / 2;
    gboolean lift = d->next != NULL && d->next->energy > d->section->energy + 0.15;
    gint beats = fill_beats(d, &random);
    const StylePattern *fill = NULL;
    if (d->section->role == TUNE_SECTION_BUILD || (lift && tune_random_chance(&random, 0.35)))
        fill = pick_fill(d, 0, 1, energy, &random);
    for (; fill == NULL && beats > 0; beats--)
        fill = pick_fill(d, beats, 0, energy, &random);
    if (fill == NULL)
        fill = pick_fill(d, 0, 0, energy, &random);
    if (fill != NULL)
        play_fill(d, fill, end);
}

static void phrase_end_fill(Drummer *d, gint bar_end, gint bar)
{
    TuneRandom random;

    drummer_stream(d, "phrase fill", bar + 100 * d->section->repeat, &random);
    if (!tune_random_chance(&random, grooves_of(d->plan)->perform.fills))
        return;
    const StylePattern *fill = pick_fill(d, 1, 0, d->section->energy * 0.8, &random);
    if (fill != NULL && fill->beats == 1)
        play_fill(d, fill, bar_end);
}

/* A bar of the drummer's own: fills one after the other, over whatever his feet do. */
static void solo_bar(Drummer *d, gint bar, gint start)
{
    TuneRandom random;
    gint beat = carry_beat_ticks(d->plan->metre), at = start, end = start + d->plan->bar_ticks;

    drummer_stream(d, "solo", bar + 100 * d->section->repeat, &random);
    remove_strokes(d, start, end, FALSE);
    for (gint guard = 0; at < end && guard < 8; guard++) {
        gint left = (end - at) / MAX(1, beat);
        const StylePattern *fill = pick_fill(d, left >= 4 ? 4 : MAX(1, MIN(left, 2)), 0, 0.9, &random);
        if (fill == NULL)
            fill = pick_fill(d, 0, 0, 0.9, &random);
        gint length = fill != NULL ? plan_pattern_fill_ticks(fill, d->plan->metre) : 0;
        if (length <= 0 || at + length > end)
            return;
        play_fill(d, fill, at + length);
        at += length;
    }
}

/* ---- section heads and ends ---- */

static void crash_at_head(Drummer *d)
{
    const PlanSection *s = d->section;
    TuneRandom random;

    drummer_stream(d, "crash", s->repeat, &random);
    double rise = d->before != NULL ? s->energy - d->before->energy : 0;
    double chance = s->energy < 0.3 ? 0 : s->energy > 0.6 || rise > 0.1 ? 1 : 0.4;
    if (s->start_tick == 0 && s->energy < 0.7)
        chance = 0;
    chance *= grooves_of(d->plan)->perform.crash;
    if (!tune_random_chance(&random, chance))
        return;
    for (guint i = d->strokes->len; i-- > 0;) { /* the hand that crashes plays no hat or ride */
        guint8 key = g_array_index(d->strokes, Stroke, i).key;
        if (g_array_index(d->strokes, Stroke, i).tick == s->start_tick &&
            (key == HAT || key == OPEN_HAT || key == RIDE || key == RIDE_BELL))
            g_array_remove_index(d->strokes, i);
    }
    if (find_stroke(d, s->start_tick, CRASH) == NULL)
        add_stroke(d, s->start_tick, d->plan->beat_ticks, CRASH, (gint)(72 + 40 * s->energy));
    if (d->percussion != 1 && find_stroke(d, s->start_tick, KICK) == NULL)
        add_stroke(d, s->start_tick, d->plan->beat_ticks / 2, KICK, 98);
}

static void final_hit(Drummer *d)
{
    const Plan *plan = d->plan;
    gint tick = plan->final_tick, length = plan->ticks - tick;
    gint force = (gint)(70 + 40 * d->section->energy);

    if (d->hands) {
        add_stroke(d, tick, MIN(length, plan->beat_ticks), TAMBOURINE, force);
        return;
    }
    if (d->percussion == 1) {
        gint roll = plan->ending == TUNE_ENDING_COLD ? plan->beat_ticks / 2 : length;
        add_stroke(d, tick, MIN(roll, length), STYLE_DRUM_TIMPANI, force);
        add_stroke(d, tick, MIN(roll, length), STYLE_DRUM_TAIKO, force);
        if (d->section->energy > 0.4)
            add_stroke(d, tick, length, CRASH, force);
        return;
    }
    add_stroke(d, tick, MIN(length, plan->beat_ticks), KICK, force);
    add_stroke(d, tick, length, d->section->energy < 0.25 ? RIDE : CRASH, force);
    if (plan->ending == TUNE_ENDING_COLD && d->section->energy > 0.3)
        add_stroke(d, tick, MIN(length, plan->beat_ticks), SNARE, force + 6);
}

/* Drums that enter with a section announce it in the last beat before. */
static void pick_up(Drummer *d)
{
    TuneRandom random;
    const PlanSection *s = d->section;

    if (d->before == NULL || plan_plays(d->before, d->index) || s->energy < 0.3 ||
        d->plan->brief->sections->len > 0)
        return;
    drummer_stream(d, "pick-up", s->repeat, &random);
    const StylePattern *fill = pick_fill(d, 1, 0, s->energy * 0.8, &random);
    if (fill == NULL || fill->beats != 1 || d->before->ticks < d->plan->bar_ticks)
        return;
    plan_pattern_fill(fill, d->plan->metre, d->hits);
    for (guint i = 0; i < d->hits->len; i++) {
        const StyleHit *hit = &g_array_index(d->hits, StyleHit, i);
        add_stroke(d, s->start_tick - plan_pattern_fill_ticks(fill, d->plan->metre) + hit->tick, hit->ticks, hit->key,
                   cell_velocity(hit->cell));
    }
}

/* ---- a section ---- */

static void choose_groove(Drummer *d)
{
    TuneRandom random;
    PatternWant want = {.section = d->section->role,
                        .energy = plan_pattern_energy(d->plan, d->section, d->index, FALSE),
                        .role = TUNE_ROLE_DRUMS,
                        .instrument = d->part->instrument,
                        .percussion = d->percussion};

    drummer_stream(d, "groove", 0, &random);
    d->groove = plan_pattern_pick(d->plan, grooves_of(d->plan)->grooves, &want, &random);
    if (d->groove == NULL && d->percussion == 0) { /* a style without a drum set */
        d->percussion = want.percussion = 1;
        d->groove = plan_pattern_pick(d->plan, grooves_of(d->plan)->grooves, &want, &random);
    }
}

/* A percussionist beside a drummer, whose groove has something for the hands. */
static gboolean plays_by_hand(const Drummer *d)
{
    const TuneInstrument *instrument = d->part->instrument;

    if (d->part->role != TUNE_ROLE_PERC || !instrument->is_drums || instrument->program == 48 ||
        d->groove == NULL)
        return FALSE;
    for (guint i = 0; i < d->groove->hits->len; i++)
        if (g_array_index(d->groove->hits, StyleHit, i).key >= TAMBOURINE)
            return TRUE;
    return FALSE;
}

static void play_section(Drummer *d)
{
    const PlanSection *s = d->section;
    gint bars = (d->end - s->start_tick + d->plan->bar_ticks - 1) / d->plan->bar_ticks;
    gint phrase = MAX(1, s->phrase_bars);
    const StyleBuild *build = s->role == TUNE_SECTION_BUILD && s->bars >= 2 && d->percussion == 0
                                  ? plan_build_pick(d->plan, s, d->part)
                                  : NULL;

    for (gint bar = 0; bar < bars; bar++) {
        gint start = s->start_tick + bar * d->plan->bar_ticks;
        groove_bar(d, bar, start);
        if (plan_drummer_alone(d->plan, s, bar)) {
            solo_bar(d, bar, start);
            continue;
        }
        vary_bar(d, bar, start);
        if ((bar + 1) % phrase == 0 && bar + 1 < bars)
            phrase_end_fill(d, start + d->plan->bar_ticks, bar);
    }
    if (build != NULL) {
        plan_build_play(d->plan, s, build, d->strokes);
        if (s->repeat > 0 && s->bars > 2)
            vary_repeat(d, s->start_tick + d->plan->bar_ticks);
    } else if (d->end >= s->start_tick + 2 * d->plan->bar_ticks)
        section_end_fill(d);
    crash_at_head(d);
    pick_up(d);
    remove_strokes(d, d->end, G_MAXINT, FALSE);
    if (s->last && plan_has_final(d->plan))
        final_hit(d);
}

static gint percussion_of(const PlanPart *part)
{
    const char *key = part->instrument->key;

    return part->role == TUNE_ROLE_PERC || !part->instrument->is_drums ||
                   strcmp(key, "percussion") == 0 || strcmp(key, "orchestral-kit") == 0
               ? 1
               : 0;
}

static void play_part(Plan *plan, gint index)
{
    Drummer d = {.plan = plan, .part = &plan->parts[index], .index = index};
    g_autoptr(GArray) strokes = g_array_new(FALSE, FALSE, sizeof(Stroke));
    g_autoptr(GArray) hits = g_array_new(FALSE, FALSE, sizeof(StyleHit));

    d.strokes = strokes;
    d.hits = hits;
    for (gint i = 0; i < plan->n_sections; i++) {
        d.section = &plan->sections[i];
        if (!plan_plays(d.section, index))
            continue;
        d.before = i > 0 ? d.section - 1 : NULL;
        d.next = i + 1 < plan->n_sections ? d.section + 1 : NULL;
        d.percussion = percussion_of(d.part);
        d.end = plan_groove_end(plan, d.section);
        g_array_set_size(strokes, 0);
        choose_groove(&d);
        d.hands = plays_by_hand(&d);
        play_section(&d);
        plan_strokes_write(plan, d.part, strokes, d.percussion != 1);
    }
}

void plan_drums(Plan *plan)
{
    for (gint i = 0; i < plan->n_parts; i++)
        if (plan->parts[i].role == TUNE_ROLE_DRUMS || plan->parts[i].role == TUNE_ROLE_PERC)
            play_part(plan, i);
}
