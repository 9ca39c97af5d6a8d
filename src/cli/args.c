/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/settings.h"
#include "cli/distance.h"
#include "cli/option.h"

#include <errno.h>
#include <math.h>
#include <string.h>

G_DEFINE_QUARK(tune-cli-error-quark, tune_cli_error)

struct TuneArgs {
    const TuneCommandInfo *command; /* (nullable) */
    gboolean old_surface;
    GPtrArray *values[N_OPTIONS]; /* char*, created on first use */
    GPtrArray *words;
    GHashTable *settings; /* name -> value, of the service */
};

void tune_args_free(TuneArgs *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < N_OPTIONS; i++)
        g_clear_pointer(&self->values[i], g_ptr_array_unref);
    g_clear_pointer(&self->words, g_ptr_array_unref);
    g_clear_pointer(&self->settings, g_hash_table_unref);
    g_free(self);
}

static void add_value(TuneArgs *self, TuneOptionId id, const char *value)
{
    if (self->values[id] == NULL)
        self->values[id] = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(self->values[id], g_strdup(value));
}

static gboolean usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean usage(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE, message);
    return FALSE;
}

static gboolean name_matches(const TuneOption *option, const char *name, gsize length)
{
    return (strlen(option->name) == length && strncmp(option->name, name, length) == 0) ||
           (option->alias != NULL && strlen(option->alias) == length &&
            strncmp(option->alias, name, length) == 0);
}

static const TuneOption *find_option(const char *name, gsize length)
{
    for (guint i = 0; i < N_OPTIONS; i++)
        if (name_matches(&tune_options[i], name, length))
            return &tune_options[i];
    return NULL;
}

const TuneOption *tune_option_of_setting(const char *name)
{
    return find_option(name, strlen(name));
}

static const TuneOption *find_letter(char letter)
{
    for (guint i = 0; i < N_OPTIONS; i++)
        if (tune_options[i].letter == letter)
            return &tune_options[i];
    return NULL;
}

static gboolean unknown_option(const char *shown, const char *name, GError **error)
{
    const char *best = NULL;
    guint best_distance = 3;

    for (guint i = 0; i < N_OPTIONS; i++) {
        guint distance = tune_cli_distance(tune_options[i].name, name);
        if (!tune_options[i].hidden && distance < best_distance) {
            best = tune_options[i].name;
            best_distance = distance;
        }
    }
    for (guint i = 0; i < tune_setting_count; i++) {
        guint distance = tune_cli_distance(tune_setting_table[i].name, name);
        if (distance < best_distance) {
            best = tune_setting_table[i].name;
            best_distance = distance;
        }
    }
    if (best != NULL)
        return usage(error, "unknown option %s; did you mean --%s?", shown, best);
    return usage(error, "unknown option %s; see tunesmith --help", shown);
}

static gboolean choice_allowed(const TuneOption *option, const char *value)
{
    g_auto(GStrv) choices = g_strsplit(option->choices, " ", -1);

    return g_strv_contains((const char *const *)choices, value);
}

static gboolean take_value(TuneArgs *self, const TuneOption *option, const char *value,
                           GError **error)
{
    if (!g_utf8_validate(value, -1, NULL) && option->kind != ARGUMENT_FILE &&
        option->kind != ARGUMENT_FOLDER)
        return usage(error, "--%s: the text is not UTF-8", option->name);
    if (option->kind == ARGUMENT_CHOICE && !choice_allowed(option, value)) {
        g_auto(GStrv) choices = g_strsplit(option->choices, " ", -1);
        g_autofree char *all = g_strjoinv(", ", choices);
        return usage(error, "--%s: \"%s\" is none of %s", option->name, value, all);
    }
    add_value(self, option->id, value);
    return TRUE;
}

/* A setting of the service as an option.  *taken FALSE: there is none of that name. */
static gboolean take_setting(TuneArgs *self, int argc, char **argv, int *index, gboolean *taken,
                             GError **error)
{
    const char *name = argv[*index] + 2;
    const char *equals = strchr(name, '=');
    gsize length = equals != NULL ? (gsize)(equals - name) : strlen(name);
    const TuneSetting *setting = tune_setting_find(name, length);
    gboolean no = FALSE;

    if (setting == NULL && g_str_has_prefix(name, "no-")) {
        setting = tune_setting_find(name + 3, length - 3);
        no = TRUE;
        if (setting != NULL && setting->kind != TUNE_SETTING_SWITCH)
            setting = NULL;
    }
    *taken = setting != NULL;
    if (setting == NULL)
        return TRUE;
    const char *value = equals != NULL ? equals + 1 : no ? "no" : "yes";
    if (setting->kind == TUNE_SETTING_SWITCH && equals != NULL)
        return usage(error, "--%s takes no value", setting->name);
    if (setting->kind != TUNE_SETTING_SWITCH && equals == NULL) {
        if (*index + 1 >= argc)
            return usage(error, "--%s needs a value (%s)", setting->name, setting->argument);
        value = argv[++*index];
    }
    g_hash_table_replace(self->settings, g_strdup(setting->name), g_strdup(value));
    return TRUE;
}

