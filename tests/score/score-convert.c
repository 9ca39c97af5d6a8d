/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For tests with outside programs: "score-convert random SEED OUT..." writes the random score SEED,
 * "score-convert IN OUT..." converts; suffixes choose the formats.
 */
#include "random-score.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = NULL;
    gint at = 2;

    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "random") == 0) {
        score = random_score(g_ascii_strtoull(argv[2], NULL, 10));
        at = 3;
    } else
        score = tune_score_load(argv[1], &error);
    for (; score != NULL && at < argc; at++)
        if (!tune_score_save(score, argv[at], tune_score_format_of_path(argv[at]), &error))
            break;
    if (error == NULL)
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return 1;
}
