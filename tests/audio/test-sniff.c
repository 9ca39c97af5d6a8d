/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "audio-test.h"

#include <string.h>
#include "audio/sniff.h"
#include "base/random.h"

static gboolean sniff_text(const char *text, TuneSniffed *kind)
{
    return tune_sniff((const guint8 *)text, strlen(text), kind, NULL);
}

static void knows_what_we_write(void)
{
    static const TuneSniffed expected[TUNE_N_AUDIO_FORMATS] = {
        TUNE_SNIFFED_WAV,  TUNE_SNIFFED_WAV, TUNE_SNIFFED_WAV, TUNE_SNIFFED_FLAC,
        TUNE_SNIFFED_FLAC, TUNE_SNIFFED_MP3, TUNE_SNIFFED_OGG, TUNE_SNIFFED_OPUS};
    g_autofree char *folder = test_folder();
    g_autofree float *frames = test_tones(48000, 48000, 0.5f);
    g_autoptr(TuneTags) tags = tune_tags_new();

    tags->title = g_strdup("With a tag");
    for (int format = 0; format < TUNE_N_AUDIO_FORMATS; format++) {
        g_autofree char *path = g_build_filename(folder, "lies.txt", NULL), *bytes = NULL;
        gsize n;
        TuneSniffed kind;

        for (guint tagged = 0; tagged < 2; tagged++) {
            g_autofree char *data = NULL;

            test_encode(path, (TuneAudioFormat)format, 48000, frames, 48000, -1,
                        tagged ? tags : NULL);
            g_assert_true(g_file_get_contents(path, &data, &n, NULL));
            g_assert_true(tune_sniff((guint8 *)data, n, &kind, NULL));
            g_assert_cmpint(kind, ==, expected[format]);
            g_assert_true(tune_sniffed_is_sound(kind));
        }
    }
    test_remove_folder(folder);
}

static void knows_scores(void)
{
    static const struct {
        const char *text;
        TuneSniffed kind;
    } cases[] = {
        {"X:1\nT:Tune\nM:4/4\nK:C\nCDEF|", TUNE_SNIFFED_ABC},
        {"%abc-2.1\n% words first\n\nX: 7\r\nK:G\r\n", TUNE_SNIFFED_ABC},
        {"\xef\xbb\xbfX:1\nK:C\n", TUNE_SNIFFED_ABC},
        {"<?xml version=\"1.0\"?>\n<!DOCTYPE x>\n<score-partwise version=\"4.0\">",
         TUNE_SNIFFED_MUSICXML},
        {"\xef\xbb\xbf <score-timewise>", TUNE_SNIFFED_MUSICXML},
        {" {\"format\": \"tunesmith-score\", \"version\": 1}", TUNE_SNIFFED_SCORE},
    };
    TuneSniffed kind;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(sniff_text(cases[i].text, &kind));
        g_assert_cmpint(kind, ==, cases[i].kind);
        g_assert_false(tune_sniffed_is_sound(kind));
    }
    g_assert_true(tune_sniff((const guint8 *)"MThd\0\0\0\6\0\1\0\1\1\340MTrk", 18, &kind, NULL));
    g_assert_cmpint(kind, ==, TUNE_SNIFFED_MIDI);
    g_autofree char *wide = g_convert("<?xml version='1.0'?><score-partwise/>", -1, "UTF-16",
                                      "UTF-8", NULL, NULL, NULL);
    g_assert_true(tune_sniff((const guint8 *)wide, 78, &kind, NULL));
    g_assert_cmpint(kind, ==, TUNE_SNIFFED_MUSICXML);
}

static void refuses_all_else_and_says_what_it_is(void)
{
    static const struct {
        const char *bytes;
        const char *says;
    } cases[] = {
        {"%PDF-1.7 ...", "PDF"},
        {"\x89PNG\r\n", "PNG"},
        {"PK\3\4 META-INF/container.xml", "ZIP"},
        {"<html><body>X:1</body></html>", "HTML"},
        {"<svg xmlns=\"\">", "HTML"},
        {"{\"format\": \"something\"}", "JSON"},
        {"[1, 2, 3]", "JSON"},
        {"RIFF\1\1\1\1AVI LIST", "RIFF"},
        {"FORM1234AIFF", "AIFF"},
        {"1234ftypM4A ", "M4A"},
        {"\177ELF", "program"},
        {"", "empty"},
        {"Dear Sir, X:1 is my favourite.", "recognised"},
        {"\xff\xfb\x90\x64 is a sync word, and then nothing of the kind", "recognised"},
        {"ID3\4\1\1\xff\xff\xff\xff", "recognised"},
        {"OggS says Theora", "Ogg"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        TuneSniffed kind;

        g_assert_false(
            tune_sniff((const guint8 *)cases[i].bytes, strlen(cases[i].bytes), &kind, &error));
        g_assert_error(error, TUNE_AUDIO_ERROR, TUNE_AUDIO_ERROR_FORMAT);
        g_assert_nonnull(strstr(error->message, cases[i].says));
        g_assert_nonnull(strstr(error->message, "MusicXML"));
    }
}

/* Nothing is read beyond the end, whatever the lengths inside say (the sanitizer looks on). */
static void any_bytes_may_be_given(void)
{
    static const char *const starts[] = {"ID3\3\0\0", "\xff\xfb\x90", "OggS", "RIFF", "X:", "MThd",
                                         "\xff\xfe<", "fLaC",         "{",    "<",    "",   "K:"};
    TuneRandom r;

    tune_random_init(&r, 3, "test/sniff");
    for (guint i = 0; i < 4000; i++) {
        const char *start = starts[i % G_N_ELEMENTS(starts)];
        gsize n = (gsize)tune_random_int(&r, 0, i % 7 == 0 ? 20000 : 60);
        g_autofree guint8 *bytes = g_malloc(MAX(n, 1));
        TuneSniffed kind;

        for (gsize k = 0; k < n; k++)
            bytes[k] = k < strlen(start) ? (guint8)start[k] : (guint8)tune_random_int(&r, 0, 255);
        tune_sniff(bytes, n, &kind, NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audio/sniff/our-own", knows_what_we_write);
    g_test_add_func("/audio/sniff/scores", knows_scores);
    g_test_add_func("/audio/sniff/refuses", refuses_all_else_and_says_what_it_is);
    g_test_add_func("/audio/sniff/any-bytes", any_bytes_may_be_given);
    return g_test_run();
}
