/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a supervisor such as systemd gives and is told: sockets that it opened (sd_listen_fds(3)), messages
 * about our state (sd_notify(3)).  The protocols, without the library.
 */
#pragma once
#include <glib.h>

/* Number of passed sockets; they are the descriptors from 3 on, and children do not inherit them. */
guint tune_notify_sockets(int *first);

/* "READY=1", "STOPPING=1", ...; nothing happens where nobody listens. */
void tune_notify(const char *state);

/* How often "WATCHDOG=1" must be said, or 0. */
gint64 tune_notify_watchdog_us(void);