/* --name, --name=value, --no-name.  Moves *index over a value in the next word. */
static gboolean long_option(TuneArgs *self, int argc, char **argv, int *index, GError **error)
{
    const char *name = argv[*index] + 2;
    const char *equals = strchr(name, '=');
    gsize length = equals != NULL ? (gsize)(equals - name) : strlen(name);
    const TuneOption *option = find_option(name, length);
    gboolean no = FALSE;

    if (option == NULL && g_str_has_prefix(name, "no-")) {
        option = find_option(name + 3, length - 3);
        no = TRUE;
        if (option != NULL && option->kind != ARGUMENT_SWITCH)
            option = NULL;
    }
    if (option == NULL) {
        gboolean taken;
        gboolean good = take_setting(self, argc, argv, index, &taken, error);
        if (taken)
            return good;
        g_autofree char *bare = g_strndup(name, length);
        g_autofree char *shown = g_strconcat("--", bare, NULL);
        return unknown_option(shown, bare, error);
    }
    if (option->kind == ARGUMENT_NONE || option->kind == ARGUMENT_SWITCH) {
        if (equals != NULL)
            return usage(error, "--%s takes no value", option->name);
        add_value(self, option->id, no ? "no" : "yes");
        return TRUE;
    }
    if (equals != NULL)
        return take_value(self, option, equals + 1, error);
    if (*index + 1 >= argc)
        return usage(error, "--%s needs a value (%s)", option->name, option->argument);
    return take_value(self, option, argv[++*index], error);
}

/* -q, -oFILE, -o FILE; switches may be joined: -qy. */
static gboolean short_options(TuneArgs *self, int argc, char **argv, int *index, GError **error)
{
    for (const char *p = argv[*index] + 1; *p != '\0'; p++) {
        const TuneOption *option = find_letter(*p);
        if (option == NULL) {
            char shown[3] = {'-', *p, '\0'};
            return usage(error, "unknown option %s; see tunesmith --help", shown);
        }
        if (option->kind == ARGUMENT_NONE || option->kind == ARGUMENT_SWITCH) {
            add_value(self, option->id, "yes");
            continue;
        }
        if (p[1] != '\0')
            return take_value(self, option, p + 1, error);
        if (*index + 1 >= argc)
            return usage(error, "-%c needs a value (%s)", *p, option->argument);
        return take_value(self, option, argv[++*index], error);
    }
    return TRUE;
}

static gboolean take_command(TuneArgs *self, const char *word, GError **error)
{
    const char *best = NULL;
    guint best_distance = 4;

    for (guint i = 0; i < N_COMMANDS; i++) {
        const TuneCommandInfo *command = &tune_commands[i];
        if (self->old_surface && !command->old_surface)
            continue;
        if (strcmp(command->name, word) == 0) {
            self->command = command;
            return TRUE;
        }
        guint distance = tune_cli_distance(command->name, word);
        if (distance < best_distance) {
            best = command->name;
            best_distance = distance;
        }
    }
    if (best != NULL)
        return usage(error, "unknown command \"%s\"; did you mean %s?", word, best);
    if (strpbrk(word, " \n") != NULL)
        return usage(error, "a command comes first: tunesmith generate \"SENTENCE\" -o FILE");
    return usage(error, "unknown command \"%s\"; see tunesmith --help", word);
}

