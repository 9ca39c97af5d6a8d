/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/encode.h"

#include <string.h>

static const struct {
    const char *name, *suffix, *mime;
} formats[TUNE_N_AUDIO_FORMATS] = {
    [TUNE_AUDIO_WAV16] = {"wav", "wav", "audio/wav"},
    [TUNE_AUDIO_WAV24] = {"wav24", "wav", "audio/wav"},
    [TUNE_AUDIO_WAV32F] = {"wav32f", "wav", "audio/wav"},
    [TUNE_AUDIO_FLAC] = {"flac", "flac", "audio/flac"},
    [TUNE_AUDIO_FLAC24] = {"flac24", "flac", "audio/flac"},
    [TUNE_AUDIO_MP3] = {"mp3", "mp3", "audio/mpeg"},
    [TUNE_AUDIO_OGG] = {"ogg", "ogg", "audio/ogg"},
    [TUNE_AUDIO_OPUS] = {"opus", "opus", "audio/ogg; codecs=opus"},
};

gboolean tune_audio_format_parse(const char *name, TuneAudioFormat *out)
{
    g_return_val_if_fail(name != NULL && out != NULL, FALSE);
    if (*name == '.')
        name++;
    for (gint i = 0; i < TUNE_N_AUDIO_FORMATS; i++)
        if (g_ascii_strcasecmp(name, formats[i].name) == 0) {
            *out = (TuneAudioFormat)i;
            return TRUE;
        }
    return FALSE;
}

gboolean tune_audio_format_of_path(const char *path, TuneAudioFormat *out, GError **error)
{
    g_return_val_if_fail(path != NULL && out != NULL, FALSE);
    g_autofree char *name = g_path_get_basename(path);
    const char *dot = strrchr(name, '.');

    if (dot != NULL && (tune_audio_format_parse(dot, out)))
        return TRUE;
    if (dot != NULL && g_ascii_strcasecmp(dot, ".wave") == 0) {
        *out = TUNE_AUDIO_WAV16;
        return TRUE;
    }
    if (dot != NULL && g_ascii_strcasecmp(dot, ".oga") == 0) {
        *out = TUNE_AUDIO_OGG;
        return TRUE;
    }
    g_set_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT,
                "%s: the suffix names no sound format; there are .wav, .flac, .mp3, .ogg and .opus",
                path);
    return FALSE;
}

const char *tune_audio_format_name(TuneAudioFormat format)
{
    g_return_val_if_fail(format < TUNE_N_AUDIO_FORMATS, NULL);
    return formats[format].name;
}

const char *tune_audio_format_suffix(TuneAudioFormat format)
{
    g_return_val_if_fail(format < TUNE_N_AUDIO_FORMATS, NULL);
    return formats[format].suffix;
}

const char *tune_audio_format_mime(TuneAudioFormat format)
{
    g_return_val_if_fail(format < TUNE_N_AUDIO_FORMATS, NULL);
    return formats[format].mime;
}
