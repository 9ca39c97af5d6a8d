/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/tokenizer-charsmap.h"

#include "neural/tensor.h"

#include <string.h>
#include <unigbrk.h>

#define WHOLE_CLUSTER_BYTES 6 /* clusters shorter than this are looked up whole */

struct TuneCharsmap {
    GBytes *bytes;
    const guint8 *units; /* [4 * n_units], little-endian, any alignment */
    guint32 n_units;
    const char *pool; /* [n_pool], ends in NUL */
    gsize n_pool;
};

static guint32 unit_at(const TuneCharsmap *self, guint32 at)
{
    guint32 unit;

    memcpy(&unit, self->units + 4 * (gsize)at, 4);
    return GUINT32_FROM_LE(unit);
}

static guint32 offset_of(guint32 unit)
{
    return (unit >> 10) << ((unit & 0x200) >> 6);
}

static guint32 label_of(guint32 unit)
{
    return unit & 0x800000ff; /* a leaf's has the top bit and equals no byte */
}

static gboolean has_leaf(guint32 unit)
{
    return (unit & 0x100) != 0;
}

/* The string at the leaf @at, NULL when that is none. */
static const char *replacement_at(const TuneCharsmap *self, guint32 at)
{
    gsize offset;

    if (at >= self->n_units)
        return NULL;
    offset = unit_at(self, at) & 0x7fffffff;
    if (offset >= self->n_pool || (self->pool[offset] & 0xc0) == 0x80)
        return NULL;
    return self->pool + offset;
}

typedef struct {      /* where children of units lie: base ^ byte */
    GArray *bases;    /* of guint32, to be looked at */
    GByteArray *seen; /* one for each unit, rounded up to whole blocks of 256 */
} Search;

static void note_base(Search *search, guint32 base)
{
    if (base >= search->seen->len || search->seen->data[base])
        return; /* outside there are no children; branches may share theirs, or even run in a circle
                 */
    search->seen->data[base] = 1;
    g_array_append_val(search->bases, base);
}

static gboolean check_children(const TuneCharsmap *self, guint32 base, Search *search)
{
    for (guint32 byte = 1; byte < 256; byte++) {
        guint32 at = base ^ byte, unit;

        if (at >= self->n_units)
            continue;
        unit = unit_at(self, at);
        if (label_of(unit) != byte)
            continue;
        at ^= offset_of(unit);
        if (has_leaf(unit) && replacement_at(self, at) == NULL)
            return FALSE;
        note_base(search, at);
    }
    return TRUE;
}

static gboolean check_trie(const TuneCharsmap *self)
{
    g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GByteArray) seen = g_byte_array_new();
    Search search = {bases, seen};

    g_byte_array_set_size(seen, (self->n_units | 0xff) + 1);
    memset(seen->data, 0, seen->len);
    note_base(&search, offset_of(unit_at(self, 0)));
    for (guint i = 0; i < bases->len; i++) {
        if (!check_children(self, g_array_index(bases, guint32, i), &search))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_pool(const TuneCharsmap *self)
{
    for (gsize at = 0; at < self->n_pool; at += strlen(self->pool + at) + 1) {
        if (!g_utf8_validate(self->pool + at, -1, NULL))
            return FALSE;
    }
    return TRUE;
}

static TuneCharsmap *refuse(const char *what, GError **error)
{
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN, "precompiled_charsmap: %s",
                what);
    return NULL;
}

TuneCharsmap *tune_charsmap_new(GBytes *bytes, GError **error)
{
    g_autoptr(TuneCharsmap) self = g_new0(TuneCharsmap, 1);
    gsize n;
    const guint8 *data = g_bytes_get_data(bytes, &n);
    guint32 n_trie = 0;

    self->bytes = g_bytes_ref(bytes);
    if (n < 8)
        return refuse("too short for a table", error);
    memcpy(&n_trie, data, 4);
    n_trie = GUINT32_FROM_LE(n_trie);
    if (n_trie < 4 || n_trie % 4 != 0 || n_trie > n - 4)
        return refuse("its trie is longer than the table, or not whole units", error);
    self->units = data + 4;
    self->n_units = n_trie / 4;
    self->pool = (const char *)data + 4 + n_trie;
    self->n_pool = n - 4 - n_trie;
    if (self->n_pool == 0 || self->pool[self->n_pool - 1] != '\0')
        return refuse("its replacements are cut off", error);
    if (!check_pool(self))
        return refuse("its replacements are not UTF-8", error);
    if (!check_trie(self))
        return refuse("its trie leads out of the replacements", error);
    return g_steal_pointer(&self);
}

void tune_charsmap_free(TuneCharsmap *self)
{
    if (self == NULL)
        return;
    g_bytes_unref(self->bytes);
    g_free(self);
}

/* Replacement of the shortest beginning of @key that has one. */
static const char *look_up(const TuneCharsmap *self, const char *key, gsize n)
{
    guint32 at = offset_of(unit_at(self, 0));

    for (gsize i = 0; i < n && key[i] != '\0'; i++) {
        guint32 unit;

        at ^= (guint8)key[i];
        if (at >= self->n_units)
            return NULL;
        unit = unit_at(self, at);
        if (label_of(unit) != (guint8)key[i])
            return NULL;
        at ^= offset_of(unit);
        if (has_leaf(unit))
            return replacement_at(self, at);
    }
    return NULL;
}

static void apply_cluster(const TuneCharsmap *self, const char *text, gsize n, GString *out)
{
    const char *whole = n < WHOLE_CLUSTER_BYTES ? look_up(self, text, n) : NULL;

    if (whole != NULL) {
        g_string_append(out, whole);
        return;
    }
    for (gsize at = 0, length; at < n; at += length) {
        const char *replacement;

        length = (gsize)(g_utf8_next_char(text + at) - (text + at));
        replacement = look_up(self, text + at, length);
        if (replacement != NULL)
            g_string_append(out, replacement);
        else
            g_string_append_len(out, text + at, (gssize)length);
    }
}

/* @breaks [n]: 1 where a cluster begins (UAX #29). */
static void find_clusters(const char *text, gsize n, char *breaks)
{
    gboolean ascii = TRUE;

    for (gsize i = 0; i < n && ascii; i++)
        ascii = (text[i] & 0x80) == 0;
    if (!ascii) {
        u8_grapheme_breaks((const guint8 *)text, n, breaks);
        return;
    }
    for (gsize i = 0; i < n; i++) /* of ASCII, only CR LF belong together */
        breaks[i] = !(i > 0 && text[i] == '\n' && text[i - 1] == '\r');
}

void tune_charsmap_apply(const TuneCharsmap *self, const char *text, gsize n, GString *out)
{
    g_autofree char *breaks = g_malloc0(n + 1);

    find_clusters(text, n, breaks);
    for (gsize at = 0, end; at < n; at = end) {
        for (end = at + 1; end < n && !breaks[end]; end++)
            ;
        apply_cluster(self, text + at, end - at, out);
    }
}
