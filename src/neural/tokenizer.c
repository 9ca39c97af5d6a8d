/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/tokenizer-private.h"

#include <string.h>

#define UNKNOWN_PENALTY 10 /* below the worst piece, as in sentencepiece */

static void clear_added(gpointer data)
{
    g_free(((TuneAddedToken *)data)->text);
}

static void clear_step(gpointer data)
{
    TuneNormalizeStep *step = data;

    g_free(step->pattern);
    g_free(step->content);
    tune_charsmap_free(step->charsmap);
}

TuneTokenizer *tune_tokenizer_new_empty(void)
{
    TuneTokenizer *self = g_new0(TuneTokenizer, 1);

    self->pieces = g_ptr_array_new_with_free_func(g_free);
    self->scores = g_array_new(FALSE, FALSE, sizeof(double));
    self->added = g_array_new(FALSE, TRUE, sizeof(TuneAddedToken));
    g_array_set_clear_func(self->added, clear_added);
    self->steps = g_array_new(FALSE, TRUE, sizeof(TuneNormalizeStep));
    g_array_set_clear_func(self->steps, clear_step);
    self->before = g_array_new(FALSE, FALSE, sizeof(gint32));
    self->after = g_array_new(FALSE, FALSE, sizeof(gint32));
    return self;
}

void tune_tokenizer_free(TuneTokenizer *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->pieces);
    g_array_unref(self->scores);
    g_array_unref(self->added);
    g_array_unref(self->steps);
    g_array_unref(self->before);
    g_array_unref(self->after);
    g_free(self->metaspace);
    tune_trie_free(self->trie);
    tune_trie_free(self->added_trie);
    g_free(self);
}

void tune_tokenizer_add(TuneTokenizer *self, const char *text, gint32 id, gboolean strip_left,
                        gboolean strip_right)
{
    TuneAddedToken token = {g_strdup(text), id, strip_left, strip_right};

    g_array_append_val(self->added, token);
}

void tune_tokenizer_add_piece(TuneTokenizer *self, const char *piece, double score)
{
    g_ptr_array_add(self->pieces, g_strdup(piece));
    g_array_append_val(self->scores, score);
}

static gboolean check_added(const TuneTokenizer *self, const TuneAddedToken *token, GError **error)
{
    const char *piece = token->id >= 0 && (guint)token->id < self->pieces->len
                            ? self->pieces->pdata[token->id]
                            : NULL;

    if (token->id >= 0 && token->id <= TUNE_TOKENIZER_MAX_ID &&
        (piece == NULL || strcmp(piece, token->text) == 0))
        return TRUE;
    g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                "the added token \"%s\" has the id %d, which %s", token->text, token->id,
                piece != NULL ? "another piece has" : "no token can have");
    return FALSE;
}

static TuneTrie *trie_of_pieces(const TuneTokenizer *self)
{
    g_autofree TuneTrieEntry *entries = g_new(TuneTrieEntry, self->pieces->len);

    for (guint id = 0; id < self->pieces->len; id++) {
        const char *piece = self->pieces->pdata[id];
        entries[id] = (TuneTrieEntry){piece, strlen(piece), (gint32)id};
    }
    return tune_trie_new(entries, self->pieces->len);
}

static TuneTrie *trie_of_added(const TuneTokenizer *self)
{
    g_autofree TuneTrieEntry *entries = g_new(TuneTrieEntry, self->added->len);

    for (guint i = 0; i < self->added->len; i++) {
        const char *text = g_array_index(self->added, TuneAddedToken, i).text;
        entries[i] = (TuneTrieEntry){text, strlen(text), (gint32)i};
    }
    return tune_trie_new(entries, self->added->len);
}

gboolean tune_tokenizer_finish(TuneTokenizer *self, GError **error)
{
    double least = 0;

    if (self->unknown < 0 || (guint)self->unknown >= self->pieces->len) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                    "the id for unknown text is %d, but there are %u pieces", self->unknown,
                    self->pieces->len);
        return FALSE;
    }
    self->size = self->pieces->len;
    for (guint i = 0; i < self->added->len; i++) {
        const TuneAddedToken *token = &g_array_index(self->added, TuneAddedToken, i);
        if (!check_added(self, token, error))
            return FALSE;
        self->size = MAX(self->size, (guint)token->id + 1);
    }
    for (guint i = 0; i < self->after->len; i++)
        self->size = MAX(self->size, (guint)g_array_index(self->after, gint32, i) + 1);
    for (guint i = 0; i < self->before->len; i++)
        self->size = MAX(self->size, (guint)g_array_index(self->before, gint32, i) + 1);
    for (guint i = 0; i < self->scores->len; i++) {
        double score = g_array_index(self->scores, double, i);
        least = i == 0 ? score : MIN(least, score);
    }
    self->unknown_score = least - UNKNOWN_PENALTY;
    self->trie = trie_of_pieces(self);
    self->added_trie = trie_of_added(self);
    return TRUE;
}

guint tune_tokenizer_size(const TuneTokenizer *self)
{
    return self->size;
}

const char *tune_tokenizer_piece(const TuneTokenizer *self, guint id)
{
    if (id < self->pieces->len)
        return self->pieces->pdata[id];
    for (guint i = 0; i < self->added->len; i++) {
        const TuneAddedToken *token = &g_array_index(self->added, TuneAddedToken, i);
        if ((guint)token->id == id)
            return token->text;
    }
    return NULL;
}
