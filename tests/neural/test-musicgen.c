/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whole takes against the reference: greedy codes equal, sound within 2e-5 (its own error against
 * doubles is 1.6e-6).
 */
#include "generate.h"

#include <string.h>

#define AUDIO_TOLERANCE 2e-5

/* The prompt whose ids are row @item of @name: texts and ids are listed with the goldens of
 * tiny-mono, whose tokenizer all folders share. */
static const char *text_of(const TuneGolden *texts, const TuneGolden *golden, const char *name,
                           gsize item)
{
    gsize stride = tune_golden_tensor(golden, name)->shape[1], index;
    g_autofree gint32 *all = tune_golden_ints(golden, name, NULL);
    json_t *entry;

    json_array_foreach(json_object_get(texts->json, "tokenizer"), index, entry)
    {
        json_t *ids = json_object_get(entry, "ids");
        gsize n = json_array_size(ids), same = 0;
        while (same < n && same < stride &&
               json_integer_value(json_array_get(ids, same)) == all[item * stride + same])
            same++;
        /* Rows are padded with 0. */
        if (same == n && (n == stride || all[item * stride + n] == 0))
            return json_string_value(json_object_get(entry, "text"));
    }
    g_error("no text has the ids of %s, row %zu", name, item);
}

static void compare_audio(const TuneGolden *golden, const char *run, gsize item,
                          const TuneTestSound *sound, guint n_channels)
{
    g_autofree char *name = g_strconcat(run, ".audio", NULL);
    gsize n = sound->n_samples / n_channels;

    if (tune_tensor_set_find(golden->tensors, name) == NULL)
        return;
    g_autofree float *all = tune_golden_floats(golden, name, NULL);
    g_autofree float *want = g_new(float, sound->n_samples);
    for (gsize c = 0; c < n_channels; c++) {
        for (gsize i = 0; i < n; i++)
            want[i * n_channels + c] = all[(item * n_channels + c) * n + i];
    }
    tune_golden_compare_floats(name, sound->audio, want, sound->n_samples, AUDIO_TOLERANCE);
}

/* What item @item of @run gave is what @request gives. */
static void check_run(TuneMusicgen *model, const TuneGolden *golden, const char *run, gsize item,
                      TuneTakeRequest *request)
{
    g_autofree char *name = g_strconcat(run, ".codes", NULL);
    const TuneTensor *tensor = tune_golden_tensor(golden, name);
    g_autofree gint32 *want = tune_golden_ints(golden, name, NULL);
    gsize n = tensor->shape[1] * tensor->shape[2];

    request->greedy = TRUE;
    request->seconds = (double)tensor->shape[2] / 50;
    g_autoptr(TuneTestSound) sound = tune_test_generate(model, request);
    g_assert_cmpuint(sound->n_codes, ==, n);
    tune_golden_compare_ints(name, sound->codes, want + item * n, n);
    compare_audio(golden, run, item, sound, tune_musicgen_n_channels(model));
}

/* All "text1.g3.f24" and the like of a folder. */
static void test_texts(gconstpointer folder)
{
    g_autoptr(TuneGolden) texts = tune_golden_open("tiny-mono");
    g_autoptr(TuneGolden) golden = tune_golden_open(folder);
    g_autoptr(TuneMusicgen) model = tune_test_model(folder, NULL);
    guint n_runs = 0;

    for (guint i = 0; i < tune_tensor_set_size(golden->tensors); i++) {
        const TuneTensor *tensor = tune_tensor_set_get(golden->tensors, i);
        guint text, guidance, frames;
        if (sscanf(tensor->name, "text%u.g%u.f%u", &text, &guidance, &frames) != 3 ||
            !g_str_has_suffix(tensor->name, ".codes"))
            continue;
        g_autofree char *ids = g_strdup_printf("text%u.input_ids", text);
        g_autofree char *run = g_strndup(tensor->name, strlen(tensor->name) - strlen(".codes"));
        for (gsize item = 0; item < tensor->shape[0]; item++) {
            TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;
            request.prompt = text_of(texts, golden, ids, item);
            request.guidance = guidance;
            check_run(model, golden, run, item, &request);
        }
        n_runs++;
    }
    g_assert_cmpuint(n_runs, >=, 1);
}

