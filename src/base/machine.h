/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What this machine has left, for decisions on admission.  Thread-safe.
 */
#pragma once
#include <glib.h>

/* Bytes that can be taken without swapping: what the kernel calls available, or what the control group
 * (version 2) of this process still allows if that is less.  0: cannot be known. */
guint64 tune_machine_memory_available(void);
/* Bytes of main memory, or of the control group's limit.  0: cannot be known. */
guint64 tune_machine_memory_total(void);
/* Give free pages inside the C library's pools back to the system: they grow to the most that ever ran at a
 * time and keep it.  A few milliseconds; does nothing with other C libraries than GNU's. */
void tune_machine_memory_trim(void);
