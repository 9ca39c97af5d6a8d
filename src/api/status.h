/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one map from errors to statuses.
 */
#pragma once
#include <glib.h>

/* 400..599.  What is the client's to know keeps its message (4xx, 503, 507); the rest is 500. */
guint tune_status_of_error(const GError *error);
