/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/front.h"
#include "cli/exit.h"
#include "cli/help.h"
#include "tune-config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gint print(const char *text)
{
    return fputs(text, stdout) != EOF && fflush(stdout) == 0 ? TUNE_EXIT_DONE : TUNE_EXIT_MISSING;
}

static gint help(const TuneArgs *args, const char *program)
{
    const char *word = tune_args_word(args, 0);
    const char *shell = tune_args_get(args, OPTION_COMPLETION);
    const TuneCommandInfo *command = NULL;
    g_autofree char *text = NULL;

    for (guint i = 0; word != NULL && i < N_COMMANDS; i++)
        if (strcmp(tune_commands[i].name, word) == 0)
            command = &tune_commands[i];
    if (word != NULL && command == NULL) {
        fprintf(stderr, "%s: unknown command \"%s\"\n", program, word);
        return TUNE_EXIT_USAGE;
    }
    if (tune_args_has(args, OPTION_MAN))
        text = tune_help_man();
    else if (shell != NULL)
        text = tune_help_completion(shell);
    else
        text = tune_help_text(command, tune_args_old_surface(args));
    return print(text);
}

static gint run_module(TuneArgs *args, const char *program)
{
    void *module = dlopen(TUNE_CLI_MODULE, RTLD_LAZY | RTLD_LOCAL);
    TuneCliRun run = NULL;

    if (module != NULL)
        *(void **)&run = dlsym(module, TUNE_CLI_RUN_SYMBOL);
    if (run != NULL)
        return run(args, program);
    fprintf(stderr, "%s: a part of the program cannot be loaded: %s\n", program, dlerror());
    return TUNE_EXIT_MISSING;
}

/* A standard stream that was closed would lend its number to the next file that is opened, and what is
 * told to the user would go into their music.  Such a number is taken by a stream that refuses. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            return;
}

gint tune_front_main(int argc, char **argv)
{
    hold_standard_streams();
    /* A limit on the size of files is an error to be told like a full disk, not a sudden end. */
    signal(SIGXFSZ, SIG_IGN);
    g_autofree char *name = g_path_get_basename(argc > 0 ? argv[0] : "tunesmith");
    gboolean old = strcmp(name, "music-gen") == 0;
    const char *program = old ? "music-gen" : "tunesmith";
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneArgs) args = tune_args_parse(argc, argv, old, &error);

    if (args == NULL) {
        fprintf(stderr, "%s: %s\n", program, error->message);
        return TUNE_EXIT_USAGE;
    }
    const TuneCommandInfo *command = tune_args_command(args);
    if (tune_args_has(args, OPTION_VERSION)) {
        g_autofree char *text = g_strdup_printf("%s %s\n", program, TUNE_VERSION);
        return print(text);
    }
    if (command != NULL && command->id == COMMAND_HELP && !tune_args_has(args, OPTION_HELP))
        return help(args, program);
    if (command != NULL && !tune_args_has(args, OPTION_HELP))
        return run_module(args, program);
    g_autofree char *text = tune_help_text(command, old);
    if (tune_args_has(args, OPTION_HELP))
        return print(text);
    fputs(text, stderr);
    return TUNE_EXIT_USAGE;
}
