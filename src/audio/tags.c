/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/tags-private.h"

#include <stddef.h>
#include <string.h>

const TuneTagField tune_tag_fields[TUNE_N_TAG_FIELDS] = {
    {offsetof(TuneTags, title), "TITLE", "TIT2", "INAM"},
    {offsetof(TuneTags, artist), "ARTIST", "TPE1", "IART"},
    {offsetof(TuneTags, genre), "GENRE", "TCON", "IGNR"},
    {offsetof(TuneTags, comment), "COMMENT", "COMM", "ICMT"},
    {offsetof(TuneTags, date), "DATE", "TDRC", "ICRD"},
    {offsetof(TuneTags, copyright), "COPYRIGHT", "TCOP", "ICOP"},
    {offsetof(TuneTags, software), "ENCODER", "TSSE", "ISFT"},
    {offsetof(TuneTags, key), "INITIALKEY", "TKEY", ""},
    {offsetof(TuneTags, lyrics), "LYRICS", "USLT", ""},
    {offsetof(TuneTags, recipe), "TUNESMITH_RECIPE", "TXXX", "TREC"},
    {offsetof(TuneTags, rights), "TUNESMITH_RIGHTS", "TXXX", "TRGT"},
};

TuneTags *tune_tags_new(void)
{
    return g_new0(TuneTags, 1);
}

TuneTags *tune_tags_copy(const TuneTags *self)
{
    TuneTags *copy = g_memdup2(self, sizeof *self);

    for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++)
        *tune_tag_slot(copy, &tune_tag_fields[i]) =
            g_strdup(tune_tag_text(self, &tune_tag_fields[i]));
    return copy;
}

void tune_tags_free(TuneTags *self)
{
    if (self == NULL)
        return;
    for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++)
        g_free(*tune_tag_slot(self, &tune_tag_fields[i]));
    g_free(self);
}

char *tune_tags_bpm_text(const TuneTags *self)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    if (!(self->bpm > 0.0))
        return NULL;
    return g_strdup(g_ascii_formatd(text, sizeof text, "%.6g", self->bpm));
}

/* LOOPLENGTH may come before LOOPSTART; until both are there loop_end holds the length. */
static gboolean set_number(TuneTags *self, const char *name, const char *text)
{
    if (g_ascii_strcasecmp(name, "BPM") == 0) {
        double bpm = g_ascii_strtod(text, NULL);

        if (bpm > 0.0 && bpm < 10000.0)
            self->bpm = bpm;
        return TRUE;
    }
    gboolean start = g_ascii_strcasecmp(name, "LOOPSTART") == 0;
    if (!start && g_ascii_strcasecmp(name, "LOOPLENGTH") != 0)
        return FALSE;
    gint64 frames = g_ascii_strtoll(text, NULL, 10);
    if (frames < 0 || frames > G_MAXINT64 / 4)
        return TRUE;
    gint64 length = self->loop_end - self->loop_start;
    if (start)
        self->loop_start = frames;
    else
        length = frames;
    self->loop_end = self->loop_start + length;
    return TRUE;
}

void tune_tags_set(TuneTags *self, const char *name, const char *text, gsize n_bytes)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(n_bytes, strnlen(text, n_bytes)));

    if (*valid == '\0' || set_number(self, name, valid))
        return;
    for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++) {
        char **slot = tune_tag_slot(self, &tune_tag_fields[i]);

        if (g_ascii_strcasecmp(name, tune_tag_fields[i].vorbis) == 0 && *slot == NULL)
            *slot = g_steal_pointer(&valid);
    }
}
