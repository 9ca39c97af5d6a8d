/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Seconds that EnCodec's decoder takes for a second of sound, on a codec of the released size with
 * random weights (or that of the checkpoint named on the command line), beside what the processor's
 * multiplies and adds would allow, measured in the same run: CSV.  With --profile, what each layer
 * takes.
 *
 *     bench-encodec [--profile] [CHECKPOINT]
 *
 * On a busy machine the best of several rounds counts; "cpu" is the time of the calling thread
 * alone, which others cannot stretch as much.
 */
#include "random-model.h"

#include "base/random.h"
#include "neural/encodec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS  7
#define FRAMES  150   /* three seconds */
#define GMAC    3.888 /* of a second of sound in 32 kHz mono, of the released size */
#define ALLOWED 0.14  /* seconds, with AVX2 on two threads; 0.08 with AVX-512 */

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the limit: multiplies and adds of one thread, registers only ---- */

#define PEAK_STEPS 4000000
#define PEAK(name, bytes, features)                                                                \
    typedef float name##_vector __attribute__((vector_size(bytes)));                               \
    features static float name(void)                                                               \
    {                                                                                              \
        name##_vector sums[12], by = {0};                                                          \
        float total = 0;                                                                           \
        for (int i = 0; i < 12; i++)                                                               \
            sums[i] = by + (float)i;                                                               \
        by += 0.999f;                                                                              \
        for (gsize step = 0; step < PEAK_STEPS; step++) {                                          \
            _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) sums[i] = sums[i] * by + by;     \
        }                                                                                          \
        for (int i = 0; i < 12; i++)                                                               \
            total += sums[i][0];                                                                   \
        return total;                                                                              \
    }
#if defined(__x86_64__)
PEAK(peak_avx2, 32, __attribute__((target("avx2,fma"), optimize("O3", "fp-contract=fast"))))
PEAK(peak_avx512, 64, __attribute__((target("avx512f"), optimize("O3", "fp-contract=fast"))))
#endif
PEAK(peak_plain, 16, __attribute__((optimize("O3", "fp-contract=fast"))))

/* 10^9 multiply-and-adds a second of one thread. */
static double measure_peak(const char *kernels)
{
    gsize lanes = 4;
    float (*run)(void) = peak_plain;
    volatile float keep;

#if defined(__x86_64__)
    if (g_str_has_prefix(kernels, "avx512")) {
        run = peak_avx512;
        lanes = 16;
    } else if (strcmp(kernels, "avx2") == 0) {
        run = peak_avx2;
        lanes = 8;
    }
#endif
    double start = now(CLOCK_THREAD_CPUTIME_ID);
    keep = run();
    (void)keep;
    return 12.0 * PEAK_STEPS * (double)lanes / (now(CLOCK_THREAD_CPUTIME_ID) - start) / 1e9;
}

/* ---- the codec ---- */

typedef struct {
    double wall, cpu; /* seconds a second of sound */
    double peak;      /* GMAC/s of one thread */
} Figures;

static void decode_once(const TuneEncodec *codec, TuneCompute *compute,
                        TuneEncodecDecoding *decoding, const gint32 *codes, float *audio,
                        Figures *best)
{
    const TuneEncodecConfig *config = tune_encodec_config(codec);
    double seconds = FRAMES / config->frame_rate, cpu = now(CLOCK_THREAD_CPUTIME_ID);
    double start = now(CLOCK_MONOTONIC);
    gsize n;

    tune_encodec_decode(decoding, compute, codes, FRAMES, FRAMES, TRUE, audio, &n);
    best->wall = MIN(best->wall, (now(CLOCK_MONOTONIC) - start) / seconds);
    best->cpu = MIN(best->cpu, (now(CLOCK_THREAD_CPUTIME_ID) - cpu) / seconds);
    best->peak = MAX(best->peak, measure_peak(tune_compute_kernels(compute)->name));
    tune_encodec_decoding_reset(decoding);
}

