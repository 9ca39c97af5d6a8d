/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The text prompt of a request, for engines that take words (simulate, remote ones).  Built in time
 * linear in its length; pure.
 */
#pragma once
#include "brief/preset.h"

typedef struct {
    const char *genre;
    double duration_seconds;
    const char *text;             /* lyrics or description; may be "" */
    TuneSongStructure structure;  /* used when @sections is NULL */
    const GArray *sections;       /* TuneSectionRole (nullable) */
    const GPtrArray *references;  /* char* "type: value" (nullable) */
    double temperature;
} TunePromptParts;

char *tune_prompt_build(const TunePromptParts *parts); /* (transfer full) */

/* A caption for models that were trained on captions: the sentence, then what fields and preset add to it
 * (style, mood, tempo, key, metre, players, who is left out), separated by commas; at most @max_bytes, cut
 * between words.  Lyrics are no caption.  "" when nothing was asked. (transfer full) */
char *tune_prompt_caption(const TuneBrief *brief, gsize max_bytes);

/* The prompt of a completed brief whose length is @seconds. */
char *tune_prompt_from_brief(const TuneBrief *brief, double seconds); /* (transfer full) */
