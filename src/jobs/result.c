/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The files beside the sound: stems, score, report, recipe, a player's picture.
 */
#include "jobs/jobs-private.h"

#include <math.h>
#include <string.h>

/* ---- stems ---- */

typedef struct {
    TuneFileWriter *writer; /* (nullable) */
    TuneEncoder *encoder;
} StemFile;

struct TuneStemFiles {
    TuneFiles *files;
    char *label;
    guint rate;
    gint64 n_frames;
    StemFile stems[TUNE_SCORE_MAX_TRACKS];
};

TuneStemFiles *tune_stem_files_new(TuneFiles *files, const char *label, guint rate)
{
    TuneStemFiles *self = g_new0(TuneStemFiles, 1);

    self->files = files;
    self->label = g_strdup(label);
    self->rate = rate;
    self->n_frames = -1;
    return self;
}

void tune_stem_files_free(TuneStemFiles *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < TUNE_SCORE_MAX_TRACKS; i++) {
        g_clear_pointer(&self->stems[i].encoder, tune_encoder_free);
        g_clear_pointer(&self->stems[i].writer, tune_file_writer_free);
    }
    g_free(self->label);
    g_free(self);
}

void tune_stem_files_set_length(TuneStemFiles *self, gint64 n_frames)
{
    self->n_frames = n_frames;
}

static gboolean append(gconstpointer data, gsize n_bytes, gpointer user_data, GError **error)
{
    return tune_file_writer_append(user_data, data, n_bytes, error);
}

gboolean tune_stem_files_sink(guint track, const float *frames, gsize n, gpointer stem_files,
                              GError **error)
{
    TuneStemFiles *self = stem_files;

    g_return_val_if_fail(track < TUNE_SCORE_MAX_TRACKS, FALSE);
    StemFile *stem = &self->stems[track];
    if (stem->writer == NULL) {
        g_autofree char *label = g_strdup_printf("%s-stem-%u", self->label, track + 1);
        stem->writer = tune_files_write(self->files, label, error);
        if (stem->writer == NULL)
            return FALSE;
        stem->encoder = tune_encoder_new_to("a stem", append, stem->writer, TUNE_AUDIO_WAV32F,
                                            self->rate, 2, self->n_frames, NULL, error);
        if (stem->encoder == NULL)
            return FALSE;
    }
    return tune_encoder_write(stem->encoder, frames, n, error);
}

gboolean tune_stem_files_finish(TuneStemFiles *self, const TuneScore *score, TuneMadeResult *out,
                                GError **error)
{
    for (guint i = 0; i < score->tracks->len && i < TUNE_SCORE_MAX_TRACKS; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        StemFile *stem = &self->stems[i];
        TuneStored stored;

        if (stem->writer == NULL)
            continue;
        if (!tune_encoder_finish(stem->encoder, error) ||
            !tune_file_writer_commit(stem->writer, &stored, error))
            return FALSE;
        g_autofree char *name = g_strdup_printf("stems/%02u-%s.wav", i + 1, track->id);
        tune_made_add(out, name, "audio/wav", &stored);
    }
    return TRUE;
}

/* ---- waveform ---- */

#define PEAKS          1000 /* about so many stretches for a piece of known length */
#define UNKNOWN_LENGTH 4410

struct TuneWaveform {
    guint rate;
    gint64 stretch, n_frames; /* frames in a stretch; heard */
    float low, high;
    gint64 filled;
    GByteArray *peaks; /* signed bytes: low, high */
};

TuneWaveform *tune_waveform_new(guint rate, gint64 n_frames)
{
    TuneWaveform *self = g_new0(TuneWaveform, 1);

    self->rate = rate;
    self->stretch = n_frames > 0 ? MAX(1, (n_frames + PEAKS - 1) / PEAKS) : UNKNOWN_LENGTH;
    self->peaks = g_byte_array_new();
    return self;
}

void tune_waveform_free(TuneWaveform *self)
{
    if (self == NULL)
        return;
    g_byte_array_unref(self->peaks);
    g_free(self);
}

static void end_stretch(TuneWaveform *self)
{
    gint8 pair[2] = {(gint8)floorf(CLAMP(self->low, -1.0f, 0.0f) * 127.0f),
                     (gint8)ceilf(CLAMP(self->high, 0.0f, 1.0f) * 127.0f)};

    g_byte_array_append(self->peaks, (const guint8 *)pair, sizeof pair);
    self->low = self->high = 0;
    self->filled = 0;
}

void tune_waveform_add(TuneWaveform *self, const float *frames, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        self->low = MIN(self->low, MIN(frames[2 * i], frames[2 * i + 1]));
        self->high = MAX(self->high, MAX(frames[2 * i], frames[2 * i + 1]));
        if (++self->filled == self->stretch)
            end_stretch(self);
    }
    self->n_frames += (gint64)n;
}

gint64 tune_waveform_frames(const TuneWaveform *self)
{
    return self->n_frames;
}

json_t *tune_waveform_json(TuneWaveform *self)
{
    json_t *peaks = json_array();

    if (self->filled > 0)
        end_stretch(self);
    for (guint i = 0; i < self->peaks->len; i++)
        json_array_append_new(peaks, json_integer((gint8)self->peaks->data[i]));
    return json_pack("{s:i, s:i, s:I, s:i, s:o}", "version", 1, "sample_rate", (int)self->rate,
                     "samples_per_peak", (json_int_t)self->stretch, "length",
                     (int)(self->peaks->len / 2), "peaks", peaks);
}

/* ---- all of them ---- */

static gboolean store(TuneJobs *jobs, const char *label, const char *name, const char *mime,
                      gconstpointer data, gsize n_bytes, TuneMadeResult *out, GError **error)
{
    g_autoptr(TuneFileWriter) writer = tune_files_write(jobs->config.files, label, error);
    TuneStored stored;

    if (writer == NULL || !tune_file_writer_append(writer, data, n_bytes, error) ||
        !tune_file_writer_commit(writer, &stored, error))
        return FALSE;
    tune_made_add(out, name, mime, &stored);
    return TRUE;
}

static gboolean store_json(TuneJobs *jobs, const char *label, const char *name, const json_t *value,
                           TuneMadeResult *out, GError **error)
{
    g_autofree char *text = json_dumps(value, JSON_COMPACT);

    return store(jobs, label, name, "application/json", text, strlen(text), out, error);
}

gboolean tune_result_files(TuneJobs *self, const char *label, TuneRender *render,
                           TuneWaveform *waveform, TuneMadeResult *out, GError **error)
{
    static const char *const names[] = {"score.json", "score.mid", "score.musicxml", "score.abc",
                                        "recipe.json", "tokens.json"};
    g_autoptr(json_t) picture = tune_waveform_json(waveform);

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *mime = NULL;
        g_autoptr(GBytes) bytes = tune_render_export(render, names[i], &mime, error);

        if (bytes == NULL && (error == NULL || *error == NULL)) /* this engine makes none */
            continue;
        if (bytes == NULL || !store(self, label, names[i], mime, g_bytes_get_data(bytes, NULL),
                                    g_bytes_get_size(bytes), out, error))
            return FALSE;
    }
    return store_json(self, label, "waveform", picture, out, error) &&
           store_json(self, label, "report", out->report, out, error);
}
