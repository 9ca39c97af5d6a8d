/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random-score.h"

TuneScore *write_and_read(const TuneScore *score, TuneScoreFormat format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = tune_score_write(score, format, &error);

    g_assert_no_error(error);
    TuneScore *back =
        tune_score_read("copy", g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &error);
    g_assert_no_error(error);
    g_assert_nonnull(back);
    return back;
}
