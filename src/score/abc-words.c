/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/abc-read.h"
#include "score/abc-private.h"
#include "score/score-private.h"

#include <string.h>

static void give_word(TuneAbcVoice *voice, guint slot, GString *word, gboolean goes_on)
{
    gint index = g_array_index(voice->slots, TuneAbcSlot, slot).note;

    g_strdelimit(word->str, "~", ' ');
    if (goes_on)
        g_string_append_c(word, '-');
    g_autofree char *plain = tune_abc_unescape(word->str);
    g_autofree char *text = tune_score_clean_text(plain, strlen(plain));
    if (index >= 0 && *text != '\0')
        g_array_index(voice->track->notes, TuneNote, index).syllable =
            tune_track_add_syllable(voice->track, text);
    g_string_truncate(word, 0);
}

/* Skips to the first note of the next bar. */
static guint next_bar(const TuneAbcVoice *voice, guint slot, guint bar)
{
    while (slot < voice->slots->len && g_array_index(voice->slots, TuneAbcSlot, slot).bar <= bar)
        slot++;
    return slot;
}

void tune_abc_read_words(TuneAbcVoice *voice, const char *text)
{
    g_autoptr(GString) word = g_string_new(NULL);
    guint slot = 0;
    guint bar = voice->slots->len > 0 ? g_array_index(voice->slots, TuneAbcSlot, 0).bar : 0;

    for (const char *p = text;; p++) {
        gboolean ends = *p == '\0' || strchr(" \t-_*|", *p) != NULL;
        if (ends && word->len > 0 && slot < voice->slots->len)
            give_word(voice, slot++, word, *p == '-');
        else if (*p == '-' && slot < voice->slots->len && p > text && p[-1] == ' ')
            slot++; /* a hyphen of its own: the syllable goes on over this note */
        if (*p == '\0' || slot >= voice->slots->len)
            break;
        if (*p == '_' || *p == '*')
            slot++;
        else if (*p == '|') {
            slot = next_bar(voice, slot, bar);
            bar++;
        } else if (!ends) {
            g_string_append_c(word, *p);
            if (*p == '\\' && p[1] != '\0')
                g_string_append_c(word, *++p);
        }
    }
}
