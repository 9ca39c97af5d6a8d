/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one map from errors to exit codes.
 */
#pragma once
#include <glib.h>

typedef enum {
    TUNE_EXIT_DONE = 0,
    TUNE_EXIT_FAULT = 1,      /* our own mistake; also: replay found a different score */
    TUNE_EXIT_USAGE = 2,      /* usage, or a request that cannot be met */
    TUNE_EXIT_BROKEN = 3,     /* an input file that is not what it says */
    TUNE_EXIT_MISSING = 4,    /* a package, memory, disk space or path that is not there */
    TUNE_EXIT_REMOTE = 5,     /* a remote engine */
    TUNE_EXIT_CANCELLED = 130 /* Ctrl-C */
} TuneExit;

TuneExit tune_exit_of_error(const GError *error);
