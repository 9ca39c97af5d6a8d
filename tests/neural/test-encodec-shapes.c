/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Codecs of other shapes than the release: what any configuration must keep, and weights that are
 * no numbers.
 */
#include "base/random.h"
#include "model-maker.h"
#include "neural/encodec.h"
#include "random-model.h"

#include <math.h>
#include <string.h>

typedef struct {
    char *folder;
    TuneCheckpoint *checkpoint;
    TuneCompute *compute;
    TuneEncodec *codec;
} Fixture;

static void set(json_t *object, const char *key, gint value)
{
    json_object_set_new(object, key, json_integer(value));
}

/* Ratios of 1 to 6, kernels of 1 to 9, one to three levels of LSTM. */
static char *random_config(TuneRandom *random)
{
    json_t *config = json_loads(random_model_codec_config, 0, NULL);
    json_t *codec = json_object_get(config, "audio_encoder"), *ratios = json_array();
    json_t *decoder = json_object_get(config, "decoder");
    gint compress = tune_random_int(random, 1, 3), hidden = tune_random_int(random, 1, 9), hop = 1;

    for (gint i = tune_random_int(random, 1, 3); i > 0; i--) {
        gint ratio = tune_random_int(random, 1, 6);
        json_array_append_new(ratios, json_integer(ratio));
        hop *= ratio;
    }
    json_object_set_new(codec, "upsampling_ratios", ratios);
    set(codec, "compress", compress);
    set(codec, "num_filters", compress * tune_random_int(random, 1, 5));
    set(codec, "hidden_size", hidden);
    set(codec, "codebook_dim", hidden);
    set(codec, "codebook_size", 32);
    set(decoder, "vocab_size", 32);
    set(decoder, "num_codebooks", 2);
    set(codec, "kernel_size", tune_random_int(random, 1, 9));
    set(codec, "last_kernel_size", tune_random_int(random, 1, 9));
    set(codec, "residual_kernel_size", tune_random_int(random, 1, 5));
    set(codec, "num_lstm_layers", tune_random_int(random, 1, 2));
    /* Ten bits a code, two codebooks. */
    json_object_set_new(codec, "target_bandwidths",
                        json_pack("[f]", ceil(32000.0 / hop) * 20.5 / 1000));
    char *text = tune_json_pretty(config);
    json_decref(config);
    return text;
}

static void open_random(Fixture *f, TuneRandom *random, TuneWeightType type)
{
    g_autofree char *config = random_config(random);
    g_autoptr(GError) error = NULL;

    f->folder = test_model_folder();
    random_model_write(f->folder, config, &error);
    g_assert_no_error(error);
    f->checkpoint = tune_checkpoint_open(f->folder, &error);
    g_assert_no_error(error);
    f->compute = tune_compute_new(tune_kernels_best(), (guint)tune_random_int(random, 1, 2));
    f->codec = tune_encodec_new(f->checkpoint, f->compute, type, TUNE_ENCODEC_BOTH, &error);
    g_assert_no_error(error);
}

static void close_codec(Fixture *f)
{
    tune_encodec_free(f->codec);
    tune_compute_free(f->compute);
    tune_checkpoint_unref(f->checkpoint);
    test_model_remove(f->folder);
    g_free(f->folder);
}

static gint32 *random_codes(TuneRandom *random, const TuneEncodecConfig *config, gsize frames)
{
    gint32 *codes = g_new(gint32, config->n_quantizers * frames + 1);

    for (gsize i = 0; i < config->n_quantizers * frames; i++)
        codes[i] = tune_random_int(random, 0, (gint)config->codebook_size - 1);
    return codes;
}

static float *decode(const Fixture *f, TuneRandom *random, const gint32 *codes, gsize frames,
                     gint longest, gsize *n_samples)
{
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(f->codec);
    float *audio = g_new(float, tune_encodec_room(decoding, frames, TRUE) + 1);
    gboolean last = FALSE;

    *n_samples = 0;
    for (gsize done = 0; !last;) {
        gsize wish = (gsize)tune_random_int(random, 0, longest), got;
        gsize n = MIN(frames - done, wish);
        last = done + n == frames;
        tune_encodec_decode(decoding, f->compute, codes + done, frames, n, last, audio + *n_samples,
                            &got);
        *n_samples += got;
        done += n;
    }
    return audio;
}

