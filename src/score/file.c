/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which format, and the way from and to the disk.
 */
#include "score/format.h"
#include "score/score-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES (64 << 20)

TuneScoreFormat tune_score_format_of_path(const char *path)
{
    static const struct {
        const char *suffix;
        TuneScoreFormat format;
    } known[] = {{".json", TUNE_SCORE_JSON},    {".mid", TUNE_SCORE_MIDI},
                 {".midi", TUNE_SCORE_MIDI},    {".musicxml", TUNE_SCORE_MUSICXML},
                 {".xml", TUNE_SCORE_MUSICXML}, {".abc", TUNE_SCORE_ABC}};
    g_autofree char *lower = g_ascii_strdown(path, -1);

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_str_has_suffix(lower, known[i].suffix))
            return known[i].format;
    return TUNE_SCORE_UNKNOWN;
}

/* A line "X:" followed by a number opens every ABC tune; comments and other text may come first. */
static gboolean has_abc_head(const char *text, gsize size)
{
    gboolean line_start = TRUE;

    for (gsize i = 0; i + 1 < size; i++) {
        if (line_start && text[i] == 'X' && text[i + 1] == ':')
            return TRUE;
        line_start = text[i] == '\n' || text[i] == '\r';
    }
    return FALSE;
}

TuneScoreFormat tune_score_format_of_bytes(const guint8 *data, gsize size)
{
    if (size >= 4 && memcmp(data, "MThd", 4) == 0)
        return TUNE_SCORE_MIDI;
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        size -= 3;
    }
    gsize at = 0;
    while (at < size && g_ascii_isspace((gchar)data[at]))
        at++;
    if (at < size && data[at] == '{')
        return TUNE_SCORE_JSON;
    if (at < size && data[at] == '<')
        return TUNE_SCORE_MUSICXML;
    if (size >= 2 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff)))
        return TUNE_SCORE_MUSICXML; /* UTF-16 with a mark */
    if (has_abc_head((const char *)data, MIN(size, 65536)))
        return TUNE_SCORE_ABC;
    return TUNE_SCORE_UNKNOWN;
}

GBytes *tune_score_write(const TuneScore *score, TuneScoreFormat format, GError **error)
{
    switch (format) {
    case TUNE_SCORE_JSON:
        return tune_score_write_json(score, error);
    case TUNE_SCORE_MIDI:
        return tune_score_write_midi(score, error);
    case TUNE_SCORE_MUSICXML:
        return tune_score_write_musicxml(score, error);
    case TUNE_SCORE_ABC:
        return tune_score_write_abc(score, error);
    case TUNE_SCORE_UNKNOWN:
        break;
    }
    tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                    "unknown score format: use .json, .mid, .musicxml or .abc");
    return NULL;
}

TuneScore *tune_score_read(const char *name, const guint8 *data, gsize size, GError **error)
{
    if (size > MAX_FILE_BYTES) {
        tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED, "%s: larger than 64 MiB", name);
        return NULL;
    }
    TuneScoreFormat format = tune_score_format_of_bytes(data, size);
    if (format == TUNE_SCORE_UNKNOWN)
        format = tune_score_format_of_path(name);
    switch (format) {
    case TUNE_SCORE_JSON:
        return tune_score_read_json(name, data, size, error);
    case TUNE_SCORE_MIDI:
        return tune_score_read_midi(name, data, size, error);
    case TUNE_SCORE_MUSICXML:
        return tune_score_read_musicxml(name, data, size, error);
    case TUNE_SCORE_ABC:
        return tune_score_read_abc(name, data, size, error);
    case TUNE_SCORE_UNKNOWN:
        break;
    }
    tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED,
                    "%s: neither a JSON score, nor MIDI, MusicXML or ABC", name);
    return NULL;
}

static gboolean fail_io(GError **error, const char *path, const char *doing)
{
    return tune_score_fail(error, TUNE_SCORE_ERROR_IO, "%s: cannot %s: %s", path, doing,
                           g_strerror(errno));
}

/* At most MAX_FILE_BYTES + 1 bytes, whatever kind of file it is. */
static GByteArray *read_all(const char *path, gint fd, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 block[65536];

    while (bytes->len <= MAX_FILE_BYTES) {
        gssize got = read(fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fail_io(error, path, "read");
            return NULL;
        }
        if (got == 0)
            break;
        g_byte_array_append(bytes, block, (guint)got);
    }
    return g_steal_pointer(&bytes);
}

TuneScore *tune_score_load(const char *path, GError **error)
{
    gint fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        fail_io(error, path, "open");
        return NULL;
    }
    g_autoptr(GByteArray) bytes = read_all(path, fd, error);
    close(fd);
    return bytes != NULL ? tune_score_read(path, bytes->data, bytes->len, error) : NULL;
}

static gboolean write_all(gint fd, const guint8 *data, gsize size)
{
    while (size > 0) {
        gssize done = write(fd, data, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return FALSE;
        data += done;
        size -= (gsize)done;
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

/* The mode an ordinary new file would get; a file that is replaced keeps its own. */
static void set_mode(gint fd, const char *path)
{
    struct stat old;
    mode_t mode = 0644;

    if (stat(path, &old) == 0 && S_ISREG(old.st_mode))
        mode = old.st_mode & 0777;
    if (fchmod(fd, mode) != 0)
        return; /* a file system without modes */
}

static gboolean sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    gint fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return FALSE;
    gboolean ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

static gboolean save_bytes(const char *path, GBytes *bytes, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    gsize size = 0;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    gint fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        return fail_io(error, path, "write");
    gboolean ok = write_all(fd, data, size);
    if (ok)
        set_mode(fd, path);
    gint first_errno = errno;
    if (close(fd) != 0 && ok) {
        ok = FALSE;
        first_errno = errno;
    }
    if (ok && rename(temporary, path) == 0) {
        sync_folder(path); /* best effort: the content itself is safe already */
        return TRUE;
    }
    if (!ok)
        errno = first_errno;
    fail_io(error, path, "write");
    unlink(temporary);
    return FALSE;
}

gboolean tune_score_save(const TuneScore *score, const char *path, TuneScoreFormat format,
                         GError **error)
{
    g_autoptr(GBytes) bytes = tune_score_write(score, format, error);

    return bytes != NULL && save_bytes(path, bytes, error);
}
