/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The program has two parts.  The front knows the table of options and nothing else: it is there at once
 * (FluidSynth alone brings some forty libraries with it, which take ten milliseconds to load) and answers
 * --version, --help and mistakes.  Everything else is in a module that is loaded when a command needs it.
 */
#pragma once
#include "cli/option.h"

/* What the module exports, under the name TUNE_CLI_RUN_SYMBOL: run the command of @args, which is never
 * help; the exit code. */
#define TUNE_CLI_RUN_SYMBOL "tune_cli_run"
typedef gint (*TuneCliRun)(TuneArgs *args, const char *program);
__attribute__((visibility("default"))) gint tune_cli_run(TuneArgs *args, const char *program);

/* The file name of the module; it is looked for along the program's run path. */
#define TUNE_CLI_MODULE "libtunesmith-cli.so"

/* The whole program; the exit code. */
gint tune_front_main(int argc, char **argv);
