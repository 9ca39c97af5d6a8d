/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Products of weights with 1, 2 and 8 inputs, for each type of weights and number of threads,
 * beside what the machine allows: the bandwidth of reading, and the same kernel on weights that
 * stay in the cache.
 *
 *     bench-kernels [--set NAME] [--rounds N] [--type f32|f16|q8|q4]
 *
 * The matrices are those of layers of musicgen-small (width 1024), together 200 MB or more, so that
 * no cache holds them.  In each round the limits and the product are measured one after the other;
 * the best round of each counts, as others share the machine.  CSV on the standard output.
 */
#include "neural/compute.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MIN_BYTES   (200u << 20)
#define MAX_INPUTS  8
#define MAX_THREADS 2
#define MAX_LAYERS  32
#define MAX_COLUMNS 4096
#define MAX_ROWS    4096
#define WIDTH       1024
#define REPEATS     200 /* of the product in the cache, a thread */

/* Of one layer of the decoder: queries, keys and values; output; query and output of the attention
 * to the text; both of the feed-forward part. */
static const struct {
    gsize rows, columns;
} shapes[] = {
    {3 * WIDTH, WIDTH}, {WIDTH, WIDTH},     {WIDTH, WIDTH},
    {WIDTH, WIDTH},     {4 * WIDTH, WIDTH}, {WIDTH, 4 * WIDTH},
};

typedef struct {
    TuneCompute *compute; /* of the threads that are measured */
    const TuneKernels *kernels;
    TuneWeightType type;
    TuneMatrix *matrices[MAX_LAYERS * G_N_ELEMENTS(shapes)];
    guint n_matrices;
    double bytes, products; /* of all matrices; multiply-adds for one input */
    guint64 *memory;        /* [MIN_BYTES] read for the bandwidth */
    guint8 *panel;          /* of WIDTH columns */
    float *x, *y;
} Bench;

typedef struct {
    double read_s, cached_s, product_s;
} Times;

static double now_s(void)
{
    return (double)g_get_monotonic_time() * 1e-6;
}

/* ---- limits ---- */

#define READ_BYTES (1u << 20) /* of one task */

typedef guint64 Words __attribute__((vector_size(32)));

#ifdef __x86_64__
__attribute__((target_clones("avx2", "default")))
#endif
static void read_part(gpointer data, guint i)
{
    const Bench *bench = data;
    const Words *p = (const Words *)(gpointer)(bench->memory + i * (READ_BYTES / sizeof(guint64)));
    gsize half = READ_BYTES / sizeof(Words) / 2;
    Words sums[4] = {0};

    /* Two streams, asked for 8 KB ahead, are read fastest here. */
    for (gsize k = 0; k < half; k += 2) {
        __builtin_prefetch(p + k + 256, 0, 3);
        __builtin_prefetch(p + half + k + 256, 0, 3);
        for (guint j = 0; j < 2; j++) {
            sums[j] ^= p[k + j];
            sums[2 + j] ^= p[half + k + j];
        }
    }
    sums[0] ^= sums[1] ^ sums[2] ^ sums[3];
    __asm__ volatile("" : : "m"(sums));
}

typedef struct {
    const Bench *bench;
    gsize n;
    TuneInput inputs[MAX_INPUTS];
} Cached;

static void multiply_cached(gpointer data, guint task)
{
    const Cached *c = data;
    float *y = c->bench->y + task * (MAX_INPUTS * MAX_ROWS);

    for (guint i = 0; i < REPEATS; i++)
        c->bench->kernels->multiply[c->bench->type](c->bench->panel, WIDTH, c->inputs, c->n, y,
                                                    TUNE_PANEL_ROWS);
}

