/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tunesmith-decode MEMORY_BYTES CPU_SECONDS MAX_SECONDS: the decoding child of audio/aside.c.
 * Descriptor 3 is the sound, 4 the pipe.  It is confined before it reads the first byte.
 */
#include "audio/aside-wire.h"
#include "audio/confine.h"
#include "audio/encode.h"
#include "audio/sniff.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The reader has gone, or the pipe is no pipe: there is nobody to tell. */
static gboolean put(gconstpointer data, gsize n_bytes)
{
    const guint8 *bytes = data;

    while (n_bytes > 0) {
        gssize n = write(TUNE_ASIDE_PIPE_FD, bytes, n_bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        bytes += n;
        n_bytes -= (gsize)n;
    }
    return TRUE;
}

static gboolean put_record(TuneAsideKind kind, gconstpointer data, gsize n_bytes)
{
    TuneAsideHead head = {(guint32)kind, (guint32)n_bytes};

    return put(&head, sizeof head) && put(data, n_bytes);
}

static int tell_failure(const GError *error)
{
    guint8 record[sizeof(guint32) + TUNE_ASIDE_MAX_TEXT];
    guint32 code =
        error->domain == TUNE_AUDIO_ERROR ? (guint32)error->code : TUNE_AUDIO_ERROR_BROKEN;
    gsize n = MIN(strlen(error->message), TUNE_ASIDE_MAX_TEXT);

    memcpy(record, &code, sizeof code);
    memcpy(record + sizeof code, error->message, n);
    put_record(TUNE_ASIDE_FAILED, record, sizeof code + n);
    return 1;
}

/* Only what is sound by its first bytes reaches a library. */
static gboolean check_kind(GError **error)
{
    g_autofree guint8 *head = g_malloc(TUNE_SNIFF_BYTES);
    gssize n = pread(TUNE_ASIDE_UPLOAD_FD, head, TUNE_SNIFF_BYTES, 0);
    TuneSniffed kind;

    if (!tune_sniff(head, n > 0 ? (gsize)n : 0, &kind, error))
        return FALSE;
    if (tune_sniffed_is_sound(kind))
        return TRUE;
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                "the file is a score (%s), no sound", tune_sniffed_name(kind));
    return FALSE;
}

static gboolean too_long(double seconds, double most, GError **error)
{
    if (seconds <= most)
        return FALSE;
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_MEMORY,
                "the sound is longer than the %.0f seconds that are taken", most);
    return TRUE;
}

static gboolean pass_on(TuneSource *source, double max_seconds, GError **error)
{
    float frames[2 * TUNE_ASIDE_MAX_FRAMES];
    gint64 n_frames = 0;
    gsize got;

    do {
        if (!tune_source_read(source, frames, TUNE_ASIDE_MAX_FRAMES, &got, error))
            return FALSE;
        n_frames += (gint64)got;
        if (too_long((double)n_frames / source->rate, max_seconds, error))
            return FALSE;
        if (got > 0 && !put_record(TUNE_ASIDE_FRAMES, frames, got * source->n_channels * 4u))
            _exit(0);
    } while (got > 0);
    return TRUE;
}

static gboolean decode(double max_seconds, GError **error)
{
    g_autoptr(TuneSource) source = NULL;

    if (!check_kind(error))
        return FALSE;
    source = tune_decoder_new_fd(TUNE_ASIDE_UPLOAD_FD, "the upload", error);
    if (source == NULL ||
        too_long(source->n_frames < 0 ? 0.0 : (double)source->n_frames / source->rate, max_seconds,
                 error))
        return FALSE;
    TuneAsideFormat format = {source->rate, source->n_channels, source->n_frames};
    if (!put_record(TUNE_ASIDE_FORMAT, &format, sizeof format))
        _exit(0);
    return pass_on(source, max_seconds, error) && put_record(TUNE_ASIDE_END, NULL, 0);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc != 4)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    TuneConfinement limits = {g_ascii_strtoull(argv[1], NULL, 10),
                              (guint)g_ascii_strtoull(argv[2], NULL, 10), TUNE_ASIDE_PIPE_FD};
    /* Not through exit(): what others registered for the end has no business here any more. */
    if (!tune_confine(&limits, &error) || !decode(g_ascii_strtod(argv[3], NULL), &error))
        _exit(tell_failure(error));
    _exit(0);
}
