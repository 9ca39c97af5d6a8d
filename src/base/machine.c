/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/machine.h"

#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define GROUP_FOLDER "/sys/fs/cgroup"

/* "MemAvailable:   123456 kB" in /proc/meminfo; 0 when it is not there. */
static guint64 meminfo(const char *key)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
        return 0;
    const char *line = strstr(text, key);
    return line != NULL ? g_ascii_strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

/* A file of the control group that holds one number; FALSE: not there, or "max". */
static gboolean group_number(const char *name, guint64 *out)
{
    g_autofree char *membership = NULL, *text = NULL, *path = NULL;

    if (!g_file_get_contents("/proc/self/cgroup", &membership, NULL, NULL) ||
        !g_str_has_prefix(membership, "0::"))
        return FALSE;
    g_strchomp(membership);
    path = g_build_filename(GROUP_FOLDER, membership + 3, name, NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL) || !g_ascii_isdigit(*text))
        return FALSE;
    *out = g_ascii_strtoull(text, NULL, 10);
    return TRUE;
}

guint64 tune_machine_memory_available(void)
{
    guint64 free = meminfo("MemAvailable:"), limit, used;

    if (!group_number("memory.max", &limit) || !group_number("memory.current", &used))
        return free;
    guint64 left = limit > used ? limit - used : 1;
    return free == 0 ? left : MIN(free, left);
}

guint64 tune_machine_memory_total(void)
{
    guint64 total = meminfo("MemTotal:"), limit;

    if (!group_number("memory.max", &limit))
        return total;
    return total == 0 ? limit : MIN(total, limit);
}

void tune_machine_memory_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
