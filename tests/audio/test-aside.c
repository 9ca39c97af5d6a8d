/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hostile sound, and hostile children.
 */
#include "audio-test.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "audio/aside.h"
#include "audio/confine.h"

#define RATE 44100
#define N    100003

typedef struct {
    char *folder, *path;
    float *frames;
} Scene;

static Scene *scene_new(void)
{
    Scene *self = g_new0(Scene, 1);

    self->folder = test_folder();
    self->path = g_build_filename(self->folder, "upload", NULL);
    self->frames = test_tones(N, RATE, 0.5f);
    return self;
}

static void scene_free(Scene *self)
{
    test_remove_folder(self->folder);
    g_free(self->folder);
    g_free(self->path);
    g_free(self->frames);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scene, scene_free)

static TuneAsideLimits limits_default(void)
{
    TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;

    return limits;
}

static void gives_the_same_sound_as_the_library(void)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_WAV16, TUNE_AUDIO_WAV32F,
                                              TUNE_AUDIO_FLAC24, TUNE_AUDIO_MP3, TUNE_AUDIO_OGG};
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GError) error = NULL;
        gsize n, n_aside;

        test_encode(scene->path, formats[i], RATE, scene->frames, N, -1, NULL);
        g_autoptr(TuneSource) direct = tune_decoder_new(scene->path, NULL, &error);
        g_assert_no_error(error);
        g_autofree float *expected = test_read_all(direct, &n);
        g_autoptr(TuneSource) aside = tune_aside_new(scene->path, &limits, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(aside->rate, ==, RATE);
        g_assert_cmpuint(aside->n_channels, ==, 2);
        g_assert_cmpint(aside->n_frames, ==, direct->n_frames);
        g_autofree float *got = test_read_all(aside, &n_aside);
        g_assert_cmpuint(n_aside, ==, n);
        g_assert_true(memcmp(got, expected, n * 2 * sizeof *got) == 0);
    }
}

static void opus_is_decoded_too(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();
    g_autoptr(GError) error = NULL;
    TuneAsideSummary summary;

    test_encode(scene->path, TUNE_AUDIO_OPUS, 48000, scene->frames, N, -1, NULL);
    g_assert_true(tune_aside_check(scene->path, &limits, NULL, &summary, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(summary.rate, ==, 48000);
    g_assert_cmpfloat(fabs(summary.seconds - N / 48000.0), <, 0.1);
    g_assert_cmpfloat(summary.peak, >, 0.2);
}

static void a_reader_may_leave_at_any_time(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();
    float block[2 * 100];
    gsize got;

    test_encode(scene->path, TUNE_AUDIO_FLAC, RATE, scene->frames, N, -1, NULL);
    for (guint i = 0; i < 5; i++) {
        g_autoptr(TuneSource) aside = tune_aside_new(scene->path, &limits, NULL, NULL);

        for (guint k = 0; k < i; k++)
            g_assert_true(tune_source_read(aside, block, 100, &got, NULL));
    }
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1); /* no child is left, dead or alive */
}

/* ---- files that lie ---- */

static void expect_refusal(Scene *scene, gconstpointer data, gsize n, gint code, const char *says)
{
    TuneAsideLimits limits = limits_default();
    g_autoptr(GError) error = NULL;
    TuneAsideSummary summary;

    g_assert_true(g_file_set_contents(scene->path, data, (gssize)n, NULL));
    g_assert_false(tune_aside_check(scene->path, &limits, NULL, &summary, &error));
    g_test_message("%s", error->message);
    g_assert_error(error, TUNE_AUDIO_ERROR, code);
    g_assert_nonnull(strstr(error->message, says));
}

static void what_is_no_sound_is_refused(void)
{
    g_autoptr(Scene) scene = scene_new();

    expect_refusal(scene, "", 0, TUNE_AUDIO_ERROR_FORMAT, "empty");
    expect_refusal(scene, "%PDF-1.4", 8, TUNE_AUDIO_ERROR_FORMAT, "PDF");
    expect_refusal(scene, "X:1\nK:C\nC", 9, TUNE_AUDIO_ERROR_FORMAT, "score");
    expect_refusal(scene, "fLaC and no more", 16, TUNE_AUDIO_ERROR_BROKEN, "");
    expect_refusal(scene, "RIFF\1\0\0\0WAVE", 12, TUNE_AUDIO_ERROR_BROKEN, "");
}

static void cut_files_are_refused(void)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_WAV16, TUNE_AUDIO_FLAC, TUNE_AUDIO_MP3,
                                              TUNE_AUDIO_OGG};
    g_autoptr(Scene) scene = scene_new();

    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autofree char *bytes = NULL;
        gsize n;

        test_encode(scene->path, formats[i], RATE, scene->frames, N, -1, NULL);
        g_assert_true(g_file_get_contents(scene->path, &bytes, &n, NULL));
        expect_refusal(scene, bytes, n / 2, TUNE_AUDIO_ERROR_BROKEN, "the upload: ");
    }
}

