/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Vorbis I specification, section 5 (comment header), without packet type and framing bit.
 */
#include "audio/tags-private.h"

#include <string.h>

static void put_u32(GByteArray *out, gsize value)
{
    guint32 little = GUINT32_TO_LE((guint32)value);

    g_byte_array_append(out, (const guint8 *)&little, sizeof little);
}

static void put_comment(GByteArray *out, guint32 *count, const char *name, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    put_u32(out, strlen(name) + 1 + strlen(text));
    g_byte_array_append(out, (const guint8 *)name, (guint)strlen(name));
    g_byte_array_append(out, (const guint8 *)"=", 1);
    g_byte_array_append(out, (const guint8 *)text, (guint)strlen(text));
    (*count)++;
}

GByteArray *tune_tags_vorbis_write(const TuneTags *self, const char *vendor)
{
    GByteArray *out = g_byte_array_new();
    guint32 count = 0;

    put_u32(out, strlen(vendor));
    g_byte_array_append(out, (const guint8 *)vendor, (guint)strlen(vendor));
    guint count_at = out->len;
    put_u32(out, 0);
    if (self != NULL) {
        g_autofree char *bpm = tune_tags_bpm_text(self);

        for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++)
            put_comment(out, &count, tune_tag_fields[i].vorbis,
                        tune_tag_text(self, &tune_tag_fields[i]));
        put_comment(out, &count, "BPM", bpm);
        if (self->loop_end > self->loop_start) {
            g_autofree char *start = g_strdup_printf("%" G_GINT64_FORMAT, self->loop_start);
            g_autofree char *length =
                g_strdup_printf("%" G_GINT64_FORMAT, self->loop_end - self->loop_start);

            put_comment(out, &count, "LOOPSTART", start);
            put_comment(out, &count, "LOOPLENGTH", length);
        }
    }
    guint32 little = GUINT32_TO_LE(count);
    memcpy(out->data + count_at, &little, sizeof little);
    return out;
}

static gboolean get_u32(const guint8 **data, gsize *left, guint32 *out)
{
    if (*left < 4)
        return FALSE;
    memcpy(out, *data, 4);
    *out = GUINT32_FROM_LE(*out);
    *data += 4;
    *left -= 4;
    return TRUE;
}

void tune_tags_vorbis_parse(TuneTags *self, const guint8 *data, gsize n_bytes)
{
    guint32 length, count;

    if (!get_u32(&data, &n_bytes, &length) || length > n_bytes)
        return;
    data += length;
    n_bytes -= length;
    if (!get_u32(&data, &n_bytes, &count))
        return;
    for (guint32 i = 0; i < count && get_u32(&data, &n_bytes, &length); i++) {
        if (length > n_bytes)
            return;
        const guint8 *equals = length > 0 ? memchr(data, '=', length) : NULL;
        if (equals != NULL && equals - data < 64) {
            g_autofree char *name = g_strndup((const char *)data, (gsize)(equals - data));

            tune_tags_set(self, name, (const char *)equals + 1,
                          length - (gsize)(equals + 1 - data));
        }
        data += length;
        n_bytes -= length;
    }
}
