/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How a process that runs for long takes memory from the system.
 */
#pragma once

/* To be called before the first thread.  The C library gives threads that meet up to eight pools a core; each
 * grows to the largest render that ever passed through it and keeps that (150 MiB after three minutes on two
 * cores, where 60 do).  One a core, at least two, was not seen to be slower here (runs differed by
 * half), as small blocks come from caches of the threads.  Does nothing with other C libraries than GNU's. */
void tune_memory_share_pools(void);