/* Sizes in a WAV's head: of the file, of the format chunk, of the sound. */
static void sizes_of_a_gigabyte_are_only_claims(void)
{
    g_autoptr(Scene) scene = scene_new();
    g_autofree char *bytes = NULL;
    gsize n;

    test_encode(scene->path, TUNE_AUDIO_WAV16, RATE, scene->frames, N, -1, NULL);
    g_assert_true(g_file_get_contents(scene->path, &bytes, &n, NULL));
    static const gsize sizes_at[] = {16, 40};
    for (gsize i = 0; i < G_N_ELEMENTS(sizes_at); i++) {
        g_autofree char *liar = g_memdup2(bytes, n);

        memcpy(liar + sizes_at[i], "\0\0\0\x40", 4);
        expect_refusal(scene, liar, n, TUNE_AUDIO_ERROR_BROKEN, "");
    }
}

/* STREAMINFO's count of samples is 36 bits at byte 21 (RFC 9639, 8.2). */
static void a_flac_of_weeks_is_refused_before_it_is_decoded(void)
{
    g_autoptr(Scene) scene = scene_new();
    g_autofree char *bytes = NULL;
    gsize n;

    test_encode(scene->path, TUNE_AUDIO_FLAC, RATE, scene->frames, N, -1, NULL);
    g_assert_true(g_file_get_contents(scene->path, &bytes, &n, NULL));
    bytes[21] = (char)((guint8)bytes[21] | 0x0f);
    expect_refusal(scene, bytes, n, TUNE_AUDIO_ERROR_MEMORY, "longer than");
}

