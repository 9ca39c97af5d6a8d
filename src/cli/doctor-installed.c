/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
#include "brief/preset.h"
#include "cli/doctor-private.h"
#include "tune-config.h"

#include <ebur128.h>
#include <fluidsynth.h>
#include <libxml/xmlversion.h>
#include <sndfile.h>
#include <soxr.h>
#include <string.h>

void doctor_check_libraries(Doctor *doctor)
{
    int major, minor, patch;

    ebur128_get_version(&major, &minor, &patch);
    g_autofree char *ebur = g_strdup_printf("%d.%d.%d", major, minor, patch);
    g_autofree char *glib = g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version,
                                            glib_micro_version);
    doctor_note(doctor, DOCTOR_OK, "tunesmith", TUNE_VERSION, "");
    doctor_note(doctor, DOCTOR_OK, "glib", glib, "");
    doctor_note(doctor, DOCTOR_OK, "jansson", jansson_version_str(), "");
    doctor_note(doctor, DOCTOR_OK, "fluidsynth", fluid_version_str(), "");
    doctor_note(doctor, DOCTOR_OK, "libsndfile", sf_version_string(), "");
    doctor_note(doctor, DOCTOR_OK, "libebur128", ebur, "");
    doctor_note(doctor, DOCTOR_OK, "libsoxr", soxr_version(), "");
    doctor_note(doctor, DOCTOR_OK, "libxml2", LIBXML_DOTTED_VERSION, "");
}

void doctor_check_sounds(Doctor *doctor)
{
    static const struct {
        const char *path, *package;
    } known[] = {
        {"/usr/share/sounds/sf2/FluidR3_GM.sf2", "fluid-soundfont-gm"},
        {"/usr/share/sounds/sf3/MuseScore_General.sf3", "musescore-general-soundfont"},
        {"/usr/share/sounds/sf2/TimGM6mb.sf2", "timgm6mb-soundfont"},
    };
    TuneSynthConfig config = TUNE_SYNTH_CONFIG_DEFAULT;
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSynth) synth = tune_synth_new(&config, &error);

    if (synth != NULL)
        doctor_note(doctor, DOCTOR_OK, "SoundFont in use", tune_synth_soundfont(synth), "");
    else
        doctor_note(doctor, DOCTOR_ESSENTIAL, "SoundFont in use", error->message,
                    "sound at all; apt-get install fluid-soundfont-gm");
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        gboolean there = g_file_test(known[i].path, G_FILE_TEST_EXISTS);
        g_autofree char *gives =
            g_strdup_printf("other instrument sounds (--soundfont); apt-get install %s",
                            known[i].package);
        if (there || i < 2)
            doctor_note(doctor, there ? DOCTOR_OK : DOCTOR_MISSING, known[i].package,
                        there ? known[i].path : "no", gives);
    }
}

static void check_vocabulary(Doctor *doctor)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_load(&error);
    g_autoptr(GPtrArray) presets = tune_preset_list();

    if (vocabulary == NULL) {
        doctor_note(doctor, DOCTOR_ESSENTIAL, "styles and words", error->message,
                    "understanding and composing; reinstall tunesmith or correct the file");
        return;
    }
    g_autofree char *found = g_strdup_printf(
        "%u styles, %u instruments, %u presets",
        tune_styles_count(tune_vocabulary_styles(vocabulary)),
        tune_instruments_count(tune_vocabulary_instruments(vocabulary)), presets->len);
    doctor_note(doctor, DOCTOR_OK, "styles and words", found, "");
}

/* Presets of one's own are read only when they are used: say now which of them cannot be. */
static void check_presets(Doctor *doctor)
{
    g_autoptr(GPtrArray) names = tune_preset_list();

    for (guint i = 0; i < names->len; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TunePreset) preset = tune_preset_load(names->pdata[i], &error);
        if (preset == NULL)
            doctor_note(doctor, DOCTOR_MISSING, "preset", error->message,
                        "this preset, and the list of all; correct or remove the file");
    }
}

void doctor_check_data(Doctor *doctor)
{
    const char *path = TUNE_HYPHEN_DIR "/hyph_en_US.dic";
    gboolean there = g_file_test(path, G_FILE_TEST_EXISTS);

    check_vocabulary(doctor);
    check_presets(doctor);
    doctor_note(doctor, there ? DOCTOR_OK : DOCTOR_MISSING, "hyphenation", there ? path : "no",
                "lyrics cut where a dictionary cuts them; apt-get install hyphen-en-us");
}
