/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rooms under the service, opened in order from settings: store, cache, files, engines, jobs.  All that
 * a worker without a server needs.
 */
#pragma once
#include "api/api.h"
#include "api/settings.h"

/* Into @api, whose log is set.  What was opened before a failure stays for tune_rooms_close(). */
gboolean tune_rooms_open(TuneApi *api, const TuneSettings *settings, GError **error);
void tune_rooms_close(TuneApi *api);
