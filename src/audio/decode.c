/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/encode.h"
#include "audio/intact.h"
#include "audio/tags-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    TuneSource base;
    char *path;
    SNDFILE *file;
    gint64 left; /* of the announced frames */
    gboolean cut;
} DecoderSource;

static gboolean decoder_read(TuneSource *base, float *out, gsize n_frames, gsize *n_got,
                             GError **error)
{
    DecoderSource *self = (DecoderSource *)base;
    sf_count_t got = sf_readf_float(self->file, out, (sf_count_t)MIN(n_frames, G_MAXINT32));

    *n_got = 0;
    if (got < 0 || sf_error(self->file) != SF_ERR_NO_ERROR) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN, "%s: %s", self->path,
                    sf_strerror(self->file));
        return FALSE;
    }
    self->left -= got;
    if (got == 0 && n_frames > 0 && (self->cut || self->left > 0)) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN,
                    "%s: the file is cut short: its end is missing", self->path);
        return FALSE;
    }
    *n_got = (gsize)got;
    return TRUE;
}

static void decoder_free(TuneSource *base)
{
    DecoderSource *self = (DecoderSource *)base;

    if (self->file != NULL)
        sf_close(self->file);
    g_free(self->path);
    g_free(self);
}

static const TuneSourceClass decoder_class = {decoder_read, decoder_free};

static void read_tags(FILE *bytes, SNDFILE *file, TuneTags *tags)
{
    static const struct {
        int type;
        const char *name;
    } strings[] = {{SF_STR_TITLE, "TITLE"},     {SF_STR_ARTIST, "ARTIST"},
                   {SF_STR_GENRE, "GENRE"},     {SF_STR_COMMENT, "COMMENT"},
                   {SF_STR_DATE, "DATE"},       {SF_STR_COPYRIGHT, "COPYRIGHT"},
                   {SF_STR_SOFTWARE, "ENCODER"}};

    tune_tags_read(tags, bytes);
    /* Formats that we do not parse ourselves (AIFF, CAF): what the library knows. */
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
        const char *text = sf_get_string(file, strings[i].type);

        if (text != NULL)
            tune_tags_set(tags, strings[i].name, text, strlen(text));
    }
}

/* Is the end missing, what do the tags say?  The library shares the descriptor's position: it is put
 * back. */
static void look_at_bytes(DecoderSource *self, int fd, TuneTags **tags)
{
    off_t position = lseek(fd, 0, SEEK_CUR);
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *bytes = copy < 0 ? NULL : fdopen(copy, "rb");

    if (tags != NULL)
        *tags = tune_tags_new();
    if (bytes != NULL) {
        self->cut = tune_file_is_cut(bytes);
        if (tags != NULL)
            read_tags(bytes, self->file, *tags);
        fclose(bytes);
    } else if (copy >= 0) {
        close(copy);
    }
    lseek(fd, position, SEEK_SET);
}

/* @fd is the library's from now on. */
static TuneSource *new_decoder(int fd, const char *name, TuneTags **tags, GError **error)
{
    SF_INFO info = {0};
    SNDFILE *file = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);

    if (file == NULL) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_BROKEN,
                    "%s: not a sound file that can be read (%s)", name, sf_strerror(NULL));
        return NULL;
    }
    DecoderSource *self = g_new0(DecoderSource, 1);
    gboolean known = info.frames >= 0 && info.frames < SF_COUNT_MAX;
    self->base = (TuneSource){&decoder_class, (guint)info.samplerate, (guint)info.channels,
                              known ? info.frames : -1};
    self->path = g_strdup(name);
    self->file = file;
    self->left = known ? info.frames : 0;
    if (info.channels < 1 || info.channels > 2 || info.samplerate < 1000 ||
        info.samplerate > 384000) {
        g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                    "%s: %d channels at %d Hz; only mono and stereo at 1 to 384 kHz are read", name,
                    info.channels, info.samplerate);
        tune_source_free(&self->base);
        return NULL;
    }
    look_at_bytes(self, fd, tags);
    return &self->base;
}

TuneSource *tune_decoder_new(const char *path, TuneTags **tags, GError **error)
{
    g_return_val_if_fail(path != NULL, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        return new_decoder(fd, path, tags, error);
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_IO, "cannot read %s: %s", path,
                g_strerror(errno));
    return NULL;
}

TuneSource *tune_decoder_new_fd(int fd, const char *name, GError **error)
{
    g_return_val_if_fail(fd >= 0 && name != NULL, NULL);
    lseek(fd, 0, SEEK_SET);
    return new_decoder(fd, name, NULL, error);
}
