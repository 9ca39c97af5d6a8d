/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The delay pattern: codebook c of a channel runs c columns late.  Pure functions on small arrays.
 *
 * With C codebooks a channel, column j of its codebook c holds: the special id for j <= c and for
 * j >= length - C + 1 + c; else frame j - 1 - c, which is the prompt's code where there is one, and free
 * otherwise.  So length columns (the start column included) hold length - C frames.  Fewer than 2 C - 1
 * columns: nothing is delayed, as in the reference.  Stereo interleaves: rows 2 c and 2 c + 1 both have
 * delay c.
 */
#pragma once
#include <glib.h>

typedef struct {
    guint n_codebooks; /* rows */
    guint n_channels;  /* 1 or 2; delays run over n_codebooks / n_channels */
    gint32 special;    /* 2048 */
    guint n_prompt;    /* frames of the prompt, 0 without */
    guint length;      /* columns, start column included */
    const gint32 *prompt; /* [n_codebooks * n_prompt] (nullable) */
} TuneDelay;

/* Columns needed for @n_frames in all (prompt included): the start column, the frames, the delays. */
guint tune_delay_length(guint n_frames, guint n_codebooks, guint n_channels);
guint tune_delay_n_frames(const TuneDelay *self);
/* What @codebook must hold at @column, or -1: free. */
gint32 tune_delay_forced(const TuneDelay *self, guint codebook, guint column);
/* First column that generation has to fill; before it all is forced. */
guint tune_delay_first_free(const TuneDelay *self);
/* Column at which frame @frame of @codebook stands. */
guint tune_delay_column(const TuneDelay *self, guint codebook, guint frame);
