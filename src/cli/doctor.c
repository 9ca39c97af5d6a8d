/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is installed, what is missing, and what each missing thing would give.
 */
#include "cli/doctor-private.h"

#include "base/data.h"
#include "cli/exit.h"
#include "tune-config.h"

#include <fluidsynth.h>
#include <sndfile.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NEEDED_MEMORY_MIB 512
#define NEEDED_DISK_MIB 200

void doctor_note(Doctor *doctor, DoctorState state, const char *what, const char *found,
                 const char *gives)
{
    static const char *const names[] = {"ok", "missing", "essential"};
    json_t *entry = json_pack("{s:s, s:s, s:s}", "what", what, "state", names[state], "found",
                              found);

    if (state != DOCTOR_OK)
        json_object_set_new(entry, "would_give", json_string(gives));
    json_array_append_new(doctor->entries, entry);
    doctor->essential_missing = doctor->essential_missing || state == DOCTOR_ESSENTIAL;
}

static void check_codecs(Doctor *doctor)
{
    static const struct {
        const char *name;
        gint format;
    } codecs[] = {
        {"WAV", SF_FORMAT_WAV | SF_FORMAT_PCM_24},
        {"FLAC", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
        {"Ogg Vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS},
        {"Opus", SF_FORMAT_OGG | SF_FORMAT_OPUS},
        {"MP3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III},
    };

    for (guint i = 0; i < G_N_ELEMENTS(codecs); i++) {
        SF_INFO info = {.format = codecs[i].format, .samplerate = 48000, .channels = 2};
        g_autofree char *what = g_strdup_printf("codec %s", codecs[i].name);
        g_autofree char *gives =
            g_strdup_printf("%s files; libsndfile 1.1 or newer, built with its codecs",
                            codecs[i].name);
        gboolean there = sf_format_check(&info) != 0;
        DoctorState state = there ? DOCTOR_OK : i == 0 ? DOCTOR_ESSENTIAL : DOCTOR_MISSING;
        doctor_note(doctor, state, what, there ? "yes" : "no", gives);
    }
}

static void add_driver(void *data, const char *name, const char *option)
{
    GString *out = data;

    g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", option);
}

static void check_drivers(Doctor *doctor)
{
    fluid_settings_t *settings;
    g_autoptr(GString) drivers = g_string_new(NULL);

    for (gint level = FLUID_PANIC; level < LAST_LOG_LEVEL; level++)
        fluid_set_log_function(level, NULL, NULL);
    settings = new_fluid_settings();
    fluid_settings_foreach_option(settings, "audio.driver", drivers, add_driver);
    delete_fluid_settings(settings);
    doctor_note(doctor, drivers->len > 0 ? DOCTOR_OK : DOCTOR_MISSING, "audio drivers",
                drivers->len > 0 ? drivers->str : "none", "tunesmith play");
    gboolean card = g_file_test("/dev/snd", G_FILE_TEST_IS_DIR) ||
                    g_getenv("PULSE_SERVER") != NULL;
    g_autofree char *pulse = g_build_filename(g_get_user_runtime_dir(), "pulse", "native", NULL);
    card = card || g_file_test(pulse, G_FILE_TEST_EXISTS);
    doctor_note(doctor, card ? DOCTOR_OK : DOCTOR_MISSING, "sound card", card ? "yes" : "none seen",
                "tunesmith play; files are made without one");
}

static void check_folder(Doctor *doctor, const char *what, const char *path)
{
    g_autofree char *place = g_strdup(path);

    while (!g_file_test(place, G_FILE_TEST_EXISTS)) {
        char *parent = g_path_get_dirname(place);
        g_free(place);
        place = parent;
    }
    gboolean good = access(place, W_OK) == 0;
    g_autofree char *found = g_strdup_printf("%s%s", path, good ? "" : " cannot be written");
    doctor_note(doctor, good ? DOCTOR_OK : DOCTOR_MISSING, what, found,
                "your own presets and styles, remembered facts about sounds");
}

static void check_disk(Doctor *doctor)
{
    struct statvfs disk;
    const char *folder = g_get_tmp_dir();

    if (statvfs(folder, &disk) != 0) {
        doctor_note(doctor, DOCTOR_ESSENTIAL, "temporary folder", folder,
                    "the place where a mix waits for its master; set TMPDIR");
        return;
    }
    guint64 mib = (guint64)disk.f_bavail * disk.f_frsize / (1024 * 1024);
    g_autofree char *found =
        g_strdup_printf("%s, %" G_GUINT64_FORMAT " MiB free", folder, mib);
    DoctorState state = access(folder, W_OK) != 0 ? DOCTOR_ESSENTIAL
                        : mib < NEEDED_DISK_MIB   ? DOCTOR_MISSING
                                                  : DOCTOR_OK;
    doctor_note(doctor, state, "temporary folder", found,
                "room for the mix of a ten-minute song; set TMPDIR");
}

static void check_memory(Doctor *doctor)
{
    g_autofree char *text = NULL;
    guint64 kib = 0;

    if (g_file_get_contents("/proc/meminfo", &text, NULL, NULL)) {
        const char *line = strstr(text, "MemAvailable:");
        if (line != NULL)
            kib = g_ascii_strtoull(line + strlen("MemAvailable:"), NULL, 10);
    }
    g_autofree char *found = g_strdup_printf("%" G_GUINT64_FORMAT " MiB available, %u cores",
                                             kib / 1024, g_get_num_processors());
    doctor_note(doctor, kib / 1024 >= NEEDED_MEMORY_MIB ? DOCTOR_OK : DOCTOR_MISSING, "memory",
                found, "room for a large SoundFont");
}

static void check_folders(Doctor *doctor)
{
    g_autofree char *data = g_build_filename(g_get_user_data_dir(), "tunesmith", NULL);
    g_autofree char *cache = g_build_filename(g_get_user_cache_dir(), "tunesmith", NULL);

    check_folder(doctor, "data folder", data);
    check_folder(doctor, "cache folder", cache);
}

static char *doctor_text(const TuneCli *cli, const Doctor *doctor)
{
    GString *out = g_string_new(NULL);
    size_t i;
    json_t *entry;

    json_array_foreach(doctor->entries, i, entry)
    {
        const char *state = json_string_value(json_object_get(entry, "state"));
        const char *gives = json_string_value(json_object_get(entry, "would_give"));
        const char *mark = strcmp(state, "ok") == 0 ? "ok" : strcmp(state, "missing") == 0 ? "--"
                                                                                           : "!!";
        const char *colour = *mark == 'o' ? "32" : *mark == '-' ? "33" : "31";
        if (cli->colour)
            g_string_append_printf(out, "\033[%sm%s\033[0m  ", colour, mark);
        else
            g_string_append_printf(out, "%s  ", mark);
        g_string_append_printf(out, "%-22s %s\n",
                               json_string_value(json_object_get(entry, "what")),
                               json_string_value(json_object_get(entry, "found")));
        if (gives != NULL)
            g_string_append_printf(out, "    %-22s would give: %s\n", "", gives);
    }
    g_string_append(out, doctor->essential_missing
                             ? "Something essential is missing (marked !!).\n"
                             : "Ready to make music.\n");
    return g_string_free(out, FALSE);
}

gint tune_command_doctor(TuneCli *cli, GError **error)
{
    g_autoptr(json_t) entries = json_array();
    Doctor doctor = {.entries = entries};

    doctor_check_libraries(&doctor);
    doctor_check_sounds(&doctor);
    doctor_check_data(&doctor);
    check_codecs(&doctor);
    check_drivers(&doctor);
    check_folders(&doctor);
    check_disk(&doctor);
    check_memory(&doctor);
    if (cli->json) {
        g_autoptr(json_t) json = json_pack("{s:s, s:b, s:O}", "version", TUNE_VERSION, "ready",
                                           !doctor.essential_missing, "checks", entries);
        tune_cli_print_json(json, error);
    } else {
        g_autofree char *text = doctor_text(cli, &doctor);
        tune_cli_print(text, error);
    }
    return doctor.essential_missing ? TUNE_EXIT_MISSING : TUNE_EXIT_DONE;
}
