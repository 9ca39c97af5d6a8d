/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio/fft.h"
#include "base/data.h"
#include "base/hash.h"
#include "base/music.h"
#include "score/score.h"
#include "synth/banks.h"
#include "synth/fluid.h"
#include "synth/patch-voice.h"
#include "synth/soundfont.h"
#include <math.h>
#include <string.h>

#define N 32768

typedef struct {
    float left[3 * N], right[3 * N];
} Sound;

static TunePatch *load(const char *name)
{
    g_autofree char *file = g_strdup_printf("voices/%s.yaml", name);
    g_autofree char *path = tune_data_find(file, NULL);
    g_autoptr(GError) error = NULL;
    TunePatch *patch = path != NULL ? tune_patch_load(path, &error) : NULL;

    g_assert_no_error(error);
    g_assert_nonnull(patch);
    return patch;
}

static TuneVoice *voice_of(TunePatch *patch, guint rate)
{
    TuneVoiceRequest request = {.rate = rate, .is_drums = patch->is_kit, .instrument = patch->name};

    return patch->is_kit ? tune_kit_voice_new(patch, &request) : tune_patch_voice_new(patch, &request);
}

/* One note of a patch, held throughout. */
static Sound *play(TunePatch *patch, guint rate, guint8 key, guint8 velocity)
{
    Sound *out = g_new0(Sound, 1);
    TuneVoice *voice = voice_of(patch, rate);

    tune_voice_note_on(voice, key, velocity, 3 * N);
    tune_voice_render(voice, out->left, out->right, 3 * N);
    tune_voice_release(voice);
    return out;
}

static double energy(const float *x, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static double decibel(double part, double whole)
{
    return 10.0 * log10((part + 1e-30) / (whole + 1e-30));
}

/* What of the spectrum lies further than @cents and a few bins from every harmonic, in dB. */
static double off_harmonics_db(const float *x, double hz, guint rate, double cents)
{
    g_autoptr(TuneFft) fft = tune_fft_new(N);
    g_autofree float *magnitudes = g_new(float, N / 2 + 1);
    double off = 0, all = 0, share = exp2(cents / 1200.0) - 1.0;
    double bins = MIN(24.0, hz * N / rate / 3.0); /* the window's own skirts */

    tune_fft_hann_magnitudes(fft, x, magnitudes);
    for (gsize i = 32; i < N / 2; i++) {
        double f = (double)i * rate / N, k = MAX(1.0, floor(f / hz + 0.5));
        double power = (double)magnitudes[i] * (double)magnitudes[i];

        all += power;
        if (fabs(f - k * hz) > k * hz * share + bins * rate / N)
            off += power;
    }
    return decibel(off, all);
}

static void test_waves_do_not_alias(void)
{
    static const guint rates[] = {22050, 44100, 96000};
    static const double pitches[] = {110.0, 440.0, 2093.0, 4186.0};
    g_autofree float *left = g_new(float, N), *right = g_new(float, N);

    for (gsize r = 0; r < G_N_ELEMENTS(rates); r++)
        for (gsize p = 0; p < G_N_ELEMENTS(pitches); p++)
            for (TuneWave wave = 0; wave < TUNE_WAVE_N_TABLES; wave++) {
                guint32 phase = 0, step = tune_wave_step(pitches[p] / rates[r]);
                const TuneWaveTable *table = tune_wave_table(wave, pitches[p] / rates[r]);

                g_assert_cmpfloat(table->harmonics * pitches[p], <, rates[r] / 2.0);
                memset(left, 0, N * sizeof *left);
                memset(right, 0, N * sizeof *right);
                tune_wave_add(table, &phase, step, 1, 1, left, right, N);
                double off = off_harmonics_db(left, pitches[p], rates[r], 0);

                if (g_test_verbose())
                    g_test_message("%u Hz, wave %d at %g Hz: %.1f dB", rates[r], wave, pitches[p], off);
                g_assert_cmpfloat(off, <, -64);
            }
}

static void test_supersaw_does_not_alias(void)
{
    g_autoptr(TunePatch) patch = load("supersaw");

    for (guint8 key = 84; key <= 100; key += 4) {
        g_autofree Sound *sound = play(patch, 44100, key, 110);
        double hz = 440.0 * exp2((key - 69) / 12.0);
        double off = off_harmonics_db(sound->left + N, hz, 44100, 32);

        if (g_test_verbose())
            g_test_message("supersaw at key %u: %.1f dB beside its harmonics", key, off);
        g_assert_cmpfloat(off, <, -60);
    }
}

static void test_fm_gives_way_in_high_notes(void)
{
    g_autoptr(TunePatch) patch = load("fm-piano");
    g_autofree Sound *sound = play(patch, 44100, 101, 120);
    double hz = 440.0 * exp2((101 - 69) / 12.0);

    g_assert_cmpfloat(off_harmonics_db(sound->left + 2048, hz, 44100, 25), <, -45);
}

static void check_sound(const TunePatch *patch, const Sound *sound, guint rate, guint8 key)
{
    double mean = 0, peak = 0;

    for (gsize i = 0; i < 3 * N; i++) {
        g_assert_true(isfinite(sound->left[i]) && isfinite(sound->right[i]));
        peak = MAX(peak, MAX(fabs((double)sound->left[i]), fabs((double)sound->right[i])));
        mean += (double)sound->left[i] / (3 * N);
    }
    if (g_test_verbose())
        g_test_message("%s key %u at %u Hz: peak %.2f, mean %.5f", patch->name, key, rate, peak, mean);
    g_assert_cmpfloat(peak, <, 8.0);
    g_assert_cmpfloat(fabs(mean), <, 0.01 + 0.06 * peak);
    if (!patch->is_kit || patch->kit.drum_of[key] >= 0)
        g_assert_cmpfloat(peak, >, 0.003);
}

static void test_every_voice_sounds_at_every_rate(void)
{
    static const guint rates[] = {22050, 44100, 48000, 96000};
    static const guint8 keys[] = {24, 36, 38, 42, 46, 49, 60, 72, 96, 108};
    g_autoptr(GPtrArray) names = tune_data_list("voices", "yaml");

    g_assert_cmpuint(names->len, >=, 30);
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(TunePatch) patch = load(names->pdata[i]);

        g_assert_cmpstr(patch->name, ==, names->pdata[i]);
        g_assert_cmpuint(strlen(patch->summary), >, 10);
        for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
            guint rate = rates[(i + k) % G_N_ELEMENTS(rates)];
            g_autofree Sound *sound = play(patch, rate, keys[k], 100);

            check_sound(patch, sound, rate, keys[k]);
        }
    }
}

