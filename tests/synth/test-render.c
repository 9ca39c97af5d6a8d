/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scores.h"
#include "synth/synth.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* Everything a source gives, by reads of odd sizes. */
static GArray *read_all(TuneSource *source)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(float));
    float block[2 * 1000];
    gsize got;

    do {
        g_autoptr(GError) error = NULL;

        g_assert_true(tune_source_read(source, block, 1000, &got, &error));
        g_assert_no_error(error);
        g_array_append_vals(out, block, (guint)(2 * got));
    } while (got > 0);
    return out;
}

static TuneSynth *new_synth(guint n_threads)
{
    g_autoptr(GError) error = NULL;
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;

    config.n_threads = n_threads;
    TuneSynth *synth = tune_synth_new(&config, &error);

    g_assert_no_error(error);
    return synth;
}

static GArray *render_with(TuneSynth *synth, const TuneScore *score, TuneSynthOptions *options)
{
    g_autoptr(GError) error = NULL;
    TuneSynthOptions defaults = TUNE_SYNTH_OPTIONS_DEFAULT;
    g_autoptr(TuneSource) source =
        tune_synth_render(synth, score, options != NULL ? options : &defaults, &error);

    g_assert_no_error(error);
    return read_all(source);
}

static void assert_same(const GArray *a, const GArray *b)
{
    g_assert_cmpuint(a->len, ==, b->len);
    g_assert_cmpint(memcmp(a->data, b->data, a->len * sizeof(float)), ==, 0);
}

static double rms(const GArray *pcm, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = 2 * from; i < 2 * to && i < pcm->len; i++)
        sum += (double)g_array_index(pcm, float, i) * (double)g_array_index(pcm, float, i);
    return sqrt(sum / (double)(2 * (to - from)));
}

/* First frame whose sample is louder than @level. */
static gsize first_sound(const GArray *pcm, gsize from, float level)
{
    for (gsize i = from; i < pcm->len / 2; i++)
        if (fabsf(g_array_index(pcm, float, 2 * i)) > level ||
            fabsf(g_array_index(pcm, float, 2 * i + 1)) > level)
            return i;
    return pcm->len / 2;
}

static void test_thread_count(void)
{
    g_autoptr(TuneScore) score = test_score_new(4, 132, 8);
    g_autoptr(TuneSynth) one = new_synth(1), two = new_synth(2), five = new_synth(5);
    g_autoptr(GArray) a = render_with(one, score, NULL);
    g_autoptr(GArray) b = render_with(two, score, NULL);
    g_autoptr(GArray) c = render_with(five, score, NULL);

    g_assert_cmpfloat(rms(a, 0, 44100), >, 0.005);
    assert_same(a, b);
    assert_same(a, c);
}

/* Voices that have played something else must sound like new ones. */
static void test_reuse(void)
{
    g_autoptr(TuneScore) score = test_score_new(3, 120, 6);
    g_autoptr(TuneScore) other = test_score_new(2, 90, 10);
    g_autoptr(TuneSynth) fresh = new_synth(2), used = new_synth(2);
    g_autoptr(GArray) expected = render_with(fresh, score, NULL);
    g_autoptr(GArray) dropped = render_with(used, other, NULL);
    g_autoptr(GArray) again = render_with(used, score, NULL);

    assert_same(expected, again);
    tune_synth_release_memory(used);
    g_autoptr(GArray) reloaded = render_with(used, score, NULL);

    assert_same(expected, reloaded);
    {
        /* Left in the middle of a chord. */
        TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
        g_autoptr(TuneSource) source = tune_synth_render(used, score, &options, NULL);
        float block[2 * 5000];
        gsize got;

        g_assert_true(tune_source_read(source, block, 5000, &got, NULL));
    }
    g_autoptr(GArray) after = render_with(used, score, NULL);

    assert_same(expected, after);
}

typedef struct {
    GArray *sum;
    guint n_tracks, next;
    gsize done, n;
} Sum;

static gboolean add_stem(guint track, const float *frames, gsize n, gpointer user_data,
                         GError **error)
{
    Sum *sum = user_data;

    g_assert_cmpuint(track, ==, sum->next);
    sum->next = (track + 1) % sum->n_tracks;
    if (track == 0) {
        sum->done = sum->sum->len;
        g_array_append_vals(sum->sum, frames, (guint)(2 * n));
        return TRUE;
    }
    for (gsize i = 0; i < 2 * n; i++)
        g_array_index(sum->sum, float, sum->done + i) += frames[i];
    return TRUE;
}

