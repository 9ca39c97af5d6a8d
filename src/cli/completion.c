/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/help.h"
#include "api/settings.h"

#include <string.h>

/* The words of a command's options, separated by spaces. */
static char *option_words(TuneCommandId command)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < N_OPTIONS; i++) {
        const TuneOption *option = &tune_options[i];
        if (option->hidden || (option->commands & (1u << command)) == 0)
            continue;
        g_string_append_printf(out, "%s--%s", out->len > 0 ? " " : "", option->name);
        if (option->kind == ARGUMENT_SWITCH)
            g_string_append_printf(out, " --no-%s", option->name);
    }
    for (guint i = 0; tune_command_takes_settings(command) && i < tune_setting_count; i++) {
        const TuneSetting *setting = &tune_setting_table[i];
        if (tune_option_of_setting(setting->name) != NULL)
            continue;
        g_string_append_printf(out, " --%s", setting->name);
        if (setting->kind == TUNE_SETTING_SWITCH)
            g_string_append_printf(out, " --no-%s", setting->name);
    }
    return g_string_free(out, FALSE);
}

static char *command_words(void)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < N_COMMANDS; i++)
        g_string_append_printf(out, "%s%s", i > 0 ? " " : "", tune_commands[i].name);
    return g_string_free(out, FALSE);
}

static void bash_value(GString *out, const TuneOption *option)
{
    if (option->argument == NULL)
        return;
    g_string_append_printf(out, "    --%s", option->name);
    if (option->letter != 0)
        g_string_append_printf(out, "|-%c", option->letter);
    if (option->kind == ARGUMENT_FILE)
        g_string_append(out, ") COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n");
    else if (option->kind == ARGUMENT_FOLDER)
        g_string_append(out, ") COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n");
    else
        g_string_append_printf(out, ") COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return ;;\n",
                               option->choices != NULL ? option->choices : "");
}

static void bash_setting(GString *out, const TuneSetting *setting)
{
    if (setting->kind == TUNE_SETTING_SWITCH || tune_option_of_setting(setting->name) != NULL)
        return;
    const char *how = setting->kind == TUNE_SETTING_FILE     ? "-f"
                      : setting->kind == TUNE_SETTING_FOLDER ? "-d"
                                                             : NULL;
    g_string_append_printf(out, "    --%s) COMPREPLY=($(compgen ", setting->name);
    if (how != NULL)
        g_string_append(out, how);
    else
        g_string_append_printf(out, "-W \"%s\"", setting->choices != NULL ? setting->choices : "");
    g_string_append(out, " -- \"$word\")); return ;;\n");
}

