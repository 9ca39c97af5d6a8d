/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plan for the rhythm section's tests: a style's real parts and patterns over a form, harmony and melody
 * made by hand, so that these tests need no other stage.
 */
#pragma once
#include "compose/pattern.h"
#include "compose/perform.h"
#include "score/score.h"

typedef struct {
    Plan plan;
    TuneStyles *styles;
    TuneInstruments *instruments;
    TuneBrief brief;
} PlanFixture;

/* All parts of style @name with their likeliest instruments, the style's first form (at most
 * @max_sections sections of at most 8 bars), four chords round and round, a plain melody. */
PlanFixture *plan_fixture_new(const char *name, const char *metre, double beat_bpm, guint64 seed,
                              TuneEnding ending, gint max_sections);
void plan_fixture_free(PlanFixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlanFixture, plan_fixture_free)

/* Runs drums, bass, comping and performance. */
void plan_fixture_play(PlanFixture *self);

/* The first part of @role, or NULL. */
PlanPart *plan_fixture_part(PlanFixture *self, TuneRole role);

/* All notes as text: to compare two plans. */
char *plan_fixture_dump(const PlanFixture *self);

/* The names of the shipped styles, NULL-terminated. */
extern const char *const plan_fixture_styles[];