static void test_kits_have_all_drums(void)
{
    static const char *const kits[] = {"808-kit", "909-kit", "trap-kit", "lofi-kit", "linn-kit", "chip-kit"};

    for (gsize i = 0; i < G_N_ELEMENTS(kits); i++) {
        g_autoptr(TunePatch) kit = load(kits[i]);

        g_assert_true(kit->is_kit);
        for (guint8 key = 35; key <= 59; key++)
            if (key != 58)
                g_assert_cmpint(kit->kit.drum_of[key], >=, 0);
    }
}

static void test_same_events_same_bits(void)
{
    g_autoptr(TunePatch) patch = load("warm-pad");
    g_autofree Sound *one = play(patch, 44100, 60, 90), *two = play(patch, 44100, 60, 90);

    g_assert_cmpmem(one, sizeof *one, two, sizeof *two);
}

static void test_velocity_and_controllers(void)
{
    g_autoptr(TunePatch) patch = load("pluck");
    g_autofree Sound *soft = play(patch, 44100, 60, 50), *hard = play(patch, 44100, 60, 120);
    g_autoptr(TuneFft) fft = tune_fft_new(4096);
    g_autofree float *a = g_new(float, 2049), *b = g_new(float, 2049);
    double tilt[2] = {0, 0}, low[2] = {0, 0};

    g_assert_cmpfloat(energy(hard->left, 0, N), >, 8 * energy(soft->left, 0, N));
    tune_fft_hann_magnitudes(fft, soft->left + 256, a);
    tune_fft_hann_magnitudes(fft, hard->left + 256, b);
    for (gsize i = 1; i < 2048; i++) {
        (i > 200 ? tilt : low)[0] += (double)(a[i] * a[i]);
        (i > 200 ? tilt : low)[1] += (double)(b[i] * b[i]);
    }
    g_assert_cmpfloat(tilt[1] / low[1], >, 2.0 * tilt[0] / low[0]); /* harder is brighter */

    g_autoptr(TunePatch) pad = load("chip-arp");
    TuneVoice *voice = voice_of(pad, 44100);
    g_autofree float *left = g_new(float, N), *right = g_new(float, N);

    tune_voice_note_on(voice, 60, 100, 0);
    tune_voice_render(voice, left, right, N);
    double full = energy(left, N / 2, N);

    tune_voice_control(voice, 11, 64);
    tune_voice_render(voice, left, right, N);
    g_assert_cmpfloat(fabs(decibel(energy(left, N / 2, N), full) + 11.9), <, 1.5);
    tune_voice_control(voice, 64, 127);
    tune_voice_note_off(voice, 60);
    tune_voice_render(voice, left, right, N);
    tune_voice_render(voice, left, right, N);
    g_assert_cmpfloat(energy(left, N / 2, N), >, 0.02 * full); /* the pedal holds it */
    tune_voice_control(voice, 64, 0);
    for (gint i = 0; i < 8 && !tune_voice_is_silent(voice); i++)
        tune_voice_render(voice, left, right, N);
    g_assert_true(tune_voice_is_silent(voice));
    tune_voice_release(voice);
}

