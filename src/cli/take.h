/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options of neural engines: --guidance, --top-k, --top-p, --greedy, --melody, --continue.
 */
#pragma once
#include "cli/cli.h"

/* What the command line says; clips are held until cleared. */
typedef struct {
    TuneTakeOptions options;
    TuneClip *melody, *continuation; /* (nullable) */
} TuneCliTake;

/* FALSE: an option that cannot be read, or one that @engine (a spec) does not know. */
gboolean tune_cli_take_read(TuneCli *cli, const char *engine, TuneCliTake *out, GError **error);
void tune_cli_take_clear(TuneCliTake *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TuneCliTake, tune_cli_take_clear)
