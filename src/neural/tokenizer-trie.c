/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/tokenizer-trie.h"

#include <stdlib.h>
#include <string.h>

static gint compare_entries(const void *a, const void *b)
{
    const TuneTrieEntry *x = a, *y = b;
    gint order = memcmp(x->bytes, y->bytes, MIN(x->n_bytes, y->n_bytes));

    if (order != 0)
        return order;
    if (x->n_bytes != y->n_bytes)
        return x->n_bytes < y->n_bytes ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* The entries below a node whose children are not made yet. */
typedef struct {
    gsize low, high;
} Range;

/* Give @node, reached after @depth bytes, its value and children. */
static void expand(GArray *nodes, GArray *ranges, guint32 node, gsize depth,
                   const TuneTrieEntry *entries)
{
    Range range = g_array_index(ranges, Range, node);
    guint32 first = nodes->len;

    while (range.low < range.high && entries[range.low].n_bytes == depth)
        g_array_index(nodes, TuneTrieNode, node).value = entries[range.low++].value;
    while (range.low < range.high) {
        TuneTrieNode child = {.value = -1, .label = (guint8)entries[range.low].bytes[depth]};
        Range below = {range.low, range.low};

        while (below.high < range.high && (guint8)entries[below.high].bytes[depth] == child.label)
            below.high++;
        range.low = below.high;
        g_array_append_val(nodes, child);
        g_array_append_val(ranges, below);
    }
    g_array_index(nodes, TuneTrieNode, node).first = first;
    g_array_index(nodes, TuneTrieNode, node).n_children = (guint16)(nodes->len - first);
}

TuneTrie *tune_trie_new(TuneTrieEntry *entries, gsize n)
{
    TuneTrie *self = g_new0(TuneTrie, 1);
    GArray *nodes = g_array_new(FALSE, TRUE, sizeof(TuneTrieNode));
    g_autoptr(GArray) ranges = g_array_new(FALSE, TRUE, sizeof(Range));
    TuneTrieNode root = {.value = -1};
    Range all = {0, n};
    guint32 level_end = 1;

    if (n > 0)
        qsort(entries, n, sizeof *entries, compare_entries);
    while (all.low < n && entries[all.low].n_bytes == 0)
        all.low++;
    g_array_append_val(nodes, root);
    g_array_append_val(ranges, all);
    for (guint32 node = 0, depth = 0; node < nodes->len; node++) {
        if (node == level_end) { /* nodes are made level by level */
            level_end = nodes->len;
            depth++;
        }
        expand(nodes, ranges, node, depth, entries);
    }
    self->n_nodes = nodes->len;
    self->nodes = (TuneTrieNode *)(gpointer)g_array_free(nodes, FALSE);
    return self;
}

void tune_trie_free(TuneTrie *self)
{
    if (self == NULL)
        return;
    g_free(self->nodes);
    g_free(self);
}
