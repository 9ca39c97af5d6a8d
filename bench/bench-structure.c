/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The compression ratio of scores by COSIATEC (cosiatec.h): how much of the music is said by
 * patterns that return.  Any score format is read.
 *
 *   bench-structure [--seconds N] SCORE ...      CSV: file,notes,pitched,all: ratios without and
 * with drums, of the first N seconds or of the whole bench-structure --check the measure itself, on
 * sets whose ratio is known
 */
#include "cosiatec.h"

#include "base/random.h"
#include "score/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gboolean measure(const char *path, double seconds, GError **error)
{
    g_autoptr(TuneScore) score = tune_score_load(path, error);
    g_autoptr(GArray) pitched = g_array_new(FALSE, FALSE, sizeof(CosiatecPoint));
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(CosiatecPoint));
    CosiatecResult result;

    if (score == NULL)
        return FALSE;
    for (guint i = 0; i < score->tracks->len; i++) {
        const TuneTrack *track = score->tracks->pdata[i];
        for (guint k = 0; k < track->notes->len; k++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, k);
            /* Drum keys lie apart from pitches: a kick is no C. */
            CosiatecPoint point = {note->onset, note->pitch + (track->is_drums ? 200 : 0)};
            if (tune_score_seconds(score, note->onset) >= seconds)
                continue;
            g_array_append_val(all, point);
            if (!track->is_drums)
                g_array_append_val(pitched, point);
        }
    }
    if (all->len > COSIATEC_MAX_POINTS || score->ticks >= COSIATEC_MAX_ONSET) {
        g_set_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_UNSUPPORTED,
                    "%s: more than %d notes or %d ticks; take fewer --seconds", path,
                    COSIATEC_MAX_POINTS, COSIATEC_MAX_ONSET);
        return FALSE;
    }
    double r =
        cosiatec_ratio((const CosiatecPoint *)(gpointer)pitched->data, pitched->len, &result);
    double r_all =
        all->len == pitched->len
            ? r
            : cosiatec_ratio((const CosiatecPoint *)(gpointer)all->data, all->len, &result);
    printf("%s,%u,%.3f,%.3f\n", path, all->len, r, r_all);
    fflush(stdout);
    return TRUE;
}

/* A bar of @n random notes, @bars times, each time moved up by @step semitones; with @noise every
 * bar is another one. */
static double ratio_of_bars(guint n, guint bars, gint step, gboolean noise, guint *n_points)
{
    g_autofree CosiatecPoint *points = g_new(CosiatecPoint, (gsize)n * bars);
    CosiatecResult result;
    TuneRandom random;

    for (guint bar = 0; bar < bars; bar++) {
        tune_random_init(&random, 1, "bar/%u", noise ? bar : 0);
        for (guint i = 0; i < n; i++)
            points[bar * n + i] =
                (CosiatecPoint){(gint)bar * 3840 + 240 * tune_random_int(&random, 0, 15),
                                tune_random_int(&random, 48, 84) + step * (gint)(bar % 12)};
    }
    double ratio = cosiatec_ratio(points, n * bars, &result);
    *n_points = result.n_points;
    return ratio;
}

static int check(void)
{
    guint n;
    gboolean good = TRUE;
    static const struct {
        const char *name;
        gint step;
        gboolean noise;
    } cases[] = {{"one bar, 16 times", 0, FALSE},
                 {"one bar, moved up each time", 1, FALSE},
                 {"16 random bars", 0, TRUE}};

    printf("case,points,ratio,expected\n");
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        double ratio = ratio_of_bars(20, 16, cases[i].step, cases[i].noise, &n);
        double pattern = n / 16.0;
        /* Exact repetition is covered by one pattern of a bar and 15 vectors, or by something
         * better; noise holds only chance pairs. */
        double least = cases[i].noise ? 1.0 : n / (pattern + 15.0), most = cases[i].noise ? 2.0 : n;

        printf("%s,%u,%.3f,%.2f to %.2f\n", cases[i].name, n, ratio, least, most);
        good = good && ratio >= least - 1e-6 && ratio <= most;
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    double seconds = G_MAXDOUBLE;
    int first = 1;

    if (argc > 1 && strcmp(argv[1], "--check") == 0)
        return check();
    if (argc > 3 && strcmp(argv[1], "--seconds") == 0) {
        seconds = g_ascii_strtod(argv[2], NULL);
        first = 3;
    }
    if (first >= argc) {
        fprintf(stderr, "usage: bench-structure [--seconds N] SCORE ... | --check\n");
        return 2;
    }
    printf("file,notes,pitched,all\n");
    for (int i = first; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        if (!measure(argv[i], seconds, &error)) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
    }
    return 0;
}
