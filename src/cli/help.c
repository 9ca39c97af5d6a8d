/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"
#include "api/settings.h"
#include "tune-config.h"

#include <string.h>

#define COLUMN 30

static void put_option(GString *out, const TuneOption *option)
{
    g_autoptr(GString) left = g_string_new("  ");

    if (option->letter != 0)
        g_string_append_printf(left, "-%c, ", option->letter);
    else
        g_string_append(left, "    ");
    if (option->kind == ARGUMENT_SWITCH)
        g_string_append_printf(left, "--[no-]%s", option->name);
    else
        g_string_append_printf(left, "--%s", option->name);
    if (option->argument != NULL)
        g_string_append_printf(left, " %s", option->argument);
    if (left->len + 2 > COLUMN)
        g_string_append_printf(out, "%s\n%*s%s", left->str, COLUMN, "", option->help);
    else
        g_string_append_printf(out, "%-*s%s", COLUMN, left->str, option->help);
    if (option->kind == ARGUMENT_CHOICE)
        g_string_append_printf(out, "\n%*s(%s)", COLUMN, "", option->choices);
    g_string_append_c(out, '\n');
}

/* A setting of the service as an option. */
static void put_setting(GString *out, const TuneSetting *setting)
{
    gboolean flag = setting->kind == TUNE_SETTING_SWITCH;
    g_autofree char *left = g_strdup_printf("      --%s%s%s%s", flag ? "[no-]" : "", setting->name,
                                            flag ? "" : " ", flag ? "" : setting->argument);

    if (strlen(left) + 2 > COLUMN)
        g_string_append_printf(out, "%s\n%*s%s", left, COLUMN, "", setting->help);
    else
        g_string_append_printf(out, "%-*s%s", COLUMN, left, setting->help);
    if (setting->choices != NULL)
        g_string_append_printf(out, "\n%*s(%s)", COLUMN, "", setting->choices);
    if (setting->otherwise != NULL && !flag)
        g_string_append_printf(out, "\n%*sotherwise %s", COLUMN, "", setting->otherwise);
    if (setting->variables != NULL)
        g_string_append_printf(out, "\n%*s$%s", COLUMN, "", setting->variables);
    g_string_append_c(out, '\n');
}

static void put_settings(GString *out)
{
    for (guint i = 0; i < tune_setting_count; i++)
        if (tune_option_of_setting(tune_setting_table[i].name) == NULL)
            put_setting(out, &tune_setting_table[i]);
}

static void put_examples(GString *out, const TuneCommandInfo *command)
{
    for (guint i = 0; i < G_N_ELEMENTS(command->examples); i++) {
        const TuneExample *example = &command->examples[i];
        if (example->command != NULL)
            g_string_append_printf(out, "  %s\n      %s\n", example->command, example->what);
    }
}

static char *command_text(const TuneCommandInfo *command)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "usage: tunesmith %s %s [options]\n\n%s.\n", command->name,
                           command->arguments, command->summary);
    if (command->details != NULL)
        g_string_append_printf(out, "\n%s\n", command->details);
    g_string_append(out, "\nexamples:\n");
    put_examples(out, command);
    g_string_append(out, "\noptions:\n");
    for (guint i = 0; i < N_OPTIONS; i++) {
        const TuneOption *option = &tune_options[i];
        if ((option->commands & (1u << command->id)) != 0 && !option->hidden)
            put_option(out, option);
    }
    if (tune_command_takes_settings(command->id))
        put_settings(out);
    return g_string_free(out, FALSE);
}

static const char exit_codes[] =
    "exit codes: 0 done, 1 our fault, 2 usage or a request that cannot be met, 3 a broken input file,\n"
    "            4 a missing resource (package, memory, disk, path), 5 remote, 130 cancelled\n";

