/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Texts derived from the table of commands and options: --help, the manual page, completions.
 * All return new text. (transfer full)
 */
#pragma once
#include "cli/option.h"

/* @command (nullable): NULL is the overview. */
char *tune_help_text(const TuneCommandInfo *command, gboolean old_surface);
/* troff, man(7) */
char *tune_help_man(void);
/* @shell: bash, zsh or fish */
char *tune_help_completion(const char *shell);
