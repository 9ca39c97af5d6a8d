/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parent's side.  The child is believed in nothing: it may have been taken over by the bytes it
 * read.
 */
#include "audio/aside.h"
#include "audio/aside-wire.h"
#include "tune-config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES  (256 * 1024)
#define SLICE_MS    50   /* how often a cancel is looked for */
#define FAREWELL_MS 1000 /* between the end of the pipe and that of the process */

typedef struct {
    TuneSource base;
    pid_t child; /* 0: reaped */
    int status;
    int pipe_fd;
    TuneAsideLimits limits;
    GCancellable *cancellable;
    gint64 n_given;
    gboolean ended;
    gsize at, n; /* samples of the block, those given away and all */
    float block[2 * TUNE_ASIDE_MAX_FRAMES];
} Aside;

/* ---- starting the child ---- */

static char *find_program(const TuneAsideLimits *limits)
{
    const char *named = limits->program != NULL ? limits->program : g_getenv("TUNESMITH_DECODE");

    if (named != NULL && *named != '\0')
        return g_strdup(named);
    if (*TUNE_BUILD_DECODE != '\0' && g_file_test(TUNE_BUILD_DECODE, G_FILE_TEST_IS_EXECUTABLE))
        return g_strdup(TUNE_BUILD_DECODE);
    return g_strdup(TUNE_DECODE);
}

static void init_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                       int upload_fd, int pipe_fd)
{
    sigset_t none, all;

    posix_spawn_file_actions_init(actions);
    /* Both are above 9: neither step overwrites what a later one needs. */
    posix_spawn_file_actions_adddup2(actions, upload_fd, TUNE_ASIDE_UPLOAD_FD);
    posix_spawn_file_actions_adddup2(actions, pipe_fd, TUNE_ASIDE_PIPE_FD);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY,
                                         0);
    posix_spawn_file_actions_addclosefrom_np(actions, 5);
    posix_spawnattr_init(attributes);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static gboolean spawn(Aside *self, int upload_fd, int pipe_fd, GError **error)
{
    g_autofree char *program = find_program(&self->limits);
    char memory[32], cpu[32], seconds[G_ASCII_DTOSTR_BUF_SIZE];
    char *words[] = {program, memory, cpu, seconds, NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    g_snprintf(memory, sizeof memory, "%" G_GUINT64_FORMAT, self->limits.memory_bytes);
    g_snprintf(cpu, sizeof cpu, "%u", self->limits.cpu_s);
    g_ascii_dtostr(seconds, sizeof seconds, self->limits.max_seconds);
    init_spawn(&actions, &attributes, upload_fd, pipe_fd);
    int code = posix_spawn(&self->child, program, &actions, &attributes, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (code == 0)
        return TRUE;
    self->child = 0;
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MISSING,
                "the program that decodes sound cannot be started: %s: %s", program,
                g_strerror(code));
    return FALSE;
}

/* @fd (taken over) at a number of 10 or more. */
static int move_up(int fd)
{
    int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);

    if (fd >= 0)
        close(fd);
    return moved;
}

static gboolean start(Aside *self, const char *path, GError **error)
{
    int ends[2] = {-1, -1};
    int upload_fd = move_up(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));

    if (upload_fd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "cannot read %s: %s", path,
                    g_strerror(errno));
        if (upload_fd >= 0)
            close(upload_fd);
        return FALSE;
    }
    self->pipe_fd = ends[0];
    fcntl(self->pipe_fd, F_SETPIPE_SZ, PIPE_BYTES); /* fewer changes between the two, if allowed */
    int write_fd = move_up(ends[1]);
    gboolean started = spawn(self, upload_fd, write_fd, error);
    close(upload_fd);
    close(write_fd);
    return started;
}

/* ---- its end ---- */

static void reap(Aside *self, gboolean kill_it)
{
    if (self->child == 0)
        return;
    for (guint waited_ms = 0; !kill_it && waited_ms < FAREWELL_MS; waited_ms += 5) {
        if (waitpid(self->child, &self->status, WNOHANG) != 0) {
            self->child = 0;
            return;
        }
        g_usleep(5000);
    }
    kill(self->child, SIGKILL);
    while (waitpid(self->child, &self->status, 0) < 0 && errno == EINTR)
        ;
    self->child = 0;
}