static char *overview(gboolean old_surface)
{
    GString *out = g_string_new("tunesmith turns a sentence into finished music.\n\nusage: tunesmith "
                                "COMMAND [arguments] [options]\n\ncommands:\n");

    for (guint i = 0; i < N_COMMANDS; i++)
        if (!old_surface || tune_commands[i].old_surface)
            g_string_append_printf(out, "  %-15s %s\n", tune_commands[i].name,
                                   tune_commands[i].summary);
    g_string_append(out, "\nexamples:\n");
    put_examples(out, &tune_commands[COMMAND_GENERATE]);
    g_string_append_printf(out, "\ntunesmith help COMMAND shows the options of a command.\n%s",
                           exit_codes);
    return g_string_free(out, FALSE);
}

char *tune_help_text(const TuneCommandInfo *command, gboolean old_surface)
{
    return command != NULL ? command_text(command) : overview(old_surface);
}

/* Text for troff: backslashes and hyphens escaped, no line begins with a dot or quote. */
static void put_troff(GString *out, const char *text)
{
    gboolean line_start = TRUE;

    for (const char *p = text; *p != '\0'; p++) {
        if (line_start && (*p == '.' || *p == '\''))
            g_string_append(out, "\\&");
        if (*p == '\\')
            g_string_append(out, "\\e");
        else if (*p == '-')
            g_string_append(out, "\\-");
        else
            g_string_append_c(out, *p);
        line_start = *p == '\n';
    }
}

static void put_troff_option(GString *out, const TuneOption *option)
{
    g_autofree char *shown =
        g_strdup_printf("%s%c%s--%s%s", option->letter != 0 ? "-" : "",
                        option->letter != 0 ? option->letter : ' ',
                        option->letter != 0 ? ", " : "",
                        option->kind == ARGUMENT_SWITCH ? "[no-]" : "", option->name);

    g_string_append(out, ".TP\n.B ");
    put_troff(out, g_strstrip(shown));
    if (option->argument != NULL)
        g_string_append_printf(out, " \\fI%s\\fR", option->argument);
    g_string_append_c(out, '\n');
    put_troff(out, option->help);
    if (option->kind == ARGUMENT_CHOICE) {
        g_string_append(out, " (");
        put_troff(out, option->choices);
        g_string_append_c(out, ')');
    }
    g_string_append(out, ".\nFor:");
    if ((option->commands & ((1u << N_COMMANDS) - 1)) == (1u << N_COMMANDS) - 1) {
        g_string_append(out, " every command.\n");
        return;
    }
    for (guint i = 0; i < N_COMMANDS; i++)
        if ((option->commands & (1u << i)) != 0) {
            g_string_append_c(out, ' ');
            put_troff(out, tune_commands[i].name);
        }
    g_string_append(out, ".\n");
}

static void put_troff_command(GString *out, const TuneCommandInfo *command)
{
    g_string_append(out, ".TP\n.B ");
    put_troff(out, command->name);
    g_string_append_c(out, ' ');
    put_troff(out, command->arguments);
    g_string_append_c(out, '\n');
    put_troff(out, command->summary);
    g_string_append(out, ".\n");
    if (command->details != NULL) {
        put_troff(out, command->details);
        g_string_append_c(out, '\n');
    }
}

static void put_troff_setting(GString *out, const TuneSetting *setting)
{
    gboolean flag = setting->kind == TUNE_SETTING_SWITCH;
    g_autofree char *key = g_strdelimit(g_strdup(setting->name), "-", '_');
    g_autofree char *variable = g_ascii_strup(key, -1);

    g_string_append(out, ".TP\n.B ");
    put_troff(out, flag ? "--[no-]" : "--");
    put_troff(out, setting->name);
    if (!flag)
        g_string_append_printf(out, " \\fI%s\\fR", setting->argument);
    g_string_append_c(out, '\n');
    put_troff(out, setting->help);
    if (setting->otherwise != NULL) {
        g_string_append(out, "; otherwise ");
        put_troff(out, setting->otherwise);
    }
    g_string_append_printf(out, ".\nIn the environment TUNESMITH_%s%s%s, in the file %s.\n", variable,
                           setting->variables != NULL ? " or " : "",
                           setting->variables != NULL ? setting->variables : "", key);
}

