/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tests of this room share: sounds to feed, a scratch folder, outside programs.
 */
#pragma once
#include "audio/encode.h"

/* Interleaved stereo: two tones and noise, deterministic, peak below @level. (transfer full) */
float *test_tones(gsize n_frames, guint rate, float level);
/* Encode in odd-sized pieces; asserts success. */
void test_encode(const char *path, TuneAudioFormat format, guint rate, const float *frames,
                 gsize n_frames, gint64 announced, const TuneTags *tags);
/* All frames of a source; asserts success. (transfer full) */
float *test_read_all(TuneSource *source, gsize *n_frames);
/* A new folder under the temporary one. (transfer full) */
char *test_folder(void);
void test_remove_folder(const char *folder);
/* What @command (a shell line) prints; NULL with a note (g_test_skip) when @program is missing.
 * Asserts exit status 0. (transfer full) */
char *test_output_of(const char *program, const char *command);
