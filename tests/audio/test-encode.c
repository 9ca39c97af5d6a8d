/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "audio/memory.h"
#include "audio/spill.h"

#define RATE 48000
#define N    30011 /* odd, so that pads are met */

static char *path_of(const char *folder, TuneAudioFormat format)
{
    static const char *const suffix[TUNE_N_AUDIO_FORMATS] = {
        "16.wav", "24.wav", "32f.wav", "16.flac", "24.flac", "x.mp3", "x.ogg", "x.opus"};

    return g_build_filename(folder, suffix[format], NULL);
}

static TuneTags *some_tags(void)
{
    TuneTags *tags = tune_tags_new();
    GString *recipe = g_string_new("{\"engine\":\"compose\",\"filler\":\"");

    for (guint i = 0; recipe->len < 64000; i++)
        g_string_append_printf(recipe, "%u.", i);
    g_string_append(recipe, "\"}");
    tags->recipe = g_string_free(recipe, FALSE);
    tags->title = g_strdup("Bläulicher Morgen \u2669");
    tags->artist = g_strdup("tunesmith");
    tags->genre = g_strdup("jazz");
    tags->comment = g_strdup("a = b, \"quoted\"");
    tags->date = g_strdup("2024-05-06");
    tags->copyright = g_strdup("public domain");
    tags->software = g_strdup("tunesmith 0.1");
    tags->key = g_strdup("F#m");
    tags->bpm = 97.5;
    tags->lyrics = g_strdup("first line\nsecond line\n\nthird");
    tags->rights = g_strdup("composed by a program; sounds FluidR3 (MIT)");
    tags->loop_start = 1000;
    tags->loop_end = 29000;
    return tags;
}

static void assert_same_tags(const TuneTags *a, const TuneTags *b)
{
    g_assert_cmpstr(a->title, ==, b->title);
    g_assert_cmpstr(a->artist, ==, b->artist);
    g_assert_cmpstr(a->genre, ==, b->genre);
    g_assert_cmpstr(a->comment, ==, b->comment);
    g_assert_cmpstr(a->date, ==, b->date);
    g_assert_cmpstr(a->copyright, ==, b->copyright);
    g_assert_cmpstr(a->software, ==, b->software);
    g_assert_cmpstr(a->key, ==, b->key);
    g_assert_cmpfloat(a->bpm, ==, b->bpm);
    g_assert_cmpstr(a->lyrics, ==, b->lyrics);
    g_assert_cmpstr(a->recipe, ==, b->recipe);
    g_assert_cmpstr(a->rights, ==, b->rights);
    g_assert_cmpint(a->loop_start, ==, b->loop_start);
    g_assert_cmpint(a->loop_end, ==, b->loop_end);
}

static void test_every_format_returns_sound_and_tags(void)
{
    g_autofree char *folder = test_folder();
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autoptr(TuneTags) tags = some_tags();

    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = path_of(folder, (TuneAudioFormat)format);
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneTags) read = NULL;
        gsize n;

        test_encode(path, (TuneAudioFormat)format, RATE, frames, N, format % 2 ? N : -1, tags);
        g_autoptr(TuneSource) source = tune_decoder_new(path, &read, &error);
        g_assert_no_error(error);
        assert_same_tags(tags, read);
        g_assert_cmpuint(source->rate, ==, RATE);
        g_assert_cmpuint(source->n_channels, ==, 2);
        g_autofree float *back = test_read_all(source, &n);
        g_test_message("%s: %" G_GSIZE_FORMAT " frames", path, n);
        g_assert_cmpuint(n, ==, N);
        double difference = 0, power = 0;
        for (gsize i = 0; i < 2 * N; i++) {
            difference += pow((double)back[i] - frames[i], 2);
            power += pow(frames[i], 2);
        }
        /* The noise of 16 bits with dither is near -96 dB; the lossy ones keep the tones. */
        double limit[TUNE_N_AUDIO_FORMATS] = {-80, -125, -300, -80, -125, -12, -12, -10};
        g_assert_cmpfloat(10 * log10(difference / power + 1e-31), <, limit[format]);
    }
    test_remove_folder(folder);
}