static void test_any_shape_decodes_in_pieces(void)
{
    TuneRandom random;

    tune_random_init(&random, 11, "shapes");
    for (guint round = 0; round < 24; round++) {
        Fixture f;
        open_random(&f, &random, round % 2 ? TUNE_WEIGHTS_F16 : TUNE_WEIGHTS_F32);
        const TuneEncodecConfig *config = tune_encodec_config(f.codec);
        for (guint i = 0; i < 6; i++) {
            gsize frames = (gsize)tune_random_int(&random, 0, i == 5 ? 300 : 20), n, n_pieces;
            g_autofree gint32 *codes = random_codes(&random, config, frames);
            g_autofree float *whole = decode(&f, &random, codes, frames, 1000, &n);
            g_autofree float *pieces = decode(&f, &random, codes, frames, 7, &n_pieces);
            g_assert_cmpuint(n, ==, frames * config->hop);
            g_assert_cmpuint(n_pieces, ==, n);
            g_assert_cmpint(memcmp(whole, pieces, n * sizeof(float)), ==, 0);
            for (gsize s = 0; s < n; s++)
                g_assert_true(isfinite(whole[s]));
        }
        close_codec(&f);
    }
}

static void test_any_shape_encodes_any_length(void)
{
    TuneRandom random;

    tune_random_init(&random, 12, "lengths");
    for (guint round = 0; round < 20; round++) {
        Fixture f;
        open_random(&f, &random, round % 2 ? TUNE_WEIGHTS_F16 : TUNE_WEIGHTS_F32);
        const TuneEncodecConfig *config = tune_encodec_config(f.codec);
        for (guint i = 0; i < 8; i++) {
            gsize n = (gsize)tune_random_int(&random, 0, 4 * (gint)config->hop), frames;
            g_autofree float *audio = g_new(float, n + 1);
            for (gsize s = 0; s < n; s++)
                audio[s] = (float)tune_random_range(&random, -1, 1);
            g_autoptr(GError) error = NULL;
            g_autofree gint32 *codes =
                tune_encodec_encode(f.codec, f.compute, audio, n, &frames, NULL, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(frames, ==, (n + config->hop - 1) / config->hop);
            for (gsize c = 0; c < frames * config->n_quantizers; c++)
                g_assert_true(codes[c] >= 0 && codes[c] < (gint32)config->codebook_size);
        }
        close_codec(&f);
    }
}

static void check_nan(const char *name)
{
    TestModel model = TEST_MODEL_DEFAULT;
    g_autofree char *folder = test_model_folder();
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    g_autoptr(GError) error = NULL;

    model.nan = name;
    test_model_write(&model, folder);
    g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(folder, &error);
    g_assert_no_error(error);
    g_assert_null(
        tune_encodec_new(checkpoint, compute, TUNE_WEIGHTS_F32, TUNE_ENCODEC_BOTH, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, "audio_encoder."));
    test_model_remove(folder);
}

static void test_weights_that_are_no_numbers_are_told(void)
{
    check_nan("audio_encoder.decoder.layers.0.conv.weight_v");
    check_nan("audio_encoder.decoder.layers.0.conv.weight_g");
    check_nan("audio_encoder.decoder.layers.1.lstm.weight_hh_l1");
    check_nan("audio_encoder.decoder.layers.1.lstm.bias_hh_l0");
    check_nan("audio_encoder.decoder.layers.4.block.3.conv.weight_v");
    check_nan("audio_encoder.decoder.layers.15.conv.bias");
    check_nan("audio_encoder.encoder.layers.3.conv.weight_v");
    check_nan("audio_encoder.quantizer.layers.2.codebook.embed");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/encodec-shapes/any-shape-decodes-in-pieces",
                    test_any_shape_decodes_in_pieces);
    g_test_add_func("/neural/encodec-shapes/any-shape-encodes-any-length",
                    test_any_shape_encodes_any_length);
    g_test_add_func("/neural/encodec-shapes/weights-that-are-no-numbers-are-told",
                    test_weights_that_are_no_numbers_are_told);
    return g_test_run();
}
