/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/tokenizer-private.h"

#include <string.h>

/* White_Space of Unicode; GLib's own test leaves some of it out. */
static gboolean is_white(gunichar c)
{
    return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static gsize character_bytes(const char *text)
{
    return (gsize)(g_utf8_next_char(text) - text);
}

/* Bytes of white space at the beginning, and at the end. */
static gsize white_at_start(const char *text, gsize n)
{
    gsize at = 0;

    while (at < n && is_white(g_utf8_get_char(text + at)))
        at += character_bytes(text + at);
    return at;
}

static gsize white_at_end(const char *text, gsize n)
{
    gsize at = n;

    while (at > 0) {
        gsize before = at - 1;
        while (before > 0 && (text[before] & 0xc0) == 0x80)
            before--;
        if (!is_white(g_utf8_get_char(text + before)))
            break;
        at = before;
    }
    return n - at;
}

static void replace_spaces(GString *text, const char *content)
{
    g_autoptr(GString) out = g_string_sized_new(text->len);

    for (gsize at = 0, end; at < text->len; at = end) {
        for (end = at; end < text->len && text->str[end] == ' '; end++)
            ;
        if (end - at >= 2) {
            g_string_append(out, content);
        } else {
            end = at + 1;
            g_string_append_c(out, text->str[at]);
        }
    }
    g_string_truncate(text, 0);
    g_string_append_len(text, out->str, (gssize)out->len);
}

static void replace_literal(GString *text, const char *pattern, const char *content)
{
    g_autoptr(GString) out = g_string_sized_new(text->len);
    gsize length = strlen(pattern), at = 0;
    const char *found;

    while ((found = memmem(text->str + at, text->len - at, pattern, length)) != NULL) {
        g_string_append_len(out, text->str + at, found - text->str - (gssize)at);
        g_string_append(out, content);
        at = (gsize)(found - text->str) + length;
    }
    g_string_append_len(out, text->str + at, (gssize)(text->len - at));
    g_string_truncate(text, 0);
    g_string_append_len(text, out->str, (gssize)out->len);
}

static GString *normalize(const TuneTokenizer *self, const char *text, gsize n)
{
    GString *out = g_string_new_len(text, (gssize)n);

    for (guint i = 0; i < self->steps->len; i++) {
        const TuneNormalizeStep *step = &g_array_index(self->steps, TuneNormalizeStep, i);

        if (step->kind == TUNE_NORMALIZE_CHARSMAP) {
            g_autoptr(GString) raw = out;
            out = g_string_sized_new(raw->len);
            tune_charsmap_apply(step->charsmap, raw->str, raw->len, out);
        } else if (step->kind == TUNE_NORMALIZE_STRIP) {
            if (step->right)
                g_string_truncate(out, out->len - white_at_end(out->str, out->len));
            if (step->left)
                g_string_erase(out, 0, (gssize)white_at_start(out->str, out->len));
        } else if (step->kind == TUNE_NORMALIZE_REPLACE) {
            replace_literal(out, step->pattern, step->content);
        } else {
            replace_spaces(out, step->content);
        }
    }
    return out;
}

char *tune_tokenizer_normalize(const TuneTokenizer *self, const char *text)
{
    return g_string_free(normalize(self, text, strlen(text)), FALSE);
}

/* The best way to each byte of a word: Viterbi's nodes. */
typedef struct {
    double score;
    gint32 id;
    guint32 start;
    gboolean reached;
} Node;

typedef struct { /* what one encoding carries along */
    const TuneTokenizer *tokenizer;
    GArray *ids;
    GArray *nodes; /* scratch of Node */
    GString *word; /* scratch */
} Encoding;

static void offer(Node *node, double score, gint32 id, gsize start)
{
    if (node->reached && score <= node->score)
        return;
    *node = (Node){score, id, (guint32)start, TRUE};
}

static void offer_pieces(const TuneTokenizer *self, const char *text, gsize n, gsize start,
                         Node *nodes)
{
    double here = nodes[start].score;
    gsize character = character_bytes(text + start);
    gboolean single = FALSE;
    guint32 node = 0;

    for (gsize at = start; at < n; at++) {
        node = tune_trie_step(self->trie, node, (guint8)text[at]);
        if (node == 0)
            break;
        gint32 id = self->trie->nodes[node].value;
        if (id < 0)
            continue;
        offer(&nodes[at + 1], g_array_index(self->scores, double, id) + here, id, start);
        single |= at + 1 - start == character;
    }
    if (!single)
        offer(&nodes[start + character], self->unknown_score + here, self->unknown, start);
}

/* Append the ids of the best split of @text; neighbouring unknowns become one. */
static void encode_piece(Encoding *encoding, const char *text, gsize n)
{
    const TuneTokenizer *self = encoding->tokenizer;
    gsize first = encoding->ids->len;
    gint32 last = -1;
    Node *nodes;

    g_array_set_size(encoding->nodes, (guint)n + 1);
    nodes = (Node *)(gpointer)encoding->nodes->data;
    memset(nodes, 0, (n + 1) * sizeof *nodes);
    for (gsize start = 0; start < n; start += character_bytes(text + start))
        offer_pieces(self, text, n, start, nodes);
    for (gsize end = n; end > 0; end = nodes[end].start) {
        if (nodes[end].id != self->unknown || last != self->unknown)
            g_array_append_val(encoding->ids, nodes[end].id);
        last = nodes[end].id;
    }
    for (gsize i = first, j = encoding->ids->len; i + 1 < j; i++) { /* they came from the end */
        gint32 *ids = (gint32 *)(gpointer)encoding->ids->data, keep = ids[i];
        ids[i] = ids[--j];
        ids[j] = keep;
    }
}

/* Mark the word's spaces and beginning, and split at the marks. */
static void encode_word(Encoding *encoding, const char *text, gsize n, gboolean first)
{
    const TuneTokenizer *self = encoding->tokenizer;
    GString *word = encoding->word;
    gsize mark, start = 0;
    gboolean prepend =
        self->prepend == TUNE_PREPEND_ALWAYS || (self->prepend == TUNE_PREPEND_FIRST && first);

    if (self->metaspace == NULL) {
        encode_piece(encoding, text, n);
        return;
    }
    g_string_truncate(word, 0);
    g_string_append_len(word, text, (gssize)n);
    replace_literal(word, " ", self->metaspace);
    if (prepend && !g_str_has_prefix(word->str, self->metaspace))
        g_string_prepend(word, self->metaspace);
    mark = strlen(self->metaspace);
    for (gsize at = 1; at < word->len && self->split_metaspace; at++) {
        if (at + mark > word->len || memcmp(word->str + at, self->metaspace, mark) != 0)
            continue;
        encode_piece(encoding, word->str + start, at - start);
        start = at;
    }
    encode_piece(encoding, word->str + start, word->len - start);
}

/* Text between added tokens; @first: the whole text's beginning. */
static void encode_span(Encoding *encoding, const char *raw, gsize n_raw, gboolean first)
{
    g_autoptr(GString) text = normalize(encoding->tokenizer, raw, n_raw);
    const char *at = text->str, *end = text->str + text->len;

    if (!encoding->tokenizer->split_whitespace) {
        if (at < end)
            encode_word(encoding, at, text->len, first);
        return;
    }
    while (at < end) {
        const char *word;

        at += white_at_start(at, (gsize)(end - at));
        for (word = at; at < end && !is_white(g_utf8_get_char(at));)
            at = g_utf8_next_char(at);
        if (at > word)
            encode_word(encoding, word, (gsize)(at - word), first && word == text->str);
    }
}

/* The longest added token that begins at @text; its length, 0 without. */
static gsize added_at(const TuneTokenizer *self, const char *text, gsize n,
                      const TuneAddedToken **token)
{
    gsize length = 0;
    guint32 node = 0;

    for (gsize at = 0; at < n; at++) {
        node = tune_trie_step(self->added_trie, node, (guint8)text[at]);
        if (node == 0)
            break;
        gint32 value = self->added_trie->nodes[node].value;
        if (value < 0)
            continue;
        *token = &g_array_index(self->added, TuneAddedToken, value);
        length = at + 1;
    }
    return length;
}

GArray *tune_tokenizer_encode_bytes(const TuneTokenizer *self, const char *text, gsize n)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(Node));
    g_autoptr(GString) word = g_string_new(NULL);
    Encoding encoding = {self, g_array_new(FALSE, FALSE, sizeof(gint32)), nodes, word};
    gsize done = 0;

    g_array_append_vals(encoding.ids, self->before->data, self->before->len);
    for (gsize at = 0; at < n;) {
        const TuneAddedToken *token = NULL;
        gsize length = added_at(self, text + at, n - at, &token), start = at;

        if (length == 0) {
            at++;
            continue;
        }
        at += length;
        if (token->strip_left)
            start -= white_at_end(text + done, start - done);
        if (token->strip_right)
            at += white_at_start(text + at, n - at);
        if (start > done)
            encode_span(&encoding, text + done, start - done, done == 0);
        g_array_append_val(encoding.ids, token->id);
        done = at;
    }
    if (n > done)
        encode_span(&encoding, text + done, n - done, done == 0);
    g_array_append_vals(encoding.ids, self->after->data, self->after->len);
    return encoding.ids;
}

GArray *tune_tokenizer_encode(const TuneTokenizer *self, const char *text)
{
    return tune_tokenizer_encode_bytes(self, text, strlen(text));
}
