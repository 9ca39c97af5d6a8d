/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/notify.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Variables of the protocol are meant for one process. */
static gboolean is_for_us(const char *name)
{
    const char *pid = g_getenv(name);

    return pid != NULL && g_ascii_strtoull(pid, NULL, 10) == (guint64)getpid();
}

guint tune_notify_sockets(int *first)
{
    const char *count = g_getenv("LISTEN_FDS");
    guint64 n = is_for_us("LISTEN_PID") && count != NULL ? g_ascii_strtoull(count, NULL, 10) : 0;

    *first = 3;
    if (n > 64)
        return 0;
    for (int fd = 3; fd < 3 + (int)n; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return (guint)n;
}

void tune_notify(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = g_getenv("NOTIFY_SOCKET");
    gsize length = path != NULL ? strlen(path) : 0;

    if (length < 2 || length >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') /* abstract */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Nobody is told when this fails: it is the supervisor who would be. */
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
        close(fd);
        return;
    }
    close(fd);
}

gint64 tune_notify_watchdog_us(void)
{
    const char *usec = g_getenv("WATCHDOG_USEC");

    if (usec == NULL || (g_getenv("WATCHDOG_PID") != NULL && !is_for_us("WATCHDOG_PID")))
        return 0;
    return (gint64)(g_ascii_strtoull(usec, NULL, 10) / 2);
}
