/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/compose.h"

#include "compose/form.h"
#include "compose/gaps.h"
#include "compose/polyphony.h"
#include "compose/pattern.h"
#include "tune-config.h"

#include <string.h>

G_DEFINE_QUARK(tune-compose-error-quark, tune_compose_error)

static void write_form(Plan *plan)
{
    TuneScore *score = plan->score;
    TuneMetreChange metre = {0, plan->metre};

    g_array_append_val(score->metres, metre);
    TuneKeyChange key = {0, plan->sections[0].key};
    g_array_append_val(score->keys, key);
    for (gint i = 0; i < plan->n_sections; i++) {
        const PlanSection *s = &plan->sections[i];
        TuneSection section = {.tick = s->start_tick, .ticks = s->ticks, .role = s->role,
                               .energy = s->energy, .material = s->material, .name = g_strdup(s->name)};
        g_array_append_val(score->sections, section);
        if (s->key.tonic == key.key.tonic && s->key.mode == key.key.mode)
            continue;
        key = (TuneKeyChange){s->start_tick, s->key};
        g_array_append_val(score->keys, key);
    }
    for (gint i = 0; i < plan->n_chords; i++) {
        TuneScoreChord chord = {plan->chords[i].tick, plan->chords[i].ticks, plan->chords[i].chord};
        g_array_append_val(score->chords, chord);
    }
}

static void write_head(Plan *plan)
{
    TuneScore *score = plan->score;
    const StyleMix *mix = &plan->style->mix;

    g_free(score->title);
    g_free(score->style);
    g_free(score->creator);
    score->title = g_strdup(plan->brief->title != NULL ? plan->brief->title : plan->style->title);
    score->style = g_strdup(plan->style->name);
    score->creator = g_strdup("tunesmith " TUNE_VERSION);
    score->mix = (TuneScoreMix){mix->reverb_seconds, mix->delay_beats, mix->bus_drive, mix->brightness,
                                mix->delay_feedback};
    score->ending = plan->ending;
    score->ticks = plan->ticks;
    score->length_us = plan->length_us;
    score->fade_us = plan->fade_us;
    score->loop = plan->ending == TUNE_ENDING_LOOP;
}

/* A part that found nothing to play (a counter-melody without room) is no track. */
static void drop_empty_tracks(TuneScore *score)
{
    for (guint i = score->tracks->len; i-- > 0;) {
        const TuneTrack *track = score->tracks->pdata[i];
        if (track->notes->len == 0)
            g_ptr_array_remove_index(score->tracks, i);
    }
}

static void plan_clear(Plan *plan)
{
    g_free(plan->sections);
    g_free(plan->chords);
    g_free(plan->paces);
    for (gint i = 0; i < plan->n_parts; i++)
        g_free(plan->parts[i].voicings);
    g_clear_pointer(&plan->score, tune_score_unref);
}

static gboolean compose(Plan *plan, GError **error)
{
    if (!plan_form(plan, error) || !plan_arrange(plan, error))
        return FALSE;
    plan_textures(plan);
    if (!plan_harmony(plan, error))
        return FALSE;
    plan_melody(plan);
    plan_double_for_asked(plan);
    plan_voicings(plan);
    plan_drums(plan);
    plan_bass(plan);
    plan_comping(plan);
    plan_trade(plan);
    plan_gaps(plan);
    plan_counterpoint(plan);
    plan_doublings(plan);
    plan_bowing(plan);
    plan_fit_polyphony(plan);
    plan_perform(plan);
    write_form(plan);
    write_head(plan);
    for (guint i = 0; i < plan->score->tracks->len; i++)
        tune_track_resolve_overlaps(plan->score->tracks->pdata[i]);
    drop_empty_tracks(plan->score);
    return tune_score_finish(plan->score, error);
}

TuneScore *tune_compose(const TuneBrief *brief, const TuneVocabulary *vocabulary, guint64 seed,
                        GPtrArray *notes, GError **error)
{
    g_return_val_if_fail(brief->style != NULL, NULL);
    if (!tune_style_require(brief->style, error) ||
        (brief->blend != NULL && !tune_style_require(brief->blend, error)))
        return NULL;
    Plan plan = {.brief = brief, .vocabulary = vocabulary, .style = brief->style, .seed = seed,
                 .notes = notes, .score = tune_score_new()};
    TuneScore *score = compose(&plan, error) ? tune_score_ref(plan.score) : NULL;

    plan_clear(&plan);
    return score;
}
