/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Give up nearly everything, for the process that decodes the sound of strangers: from then on it
 * can read what it has open, write to one descriptor, allocate so much memory, compute for so long,
 * and end. Opening a file fails; a system call that no decoder needs ends the process (SIGSYS).
 * Linux with seccomp (libseccomp).
 */
#pragma once
#include <gio/gio.h>

/* A sanitizer reserves terabytes of addresses and asks the kernel for things of its own: in such a
 * build memory is not limited, and what no decoder needs fails instead of ending the process. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TUNE_CONFINE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TUNE_CONFINE_SANITIZED 1
#endif
#endif
#ifndef TUNE_CONFINE_SANITIZED
#define TUNE_CONFINE_SANITIZED 0
#endif

typedef struct {
    guint64 memory_bytes; /* address space; 0: as it is */
    guint cpu_s;          /* 0: as it is */
    int write_fd;         /* the only descriptor that may be written to */
} TuneConfinement;

/* For good.  TUNE_AUDIO_ERROR_MISSING when the kernel does not do it: then nothing may be decoded.
 */
gboolean tune_confine(const TuneConfinement *limits, GError **error);
