/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/engine-private.h"
#include "tune-config.h"

#include <string.h>

/* Licences as the sound sets' own documents and Debian's copyright files give them. */
static const struct {
    const char *prefix; /* of the file's name */
    const char *name, *licence;
} sound_sets[] = {
    {"FluidR3", "FluidR3", "MIT"},
    {"MuseScore_General", "MuseScore General", "MIT"},
    {"TimGM6mb", "TimGM6mb", "GPL-2"},
    {"GeneralUser", "GeneralUser GS", "GeneralUser GS licence 2.0"},
    {"opl3-soundfont", "OPL3", "GPL-3"},
};

json_t *tune_rights_new(TuneEngine *engine, const char *recipe_hash, const char *score_hash)
{
    const char *path = engine->synth != NULL ? tune_synth_soundfont(engine->synth) : "";
    g_autofree char *file = g_path_get_basename(path);
    const char *name = file, *licence = "unknown";

    for (guint i = 0; i < G_N_ELEMENTS(sound_sets); i++)
        if (g_ascii_strncasecmp(file, sound_sets[i].prefix, strlen(sound_sets[i].prefix)) == 0) {
            name = sound_sets[i].name;
            licence = sound_sets[i].licence;
        }
    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "engine",
                     tune_engine_name(engine), "version", TUNE_VERSION, "method",
                     "composed by rules, played from samples", "ai_model", 0, "sound_set", name,
                     "sound_licence", licence, "recipe_sha256", recipe_hash, "score_sha256",
                     score_hash);
}