/* The strongest bin's frequency. */
static double pitch_of(const float *x, guint rate)
{
    g_autoptr(TuneFft) fft = tune_fft_new(N);
    g_autofree float *magnitudes = g_new(float, N / 2 + 1);
    gsize best = 1;

    tune_fft_hann_magnitudes(fft, x, magnitudes);
    for (gsize i = 2; i < N / 2; i++)
        best = magnitudes[i] > magnitudes[best] ? i : best;
    return (double)best * rate / N;
}

static void test_bend_and_glide(void)
{
    g_autoptr(TunePatch) patch = load("sub-bass");
    TuneVoice *voice = voice_of(patch, 44100);
    g_autofree float *left = g_new(float, N), *right = g_new(float, N);

    tune_voice_control(voice, TUNE_CONTROL_BEND, 8191);
    tune_voice_note_on(voice, 45, 100, 0);
    tune_voice_render(voice, left, right, N);
    g_assert_cmpfloat(fabs(pitch_of(left, 44100) - 123.47), <, 2); /* A2 bent up to B2 */
    tune_voice_control(voice, TUNE_CONTROL_BEND, 0);
    tune_voice_note_on(voice, 57, 100, 0); /* before the first has ended: glides */
    tune_voice_note_off(voice, 45);
    tune_voice_render(voice, left, right, 640);
    double first = energy(left, 0, 640);

    tune_voice_render(voice, left, right, N);
    g_assert_cmpfloat(first, >, 0);
    g_assert_cmpfloat(fabs(pitch_of(left, 44100) - 220.0), <, 3);
    tune_voice_release(voice);
}

static void test_stealing_is_bounded_and_smooth(void)
{
    g_autoptr(TunePatch) patch = load("fm-bass"); /* four notes at once */
    TuneVoice *voice = voice_of(patch, 44100);
    float left[64], right[64], last = 0, step = 0;

    for (guint block = 0; block < 4000; block++) {
        if (block % 4 == 0)
            tune_voice_note_on(voice, (guint8)(30 + block * 7 % 40), 90, 0);
        tune_voice_render(voice, left, right, 64);
        for (guint i = 0; i < 64; i++) {
            step = MAX(step, fabsf(left[i] - last));
            last = left[i];
        }
        g_assert_cmpfloat(fabsf(last), <, 4);
    }
    g_assert_cmpfloat(step, <, 0.8); /* no cut waves */
    tune_voice_release(voice);
}

static void test_riser_fills_its_note(void)
{
    g_autoptr(TunePatch) patch = load("riser");
    TuneVoice *voice = voice_of(patch, 44100);
    gsize length = 6 * 16384;
    g_autofree float *left = g_new(float, length), *right = g_new(float, length);

    tune_voice_note_on(voice, 60, 100, (gint64)length);
    tune_voice_render(voice, left, right, length);
    double last = 0;

    for (gsize part = 0; part < 6; part++) {
        double now = energy(left, part * 16384, (part + 1) * 16384);

        g_assert_cmpfloat(now, >, last);
        last = now;
    }
    tune_voice_note_off(voice, 60);
    for (gint i = 0; i < 4 && !tune_voice_is_silent(voice); i++)
        tune_voice_render(voice, left, right, 16384);
    g_assert_true(tune_voice_is_silent(voice));
    tune_voice_release(voice);
}

