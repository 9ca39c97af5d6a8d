/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ID3 tag version 2.4.0 (id3.org, main structure and native frames, 2000) written, 2.3.0 also read.
 */
#include "audio/tags-private.h"

#include <math.h>
#include <string.h>

/* Sizes of 2.4 have 7 bits in each byte, so that no 0xFF looks like an MPEG frame. */
static void syncsafe(guint8 out[4], guint value)
{
    for (gsize i = 0; i < 4; i++)
        out[i] = (value >> (21 - 7 * i)) & 0x7F;
}

static void put_frame(GByteArray *out, const char *id, const GString *body)
{
    guint8 header[10] = {0};

    memcpy(header, id, 4);
    syncsafe(header + 4, (guint)body->len);
    g_byte_array_append(out, header, sizeof header);
    g_byte_array_append(out, (const guint8 *)body->str, (guint)body->len);
}

/* Encoding 3 is UTF-8; COMM and USLT have a language and an empty description, TXXX a description.
 */
static void put_text(GByteArray *out, const char *id, const char *description, const char *text)
{
    g_autoptr(GString) body = g_string_new(NULL);

    if (text == NULL || *text == '\0')
        return;
    g_string_append_c(body, 3);
    if (strcmp(id, "COMM") == 0 || strcmp(id, "USLT") == 0)
        g_string_append_len(body, "eng", 4);
    else if (strcmp(id, "TXXX") == 0)
        g_string_append_len(body, description, (gssize)strlen(description) + 1);
    g_string_append(body, text);
    put_frame(out, id, body);
}

static void put_numbers(GByteArray *out, const TuneTags *self)
{
    if (self->bpm > 0.0) {
        g_autofree char *whole = g_strdup_printf("%d", (int)(self->bpm + 0.5));
        g_autofree char *exact = tune_tags_bpm_text(self);

        put_text(out, "TBPM", NULL, whole);
        if (strcmp(whole, exact) != 0) /* TBPM takes whole numbers only */
            put_text(out, "TXXX", "BPM", exact);
    }
    if (self->loop_end > self->loop_start) {
        g_autofree char *start = g_strdup_printf("%" G_GINT64_FORMAT, self->loop_start);
        g_autofree char *length =
            g_strdup_printf("%" G_GINT64_FORMAT, self->loop_end - self->loop_start);

        put_text(out, "TXXX", "LOOPSTART", start);
        put_text(out, "TXXX", "LOOPLENGTH", length);
    }
}

GByteArray *tune_tags_id3_write(const TuneTags *self)
{
    guint8 header[10] = {'I', 'D', '3', 4, 0, 0};
    GByteArray *out = g_byte_array_new();

    g_byte_array_append(out, header, sizeof header);
    for (gsize i = 0; self != NULL && i < TUNE_N_TAG_FIELDS; i++) {
        const TuneTagField *field = &tune_tag_fields[i];

        put_text(out, field->id3, field->vorbis, tune_tag_text(self, field));
    }
    if (self != NULL)
        put_numbers(out, self);
    if (out->len == sizeof header || out->len > TUNE_TAGS_MAX_BYTES) {
        g_byte_array_unref(out);
        return NULL;
    }
    syncsafe(out->data + 6, out->len - (guint)sizeof header);
    return out;
}

/* Bytes before the terminator of a string in @encoding; *skip: with the terminator. */
static gsize string_length(guint8 encoding, const guint8 *data, gsize n, gsize *skip)
{
    gsize unit = encoding == 1 || encoding == 2 ? 2 : 1, i = 0;

    for (; i + unit <= n; i += unit)
        if (data[i] == 0 && (unit == 1 || data[i + 1] == 0)) {
            *skip = i + unit;
            return i;
        }
    *skip = n;
    return n;
}

/* NULL when it cannot be converted. */
static char *to_utf8(guint8 encoding, const guint8 *data, gsize n)
{
    static const char *const charset[] = {"ISO-8859-1", "UTF-16", "UTF-16BE"};

    if (encoding == 3)
        return g_utf8_make_valid((const char *)data, (gssize)n);
    return g_convert((const char *)data, (gssize)n, "UTF-8", charset[encoding], NULL, NULL, NULL);
}

static void take_frame(TuneTags *self, const char id[4], const guint8 *data, gsize n)
{
    g_autofree char *description = NULL;
    gsize skip = 1;

    if (n < 2 || data[0] > 3)
        return;
    guint8 encoding = data[0];
    gboolean described = memcmp(id, "TXXX", 4) == 0;
    gboolean language = memcmp(id, "COMM", 4) == 0 || memcmp(id, "USLT", 4) == 0;
    if (language)
        skip += 3;
    if (skip >= n)
        return;
    if (language || described) {
        gsize rest;
        gsize length = string_length(encoding, data + skip, n - skip, &rest);

        description = to_utf8(encoding, data + skip, length);
        skip += rest;
    }
    gsize rest;
    gsize length = string_length(encoding, data + skip, n - skip, &rest);
    g_autofree char *text = to_utf8(encoding, data + skip, length);
    if (text == NULL)
        return;
    if (described && description != NULL) {
        tune_tags_set(self, description, text, strlen(text));
        return;
    }
    for (gsize i = 0; i < TUNE_N_TAG_FIELDS && !described; i++)
        if (memcmp(id, tune_tag_fields[i].id3, 4) == 0)
            tune_tags_set(self, tune_tag_fields[i].vorbis, text, strlen(text));
    if (memcmp(id, "TBPM", 4) == 0 && self->bpm == 0.0)
        tune_tags_set(self, "BPM", text, strlen(text));
    if (memcmp(id, "TYER", 4) == 0)
        tune_tags_set(self, "DATE", text, strlen(text));
}

static guint get_size(const guint8 *p, gboolean safe)
{
    return safe ? ((guint)(p[0] & 0x7F) << 21 | (guint)(p[1] & 0x7F) << 14 |
                   (guint)(p[2] & 0x7F) << 7 | (guint)(p[3] & 0x7F))
                : ((guint)p[0] << 24 | (guint)p[1] << 16 | (guint)p[2] << 8 | (guint)p[3]);
}

void tune_tags_id3_parse(TuneTags *self, const guint8 *data, gsize n_bytes)
{
    if (n_bytes < 10 || memcmp(data, "ID3", 3) != 0 || (data[3] != 3 && data[3] != 4))
        return;
    gboolean safe = data[3] == 4;
    guint8 flags = data[5];
    gsize end = MIN(n_bytes, 10 + (gsize)get_size(data + 6, TRUE)), at = 10;

    if (flags & 0x80) /* unsynchronised throughout: nobody has written that for years */
        return;
    if (flags & 0x40) { /* extended header; its size counts itself in 2.4 only */
        if (end - at < 4)
            return;
        at += (gsize)get_size(data + at, safe) + (safe ? 0 : 4);
    }
    while (at < end && end - at > 10 && data[at] != 0) {
        gsize size = get_size(data + at + 4, safe);

        if (size > end - at - 10)
            return;
        if (data[at + 9] == 0) /* neither packed, encrypted nor unsynchronised */
            take_frame(self, (const char *)data + at, data + at + 10, size);
        at += 10 + size;
    }
}
