/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"
#include "engine/engine-private.h"
#include "score/format.h"

#include <string.h>

static const struct {
    const char *name, *mime;
    TuneScoreFormat format;
} scores[] = {
    {"score.json", "application/json", TUNE_SCORE_JSON},
    {"score.mid", "audio/midi", TUNE_SCORE_MIDI},
    {"score.musicxml", "application/vnd.recordare.musicxml+xml", TUNE_SCORE_MUSICXML},
    {"score.abc", "text/vnd.abc", TUNE_SCORE_ABC},
};

/* [[ids of codebook 0], [ids of codebook 1], ...]: what other implementations write too. */
static GBytes *tokens(const TuneRender *self)
{
    gsize n_frames = tune_take_n_frames(self->take);
    guint n_codebooks = (guint)json_integer_value(json_object_get(self->model, "codebooks"));
    const gint32 *codes = tune_take_codes(self->take);
    g_autoptr(GString) out = g_string_new("[");

    if (codes == NULL)
        return NULL;
    for (guint k = 0; k < n_codebooks; k++) {
        g_string_append(out, k > 0 ? ",\n[" : "[");
        for (gsize t = 0; t < n_frames; t++)
            g_string_append_printf(out, "%s%d", t > 0 ? "," : "", codes[k * n_frames + t]);
        g_string_append_c(out, ']');
    }
    g_string_append(out, "]\n");
    return g_string_free_to_bytes(g_steal_pointer(&out));
}

GBytes *tune_render_export(const TuneRender *self, const char *name, const char **mime,
                           GError **error)
{
    if (self->take != NULL && strcmp(name, "tokens.json") == 0) {
        *mime = "application/json";
        return tokens(self);
    }
    for (guint i = 0; i < G_N_ELEMENTS(scores); i++) {
        if (self->score == NULL || strcmp(scores[i].name, name) != 0)
            continue;
        *mime = scores[i].mime;
        return tune_score_write(self->score, scores[i].format, error);
    }
    if (strcmp(name, "recipe.json") != 0)
        return NULL;
    *mime = "application/json";
    return g_bytes_new(self->recipe_text, strlen(self->recipe_text));
}

char *tune_engine_data_hash(TuneEngine *self, GError **error)
{
    if (self->class->data_hash != NULL)
        return self->class->data_hash(self, error);
    const TuneVocabulary *vocabulary = tune_engine_vocabulary(self, error);
    TuneSynth *synth = vocabulary != NULL ? tune_engine_synth(self, error) : NULL;
    const char *calibration = synth != NULL ? tune_synth_calibration_hash(synth, error) : NULL;
    const char *mapping = NULL;

    if (calibration == NULL)
        return NULL;
    (void)tune_synth_sounds(synth, &mapping);
    const char *soundfont = tune_synth_soundfont_hash(synth);
    g_autofree char *all = g_strjoin(
        "\n", tune_vocabulary_hash(vocabulary),
        tune_instruments_hash(tune_vocabulary_instruments(vocabulary)),
        soundfont != NULL ? soundfont : "", calibration, mapping != NULL ? mapping : "",
        tune_synth_version(), NULL);
    return tune_hash_bytes(all, strlen(all));
}