/* Inputs of WIDTH columns, rounded as the type wants. */
static void prepare_cached(Cached *c, const Bench *bench, gsize n)
{
    static _Alignas(64) gint16 values[MAX_INPUTS][WIDTH];
    static float scales[MAX_INPUTS][WIDTH / TUNE_QUANT_BLOCK];
    static gint32 sums[MAX_INPUTS][WIDTH / TUNE_QUANT_BLOCK];

    *c = (Cached){.bench = bench, .n = n};
    for (gsize i = 0; i < n; i++) {
        const float *x = bench->x + i * MAX_COLUMNS;

        c->inputs[i] = (TuneInput){values[i], scales[i], sums[i]};
        if (bench->type == TUNE_WEIGHTS_Q8)
            bench->kernels->quantize_q8(x, WIDTH, values[i], scales[i]);
        else if (bench->type == TUNE_WEIGHTS_Q4)
            bench->kernels->quantize_q4(x, WIDTH, (gint8 *)values[i], scales[i], sums[i]);
        else
            c->inputs[i].values = x;
    }
}

/* ---- measuring ---- */

static void measure(Bench *bench, gsize n, guint rounds, Times *best)
{
    Cached cached;

    *best = (Times){1e30, 1e30, 1e30};
    prepare_cached(&cached, bench, n);
    for (guint round = 0; round < rounds; round++) {
        double begin = now_s(), end;

        tune_compute_run(bench->compute, MIN_BYTES / READ_BYTES, read_part, bench);
        end = now_s();
        best->read_s = MIN(best->read_s, end - begin);
        begin = end;
        tune_compute_run(bench->compute, tune_compute_n_threads(bench->compute), multiply_cached,
                         &cached);
        end = now_s();
        best->cached_s = MIN(best->cached_s, end - begin);
        begin = end;
        for (guint i = 0; i < bench->n_matrices; i++)
            tune_compute_multiply(bench->compute, bench->matrices[i], bench->x, MAX_COLUMNS, n,
                                  bench->y, MAX_ROWS);
        best->product_s = MIN(best->product_s, now_s() - begin);
    }
}

static void print_row(const Bench *bench, gsize n, const Times *t)
{
    guint threads = tune_compute_n_threads(bench->compute);
    double bandwidth = MIN_BYTES / t->read_s;
    double peak = (double)threads * REPEATS * TUNE_PANEL_ROWS * WIDTH * (double)n / t->cached_s;
    double products = bench->products * (double)n;
    double limit_s = MAX(bench->bytes / bandwidth, products / peak);

    g_print("%s,%s,%u,%u,%.2f,%.1f,%.1f,%.2f,%.0f,%s\n", bench->kernels->name,
            tune_weight_type_name(bench->type), threads, (guint)n, bandwidth * 1e-9, peak * 1e-9,
            products / t->product_s * 1e-9, bench->bytes / t->product_s * 1e-9,
            100 * limit_s / t->product_s,
            bench->bytes / bandwidth > products / peak ? "bandwidth" : "arithmetic");
}

/* ---- weights ---- */

/* A tensor of noise in @type's own format, made of one row over and over. */
static TuneMatrix *noise_matrix(TuneCompute *compute, TuneWeightType type, gsize rows,
                                gsize columns)
{
    static const TuneDtype dtypes[] = {TUNE_DTYPE_F32, TUNE_DTYPE_F16, TUNE_DTYPE_Q8,
                                       TUNE_DTYPE_Q4};
    gsize row_bytes = (gsize)tune_dtype_bytes(dtypes[type], columns);
    g_autofree guint8 *data = g_malloc(rows * row_bytes);
    g_autofree float *row = g_new(float, columns);
    TuneTensor tensor = {.name = "noise",
                         .dtype = dtypes[type],
                         .n_dims = 2,
                         .shape = {rows, columns},
                         .data = data,
                         .n_bytes = rows * row_bytes};
    const TuneTensor *tensors[] = {&tensor};

    for (gsize c = 0; c < columns; c++)
        row[c] = (float)((double)((c + 1) * 2654435761u % 2000) * 1e-3 - 1);
    if (type == TUNE_WEIGHTS_F32)
        memcpy(data, row, row_bytes);
    else if (type == TUNE_WEIGHTS_F16)
        tune_compute_kernels(compute)->to_f16(row, columns, (guint16 *)(gpointer)data);
    else
        tune_quantize_row(dtypes[type], row, columns, data);
    for (gsize r = 1; r < rows; r++)
        memcpy(data + r * row_bytes, data, row_bytes);
    TuneMatrix *matrix = tune_matrix_from_tensors(compute, type, tensors, 1, NULL);
    g_assert(matrix != NULL);
    return matrix;
}

