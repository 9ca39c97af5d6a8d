/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MusicGen on one checkpoint with one type of weights:
 *
 *     bench-musicgen FOLDER f32|f16|q8|q4 [--threads 1,2] [--batches 1,4] [--steps N] [--seconds S]
 *
 * For each number of threads what the machine allows (bandwidth of reading; the kernels' products a
 * second with weights in the cache), then steps of a batch of takes with guidance, whose share is
 * of the limit: the longer of reading all weights once and of all products.  The best of the steps
 * counts, as others share the machine; the median is beside it.  At the end one whole take: EnCodec
 * alone, first sound, real-time factor (seconds of work for a second of sound), peak of memory.
 *
 * CSV: what,weights,threads,batch,value,unit,share_percent,note
 */
#include "neural/decoder-private.h"
#include "neural/encodec.h"
#include "neural/musicgen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAST          256 /* positions that each sequence has behind it */
#define N_TOKENS      16
#define READ_SIZE     (256u << 20)
#define READ_PART     (1u << 20)
#define PANEL_COLUMNS 1024
#define REPEATS       400
#define PROMPT        "eighties pop track with bassy drums"

typedef struct {
    TuneCheckpoint *checkpoint;
    TuneWeightType type;
    const char *threads, *batches;
    int n_steps;
    double seconds;
} Bench;

static void fail(GError *error)
{
    fprintf(stderr, "bench-musicgen: %s\n", error->message);
    exit(1);
}