static void test_stems_sum(void)
{
    g_autoptr(TuneScore) score = test_score_new(4, 120, 9);
    g_autoptr(TuneSynth) synth = new_synth(2);
    g_autoptr(GArray) without = render_with(synth, score, NULL);
    g_autoptr(GArray) sum = g_array_new(FALSE, FALSE, sizeof(float));
    Sum state = {sum, score->tracks->len, 0, 0, 0};
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;

    options.stem_sink = add_stem;
    options.stem_user_data = &state;
    g_autoptr(GArray) with = render_with(synth, score, &options);

    assert_same(with, without);
    assert_same(with, sum);
}

static void test_exact_length(void)
{
    const gint64 lengths_us[] = {1000000, 3333333, 7000011};
    const guint rates[] = {22050, 44100, 48000, 96000};
    g_autoptr(TuneSynth) synth = new_synth(2);

    for (gsize l = 0; l < G_N_ELEMENTS(lengths_us); l++)
        for (gsize r = 0; r < G_N_ELEMENTS(rates); r++) {
            g_autoptr(TuneScore) score = test_score_new(2, 120, 2);
            TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;

            score->length_us = lengths_us[l];
            options.rate = rates[r];
            g_autoptr(GArray) pcm = render_with(synth, score, &options);

            g_assert_cmpint(pcm->len / 2, ==,
                            llround((double)lengths_us[l] * rates[r] / 1e6));
        }
}

static void test_natural_tail(void)
{
    g_autoptr(TuneScore) score = test_score_new(1, 120, 3);
    g_autoptr(TuneSynth) synth = new_synth(2);
    g_autoptr(GArray) pcm = render_with(synth, score, NULL);
    gsize n = pcm->len / 2;

    g_assert_cmpuint(n, >, 2 * 44100);
    g_assert_cmpuint(n, <=, 14 * 44100 + 64);
    /* The end is silence, what comes before is not. */
    g_assert_cmpfloat(rms(pcm, n - 500, n), <, 0.0005);
    g_assert_cmpfloat(rms(pcm, 0, 44100), >, 0.005);
}

/* One short organ note: it sounds while held, soon after it is gone. */
static void test_releases_after_note_off(void)
{
    g_autoptr(TuneScore) score = test_score_empty(120);
    TuneTrack *track = tune_score_add_track(score, "organ", "Organ");

    track->program = 16;
    test_score_note(track, 0, 2 * TUNE_PPQ, 60, 100);
    score->ticks = 8 * TUNE_PPQ;
    score->length_us = 4000000;
    test_score_finish(score);
    g_autoptr(TuneSynth) synth = new_synth(1);
    g_autoptr(GArray) pcm = render_with(synth, score, NULL);

    g_assert_cmpfloat(rms(pcm, 30000, 40000), >, 0.01);
    g_assert_cmpfloat(rms(pcm, 110000, 120000), <, rms(pcm, 30000, 40000) * 0.01);
}

static float peak_of(const GArray *pcm)
{
    float peak = 0;

    for (guint i = 0; i < pcm->len; i++)
        peak = MAX(peak, fabsf(g_array_index(pcm, float, i)));
    return peak;
}

/* Clicks at the beats of a tempo map begin where the map says. */
static void test_tempo_map(void)
{
    g_autoptr(TuneScore) score = test_score_empty(100);
    TuneTrack *track = tune_score_add_track(score, "sticks", "Sticks");
    TuneTempo tempos[] = {{4 * TUNE_PPQ, 63}, {8 * TUNE_PPQ, 171.3}};

    track->is_drums = TRUE;
    g_array_append_vals(score->tempos, tempos, 2);
    for (gint beat = 0; beat < 12; beat++)
        test_score_note(track, beat * TUNE_PPQ, 120, 37, 120);
    score->ticks = 12 * TUNE_PPQ;
    test_score_finish(score);
    g_autoptr(TuneSynth) synth = new_synth(2);
    g_autoptr(GArray) pcm = render_with(synth, score, NULL);
    double late = 0;
    float level = 0.3f * peak_of(pcm);

    for (gint beat = 0; beat < 12; beat++) {
        double expected = tune_score_seconds(score, beat * TUNE_PPQ) * 44100;
        gsize from = (gsize)MAX(0, expected - 2000);
        gsize at = first_sound(pcm, from, level);
        double off = (double)at - expected;

        if (beat == 0)
            late = off; /* the attack of the sound itself */
        g_assert_cmpfloat(fabs(off - late), <=, 64 + 32);
        g_assert_cmpfloat(off, <, 0.005 * 44100);
    }
}

