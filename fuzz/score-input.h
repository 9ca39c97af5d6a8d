/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Any bytes as a score in this format; what is accepted must be a valid score that can be written
 * in every format (the input's length chooses) and read again.
 */
#pragma once
#include "score/format.h"

static void write_and_read(const TuneScore *score, TuneScoreFormat format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = tune_score_write(score, format, &error);

    if (bytes == NULL) {
        g_assert_error(error, TUNE_SCORE_ERROR, TUNE_SCORE_ERROR_UNSUPPORTED);
        return;
    }
    g_autoptr(TuneScore) back =
        tune_score_read("copy", g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &error);
    g_assert_no_error(error);
    g_assert_nonnull(back);
}

typedef TuneScore *(*ScoreReader)(const char *name, const guint8 *data, gsize size, GError **error);

static int read_input(ScoreReader reader, const guint8 *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score = reader("input", data, size, &error);

    g_assert_true((score == NULL) == (error != NULL));
    if (score == NULL) {
        g_assert_true(error->domain == TUNE_SCORE_ERROR);
        return 0;
    }
    if (score->ticks > 8 * 4 * TUNE_PPQ) /* long silences only make the fuzzer slow */
        return 0;
    write_and_read(score, (TuneScoreFormat)(size % TUNE_SCORE_UNKNOWN));
    return 0;
}
