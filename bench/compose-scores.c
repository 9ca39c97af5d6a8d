/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Composes plain pieces of every style and writes their scores, without sound: material for
 * bench/structure.py and bench/separate.py.
 *
 *   compose-scores FOLDER SECONDS FIRST_SEED N_SEEDS [STYLE ...]     writes FOLDER/STYLE-SEED.json
 */
#include "compose/compose.h"
#include "score/format.h"

#include <stdio.h>
#include <stdlib.h>

static gboolean write_one(const TuneVocabulary *vocabulary, const TuneStyle *style,
                          const char *seconds, guint64 seed, const char *folder, GError **error)
{
    g_autoptr(TuneBrief) brief = tune_brief_new();
    g_autofree char *path = g_strdup_printf("%s/%s-%" G_GUINT64_FORMAT ".json", folder,
                                            tune_style_name(style), seed);

    if (!tune_brief_set_field(brief, vocabulary, "genre", tune_style_name(style), error) ||
        !tune_brief_set_field(brief, vocabulary, "duration", seconds, error) ||
        !tune_brief_complete(brief, vocabulary, error))
        return FALSE;
    g_autoptr(TuneScore) score = tune_compose(brief, vocabulary, seed, NULL, error);
    g_autoptr(GBytes) bytes = score != NULL ? tune_score_write_json(score, error) : NULL;
    gsize size = 0;
    if (bytes == NULL)
        return FALSE;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    return g_file_set_contents(path, data, (gssize)size, error);
}

static gboolean is_asked(const char *name, int argc, char **argv)
{
    for (int i = 5; i < argc; i++)
        if (g_strcmp0(argv[i], name) == 0)
            return TRUE;
    return argc <= 5;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc < 5) {
        fprintf(stderr, "usage: compose-scores FOLDER SECONDS FIRST_SEED N_SEEDS [STYLE ...]\n");
        return 2;
    }
    guint64 first = g_ascii_strtoull(argv[3], NULL, 10), n = g_ascii_strtoull(argv[4], NULL, 10);
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    TuneStyles *styles = vocabulary != NULL ? tune_vocabulary_styles(vocabulary) : NULL;
    for (guint i = 0; styles != NULL && i < tune_styles_count(styles); i++) {
        const TuneStyle *style = tune_styles_at(styles, i);
        for (guint64 seed = first;
             error == NULL && is_asked(tune_style_name(style), argc, argv) && seed < first + n; seed++)
            write_one(vocabulary, style, argv[2], seed, argv[1], &error);
    }
    if (error != NULL)
        fprintf(stderr, "%s\n", error->message);
    return error != NULL;
}