static void test_unconditional(gconstpointer folder)
{
    g_autoptr(TuneGolden) golden = tune_golden_open(folder);
    g_autoptr(TuneMusicgen) model = tune_test_model(folder, NULL);
    TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;

    check_run(model, golden, "uncond.m12", 0, &request);
}

/* Continuations.  The reference pads the shorter of two sounds with silence before it; so do we,
 * here. */
static void test_continuation(gconstpointer folder)
{
    g_autoptr(TuneGolden) texts = tune_golden_open("tiny-mono");
    g_autoptr(TuneGolden) golden = tune_golden_open(folder);
    g_autoptr(TuneMusicgen) model = tune_test_model(folder, NULL);
    gsize n_channels = tune_musicgen_n_channels(model);

    for (guint n = 1; n <= 2; n++) {
        g_autofree char *ids = g_strdup_printf("prompt%u.input_ids", n);
        g_autofree char *values = g_strdup_printf("prompt%u.input_values", n);
        g_autofree float *all = tune_golden_floats(golden, values, NULL);
        gsize n_audio = tune_golden_tensor(golden, values)->shape[2];
        g_autofree float *audio = g_new(float, n_audio *n_channels);
        for (gsize item = 0; item < n; item++) {
            for (gsize i = 0; i < n_audio * n_channels; i++)
                audio[i] = all[(item * n_channels + i % n_channels) * n_audio + i / n_channels];
            for (guint guidance = 1; guidance <= 3; guidance += 2) {
                g_autofree char *run = g_strdup_printf("prompt%u.g%u", n, guidance);
                TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;
                request.prompt = text_of(texts, golden, ids, item);
                request.guidance = guidance;
                request.audio = audio;
                request.n_audio = n_audio;
                check_run(model, golden, run, item, &request);
            }
        }
    }
}

static void test_melody(void)
{
    static const struct {
        const char *run, *melody;
        gboolean text;
        guint guidance;
    } runs[] = {
        {"text1.g1", NULL, TRUE, 1},
        {"text1.g3", NULL, TRUE, 3},
        {"text1_melody.g1", "chroma.melody.audio", TRUE, 1},
        {"text1_melody.g3", "chroma.melody.audio", TRUE, 3},
        {"text1_short.g1", "chroma.short.audio", TRUE, 1},
        {"text1_short.g3", "chroma.short.audio", TRUE, 3},
        {"melody_only.g3", "chroma.melody.audio", FALSE, 3},
    };
    g_autoptr(TuneGolden) texts = tune_golden_open("tiny-mono");
    g_autoptr(TuneGolden) golden = tune_golden_open("tiny-melody");
    g_autoptr(TuneMusicgen) model = tune_test_model("tiny-melody", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
        TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;
        gsize n = 0;
        g_autofree float *melody =
            runs[i].melody != NULL ? tune_golden_floats(golden, runs[i].melody, &n) : NULL;
        request.prompt = runs[i].text ? text_of(texts, golden, "text1.input_ids", 0) : NULL;
        request.guidance = runs[i].guidance;
        request.melody = melody;
        request.n_melody = n;
        check_run(model, golden, runs[i].run, 0, &request);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/neural/musicgen/texts/mono", "tiny-mono", test_texts);
    g_test_add_data_func("/neural/musicgen/texts/stereo", "tiny-stereo", test_texts);
    g_test_add_data_func("/neural/musicgen/texts/f16", "tiny-mono-f16", test_texts);
    g_test_add_data_func("/neural/musicgen/texts/bf16", "tiny-mono-bf16", test_texts);
    g_test_add_data_func("/neural/musicgen/texts/sharded", "tiny-mono-sharded", test_texts);
    g_test_add_data_func("/neural/musicgen/unconditional/mono", "tiny-mono", test_unconditional);
    g_test_add_data_func("/neural/musicgen/unconditional/stereo", "tiny-stereo",
                         test_unconditional);
    g_test_add_data_func("/neural/musicgen/continuation/mono", "tiny-mono", test_continuation);
    g_test_add_data_func("/neural/musicgen/continuation/stereo", "tiny-stereo", test_continuation);
    g_test_add_func("/neural/musicgen/melody", test_melody);
    return g_test_run();
}