static double now_s(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

static void print_row(const Bench *bench, const char *what, guint threads, guint batch,
                      double value, const char *unit, double share, const char *note)
{
    printf("%s,%s,%u,%u,%.3f,%s,", what, tune_weight_type_name(bench->type), threads, batch, value,
           unit);
    if (share > 0)
        printf("%.0f", 100 * share);
    printf(",%s\n", note);
    fflush(stdout);
}

/* --- what the machine allows */

typedef guint64 Words __attribute__((vector_size(32)));

static void read_part(gpointer data, guint part)
{
    const Words *p = (const Words *)(gpointer)((char *)data + (gsize)part * READ_PART);
    Words sums[4] = {0};

    for (gsize i = 0; i < READ_PART / sizeof(Words); i += 4) {
        __builtin_prefetch(p + i + 128, 0, 3);
        __builtin_prefetch(p + i + 130, 0, 3);
        for (guint k = 0; k < 4; k++)
            sums[k] ^= p[i + k];
    }
    sums[0] ^= sums[1] ^ sums[2] ^ sums[3];
    __asm__ volatile("" : : "m"(sums));
}

static double bandwidth(TuneCompute *compute)
{
    char *memory = g_aligned_alloc(1, READ_SIZE, 2u << 20);
    double best = 1e30;

    madvise(memory, READ_SIZE, MADV_HUGEPAGE);
    memset(memory, 1, READ_SIZE);
    for (guint round = 0; round < 10; round++) {
        double start = now_s();
        tune_compute_run(compute, READ_SIZE / READ_PART, read_part, memory);
        best = MIN(best, now_s() - start);
    }
    g_aligned_free(memory);
    return READ_SIZE / best;
}

typedef struct {
    const TuneKernels *kernels;
    TuneWeightType type;
    gpointer panel;
    TuneInput inputs[16];
    gsize n;
} Cached;

static void multiply_cached(gpointer data, guint task)
{
    const Cached *cached = data;
    float y[16 * TUNE_PANEL_ROWS];

    (void)task;
    for (guint i = 0; i < REPEATS; i++)
        cached->kernels->multiply[cached->type](cached->panel, PANEL_COLUMNS, cached->inputs,
                                                cached->n, y, TUNE_PANEL_ROWS);
}

/* Products a second with @n inputs and weights that stay in the cache, on all threads. */
static double kernel_peak(TuneCompute *compute, TuneWeightType type, gsize n)
{
    static float x[PANEL_COLUMNS], scales[PANEL_COLUMNS / TUNE_QUANT_BLOCK];
    static _Alignas(64) gint16 values[PANEL_COLUMNS];
    static gint32 sums[PANEL_COLUMNS / TUNE_QUANT_BLOCK];
    guint threads = tune_compute_n_threads(compute);
    Cached cached = {.kernels = tune_compute_kernels(compute), .type = type, .n = n};
    double best = 1e30;

    for (guint i = 0; i < PANEL_COLUMNS; i++)
        x[i] = (float)(i % 77) / 40 - 1;
    if (type == TUNE_WEIGHTS_Q8)
        cached.kernels->quantize_q8(x, PANEL_COLUMNS, values, scales);
    else if (type == TUNE_WEIGHTS_Q4)
        cached.kernels->quantize_q4(x, PANEL_COLUMNS, (gint8 *)values, scales, sums);
    gboolean rounded = type == TUNE_WEIGHTS_Q8 || type == TUNE_WEIGHTS_Q4;
    for (gsize i = 0; i < n; i++)
        cached.inputs[i] = (TuneInput){rounded ? (gconstpointer)values : x, scales, sums};
    cached.panel = g_aligned_alloc0(1, tune_panel_bytes(type, PANEL_COLUMNS), 64);
    for (guint round = 0; round < 10; round++) {
        double start = now_s();
        tune_compute_run(compute, threads, multiply_cached, &cached);
        best = MIN(best, now_s() - start);
    }
    g_aligned_free(cached.panel);
    return (double)threads * REPEATS * TUNE_PANEL_ROWS * PANEL_COLUMNS * (double)n / best;
}

/* --- steps */

/* Bytes of weights that a step reads, and products of a row with and without a condition. */
static void step_costs(const TuneDecoder *decoder, double *bytes, double *crossed, double *plain)
{
    double all = 0, cross = 0;

    *bytes = (double)tune_matrix_bytes(decoder->heads);
    all = (double)(tune_matrix_rows(decoder->heads) * tune_matrix_columns(decoder->heads));
    for (guint i = 0; i < decoder->config.n_layers; i++) {
        const TuneDecoderLayer *layer = &decoder->layers[i];
        const TuneMatrix *matrices[] = {layer->qkv, layer->out,     layer->fc1,
                                        layer->fc2, layer->cross_q, layer->cross_out};
        for (guint m = 0; m < G_N_ELEMENTS(matrices) && matrices[m] != NULL; m++) {
            double products =
                (double)(tune_matrix_rows(matrices[m]) * tune_matrix_columns(matrices[m]));
            *bytes += (double)tune_matrix_bytes(matrices[m]);
            all += products;
            cross += m >= 4 ? products : 0;
        }
    }
    *crossed = all;
    *plain = all - cross;
}

static TuneSequence *sequence_with_past(const TuneDecoder *decoder, TuneCondition *condition,
                                        int steps)
{
    g_autoptr(GError) error = NULL;
    TuneSequence *sequence = tune_sequence_new(decoder, condition, PAST + (gsize)steps, &error);

    if (sequence == NULL)
        fail(error);
    memset(sequence->past.values, 0x11,
           (gsize)tune_sequence_bytes(&decoder->config, decoder->type, PAST + (gsize)steps));
    sequence->length = PAST;
    return sequence;
}

static int compare_doubles(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void bench_steps(const Bench *bench, const TuneDecoder *decoder, TuneCompute *compute,
                        guint batch, double read)
{
    g_autoptr(GError) error = NULL;
    gsize n_logits = (gsize)decoder->config.n_codebooks * decoder->config.vocab_size;
    gsize width = tune_checkpoint_config(bench->checkpoint)->text.d_model;
    g_autofree float *hidden = g_new0(float, N_TOKENS *width);
    g_autofree float *logits = g_new(float, 2 * batch * n_logits);
    g_autofree double *times = g_new(double, (gsize)bench->n_steps);
    gint32 ids[TUNE_MUSICGEN_MAX_CODEBOOKS] = {1, 2, 3, 4, 5, 6, 7, 8};
    TuneDecoderRow rows[TUNE_DECODER_MAX_ROWS];
    guint threads = tune_compute_n_threads(compute);
    double bytes, crossed, plain;

    hidden[0] = 1;
    g_autoptr(TuneCondition) condition =
        tune_condition_new(decoder, compute, hidden, N_TOKENS, &error);
    if (condition == NULL)
        fail(error);
    for (guint i = 0; i < 2 * batch; i++)
        rows[i] = (TuneDecoderRow){
            .sequence = sequence_with_past(decoder, i % 2 == 0 ? condition : NULL, bench->n_steps),
            .ids = ids,
            .logits = logits + i * n_logits};
    for (int i = 0; i < bench->n_steps; i++) {
        double start = now_s();
        tune_decoder_forward(decoder, compute, rows, 2 * batch);
        times[i] = now_s() - start;
    }
    for (guint i = 0; i < 2 * batch; i++)
        tune_sequence_free(rows[i].sequence);
    qsort(times, (gsize)bench->n_steps, sizeof *times, compare_doubles);
    step_costs(decoder, &bytes, &crossed, &plain);
    double peak = kernel_peak(compute, bench->type, MIN(2 * batch, 16));
    double products = batch * (crossed + plain);
    double past = 2 * batch *
                  (double)tune_sequence_bytes(&decoder->config, decoder->type,
                                              PAST + (gsize)bench->n_steps / 2);
    double limit = MAX(bytes / read, products / peak) + past / read;
    g_autofree char *note =
        g_strdup_printf("limit %s; median %.2f/s; kernels in the cache %.1f G products/s",
                        bytes / read > products / peak ? "bandwidth" : "arithmetic",
                        1 / times[bench->n_steps / 2], peak * 1e-9);
    print_row(bench, "steps", threads, batch, 1 / times[0], "1/s", limit / times[0], note);
}

/* --- whole takes */

static void bench_codec(const Bench *bench, guint threads)
{
    enum { FRAMES = 100 };
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), threads);
    TuneWeightType type = bench->type == TUNE_WEIGHTS_F32 ? TUNE_WEIGHTS_F32 : TUNE_WEIGHTS_F16;
    g_autoptr(TuneEncodec) codec =
        tune_encodec_new(bench->checkpoint, compute, type, TUNE_ENCODEC_DECODER, &error);
    g_autofree gint32 *codes = g_new0(gint32, TUNE_MUSICGEN_MAX_CODEBOOKS * FRAMES);
    double best = 1e30;

    if (codec == NULL)
        fail(error);
    for (guint i = 0; i < 4 * FRAMES; i++)
        codes[i] = (gint32)(i * 37 % 2048);
    for (guint round = 0; round < 3; round++) {
        g_autoptr(TuneEncodecDecoding) decoding = tune_encodec_decoding_new(codec);
        g_autofree float *out = g_new(float, tune_encodec_room(decoding, FRAMES, TRUE));
        gsize n;
        double start = now_s();
        tune_encodec_decode(decoding, compute, codes, FRAMES, FRAMES, TRUE, out, &n);
        best = MIN(best, (now_s() - start) / ((double)n / 32000));
    }
    print_row(bench, "encodec", threads, 1, best, "s/s", 0, "one channel");
}