static void make_weights(Bench *bench, TuneCompute *compute)
{
    bench->n_matrices = 0;
    bench->bytes = bench->products = 0;
    for (guint i = 0; bench->bytes < MIN_BYTES; i++) {
        guint s = i % G_N_ELEMENTS(shapes);

        g_assert(i < G_N_ELEMENTS(bench->matrices));
        bench->matrices[bench->n_matrices++] =
            noise_matrix(compute, bench->type, shapes[s].rows, shapes[s].columns);
        bench->bytes += (double)tune_matrix_bytes(bench->matrices[i]);
        bench->products += (double)(shapes[s].rows * shapes[s].columns);
    }
}

static void bench_type(Bench *bench, TuneWeightType type, guint rounds)
{
    g_autoptr(TuneCompute) packing = tune_compute_new(bench->kernels, MAX_THREADS);

    bench->type = type;
    make_weights(bench, packing);
    memset(bench->panel, 1, tune_panel_bytes(type, WIDTH));
    for (guint threads = 1; threads <= MAX_THREADS; threads++) {
        g_autoptr(TuneCompute) compute = tune_compute_new(bench->kernels, threads);

        bench->compute = compute;
        for (gsize n = 1; n <= MAX_INPUTS; n = n == 2 ? 8 : n + 1) {
            Times times;

            measure(bench, n, rounds, &times);
            print_row(bench, n, &times);
        }
    }
    for (guint i = 0; i < bench->n_matrices; i++)
        tune_matrix_free(bench->matrices[i]);
}

int main(int argc, char **argv)
{
    static Bench bench;
    g_autofree char *set = NULL, *type_name = NULL;
    int rounds = 20;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"set", 0, 0, G_OPTION_ARG_STRING, &set, "set of kernels", "NAME"},
        {"type", 0, 0, G_OPTION_ARG_STRING, &type_name, "only this type of weights", "TYPE"},
        {"rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "measurements, the best counts", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("%s\n", error->message);
        return 2;
    }
    bench.kernels = set != NULL ? tune_kernels_named(set) : tune_kernels_best();
    if (bench.kernels == NULL) {
        g_printerr("no such set of kernels here: %s\n", set);
        return 2;
    }
    bench.memory = g_aligned_alloc(1, MIN_BYTES, 2u << 20);
    madvise(bench.memory, MIN_BYTES, MADV_HUGEPAGE);
    memset(bench.memory, 1, MIN_BYTES);
    bench.panel = g_aligned_alloc0(1, tune_panel_bytes(TUNE_WEIGHTS_F32, WIDTH), 64);
    bench.x = g_new(float, MAX_INPUTS *MAX_COLUMNS);
    /* Threads share no line of the results, as in the decoder's scratch. */
    bench.y = g_aligned_alloc0(MAX_THREADS * MAX_INPUTS * MAX_ROWS, sizeof *bench.y, 64);
    for (gsize i = 0; i < MAX_INPUTS * MAX_COLUMNS; i++)
        bench.x[i] = (float)(i % 777) / 400 - 1;
    g_print("set,weights,threads,inputs,read_gb_s,cached_gmac_s,gmac_s,weights_gb_s,share_percent,"
            "limit\n");
    for (guint t = 0; t < TUNE_N_WEIGHT_TYPES; t++)
        if (type_name == NULL || strcmp(type_name, tune_weight_type_name(t)) == 0)
            bench_type(&bench, (TuneWeightType)t, (guint)MAX(rounds, 1));
    g_aligned_free(bench.memory);
    g_aligned_free(bench.panel);
    g_free(bench.x);
    g_aligned_free(bench.y);
    return 0;
}
