/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All routes: a line for each area.
 */
#include "api/api.h"

const TuneRouteTable *const *tune_route_tables(void)
{
    static const TuneRouteTable *const tables[] = {
        &tune_routes_root,      &tune_routes_generator, &tune_routes_presets,
        &tune_routes_generate,  &tune_routes_events,    &tune_routes_stream,
        &tune_routes_tracks,    &tune_routes_own_pages, &tune_routes_users,
        &tune_routes_uploads,   &tune_routes_openai,    &tune_routes_mcp,
        &tune_routes_models,    &tune_routes_operations, &tune_routes_own_webhook, NULL,
    };

    return tables;
}
