/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tune-levels > data/voices/levels.json: measures every electronic voice.
 */
#include "base/data.h"
#include "base/json.h"
#include "synth/library.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_row(const char *name, const double *row, gsize n)
{
    printf("  \"%s\": [", name);
    for (gsize i = 0; i < n; i++)
        printf("%s%.1f", i > 0 ? ", " : "", row[i]);
    printf("]");
}

int main(void)
{
    g_autoptr(GPtrArray) names = tune_data_list("voices", "yaml");

    printf("{\n");
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_strdup_printf("voices/%s.yaml", (const char *)names->pdata[i]);
        g_autofree char *path = tune_data_find(file, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(TunePatch) patch = tune_patch_load(path, &error);
        TuneVoiceLevels levels;

        if (patch == NULL) {
            fprintf(stderr, "%s\n", error->message);
            return EXIT_FAILURE;
        }
        TuneSound sound = {.patch = patch, .is_kit = patch->is_kit};

        memset(&levels, 0, sizeof levels);
        (void)tune_levels_measure(&sound, &levels, NULL);
        printf("%s \"%s\": {\n  \"sha256\": \"%s\",\n", i > 0 ? ",\n" : "", patch->name, patch->hash);
        if (patch->is_kit)
            print_row("drums", levels.drums, TUNE_LEVELS_DRUMS);
        else
            print_row("notes", &levels.notes[0][0], TUNE_CALIBRATION_OCTAVES * TUNE_CALIBRATION_STRETCHES);
        printf("\n }");
    }
    printf("\n}\n");
    return EXIT_SUCCESS;
}