static Figures measure(const TuneEncodec *codec, TuneCompute *compute, const gint32 *codes,
                       float *audio)
{
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(codec);
    Figures best = {.wall = INFINITY, .cpu = INFINITY};

    for (guint round = 0; round < ROUNDS; round++)
        decode_once(codec, compute, decoding, codes, audio, &best);
    return best;
}

typedef struct {
    double at, spent[64];
} Profile;

static void note(gint layer, G_GNUC_UNUSED const float *rows, G_GNUC_UNUSED gsize n,
                 G_GNUC_UNUSED gsize width, gpointer data)
{
    Profile *profile = data;
    double t = now(CLOCK_MONOTONIC);

    profile->spent[CLAMP(layer + 1, 0, 63)] += t - profile->at;
    profile->at = t;
}

/* What each module takes, in ms for a second of sound. */
static void profile_layers(const TuneEncodec *codec, TuneCompute *compute, const gint32 *codes,
                           float *audio)
{
    g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(codec);
    double best[64];

    for (guint i = 0; i < 64; i++)
        best[i] = INFINITY;
    tune_encodec_decoding_watch(decoding, note, NULL);
    for (guint round = 0; round < ROUNDS; round++) {
        Profile profile = {.at = now(CLOCK_MONOTONIC)};
        gsize n;
        tune_encodec_decoding_watch(decoding, note, &profile);
        tune_encodec_decode(decoding, compute, codes, FRAMES, FRAMES, TRUE, audio, &n);
        tune_encodec_decoding_reset(decoding);
        for (guint i = 0; i < 64; i++)
            best[i] = MIN(best[i], profile.spent[i]);
    }
    for (guint i = 0; i < 64; i++) {
        if (best[i] > 0)
            printf("module %d,%.2f ms\n", (gint)i - 1,
                   best[i] * 1e3 / (FRAMES / tune_encodec_config(codec)->frame_rate));
    }
}

static int run(const char *path, gboolean profile)
{
    static const TuneWeightType types[] = {TUNE_WEIGHTS_F32, TUNE_WEIGHTS_F16};
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(path, &error);
    TuneRandom random;

    if (checkpoint == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    const TuneEncodecConfig *config = &tune_checkpoint_config(checkpoint)->codec;
    g_autofree gint32 *codes = g_new(gint32, FRAMES * config->n_quantizers);
    g_autofree float *audio = g_new(float, FRAMES * config->hop);
    tune_random_init(&random, 1, "codes");
    for (gsize i = 0; i < FRAMES * config->n_quantizers; i++)
        codes[i] = tune_random_int(&random, 0, (gint)config->codebook_size - 1);
    printf("kernels,type,threads,seconds,allowed,cpu,gmac_s,peak_gmac_s,share\n");
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(TuneCompute) loader = tune_compute_new(tune_kernels_best(), 0);
        g_autoptr(TuneEncodec) codec =
            tune_encodec_new(checkpoint, loader, types[i], TUNE_ENCODEC_DECODER, &error);
        if (codec == NULL) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
        for (guint threads = 1; threads <= 2; threads++) {
            g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), threads);
            Figures f = measure(codec, compute, codes, audio);
            double rate = GMAC / (threads == 1 ? f.cpu : f.wall);
            printf("%s,%s,%u,%.4f,%.2f,%.4f,%.1f,%.1f,%.2f\n", tune_compute_kernels(compute)->name,
                   tune_weight_type_name(types[i]), threads, f.wall, ALLOWED, f.cpu, rate,
                   f.peak * threads, rate / (f.peak * threads));
            fflush(stdout);
            if (profile)
                profile_layers(codec, compute, codes, audio);
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    gboolean profile = argc > 1 && strcmp(argv[1], "--profile") == 0;
    const char *path = argc > 1 + profile ? argv[1 + profile] : NULL;
    g_autoptr(GError) error = NULL;

    if (path != NULL)
        return run(path, profile);
    g_autofree char *folder = g_dir_make_tmp("bench-encodec-XXXXXX", &error);
    int status = 1;
    if (folder != NULL && random_model_write(folder, random_model_codec_config, &error))
        status = run(folder, profile);
    else
        fprintf(stderr, "%s\n", error->message);
    if (folder != NULL)
        random_model_remove(folder);
    return status;
}
