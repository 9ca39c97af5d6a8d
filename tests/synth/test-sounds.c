/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mappings of better sounds, and SFZ instruments.
 */
#include "audio/fft.h"
#include "base/music.h"
#include "score/score.h"
#include "synth/library.h"
#include "synth/sfz-voice.h"
#include "synth/soundfont.h"
#include "synth/synth.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#define RATE 44100
#define N 32768

static void put(GByteArray *out, guint32 value, guint n_bytes)
{
    for (guint i = 0; i < n_bytes; i++) {
        guint8 byte = (guint8)(value >> 8 * i);

        g_byte_array_append(out, &byte, 1);
    }
}

/* A mono WAV file of 16 bits with a sine of @hz. */
static void write_sine(const char *folder, const char *name, double hz, guint n_frames)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GByteArray) out = g_byte_array_new();

    g_byte_array_append(out, (const guint8 *)"RIFF", 4);
    put(out, 36 + 2 * n_frames, 4);
    g_byte_array_append(out, (const guint8 *)"WAVEfmt ", 8);
    put(out, 16, 4);
    put(out, 1, 2);
    put(out, 1, 2);
    put(out, RATE, 4);
    put(out, 2 * RATE, 4);
    put(out, 2, 2);
    put(out, 16, 2);
    g_byte_array_append(out, (const guint8 *)"data", 4);
    put(out, 2 * n_frames, 4);
    for (guint i = 0; i < n_frames; i++)
        put(out, (guint32)(gint32)(12000 * sin(2 * G_PI * hz * i / RATE)), 2);
    g_assert_true(g_file_set_contents(path, (const char *)out->data, out->len, NULL));
}

static char *write_text(const char *folder, const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static double pitch_of(const float *x)
{
    g_autoptr(TuneFft) fft = tune_fft_new(N);
    g_autofree float *magnitudes = g_new(float, N / 2 + 1);
    gsize best = 1;

    tune_fft_hann_magnitudes(fft, x, magnitudes);
    for (gsize i = 2; i < N / 2; i++)
        best = magnitudes[i] > magnitudes[best] ? i : best;
    return (double)best * RATE / N;
}

static double energy(const float *x, gsize from, gsize to)
{
    double sum = 0;

    for (gsize i = from; i < to; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static TuneSfz *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    TuneSfz *sfz = tune_sfz_parse("x.sfz", text, &error);

    g_assert_no_error(error);
    return sfz;
}

static const TuneSfzRegion *region(const TuneSfz *sfz, guint i)
{
    g_assert_cmpuint(i, <, sfz->regions->len);
    return &g_array_index(sfz->regions, TuneSfzRegion, i);
}

static void test_levels_inherit(void)
{
    g_autoptr(TuneSfz) sfz =
        parse("<control>\ndefault_path=a\\b/\n<global> volume=-6 // all\n<group> lokey=c2 hikey=b3 tune=10\n"
              "<region> sample=one two.wav pitch_keycenter=60 <region> sample=x.wav key=f#3\n"
              "<group>\n<region>\nsample=x.wav\nlovel=20\nhivel=90\nloop_mode=loop_sustain\nloop_start=5\n"
              "<curve> something=1\n<region> trigger=release sample=never.wav\n");

    g_assert_cmpuint(sfz->regions->len, ==, 3);
    g_assert_cmpuint(sfz->files->len, ==, 2);
    g_assert_cmpstr(region(sfz, 0)->sample, ==, "a/b/one two.wav");
    g_assert_cmpint(region(sfz, 0)->key_low, ==, 36);
    g_assert_cmpint(region(sfz, 0)->key_high, ==, 59);
    g_assert_cmpfloat(fabs(region(sfz, 0)->gain - 0.5012), <, 0.001);
    g_assert_cmpfloat(region(sfz, 0)->cents, ==, 10);
    g_assert_cmpint(region(sfz, 1)->key_low, ==, 54);
    g_assert_cmpint(region(sfz, 1)->centre, ==, 54);
    g_assert_cmpint(region(sfz, 2)->key_low, ==, 0);
    g_assert_cmpint(region(sfz, 2)->velocity_low, ==, 20);
    g_assert_true(region(sfz, 2)->loop == TUNE_SFZ_LOOP_SUSTAIN);
    g_assert_cmpint(region(sfz, 2)->loop_start, ==, 5);
    g_assert_cmpuint(region(sfz, 1)->file, ==, region(sfz, 2)->file);
}

static void refuse(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSfz) sfz = tune_sfz_parse("x.sfz", text, &error);

    g_assert_null(sfz);
    g_assert_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT);
    if (strstr(error->message, expected) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, expected);
}

static void test_mistakes_are_told_with_line(void)
{
    refuse("", "no region");
    refuse("<region> key=60\n", "no region with a sample");
    refuse("<region> sample=a.wav\n<regi", "x.sfz:2: a header without");
    refuse("<region> sample=a.wav\nwhatever\n", "x.sfz:2: neither a header nor an opcode");
    refuse("#include \"b.sfz\"\n<region> sample=a.wav", "x.sfz:1: #include");
    refuse("<region> sample=a.wav loop_mode=sometimes", "x.sfz:1: loop_mode is none of");
    refuse("<region> sample=*sine", "built-in waves");
}