static gboolean fail(TuneAudioError code, const char *sentence, GError **error)
{
    g_set_error_literal(error, TUNE_AUDIO_ERROR, (gint)code, sentence);
    return FALSE;
}

/* It has ended without saying so. */
static gboolean explain_death(Aside *self, GError **error)
{
    reap(self, FALSE);
    int signal_number = WIFSIGNALED(self->status) ? WTERMSIG(self->status) : 0;

    if (signal_number == SIGXCPU || signal_number == SIGKILL)
        return fail(TUNE_AUDIO_ERROR_MEMORY,
                    "the file takes more time or memory to decode than is allowed", error);
    if (signal_number == SIGSYS)
        return fail(TUNE_AUDIO_ERROR_BROKEN,
                    "the file made the decoder try something that it may not", error);
    if (WIFEXITED(self->status) && WEXITSTATUS(self->status) == 127)
        return fail(TUNE_AUDIO_ERROR_MISSING, "the program that decodes sound does not start",
                    error);
    return fail(
        TUNE_AUDIO_ERROR_BROKEN,
        "the file made the decoder fail: it is damaged, or wants more memory than is allowed",
        error);
}

static gboolean nonsense(Aside *self, GError **error)
{
    reap(self, TRUE);
    return fail(TUNE_AUDIO_ERROR_BROKEN, "the decoder gave an answer that is none", error);
}

/* ---- the pipe ---- */

static gboolean wait_for_child(Aside *self, GError **error)
{
    struct pollfd wanted = {.fd = self->pipe_fd, .events = POLLIN};
    gint64 until_us = g_get_monotonic_time() + (gint64)self->limits.stall_ms * 1000;

    for (;;) {
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return FALSE;
        if (poll(&wanted, 1, SLICE_MS) > 0)
            return TRUE;
        if (g_get_monotonic_time() < until_us)
            continue;
        reap(self, TRUE);
        return fail(TUNE_AUDIO_ERROR_MEMORY, "the decoder gave nothing for too long", error);
    }
}

