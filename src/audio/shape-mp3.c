/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MP3: our ID3v2.4 tag in front.  The first frame is LAME's place for the information header, which
 * it fills in at the end; on a pipe we fill in ours beforehand: the number of frames and the
 * samples to cut at both ends (Xing header with LAME's extension, as in the LAME Tag specification
 * rev 1), which follow from the length.
 */
#include "audio/encode-private.h"

#include <string.h>

#define DELAY 576u /* of LAME's encoder, in samples */

typedef struct {
    TuneShaper base;
    guint64 tag_length;
    gboolean started;
    GByteArray *head; /* (nullable) the first frame and the next one's header, while held back */
} Mp3Shaper;

static gboolean write_tag(Mp3Shaper *self, GError **error)
{
    TuneEncoder *encoder = self->base.encoder;
    g_autoptr(GByteArray) tag = tune_tags_id3_write(encoder->tags);

    self->started = TRUE;
    if (tag == NULL)
        return TRUE;
    self->tag_length = tag->len;
    return tune_sink_write(encoder->sink, tag->data, tag->len, error);
}

static void put_u32(guint8 *out, guint value)
{
    value = GUINT32_TO_BE(value);
    memcpy(out, &value, 4);
}

/* Fill the empty frame @head of @size bytes; @next: header of the first frame with sound. */
static void fill_head(const Mp3Shaper *self, guint8 *head, gsize size, const guint8 next[4])
{
    const TuneEncoder *encoder = self->base.encoder;
    gboolean mpeg1 = (next[1] & 0x08) != 0, mono = (next[3] & 0xC0) == 0xC0;
    guint frame = mpeg1 ? 1152 : 576;
    gsize side = mpeg1 ? (mono ? 17 : 32) : (mono ? 9 : 17), at = 4 + side;
    guint64 total = (guint64)encoder->n_expected + DELAY;
    guint padding = frame - (guint)(total % frame);

    if (padding < DELAY)
        padding += frame;
    if (at + 12 + 24 > size)
        return;
    gboolean constant = encoder->mp3_quality == TUNE_MP3_192;
    memcpy(head + at, constant ? "Info" : "Xing", 4);
    put_u32(head + at + 4, 1); /* only the number of frames follows */
    put_u32(head + at + 8, (guint)((total + padding) / frame));
    guint8 *lame = head + at + 12;
    memcpy(lame, "LAME3.100", 9);
    lame[9] = constant ? 1 : 4; /* or VBR by mtrh */
    lame[21] = DELAY >> 4; /* 12 bits each */
    lame[22] = (guint8)((DELAY & 0xF) << 4 | padding >> 8);
    lame[23] = (guint8)padding;
}

static gsize frame_length(const guint8 *head)
{
    static const guint16 kbps[2][16] = {
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}};
    static const guint rates[3] = {44100, 48000, 32000};
    gboolean mpeg1 = (head[1] & 0x08) != 0;
    guint rate = (head[2] >> 2 & 3) < 3 ? rates[head[2] >> 2 & 3] : 0;

    if (head[0] != 0xFF || (head[1] & 0xE0) != 0xE0 || rate == 0)
        return 0;
    rate >>= mpeg1 ? 0 : (head[1] & 0x10) ? 1 : 2;
    return (mpeg1 ? 144000u : 72000u) * kbps[mpeg1][head[2] >> 4] / rate + (head[2] >> 1 & 1);
}

static gboolean release_head(Mp3Shaper *self, GError **error)
{
    g_autoptr(GByteArray) head = g_steal_pointer(&self->head);

    return tune_sink_write(self->base.encoder->sink, head->data, head->len, error);
}

static gboolean mp3_append(TuneShaper *base, const guint8 *data, gsize n, GError **error)
{
    Mp3Shaper *self = (Mp3Shaper *)base;

    if (!self->started && !write_tag(self, error))
        return FALSE;
    if (self->head == NULL)
        return tune_sink_write(base->encoder->sink, data, n, error);
    g_byte_array_append(self->head, data, (guint)n);
    if (self->head->len < 4)
        return TRUE;
    gsize size = frame_length(self->head->data);
    if (size == 0)
        return release_head(self, error);
    if (self->head->len < size + 4)
        return TRUE;
    fill_head(self, self->head->data, size, self->head->data + size);
    return release_head(self, error);
}

static gboolean mp3_patch(TuneShaper *base, guint64 offset, const guint8 *data, gsize n,
                          GError **error)
{
    Mp3Shaper *self = (Mp3Shaper *)base;

    if (!tune_sink_seekable(base->encoder->sink))
        return TRUE;
    return tune_sink_write_at(base->encoder->sink, self->tag_length + offset, data, n, error);
}

static gboolean mp3_finish(TuneShaper *base, GError **error)
{
    Mp3Shaper *self = (Mp3Shaper *)base;

    return self->head == NULL || release_head(self, error);
}

static void mp3_free(TuneShaper *base)
{
    Mp3Shaper *self = (Mp3Shaper *)base;

    if (self->head != NULL)
        g_byte_array_unref(self->head);
    g_free(self);
}

TuneShaper *tune_shape_mp3_new(TuneEncoder *encoder)
{
    Mp3Shaper *self = g_new0(Mp3Shaper, 1);

    self->base = (TuneShaper){encoder, mp3_append, mp3_patch, mp3_finish, mp3_free};
    if (!tune_sink_seekable(encoder->sink) && encoder->n_expected >= 0)
        self->head = g_byte_array_new();
    return &self->base;
}
