/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ten minutes take no more memory than one: at most 40 MB more at the peak.
 */
#include "scores.h"
#include "synth/synth.h"
#include <stdio.h>
#include <string.h>

/* Peak resident memory of this process in kilobytes, 0 where /proc does not tell. */
static guint64 peak_kilobytes(void)
{
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) ||
        (line = strstr(text, "VmHWM:")) == NULL)
        return 0;
    return g_ascii_strtoull(line + 6, NULL, 10);
}

static void render(gint bars)
{
    g_autoptr(TuneScore) score = test_score_new(bars, 120, 4);
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, NULL);
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    TuneSource *mix = tune_synth_render(synth, score, &options, NULL);
    TuneMasterOptions master = {.kind = TUNE_MASTER_EXACT, .loudness_lufs = -14, .peak_dbtp = -1,
                                .score = score};
    g_autoptr(TuneSource) source = tune_master_new(mix, &master, NULL);
    float block[2 * 4096];
    gsize got;

    do
        g_assert_true(tune_source_read(source, block, 4096, &got, NULL));
    while (got > 0);
}

static void test_memory(void)
{
    render(30);
    guint64 one = peak_kilobytes();

    render(300);
    guint64 ten = peak_kilobytes();

    if (one == 0) {
        g_test_skip("no /proc");
        return;
    }
    g_test_message("1 min: %u MB, 10 min: %u MB", (guint)(one / 1024), (guint)(ten / 1024));
    g_assert_cmpuint(ten, <=, one + 40 * 1024);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/memory/bounded", test_memory);
    return g_test_run();
}
