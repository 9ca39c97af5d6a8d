/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /docs: all routes as one page, made from the same table.  No script, nothing from other hosts.
 */
#pragma once
#include "api/route.h"

/* (transfer full) */
GBytes *tune_docs_page(const TuneRouter *router);
/* Its Content-Security-Policy: nothing but its own style sheet, named by its hash. */
const char *tune_docs_policy(void);
