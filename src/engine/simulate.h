/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine without sound: what a remote model would be asked, and nothing more.
 */
#pragma once
#include "brief/preset.h"

typedef struct {
    const char *text;  /* lyrics or description; may be "" */
    const char *genre; /* may be "" */
    double duration_seconds;
    TuneSongStructure structure;
    const GArray *references; /* TuneStyleReference (nullable) */
    double temperature;       /* 0..1 */
} TuneSimulateRequest;

/* {"status": "simulated", "mode", "genre", "duration_seconds", "prompt", "metadata", "message"}; metadata
 * has exactly the keys structure, style_references and temperature.  Pure. (transfer full) */
json_t *tune_simulate(const TuneSimulateRequest *request);
