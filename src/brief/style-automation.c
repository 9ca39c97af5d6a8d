/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "brief/style-automation.h"

#include "brief/style-groove.h"

#include <stdlib.h>
#include <string.h>

static void build_free(gpointer data)
{
    StyleBuild *self = data;

    g_free(self->name);
    g_clear_pointer(&self->rolls, g_array_unref);
    g_free(self);
}

static void curve_free(gpointer data)
{
    StyleCurve *self = data;

    g_strfreev(self->parts);
    g_free(self);
}

/* ---- small lists ---- */

static gboolean read_section_mask(const TuneYamlNode *node, const char *key, guint32 *out,
                                  GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(node, key, &names, error))
        return FALSE;
    for (gint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneSectionRole role;
        if (!tune_section_role_parse(names[i], &role))
            return tune_yaml_fail(tune_yaml_get(node, key), error, "\"%s\" is no section", names[i]);
        *out |= 1u << role;
    }
    return TRUE;
}

static gboolean read_role_mask(const TuneYamlNode *node, const char *key, guint32 *out,
                               GError **error)
{
    g_auto(GStrv) names = NULL;

    if (!tune_yaml_get_strings(node, key, &names, error))
        return FALSE;
    for (gint i = 0; names != NULL && names[i] != NULL; i++) {
        TuneRole role;
        if (!tune_role_parse(names[i], &role))
            return tune_yaml_fail(tune_yaml_get(node, key), error, "\"%s\" is no role", names[i]);
        *out |= 1u << role;
    }
    return TRUE;
}

/* "1 1 2 4": numbers 0..@most between spaces and bar lines; at least one, at most @room. */
static gboolean read_numbers(const TuneYamlNode *node, const char *text, gint most, gint room,
                             guint8 *out, gint *n, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(text, " |", -1);

    *n = 0;
    for (gint i = 0; words[i] != NULL; i++) {
        char *end = NULL;
        if (words[i][0] == '\0')
            continue;
        long value = strtol(words[i], &end, 10);
        if (*end != '\0' || value < 0 || value > most)
            return tune_yaml_fail(node, error, "\"%s\" is no number from 0 to %d", words[i], most);
        if (*n == room)
            return tune_yaml_fail(node, error, "more than %d numbers", room);
        out[(*n)++] = (guint8)value;
    }
    return *n > 0 || tune_yaml_fail(node, error, "numbers are expected here");
}

/* ---- builds ---- */

static gboolean read_rolls(const TuneYamlNode *node, StyleBuild *build, GError **error)
{
    const TuneYamlNode *rolls = tune_yaml_get(node, "rolls");

    if (rolls == NULL || tune_yaml_kind(rolls) != TUNE_YAML_MAP || tune_yaml_size(rolls) == 0)
        return tune_yaml_fail(rolls != NULL ? rolls : node, error,
                              "%s: rolls: a map of drums is expected", build->name);
    for (guint i = 0; i < tune_yaml_size(rolls); i++) {
        const TuneYamlNode *row = tune_yaml_at(rolls, i);
        StyleRoll roll = {.key = tune_drum_key(tune_yaml_key(rolls, i))};
        if (roll.key <= STYLE_DRUM_TAIKO_HIGH)
            return tune_yaml_fail(row, error, "\"%s\" is no drum of a set", tune_yaml_key(rolls, i));
        if (tune_yaml_kind(row) != TUNE_YAML_SCALAR)
            return tune_yaml_fail(row, error, "strokes a beat are expected: \"1 1 2 4\"");
        if (!read_numbers(row, tune_yaml_text(row), 8, STYLE_ROLL_STEPS, roll.strokes, &roll.n,
                          error))
            return FALSE;
        g_array_append_val(build->rolls, roll);
    }
    return TRUE;
}

