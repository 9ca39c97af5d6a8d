/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
#include "brief/instrument.h"
#include "cli/cli.h"
#include "cli/exit.h"

static json_t *instrument_json(const TuneInstrument *instrument)
{
    json_t *words = json_array(), *roles = json_array();

    for (guint i = 0; instrument->words != NULL && instrument->words[i] != NULL; i++)
        json_array_append_new(words, json_string(instrument->words[i]));
    for (guint i = 0; i < TUNE_N_ROLES; i++)
        if ((instrument->roles & (1u << i)) != 0)
            json_array_append_new(roles, json_string(tune_role_name((TuneRole)i)));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:i, s:i, s:i}", "key", instrument->key,
                     "name", instrument->name, "family", instrument->family, "words", words,
                     "roles", roles, "drums", instrument->is_drums, "program",
                     (int)instrument->program, "low", (int)instrument->low, "high",
                     (int)instrument->high);
}

static gint print_list(TuneCli *cli, const TuneInstruments *instruments, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(json_t) list = json_array();

    for (guint i = 0; i < tune_instruments_count(instruments); i++) {
        const TuneInstrument *instrument = tune_instruments_at(instruments, i);
        json_array_append_new(list, instrument_json(instrument));
        g_string_append_printf(out, "%-20s %-12s %s\n", instrument->key, instrument->family,
                               instrument->name);
    }
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:O}", "instruments", list);
        tune_cli_print_json(json, error);
    } else {
        tune_cli_print(out->str, error);
    }
    return TUNE_EXIT_DONE;
}

gint tune_command_instruments(TuneCli *cli, GError **error)
{
    g_autofree char *path = tune_data_find("instruments.yaml", error);
    g_autoptr(TuneInstruments) instruments =
        path != NULL ? tune_instruments_load(path, error) : NULL;
    const char *word = tune_args_word(cli->args, 0);

    if (instruments == NULL)
        return TUNE_EXIT_FAULT;
    if (word == NULL)
        return print_list(cli, instruments, error);
    const TuneInstrument *instrument = tune_instruments_by_word(instruments, word);
    if (instrument == NULL)
        instrument = tune_instruments_find(instruments, word);
    if (instrument == NULL) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "instrument: there is no \"%s\"; tunesmith instruments lists them", word);
        return TUNE_EXIT_USAGE;
    }
    g_autoptr(json_t) json = instrument_json(instrument);
    if (cli->json) {
        tune_cli_print_json(json, error);
        return TUNE_EXIT_DONE;
    }
    g_autofree char *words = g_strjoinv(", ", instrument->words);
    g_autofree char *text = g_strdup_printf(
        "%s: %s\nfamily: %s\nrange: MIDI %d to %d\nprogram: %d%s\nwords: %s\n", instrument->key,
        instrument->name, instrument->family, instrument->low, instrument->high,
        instrument->program, instrument->is_drums ? " (drum kit)" : "", words);
    tune_cli_print(text, error);
    return TUNE_EXIT_DONE;
}