static void bench_take(const Bench *bench, guint threads)
{
    g_autoptr(GError) error = NULL;
    TuneMusicgenOptions options = {.weights = bench->type, .n_threads = threads};
    g_autoptr(TuneMusicgen) model = tune_musicgen_new(bench->checkpoint, &options, &error);
    TuneTakeRequest request = TUNE_TAKE_REQUEST_DEFAULT;
    TuneTakeEstimate estimate;
    float block[1024];
    gsize got = 1;
    double start = now_s(), first = 0;
    struct rusage usage;

    request.prompt = PROMPT;
    request.seconds = bench->seconds;
    if (model == NULL || !tune_musicgen_estimate(model, &request, &estimate, &error) ||
        !tune_musicgen_load(model, &error))
        fail(error);
    print_row(bench, "load", threads, 1, now_s() - start, "s", 0, "");
    start = now_s();
    g_autoptr(TuneTake) take = tune_musicgen_start(model, &request, &error);
    while (take != NULL && got > 0) {
        if (!tune_take_read(take, block, 512, &got, &error))
            fail(error);
        first = first == 0 ? now_s() - start : first;
    }
    if (take == NULL)
        fail(error);
    double whole = now_s() - start;
    print_row(bench, "first-sound", threads, 1, first, "s", 0, "");
    g_autofree char *note = g_strdup_printf("%g s of sound; estimated %.2f", bench->seconds,
                                            estimate.seconds / bench->seconds);
    print_row(bench, "real-time-factor", threads, 1, whole / bench->seconds, "s/s", 0, note);
    getrusage(RUSAGE_SELF, &usage);
    double peak = (double)usage.ru_maxrss / 1024, needed = 0;
    needed = (double)(estimate.weight_bytes + estimate.take_bytes) / (1 << 20);
    g_autofree char *stated = g_strdup_printf("stated before: %.0f MiB", needed);
    print_row(bench, "memory", threads, 1, peak, "MiB", 0, stated);
}