static gboolean read_build(const TuneYamlNode *node, StyleBuild *build, GError **error)
{
    static const char *const keys[] = {"name",  "weight", "energy", "rolls",
                                       "groove", "breath", NULL};
    const char *name = NULL;

    if (!tune_yaml_check_keys(node, keys, error) ||
        !tune_yaml_get_string(node, "name", &name, error))
        return FALSE;
    if (name == NULL)
        return tune_yaml_fail(node, error, "name is missing");
    build->name = g_strdup(name);
    return tune_yaml_get_double(node, "weight", 0, 100, &build->weight, error) &&
           tune_yaml_get_range(node, "energy", 0, 1, build->energy, error) &&
           tune_yaml_get_double(node, "groove", 0, 1, &build->groove, error) &&
           tune_yaml_get_int(node, "breath", 0, 8, &build->breath, error) &&
           read_rolls(node, build, error);
}

/* ---- gaps ---- */

static gboolean read_gap(const TuneYamlNode *node, StyleGap *gap, GError **error)
{
    static const char *const keys[] = {"before", "after", "beats", "chance", "keep", NULL};

    return tune_yaml_check_keys(node, keys, error) &&
           read_section_mask(node, "before", &gap->before, error) &&
           read_section_mask(node, "after", &gap->after, error) &&
           tune_yaml_get_int(node, "beats", 1, 16, &gap->beats, error) &&
           tune_yaml_get_double(node, "chance", 0, 1, &gap->chance, error) &&
           read_role_mask(node, "keep", &gap->keep, error);
}

/* ---- curves ---- */

typedef struct {
    const char *name;
    guint8 number;
} Word;

static gboolean read_word(const TuneYamlNode *node, const char *key, const Word *words,
                          guint8 *out, GError **error)
{
    const char *text = NULL;
    g_autoptr(GString) known = g_string_new(NULL);

    if (!tune_yaml_get_string(node, key, &text, error))
        return FALSE;
    if (text == NULL)
        return TRUE;
    for (; words->name != NULL; words++) {
        if (strcmp(words->name, text) == 0) {
            *out = words->number;
            return TRUE;
        }
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", words->name);
    }
    return tune_yaml_fail(tune_yaml_get(node, key), error, "%s: \"%s\" is none of %s", key, text,
                          known->str);
}

static gboolean read_rates(const TuneYamlNode *node, StyleCurve *curve, GError **error)
{
    const TuneYamlNode *rates = tune_yaml_get(node, "rates"), *cells = tune_yaml_get(node, "cells");

    if (curve->shape == STYLE_CURVE_WOBBLE)
        return rates != NULL && tune_yaml_kind(rates) == TUNE_YAML_SCALAR
                   ? read_numbers(rates, tune_yaml_text(rates), 12, STYLE_CURVE_RATES, curve->rates,
                                  &curve->n_rates, error)
                   : tune_yaml_fail(node, error, "a wobble needs rates, as in \"2 2 4 3\"");
    if (curve->shape != STYLE_CURVE_GATE)
        return TRUE;
    if (cells == NULL || tune_yaml_kind(cells) != TUNE_YAML_SCALAR)
        return tune_yaml_fail(node, error, "a gate needs cells, as in \"x.xx..x.\"");
    curve->rates_bars = 1;
    for (const char *c = tune_yaml_text(cells); *c != '\0'; c++) {
        curve->rates_bars += *c == '|';
        if (*c == '|' || *c == ' ')
            continue;
        if (*c != 'x' && *c != '.')
            return tune_yaml_fail(cells, error, "unknown cell '%c' (known: x .)", *c);
        if (curve->n_rates == STYLE_CURVE_RATES)
            return tune_yaml_fail(cells, error, "more than %d cells", STYLE_CURVE_RATES);
        curve->rates[curve->n_rates++] = *c == 'x';
    }
    return curve->n_rates >= curve->rates_bars ||
           tune_yaml_fail(cells, error, "cells are expected here");
}

