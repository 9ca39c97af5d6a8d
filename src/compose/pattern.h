/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Choosing a style's patterns for a section, and playing them in any metre.
 *
 *     const StylePattern *groove = plan_pattern_pick(plan, style->grooves.grooves, &want, &random);
 *     plan_pattern_bar(groove, plan->metre, bar - section->start_bar, hits);
 *
 * A pattern written for another metre is carried over by beats and groups: see carry.h.
 */
#pragma once
#include "compose/compose-private.h"

typedef struct {
    TuneSectionRole section;
    double energy;
    TuneRole role;                    /* comping only; patterns of grooves and bass have no roles */
    const TuneInstrument *instrument; /* (nullable) */
    gint percussion;                  /* 1 only percussion grooves, 0 only drum set, -1 either */
    gint beats;                       /* fills: exactly so long; 0 any */
    gint build;                       /* fills: 1 builds, 0 others */
} PatternWant;

/* The best-liked pattern by weight among those that fit: those for the metre first, then those that can
 * be carried over; an energy outside the range makes a pattern less likely, a section or an instrument
 * that it does not name excludes it.  NULL when there is none. */
const StylePattern *plan_pattern_pick(const Plan *plan, const GPtrArray *patterns,
                                      const PatternWant *want, TuneRandom *random);

/* Another pattern of the same group that fits, not @current when there is a choice. */
const StylePattern *plan_pattern_turn(const Plan *plan, const GPtrArray *patterns,
                                      const StylePattern *current, const PatternWant *want,
                                      TuneRandom *random);

/* TRUE when @pattern is for @instrument (nullable) or for any. */
gboolean plan_pattern_serves(const StylePattern *pattern, const TuneInstrument *instrument);

/* The bar of a pattern that sounds in bar @bar of @section: counted from the section's start, or with a clave
 * from the piece's. */
gint plan_pattern_place(const Plan *plan, const PlanSection *section, gint bar);

/* Hits of bar @bar (counted from where the pattern began) as they fall in a bar of @metre, ticks from
 * the bar line, appended to the emptied @hits, sorted. */
void plan_pattern_bar(const StylePattern *pattern, TuneMetre metre, gint bar, GArray *hits);

/* The same in half or double time: half time has every second backbeat, but hats and shakers go on. */
void plan_pattern_bar_felt(const StylePattern *pattern, TuneMetre metre, TuneFeel feel, gint bar,
                           GArray *hits);

/* Hits of a fill as it is played in @metre, and how long it is there. */
gint plan_pattern_fill_ticks(const StylePattern *pattern, TuneMetre metre);
void plan_pattern_fill(const StylePattern *pattern, TuneMetre metre, GArray *hits);

/* A stream named by section material, part and purpose: alike for all sections of one material. */
void plan_stream(const Plan *plan, const PlanSection *section, const PlanPart *part,
                 const char *what, gint number, TuneRandom *random);

/* The energy by which a part chooses its patterns in @section: one for all sections of the same role and
 * material in which it plays, so that they can be recognised; growth is left to loudness, to variation and
 * to parts that join.  @quiet: nearer to the quietest of them. */
double plan_pattern_energy(const Plan *plan, const PlanSection *section, gint part_index,
                           gboolean quiet);

/* TRUE when part @index plays in @section. */
static inline gboolean plan_plays(const PlanSection *section, gint index)
{
    return (section->playing & (1u << index)) != 0;
}

/* TRUE when part @index plays in @section and its own writer writes it: it is not woven with the melody
 * (weave.h) and does not double another part. */
gboolean plan_writes(const Plan *plan, const PlanSection *section, gint index);

/* The tick up to which the groove of @section runs: its end, or the final chord. */
gint plan_groove_end(const Plan *plan, const PlanSection *section);

/* TRUE when the piece ends on a last chord or hit that somebody has to play. */
gboolean plan_has_final(const Plan *plan);

/* riff.c: the figure that guitars and bass play together in @section, NULL when it has none. */
const StylePattern *plan_riff_pick(const Plan *plan, const PlanSection *section);

/* riff.c: TRUE when @part plays @riff: comping or bass, among the riff's instruments. */
gboolean plan_riff_plays(const StylePattern *riff, const PlanPart *part);

/* riff.c: writes bar @bar of @section as @riff has it, up to tick @end, into @part; @hits is scratch. */
void plan_riff_bar(Plan *plan, PlanPart *part, const PlanSection *section, const StylePattern *riff,
                   gint bar, gint end, GArray *hits);
/* follow.c: writes what a part with `follows:` plays with the lead in @section up to @end; FALSE when it goes
 * its own way there. */
gboolean plan_follow(Plan *plan, PlanPart *part, const PlanSection *section, gint end);
/* follow.c: the part's block chords under the lead; FALSE when nobody leads in @section. */
gboolean plan_block(Plan *plan, PlanPart *part, const PlanSection *section, gint end);

/* effects.c: risers and reversed cymbals of FX parts; plan_comping() calls it. */
void plan_effects(Plan *plan);

/* counterpoint.c: takes parallels out of strict styles. */
void plan_counterpoint(Plan *plan);

/* plan.c: how @pitch is spelled at @tick, by the key and the chord of the moment. */
TuneFifths plan_spell(const Plan *plan, gint tick, gint pitch);
