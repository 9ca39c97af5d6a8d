/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The block `melody:` of a style file.
 */
#include "brief/style-private.h"

#include <string.h>

void style_melody_init(StyleMelody *melody)
{
    *melody = (StyleMelody){.range = 15, .step = 0.5, .repeat = 0.2, .leap = 0.3, .syncopation = 0.3,
                            .density = {1.0, 2.0}, .chord_tones = 0.86, .rest = 0.2,
                            .phrase_bars = 4, .ornaments = {[STYLE_ORNAMENT_MORDENT] = 1}};
    melody->cells = g_array_new(FALSE, TRUE, sizeof(StyleCell));
}

void style_melody_clear(StyleMelody *melody)
{
    g_array_unref(melody->cells);
}

/* One bar of a cell: 'x' begins a note, '-' holds, '.' rests; the characters share the bar evenly. */
static gboolean read_cell_bar(const TuneYamlNode *node, const char *bar, StyleCell *cell,
                              GError **error)
{
    gint bar_ticks = tune_metre_bar_ticks(cell->metre);
    gint n = 0;

    for (const char *p = bar; *p != '\0'; p++)
        n += *p != ' ';
    if (n == 0 || bar_ticks % n != 0)
        return tune_yaml_fail(node, error, "rhythm: %d characters do not share a bar evenly", n);
    gint at = cell->bars * bar_ticks;
    for (const char *p = bar; *p != '\0'; p++) {
        if (*p == ' ')
            continue;
        gboolean begins = *p == 'x' || *p == '.';
        if (!begins && (*p != '-' || cell->n == 0))
            return tune_yaml_fail(node, error, "rhythm: x, - and . only, and no - at the start");
        gboolean joins = *p == '.' && cell->n > 0 && cell->rest[cell->n - 1];
        if (*p == '-' || joins) {
            cell->ticks[cell->n - 1] += bar_ticks / n;
        } else {
            if (cell->n == (gint)G_N_ELEMENTS(cell->tick))
                return tune_yaml_fail(node, error, "rhythm: too many notes");
            cell->tick[cell->n] = at;
            cell->ticks[cell->n] = bar_ticks / n;
            cell->rest[cell->n++] = *p == '.';
        }
        at += bar_ticks / n;
    }
    cell->bars++;
    return TRUE;
}

static gboolean read_cell(const TuneYamlNode *node, StyleCell *cell, GError **error)
{
    static const char *const allowed[] = {"metre", "energy", "weight", "rhythm", "sections", NULL};
    const char *rhythm = "";

    cell->metre = (TuneMetre){4, 4, 0};
    cell->energy[1] = 1.0;
    if (!tune_yaml_check_keys(node, allowed, error) ||
        !tune_yaml_get_range(node, "energy", 0, 1, cell->energy, error) ||
        !style_read_weight(node, &cell->weight, error) ||
        !style_read_sections(node, &cell->sections, error) ||
        !tune_yaml_get_string(node, "rhythm", &rhythm, error))
        return FALSE;
    const TuneYamlNode *metre = tune_yaml_get(node, "metre");
    if (metre != NULL && !style_read_metre(metre, &cell->metre, error))
        return FALSE;
    g_auto(GStrv) bars = g_strsplit(rhythm, "|", -1);
    if (g_strv_length(bars) < 1 || g_strv_length(bars) > 2)
        return tune_yaml_fail(node, error, "rhythm: one or two bars are expected");
    for (char **bar = bars; *bar != NULL; bar++)
        if (!read_cell_bar(node, *bar, cell, error))
            return FALSE;
    return TRUE;
}

static gboolean read_cells(const TuneYamlNode *root, StyleMelody *melody, GError **error)
{
    const TuneYamlNode *node = tune_yaml_get(root, "cells");

    if (node == NULL)
        return TRUE;
    if (tune_yaml_kind(node) != TUNE_YAML_LIST)
        return tune_yaml_fail(node, error, "cells: a list is expected");
    for (guint i = 0; i < tune_yaml_size(node); i++) {
        StyleCell cell = {.weight = 1.0};
        if (!read_cell(tune_yaml_at(node, i), &cell, error))
            return FALSE;
        g_array_append_val(melody->cells, cell);
    }
    return TRUE;
}

static gboolean read_ornaments(const TuneYamlNode *root, StyleMelody *melody, GError **error)
{
    static const char *const names[] = {"mordent", "cut", "roll", "turn", "slide", "trill", NULL};
    const TuneYamlNode *node = tune_yaml_get(root, "ornaments");

    if (node == NULL)
        return TRUE;
    memset(melody->ornaments, 0, sizeof melody->ornaments);
    if (!tune_yaml_check_keys(node, names, error))
        return FALSE;
    for (gsize i = 0; i < STYLE_N_ORNAMENTS; i++)
        if (!tune_yaml_get_double(node, names[i], 0, 100, &melody->ornaments[i], error))
            return FALSE;
    return TRUE;
}

gboolean style_melody_read(const TuneYamlNode *node, StyleMelody *melody, GError **error)
{
    static const char *const allowed[] = {
        "strict",      "range",     "step",       "repeat", "leap",     "syncopation", "density",
        "chord_tones", "chromatic", "pentatonic", "rest",   "ornament", "blue",        "phrase",
        "cells",       "call",      "ornaments",  "enclosure", NULL};

    return tune_yaml_check_keys(node, allowed, error) &&
           tune_yaml_get_bool(node, "strict", &melody->strict, error) &&
           tune_yaml_get_int(node, "range", 5, 36, &melody->range, error) &&
           tune_yaml_get_double(node, "step", 0, 1, &melody->step, error) &&
           tune_yaml_get_double(node, "repeat", 0, 1, &melody->repeat, error) &&
           tune_yaml_get_double(node, "leap", 0, 1, &melody->leap, error) &&
           tune_yaml_get_double(node, "syncopation", 0, 1, &melody->syncopation, error) &&
           tune_yaml_get_range(node, "density", 0.1, 6, melody->density, error) &&
           tune_yaml_get_double(node, "chord_tones", 0, 1, &melody->chord_tones, error) &&
           tune_yaml_get_double(node, "chromatic", 0, 1, &melody->chromatic, error) &&
           tune_yaml_get_double(node, "pentatonic", 0, 1, &melody->pentatonic, error) &&
           tune_yaml_get_double(node, "rest", 0, 0.8, &melody->rest, error) &&
           tune_yaml_get_double(node, "call", 0.2, 1, &melody->call, error) &&
           tune_yaml_get_double(node, "ornament", 0, 1, &melody->ornament, error) &&
           read_ornaments(node, melody, error) &&
           tune_yaml_get_double(node, "enclosure", 0, 1, &melody->enclosure, error) &&
           tune_yaml_get_double(node, "blue", 0, 1, &melody->blue, error) &&
           tune_yaml_get_int(node, "phrase", 2, 8, &melody->phrase_bars, error) &&
           read_cells(node, melody, error);
}