static gboolean read_curve(const TuneYamlNode *node, StyleCurve *curve, GError **error)
{
    static const char *const keys[] = {"parts", "control", "shape", "sections", "energy", "from",
                                       "to",    "bars",    "rates", "cells",    NULL};
    static const Word controls[] = {{"level", 11},      {"modulation", 1}, {"brightness", 74},
                                    {"resonance", 71},  {"bend", STYLE_CONTROL_BEND}, {NULL, 0}};
    static const Word shapes[] = {
        {"line", STYLE_CURVE_LINE}, {"rise", STYLE_CURVE_RISE}, {"wave", STYLE_CURVE_WAVE},
        {"wobble", STYLE_CURVE_WOBBLE}, {"pump", STYLE_CURVE_PUMP}, {"gate", STYLE_CURVE_GATE},
        {"drift", STYLE_CURVE_DRIFT}, {NULL, 0}};
    guint8 shape = STYLE_CURVE_LINE;

    if (!tune_yaml_check_keys(node, keys, error) ||
        !tune_yaml_get_strings(node, "parts", &curve->parts, error) ||
        !read_word(node, "control", controls, &curve->control, error) ||
        !read_word(node, "shape", shapes, &shape, error))
        return FALSE;
    if (curve->parts == NULL || curve->parts[0] == NULL)
        return tune_yaml_fail(node, error, "parts: at least one is expected");
    curve->shape = (StyleCurveShape)shape;
    double low = curve->control == STYLE_CONTROL_BEND ? -2 : 0;
    double high = curve->control == STYLE_CONTROL_BEND ? 2 : 1;
    return read_section_mask(node, "sections", &curve->sections, error) &&
           tune_yaml_get_range(node, "energy", 0, 1, curve->energy, error) &&
           tune_yaml_get_double(node, "from", low, high, &curve->from, error) &&
           tune_yaml_get_double(node, "to", low, high, &curve->to, error) &&
           tune_yaml_get_double(node, "bars", 0.25, 64, &curve->bars, error) &&
           read_rates(node, curve, error);
}

/* ---- the blocks ---- */

static gboolean is_list(const TuneYamlNode *block, const char *key, GError **error)
{
    return tune_yaml_kind(block) == TUNE_YAML_LIST ||
           tune_yaml_fail(block, error, "%s: a list is expected", key);
}

static gboolean read_blocks(const TuneYamlNode *root, StyleAutomation *out, GError **error)
{
    const TuneYamlNode *block = tune_yaml_get(root, "builds");

    if (block != NULL && !is_list(block, "builds", error))
        return FALSE;
    for (guint i = 0; block != NULL && i < tune_yaml_size(block); i++) {
        StyleBuild *build = g_new0(StyleBuild, 1);
        build->weight = build->energy[1] = 1;
        build->groove = 0.75;
        build->rolls = g_array_new(FALSE, FALSE, sizeof(StyleRoll));
        g_ptr_array_add(out->builds, build);
        if (!read_build(tune_yaml_at(block, i), build, error))
            return FALSE;
    }
    block = tune_yaml_get(root, "gaps");
    if (block != NULL && !is_list(block, "gaps", error))
        return FALSE;
    for (guint i = 0; block != NULL && i < tune_yaml_size(block); i++) {
        StyleGap gap = {.beats = 1, .chance = 1};
        if (!read_gap(tune_yaml_at(block, i), &gap, error))
            return FALSE;
        g_array_append_val(out->gaps, gap);
    }
    block = tune_yaml_get(root, "curves");
    if (block != NULL && !is_list(block, "curves", error))
        return FALSE;
    for (guint i = 0; block != NULL && i < tune_yaml_size(block); i++) {
        StyleCurve *curve = g_new0(StyleCurve, 1);
        curve->control = 11;
        curve->energy[1] = curve->to = 1;
        curve->bars = 4;
        g_ptr_array_add(out->curves, curve);
        if (!read_curve(tune_yaml_at(block, i), curve, error))
            return FALSE;
    }
    return TRUE;
}

gboolean tune_style_automation_parse(const TuneYamlNode *root, StyleAutomation *out, GError **error)
{
    out->builds = g_ptr_array_new_with_free_func(build_free);
    out->gaps = g_array_new(FALSE, FALSE, sizeof(StyleGap));
    out->curves = g_ptr_array_new_with_free_func(curve_free);
    if (read_blocks(root, out, error))
        return TRUE;
    tune_style_automation_clear(out);
    return FALSE;
}

void tune_style_automation_clear(StyleAutomation *automation)
{
    g_clear_pointer(&automation->builds, g_ptr_array_unref);
    g_clear_pointer(&automation->gaps, g_array_unref);
    g_clear_pointer(&automation->curves, g_ptr_array_unref);
}
