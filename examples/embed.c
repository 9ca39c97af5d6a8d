/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A song from a sentence, in your own program:  cc embed.c $(pkg-config --cflags --libs tunesmith)
 */
#include <stdio.h>
#include <tunesmith.h>

int main(int argc, char **argv)
{
    const char *sentence = argc > 1 ? argv[1] : "calm folk waltz in D major, 12 seconds";
    const char *path = argc > 2 ? argv[2] : "embed.flac";
    char *error = NULL;
    TuneEngine *engine = tunesmith_engine_new(NULL, &error);
    TuneBrief *brief = engine ? tunesmith_brief_new(engine, sentence, &error) : NULL;
    TuneRender *render = brief ? tunesmith_render_brief(engine, brief, 42, NULL, &error) : NULL;

    if (render && tunesmith_render_save(render, path, &error) == 0)
        printf("%s: %.3f seconds\n", path,
               (double)tunesmith_render_n_frames(render) / tunesmith_render_rate(render));
    if (error)
        fprintf(stderr, "embed: %s\n", error);

    tunesmith_render_free(render);
    tunesmith_brief_free(brief);
    tunesmith_engine_free(engine);
    tunesmith_free(error);
    return error != NULL;
}
