/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/lyrics.h"
#include "brief/lexicon.h"
#include "brief/text.h"

#include <string.h>

static void block_clear(gpointer data)
{
    g_clear_pointer(&((TuneLyricBlock *)data)->lines, g_ptr_array_unref);
}

/* The role of a tag's text: "Verse 2", "Chorus x2", "Verse 1: softly". */
static gboolean tag_role(const char *text, TuneSectionRole *role)
{
    g_autofree char *name = g_strdup(text);
    char *end;

    name[strcspn(name, ":(,")] = '\0';
    g_strstrip(name);
    for (end = name + strlen(name); end > name && (g_ascii_isdigit(end[-1]) || end[-1] == ' ');)
        *--end = '\0';
    if (g_str_has_suffix(name, " x"))
        name[strlen(name) - 2] = '\0';
    return *name != '\0' && strlen(name) < 24 && tune_section_role_parse(name, role);
}

/* "[Verse 2]" or "Chorus:" alone on @line. */
static gboolean is_tag_line(const char *line, TuneSectionRole *role)
{
    g_autofree char *text = g_strstrip(g_strdup(line));
    gsize n = strlen(text);
    gboolean bracketed = n > 2 && text[0] == '[' && strchr(text, ']') == text + n - 1;
    gboolean colon = n > 1 && n < 24 && text[n - 1] == ':';

    if (!bracketed && !colon)
        return FALSE;
    text[n - 1] = '\0';
    return tag_role(text + (bracketed ? 1 : 0), role);
}

static gboolean has_letters(const char *line)
{
    for (const char *p = line; *p != '\0'; p = g_utf8_next_char(p))
        if (g_unichar_isalpha(g_utf8_get_char(p)))
            return TRUE;
    return FALSE;
}

/* A line with a tempo, a key, an instrument, a genre or a mood is more description than song; ordinary
 * words that happen to be in the lexicon ("love", "night") do not count. */
static gboolean is_musical_line(const TuneVocabulary *vocabulary, const char *line)
{
    g_autofree char *plain = tune_text_normalise(line, NULL);
    g_autoptr(GArray) tokens = plain == NULL ? NULL : tune_text_tokenise(plain);
    guint musical = 0;

    for (guint i = 0; tokens != NULL && i < tokens->len;) {
        guint n = 1;
        const LexiconEntry *entry = tune_lexicon_match(vocabulary, tokens, i, &n);
        if (entry != NULL)
            switch (entry->kind) {
            case LEXICON_GENRE:
            case LEXICON_INSTRUMENT:
            case LEXICON_GENERIC:
            case LEXICON_GROUP:
            case LEXICON_MODE:
            case LEXICON_TEMPO:
                musical++;
                break;
            case LEXICON_UNIT:
                musical += (gint)entry->value == UNIT_BPM || (gint)entry->value == UNIT_BAR ||
                           (gint)entry->value == UNIT_CHORDS;
                break;
            default:
                break;
            }
        i += MAX(n, 1);
    }
    return musical > 0;
}

gboolean tune_lyrics_detect(const TuneVocabulary *vocabulary, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n = 0, musical = 0, tags = 0, behind_tags = 0;

    for (guint i = 0; lines[i] != NULL; i++) {
        TuneSectionRole role;
        if (is_tag_line(lines[i], &role)) {
            tags++;
        } else if (has_letters(lines[i])) {
            n++;
            behind_tags += tags > 0;
            musical += is_musical_line(vocabulary, lines[i]);
        }
    }
    if (tags > 0)
        return behind_tags > 0;
    return n >= 4 && musical * 2 < n && strchr(text, '[') == NULL;
}

static TuneLyricBlock *open_block(GArray *blocks, TuneSectionRole role, gboolean said)
{
    TuneLyricBlock block = {role, said, g_ptr_array_new_with_free_func(g_free)};

    g_array_append_val(blocks, block);
    return &g_array_index(blocks, TuneLyricBlock, blocks->len - 1);
}

/* Untagged blocks: one that comes back is the chorus, the others are verses. */
static void guess_roles(GArray *blocks)
{
    for (guint i = 0; i < blocks->len; i++)
        for (guint k = i + 1; k < blocks->len; k++) {
            TuneLyricBlock *a = &g_array_index(blocks, TuneLyricBlock, i);
            TuneLyricBlock *b = &g_array_index(blocks, TuneLyricBlock, k);
            if (!a->role_said && !b->role_said && a->lines->len > 0 && b->lines->len > 0 &&
                g_ascii_strcasecmp(g_ptr_array_index(a->lines, 0),
                                   g_ptr_array_index(b->lines, 0)) == 0)
                a->role = b->role = TUNE_SECTION_CHORUS;
        }
}

GArray *tune_lyrics_parse(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GArray *blocks = g_array_new(FALSE, TRUE, sizeof(TuneLyricBlock));
    TuneLyricBlock *block = NULL;
    gboolean tagged = FALSE;

    g_array_set_clear_func(blocks, block_clear);
    for (guint i = 0; lines[i] != NULL; i++) {
        TuneSectionRole role;
        g_strstrip(lines[i]);
        if (is_tag_line(lines[i], &role)) {
            block = open_block(blocks, role, TRUE);
            tagged = TRUE;
        } else if (!has_letters(lines[i])) {
            if (!tagged && block != NULL && block->lines->len > 0)
                block = NULL;
        } else {
            if (block == NULL)
                block = open_block(blocks, TUNE_SECTION_VERSE, FALSE);
            g_ptr_array_add(block->lines, g_strdup(lines[i]));
        }
    }
    guess_roles(blocks);
    return blocks;
}
