/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SoundFont to play, and its identity.
 */
#pragma once
#include <glib.h>

/* Path of the SoundFont to use: @wanted if given, else $TUNESMITH_SOUNDFONT, else the best of those
 * that Debian, Fedora, Arch and Homebrew install (FluidR3 GM first: of the free ones it is nearest to
 * recordings).  (nullable @wanted) (transfer full)
 * TUNE_SYNTH_ERROR_NO_SOUNDS names the package to install and the folders looked in;
 * TUNE_SYNTH_ERROR_SOUNDFONT: the wanted file is not there or does not start like a SoundFont. */
char *tune_soundfont_find(const char *wanted, GError **error);

/* SHA-256 of the file, remembered in $XDG_CACHE_HOME/tunesmith/soundfonts by path, size and time of
 * change, because hashing 140 MB takes half a second.  (transfer full) */
char *tune_soundfont_hash(const char *path, GError **error);
