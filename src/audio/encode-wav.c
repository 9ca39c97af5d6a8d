/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * WAV by hand: all tags stand before the sound, so that the header is right on a pipe when the
 * length is known.  Where it is not, a pipe gets the largest size, which readers take as "until the
 * end".
 */
#include "audio/encode-private.h"

#include <string.h>

typedef struct {
    TuneEncoder base;
    guint n_bytes;   /* a sample */
    guint64 data_at; /* offset of the sound */
    guint8 buffer[TUNE_ENCODE_BLOCK * 2 * 4];
} WavEncoder;

static void put_u32(guint8 *out, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(out, &value, 4);
}

static void put_u16(guint8 *out, guint value)
{
    out[0] = value & 0xFF;
    out[1] = (value >> 8) & 0xFF;
}

/* "fmt ", and "fact" where it is not PCM or goes to a pipe: ffprobe takes the length of a stream
 * that it cannot seek from there only. */
static void append_format(const WavEncoder *self, GByteArray *out, gint64 n_frames)
{
    const TuneEncoder *base = &self->base;
    gboolean is_float = base->format == TUNE_AUDIO_WAV32F;
    guint frame = self->n_bytes * base->n_channels;
    guint8 fmt[26] = "fmt ", fact[12] = "fact";

    put_u32(fmt + 4, is_float ? 18 : 16);
    put_u16(fmt + 8, is_float ? 3 : 1); /* WAVE_FORMAT_IEEE_FLOAT, WAVE_FORMAT_PCM */
    put_u16(fmt + 10, base->n_channels);
    put_u32(fmt + 12, base->rate);
    put_u32(fmt + 16, base->rate * frame);
    put_u16(fmt + 20, frame);
    put_u16(fmt + 22, self->n_bytes * 8);
    g_byte_array_append(out, fmt, is_float ? 26 : 24);
    if (is_float || !tune_sink_seekable(base->sink)) {
        put_u32(fact + 4, 4);
        put_u32(fact + 8, n_frames < 0 ? G_MAXUINT32 : (guint32)n_frames);
        g_byte_array_append(out, fact, sizeof fact);
    }
}

/* Everything before the sound, for @n_frames (-1: unknown); its length does not depend on
 * @n_frames. */
static GByteArray *make_header(WavEncoder *self, gint64 n_frames)
{
    GByteArray *out = g_byte_array_new();
    guint8 riff[12] = "RIFF\0\0\0\0WAVE", data[8] = "data";
    g_autoptr(GByteArray) tags = tune_tags_riff_write(self->base.tags, self->base.rate);
    guint64 size = (guint64)MAX(n_frames, 0) * self->n_bytes * self->base.n_channels;

    g_byte_array_append(out, riff, sizeof riff);
    append_format(self, out, n_frames);
    g_byte_array_append(out, tags->data, tags->len);
    put_u32(data + 4, n_frames < 0 ? G_MAXUINT32 : (guint32)size);
    g_byte_array_append(out, data, sizeof data);
    put_u32(out->data + 4, n_frames < 0 ? G_MAXUINT32 : (guint32)(out->len - 8 + size + size % 2));
    return out;
}

static gboolean check_size(const WavEncoder *self, gint64 n_frames, GError **error)
{
    if (n_frames <=
        (gint64)((G_MAXUINT32 - TUNE_TAGS_MAX_BYTES) / (self->n_bytes * self->base.n_channels)))
        return TRUE;
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                "%s: a WAV file holds at most 4 GB; use FLAC", self->base.path);
    return FALSE;
}

gboolean tune_encoder_wav_open(TuneEncoder *base, GError **error)
{
    WavEncoder *self = (WavEncoder *)base;

    self->n_bytes = base->format == TUNE_AUDIO_WAV16 ? 2 : base->format == TUNE_AUDIO_WAV24 ? 3 : 4;
    if (!check_size(self, base->n_expected, error))
        return FALSE;
    g_autoptr(GByteArray) header = make_header(self, base->n_expected);
    self->data_at = header->len;
    return tune_sink_write(base->sink, header->data, header->len, error);
}

static gboolean wav_write(TuneEncoder *base, const float *frames, gsize n, GError **error)
{
    WavEncoder *self = (WavEncoder *)base;
    gsize n_samples = n * base->n_channels;
    gint16 small[TUNE_ENCODE_BLOCK * 2];
    gint32 large[TUNE_ENCODE_BLOCK * 2];

    if (!check_size(self, base->n_written + (gint64)n, error))
        return FALSE;
    if (base->format == TUNE_AUDIO_WAV16) {
        tune_dither_16(&base->dither, frames, small, n_samples);
        for (gsize i = 0; i < n_samples; i++)
            put_u16(self->buffer + 2 * i, (guint)small[i]);
    } else if (base->format == TUNE_AUDIO_WAV24) {
        tune_quantise_24(frames, large, n_samples);
        for (gsize i = 0; i < n_samples; i++) {
            put_u16(self->buffer + 3 * i, (guint)large[i]);
            self->buffer[3 * i + 2] = ((guint)large[i] >> 16) & 0xFF;
        }
    } else {
        for (gsize i = 0; i < n_samples; i++) {
            guint32 bits;

            memcpy(&bits, &frames[i], 4);
            put_u32(self->buffer + 4 * i, bits);
        }
    }
    return tune_sink_write(base->sink, self->buffer, n_samples * self->n_bytes, error);
}

static gboolean wav_finish(TuneEncoder *base, GError **error)
{
    WavEncoder *self = (WavEncoder *)base;
    gboolean odd = base->n_written * self->n_bytes * base->n_channels % 2 != 0;

    if (odd && !tune_sink_write(base->sink, "", 1, error))
        return FALSE;
    if (base->n_written == base->n_expected || !tune_sink_seekable(base->sink))
        return TRUE;
    g_autoptr(GByteArray) header = make_header(self, base->n_written);
    g_return_val_if_fail(header->len == self->data_at, FALSE);
    return tune_sink_write_at(base->sink, 0, header->data, header->len, error);
}

static void wav_free(TuneEncoder *base)
{
    (void)base;
}

static const TuneEncoderClass wav_class = {wav_write, wav_finish, wav_free};

TuneEncoder *tune_encoder_wav_alloc(void)
{
    WavEncoder *self = g_new0(WavEncoder, 1);

    self->base.class = &wav_class;
    return &self->base;
}
