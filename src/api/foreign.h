/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What pages of other hosts may not do.
 *
 * A browser sends requests of any page to any address that it can reach, a service on its own machine
 * among them.  Where nobody is asked who they are, two things tell such a request: the Origin field that
 * browsers add (RFC 6454; WHATWG Fetch), and, when a page had its own name point to this machine ("DNS
 * rebinding"), that name in Host.
 *
 * Threads: none of their own.
 */
#pragma once
#include "api/api.h"

/* Origin is there and names neither the host that was asked nor @public_url (nullable). */
gboolean tune_foreign_origin(const TuneCall *call, const char *public_url);

/* Can @host (with a port or not) be meant for a service that only its own machine reaches: an address, a
 * name without a dot, one below localhost, or that of @public_url (nullable)?  Such names nobody can
 * register and have point elsewhere. */
gboolean tune_host_is_local(const char *host, const char *public_url);
