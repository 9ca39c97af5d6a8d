/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/memory.h"

#include <glib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

void tune_memory_share_pools(void)
{
#ifdef __GLIBC__
    /* Who sets it in the environment has reasons of their own. */
    if (g_getenv("MALLOC_ARENA_MAX") == NULL)
        mallopt(M_ARENA_MAX, (int)MAX(g_get_num_processors(), 2));
#endif
}
