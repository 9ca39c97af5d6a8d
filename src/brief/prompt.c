/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/prompt.h"

#include <math.h>
#include <string.h>

/* Sections in words; verses are numbered. */
static void append_order(GString *out, const GArray *order)
{
    gint verse = 0;

    for (guint i = 0; i < order->len; i++) {
        TuneSectionRole role = g_array_index(order, TuneSectionRole, i);
        g_string_append(out, i > 0 ? ", " : "");
        g_string_append(out, tune_section_role_name(role));
        if (role == TUNE_SECTION_VERSE)
            g_string_append_printf(out, " %d", ++verse);
    }
}

static void append_seconds(GString *out, double seconds)
{
    gint64 whole = (gint64)llround(CLAMP(seconds, 0, 86400));

    g_string_append_printf(out, "Duration: %" G_GINT64_FORMAT " seconds (%" G_GINT64_FORMAT
                                ":%02" G_GINT64_FORMAT ").\n",
                           whole, whole / 60, whole % 60);
}

char *tune_prompt_build(const TunePromptParts *parts)
{
    GString *out = g_string_new(NULL);
    g_autoptr(GArray) own = NULL;
    const GArray *order = parts->sections;
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    if (order == NULL)
        order = own = tune_song_structure_order(&parts->structure);
    if (parts->genre != NULL && *parts->genre != '\0')
        g_string_append_printf(out, "Compose a complete %s track.\n", parts->genre);
    else
        g_string_append(out, "Compose a complete track.\n");
    append_seconds(out, parts->duration_seconds);
    g_string_append(out, "Sections in order: ");
    append_order(out, order);
    g_string_append(out, ".\n");
    if (parts->text != NULL && *parts->text != '\0')
        g_string_append_printf(out, "Lyrics or description:\n%s\n", parts->text);
    if (parts->references != NULL && parts->references->len > 0) {
        g_string_append(out, "Style references: ");
        for (guint i = 0; i < parts->references->len; i++) {
            g_string_append(out, i > 0 ? "; " : "");
            g_string_append(out, g_ptr_array_index(parts->references, i));
        }
        g_string_append(out, ".\n");
    }
    g_string_append_printf(out, "Temperature: %s.\n",
                           g_ascii_formatd(number, sizeof number, "%.4g", parts->temperature));
    return g_string_free(out, FALSE);
}

char *tune_prompt_from_brief(const TuneBrief *brief, double seconds)
{
    g_autoptr(GArray) order = NULL;
    TunePromptParts parts = {
        .genre = brief->style_asked != NULL ? brief->style_asked
                 : brief->style != NULL     ? tune_style_name(brief->style) : "",
        .duration_seconds = seconds,
        .text = brief->prompt,
        .structure = TUNE_SONG_STRUCTURE_DEFAULT,
        .references = brief->style_references,
        .temperature = brief->temperature,
    };

    if (brief->sections->len > 0 && !brief->sections_partial) {
        order = g_array_new(FALSE, FALSE, sizeof(TuneSectionRole));
        for (guint i = 0; i < brief->sections->len; i++)
            g_array_append_val(order, g_array_index(brief->sections, TuneBriefSection, i).role);
        parts.sections = order;
    }
    return tune_prompt_build(&parts);
}

/* ---- captions ---- */

/* By a flag, an API field or a preset: not in the sentence, which stands there already. */
static gboolean is_added(TuneOrigin origin)
{
    return origin == TUNE_ORIGIN_FIELD || origin == TUNE_ORIGIN_PRESET;
}

static void add(GString *out, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    if (out->len > 0)
        g_string_append(out, ", ");
    g_string_append(out, text);
}

static void add_numbers(GString *out, const TuneBrief *brief)
{
    if (is_added(brief->bpm_origin) && brief->bpm_high > 0) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        double middle = 0.5 * (brief->bpm_low + brief->bpm_high);
        g_autofree char *bpm =
            g_strconcat(g_ascii_formatd(number, sizeof number, "%.4g", middle), " bpm", NULL);
        add(out, bpm);
    }
    if (is_added(brief->key_origin)) {
        g_autofree char *key = tune_key_to_string(brief->key);
        add(out, key);
    }
    if (is_added(brief->metre_origin)) {
        g_autofree char *metre = tune_metre_to_string(brief->metre);
        add(out, metre);
    }
}

static void add_players(GString *out, const TuneBrief *brief)
{
    for (guint i = 0; i < brief->instruments->len; i++) {
        const TuneBriefInstrument *asked =
            &g_array_index(brief->instruments, TuneBriefInstrument, i);
        if (is_added(asked->origin) && asked->instrument != NULL)
            add(out, asked->instrument->name);
    }
    for (guint i = 0; i < brief->style_references->len; i++) {
        const char *colon = strchr(brief->style_references->pdata[i], ':');
        add(out, colon != NULL ? g_strchug((char *)(colon + 1)) : NULL);
    }
    if (brief->no_drums && is_added(brief->no_drums_origin))
        add(out, "no drums");
    if (brief->no_vocals && is_added(brief->no_vocals_origin))
        add(out, "instrumental");
}

/* Not in the middle of a word or of a character. */
static void cut(GString *out, gsize max_bytes)
{
    if (out->len <= max_bytes)
        return;
    const char *end = g_utf8_find_prev_char(out->str, out->str + max_bytes + 1);
    while (end > out->str && *end != ' ')
        end--;
    if (end == out->str)
        end = g_utf8_find_prev_char(out->str, out->str + max_bytes + 1);
    g_string_truncate(out, (gsize)(end - out->str));
}

char *tune_prompt_caption(const TuneBrief *brief, gsize max_bytes)
{
    GString *out = g_string_new(NULL);

    if (brief->prompt != NULL && brief->lyrics->len == 0) {
        g_autofree char *sentence = g_strstrip(g_strdup(brief->prompt));
        add(out, sentence);
    }
    if (is_added(brief->style_origin) || (out->len == 0 && brief->style_origin > TUNE_ORIGIN_INFERRED))
        add(out, brief->style_asked != NULL ? brief->style_asked : tune_style_name(brief->style));
    if (is_added(brief->mood_origin) || out->len == 0)
        for (guint i = 0; i < brief->moods->len; i++)
            add(out, brief->moods->pdata[i]);
    add_numbers(out, brief);
    add_players(out, brief);
    cut(out, max_bytes);
    return g_string_free(out, FALSE);
}