/* Options that the command does not know, too few or too many words. */
static gboolean check(const TuneArgs *self, GError **error)
{
    const TuneCommandInfo *command = self->command;

    if (command == NULL || tune_args_has(self, OPTION_HELP) || tune_args_has(self, OPTION_VERSION))
        return TRUE;
    for (guint i = 0; i < N_OPTIONS; i++) {
        if (self->values[i] == NULL || (tune_options[i].commands & (1u << command->id)) != 0)
            continue;
        return usage(error, "--%s does not belong to %s; see tunesmith help %s",
                     tune_options[i].name, command->name, command->name);
    }
    if (!tune_command_takes_settings(command->id) && g_hash_table_size(self->settings) > 0) {
        GHashTableIter iter;
        gpointer name;
        g_hash_table_iter_init(&iter, self->settings);
        g_hash_table_iter_next(&iter, &name, NULL);
        return usage(error, "--%s does not belong to %s; see tunesmith help %s", (const char *)name,
                     command->name, command->name);
    }
    if (self->words->len < command->min_arguments)
        return usage(error, "%s needs: tunesmith %s %s", command->name, command->name,
                     command->arguments);
    if (self->words->len > command->max_arguments) {
        if (command->id == COMMAND_GENERATE || command->id == COMMAND_EXPLAIN ||
            command->id == COMMAND_PLAY)
            return usage(error, "%s takes one sentence; put it between quotation marks",
                         command->name);
        return usage(error, "%s takes no \"%s\"", command->name,
                     (const char *)self->words->pdata[command->max_arguments]);
    }
    return TRUE;
}

static gboolean parse_all(TuneArgs *self, int argc, char **argv, GError **error)
{
    gboolean only_words = FALSE;

    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        gboolean good = TRUE;

        if (!only_words && strcmp(word, "--") == 0)
            only_words = TRUE;
        else if (!only_words && g_str_has_prefix(word, "--"))
            good = long_option(self, argc, argv, &i, error);
        else if (!only_words && word[0] == '-' && word[1] != '\0')
            good = short_options(self, argc, argv, &i, error);
        else if (self->command == NULL)
            good = take_command(self, word, error);
        else
            g_ptr_array_add(self->words, g_strdup(word));
        if (!good)
            return FALSE;
    }
    return check(self, error);
}

TuneArgs *tune_args_parse(int argc, char **argv, gboolean old_surface, GError **error)
{
    g_autoptr(TuneArgs) self = g_new0(TuneArgs, 1);

    self->old_surface = old_surface;
    self->words = g_ptr_array_new_with_free_func(g_free);
    self->settings = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    if (!parse_all(self, argc, argv, error))
        return NULL;
    return g_steal_pointer(&self);
}

const TuneCommandInfo *tune_args_command(const TuneArgs *self)
{
    return self->command;
}

gboolean tune_args_old_surface(const TuneArgs *self)
{
    return self->old_surface;
}

gboolean tune_args_has(const TuneArgs *self, TuneOptionId option)
{
    return self->values[option] != NULL;
}

const char *tune_args_get(const TuneArgs *self, TuneOptionId option)
{
    const GPtrArray *values = self->values[option];

    return values != NULL ? values->pdata[values->len - 1] : NULL;
}

gboolean tune_args_switch(const TuneArgs *self, TuneOptionId option, gboolean otherwise)
{
    const char *value = tune_args_get(self, option);

    return value != NULL ? strcmp(value, "yes") == 0 : otherwise;
}

const GPtrArray *tune_args_list(const TuneArgs *self, TuneOptionId option)
{
    if (self->values[option] == NULL)
        ((TuneArgs *)self)->values[option] = g_ptr_array_new_with_free_func(g_free);
    return self->values[option];
}

const char *tune_args_setting(const TuneArgs *self, const char *name)
{
    const TuneOption *option = find_option(name, strlen(name));
    const char *value = g_hash_table_lookup(self->settings, name);

    return value == NULL && option != NULL ? tune_args_get(self, option->id) : value;
}

guint tune_args_n_words(const TuneArgs *self)
{
    return self->words->len;
}

const char *tune_args_word(const TuneArgs *self, guint index)
{
    return index < self->words->len ? self->words->pdata[index] : NULL;
}

gboolean tune_args_int(const TuneArgs *self, TuneOptionId option, gint64 low, gint64 high,
                       gint64 *out, GError **error)
{
    const char *value = tune_args_get(self, option);
    char *end = NULL;

    if (value == NULL)
        return TRUE;
    errno = 0;
    gint64 number = g_ascii_strtoll(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || number < low || number > high)
        return usage(error, "--%s: \"%s\" is no whole number from %" G_GINT64_FORMAT " to %"
                     G_GINT64_FORMAT, tune_options[option].name, value, low, high);
    *out = number;
    return TRUE;
}

gboolean tune_args_real(const TuneArgs *self, TuneOptionId option, double low, double high,
                        double *out, GError **error)
{
    const char *value = tune_args_get(self, option);
    char *end = NULL;

    if (value == NULL)
        return TRUE;
    double number = g_ascii_strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(number) || number < low || number > high)
        return usage(error, "--%s: \"%s\" is no number from %g to %g", tune_options[option].name,
                     value, low, high);
    *out = number;
    return TRUE;
}
