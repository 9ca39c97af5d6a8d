/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound to the sound card, through FluidSynth's audio drivers; to nowhere ("null") or to a WAV file
 * ("file:PATH") for tests and machines without a card.
 *
 * A reader thread (the caller) fills a ring of half a second; the driver's thread empties it and neither
 * locks nor allocates.
 */
#pragma once
#include "cli/cli.h"

/* As tune_source_read() and tune_render_read(): stereo. */
typedef gboolean (*TunePull)(gpointer source, float *out, gsize n_frames, gsize *n_got,
                             GError **error);

/* Play until the end or a cancel; blocks.  The driver is --driver, $TUNESMITH_AUDIO_DRIVER, FluidSynth's
 * usual one, or the first that opens.  TUNE_CLI_ERROR_MISSING when no sound card answers. */
gboolean tune_play(TuneCli *cli, guint rate, TunePull pull, gpointer source, GError **error);

/* A sound file. */
gboolean tune_play_file(TuneCli *cli, const char *path, GError **error);
