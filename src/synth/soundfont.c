/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/soundfont.h"
#include "base/hash.h"
#include "synth/synth.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDERS "/usr/share/sounds/sf2, /usr/share/sounds/sf3, /usr/share/soundfonts"

/* Best first. */
static const char *const known_fonts[] = {
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/usr/share/soundfonts/FluidR3_GM2-2.sf2",
    "/usr/local/share/sounds/sf2/FluidR3_GM.sf2",
    "/opt/homebrew/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf3/MuseScore_General.sf3",
    "/usr/share/sounds/sf2/MuseScore_General.sf2",
    "/usr/share/soundfonts/MuseScore_General.sf3",
    "/usr/share/soundfonts/MuseScore_General.sf2",
    "/usr/share/sounds/sf3/MuseScore_General_Lite.sf3",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/soundfonts/default.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/soundfonts/TimGM6mb.sf2",
};

/* A RIFF file of form "sfbk".  FluidSynth checks the rest. */
static gboolean looks_like_soundfont(const char *path, GError **error)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                    "cannot open the SoundFont %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    char head[12] = {0};
    gsize got = fread(head, 1, sizeof head, file);

    fclose(file);
    if (got == sizeof head && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "sfbk", 4) == 0)
        return TRUE;
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                "%s is not a SoundFont (it does not start with RIFF ... sfbk)", path);
    return FALSE;
}

char *tune_soundfont_find(const char *wanted, GError **error)
{
    if (wanted == NULL || *wanted == '\0')
        wanted = g_getenv("TUNESMITH_SOUNDFONT");
    if (wanted != NULL && *wanted != '\0')
        return looks_like_soundfont(wanted, error) ? g_canonicalize_filename(wanted, NULL) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(known_fonts); i++)
        if (looks_like_soundfont(known_fonts[i], NULL))
            return g_strdup(known_fonts[i]);
    g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_NO_SOUNDS,
                "no SoundFont found in " FOLDERS ": install the package fluid-soundfont-gm, or "
                "set TUNESMITH_SOUNDFONT to a .sf2 file");
    return NULL;
}

/* The cache file holds one line: the key, a tab, the hash. */
static char *cache_path(const char *path)
{
    g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1);

    return g_build_filename(g_get_user_cache_dir(), "tunesmith", "soundfonts", name, NULL);
}

static char *remembered_hash(const char *cache, const char *key)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(cache, &text, NULL, NULL))
        return NULL;
    gsize length = strlen(key);

    if (strncmp(text, key, length) != 0 || text[length] != '\t')
        return NULL;
    char *hash = g_strstrip(g_strdup(text + length + 1));

    if (strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64)
        return hash;
    g_free(hash);
    return NULL;
}

char *tune_soundfont_hash(const char *path, GError **error)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        g_set_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT,
                    "cannot read the SoundFont %s: %s", path, g_strerror(errno));
        return NULL;
    }
    g_autofree char *cache = cache_path(path);
    g_autofree char *key =
        g_strdup_printf("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld", path,
                        (gint64)st.st_size, (gint64)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    char *hash = remembered_hash(cache, key);

    if (hash != NULL)
        return hash;
    hash = tune_hash_file(path, error);
    if (hash == NULL)
        return NULL;
    /* A cache that cannot be written only costs time. */
    g_autofree char *folder = g_path_get_dirname(cache);
    g_autofree char *line = g_strdup_printf("%s\t%s\n", key, hash);

    if (g_mkdir_with_parents(folder, 0755) == 0)
        (void)g_file_set_contents(cache, line, -1, NULL);
    return hash;
}
