/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include "audio/encode.h"
#include "engine/engine.h"

/* Tags of a render's file: title, style, tempo, key, loop, lyrics, recipe, rights.  (transfer full) */
TuneTags *tune_render_tags(const TuneRender *render);
