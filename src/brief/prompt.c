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
