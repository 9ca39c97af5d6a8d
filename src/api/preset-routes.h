/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What presets and the older request share.
 */
#pragma once
#include "api/api.h"
#include "brief/preset.h"

extern const TuneShape tune_shape_structure, tune_shape_reference;

/* @json: checked by tune_shape_structure. */
void tune_structure_of_json(const json_t *json, TuneSongStructure *out);
