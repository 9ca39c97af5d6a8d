/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What was made, told in a paragraph or as one JSON object.
 */
#pragma once
#include "base/json.h"
#include "score/score.h"

/* @score NULL: made without one.  (transfer full) */
char *tune_summary_text(const TuneScore *score, const json_t *report, const json_t *files);
/* {"status", "files", "format", "title", "style", "key", "bpm", "metre", "duration_seconds", "sections",
 * "seed", "recipe_sha256", "report"}.  (transfer full) */
json_t *tune_summary_json(const TuneScore *score, const json_t *report, const json_t *files,
                          const char *format);
