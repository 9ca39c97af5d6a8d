/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * FLAC, MP3, Vorbis and Opus through libsndfile, which writes into callbacks; a shaper puts our
 * tags and the known length into its stream.
 */
#include "audio/encode-private.h"

#include <sndfile.h>
#include <string.h>

typedef struct {
    TuneEncoder base;
    SNDFILE *file;
    TuneShaper *shaper;
    guint64 position, length; /* in the library's own stream */
    GError *io;               /* the callbacks' first error */
    gsize n_pending;          /* frames */
    float pending[2 * TUNE_ENCODE_BLOCK];
} SndfileEncoder;

static sf_count_t vio_length(void *user_data)
{
    return (sf_count_t)((SndfileEncoder *)user_data)->length;
}

static sf_count_t vio_seek(sf_count_t offset, int whence, void *user_data)
{
    SndfileEncoder *self = user_data;
    sf_count_t from = whence == SEEK_SET   ? 0
                      : whence == SEEK_CUR ? (sf_count_t)self->position
                                           : (sf_count_t)self->length;

    if (from + offset < 0 || (guint64)(from + offset) > self->length)
        return -1;
    self->position = (guint64)(from + offset);
    return from + offset;
}

/* Only asked for while a header is parsed; there is nothing to read. */
static sf_count_t vio_read(void *out, sf_count_t n, void *user_data)
{
    return 0;
}

static sf_count_t vio_write(const void *data, sf_count_t n, void *user_data)
{
    SndfileEncoder *self = user_data;
    TuneShaper *shaper = self->shaper;

    if (n <= 0)
        return 0;
    if (self->io == NULL && self->position < self->length) {
        gsize old = (gsize)MIN((guint64)n, self->length - self->position);

        if (shaper->patch(shaper, self->position, data, old, &self->io) && old < (gsize)n)
            (void)shaper->append(shaper, (const guint8 *)data + old, (gsize)n - old, &self->io);
    } else if (self->io == NULL) {
        (void)shaper->append(shaper, data, (gsize)n, &self->io);
    }
    /* After a failure all seems to go well for the library, which leaks where it does not;
     * sndfile_write() and sndfile_finish() look at self->io. */
    self->position += (guint64)n;
    self->length = MAX(self->length, self->position);
    return n;
}

static sf_count_t vio_tell(void *user_data)
{
    return (sf_count_t)((SndfileEncoder *)user_data)->position;
}

static const struct {
    int format;
    double compression; /* 0 .. 1, small is good; < 0: the library's own */
    TuneShaper *(*shaper)(TuneEncoder *encoder);
} kinds[TUNE_N_AUDIO_FORMATS] = {
    [TUNE_AUDIO_FLAC] = {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, -1, tune_shape_flac_new},
    [TUNE_AUDIO_FLAC24] = {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, -1, tune_shape_flac_new},
    [TUNE_AUDIO_MP3] = {SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, -1, tune_shape_mp3_new},
    [TUNE_AUDIO_OGG] = {SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0.4, tune_shape_ogg_new},
    [TUNE_AUDIO_OPUS] = {SF_FORMAT_OGG | SF_FORMAT_OPUS, 0.5, tune_shape_ogg_new},
};

/* What comes first: a failed write, else what the library says. */
static gboolean fail(SndfileEncoder *self, GError **error)
{
    if (self->io != NULL)
        g_propagate_error(error, g_error_copy(self->io));
    else
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "cannot write %s: %s",
                    self->base.path, sf_strerror(self->file));
    return FALSE;
}

/* The library's scale for constant rates is 320 - level * 288 kbit/s (src/mpeg_l3_encode.c). */
static const struct {
    int mode;
    double compression;
} mp3_qualities[] = {[TUNE_MP3_V2] = {SF_BITRATE_MODE_VARIABLE, 0.2},
                     [TUNE_MP3_V0] = {SF_BITRATE_MODE_VARIABLE, 0.0},
                     [TUNE_MP3_192] = {SF_BITRATE_MODE_CONSTANT, (320.0 - 192.0) / 288.0}};