/* Microseconds from the cancel until the source is gone. */
static gint64 time_cancel(TuneSynth *synth, const TuneScore *score)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;

    options.cancellable = cancellable;
    TuneSource *source = tune_synth_render(synth, score, &options, &error);
    float block[2 * 4096];
    gsize got;

    g_assert_true(tune_source_read(source, block, 4096, &got, &error));
    g_cancellable_cancel(cancellable);
    gint64 start = g_get_monotonic_time();
    gboolean ok;

    do
        ok = tune_source_read(source, block, 4096, &got, &error);
    while (ok && got > 0);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    tune_source_free(source);
    return g_get_monotonic_time() - start;
}

static void test_cancel(void)
{
    g_autoptr(TuneScore) score = test_score_new(64, 120, 8);
    g_autoptr(TuneSynth) synth = new_synth(2);
    gint64 best = G_MAXINT64;

    /* The best of three: the machine may be busy with other things. */
    for (gint i = 0; i < 3 && best >= 100000; i++)
        best = MIN(best, time_cancel(synth, score));
    g_test_message("cancelled after %.1f ms at best", (double)best / 1000);
}

static void test_missing_soundfont(void)
{
    g_autoptr(GError) error = NULL;
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;

    config.soundfont = "/nonexistent/none.sf2";
    g_assert_null(tune_synth_new(&config, &error));
    g_assert_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT);
    g_assert_nonnull(strstr(error->message, "/nonexistent/none.sf2"));
}

/* A file that begins like a SoundFont and is none. */
static void test_broken_soundfont(void)
{
    g_autoptr(TuneScore) score = test_score_new(1, 120, 2);
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "tune-broken-XXXXXX", NULL);
    gint fd = g_mkstemp(path);
    g_autoptr(GError) error = NULL;
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(g_close(fd, NULL));
    g_assert_true(g_file_set_contents(path, "RIFF\x10\0\0\0sfbkLIST\x04\0\0\0INFO", 24, NULL));
    config.soundfont = path;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, &error);

    g_assert_no_error(error);
    TuneSynthOptions options = TUNE_SYNTH_OPTIONS_DEFAULT;
    g_autoptr(TuneSource) source = tune_synth_render(synth, score, &options, &error);
    float block[2 * 64];
    gsize got;

    g_assert_true(source == NULL || !tune_source_read(source, block, 64, &got, &error));
    g_assert_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT);
    g_assert_nonnull(strstr(error->message, path));
    g_assert_cmpint(remove(path), ==, 0);
}

static void test_no_tracks(void)
{
    g_autoptr(TuneScore) score = test_score_empty(120);
    g_autoptr(TuneSynth) synth = new_synth(2);

    score->ticks = 4 * TUNE_PPQ;
    score->length_us = 2000000;
    test_score_finish(score);
    g_autoptr(GArray) pcm = render_with(synth, score, NULL);

    g_assert_cmpuint(pcm->len, ==, 2 * 88200);
    g_assert_cmpfloat(rms(pcm, 0, 88200), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/render/same-for-any-thread-count", test_thread_count);
    g_test_add_func("/synth/render/same-with-used-voices", test_reuse);
    g_test_add_func("/synth/render/stems-sum-to-mix", test_stems_sum);
    g_test_add_func("/synth/render/exact-length", test_exact_length);
    g_test_add_func("/synth/render/natural-tail", test_natural_tail);
    g_test_add_func("/synth/stem/releases-after-note-off", test_releases_after_note_off);
    g_test_add_func("/synth/stem/follows-tempo-map", test_tempo_map);
    g_test_add_func("/synth/render/cancels-quickly", test_cancel);
    g_test_add_func("/synth/soundfont/missing", test_missing_soundfont);
    g_test_add_func("/synth/soundfont/broken", test_broken_soundfont);
    g_test_add_func("/synth/render/no-tracks", test_no_tracks);
    return g_test_run();
}
