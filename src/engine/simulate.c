/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/simulate.h"
#include "brief/prompt.h"
#include "engine/engine-private.h"

#include <math.h>

static json_t *structure_json(const TuneSongStructure *structure)
{
    return json_pack("{s:b, s:i, s:i, s:b, s:b}", "intro", structure->intro, "verse_count",
                     structure->verse_count, "chorus_count", structure->chorus_count, "bridge",
                     structure->bridge, "outro", structure->outro);
}

json_t *tune_simulate(const TuneSimulateRequest *request)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    json_t *references = json_array();

    for (guint i = 0; request->references != NULL && i < request->references->len; i++) {
        const TuneStyleReference *reference =
            &g_array_index(request->references, TuneStyleReference, i);
        g_ptr_array_add(lines, g_strdup_printf("%s: %s", reference->type, reference->value));
        json_array_append_new(references, json_pack("{s:s, s:s}", "type", reference->type, "value",
                                                    reference->value));
    }
    TunePromptParts parts = {.genre = request->genre,
                             .duration_seconds = request->duration_seconds,
                             .text = request->text,
                             .structure = request->structure,
                             .references = lines,
                             .temperature = request->temperature};
    g_autofree char *prompt = tune_prompt_build(&parts);
    json_t *duration = request->duration_seconds == floor(request->duration_seconds)
                           ? json_integer((json_int_t)request->duration_seconds)
                           : tune_json_real(request->duration_seconds, 3);
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:{s:o, s:o, s:o}, s:s}", "status", "simulated",
                     "mode", "simulate", "genre", request->genre, "duration_seconds", duration,
                     "prompt", prompt, "metadata", "structure",
                     structure_json(&request->structure), "style_references", references,
                     "temperature", tune_json_real(request->temperature, 6), "message",
                     "Prompt and metadata only; the simulate engine makes no sound.");
}

static TuneRender *simulate_start(TuneEngine *self, const TuneBrief *brief, guint64 seed,
                                  const TuneRenderOptions *options, GError **error)
{
    g_set_error(error, TUNE_ENGINE_ERROR, TUNE_ENGINE_ERROR_NO_AUDIO,
                "the engine simulate makes no sound; use compose");
    return NULL;
}

static gboolean simulate_estimate(TuneEngine *self, const TuneBrief *brief, TuneEstimate *out,
                                  GError **error)
{
    *out = (TuneEstimate){.memory_bytes = 0, .seconds = 0, .audio_seconds = 0};
    return TRUE;
}

const TuneEngineClass tune_engine_class_simulate = {
    .name = "simulate",
    .estimate = simulate_estimate,
    .start = simulate_start,
};
