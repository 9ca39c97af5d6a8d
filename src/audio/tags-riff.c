/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tags of a WAV file: LIST INFO for the common ones ("Multimedia Programming Interface and Data
 * Specifications 1.0", 1991), smpl for the loop, and an "id3 " chunk with all of them.  Some
 * readers (ffmpeg) show only one of the two, so that recipe and rights stand in both, in INFO as
 * TREC and TRGT.
 */
#include "audio/tags-private.h"

#include <string.h>

static void put_chunk(GByteArray *out, const char *id, const guint8 *data, gsize n)
{
    guint32 size = GUINT32_TO_LE((guint32)n);

    g_byte_array_append(out, (const guint8 *)id, 4);
    g_byte_array_append(out, (const guint8 *)&size, 4);
    g_byte_array_append(out, data, (guint)n);
    if (n % 2 != 0)
        g_byte_array_append(out, (const guint8 *)"", 1);
}

static void put_info(GByteArray *out, const TuneTags *self)
{
    g_autoptr(GByteArray) list = g_byte_array_new();

    g_byte_array_append(list, (const guint8 *)"INFO", 4);
    for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++) {
        const TuneTagField *field = &tune_tag_fields[i];
        const char *text = tune_tag_text(self, field);

        if (*field->info != '\0' && text != NULL && *text != '\0')
            put_chunk(list, field->info, (const guint8 *)text, strlen(text) + 1);
    }
    if (list->len > 4)
        put_chunk(out, "LIST", list->data, list->len);
}

/* One forward loop for ever; the end is the last frame played, not the one after it. */
static void put_loop(GByteArray *out, const TuneTags *self, guint rate)
{
    guint32 words[9 + 6] = {0};

    if (self->loop_end <= self->loop_start || self->loop_end > G_MAXUINT32)
        return;
    words[2] = GUINT32_TO_LE(1000000000u / rate); /* nanoseconds a frame */
    words[3] = GUINT32_TO_LE(60);                 /* MIDI unity note */
    words[7] = GUINT32_TO_LE(1);                  /* number of loops */
    words[9 + 2] = GUINT32_TO_LE((guint32)self->loop_start);
    words[9 + 3] = GUINT32_TO_LE((guint32)self->loop_end - 1);
    put_chunk(out, "smpl", (const guint8 *)words, sizeof words);
}

GByteArray *tune_tags_riff_write(const TuneTags *self, guint rate)
{
    GByteArray *out = g_byte_array_new();

    if (self == NULL)
        return out;
    put_info(out, self);
    put_loop(out, self, rate);
    g_autoptr(GByteArray) id3 = tune_tags_id3_write(self);
    if (id3 != NULL)
        put_chunk(out, "id3 ", id3->data, id3->len);
    return out;
}

static guint32 get_u32(const guint8 *p)
{
    guint32 value;

    memcpy(&value, p, 4);
    return GUINT32_FROM_LE(value);
}

static void parse_info(TuneTags *self, const guint8 *data, gsize n)
{
    while (n >= 8) {
        gsize size = get_u32(data + 4);

        if (size > n - 8)
            return;
        for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++)
            if (*tune_tag_fields[i].info != '\0' && memcmp(data, tune_tag_fields[i].info, 4) == 0)
                tune_tags_set(self, tune_tag_fields[i].vorbis, (const char *)data + 8, size);
        gsize step = MIN(n, 8 + size + size % 2);
        data += step;
        n -= step;
    }
}

void tune_tags_riff_parse(TuneTags *self, const char id[4], const guint8 *data, gsize n_bytes)
{
    if (memcmp(id, "LIST", 4) == 0 && n_bytes >= 4 && memcmp(data, "INFO", 4) == 0) {
        parse_info(self, data + 4, n_bytes - 4);
    } else if (memcmp(id, "smpl", 4) == 0 && n_bytes >= 60 && get_u32(data + 28) > 0) {
        gint64 start = get_u32(data + 44), last = get_u32(data + 48);

        if (last >= start && self->loop_end == 0) {
            self->loop_start = start;
            self->loop_end = last + 1;
        }
    } else if (memcmp(id, "id3 ", 4) == 0 || memcmp(id, "ID3 ", 4) == 0) {
        tune_tags_id3_parse(self, data, n_bytes);
    }
}
