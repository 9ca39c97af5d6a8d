/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A set of byte strings with numbers, walked byte by byte: every node's children lie side by side,
 * sorted. 32,000 pieces take about a megabyte.  Immutable after making.
 */
#pragma once
#include <glib.h>

typedef struct {
    guint32 first; /* node of the first child */
    gint32 value;  /* -1: no string ends here */
    guint16 n_children;
    guint8 label;
} TuneTrieNode;

typedef struct {
    TuneTrieNode *nodes;
    guint32 n_nodes;
} TuneTrie;

typedef struct {
    const char *bytes;
    gsize n_bytes;
    gint32 value; /* >= 0 */
} TuneTrieEntry;

/* @entries [n] are sorted in place; of equal strings the largest value stays, empty ones are left
 * out. (transfer full) */
TuneTrie *tune_trie_new(TuneTrieEntry *entries, gsize n);
void tune_trie_free(TuneTrie *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTrie, tune_trie_free)

/* From @node (0: the root) by @byte; 0 when there is no such way. */
static inline guint32 tune_trie_step(const TuneTrie *self, guint32 node, guint8 byte)
{
    guint32 low = self->nodes[node].first, high = low + self->nodes[node].n_children;

    while (low < high) {
        guint32 middle = low + (high - low) / 2;
        guint8 label = self->nodes[middle].label;

        if (label == byte)
            return middle;
        if (label < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
