/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/distance.h"

#include <string.h>

#define LONGEST 60

guint tune_cli_distance(const char *a, const char *b)
{
    gsize n_a = strlen(a), n_b = strlen(b);
    guint row[LONGEST + 1];

    if (n_a > LONGEST || n_b > LONGEST)
        return LONGEST;
    for (guint j = 0; j <= n_b; j++)
        row[j] = j;
    for (gsize i = 0; i < n_a; i++) {
        guint diagonal = row[0];
        row[0] = (guint)i + 1;
        for (gsize j = 0; j < n_b; j++) {
            guint replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = MIN(replaced, MIN(row[j], row[j + 1]) + 1);
        }
    }
    return row[n_b];
}
