/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sound files of an SFZ instrument, read by libsndfile: WAV, FLAC, AIFF, Ogg.
 */
#include "base/hash.h"
#include "synth/sfz.h"
#include "synth/synth.h"
#include <sndfile.h>
#include <string.h>

#define MAX_BYTES ((gsize)1 << 30)

static gboolean fail(const char *path, const char *why, GError **error)
{
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT, "cannot play the sample %s: %s", path, why);
    return FALSE;
}

/* The first loop that the file itself has. */
static void take_loop(SNDFILE *sound, TuneSfzFile *file)
{
    SF_INSTRUMENT instrument;

    memset(&instrument, 0, sizeof instrument);
    if (sf_command(sound, SFC_GET_INSTRUMENT, &instrument, sizeof instrument) != SF_TRUE ||
        instrument.loop_count < 1)
        return;
    file->loop_start = (gint64)instrument.loops[0].start;
    file->loop_end = (gint64)instrument.loops[0].end - 1;
}

static gboolean read_frames(SNDFILE *sound, const SF_INFO *info, TuneSfzFile *file, GError **error)
{
    gsize n = ((gsize)info->frames + TUNE_SFZ_MARGIN) * (gsize)info->channels;

    file->frames = g_try_new0(float, n);
    if (file->frames == NULL)
        return fail(file->path, "not enough memory", error);
    file->n_frames = (gint64)sf_readf_float(sound, file->frames, info->frames);
    file->n_channels = (guint)info->channels;
    file->rate = (guint)info->samplerate;
    take_loop(sound, file);
    return file->n_frames > 0 || fail(file->path, "it is empty", error);
}

static gboolean load_file(TuneSfzFile *file, gsize *total, GError **error)
{
    SF_INFO info;

    memset(&info, 0, sizeof info);
    SNDFILE *sound = sf_open(file->path, SFM_READ, &info);

    if (sound == NULL)
        return fail(file->path, sf_strerror(NULL), error);
    gboolean good = TRUE;

    if (info.channels < 1 || info.channels > 2)
        good = fail(file->path, "it has neither one nor two channels", error);
    else if (info.frames < 1 || info.frames > G_MAXINT32 || info.samplerate < 4000 || info.samplerate > 192000)
        good = fail(file->path, "its length or rate is outside of what can be played", error);
    else if ((*total += (gsize)info.frames * (gsize)info.channels * sizeof(float)) > MAX_BYTES)
        good = fail(file->path, "the instrument takes more than 1 GiB", error);
    good = good && read_frames(sound, &info, file, error);
    sf_close(sound);
    return good;
}

TuneSfz *tune_sfz_load(const char *path, GError **error)
{
    g_autofree char *text = NULL, *folder = g_path_get_dirname(path);
    g_autoptr(GError) read_error = NULL;
    gsize total = 0;

    if (!g_file_get_contents(path, &text, NULL, &read_error)) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT, "%s", read_error->message);
        return NULL;
    }
    g_autoptr(TuneSfz) self = tune_sfz_parse(path, text, error);
    g_autoptr(GString) identity = g_string_new(text);

    for (guint i = 0; self != NULL && i < self->files->len; i++) {
        TuneSfzFile *file = &g_array_index(self->files, TuneSfzFile, i);
        char *full = g_build_filename(folder, file->path, NULL);

        g_string_append_printf(identity, "\n%s", file->path);
        g_free(file->path);
        file->path = full;
        if (!load_file(file, &total, error))
            return NULL;
        g_autofree char *hash =
            tune_hash_bytes(file->frames, (gsize)file->n_frames * file->n_channels * sizeof(float));

        g_string_append_printf(identity, " %s", hash);
    }
    if (self != NULL)
        self->hash = tune_hash_bytes(identity->str, identity->len);
    return g_steal_pointer(&self);
}
