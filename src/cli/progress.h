/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far the work is, on standard error: one line redrawn with bar, stage, per cent and time left on a
 * terminal; a line a stage and a line every ten seconds elsewhere.  One thread.
 */
#pragma once
#include <glib.h>

typedef struct TuneProgressBar TuneProgressBar;

/* @quiet: nothing is shown. */
TuneProgressBar *tune_progress_bar_new(gboolean terminal, gboolean quiet); /* (transfer full) */
/* Takes the line off the terminal. */
void tune_progress_bar_free(TuneProgressBar *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneProgressBar, tune_progress_bar_free)

/* A TuneProgress; @user_data is the bar. */
void tune_progress_bar_tell(double fraction, const char *stage, double audio_seconds,
                            gpointer user_data);
