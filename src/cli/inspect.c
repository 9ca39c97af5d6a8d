/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/encode.h"
#include "base/hash.h"
#include "cli/cli.h"
#include "cli/exit.h"
#include "engine/meter.h"

#include <math.h>
#include <string.h>

#define BLOCK 4096

/* All frames through the meter, mono doubled; the number of frames, or -1. */
static gint64 measure(TuneCli *cli, TuneSource *source, TuneMeter *meter, GError **error)
{
    float block[2 * BLOCK];
    gint64 frames = 0;
    gsize got;

    do {
        if (g_cancellable_set_error_if_cancelled(cli->cancellable, error) ||
            !tune_source_read(source, block, BLOCK, &got, error))
            return -1;
        for (gsize i = got; source->n_channels == 1 && i-- > 0;)
            block[2 * i] = block[2 * i + 1] = block[i];
        tune_meter_add(meter, block, got);
        frames += (gint64)got;
    } while (got > 0);
    return frames;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && *text != '\0')
        json_object_set_new(object, key, json_string(text));
}

static json_t *tags_json(const TuneTags *tags)
{
    json_t *json = json_object();

    set_text(json, "title", tags->title);
    set_text(json, "artist", tags->artist);
    set_text(json, "genre", tags->genre);
    set_text(json, "comment", tags->comment);
    set_text(json, "date", tags->date);
    set_text(json, "copyright", tags->copyright);
    set_text(json, "software", tags->software);
    set_text(json, "key", tags->key);
    set_text(json, "lyrics", tags->lyrics);
    if (tags->bpm > 0)
        json_object_set_new(json, "bpm", tune_json_real(tags->bpm, 3));
    if (tags->loop_end > 0)
        json_object_set_new(json, "loop", json_pack("[I, I]", (json_int_t)tags->loop_start,
                                                    (json_int_t)tags->loop_end));
    return json;
}

/* A JSON text in a tag; broken ones count as absent, because anyone may have written them. */
static void set_parsed(json_t *object, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        return;
    json_t *parsed = tune_json_parse(key, text, strlen(text), NULL);
    json_object_set_new(object, key, parsed != NULL ? parsed : json_string(text));
}

static json_t *real_or_null(double value, gint decimals)
{
    return isfinite(value) ? tune_json_real(value, decimals) : json_null();
}

static json_t *measured_json(const TuneMeterResult *measured, gint64 frames, guint rate)
{
    json_t *json = json_pack("{s:o, s:I, s:o, s:o}", "length_seconds",
                             tune_json_real((double)frames / rate, 6), "frames",
                             (json_int_t)frames, "loudness_lufs",
                             real_or_null(measured->loudness_lufs, 2), "true_peak_dbtp",
                             real_or_null(measured->peak_dbtp, 2));

    tune_meter_result_json(measured, json);
    return json;
}

static void put_object(GString *out, const json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_string(value))
            g_string_append_printf(out, "  %-15s %s\n", key, json_string_value(value));
        else if (json_is_number(value))
            g_string_append_printf(out, "  %-15s %.10g\n", key, json_number_value(value));
        else {
            g_autofree char *text = tune_json_canonical(value);
            g_string_append_printf(out, "  %-15s %s\n", key, text);
        }
    }
}

static char *inspect_text(const json_t *result, const TuneTags *tags)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s: %lld Hz, %lld channels\nmeasured:\n",
                           json_string_value(json_object_get(result, "file")),
                           json_integer_value(json_object_get(result, "rate")),
                           json_integer_value(json_object_get(result, "channels")));
    put_object(out, json_object_get(result, "measured"));
    g_string_append(out, "tags:\n");
    put_object(out, json_object_get(result, "tags"));
    if (json_object_get(result, "rights") != NULL) {
        g_string_append(out, "rights:\n");
        put_object(out, json_object_get(result, "rights"));
    }
    if (tags->recipe == NULL) {
        g_string_append(out, "recipe: none\n");
        return g_string_free(out, FALSE);
    }
    g_autofree char *hash = tune_hash_bytes(tags->recipe, strlen(tags->recipe));
    g_string_append_printf(out, "recipe %s:\n", hash);
    json_t *recipe = json_object_get(result, "recipe");
    if (json_is_object(recipe))
        put_object(out, recipe);
    return g_string_free(out, FALSE);
}

gint tune_command_inspect(TuneCli *cli, GError **error)
{
    const char *path = tune_args_word(cli->args, 0);
    TuneTags *read_tags = NULL;

    tune_cli_catch_signals(cli);
    g_autoptr(TuneSource) source = tune_decoder_new(path, &read_tags, error);
    g_autoptr(TuneTags) tags = read_tags != NULL ? read_tags : tune_tags_new();
    if (source == NULL)
        return TUNE_EXIT_BROKEN;
    g_autoptr(TuneMeter) meter = tune_meter_new(source->rate, error);
    gint64 frames = meter != NULL ? measure(cli, source, meter, error) : -1;
    if (frames < 0)
        return TUNE_EXIT_BROKEN;
    TuneMeterResult measured;
    tune_meter_result(meter, &measured);
    g_autoptr(json_t) result =
        json_pack("{s:s, s:i, s:i, s:o, s:o}", "file", path, "rate", (int)source->rate, "channels",
                  (int)source->n_channels, "measured",
                  measured_json(&measured, frames, source->rate), "tags", tags_json(tags));
    set_parsed(result, "rights", tags->rights);
    set_parsed(result, "recipe", tags->recipe);
    if (cli->json) {
        tune_cli_print_json(result, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *text = inspect_text(result, tags);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}
