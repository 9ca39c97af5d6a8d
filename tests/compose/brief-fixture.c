/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief-fixture.h"

#include <string.h>

static void init_brief(TuneBrief *b)
{
    b->prompt = g_strdup("");
    b->chords = g_array_new(FALSE, TRUE, sizeof(TuneChord));
    b->chord_beats = g_array_new(FALSE, TRUE, sizeof(double));
    b->sections = g_array_new(FALSE, TRUE, sizeof(TuneBriefSection));
    b->instruments = g_array_new(FALSE, TRUE, sizeof(TuneBriefInstrument));
    b->excluded = g_ptr_array_new();
    b->moods = g_ptr_array_new();
    b->tags = g_ptr_array_new();
    b->lyrics = g_array_new(FALSE, TRUE, sizeof(TuneLyricBlock));
    b->temperature = 0.7;
    b->loudness_lufs = -14;
}

BriefFixture *brief_fixture_new(const char *style)
{
    BriefFixture *self = g_new0(BriefFixture, 1);
    g_autoptr(GError) error = NULL;

    init_brief(&self->brief);
    self->vocabulary = tune_vocabulary_load(&error);
    g_assert_no_error(error);
    self->styles = tune_styles_ref(tune_vocabulary_styles(self->vocabulary));
    brief_fixture_style(self, style);
    return self;
}

void brief_fixture_style(BriefFixture *self, const char *style)
{
    self->brief.style = tune_styles_find(self->styles, style);
    g_assert_nonnull(self->brief.style);
    g_assert_true(tune_style_require(self->brief.style, NULL));
    self->brief.metre = tune_style_metre(self->brief.style);
}

static void clear_brief(TuneBrief *b)
{
    for (guint i = 0; i < b->sections->len; i++)
        g_ptr_array_unref(g_array_index(b->sections, TuneBriefSection, i).instruments);
    for (guint i = 0; i < b->lyrics->len; i++)
        g_ptr_array_unref(g_array_index(b->lyrics, TuneLyricBlock, i).lines);
    g_free(b->prompt);
    g_array_unref(b->chords);
    g_array_unref(b->chord_beats);
    g_array_unref(b->sections);
    g_array_unref(b->instruments);
    g_ptr_array_unref(b->excluded);
    g_ptr_array_unref(b->moods);
    g_ptr_array_unref(b->tags);
    g_array_unref(b->lyrics);
    memset(b, 0, sizeof *b);
}

void brief_fixture_reset(BriefFixture *self, const char *style)
{
    clear_brief(&self->brief);
    init_brief(&self->brief);
    brief_fixture_style(self, style);
}

void brief_fixture_free(BriefFixture *self)
{
    clear_brief(&self->brief);
    tune_styles_unref(self->styles);
    tune_vocabulary_unref(self->vocabulary);
    g_free(self);
}

void brief_fixture_metre(BriefFixture *self, const char *metre)
{
    g_assert_true(tune_metre_parse(metre, &self->brief.metre));
    self->brief.metre_origin = TUNE_ORIGIN_FIELD;
}

void brief_fixture_bpm(BriefFixture *self, double bpm)
{
    self->brief.bpm_low = self->brief.bpm_high = bpm;
    self->brief.bpm_hard = TRUE;
    self->brief.bpm_origin = TUNE_ORIGIN_FIELD;
}

void brief_fixture_key(BriefFixture *self, const char *key)
{
    g_assert_true(tune_key_parse(key, &self->brief.key, NULL, NULL));
    self->brief.key_origin = self->brief.mode_origin = TUNE_ORIGIN_FIELD;
}

void brief_fixture_chords(BriefFixture *self, const char *chords)
{
    g_auto(GStrv) words = g_strsplit(chords, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        TuneChord chord;
        double beats = (double)tune_metre_bar_ticks(self->brief.metre) /
                       tune_metre_beat_ticks(self->brief.metre);
        g_assert_true(tune_chord_parse(*word, &chord));
        g_array_append_val(self->brief.chords, chord);
        g_array_append_val(self->brief.chord_beats, beats);
    }
    self->brief.chords_origin = TUNE_ORIGIN_FIELD;
}

void brief_fixture_section(BriefFixture *self, TuneSectionRole role, gint bars)
{
    TuneBriefSection section = {.role = role, .bars = bars, .energy = -1, .at_seconds = -1,
                                .instruments = g_ptr_array_new()};

    g_array_append_val(self->brief.sections, section);
    self->brief.sections_origin = TUNE_ORIGIN_FIELD;
}

static const TuneInstrument *instrument(BriefFixture *self, const char *key)
{
    const TuneInstrument *found =
        tune_instruments_find(tune_vocabulary_instruments(self->vocabulary), key);

    g_assert_nonnull(found);
    return found;
}

void brief_fixture_instrument(BriefFixture *self, const char *key)
{
    TuneBriefInstrument asked = {.instrument = instrument(self, key), .origin = TUNE_ORIGIN_FIELD,
                                 .count = 1};

    g_array_append_val(self->brief.instruments, asked);
}

void brief_fixture_exclude(BriefFixture *self, const char *key)
{
    g_ptr_array_add(self->brief.excluded, (gpointer)instrument(self, key));
}

TuneScore *brief_fixture_compose(BriefFixture *self, guint64 seed)
{
    g_autoptr(GError) error = NULL;
    TuneScore *score = tune_compose(&self->brief, self->vocabulary, seed, NULL, &error);

    g_assert_no_error(error);
    return score;
}