static void test_float_wav_is_bit_exact(void)
{
    g_autofree char *folder = test_folder();
    g_autofree char *path = path_of(folder, TUNE_AUDIO_WAV32F);
    g_autofree float *frames = test_tones(N, RATE, 3.0f);
    g_autoptr(GError) error = NULL;
    gsize n;

    test_encode(path, TUNE_AUDIO_WAV32F, RATE, frames, N, N, NULL);
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, &error);
    g_assert_no_error(error);
    g_autofree float *back = test_read_all(source, &n);
    g_assert_cmpmem(back, (int)n * 8, frames, N * 8);
    test_remove_folder(folder);
}

static void test_same_frames_give_same_bytes(void)
{
    g_autofree char *folder = test_folder();
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autoptr(TuneTags) tags = some_tags();

    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = path_of(folder, (TuneAudioFormat)format), *one = NULL, *two = NULL;
        gsize n_one, n_two;

        test_encode(path, (TuneAudioFormat)format, RATE, frames, N, N, tags);
        g_assert_true(g_file_get_contents(path, &one, &n_one, NULL));
        test_encode(path, (TuneAudioFormat)format, RATE, frames, N, -1, tags);
        g_assert_true(g_file_get_contents(path, &two, &n_two, NULL));
        g_assert_cmpmem(one, (int)n_one, two, (int)n_two);
    }
    test_remove_folder(folder);
}

static void check_with(const char *program, const char *format, const char *path,
                       const char *expected)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf(format, quoted);
    g_autofree char *out = test_output_of(program, command);

    if (out != NULL && expected != NULL && strstr(out, expected) == NULL)
        g_error("%s: no \"%s\" in:\n%s", command, expected, out);
}

static void test_other_programs_agree(void)
{
    g_autofree char *folder = test_folder();
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autoptr(TuneTags) tags = some_tags();
    g_autofree char *wav = path_of(folder, TUNE_AUDIO_WAV24);
    g_autofree char *flac = path_of(folder, TUNE_AUDIO_FLAC);
    g_autofree char *mp3 = path_of(folder, TUNE_AUDIO_MP3);
    g_autofree char *ogg = path_of(folder, TUNE_AUDIO_OGG);
    g_autofree char *opus = path_of(folder, TUNE_AUDIO_OPUS);

    test_encode(wav, TUNE_AUDIO_WAV24, RATE, frames, N, N, tags);
    test_encode(flac, TUNE_AUDIO_FLAC, RATE, frames, N, N, tags);
    test_encode(mp3, TUNE_AUDIO_MP3, RATE, frames, N, N, tags);
    test_encode(ogg, TUNE_AUDIO_OGG, RATE, frames, N, N, tags);
    test_encode(opus, TUNE_AUDIO_OPUS, RATE, frames, N, N, tags);
    check_with("sox", "soxi -s %s", wav, "30011\n");
    check_with("sox", "sox %s -n stat 2>&1", wav, "Length (seconds):      0.62");
    check_with("flac", "flac -t -s %s 2>&1", flac, "");
    check_with("metaflac", "metaflac --show-tag=TUNESMITH_RECIPE %s", flac,
               "TUNESMITH_RECIPE={\"engine\":\"compose\"");
    check_with("metaflac", "metaflac --show-total-samples %s", flac, "30011\n");
    check_with("metaflac", "metaflac --show-tag=INITIALKEY %s", flac, "INITIALKEY=F#m\n");
    check_with("ogginfo", "ogginfo %s", ogg, "\tTUNESMITH_RECIPE={\"engine\":\"compose\"");
    check_with("opusinfo", "opusinfo %s", opus, "TUNESMITH_RIGHTS=composed by a program");
    const char *const all[] = {wav, flac, mp3, ogg, opus};
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        check_with("ffprobe", "ffprobe -v error -show_entries format_tags:stream_tags %s", all[i],
                   i == 0 ? "TAG:TREC={\"engine\":\"compose\""
                          : "TAG:TUNESMITH_RECIPE={\"engine\":\"compose\"");
        check_with("ffprobe", "ffprobe -v error -of json -show_entries format_tags:stream_tags %s",
                   all[i], "Bläulicher Morgen \u2669");
        check_with("ffmpeg", "ffmpeg -nostdin -v error -xerror -i %s -f null - 2>&1 | wc -c",
                   all[i], "0\n");
    }
    test_remove_folder(folder);
}