typedef struct {
    char *folder;
    TuneSfz *sfz;
    TuneVoice *voice;
    float left[N], right[N];
} Stage;

static Stage *stage_new(const char *text)
{
    Stage *self = g_new0(Stage, 1);
    g_autoptr(GError) error = NULL;
    TuneVoiceRequest request = {.rate = RATE};

    self->folder = g_dir_make_tmp("tune-sfz-XXXXXX", NULL);
    write_sine(self->folder, "low.wav", 220, 22050);
    write_sine(self->folder, "high.wav", 882, 22050);
    g_autofree char *path = write_text(self->folder, "it.sfz", text);

    self->sfz = tune_sfz_load(path, &error);
    g_assert_no_error(error);
    self->voice = tune_sfz_voice_new(self->sfz, &request);
    return self;
}

static void remove_folder(char *folder)
{
    static const char *const names[] = {"low.wav", "high.wav", "it.sfz", "map.yaml"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
    g_free(folder);
}

static void stage_free(Stage *self)
{
    tune_voice_release(self->voice);
    tune_sfz_free(self->sfz);
    remove_folder(self->folder);
    g_free(self);
}

static void test_keys_choose_sample_and_pitch(void)
{
    Stage *s = stage_new("<region> sample=low.wav hikey=59 pitch_keycenter=57 loop_mode=loop_continuous "
                         "loop_start=0 loop_end=22049\n"
                         "<region> sample=high.wav lokey=60 pitch_keycenter=81 loop_mode=loop_continuous\n");

    tune_voice_note_on(s->voice, 45, 100, 0); /* an octave below the sample's own key */
    tune_voice_render(s->voice, s->left, s->right, N);
    g_assert_cmpfloat(fabs(pitch_of(s->left) - 110), <, 3);
    tune_voice_note_off(s->voice, 45);
    tune_voice_render(s->voice, s->left, s->right, N);
    g_assert_true(tune_voice_is_silent(s->voice));
    tune_voice_note_on(s->voice, 81, 100, 0);
    tune_voice_control(s->voice, TUNE_CONTROL_BEND, -8192);
    tune_voice_render(s->voice, s->left, s->right, N); /* longer than the file: it loops */
    g_assert_cmpfloat(fabs(pitch_of(s->left) - 882 * exp2(-2 / 12.0)), <, 4);
    g_assert_cmpfloat(energy(s->left, N - 4096, N), >, 0.5 * energy(s->left, 4096, 8192));
    stage_free(s);
}

static void test_pedal_envelope_and_one_shots(void)
{
    Stage *s = stage_new("<region> sample=low.wav key=57 ampeg_attack=0.2 ampeg_release=0.1 pan=-100\n"
                         "<region> sample=high.wav key=81 loop_mode=one_shot\n");

    tune_voice_note_on(s->voice, 57, 100, 0);
    tune_voice_control(s->voice, 64, 127);
    tune_voice_note_off(s->voice, 57);
    tune_voice_render(s->voice, s->left, s->right, 16384);
    g_assert_cmpfloat(energy(s->left, 0, 2048), <, 0.2 * energy(s->left, 12288, 14336));
    g_assert_cmpfloat(energy(s->left, 12288, 14336), >, 1);
    g_assert_cmpfloat(energy(s->right, 0, 16384), <, 1e-9);
    tune_voice_control(s->voice, 64, 0);
    tune_voice_render(s->voice, s->left, s->right, N);
    g_assert_true(tune_voice_is_silent(s->voice));
    tune_voice_note_on(s->voice, 81, 100, 64);
    tune_voice_note_off(s->voice, 81);
    tune_voice_render(s->voice, s->left, s->right, 16384);
    g_assert_cmpfloat(energy(s->left, 12288, 16384), >, 1); /* plays to its end all the same */
    stage_free(s);
}

static void test_groups_cut_and_samples_take_turns(void)
{
    Stage *s = stage_new("<region> sample=low.wav key=46 pitch_keytrack=0 off_by=1 loop_mode=one_shot\n"
                         "<region> sample=high.wav key=42 pitch_keytrack=0 group=1 loop_mode=one_shot "
                         "offset=22000\n"
                         "<group> key=50 pitch_keytrack=0 seq_length=2\n"
                         "<region> sample=low.wav seq_position=1\n<region> sample=high.wav seq_position=2\n");

    tune_voice_note_on(s->voice, 46, 100, 0);
    tune_voice_render(s->voice, s->left, s->right, 2048);
    tune_voice_note_on(s->voice, 42, 100, 0);
    tune_voice_render(s->voice, s->left, s->right, 4096);
    g_assert_cmpfloat(energy(s->left, 1024, 4096), <, 1e-6);
    tune_voice_note_on(s->voice, 50, 100, 0);
    tune_voice_render(s->voice, s->left, s->right, N);
    g_assert_cmpfloat(fabs(pitch_of(s->left) - 220), <, 4);
    tune_voice_note_on(s->voice, 50, 100, 0);
    tune_voice_render(s->voice, s->left, s->right, N);
    g_assert_cmpfloat(fabs(pitch_of(s->left) - 882), <, 4);
    stage_free(s);
}

static void test_missing_sample_is_told(void)
{
    char *folder = g_dir_make_tmp("tune-sfz-XXXXXX", NULL);
    g_autofree char *path = write_text(folder, "it.sfz", "<region> sample=gone.wav\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneSfz) sfz = tune_sfz_load(path, &error);

    g_assert_null(sfz);
    g_assert_error(error, TUNE_SYNTH_ERROR, TUNE_SYNTH_ERROR_SOUNDFONT);
    g_assert_nonnull(strstr(error->message, "gone.wav"));
    remove_folder(folder);
}

static void test_mapping_replaces_sounds(void)
{
    char *folder = g_dir_make_tmp("tune-sfz-XXXXXX", NULL);
    g_autofree char *font = tune_soundfont_find(NULL, NULL);
    g_autofree char *text =
        g_strdup_printf("name: mine\ninstruments:\n  violin: {sfz: it.sfz, transpose: 12, gain: -6}\n"
                        "  flute: {soundfont: %s, program: 75}\n  jazz-kit: {soundfont: %s, bank: 128}\n",
                        font, font);
    g_autofree char *sfz = write_text(folder, "it.sfz", "<region> sample=low.wav pitch_keycenter=57\n");
    g_autofree char *path = write_text(folder, "map.yaml", text);
    g_autoptr(GError) error = NULL;

    write_sine(folder, "low.wav", 220, 3 * N);
    TuneMapping *mapping = tune_mapping_load(path, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(tune_mapping_name(mapping), ==, "mine");
    g_assert_cmpuint(strlen(tune_mapping_hash(mapping)), ==, 64);
    g_assert_null(tune_mapping_find(mapping, "oboe"));
    g_assert_true(tune_mapping_find(mapping, "jazz-kit")->is_drums);
    g_autoptr(TuneLibrary) library = tune_library_new(mapping, NULL);
    const TuneSound *violin = NULL, *flute = NULL, *oboe = NULL;

    g_assert_true(tune_library_find(library, "violin", &violin, &error));
    g_assert_true(tune_library_find(library, "flute", &flute, &error));
    g_assert_true(tune_library_find(library, "oboe", &oboe, &error));
    g_assert_no_error(error);
    g_assert_null(oboe);
    g_assert_cmpfloat(flute->levels.notes[4][0], >, -50);
    TuneVoiceRequest request = {.rate = RATE, .instrument = "violin"};
    TuneVoice *voice = tune_sound_voice_new(violin, &request, &error);
    g_autofree float *left = g_new(float, N), *right = g_new(float, N);

    tune_voice_note_on(voice, 57, 100, 0);
    tune_voice_render(voice, left, right, N);
    g_assert_cmpfloat(fabs(pitch_of(left) - 440), <, 4);
    tune_voice_release(voice);
    remove_folder(folder);
}

static void refuse_mapping(const char *text, const char *expected)
{
    char *folder = g_dir_make_tmp("tune-sfz-XXXXXX", NULL);
    g_autofree char *path = write_text(folder, "map.yaml", text);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneMapping) mapping = tune_mapping_load(path, &error);

    g_assert_null(mapping);
    if (strstr(error->message, expected) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, expected);
    remove_folder(folder);
}

static void test_mapping_mistakes_are_told_with_line(void)
{
    refuse_mapping("name: x\n", "instruments: a map");
    refuse_mapping("instruments:\n  violin: {soundfont: none.sf2}\n", "map.yaml:2: soundfont: there is no file");
    refuse_mapping("instruments:\n  violin: {program: 3}\n", "map.yaml:2: either soundfont or sfz");
    refuse_mapping("instruments:\n  violin: {sfz: map.yaml, program: 3}\n", "neither bank nor program");
    refuse_mapping("instruments:\n  violin: {sfz: map.yaml, transpose: 90}\n", "map.yaml:2");
    refuse_mapping("instruments:\n  violin: {sfx: map.yaml}\n", "map.yaml:2: unknown key \"sfx\"");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/synth/sfz/levels-inherit", test_levels_inherit);
    g_test_add_func("/synth/sfz/mistakes-are-told-with-line", test_mistakes_are_told_with_line);
    g_test_add_func("/synth/sfz/keys-choose-sample-and-pitch", test_keys_choose_sample_and_pitch);
    g_test_add_func("/synth/sfz/pedal-envelope-and-one-shots", test_pedal_envelope_and_one_shots);
    g_test_add_func("/synth/sfz/groups-cut-and-samples-take-turns", test_groups_cut_and_samples_take_turns);
    g_test_add_func("/synth/sfz/missing-sample-is-told", test_missing_sample_is_told);
    g_test_add_func("/synth/mapping/replaces-sounds", test_mapping_replaces_sounds);
    g_test_add_func("/synth/mapping/mistakes-are-told-with-line", test_mapping_mistakes_are_told_with_line);
    return g_test_run();
}
