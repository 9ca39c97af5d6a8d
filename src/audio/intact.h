/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libsndfile reads a WAV or Ogg file that was cut short without a word; these say so.  FLAC and MP3
 * announce their length, which the decoder compares with what came.
 */
#pragma once
#include <glib.h>
#include <stdio.h>

/* The WAV's sound is shorter than its header says, or the Ogg's last page is not the last of the
 * stream (RFC 3533, header type flag 4).  FALSE for other formats.  @file is left anywhere. */
gboolean tune_file_is_cut(FILE *file);
