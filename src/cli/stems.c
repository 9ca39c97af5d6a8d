/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/stems.h"
#include "audio/encode.h"

struct TuneStems {
    TuneOutputs *outputs;
    char *folder;
    guint rate;
    TuneEncoder *encoders[TUNE_SCORE_MAX_TRACKS];
    char *temporary[TUNE_SCORE_MAX_TRACKS];
    GPtrArray *paths;
};

TuneStems *tune_stems_new(TuneOutputs *outputs, const char *folder, guint rate, GError **error)
{
    if (!tune_outputs_stage_folder(outputs, "--stems", folder, error))
        return NULL;
    TuneStems *self = g_new0(TuneStems, 1);
    self->outputs = outputs;
    self->folder = g_strdup(folder);
    self->rate = rate;
    self->paths = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void tune_stems_free(TuneStems *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < TUNE_SCORE_MAX_TRACKS; i++) {
        g_clear_pointer(&self->encoders[i], tune_encoder_free);
        g_free(self->temporary[i]);
    }
    g_ptr_array_unref(self->paths);
    g_free(self->folder);
    g_free(self);
}

static gboolean open_stem(TuneStems *self, guint track, GError **error)
{
    g_autofree char *name = g_strdup_printf("track-%02u.wav", track + 1);
    g_autofree char *path = g_build_filename(self->folder, name, NULL);
    const char *temporary = tune_outputs_stage(self->outputs, "--stems", path, error);

    if (temporary == NULL)
        return FALSE;
    self->temporary[track] = g_strdup(temporary);
    self->encoders[track] =
        tune_encoder_new(temporary, TUNE_AUDIO_WAV32F, self->rate, 2, -1, NULL, error);
    return self->encoders[track] != NULL;
}

gboolean tune_stems_sink(guint track, const float *frames, gsize n, gpointer user_data,
                         GError **error)
{
    TuneStems *self = user_data;

    g_return_val_if_fail(track < TUNE_SCORE_MAX_TRACKS, FALSE);
    if (self->encoders[track] == NULL && !open_stem(self, track, error))
        return FALSE;
    return tune_encoder_write(self->encoders[track], frames, n, error);
}

gboolean tune_stems_finish(TuneStems *self, const TuneScore *score, GError **error)
{
    for (guint i = 0; i < score->tracks->len && i < TUNE_SCORE_MAX_TRACKS; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        if (self->encoders[i] == NULL)
            continue;
        if (!tune_encoder_finish(self->encoders[i], error))
            return FALSE;
        g_autofree char *name = g_strdup_printf("%02u-%s.wav", i + 1, track->id);
        char *path = g_build_filename(self->folder, name, NULL);
        g_ptr_array_add(self->paths, path);
        tune_outputs_retarget(self->outputs, self->temporary[i], path);
    }
    return TRUE;
}

const GPtrArray *tune_stems_paths(const TuneStems *self)
{
    return self->paths;
}
