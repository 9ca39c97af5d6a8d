/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The requests that must be refused and those that must not, for the parser and for the server.
 */
#pragma once
#include <glib.h>

typedef struct {
    const char *name;
    GString *bytes;
    guint status;    /* 0: to be accepted; else the refusal */
    guint n_answers; /* when accepted: how many, 100 (Continue) included */
} HttpCase;

/* All 50 + 11 and some more. (element-type HttpCase) (transfer full) */
GPtrArray *http_cases_new(void);
