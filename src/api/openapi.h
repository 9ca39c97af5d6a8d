/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The OpenAPI 3.1 document, from the table that routes and checks.
 */
#pragma once
#include "api/route.h"
#include "api/settings.h"

/* (transfer full) */
json_t *tune_openapi_document(const TuneRouter *router, const TuneSettings *settings);
/* "get_api_v1_tracks_by_id" (transfer full) */
char *tune_openapi_operation_id(const TuneRoute *route);
