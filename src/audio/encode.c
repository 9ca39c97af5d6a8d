/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/encode-private.h"

#include <string.h>

static gboolean check_rate(TuneAudioFormat format, guint rate, GError **error)
{
    static const guint opus[] = {8000, 12000, 16000, 24000, 48000, 0};
    static const guint mp3[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 0};
    const guint *allowed = format == TUNE_AUDIO_OPUS ? opus : format == TUNE_AUDIO_MP3 ? mp3 : NULL;

    for (gsize i = 0; allowed != NULL; i++) {
        if (allowed[i] == rate)
            return TRUE;
        if (allowed[i] != 0)
            continue;
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                    "%s cannot hold %u frames a second: resample to 48000",
                    tune_audio_format_name(format), rate);
        return FALSE;
    }
    return TRUE;
}

/* @sink (nullable): a failed one, @error is set. (transfer full) */
static TuneEncoder *new_on_sink(const char *name, TuneSink *sink, TuneAudioFormat format, guint rate,
                                guint n_channels, gint64 n_frames, const TuneTags *tags,
                                GError **error)
{
    gboolean wav =
        format == TUNE_AUDIO_WAV16 || format == TUNE_AUDIO_WAV24 || format == TUNE_AUDIO_WAV32F;

    if (sink == NULL)
        return NULL;
    g_autoptr(TuneEncoder) self = wav ? tune_encoder_wav_alloc() : tune_encoder_sndfile_alloc();
    self->path = g_strdup(name);
    self->sink = sink;
    self->format = format;
    self->rate = rate;
    self->n_channels = n_channels;
    self->n_expected = MAX(n_frames, -1);
    self->tags = tags != NULL ? tune_tags_copy(tags) : NULL;
    tune_dither_init(&self->dither);
    gboolean opened =
        wav ? tune_encoder_wav_open(self, error) : tune_encoder_sndfile_open(self, error);
    return opened ? g_steal_pointer(&self) : NULL;
}

TuneEncoder *tune_encoder_new(const char *path, TuneAudioFormat format, guint rate,
                              guint n_channels, gint64 n_frames, const TuneTags *tags,
                              GError **error)
{
    g_return_val_if_fail(path != NULL && format < TUNE_N_AUDIO_FORMATS, NULL);
    g_return_val_if_fail(rate >= 1000 && rate <= 384000, NULL);
    g_return_val_if_fail(n_channels == 1 || n_channels == 2, NULL);

    if (!check_rate(format, rate, error))
        return NULL;
    if (*path == '\0') {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "the output has no name");
        return NULL;
    }
    return new_on_sink(path, tune_sink_new(path, error), format, rate, n_channels, n_frames, tags,
                       error);
}

TuneEncoder *tune_encoder_new_to(const char *name, TuneEncoderSink sink, gpointer user_data,
                                 TuneAudioFormat format, guint rate, guint n_channels,
                                 gint64 n_frames, const TuneTags *tags, GError **error)
{
    g_return_val_if_fail(name != NULL && sink != NULL && format < TUNE_N_AUDIO_FORMATS, NULL);
    g_return_val_if_fail(rate >= 1000 && rate <= 384000, NULL);
    g_return_val_if_fail(n_channels == 1 || n_channels == 2, NULL);

    if (!check_rate(format, rate, error))
        return NULL;
    return new_on_sink(name, tune_sink_new_to(name, sink, user_data), format, rate, n_channels,
                       n_frames, tags, error);
}

void tune_encoder_set_mp3_quality(TuneEncoder *self, TuneMp3Quality quality)
{
    g_return_if_fail(self != NULL && self->format == TUNE_AUDIO_MP3 && self->n_written == 0);
    self->mp3_quality = quality;
    tune_encoder_sndfile_set_quality(self);
}

/* Remember the first failure: a later finish must not put half a file in place. */
static gboolean keep_failure(TuneEncoder *self, GError *failure, GError **error)
{
    if (failure == NULL)
        return TRUE;
    if (self->failed == NULL)
        self->failed = g_error_copy(failure);
    g_propagate_error(error, failure);
    return FALSE;
}

gboolean tune_encoder_write(TuneEncoder *self, const float *frames, gsize n, GError **error)
{
    g_return_val_if_fail(self != NULL && !self->finished, FALSE);
    GError *failure = self->failed != NULL ? g_error_copy(self->failed) : NULL;

    while (failure == NULL && n > 0) {
        gsize piece = MIN(n, TUNE_ENCODE_BLOCK);

        if (!self->class->write(self, frames, piece, &failure))
            break;
        frames += piece * self->n_channels;
        n -= piece;
        self->n_written += (gint64)piece;
    }
    return keep_failure(self, failure, error);
}

gboolean tune_encoder_finish(TuneEncoder *self, GError **error)
{
    g_return_val_if_fail(self != NULL && !self->finished, FALSE);
    GError *failure = self->failed != NULL ? g_error_copy(self->failed) : NULL;

    self->finished = TRUE;
    if (failure == NULL && self->class->finish(self, &failure))
        (void)tune_sink_finish(self->sink, &failure);
    if (failure == NULL && self->n_expected >= 0 && self->n_written != self->n_expected &&
        !tune_sink_seekable(self->sink))
        g_set_error(&failure, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN,
                    "%s: %" G_GINT64_FORMAT " frames were announced and %" G_GINT64_FORMAT " came",
                    self->path, self->n_expected, self->n_written);
    return keep_failure(self, failure, error);
}

void tune_encoder_free(TuneEncoder *self)
{
    if (self == NULL)
        return;
    self->class->free(self);
    tune_sink_free(self->sink);
    tune_tags_free(self->tags);
    g_clear_error(&self->failed);
    g_free(self->path);
    g_free(self);
}
