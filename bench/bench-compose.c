/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How long it takes to load the vocabulary, to understand a sentence and to compose three minutes
 * in every style.  CSV: measure,case,p50,p95,n,note
 */
#include "compose/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_LOADS  7
#define N_PARSES 200
#define N_SEEDS  40

static const char *const SENTENCES[] = {
    "jazz",
    "slow jazz ballad in F minor, 70 bpm, brushes and upright bass, 90 seconds",
    "lofi, chill, 80bpm, rhodes, vinyl, no drums",
    "A melodic electronic song with ambient elements, featuring piano, acoustic guitar, string "
    "ensemble "
    "and electric bass. Set in G minor with a 4/4 time signature, it moves at a lively tempo. The "
    "composition evokes a dreamy mood and builds towards an epic ending.",
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* A time on the clock and the processor's share of it: on a busy machine only the latter says much.
 */
typedef struct {
    double wall, cpu;
} Times;

static Times now(void)
{
    struct timespec cpu;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (Times){(double)g_get_monotonic_time() / 1e3,
                   (double)cpu.tv_sec * 1e3 + (double)cpu.tv_nsec / 1e6};
}

static Times since(Times start)
{
    Times end = now();

    return (Times){end.wall - start.wall, end.cpu - start.cpu};
}

static void print_row(const char *measure, const char *what, const Times *times, guint n,
                      const char *note)
{
    g_autofree double *wall = g_new(double, n), *cpu = g_new(double, n);

    for (guint i = 0; i < n; i++) {
        wall[i] = times[i].wall;
        cpu[i] = times[i].cpu;
    }
    qsort(wall, n, sizeof *wall, compare_doubles);
    qsort(cpu, n, sizeof *cpu, compare_doubles);
    printf("%s,%s,%.4f,%.4f,%u,ms; CPU %.4f and %.4f; %s\n", measure, what, wall[n / 2],
           wall[n * 95 / 100], n, cpu[n / 2], cpu[n * 95 / 100], note);
    fflush(stdout);
}

static void fail(GError *error)
{
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static void bench_load(void)
{
    Times ms[N_LOADS];

    for (guint i = 0; i < N_LOADS; i++) {
        g_autoptr(GError) error = NULL;
        Times start = now();
        g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);

        if (vocabulary == NULL)
            fail(error);
        ms[i] = since(start);
    }
    print_row("load", "vocabulary", ms, N_LOADS, "every style name and lexicon");
}

static void bench_parse(const TuneVocabulary *vocabulary)
{
    Times ms[N_PARSES];

    for (guint s = 0; s < G_N_ELEMENTS(SENTENCES); s++) {
        g_autofree char *what = g_strdup_printf("sentence of %zu bytes", strlen(SENTENCES[s]));

        for (guint i = 0; i < N_PARSES; i++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(TuneBrief) brief = tune_brief_new();
            Times start = now();

            if (!tune_brief_read_sentence(brief, vocabulary, SENTENCES[s], &error) ||
                !tune_brief_complete(brief, vocabulary, &error))
                fail(error);
            ms[i] = since(start);
        }
        print_row("understand", what, ms, N_PARSES, "");
    }
}

static void bench_style(const TuneVocabulary *vocabulary, const TuneStyle *style)
{
    Times ms[N_SEEDS];
    gsize notes = 0;
    g_autofree char *note = NULL;

    for (guint i = 0; i < N_SEEDS; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneBrief) brief = tune_brief_new();
        g_autoptr(TuneScore) score = NULL;
        Times start;

        if (!tune_brief_set_field(brief, vocabulary, "genre", tune_style_name(style), &error) ||
            !tune_brief_set_field(brief, vocabulary, "duration", "180", &error) ||
            !tune_brief_complete(brief, vocabulary, &error))
            fail(error);
        start = now();
        score = tune_compose(brief, vocabulary, i + 1, NULL, &error);
        ms[i] = since(start);
        if (score == NULL)
            fail(error);
        notes += tune_score_n_notes(score);
    }
    note = g_strdup_printf("180 s; %zu notes on average", notes / N_SEEDS);
    print_row("compose", tune_style_name(style), ms, N_SEEDS, note);
}

/* bench-compose [STYLE...]: only these styles. */
int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = NULL;

    printf("measure,case,p50,p95,n,note\n");
    if (argc < 2)
        bench_load();
    vocabulary = tune_vocabulary_load(&error);
    if (vocabulary == NULL)
        fail(error);
    if (argc < 2)
        bench_parse(vocabulary);
    for (guint i = 0; i < tune_styles_count(tune_vocabulary_styles(vocabulary)); i++) {
        const TuneStyle *style = tune_styles_at(tune_vocabulary_styles(vocabulary), i);

        if (argc < 2 || g_strv_contains((const char *const *)argv + 1, tune_style_name(style)))
            bench_style(vocabulary, style);
    }
    return 0;
}
