/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/tags.h"
#include "engine/engine-private.h"
#include "tune-config.h"

/* "Fm", "Bb": what players and tag editors expect in a key tag. */
static char *short_key(TuneKey key)
{
    char name[8];

    tune_fifths_name(key.tonic, name);
    return g_strconcat(name, tune_mode_is_minor(key.mode) ? "m" : "", NULL);
}

/* The words as sung, a line a line, an empty line between blocks; NULL without lyrics. */
static char *lyrics_text(const TuneBrief *brief)
{
    g_autoptr(GString) out = g_string_new(NULL);

    for (guint i = 0; brief != NULL && brief->lyrics != NULL && i < brief->lyrics->len; i++) {
        const TuneLyricBlock *block = &g_array_index(brief->lyrics, TuneLyricBlock, i);
        if (i > 0)
            g_string_append_c(out, '\n');
        for (guint j = 0; j < block->lines->len; j++)
            g_string_append_printf(out, "%s\n", (const char *)block->lines->pdata[j]);
    }
    return out->len > 0 ? g_strdup(out->str) : NULL;
}

TuneTags *tune_render_tags(const TuneRender *render)
{
    const TuneScore *score = render->score;
    TuneTags *tags = tune_tags_new();
    g_autoptr(json_t) rights = tune_render_rights(render);

    tags->title = g_strdup(score->title);
    tags->artist = g_strdup(render->brief != NULL ? "tunesmith" : score->creator);
    tags->genre = g_strdup(score->style);
    tags->copyright = render->brief == NULL ? g_strdup(score->rights) : NULL;
    tags->software = g_strdup("tunesmith " TUNE_VERSION);
    tags->key = short_key(g_array_index(score->keys, TuneKeyChange, 0).key);
    tags->bpm = tune_metre_beat_bpm(g_array_index(score->metres, TuneMetreChange, 0).metre,
                                    g_array_index(score->tempos, TuneTempo, 0).bpm);
    tags->lyrics = lyrics_text(render->brief);
    tags->recipe = g_strdup(render->recipe_text);
    tags->rights = tune_json_canonical(rights);
    if (score->loop)
        tags->loop_end = MAX(0, tune_render_n_frames(render));
    return tags;
}
