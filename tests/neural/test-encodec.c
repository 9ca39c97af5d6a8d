/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The codec against the reference: every module of its decoder and encoder, waveforms and codes;
 * and pieces of any size against the whole.
 */
#include "golden.h"

#include "base/random.h"
#include "neural/encodec.h"

#include <math.h>
#include <string.h>

#define MAX_LAYERS 64

typedef struct {
    TuneGolden *golden;
    TuneCheckpoint *checkpoint;
    TuneCompute *compute;
    TuneEncodec *codec;
} Fixture;

static void open_codec(Fixture *f, const char *name, const TuneKernels *kernels, guint n_threads,
                       TuneWeightType type)
{
    g_autoptr(GError) error = NULL;

    f->golden = tune_golden_open(name);
    f->checkpoint = tune_checkpoint_open(f->golden->folder, &error);
    g_assert_no_error(error);
    f->compute = tune_compute_new(kernels, n_threads);
    f->codec = tune_encodec_new(f->checkpoint, f->compute, type, TUNE_ENCODEC_BOTH, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(tune_encodec_bytes(f->codec), >, 0);
}

static void close_codec(Fixture *f)
{
    tune_encodec_free(f->codec);
    tune_compute_free(f->compute);
    tune_checkpoint_unref(f->checkpoint);
    tune_golden_free(f->golden);
}

/* Rows of every module, gathered as they come. */
typedef struct {
    GArray *rows[MAX_LAYERS + 1]; /* of float; [0]: layer -1 */
    gsize width[MAX_LAYERS + 1];
} Seen;

static void see(gint layer, const float *rows, gsize n, gsize width, gpointer data)
{
    Seen *seen = data;

    g_assert_cmpint(layer, <, MAX_LAYERS);
    if (seen->rows[layer + 1] == NULL)
        seen->rows[layer + 1] = g_array_new(FALSE, FALSE, sizeof(float));
    seen->width[layer + 1] = width;
    g_array_append_vals(seen->rows[layer + 1], rows, (guint)(n * width));
}

static void seen_clear(Seen *seen)
{
    for (guint i = 0; i <= MAX_LAYERS; i++)
        g_clear_pointer(&seen->rows[i], g_array_unref);
}

/* Ours are [time][channels], the reference's [channels][time]. */
static void compare_layer(const Fixture *f, const char *name, const Seen *seen, gint layer,
                          double tolerance)
{
    GArray *rows = seen->rows[layer + 1];

    g_assert_nonnull(rows);
    gsize width = seen->width[layer + 1], n = rows->len / width;
    g_autofree float *turned = g_new(float, rows->len);
    for (gsize t = 0; t < n; t++) {
        for (gsize c = 0; c < width; c++)
            turned[c * n + t] = g_array_index(rows, float, t *width + c);
    }
    tune_golden_compare(f->golden, name, turned, rows->len, tolerance);
}

/* Rounding grows with depth: the golden README's 2e-5 at the first module and 2e-4 at the last
 * ones. */
static double layer_tolerance(gint layer)
{
    return layer <= 0 ? 2e-5 : 2e-5 * pow(10, MIN(layer, 13) / 13.0);
}

static void check_decode(const Fixture *f, guint frames)
{
    g_autofree char *codes_name = g_strdup_printf("codec.decode.f%u.codes", frames);
    g_autofree char *audio_name = g_strdup_printf("codec.decode.f%u.audio", frames);
    g_autofree gint32 *codes = tune_golden_ints(f->golden, codes_name, NULL);
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(f->codec);
    gsize room = tune_encodec_room(decoding, frames, TRUE), n;
    g_autofree float *audio = g_new(float, room);
    Seen seen = {0};

    tune_encodec_decoding_watch(decoding, see, &seen);
    tune_encodec_decode(decoding, f->compute, codes, frames, frames, TRUE, audio, &n);
    g_assert_cmpuint(n, ==, room);
    tune_golden_compare(f->golden, audio_name, audio, n, 2e-5);
    for (gint layer = -1; layer < MAX_LAYERS; layer++) {
        g_autofree char *name = layer < 0
                                    ? g_strdup_printf("codec.decode.f%u.quantized", frames)
                                    : g_strdup_printf("codec.decode.f%u.layers.%d", frames, layer);
        if (tune_tensor_set_find(f->golden->tensors, name) != NULL)
            compare_layer(f, name, &seen, layer, layer_tolerance(layer));
    }
    seen_clear(&seen);
}

static void check_encode(const Fixture *f, guint samples)
{
    g_autofree char *prefix = g_strdup_printf("codec.encode.n%u", samples);
    g_autofree char *audio_name = g_strconcat(prefix, ".audio", NULL);
    g_autofree char *codes_name = g_strconcat(prefix, ".codes", NULL);
    g_autofree char *embedding_name = g_strconcat(prefix, ".embedding", NULL);
    g_autofree float *audio = tune_golden_floats(f->golden, audio_name, NULL);
    gsize n_codes, frames;
    g_autofree gint32 *want = tune_golden_ints(f->golden, codes_name, &n_codes);
    g_autoptr(GError) error = NULL;
    Seen seen = {0};
    g_autofree gint32 *codes = tune_encodec_encode_watched(f->codec, f->compute, audio, samples,
                                                           &frames, see, &seen, &error);

    g_assert_no_error(error);
    for (gint layer = 0; layer < MAX_LAYERS; layer++) {
        g_autofree char *name = g_strdup_printf("%s.layers.%d", prefix, layer);
        if (tune_tensor_set_find(f->golden->tensors, name) != NULL)
            compare_layer(f, name, &seen, layer, 2e-5);
    }
    compare_layer(f, embedding_name, &seen, -1, 2e-5);
    g_assert_cmpuint(frames * tune_encodec_config(f->codec)->n_quantizers, ==, n_codes);
    tune_golden_compare_ints(codes_name, codes, want, n_codes);
    seen_clear(&seen);
}

/* Every size for which the golden file has "PREFIX<size>.codes". */
static void check_all(const Fixture *f, const char *prefix, void (*check)(const Fixture *, guint))
{
    guint checked = 0;

    for (guint i = 0; i < tune_tensor_set_size(f->golden->tensors); i++) {
        const char *name = tune_tensor_set_get(f->golden->tensors, i)->name;
        if (g_str_has_prefix(name, prefix) && g_str_has_suffix(name, ".codes")) {
            check(f, (guint)g_ascii_strtoull(name + strlen(prefix), NULL, 10));
            checked++;
        }
    }
    g_assert_cmpuint(checked, >=, 3);
}

static void with_all_kernels(const char *prefix, void (*check)(const Fixture *, guint))
{
    guint n;
    const TuneKernels *const *all = tune_kernels_all(&n);

    for (guint i = 0; i < n; i++) {
        Fixture f;
        if (!all[i]->usable())
            continue;
        g_test_message("kernels %s", all[i]->name);
        open_codec(&f, "tiny-mono", all[i], 1 + i % 2, TUNE_WEIGHTS_F32);
        check_all(&f, prefix, check);
        close_codec(&f);
    }
}

static void test_decodes_as_reference(void)
{
    with_all_kernels("codec.decode.f", check_decode);
}

static void test_encodes_as_reference(void)
{
    with_all_kernels("codec.encode.n", check_encode);
}

static gint32 *random_codes(TuneRandom *random, const TuneEncodecConfig *config, gsize frames)
{
    gint32 *codes = g_new(gint32, config->n_quantizers * frames);

    for (gsize i = 0; i < config->n_quantizers * frames; i++)
        codes[i] = tune_random_int(random, 0, (gint)config->codebook_size - 1);
    return codes;
}

/* Cut at random, empty pieces and a late end among them. */
static float *decode_in_pieces(const Fixture *f, TuneEncodecDecoding *decoding, TuneRandom *random,
                               const gint32 *codes, gsize frames, guint longest, gsize *n_samples)
{
    float *audio = g_new(float, tune_encodec_room(decoding, frames, TRUE));
    gsize done = 0;
    gboolean last = FALSE;

    *n_samples = 0;
    while (!last) {
        gsize wish = (gsize)tune_random_int(random, 0, (gint)longest), got, room;
        gsize n = MIN(frames - done, wish);
        last = done + n == frames && tune_random_chance(random, 0.5);
        room = tune_encodec_room(decoding, n, last);
        tune_encodec_decode(decoding, f->compute, codes + done, frames, n, last, audio + *n_samples,
                            &got);
        g_assert_cmpuint(got, <=, room);
        *n_samples += got;
        done += n;
    }
    return audio;
}

static void test_pieces_give_the_same_samples(void)
{
    TuneRandom random;
    Fixture f;

    tune_random_init(&random, 1, "pieces");
    open_codec(&f, "tiny-mono", tune_kernels_best(), 2, TUNE_WEIGHTS_F32);
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(f.codec);
    for (guint round = 0; round < 60; round++) {
        gsize frames = (gsize)tune_random_int(&random, 0, round % 4 == 3 ? 150 : 12), whole, n;
        g_autofree gint32 *codes = random_codes(&random, tune_encodec_config(f.codec), frames);
        gsize room = tune_encodec_room(decoding, frames, TRUE);
        g_autofree float *audio = g_new(float, room);
        tune_encodec_decode(decoding, f.compute, codes, frames, frames, TRUE, audio, &whole);
        g_assert_cmpuint(whole, ==, room);
        tune_encodec_decoding_reset(decoding);
        g_autofree float *pieces =
            decode_in_pieces(&f, decoding, &random, codes, frames, 1 + 40 * (round % 2), &n);
        tune_encodec_decoding_reset(decoding);
        g_assert_cmpuint(n, ==, whole);
        g_assert_true(whole == 0 || memcmp(pieces, audio, whole * sizeof(float)) == 0);
    }
    close_codec(&f);
}

static double rms_apart(const float *a, const float *b, gsize n)
{
    double sum = 0;

    for (gsize i = 0; i < n; i++)
        sum += pow((double)a[i] - (b == NULL ? 0 : (double)b[i]), 2);
    return sqrt(sum / (double)n);
}

/* Rounding a weight to 11 bits changes it by 2^-11 at most, 2^-12.8 in the mean square where
 * mantissas are spread evenly.  A product's sum is changed by as much of its own size, as the
 * errors are independent; the twelve products of the longest way, each on top of the errors before
 * it, make sqrt(12) 2^-12.8 = 5e-4 of the signal.  Four times that is allowed: the LSTM feeds its
 * errors back. */
static void test_halves_stay_near(void)
{
    static const double allowed = 2e-3;
    TuneRandom random;
    float *audio[2];
    gsize frames = 100, n;

    tune_random_init(&random, 1, "halves");
    g_autofree gint32 *codes = NULL;
    for (guint i = 0; i < 2; i++) {
        Fixture f;
        open_codec(&f, "tiny-mono", tune_kernels_best(), 1,
                   i == 0 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16);
        if (codes == NULL)
            codes = random_codes(&random, tune_encodec_config(f.codec), frames);
        g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(f.codec);
        audio[i] = g_new(float, tune_encodec_room(decoding, frames, TRUE));
        tune_encodec_decode(decoding, f.compute, codes, frames, frames, TRUE, audio[i], &n);
        close_codec(&f);
    }
    double size = rms_apart(audio[0], NULL, n), apart = rms_apart(audio[0], audio[1], n);
    g_test_message("halves: %.3g of the signal's rms", apart / size);
    g_assert_cmpfloat(apart, >, 0);
    g_assert_cmpfloat(apart / size, <, allowed);
    g_free(audio[0]);
    g_free(audio[1]);
}

/* What is held back is bounded: a stream starts after a few frames. */
static void test_gives_sound_early(void)
{
    TuneRandom random;
    Fixture f;

    tune_random_init(&random, 1, "early");
    open_codec(&f, "tiny-mono", tune_kernels_best(), 1, TUNE_WEIGHTS_F32);
    const TuneEncodecConfig *config = tune_encodec_config(f.codec);
    g_autofree gint32 *codes = random_codes(&random, config, 50);
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(f.codec);
    g_autofree float *audio = g_new(float, tune_encodec_room(decoding, 50, FALSE));
    gsize n;
    tune_encodec_decode(decoding, f.compute, codes, 50, 50, FALSE, audio, &n);
    g_assert_cmpuint(n, >=, (50 - config->kernel_size / 2 - 2) * config->hop);
    close_codec(&f);
}

/* Encoded what was decoded, the first codebook mostly comes back; and a long prompt is coded like a
 * short one at its start, as the far end is not seen from there (the LSTM looks back only). */
static void test_encodes_long_sound_in_pieces(void)
{
    TuneRandom random;
    g_autoptr(GError) error = NULL;
    Fixture f;

    tune_random_init(&random, 1, "long");
    open_codec(&f, "tiny-mono", tune_kernels_best(), 2, TUNE_WEIGHTS_F32);
    const TuneEncodecConfig *config = tune_encodec_config(f.codec);
    gsize n = 130 * config->hop + 17, half = n / 2, n_all, n_half;
    g_autofree float *audio = g_new(float, n);
    for (gsize i = 0; i < n; i++)
        audio[i] = (float)(tune_random_unit(&random) - 0.5);
    g_autofree gint32 *all =
        tune_encodec_encode(f.codec, f.compute, audio, n, &n_all, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n_all, ==, 131);
    g_autofree gint32 *part =
        tune_encodec_encode(f.codec, f.compute, audio, half, &n_half, NULL, &error);
    g_assert_no_error(error);
    for (guint q = 0; q < config->n_quantizers; q++)
        g_assert_cmpint(memcmp(all + q * n_all, part + q * n_half, (n_half - 6) * sizeof(gint32)),
                        ==, 0);
    close_codec(&f);
}

static void test_encoding_can_be_cancelled(void)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = NULL;
    float audio[100] = {0};
    gsize frames;
    Fixture f;

    open_codec(&f, "tiny-mono", tune_kernels_best(), 1, TUNE_WEIGHTS_F32);
    g_cancellable_cancel(cancellable);
    gint32 *codes =
        tune_encodec_encode(f.codec, f.compute, audio, 100, &frames, cancellable, &error);
    g_assert_null(codes);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    close_codec(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/encodec/decodes-as-reference", test_decodes_as_reference);
    g_test_add_func("/neural/encodec/encodes-as-reference", test_encodes_as_reference);
    g_test_add_func("/neural/encodec/pieces-give-the-same-samples",
                    test_pieces_give_the_same_samples);
    g_test_add_func("/neural/encodec/halves-stay-near", test_halves_stay_near);
    g_test_add_func("/neural/encodec/gives-sound-early", test_gives_sound_early);
    g_test_add_func("/neural/encodec/encodes-long-sound-in-pieces",
                    test_encodes_long_sound_in_pieces);
    g_test_add_func("/neural/encodec/encoding-can-be-cancelled", test_encoding_can_be_cancelled);
    return g_test_run();
}