/* Runs in a child, whose standard output is the pipe. */
static void pipe_child(void)
{
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autoptr(TuneTags) tags = some_tags();
    int format = atoi(g_getenv("TUNE_TEST_FORMAT"));

    test_encode("-", (TuneAudioFormat)format, RATE, frames, N,
                g_getenv("TUNE_TEST_UNKNOWN") ? -1 : N, tags);
}

static void test_a_pipe_gets_right_headers(gconstpointer data)
{
    g_autofree char *probe = g_find_program_in_path("ffprobe");
    const char *self = data;

    if (probe == NULL) {
        g_test_skip("ffprobe is not installed");
        return;
    }
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *command = g_strdup_printf(
            "TUNE_TEST_FORMAT=%d '%s' --pipe-child | ffprobe -v error -show_entries "
            "format=duration:format_tags=TUNESMITH_RIGHTS,TRGT:"
            "stream_tags=TUNESMITH_RIGHTS:stream=duration,sample_rate -",
            format, self);
        g_autofree char *out = test_output_of("ffprobe", command);
        gboolean ogg = format == TUNE_AUDIO_OGG || format == TUNE_AUDIO_OPUS;

        g_test_message("%s", out);
        g_assert_nonnull(strstr(out, "=composed by a program"));
        g_assert_nonnull(strstr(out, "sample_rate=48000"));
        /* Ogg has no place for the length in front. */
        g_assert_true(ogg || strstr(out, "duration=0.62") != NULL ||
                      (format == TUNE_AUDIO_MP3 && strstr(out, "duration=0.6") != NULL));
    }
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *command =
            g_strdup_printf("TUNE_TEST_UNKNOWN=1 TUNE_TEST_FORMAT=%d '%s' --pipe-child | "
                            "ffmpeg -nostdin -v error -i - -f f32le - | wc -c",
                            format, self);
        g_autofree char *out = test_output_of("ffmpeg", command);
        gint64 n = g_ascii_strtoll(out, NULL, 10) / 8;

        /* Without a length MP3 cannot say what to cut at its ends. */
        g_assert_cmpint(n, >=, N);
        g_assert_cmpint(n, <=, N + 4096);
    }
}