static void bench_threads(const Bench *bench, const TuneDecoder *decoder, guint threads)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), threads);
    g_auto(GStrv) batches = g_strsplit(bench->batches, ",", 8);
    double read = bandwidth(compute);

    print_row(bench, "read", threads, 0, read * 1e-9, "GB/s", 0, "");
    for (guint i = 0; batches[i] != NULL; i++)
        bench_steps(bench, decoder, compute, (guint)atoi(batches[i]), read);
}

static void run(const Bench *bench)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) threads = g_strsplit(bench->threads, ",", 8);
    guint most = 1;

    if (bench->n_steps > 0) {
        g_autoptr(TuneCompute) packing = tune_compute_new(tune_kernels_best(), 0);
        g_autoptr(TuneDecoder) decoder =
            tune_decoder_load(bench->checkpoint, packing, bench->type, &error);
        if (decoder == NULL)
            fail(error);
        for (guint i = 0; threads[i] != NULL; i++)
            bench_threads(bench, decoder, (guint)atoi(threads[i]));
    }
    for (guint i = 0; threads[i] != NULL; i++)
        most = MAX(most, (guint)atoi(threads[i]));
    if (bench->seconds > 0) {
        bench_take(bench, most);
        bench_codec(bench, 1);
        if (most > 1)
            bench_codec(bench, most);
    }
}

int main(int argc, char **argv)
{
    g_autofree char *threads = g_strdup("1,2"), *batches = g_strdup("1,4");
    Bench bench = {.n_steps = 30, .seconds = 3};
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"threads", 0, 0, G_OPTION_ARG_STRING, &threads, "numbers of threads", "N,..."},
        {"batches", 0, 0, G_OPTION_ARG_STRING, &batches, "takes at a time", "N,..."},
        {"steps", 0, 0, G_OPTION_ARG_INT, &bench.n_steps, "steps to time; 0: none", "N"},
        {"seconds", 0, 0, G_OPTION_ARG_DOUBLE, &bench.seconds, "length of the take; 0: none", "S"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("FOLDER f32|f16|q8|q4");

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        fail(error);
    if (argc < 3 || !tune_weight_type_from_name(argv[2], &bench.type)) {
        fprintf(stderr, "usage: bench-musicgen FOLDER f32|f16|q8|q4\n");
        return 2;
    }
    bench.threads = threads;
    bench.batches = batches;
    bench.checkpoint = tune_checkpoint_open(argv[1], &error);
    if (bench.checkpoint == NULL)
        fail(error);
    run(&bench);
    tune_checkpoint_unref(bench.checkpoint);
    return 0;
}
