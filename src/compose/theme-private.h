/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A given melody inside the composer: its place in the form, metre, key, chords.
 */
#pragma once
#include "compose/form.h"
#include "compose/melody.h"
#include "compose/theme.h"

/* TRUE when @draft's sections of its material sing the theme: lengths are set so that it fits. Called on
 * the sections of a form before their bars are allocated; @seconds of the piece (0 = open), of a bar. */
void theme_take_place(Plan *plan, GArray *drafts, double seconds, double bar_seconds);

/* A pick-up needs a bar to stand in: opens a form that would begin with the theme by an intro. */
void theme_open(const Plan *plan, GArray *drafts);

/* The theme's notes from @from ticks of its section on, @ticks long, into @line (ticks from the phrase's
 * start), in the key of section @s and the register of @part. */
void theme_sing(const Plan *plan, const PlanSection *s, const PlanPart *part, gint from, gint ticks,
                Line *line);

/* What a later statement of the theme does to it: the style's wish, else by seed and energy; the second
 * statement is the first again. */
StyleVariation theme_variation(const Plan *plan, const PlanSection *s);

/* Numerals under the theme in section @index up to @ticks. (element-type Slot) (transfer full) */
GArray *theme_slots(const Plan *plan, gint index, gint ticks);

/* The theme's notes in the plan's metre: ticks from its section's start, pitch in the theme's own key.
 * (element-type TuneThemeNote) (transfer full) */
GArray *theme_in_metre(const TuneTheme *theme, TuneMetre metre);

/* Pitch @pitch of the theme in @key: transposed by the nearest way, degrees of the mode for degrees. */
gint theme_pitch(const TuneTheme *theme, gint pitch, TuneKey key);