static char *bash_text(void)
{
    GString *out = g_string_new("# bash completion of tunesmith; made from its table of options\n"
                                "_tunesmith()\n{\n"
                                "  local word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
                                "  local before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                                "  COMPREPLY=()\n  case \"$before\" in\n");
    g_autofree char *commands = command_words();

    for (guint i = 0; i < N_OPTIONS; i++)
        if (!tune_options[i].hidden)
            bash_value(out, &tune_options[i]);
    for (guint i = 0; i < tune_setting_count; i++)
        bash_setting(out, &tune_setting_table[i]);
    g_string_append_printf(out,
                           "  esac\n  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                           "    COMPREPLY=($(compgen -W \"%s --help --version\" -- \"$word\"))\n"
                           "    return\n  fi\n",
                           commands);
    for (guint i = 0; i < N_COMMANDS; i++)
        if (tune_command_words(tune_commands[i].id) != NULL)
            g_string_append_printf(out,
                                   "  if [ \"${COMP_WORDS[1]}\" = %s ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                                   "    COMPREPLY=($(compgen -W \"%s\" -- \"$word\"))\n"
                                   "    [ ${#COMPREPLY[@]} -eq 0 ] || return\n  fi\n",
                                   tune_commands[i].name, tune_command_words(tune_commands[i].id));
    g_string_append(out, "  case \"$word\" in\n    -*) ;;\n"
                         "    *) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n  esac\n"
                         "  case \"${COMP_WORDS[1]}\" in\n");
    for (guint i = 0; i < N_COMMANDS; i++) {
        g_autofree char *words = option_words(tune_commands[i].id);
        g_string_append_printf(out, "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"$word\")) ;;\n",
                               tune_commands[i].name, words);
    }
    g_string_append(out, "  esac\n}\ncomplete -o filenames -F _tunesmith tunesmith music-gen\n");
    return g_string_free(out, FALSE);
}

/* Within single quotes and zsh's own [..] and : syntax. */
static char *zsh_quoted(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            g_string_append(out, "'\\''");
        else if (strchr("[]:\\", *p) != NULL)
            g_string_append_printf(out, "\\%c", *p);
        else
            g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static void zsh_option(GString *out, const TuneOption *option)
{
    g_autofree char *help = zsh_quoted(option->help);
    g_autofree char *argument = zsh_quoted(option->argument != NULL ? option->argument : "");
    const char *action = "";

    if (option->kind == ARGUMENT_FILE)
        action = "_files";
    else if (option->kind == ARGUMENT_FOLDER)
        action = "_files -/";
    g_string_append_printf(out, " \\\n        '%s--%s[%s]", option->kind == ARGUMENT_LIST ? "*" : "",
                           option->name, help);
    if (option->argument != NULL && option->choices != NULL)
        g_string_append_printf(out, ":%s:(%s)", argument, option->choices);
    else if (option->argument != NULL)
        g_string_append_printf(out, ":%s:%s", argument, action);
    g_string_append_c(out, '\'');
    if (option->kind == ARGUMENT_SWITCH)
        g_string_append_printf(out, " \\\n        '--no-%s[%s]'", option->name, help);
}

static void zsh_setting(GString *out, const TuneSetting *setting)
{
    g_autofree char *help = zsh_quoted(setting->help);
    g_autofree char *argument = zsh_quoted(setting->argument != NULL ? setting->argument : "");
    const char *action = setting->kind == TUNE_SETTING_FILE     ? "_files"
                         : setting->kind == TUNE_SETTING_FOLDER ? "_files -/"
                                                                : "";

    if (tune_option_of_setting(setting->name) != NULL)
        return;
    g_string_append_printf(out, " \\\n        '--%s[%s]", setting->name, help);
    if (setting->choices != NULL)
        g_string_append_printf(out, ":%s:(%s)", argument, setting->choices);
    else if (setting->kind != TUNE_SETTING_SWITCH)
        g_string_append_printf(out, ":%s:%s", argument, action);
    g_string_append_c(out, '\'');
    if (setting->kind == TUNE_SETTING_SWITCH)
        g_string_append_printf(out, " \\\n        '--no-%s[%s]'", setting->name, help);
}

static char *zsh_text(void)
{
    GString *out = g_string_new("#compdef tunesmith music-gen\n"
                                "# zsh completion of tunesmith; made from its table of options\n"
                                "_tunesmith() {\n  local -a commands\n  commands=(\n");

    for (guint i = 0; i < N_COMMANDS; i++) {
        g_autofree char *summary = zsh_quoted(tune_commands[i].summary);
        g_string_append_printf(out, "    '%s:%s'\n", tune_commands[i].name, summary);
    }
    g_string_append(out, "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n"
                         "    return\n  fi\n  local command=$words[2]\n  shift words\n"
                         "  (( CURRENT-- ))\n  case $command in\n");
    for (guint i = 0; i < N_COMMANDS; i++) {
        g_string_append_printf(out, "    %s)\n      _arguments", tune_commands[i].name);
        for (guint j = 0; j < N_OPTIONS; j++)
            if (!tune_options[j].hidden && (tune_options[j].commands & (1u << i)) != 0)
                zsh_option(out, &tune_options[j]);
        for (guint j = 0; tune_command_takes_settings(tune_commands[i].id) && j < tune_setting_count; j++)
            zsh_setting(out, &tune_setting_table[j]);
        if (tune_command_words(tune_commands[i].id) != NULL)
            g_string_append_printf(out, " \\\n        '1:what:(%s)'", tune_command_words(tune_commands[i].id));
        g_string_append(out, " \\\n        '*:file:_files' ;;\n");
    }
    g_string_append(out, "  esac\n}\n_tunesmith \"$@\"\n");
    return g_string_free(out, FALSE);
}

/* Within fish's single quotes. */
static char *fish_quoted(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static void fish_option(GString *out, const TuneOption *option, const char *program)
{
    g_autofree char *help = fish_quoted(option->help);
    g_autoptr(GString) where = g_string_new(NULL);

    for (guint i = 0; i < N_COMMANDS; i++)
        if ((option->commands & (1u << i)) != 0)
            g_string_append_printf(where, " %s", tune_commands[i].name);
    g_string_append_printf(out, "complete -c %s -n '__fish_seen_subcommand_from%s' -l %s", program,
                           where->str, option->name);
    if (option->letter != 0)
        g_string_append_printf(out, " -s %c", option->letter);
    if (option->kind == ARGUMENT_FILE || option->kind == ARGUMENT_FOLDER)
        g_string_append(out, " -r -F");
    else if (option->choices != NULL)
        g_string_append_printf(out, " -x -a '%s'", option->choices);
    else if (option->argument != NULL)
        g_string_append(out, " -x");
    g_string_append_printf(out, " -d '%s'\n", help);
    if (option->kind == ARGUMENT_SWITCH)
        g_string_append_printf(out, "complete -c %s -n '__fish_seen_subcommand_from%s' -l no-%s\n",
                               program, where->str, option->name);
}

static void fish_setting(GString *out, const TuneSetting *setting, const char *program)
{
    g_autofree char *help = fish_quoted(setting->help);
    g_autoptr(GString) where = g_string_new(NULL);

    if (tune_option_of_setting(setting->name) != NULL)
        return;
    for (guint i = 0; i < N_COMMANDS; i++)
        if (tune_command_takes_settings(tune_commands[i].id))
            g_string_append_printf(where, " %s", tune_commands[i].name);
    g_string_append_printf(out, "complete -c %s -n '__fish_seen_subcommand_from%s' -l %s", program,
                           where->str, setting->name);
    if (setting->kind == TUNE_SETTING_FILE || setting->kind == TUNE_SETTING_FOLDER)
        g_string_append(out, " -r -F");
    else if (setting->choices != NULL)
        g_string_append_printf(out, " -x -a '%s'", setting->choices);
    else if (setting->kind != TUNE_SETTING_SWITCH)
        g_string_append(out, " -x");
    g_string_append_printf(out, " -d '%s'\n", help);
}

static char *fish_text(void)
{
    static const char *const programs[] = {"tunesmith", "music-gen"};
    GString *out =
        g_string_new("# fish completion of tunesmith; made from its table of options\n");

    for (guint p = 0; p < G_N_ELEMENTS(programs); p++) {
        for (guint i = 0; i < N_COMMANDS; i++) {
            g_autofree char *summary = fish_quoted(tune_commands[i].summary);
            g_string_append_printf(out, "complete -c %s -n __fish_use_subcommand -a %s -d '%s'\n",
                                   programs[p], tune_commands[i].name, summary);
            if (tune_command_words(tune_commands[i].id) != NULL)
                g_string_append_printf(out,
                                       "complete -c %s -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                                       programs[p], tune_commands[i].name, tune_command_words(tune_commands[i].id));
        }
        for (guint i = 0; i < N_OPTIONS; i++)
            if (!tune_options[i].hidden)
                fish_option(out, &tune_options[i], programs[p]);
        for (guint i = 0; i < tune_setting_count; i++)
            fish_setting(out, &tune_setting_table[i], programs[p]);
    }
    return g_string_free(out, FALSE);
}

char *tune_help_completion(const char *shell)
{
    if (strcmp(shell, "zsh") == 0)
        return zsh_text();
    if (strcmp(shell, "fish") == 0)
        return fish_text();
    return bash_text();
}