static void put_troff_settings(GString *out)
{
    g_string_append(out, ".SH SETTINGS OF THE SERVICE\nOptions of ");
    for (guint i = 0, n = 0; i < N_COMMANDS; i++)
        if (tune_command_takes_settings(tune_commands[i].id))
            g_string_append_printf(out, "%s%s", n++ > 0 ? ", " : "", tune_commands[i].name);
    g_string_append(out, "; variables of the environment; keys of a YAML file.\n");
    for (guint i = 0; i < tune_setting_count; i++)
        put_troff_setting(out, &tune_setting_table[i]);
}

static const char man_tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n0\ndone\n.TP\n1\nour own fault; replay: the score differs\n"
    ".TP\n2\nusage, or a request that cannot be met\n"
    ".TP\n3\nan input file that is broken\n"
    ".TP\n4\nsomething is missing: a package, memory, disk space, a path\n"
    ".TP\n5\na remote engine failed\n.TP\n130\ncancelled\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B MUSIC_GEN_MODE\nthe engine when \\-\\-engine is not given: compose, musicgen or simulate.\n"
    ".TP\n.B TUNESMITH_MODEL\nthe model of the engine musicgen when \\-\\-model is not given.\n"
    ".TP\n.B TUNESMITH_MODELS\nthe folder of models.\n"
    ".TP\n.B TUNESMITH_KERNELS\nkernels of the neural engine: scalar, avx2, avx512, avx512-vnni, neon; otherwise the best.\n"
    ".TP\n.B TUNESMITH_SOUNDFONT\nthe SoundFont to play with.\n"
    ".TP\n.B TUNESMITH_AUDIO_DRIVER\nthe audio driver of play.\n"
    ".TP\n.B TUNESMITH_DATA\na folder looked in first for styles, presets and lexicon.\n"
    ".TP\n.B XDG_DATA_HOME\nyour own presets and styles are in its folder tunesmith.\n"
    ".TP\n.B XDG_CACHE_HOME\nremembered facts about sounds are in its folder tunesmith.\n"
    ".TP\n.B NO_COLOR\nwhen set, nothing is coloured.\n"
    ".SH SEE ALSO\n.BR fluidsynth (1),\n.BR music\\-gen (1)\n";

char *tune_help_man(void)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, ".TH TUNESMITH 1 \"\" \"tunesmith %s\" \"User Commands\"\n",
                           TUNE_VERSION);
    g_string_append(out, ".SH NAME\ntunesmith, music\\-gen \\- turn a sentence into finished music\n"
                         ".SH SYNOPSIS\n.B tunesmith\n.I command\n[arguments] [options]\n"
                         ".SH DESCRIPTION\nComposes a score from a sentence, renders it with a "
                         "SoundFont, mixes and masters it, and writes a sound file with its recipe "
                         "inside.\nUnder the name\n.B music\\-gen\nit takes the older command line: "
                         "the request in options, three minutes by default.\n.SH COMMANDS\n");
    for (guint i = 0; i < N_COMMANDS; i++)
        put_troff_command(out, &tune_commands[i]);
    g_string_append(out, ".SH OPTIONS\n");
    for (guint i = 0; i < N_OPTIONS; i++)
        if (!tune_options[i].hidden)
            put_troff_option(out, &tune_options[i]);
    put_troff_settings(out);
    g_string_append(out, ".SH EXAMPLES\n");
    for (guint i = 0; i < N_COMMANDS; i++)
        for (guint j = 0; j < G_N_ELEMENTS(tune_commands[i].examples); j++) {
            const TuneExample *example = &tune_commands[i].examples[j];
            if (example->command == NULL)
                continue;
            g_string_append(out, ".TP\n.B ");
            put_troff(out, example->command);
            g_string_append_c(out, '\n');
            put_troff(out, example->what);
            g_string_append(out, ".\n");
        }
    g_string_append(out, man_tail);
    return g_string_free(out, FALSE);
}