/* The header that we make for a pipe says the same as the one LAME writes at the end. */
static void test_mp3_lengths_agree_with_lame(gconstpointer data)
{
    static const gsize lengths[] = {1, 575, 576, 577, 1151, 1152, 1153, 5000, 48000};
    g_autofree float *frames = test_tones(48000, RATE, 0.5f);
    g_autofree char *folder = test_folder();
    g_autofree char *path = path_of(folder, TUNE_AUDIO_MP3), *pipe = g_strconcat(path, ".p", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autofree char *file = NULL, *piped = NULL;
        gsize n_file, n_piped;
        g_autoptr(GError) error = NULL;

        test_encode(path, TUNE_AUDIO_MP3, RATE, frames, lengths[i], -1, NULL);
        fflush(stdout);
        int saved = dup(1), fd = open(pipe, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, 1);
        close(fd);
        test_encode("-", TUNE_AUDIO_MP3, RATE, frames, lengths[i], (gint64)lengths[i], NULL);
        dup2(saved, 1);
        close(saved);
        g_assert_true(g_file_get_contents(path, &file, &n_file, NULL));
        g_assert_true(g_file_get_contents(pipe, &piped, &n_piped, NULL));
        g_assert_cmpuint(n_file, ==, n_piped);
        g_assert_cmpmem(file + 36, 4, piped + 36, 4);
        g_assert_cmpmem(file + 44, 4, piped + 44, 4);  /* frames */
        g_assert_cmpmem(file + 177, 3, piped + 69, 3); /* delay and padding */
        g_autoptr(TuneSource) source = tune_decoder_new(pipe, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(source->n_frames, ==, (gint64)lengths[i]);
    }
    test_remove_folder(folder);
}

static gboolean gather(gconstpointer data, gsize n_bytes, gpointer user_data, GError **error)
{
    g_byte_array_append(user_data, data, (guint)n_bytes);
    return TRUE;
}

/* Appended in order, whatever the sizes of the pieces, and a file that decodes to the exact length. */
static void test_a_function_gets_a_whole_file(void)
{
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autofree char *folder = test_folder();
    g_autoptr(TuneTags) tags = some_tags();

    for (TuneAudioFormat format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = path_of(folder, format);
        g_autoptr(GByteArray) once = g_byte_array_new(), pieces = g_byte_array_new();
        GByteArray *both[2] = {once, pieces};
        g_autoptr(GError) error = NULL;

        for (guint i = 0; i < 2; i++) {
            gsize step = i == 0 ? N : 777;
            g_autoptr(TuneEncoder) encoder = tune_encoder_new_to(
                "a stream", gather, both[i], format, RATE, 2, N, tags, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(both[i]->len, >=, format <= TUNE_AUDIO_WAV32F ? 44 : 0);
            for (gsize at = 0; at < N; at += step)
                g_assert_true(tune_encoder_write(encoder, frames + 2 * at, MIN(step, N - at), &error));
            tune_encoder_finish(encoder, &error);
            g_assert_no_error(error);
        }
        g_assert_cmpmem(once->data, once->len, pieces->data, pieces->len);
        g_assert_true(g_file_set_contents(path, (char *)once->data, once->len, NULL));
        g_autoptr(TuneTags) read = NULL;
        g_autoptr(TuneSource) source = tune_decoder_new(path, &read, &error);
        g_assert_no_error(error);
        g_assert_cmpint(source->n_frames, ==, N);
        assert_same_tags(read, tags);
    }
    test_remove_folder(folder);
}

static gboolean refuse(gconstpointer data, gsize n_bytes, gpointer user_data, GError **error)
{
    gsize *left = user_data;

    if (n_bytes <= *left) {
        *left -= n_bytes;
        return TRUE;
    }
    g_set_error_literal(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "no more");
    return FALSE;
}

static void test_a_function_that_fails_fails_the_encoder(void)
{
    g_autofree float *frames = test_tones(N, RATE, 0.5f);

    for (TuneAudioFormat format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        gsize left = 2000;
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneEncoder) encoder =
            tune_encoder_new_to("a stream", refuse, &left, format, RATE, 2, N, NULL, &error);

        g_assert_no_error(error);
        if (tune_encoder_write(encoder, frames, N, &error))
            tune_encoder_finish(encoder, &error);
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
        g_assert_cmpstr(error->message, ==, "no more");
    }
}

static void test_failures_leave_nothing(void)
{
    g_autofree char *folder = test_folder();
    g_autofree char *path = g_build_filename(folder, "song.flac", NULL);
    g_autofree char *nowhere = g_build_filename(folder, "gone", "song.flac", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;

    g_assert_null(tune_encoder_new(nowhere, TUNE_AUDIO_FLAC, RATE, 2, -1, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "there is no folder"));
    g_clear_error(&error);
    g_assert_null(tune_encoder_new(folder, TUNE_AUDIO_FLAC, RATE, 2, -1, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
    g_clear_error(&error);
    g_assert_null(tune_encoder_new(path, TUNE_AUDIO_OPUS, 44100, 2, -1, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT);

    float frames[2 * 5000] = {0.5f};
    TuneEncoder *half = tune_encoder_new(path, TUNE_AUDIO_FLAC, RATE, 2, -1, NULL, NULL);
    g_assert_true(tune_encoder_write(half, frames, 5000, NULL));
    tune_encoder_free(half);
    dir = g_dir_open(folder, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
    test_remove_folder(folder);
}

static void test_a_full_disk_is_an_error(void)
{
    g_autofree float *frames = test_tones(RATE, RATE, 0.5f);

    if (!g_file_test("/dev/full", G_FILE_TEST_EXISTS)) {
        g_test_skip("no /dev/full");
        return;
    }
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneEncoder) encoder =
            tune_encoder_new("/dev/full", (TuneAudioFormat)format, RATE, 2, -1, NULL, &error);

        if (encoder != NULL && tune_encoder_write(encoder, frames, RATE, &error))
            tune_encoder_finish(encoder, &error);
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
        g_assert_cmpstr(error->message, ==, "cannot write /dev/full: the disk is full");
    }
}

/* Runs in a child whose folder, in a mount namespace of its own, is a file system of 64 KB: fails
 * to write, and must leave it as it was. */
static void small_disk_child(void)
{
    const char *folder = g_getenv("TUNE_TEST_FOLDER");
    g_autofree float *frames = test_tones(4 * RATE, RATE, 0.5f);

    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = path_of(folder, (TuneAudioFormat)format);
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = NULL;
        TuneEncoder *encoder =
            tune_encoder_new(path, (TuneAudioFormat)format, RATE, 2, -1, NULL, &error);

        for (guint i = 0; i < 4 && error == NULL; i++)
            tune_encoder_write(encoder, frames, 4 * RATE, &error);
        if (error == NULL)
            tune_encoder_finish(encoder, &error);
        tune_encoder_free(encoder);
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
        g_assert_nonnull(strstr(error->message, "the disk is full"));
        dir = g_dir_open(folder, 0, NULL);
        g_assert_null(g_dir_read_name(dir));
    }
    g_setenv("TMPDIR", folder, TRUE);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSpill) spill = tune_spill_new(RATE, 2, &error);
    g_assert_no_error(error);
    g_assert_false(tune_spill_write(spill, frames, 4 * RATE, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
    g_assert_nonnull(strstr(error->message, "the disk is full"));
    puts("well refused");
}

static void test_a_small_disk_is_left_clean(gconstpointer data)
{
    g_autofree char *folder = test_folder();
    g_autofree char *mount = g_strdup_printf(
        "unshare -m sh -c 'mount -t tmpfs -o size=64k none %s && TUNE_TEST_FOLDER=%s \"%s\" "
        "--small-disk-child' 2>&1 || true",
        folder, folder, (const char *)data);
    g_autofree char *out = test_output_of("unshare", mount);

    g_rmdir(folder);
    if (out != NULL && (strstr(out, "unshare:") != NULL || strstr(out, "mount:") != NULL)) {
        g_test_skip("mounting a small file system is not allowed here");
        return;
    }
    g_assert_true(out == NULL || strstr(out, "well refused") != NULL);
}

static void test_broken_files_are_refused(void)
{
    g_autofree char *folder = test_folder();
    g_autofree float *frames = test_tones(N, RATE, 0.5f);
    g_autofree char *junk = g_build_filename(folder, "junk.wav", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_decoder_new("/nonexistent/x.wav", NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(junk, "this is no sound at all", -1, NULL));
    g_assert_null(tune_decoder_new(junk, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN);
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = path_of(folder, (TuneAudioFormat)format), *bytes = NULL;
        gsize n, got = 1;

        test_encode(path, (TuneAudioFormat)format, RATE, frames, N, N, NULL);
        g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
        g_assert_true(g_file_set_contents(path, bytes, (gssize)(n * 2 / 3), NULL));
        g_clear_error(&error);
        g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, &error);
        float block[2 * 1000];
        while (source != NULL && got > 0 && tune_source_read(source, block, 1000, &got, &error))
            ;
        g_test_message("%s: %s", path, error != NULL ? error->message : "no error");
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN);
    }
    test_remove_folder(folder);
}

static void test_silence_stays_silent_and_loud_is_clipped(void)
{
    g_autofree char *folder = test_folder();
    g_autofree char *path = path_of(folder, TUNE_AUDIO_WAV16);
    float frames[2 * 4] = {0, 0, 2.0f, -2.0f, NAN, INFINITY, 0.25f, 0};
    g_autoptr(GError) error = NULL;
    gsize n;

    test_encode(path, TUNE_AUDIO_WAV16, RATE, frames, 4, 4, NULL);
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, &error);
    g_assert_no_error(error);
    g_autofree float *back = test_read_all(source, &n);
    g_assert_cmpuint(n, ==, 4);
    g_assert_cmpfloat(back[0], ==, 0);
    g_assert_cmpfloat(back[2], ==, 32767.0f / 32768.0f);
    g_assert_cmpfloat(back[3], ==, -1.0f);
    g_assert_cmpfloat(back[4], ==, 0);
    g_assert_cmpfloat(back[5], ==, 32767.0f / 32768.0f);
    g_assert_cmpfloat_with_epsilon(back[6], 0.25, 2.0 / 32768);
    test_remove_folder(folder);
}

static void test_resampling_is_exact_in_length(void)
{
    static const guint rates[] = {8000, 22050, 44100, 48000, 96000};

    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
        for (gsize length = 0; length < 100000; length = length * 3 + 1) {
            g_autofree float *frames = test_tones(length, 44100, 0.5f);
            g_autoptr(GError) error = NULL;
            gint64 expected = (gint64)((double)length * rates[i] / 44100 + 0.5);
            gsize n;
            g_autoptr(TuneSource) source = tune_resample_new(
                tune_memory_source_new(frames, length, 2, 44100), rates[i], &error);

            g_assert_no_error(error);
            g_assert_cmpint(source->n_frames, ==, expected);
            g_autofree float *back = test_read_all(source, &n);
            g_assert_cmpint((gint64)n, ==, expected);
        }
    }
}

static void test_resampling_keeps_time_and_level(void)
{
    gsize n_in = 44100, n;
    g_autofree float *frames = g_new(float, n_in);
    double worst = 0;

    for (gsize i = 0; i < n_in; i++)
        frames[i] = (float)(0.7 * sin(2 * G_PI * 1000.0 * (double)i / 44100));
    g_autoptr(TuneSource) source =
        tune_resample_new(tune_memory_source_new(frames, n_in, 1, 44100), 48000, NULL);
    g_autofree float *back = test_read_all(source, &n);
    for (gsize i = 1000; i + 1000 < n; i++)
        worst = MAX(worst, fabs(back[i] - 0.7 * sin(2 * G_PI * 1000.0 * (double)i / 48000)));
    g_assert_cmpfloat(worst, <, 1e-4);
}

static void test_names_and_suffixes(void)
{
    TuneAudioFormat format;
    g_autoptr(GError) error = NULL;

    g_assert_true(tune_audio_format_parse(".FLAC", &format));
    g_assert_cmpint(format, ==, TUNE_AUDIO_FLAC);
    g_assert_false(tune_audio_format_parse("aac", &format));
    g_assert_true(tune_audio_format_of_path("a.b/c.Ogg", &format, NULL));
    g_assert_cmpint(format, ==, TUNE_AUDIO_OGG);
    g_assert_false(tune_audio_format_of_path("a.flac/c", &format, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT);
    for (int i = 0; i < TUNE_N_AUDIO_FORMATS; i++) {
        g_assert_true(tune_audio_format_parse(tune_audio_format_name((TuneAudioFormat)i), &format));
        g_assert_cmpint(format, ==, i);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--pipe-child") == 0) {
        pipe_child();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--small-disk-child") == 0) {
        small_disk_child();
        return 0;
    }
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/format/names-and-suffixes", test_names_and_suffixes);
    g_test_add_func("/audio/encode/sound-and-tags-return",
                    test_every_format_returns_sound_and_tags);
    g_test_add_func("/audio/encode/float-wav-is-bit-exact", test_float_wav_is_bit_exact);
    g_test_add_func("/audio/encode/same-frames-same-bytes", test_same_frames_give_same_bytes);
    g_test_add_func("/audio/encode/other-programs-agree", test_other_programs_agree);
    g_test_add_data_func("/audio/encode/pipe-headers-are-right", argv[0],
                         test_a_pipe_gets_right_headers);
    g_test_add_data_func("/audio/encode/mp3-lengths-agree-with-lame", argv[0],
                         test_mp3_lengths_agree_with_lame);
    g_test_add_func("/audio/encode/function-gets-a-whole-file", test_a_function_gets_a_whole_file);
    g_test_add_func("/audio/encode/failing-function",
                    test_a_function_that_fails_fails_the_encoder);
    g_test_add_func("/audio/encode/failures-leave-nothing", test_failures_leave_nothing);
    g_test_add_func("/audio/encode/full-disk", test_a_full_disk_is_an_error);
    g_test_add_data_func("/audio/encode/small-disk", argv[0], test_a_small_disk_is_left_clean);
    g_test_add_func("/audio/decode/broken-files", test_broken_files_are_refused);
    g_test_add_func("/audio/dither/silence-and-clipping",
                    test_silence_stays_silent_and_loud_is_clipped);
    g_test_add_func("/audio/resample/exact-length", test_resampling_is_exact_in_length);
    g_test_add_func("/audio/resample/time-and-level", test_resampling_keeps_time_and_level);
    return g_test_run();
}
