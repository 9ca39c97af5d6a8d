/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/summary.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static double score_bpm(const TuneScore *score)
{
    return tune_metre_beat_bpm(g_array_index(score->metres, TuneMetreChange, 0).metre,
                               g_array_index(score->tempos, TuneTempo, 0).bpm);
}

static void put_music(GString *out, const TuneScore *score, const json_t *report)
{
    g_autofree char *key = tune_key_to_string(g_array_index(score->keys, TuneKeyChange, 0).key);
    g_autofree char *metre =
        tune_metre_to_string(g_array_index(score->metres, TuneMetreChange, 0).metre);
    const json_t *measured = json_object_get(report, "measured");
    double seconds = json_number_value(json_object_get(measured, "length_seconds"));

    g_string_append_printf(out, "\"%s\": ", text_of(report, "title"));
    if (score->style != NULL && *score->style != '\0')
        g_string_append_printf(out, "%s, ", score->style);
    g_string_append_printf(out, "%s, %s, %.4g bpm, %d:%06.3f", key, metre, score_bpm(score),
                           (gint)(seconds / 60), seconds - 60 * (gint)(seconds / 60));
    const json_t *loudness = json_object_get(measured, "loudness_lufs");
    if (json_is_number(loudness))
        g_string_append_printf(out, ", %.1f LUFS, peak %.1f dBTP", json_number_value(loudness),
                               json_number_value(json_object_get(measured, "true_peak_dbtp")));
    const json_t *seed = json_object_get(report, "seed");
    if (json_is_integer(seed))
        g_string_append_printf(out, ", seed %lld", json_integer_value(seed));
    g_string_append(out, ".\n");
}

static void put_form(GString *out, const TuneScore *score)
{
    for (guint i = 0; i < score->sections->len; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "Form: " : ", ",
                               g_array_index(score->sections, TuneSection, i).name);
    if (score->sections->len > 0)
        g_string_append(out, ".\n");
    for (guint i = 0; i < score->tracks->len; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "Playing: " : ", ",
                               ((const TuneTrack *)score->tracks->pdata[i])->name);
    if (score->tracks->len > 0)
        g_string_append(out, ".\n");
}

static void put_list(GString *out, const char *head, const json_t *list)
{
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
        g_string_append_printf(out, "%s%s", i == 0 ? head : ", ", json_string_value(item));
    if (json_array_size(list) > 0)
        g_string_append(out, ".\n");
}

static void put_missed(GString *out, const json_t *report)
{
    size_t i;
    json_t *field;

    json_array_foreach(json_object_get(report, "fields"), i, field)
        if (strcmp(text_of(field, "status"), "missed") == 0)
            g_string_append_printf(out, "Missed: %s asked %s, got %s.\n", text_of(field, "field"),
                                   text_of(field, "asked"), text_of(field, "got"));
    json_array_foreach(json_object_get(report, "notes"), i, field)
        g_string_append_printf(out, "Note: %s.\n", json_string_value(field));
    put_list(out, "Not understood: ", json_object_get(report, "not_understood"));
}

char *tune_summary_text(const TuneScore *score, const json_t *report, const json_t *files)
{
    GString *out = g_string_new(NULL);
    const char *key;
    json_t *path;

    json_object_foreach((json_t *)files, key, path)
    {
        if (json_is_string(path) && strcmp(json_string_value(path), "-") != 0)
            g_string_append_printf(out, "%s\n", json_string_value(path));
        else if (json_is_array(path))
            g_string_append_printf(out, "%zu stems\n", json_array_size(path));
    }
    put_music(out, score, report);
    put_form(out, score);
    put_missed(out, report);
    return g_string_free(out, FALSE);
}

json_t *tune_summary_json(const TuneScore *score, const json_t *report, const json_t *files,
                          const char *format)
{
    g_autofree char *key = tune_key_to_string(g_array_index(score->keys, TuneKeyChange, 0).key);
    g_autofree char *metre =
        tune_metre_to_string(g_array_index(score->metres, TuneMetreChange, 0).metre);
    const json_t *measured = json_object_get(report, "measured");
    json_t *sections = json_array(), *result = json_object();

    for (guint i = 0; i < score->sections->len; i++)
        json_array_append_new(sections,
                              json_string(g_array_index(score->sections, TuneSection, i).name));
    json_object_set_new(result, "status", json_string("completed"));
    json_object_set(result, "files", (json_t *)files);
    json_object_set_new(result, "format", json_string(format));
    json_object_set(result, "title", json_object_get(report, "title"));
    json_object_set_new(result, "style", json_string(score->style != NULL ? score->style : ""));
    json_object_set_new(result, "key", json_string(key));
    json_object_set_new(result, "bpm", tune_json_real(score_bpm(score), 4));
    json_object_set_new(result, "metre", json_string(metre));
    json_object_set(result, "duration_seconds", json_object_get(measured, "length_seconds"));
    json_object_set_new(result, "sections", sections);
    if (json_object_get(report, "seed") != NULL)
        json_object_set(result, "seed", json_object_get(report, "seed"));
    json_object_set(result, "recipe_sha256", json_object_get(report, "recipe_sha256"));
    json_object_set(result, "report", (json_t *)report);
    return result;
}
