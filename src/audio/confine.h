/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Give up nearly everything, for the process that decodes the sound of strangers: from then on it
 * can read what it has open, write to one descriptor, allocate so much memory, compute for so long,
 * and end. Opening a file fails; a system call that no decoder needs ends the process (SIGSYS).
 * Linux with seccomp (libseccomp).
 */
#pragma once
#include <gio/gio.h>

typedef struct {
    guint64 memory_bytes; /* address space; 0: as it is */
    guint cpu_s;          /* 0: as it is */
    int write_fd;         /* the only descriptor that may be written to */
} TuneConfinement;

/* For good.  TUNE_AUDIO_ERROR_MISSING when the kernel does not do it: then nothing may be decoded.
 */
gboolean tune_confine(const TuneConfinement *limits, GError **error);