void tune_encoder_sndfile_set_quality(TuneEncoder *base)
{
    SndfileEncoder *self = (SndfileEncoder *)base;
    gboolean mp3 = base->format == TUNE_AUDIO_MP3;
    double compression = mp3 ? mp3_qualities[base->mp3_quality].compression
                             : kinds[base->format].compression;
    int mode = mp3_qualities[base->mp3_quality].mode;

    if (compression < 0.0)
        return;
    if (mp3)
        sf_command(self->file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
    sf_command(self->file, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
}

gboolean tune_encoder_sndfile_open(TuneEncoder *base, GError **error)
{
    SndfileEncoder *self = (SndfileEncoder *)base;
    SF_VIRTUAL_IO vio = {vio_length, vio_seek, vio_read, vio_write, vio_tell};
    SF_INFO info = {.samplerate = (int)base->rate,
                    .channels = (int)base->n_channels,
                    .format = kinds[base->format].format};

    if (!sf_format_check(&info)) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MISSING,
                    "this %s cannot write %s: install libsndfile1 1.1 or newer",
                    sf_version_string(), tune_audio_format_name(base->format));
        return FALSE;
    }
    self->shaper = kinds[base->format].shaper(base);
    self->file = sf_open_virtual(&vio, SFM_WRITE, &info, self);
    if (self->file == NULL || self->io != NULL)
        return fail(self, error);
    tune_encoder_sndfile_set_quality(base);
    sf_command(self->file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    return TRUE;
}

static gboolean encode_piece(SndfileEncoder *self, const float *frames, gsize n, GError **error)
{
    TuneEncoder *base = &self->base;
    gsize n_samples = n * base->n_channels;
    sf_count_t done;

    if (base->format == TUNE_AUDIO_FLAC) {
        gint16 samples[TUNE_ENCODE_BLOCK * 2];

        tune_dither_16(&base->dither, frames, samples, n_samples);
        done = sf_writef_short(self->file, samples, (sf_count_t)n);
    } else if (base->format == TUNE_AUDIO_FLAC24) {
        gint32 samples[TUNE_ENCODE_BLOCK * 2];

        tune_quantise_24(frames, samples, n_samples);
        for (gsize i = 0; i < n_samples; i++)
            samples[i] = (gint32)((guint32)samples[i] << 8);
        done = sf_writef_int(self->file, samples, (sf_count_t)n);
    } else {
        float samples[TUNE_ENCODE_BLOCK * 2];

        for (gsize i = 0; i < n_samples; i++) /* not-a-number must not reach the encoders */
            samples[i] = frames[i] == frames[i] ? CLAMP(frames[i], -8.0f, 8.0f) : 0.0f;
        done = sf_writef_float(self->file, samples, (sf_count_t)n);
    }
    return (done == (sf_count_t)n && self->io == NULL) || fail(self, error);
}

/* libvorbis gives other bytes for other pieces: let it always see the same ones. */
static gboolean sndfile_write(TuneEncoder *base, const float *frames, gsize n, GError **error)
{
    SndfileEncoder *self = (SndfileEncoder *)base;

    while (n > 0) {
        gsize piece = MIN(n, TUNE_ENCODE_BLOCK - self->n_pending);

        memcpy(self->pending + base->n_channels * self->n_pending, frames,
               piece * base->n_channels * sizeof *frames);
        self->n_pending += piece;
        frames += piece * base->n_channels;
        n -= piece;
        if (self->n_pending < TUNE_ENCODE_BLOCK)
            break;
        self->n_pending = 0;
        if (!encode_piece(self, self->pending, TUNE_ENCODE_BLOCK, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean sndfile_finish(TuneEncoder *base, GError **error)
{
    SndfileEncoder *self = (SndfileEncoder *)base;
    float nothing[2] = {0};

    if (self->n_pending > 0 && !encode_piece(self, self->pending, self->n_pending, error))
        return FALSE;

    /* Some encoders write their headers only with the first sound. */
    if (base->n_written == 0)
        sf_writef_float(self->file, nothing, 0);
    int code = sf_close(self->file);
    self->file = NULL;
    if (self->io == NULL && code == 0)
        return self->shaper->finish(self->shaper, error);
    if (self->io != NULL)
        return fail(self, error);
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "cannot write %s: %s", base->path,
                sf_error_number(code));
    return FALSE;
}

static void sndfile_free(TuneEncoder *base)
{
    SndfileEncoder *self = (SndfileEncoder *)base;

    /* The library writes once more when it closes: let that go nowhere. */
    if (self->io == NULL)
        self->io = g_error_new(TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "closed");
    if (self->file != NULL)
        sf_close(self->file);
    if (self->shaper != NULL)
        self->shaper->free(self->shaper);
    g_clear_error(&self->io);
}

static const TuneEncoderClass sndfile_class = {sndfile_write, sndfile_finish, sndfile_free};

TuneEncoder *tune_encoder_sndfile_alloc(void)
{
    SndfileEncoder *self = g_new0(SndfileEncoder, 1);

    self->base.class = &sndfile_class;
    return &self->base;
}