/* Hours of silence in a few kilobytes, and no word of it in the head. */
static void silence_without_end_is_stopped(void)
{
    g_autoptr(Scene) scene = scene_new();
    g_autofree float *silence = g_new0(float, 2 * 60 * 8000);
    g_autoptr(GError) error = NULL;
    TuneAsideLimits limits = limits_default();
    TuneAsideSummary summary;
    g_autofree char *bytes = NULL;
    gsize n;

    test_encode(scene->path, TUNE_AUDIO_FLAC, 8000, silence, 60 * 8000, -1, NULL);
    g_assert_true(g_file_get_contents(scene->path, &bytes, &n, NULL));
    g_assert_cmpuint(n, <, 20000);
    memset(bytes + 22, 0, 4); /* length: not known */
    bytes[21] = (char)((guint8)bytes[21] & 0xf0);
    g_assert_true(g_file_set_contents(scene->path, bytes, (gssize)n, NULL));
    limits.max_seconds = 30;
    g_assert_false(tune_aside_check(scene->path, &limits, NULL, &summary, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY);
    g_assert_nonnull(strstr(error->message, "longer than the 30 seconds"));
}

static void no_damage_does_more_than_fail(void)
{
    static const TuneAudioFormat formats[] = {TUNE_AUDIO_WAV16, TUNE_AUDIO_FLAC, TUNE_AUDIO_MP3,
                                              TUNE_AUDIO_OGG};
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();

    for (guint i = 0; i < 60; i++) {
        g_autofree char *bytes = NULL;
        g_autoptr(GError) error = NULL;
        TuneAsideSummary summary;
        gsize n;

        if (i % 15 == 0)
            test_encode(scene->path, formats[i / 15], RATE, scene->frames, 20000, -1, NULL);
        g_assert_true(g_file_get_contents(scene->path, &bytes, &n, NULL));
        for (guint k = 0; k < 3; k++) {
            gsize at = (i * 7919u + k * 104729u) % MIN(n, k == 0 ? 60 : n);

            bytes[at] = (char)((guint8)bytes[at] ^ (guint8)(1u << (i + k) % 8));
        }
        g_autofree char *damaged = g_strconcat(scene->path, ".damaged", NULL);
        g_assert_true(g_file_set_contents(damaged, bytes, (gssize)n, NULL));
        if (!tune_aside_check(damaged, &limits, NULL, &summary, &error))
            g_assert_true(error->domain == TUNE_AUDIO_ERROR);
    }
}

/* ---- children that misbehave ---- */

static void expect_of_child(Scene *scene, const char *script, guint stall_ms, gint code,
                            const char *says)
{
    TuneAsideLimits limits = limits_default();
    g_autofree char *program = g_build_filename(scene->folder, "child.sh", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", script);
    g_autoptr(GError) error = NULL;
    TuneAsideSummary summary;

    g_assert_true(g_file_set_contents(program, text, -1, NULL));
    g_assert_cmpint(g_chmod(program, 0755), ==, 0);
    g_assert_true(g_file_set_contents(scene->path, "x", 1, NULL));
    limits.program = program;
    limits.stall_ms = stall_ms;
    g_assert_false(tune_aside_check(scene->path, &limits, NULL, &summary, &error));
    g_test_message("%s: %s", script, error->message);
    g_assert_error(error, TUNE_AUDIO_ERROR, code);
    g_assert_nonnull(strstr(error->message, says));
}

static void a_child_is_believed_in_nothing(void)
{
    g_autoptr(Scene) scene = scene_new();
    const char *format = "printf 'TSD1\\020\\0\\0\\0\\104\\254\\0\\0\\002\\0\\0\\0"
                         "\\377\\377\\377\\377\\377\\377\\377\\377' >&4";
    g_autofree char *too_much =
        g_strconcat(format, "; printf 'USD1\\377\\377\\377\\377' >&4", NULL);
    g_autofree char *odd = g_strconcat(format, "; printf 'USD1\\007\\0\\0\\0' >&4", NULL);
    g_autofree char *stops = g_strconcat(format, "; exec sleep 100", NULL);

    expect_of_child(scene, "printf 'nonsense' >&4", 60000, TUNE_AUDIO_ERROR_BROKEN, "none");
    expect_of_child(scene, too_much, 60000, TUNE_AUDIO_ERROR_BROKEN, "none");
    expect_of_child(scene, odd, 60000, TUNE_AUDIO_ERROR_BROKEN, "none");
    expect_of_child(scene, "printf 'WSD1\\377\\377\\0\\0' >&4", 60000, TUNE_AUDIO_ERROR_BROKEN,
                    "none");
    expect_of_child(scene, "printf 'WSD1\\012\\0\\0\\0\\377\\377\\0\\0bad\\nxx' >&4", 60000,
                    TUNE_AUDIO_ERROR_BROKEN, "bad xx");
    expect_of_child(scene, "exit 0", 60000, TUNE_AUDIO_ERROR_BROKEN, "fail");
    expect_of_child(scene, "kill -SEGV $$", 60000, TUNE_AUDIO_ERROR_BROKEN, "fail");
    expect_of_child(scene, "kill -SYS $$", 60000, TUNE_AUDIO_ERROR_BROKEN, "may not");
    expect_of_child(scene, "ulimit -t 1; while :; do :; done", 60000, TUNE_AUDIO_ERROR_MEMORY,
                    "more time");
    expect_of_child(scene, "exec sleep 100", 300, TUNE_AUDIO_ERROR_MEMORY, "too long");
    expect_of_child(scene, stops, 300, TUNE_AUDIO_ERROR_MEMORY, "too long");
    expect_of_child(scene, "exec 4>&-; exec sleep 100", 300, TUNE_AUDIO_ERROR_MEMORY, "");
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

static void memory_is_limited(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();
    TuneAsideSummary summary;

    test_encode(scene->path, TUNE_AUDIO_OGG, RATE, scene->frames, N, -1, NULL);
    g_assert_true(tune_aside_check(scene->path, &limits, NULL, &summary, NULL));
    if (TUNE_CONFINE_SANITIZED) {
        g_test_skip("a sanitized child has no limit of memory");
        return;
    }
    for (guint64 bytes = 4096; bytes <= 1u << 20; bytes *= 16) {
        g_autoptr(GError) error = NULL;

        limits.memory_bytes = bytes;
        g_assert_false(tune_aside_check(scene->path, &limits, NULL, &summary, &error));
        g_test_message("%" G_GUINT64_FORMAT " bytes: %s", bytes, error->message);
        g_assert_true(error->domain == TUNE_AUDIO_ERROR);
        g_assert_nonnull(strstr(error->message, "memory"));
    }
}

static void a_missing_program_is_said(void)
{
    g_autoptr(Scene) scene = scene_new();
    TuneAsideLimits limits = limits_default();
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(scene->path, "x", 1, NULL));
    limits.program = "/nowhere/tunesmith-decode";
    g_assert_null(tune_aside_new(scene->path, &limits, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MISSING);
    g_clear_error(&error);
    limits.program = NULL;
    g_assert_null(tune_aside_new("/nowhere/upload", &limits, NULL, &error));
    g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO);
}

static void a_cancel_ends_it(void)
{
    g_autoptr(Scene) scene = scene_new();
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    TuneAsideLimits limits = limits_default();
    g_autoptr(GError) error = NULL;
    TuneAsideSummary summary;

    test_encode(scene->path, TUNE_AUDIO_FLAC, RATE, scene->frames, N, -1, NULL);
    g_cancellable_cancel(cancellable);
    g_assert_false(tune_aside_check(scene->path, &limits, cancellable, &summary, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- the confinement ---- */

#define NEVER_CAME 99

/* What becomes of a child that is confined and then does @act: its status of waitpid(). */
static int confined(void (*act)(void))
{
    int status, ends[2];

    g_assert_cmpint(pipe(ends), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        TuneConfinement limits = {0, 60, ends[1]};

        if (!tune_confine(&limits, NULL))
            _exit(NEVER_CAME);
        act();
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 2);
    }
    waitpid(child, &status, 0);
    close(ends[0]);
    close(ends[1]);
    return status;
}

static void do_nothing(void)
{
}

static void open_a_file(void)
{
    if (open("/etc/passwd", O_RDONLY) >= 0 || open("/tmp/x", O_WRONLY | O_CREAT, 0600) >= 0)
        _exit(1);
}

static void open_a_socket(void)
{
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0)
        _exit(1);
}

static void start_a_program(void)
{
    execl("/bin/true", "true", NULL);
    _exit(1);
}

static void make_a_process(void)
{
    if (fork() >= 0)
        _exit(1);
}

static void write_elsewhere(void)
{
    if (write(2, "#\n", 2) == 2)
        _exit(1);
}

static void make_code(void)
{
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
        MAP_FAILED)
        _exit(1);
}

static void kill_the_parent(void)
{
    if (kill(getppid(), 0) == 0)
        _exit(1);
}

static void the_confined_can_do_nothing_else(void)
{
    void (*const acts[])(void) = {open_a_socket,   start_a_program, make_a_process,
                                  write_elsewhere, make_code,       kill_the_parent};
    int status = confined(do_nothing);

    if (WIFEXITED(status) && WEXITSTATUS(status) == NEVER_CAME) {
        g_test_skip("this system confines nobody");
        return;
    }
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpint(confined(open_a_file), ==, 0); /* refused, and goes on */
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++) {
        status = confined(acts[i]);
        /* With a sanitizer the call fails instead; either way it does not happen. */
        g_assert_true(
            (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) ||
            (WIFEXITED(status) && (WEXITSTATUS(status) == 0 || acts[i] == start_a_program)));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/aside/same-sound", gives_the_same_sound_as_the_library);
    g_test_add_func("/audio/aside/opus", opus_is_decoded_too);
    g_test_add_func("/audio/aside/leave", a_reader_may_leave_at_any_time);
    g_test_add_func("/audio/aside/no-sound", what_is_no_sound_is_refused);
    g_test_add_func("/audio/aside/cut", cut_files_are_refused);
    g_test_add_func("/audio/aside/gigabyte-claims", sizes_of_a_gigabyte_are_only_claims);
    g_test_add_func("/audio/aside/flac-of-weeks", a_flac_of_weeks_is_refused_before_it_is_decoded);
    g_test_add_func("/audio/aside/endless-silence", silence_without_end_is_stopped);
    g_test_add_func("/audio/aside/damage", no_damage_does_more_than_fail);
    g_test_add_func("/audio/aside/bad-children", a_child_is_believed_in_nothing);
    g_test_add_func("/audio/aside/memory", memory_is_limited);
    g_test_add_func("/audio/aside/missing-program", a_missing_program_is_said);
    g_test_add_func("/audio/aside/cancel", a_cancel_ends_it);
    g_test_add_func("/audio/confine/nothing-else", the_confined_can_do_nothing_else);
    return g_test_run();
}
