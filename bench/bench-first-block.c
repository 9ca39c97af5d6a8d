/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the sentence to the first block of sound (1,024 frames, live master), and how the rest
 * flows.
 *
 *   bench-first-block cold      one line; run it in a fresh process each time
 *   bench-first-block warm      the same engine, other seeds
 *
 * CSV: measure,case,p50_ms,p95_ms,n,note
 */
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_WARM 25
#define FRAMES 1024

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double now_ms(void)
{
    return (double)g_get_monotonic_time() / 1e3;
}

static void fail(GError *error)
{
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* Milliseconds from the sentence to the first block. */
static double first_block(TuneEngine *engine, const TuneVocabulary *vocabulary,
                          const char *sentence, guint64 seed)
{
    TuneRenderOptions options = TUNE_RENDER_OPTIONS_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autoptr(TuneRender) render = NULL;
    float frames[2 * FRAMES];
    gsize got = 0;
    double start = now_ms();

    options.master = TUNE_MASTER_LIVE;
    if (!tune_brief_read_sentence(brief, vocabulary, sentence, &error) ||
        !tune_brief_complete(brief, vocabulary, &error))
        fail(error);
    render = tune_engine_start(engine, brief, seed, &options, &error);
    if (render == NULL || !tune_render_read(render, frames, FRAMES, &got, &error))
        fail(error);
    if (got == 0)
        exit(1);
    return now_ms() - start;
}

int main(int argc, char **argv)
{
    static const char *const sentences[] = {
        "jazz trio, 120 bpm, 60 seconds", "rock song, 3 minutes", "cinematic orchestra, 2 minutes"};
    gboolean warm = argc > 1 && strcmp(argv[1], "warm") == 0;
    double begin = now_ms(), ms[N_WARM];
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    TuneEngineConfig config = {vocabulary, TUNE_SYNTH_CONFIG_DEFAULT, NULL};
    g_autoptr(TuneEngine) engine = vocabulary ? tune_engine_new("compose", &config, &error) : NULL;

    if (engine == NULL)
        fail(error);
    for (guint s = 0; s < G_N_ELEMENTS(sentences); s++) {
        first_block(engine, vocabulary, sentences[s], 1);
        if (!warm) {
            double all = now_ms() - begin;
            printf("first-block-cold,%s,%.2f,%.2f,1,from the start of main\n", "jazz trio", all,
                   all);
            return 0;
        }
        for (guint i = 0; i < N_WARM; i++)
            ms[i] = first_block(engine, vocabulary, sentences[s], i + 2);
        qsort(ms, N_WARM, sizeof *ms, compare_doubles);
        printf("first-block-warm,\"%s\",%.2f,%.2f,%d,sentence to 1024 frames\n", sentences[s],
               ms[N_WARM / 2], ms[N_WARM * 95 / 100], N_WARM);
    }
    return 0;
}
