/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A brief made by hand, so that the composer's tests need no sentence: everything open but the style,
 * its usual metre and temperature 0.7.
 */
#pragma once
#include "compose/compose-private.h"

typedef struct {
    TuneBrief brief;
    TuneStyles *styles;
    TuneVocabulary *vocabulary;
} BriefFixture;

BriefFixture *brief_fixture_new(const char *style);
void brief_fixture_free(BriefFixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BriefFixture, brief_fixture_free)

/* Everything open again, and this style: cheaper than a new fixture. */
void brief_fixture_reset(BriefFixture *self, const char *style);
/* Another style, with its usual metre. */
void brief_fixture_style(BriefFixture *self, const char *style);
void brief_fixture_metre(BriefFixture *self, const char *metre);
void brief_fixture_bpm(BriefFixture *self, double bpm);
void brief_fixture_key(BriefFixture *self, const char *key);
void brief_fixture_chords(BriefFixture *self, const char *chords);
void brief_fixture_section(BriefFixture *self, TuneSectionRole role, gint bars);
void brief_fixture_instrument(BriefFixture *self, const char *key);
void brief_fixture_exclude(BriefFixture *self, const char *key);

/* Fails the test when the composer refuses. (transfer full) */
TuneScore *brief_fixture_compose(BriefFixture *self, guint64 seed);