static gboolean take(Aside *self, gpointer out, gsize n_bytes, GError **error)
{
    guint8 *bytes = out;

    while (n_bytes > 0) {
        if (!wait_for_child(self, error))
            return FALSE;
        gssize n = read(self->pipe_fd, bytes, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return explain_death(self, error);
        bytes += n;
        n_bytes -= (gsize)n;
    }
    return TRUE;
}

static gboolean take_failure(Aside *self, gsize n_bytes, GError **error)
{
    guint8 record[sizeof(guint32) + TUNE_ASIDE_MAX_TEXT];
    guint32 code;

    if (n_bytes < sizeof code || n_bytes > sizeof record)
        return nonsense(self, error);
    if (!take(self, record, n_bytes, error))
        return FALSE;
    memcpy(&code, record, sizeof code);
    g_autofree char *text =
        g_utf8_make_valid((const char *)record + sizeof code, (gssize)(n_bytes - sizeof code));
    for (char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    reap(self, TRUE);
    return fail(code <= TUNE_AUDIO_ERROR_MEMORY ? (TuneAudioError)code : TUNE_AUDIO_ERROR_BROKEN,
                text, error);
}

static gboolean take_format(Aside *self, GError **error)
{
    TuneAsideHead head;
    TuneAsideFormat format;

    if (!take(self, &head, sizeof head, error))
        return FALSE;
    if (head.kind == TUNE_ASIDE_FAILED)
        return take_failure(self, head.n_bytes, error);
    if (head.kind != TUNE_ASIDE_FORMAT || head.n_bytes != sizeof format)
        return nonsense(self, error);
    if (!take(self, &format, sizeof format, error))
        return FALSE;
    if (format.rate < 1000 || format.rate > 384000 || format.n_channels < 1 ||
        format.n_channels > 2 || format.n_frames < -1 ||
        (double)format.n_frames > self->limits.max_seconds * format.rate)
        return nonsense(self, error);
    self->base.rate = format.rate;
    self->base.n_channels = format.n_channels;
    self->base.n_frames = format.n_frames;
    return TRUE;
}

/* Not-a-number and the like must not reach what comes after. */
static void clean(float *samples, gsize n)
{
    for (gsize i = 0; i < n; i++)
        samples[i] = isfinite(samples[i]) ? CLAMP(samples[i], -64.0f, 64.0f) : 0.0f;
}

/* The next block, or the end. */
static gboolean fill(Aside *self, GError **error)
{
    gsize frame = self->base.n_channels * sizeof(float);
    TuneAsideHead head;

    if (!take(self, &head, sizeof head, error))
        return FALSE;
    switch (head.kind) {
    case TUNE_ASIDE_END:
        self->ended = TRUE;
        return TRUE;
    case TUNE_ASIDE_FAILED:
        return take_failure(self, head.n_bytes, error);
    case TUNE_ASIDE_FRAMES:
        break;
    default:
        return nonsense(self, error);
    }
    if (head.n_bytes == 0 || head.n_bytes % frame != 0 ||
        head.n_bytes / frame > TUNE_ASIDE_MAX_FRAMES)
        return nonsense(self, error);
    if (!take(self, self->block, head.n_bytes, error))
        return FALSE;
    self->at = 0;
    self->n = head.n_bytes / sizeof(float);
    clean(self->block, self->n);
    return TRUE;
}

/* ---- the source ---- */

static gboolean aside_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                           GError **error)
{
    Aside *self = (Aside *)base;
    gsize wanted = n_frames * base->n_channels, got = 0;

    *n_got = 0;
    while (got < wanted && !self->ended) {
        if (self->at == self->n && !fill(self, error))
            return FALSE;
        gsize piece = MIN(wanted - got, self->n - self->at);

        memcpy(out + got, self->block + self->at, piece * sizeof *out);
        self->at += piece;
        got += piece;
    }
    *n_got = got / base->n_channels;
    self->n_given += (gint64)*n_got;
    if ((double)self->n_given > self->limits.max_seconds * base->rate + TUNE_ASIDE_MAX_FRAMES)
        return nonsense(self, error); /* the child would have refused */
    return TRUE;
}

static void aside_free(TuneSource *base)
{
    Aside *self = (Aside *)base;

    if (self->pipe_fd >= 0)
        close(self->pipe_fd);
    reap(self, TRUE);
    g_clear_object(&self->cancellable);
    g_free(self);
}

static const TuneSourceClass aside_class = {aside_read, aside_free};

TuneSource *tune_aside_new(const char *path, const TuneAsideLimits *limits,
                           GCancellable *cancellable, GError **error)
{
    g_return_val_if_fail(path != NULL && limits != NULL, NULL);
    Aside *self = g_new0(Aside, 1);

    self->base.class = &aside_class;
    self->pipe_fd = -1;
    self->limits = *limits;
    self->cancellable = cancellable != NULL ? g_object_ref(cancellable) : NULL;
    if (start(self, path, error) && take_format(self, error))
        return &self->base;
    aside_free(&self->base);
    return NULL;
}

gboolean tune_aside_check(const char *path, const TuneAsideLimits *limits,
                          GCancellable *cancellable, TuneAsideSummary *out, GError **error)
{
    g_autoptr(TuneSource) source = tune_aside_new(path, limits, cancellable, error);
    float block[2 * TUNE_ASIDE_MAX_FRAMES];
    float peak = 0.0f;
    gsize got;

    *out = (TuneAsideSummary){0};
    if (source == NULL)
        return FALSE;
    do {
        if (!tune_source_read(source, block, TUNE_ASIDE_MAX_FRAMES, &got, error))
            return FALSE;
        for (gsize i = 0; i < got * source->n_channels; i++)
            peak = MAX(peak, fabsf(block[i]));
        out->n_frames += (gint64)got;
    } while (got > 0);
    out->rate = source->rate;
    out->n_channels = source->n_channels;
    out->seconds = (double)out->n_frames / source->rate;
    out->peak = peak;
    return TRUE;
}