static void test_levels_are_of_these_voices(void)
{
    g_autoptr(TuneLibrary) library = tune_library_new(NULL, NULL);
    g_autoptr(GPtrArray) names = tune_data_list("voices", "yaml");
    g_autofree char *path = tune_data_find("voices/levels.json", NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    for (guint i = 0; i < names->len; i++) {
        g_autoptr(TunePatch) patch = load(names->pdata[i]);
        const TuneSound *sound = NULL;

        if (strstr(text, patch->hash) == NULL)
            g_error("data/voices/levels.json was not measured on %s as it is now: run tune-levels",
                    patch->name);
        g_assert_true(tune_library_find(library, patch->name, &sound, NULL));
        if (i % 6 != 0)
            continue;
        TuneVoiceLevels now = {0};

        g_assert_true(tune_levels_measure(sound, &now, NULL));
        for (guint octave = 0; octave < 8 && !patch->is_kit; octave++)
            g_assert_cmpfloat(fabs(now.notes[octave][0] - sound->levels.notes[octave][0]), <, 0.6);
        for (guint drum = 0; drum < TUNE_LEVELS_DRUMS && patch->is_kit; drum++)
            g_assert_cmpfloat(fabs(now.drums[drum] - sound->levels.drums[drum]), <, 0.6);
    }
}

static void refuse(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TunePatch) patch = tune_patch_parse("mine.yaml", text, strlen(text), &error);

    g_assert_null(patch);
    g_assert_error(error, TUNE_BASE_ERROR, TUNE_BASE_ERROR_SYNTAX);
    if (strstr(error->message, expected) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, expected);
}

static void test_mistakes_are_told_with_line(void)
{
    refuse("summary: x\noscillators:\n  - {wave: saw}\n", "name is missing");
    refuse("name: x\noscillators:\n  - {wave: swa}\n", "mine.yaml:3: wave: \"swa\" is none of saw,");
    refuse("name: x\noscillators:\n  - {wave: saw, levle: 1}\n", "mine.yaml:3");
    refuse("name: x\noscillators: []\n", "a list of 1 to");
    refuse("name: x\nfilter: {kind: low24, resonance: 3}\noscillators:\n  - {wave: saw}\n", "mine.yaml:2");
    refuse("name: x\ndrums:\n  kick: {keys: [36], layers: []}\n", "mine.yaml:3: layers");
    refuse("name: x\ndrums:\n  kick: {keys: [36], layers: [{hz: 50}]}\n"
           "  boom: {keys: [36], layers: [{hz: 50}]}\n",
           "mine.yaml:4: key 36 plays another drum already");
}

static void test_bank_chooses_by_instrument(void)
{
    g_autoptr(TuneLibrary) library = tune_library_new(NULL, NULL);
    g_autofree char *font = tune_soundfont_find(NULL, NULL);
    TuneVoiceBank *banks = tune_banks_new(library, tune_fluid_bank_new(font, NULL));
    TuneVoiceRequest ours = {.rate = 44100, .program = 81, .instrument = "supersaw"};
    TuneVoiceRequest plain = {.rate = 44100, .program = 81};
    TuneVoice *a = tune_voice_bank_acquire(banks, &ours, NULL);
    TuneVoice *b = tune_voice_bank_acquire(banks, &plain, NULL);

    g_assert_nonnull(a);
    g_assert_nonnull(b);
    g_assert_true(a->class != b->class);
    tune_voice_release(a);
    tune_voice_release(b);
    tune_voice_bank_free(banks);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/wave/does-not-alias", test_waves_do_not_alias);
    g_test_add_func("/synth/voices/supersaw-does-not-alias", test_supersaw_does_not_alias);
    g_test_add_func("/synth/voices/fm-gives-way-in-high-notes", test_fm_gives_way_in_high_notes);
    g_test_add_func("/synth/voices/all-sound-at-every-rate", test_every_voice_sounds_at_every_rate);
    g_test_add_func("/synth/voices/kits-have-all-drums", test_kits_have_all_drums);
    g_test_add_func("/synth/voices/same-events-same-bits", test_same_events_same_bits);
    g_test_add_func("/synth/voices/velocity-and-controllers", test_velocity_and_controllers);
    g_test_add_func("/synth/voices/bend-and-glide", test_bend_and_glide);
    g_test_add_func("/synth/voices/stealing-is-bounded-and-smooth", test_stealing_is_bounded_and_smooth);
    g_test_add_func("/synth/voices/riser-fills-its-note", test_riser_fills_its_note);
    g_test_add_func("/synth/voices/levels-are-of-these-voices", test_levels_are_of_these_voices);
    g_test_add_func("/synth/voices/mistakes-are-told-with-line", test_mistakes_are_told_with_line);
    g_test_add_func("/synth/voices/bank-chooses-by-instrument", test_bank_chooses_by_instrument);
    return g_test_run();
}
