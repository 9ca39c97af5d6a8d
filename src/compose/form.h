/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What form.c and draft.c share: the sections before their lengths are known.
 */
#pragma once
#include "compose/compose-private.h"
#include "compose/length.h"

typedef struct {
    TuneSectionRole role;
    gint material;      /* a letter */
    gint bars;          /* usual length; after drafts_allocate() the length */
    gint least;
    gint phrase_bars;
    double energy;
    gint drop;          /* 0 = stays; the highest goes first when time is short */
    gboolean cycle;
    gint round;         /* how often what may come again has come before */
    gboolean fixed;     /* @bars were said */
    double at_seconds;  /* wanted start, or -1 */
    gint transpose;
    const char *texture; /* (nullable) belongs to the style */
    StyleKey key;
    TuneFeel feel;
    double tempo;
    StyleVariation variation;
    gboolean fades;     /* the last one, which need not be whole */
    gboolean theme;     /* sings the brief's theme */
    gint trade;
    const TuneBriefSection *said; /* (nullable) */
} Draft;

/* The said sections, or NULL when none were. (transfer full) */
GArray *drafts_of_brief(const Plan *plan);

/* The chosen form, fitted to @bars, with the sections of @said (nullable), which must occur in their
 * order, worked in. (transfer full) */
GArray *drafts_of_style(Plan *plan, const GArray *said, gint bars);

/* Gives the drafts bars that sum to @body (the last one @ending more, unless the total was said: then
 * the ending lies within).  Leaves out droppable sections and shortens others where time is short. */
void drafts_allocate(Plan *plan, GArray *drafts, gint body, gint ending, gboolean total_said,
                     double bar_seconds);

/* Adds rounds of the repeated stretch and leaves sections out, so that @bars can be shared among what stays with
 * little stretched and cut; what @fades may stop anywhere.  Returns how much is all the same: 0 for every section at its usual length, about 1
 * for one that has ten bars instead of eight, 3 and more for a strophe cut in two. */
double drafts_fit(GArray *drafts, gint bars, gboolean fades);

/* Chooses the style's form for about @bars (@exact: for no other number): sets plan->form. */
void drafts_choose_form(Plan *plan, gint bars, gboolean exact);

/* What drafts_fit() returns for the chosen form; 0 where the sections, the chords or
 * the melody were given, or are so many that it does not matter. */
double drafts_strain(const Plan *plan, gint bars);

/* Bars that the said chords fill once, 4 when they fit none. */
gint said_loop_bars(const Plan *plan);

/* A line for the report. */
void plan_note(Plan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);
