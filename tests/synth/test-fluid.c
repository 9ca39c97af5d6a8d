/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/score.h"
#include "synth/fluid.h"
#include "synth/sf2.h"
#include "synth/soundfont.h"
#include "synth/synth.h"
#include <fluidsynth.h>
#include <string.h>

#define N_FRAMES (64 * 900)

/* The same phrase for any player. */
typedef struct {
    gint frame;
    guint8 number, value;
    enum { ON, OFF, CONTROL } kind;
} Step;

static const Step phrase[] = {
    {0, 36, 30, ON},          {0, 64, 127, CONTROL},   {64 * 40, 60, 127, ON},
    {64 * 60, 36, 0, OFF},    {64 * 100, 67, 70, ON},  {64 * 110, 84, 101, ON},
    {64 * 150, 60, 0, OFF},   {64 * 200, 64, 0, CONTROL}, {64 * 210, 1, 90, CONTROL},
    {64 * 260, 43, 1, ON},    {64 * 300, 96, 64, ON},  {64 * 330, 67, 0, OFF},
    {64 * 400, 11, 50, CONTROL}, {64 * 450, 84, 0, OFF}, {64 * 500, 96, 0, OFF},
    {64 * 600, 43, 0, OFF},
};

static void play_ours(TuneVoice *voice, float *left, float *right)
{
    gint at = 0;

    for (gsize i = 0; i <= G_N_ELEMENTS(phrase); i++) {
        gint next = i < G_N_ELEMENTS(phrase) ? phrase[i].frame : N_FRAMES;

        if (next > at)
            tune_voice_render(voice, left + at, right + at, (gsize)(next - at));
        at = next;
        if (i == G_N_ELEMENTS(phrase))
            break;
        if (phrase[i].kind == ON)
            tune_voice_note_on(voice, phrase[i].number, phrase[i].value, 0);
        else if (phrase[i].kind == OFF)
            tune_voice_note_off(voice, phrase[i].number);
        else
            tune_voice_control(voice, phrase[i].number, phrase[i].value);
    }
}

/* FluidSynth with its own loader. */
static void play_theirs(const char *path, int bank, int program, float *left, float *right)
{
    fluid_settings_t *settings = new_fluid_settings();

    fluid_settings_setnum(settings, "synth.sample-rate", 44100);
    fluid_settings_setnum(settings, "synth.gain", 1.0);
    fluid_settings_setint(settings, "synth.polyphony", 256);
    fluid_settings_setint(settings, "synth.reverb.active", 0);
    fluid_settings_setint(settings, "synth.chorus.active", 0);
    fluid_settings_setint(settings, "synth.dynamic-sample-loading", 1);
    fluid_synth_t *synth = new_fluid_synth(settings);
    int id = fluid_synth_sfload(synth, path, 0);
    gint at = 0;

    g_assert_cmpint(fluid_synth_program_select(synth, 0, id, bank, program), ==, FLUID_OK);
    for (gsize i = 0; i <= G_N_ELEMENTS(phrase); i++) {
        gint next = i < G_N_ELEMENTS(phrase) ? phrase[i].frame : N_FRAMES;
        float *out[2] = {left + at, right + at};

        if (next > at)
            fluid_synth_process(synth, next - at, 0, NULL, 2, out);
        at = next;
        if (i == G_N_ELEMENTS(phrase))
            break;
        if (phrase[i].kind == ON)
            fluid_synth_noteon(synth, 0, phrase[i].number, phrase[i].value);
        else if (phrase[i].kind == OFF)
            fluid_synth_noteoff(synth, 0, phrase[i].number);
        else
            fluid_synth_cc(synth, 0, phrase[i].number, phrase[i].value);
    }
    delete_fluid_synth(synth);
    delete_fluid_settings(settings);
}

static void compare(TuneVoiceBank *bank, const char *path, gboolean is_drums, guint8 program)
{
    g_autoptr(GError) error = NULL;
    TuneVoiceRequest request = {.rate = 44100, .program = program, .is_drums = is_drums};
    TuneVoice *voice = tune_voice_bank_acquire(bank, &request, &error);
    g_autofree float *ours = g_new0(float, 2 * N_FRAMES);
    g_autofree float *theirs = g_new0(float, 2 * N_FRAMES);

    g_assert_no_error(error);
    play_ours(voice, ours, ours + N_FRAMES);
    tune_voice_release(voice);
    play_theirs(path, is_drums ? 128 : 0, program, theirs, theirs + N_FRAMES);
    if (memcmp(ours, theirs, 2 * N_FRAMES * sizeof(float)) != 0)
        g_test_message("program %d differs", program);
    g_assert_cmpmem(ours, 2 * N_FRAMES * sizeof(float), theirs, 2 * N_FRAMES * sizeof(float));
}

/* Our reader of SoundFonts makes FluidSynth sound as its own loader does, bit for bit. */
static void test_like_own_loader(void)
{
    g_autofree char *path = tune_soundfont_find(NULL, NULL);

    g_assert_nonnull(path);
    TuneVoiceBank *bank = tune_fluid_bank_new(path, NULL);

    for (guint program = 0; program < 128; program += g_test_slow() ? 1 : 9)
        compare(bank, path, FALSE, (guint8)program);
    compare(bank, path, TRUE, 0);
    compare(bank, path, TRUE, 40);
    tune_voice_bank_free(bank);
}

/* Damage anywhere in the tables is refused or harmless, never a crash. */
static void test_damaged_fonts(void)
{
    g_autofree char *path = tune_soundfont_find(NULL, NULL);
    g_autoptr(TuneSf2) whole = tune_sf2_open(path, NULL);

    g_assert_nonnull(whole);
    g_assert_null(tune_sf2_preset_new(whole, 3, 3));
    TuneSf2Sample sample;

    g_assert_false(tune_sf2_sample(whole, 1000000, &sample));
    static const char *const broken[] = {"", "RIFF", "RIFF\x20\0\0\0sfbk", "RIFF\xff\xff\xff\xffsfbk"};

    for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
        g_autofree char *name = g_build_filename(g_get_tmp_dir(), "tune-sf2-test.sf2", NULL);
        g_autoptr(GError) error = NULL;

        g_assert_true(g_file_set_contents(name, broken[i], i < 2 ? -1 : 12, NULL));
        g_assert_null(tune_sf2_open(name, &error));
        g_assert_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT);
        (void)remove(name);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/fluid/sounds-like-own-loader", test_like_own_loader);
    g_test_add_func("/synth/sf2/damaged", test_damaged_fonts);
    return g_test_run();
}
