/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/compute.h"
#include "neural/kernels/half.h"

#include <math.h>
#include <string.h>
#include <time.h>

typedef struct {
    gsize columns;
    const float *values;
} Rows;

static void row_of(gpointer data, gsize row, float *out)
{
    const Rows *rows = data;

    memcpy(out, rows->values + row * rows->columns, rows->columns * sizeof *out);
}

static float *noise(gsize n, guint64 seed)
{
    float *out = g_new(float, n);
    guint64 state = seed * 2 + 1;

    for (gsize i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (float)((double)(state >> 33) / 0x1p30 - 1.0);
    }
    return out;
}

static TuneMatrix *matrix_of(TuneCompute *compute, TuneWeightType type, gsize rows, gsize columns,
                             const float *values)
{
    Rows source = {columns, values};
    g_autoptr(GError) error = NULL;
    TuneMatrix *matrix = tune_matrix_new(compute, type, rows, columns, row_of, &source, &error);

    g_assert_no_error(error);
    return matrix;
}

/* ---- products ---- */

/* Rows, columns, inputs, row stride of x beyond the columns (negative: overlapping), of y beyond
 * rows. */
static const struct {
    gsize rows, columns, n;
    gssize x_more;
    gsize y_more;
} shapes[] = {
    {1, 1, 1, 0, 0},       {16, 32, 2, 0, 0},   {17, 33, 3, 5, 1},    {70, 69, 9, 0, 3},
    {33, 96, 100, -64, 0}, {128, 300, 1, 0, 0}, {50, 1030, 8, 3, 14}, {7, 64, 200, -60, 2},
};

/* Error allowed of a sum of @columns products of values below 1 in magnitude. */
static double tolerance_of(TuneWeightType type, gsize columns)
{
    static const double per_weight[] = {1e-6, 4e-4, 6e-3, 0.1};

    return per_weight[type] * (2 + sqrt((double)columns));
}

static void check_product(TuneCompute *compute, TuneWeightType type, guint s)
{
    gsize rows = shapes[s].rows, columns = shapes[s].columns, n = shapes[s].n;
    gsize x_stride = columns + shapes[s].x_more, y_stride = rows + shapes[s].y_more;
    g_autofree float *w = noise(rows * columns, 1), *x = noise((n - 1) * x_stride + columns, 2);
    g_autofree float *y = g_new(float, n *y_stride);
    g_autoptr(TuneMatrix) matrix = matrix_of(compute, type, rows, columns, w);

    g_assert_cmpuint(tune_matrix_rows(matrix), ==, rows);
    g_assert_cmpuint(tune_matrix_columns(matrix), ==, columns);
    g_assert_cmpuint(tune_matrix_bytes(matrix), >=,
                     (rows + 15) / 16 * tune_panel_bytes(type, columns));
    for (gsize i = 0; i < n * y_stride; i++)
        y[i] = 77;
    tune_compute_multiply(compute, matrix, x, x_stride, n, y, y_stride);
    for (gsize i = 0; i < n; i++) {
        for (gsize r = 0; r < rows; r++) {
            double want = 0;

            for (gsize c = 0; c < columns; c++)
                want += (double)w[r * columns + c] * x[i * x_stride + c];
            g_assert_cmpfloat(fabs(y[i * y_stride + r] - want), <, tolerance_of(type, columns));
        }
        for (gsize r = rows; r < y_stride; r++)
            g_assert_true(y[i * y_stride + r] == 77.0f);
    }
}

static void test_products(void)
{
    guint n_sets;
    const TuneKernels *const *sets = tune_kernels_all(&n_sets);

    for (guint k = 0; k < n_sets; k++) {
        if (!sets[k]->usable())
            continue;
        g_autoptr(TuneCompute) compute = tune_compute_new(sets[k], 2);
        for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++)
            for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
                check_product(compute, (TuneWeightType)type, s);
    }
}

static void test_threads_and_neighbours_change_no_bit(void)
{
    gsize rows = 200, columns = 650, n = 103;
    g_autofree float *w = noise(rows * columns, 3), *x = noise(n * columns, 4);
    g_autofree float *first = g_new(float, n *rows), *y = g_new(float, n *rows);

    for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        for (guint threads = 1; threads <= 4; threads++) {
            g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), threads);
            g_autoptr(TuneMatrix) matrix = matrix_of(compute, type, rows, columns, w);
            float *out = threads == 1 ? first : y;

            g_assert_cmpuint(tune_compute_n_threads(compute), ==, threads);
            tune_compute_multiply(compute, matrix, x, columns, n, out, rows);
            g_assert_cmpint(memcmp(out, first, n * rows * sizeof *y), ==, 0);
            /* Alone, and a few at a time, each input gives what it gave among all. */
            for (gsize together = 1; together <= 9; together++)
                for (gsize i = 0; i + together <= n; i += 31) {
                    tune_compute_multiply(compute, matrix, x + i * columns, columns, together, y,
                                          rows);
                    g_assert_cmpint(memcmp(y, first + i * rows, together * rows * sizeof *y), ==,
                                    0);
                }
        }
    }
}

static void test_nothing_to_multiply(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 2);
    float w[4] = {1, 2, 3, 4}, x[2] = {5, 6}, y[3] = {7, 8, 9};
    g_autoptr(TuneMatrix) matrix = matrix_of(compute, TUNE_WEIGHTS_F32, 2, 2, w);
    g_autoptr(TuneMatrix) empty = matrix_of(compute, TUNE_WEIGHTS_F32, 3, 0, w);

    tune_compute_multiply(compute, matrix, x, 2, 0, y, 2);
    g_assert_cmpfloat(y[0], ==, 7);
    tune_compute_multiply(compute, empty, x, 0, 1, y, 3);
    g_assert_cmpfloat(y[0], ==, 0);
    g_assert_cmpfloat(y[2], ==, 0);
}

static void test_refuses_what_is_not_finite(void)
{
    static const struct {
        TuneWeightType type;
        float value;
        const char *message;
    } cases[] = {
        {TUNE_WEIGHTS_F32, NAN, "row 18 holds a value that is not finite"},
        {TUNE_WEIGHTS_Q4, -INFINITY, "row 18 holds a value that is not finite"},
        {TUNE_WEIGHTS_F16, 70000, "row 18 holds a value too large for f16"},
        {TUNE_WEIGHTS_Q8, 1e8f, "row 18 holds a value too large for q8"},
    };
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 2);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree float *w = noise(50 * 40, 5);
        g_autoptr(GError) error = NULL;
        Rows source = {40, w};

        w[18 * 40 + 39] = w[33 * 40] = cases[i].value;
        g_assert_null(tune_matrix_new(compute, cases[i].type, 50, 40, row_of, &source, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_refuses_what_has_no_room(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    g_autoptr(GError) error = NULL;
    Rows source = {0, NULL};

    g_assert_null(tune_matrix_new(compute, TUNE_WEIGHTS_F32, G_MAXINT32, G_MAXINT32, row_of,
                                  &source, &error));
    g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY);
}

/* Matrices share memory: each keeps its weights while others come and go, and may outlive the
 * compute. */
static void test_matrices_come_and_go(void)
{
    TuneCompute *compute = tune_compute_new(tune_kernels_best(), 2);
    gsize rows = 1500, columns = 4000; /* 24 MB: two in a chunk */
    g_autofree float *w = noise(rows * columns, 9), *x = noise(columns, 10);
    g_autofree float *want = g_new(float, rows), *y = g_new(float, rows);
    TuneMatrix *kept[6] = {NULL};

    kept[0] = matrix_of(compute, TUNE_WEIGHTS_F32, rows, columns, w);
    tune_compute_multiply(compute, kept[0], x, columns, 1, want, rows);
    for (guint i = 1; i < 30; i++) {
        guint place = 1 + i * 7 % 5;

        tune_matrix_free(kept[place]);
        kept[place] = matrix_of(compute, i % 3 == 0 ? TUNE_WEIGHTS_Q8 : TUNE_WEIGHTS_F16,
                                10 + i * 9, columns, w);
        if (i == 20) { /* all of one chunk */
            for (guint k = 1; k < 6; k++)
                g_clear_pointer(&kept[k], tune_matrix_free);
        }
    }
    TuneMatrix *last = matrix_of(compute, TUNE_WEIGHTS_F32, rows, columns, w);
    for (guint k = 1; k < 6; k++)
        tune_matrix_free(kept[k]);
    tune_compute_free(compute);
    g_autoptr(TuneCompute) other = tune_compute_new(tune_kernels_best(), 1);
    tune_compute_multiply(other, kept[0], x, columns, 1, y, rows);
    g_assert_cmpint(memcmp(y, want, rows * sizeof *y), ==, 0);
    tune_compute_multiply(other, last, x, columns, 1, y, rows);
    g_assert_cmpint(memcmp(y, want, rows * sizeof *y), ==, 0);
    tune_matrix_free(kept[0]);
    tune_matrix_free(last);
}

/* ---- tensors ---- */

static void test_stacks_tensors_and_keeps_their_blocks(void)
{
    gsize columns = 64;
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 2);
    g_autofree float *w = noise(30 * columns, 6), *x = noise(columns, 7);
    float y[30], together[30];

    for (guint t = 0; t < 2; t++) {
        TuneWeightType type = t == 0 ? TUNE_WEIGHTS_Q8 : TUNE_WEIGHTS_Q4;
        TuneDtype dtype = t == 0 ? TUNE_DTYPE_Q8 : TUNE_DTYPE_Q4;
        gsize bytes = (gsize)tune_dtype_bytes(dtype, 20 * columns);
        g_autofree guint8 *blocks = g_malloc(bytes);
        g_autoptr(GError) error = NULL;

        tune_quantize_row(dtype, w, 20 * columns, blocks);
        TuneTensor upper = {.name = "upper",
                            .dtype = dtype,
                            .n_dims = 2,
                            .shape = {20, columns},
                            .data = blocks,
                            .n_bytes = bytes};
        TuneTensor lower = {.name = "lower",
                            .dtype = TUNE_DTYPE_F32,
                            .n_dims = 2,
                            .shape = {10, columns},
                            .data = w + 20 * columns,
                            .n_bytes = 10 * columns * sizeof(float)};
        const TuneTensor *const both[] = {&upper, &lower};
        g_autoptr(TuneMatrix) plain = matrix_of(compute, type, 30, columns, w);
        g_autoptr(TuneMatrix) stacked = tune_matrix_from_tensors(compute, type, both, 2, &error);

        g_assert_no_error(error);
        tune_compute_multiply(compute, plain, x, columns, 1, y, 30);
        tune_compute_multiply(compute, stacked, x, columns, 1, together, 30);
        g_assert_cmpmem(y, sizeof y, together, sizeof together);
        /* A scale that is not a number is found though nothing is rounded. */
        blocks[(8 * 2 + 1) * (bytes / 40) + 1] = 0x7e;
        g_assert_null(tune_matrix_from_tensors(compute, type, both, 2, &error));
        g_assert_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN);
        g_assert_true(g_str_has_prefix(error->message, "upper: row 8 "));
    }
}

static void test_rounds_rows_well(void)
{
    g_autofree float *in = noise(32 * 300, 8);
    float out[32];
    double squares = 0, plain = 0;

    in[0] = in[1] = 0;
    for (guint i = 0; i < 32; i++)
        in[32 + i] = 0; /* a block of zeros stays one */
    for (guint b = 0; b < 300; b++) {
        guint8 block[34];
        float max = 0;

        for (guint i = 0; i < 32; i++)
            max = fabsf(in[b * 32 + i]) > fabsf(max) ? in[b * 32 + i] : max;
        TuneTensor q8 = {
            .dtype = TUNE_DTYPE_Q8, .n_dims = 1, .shape = {32}, .data = block, .n_bytes = 34};
        tune_quantize_row(TUNE_DTYPE_Q8, in + b * 32, 32, block);
        tune_tensor_read(&q8, 0, 32, out);
        for (guint i = 0; i < 32; i++)
            g_assert_cmpfloat(fabsf(out[i] - in[b * 32 + i]), <=, fabsf(max) / 127 * 0.51f);
        TuneTensor q4 = {
            .dtype = TUNE_DTYPE_Q4, .n_dims = 1, .shape = {32}, .data = block, .n_bytes = 18};
        tune_quantize_row(TUNE_DTYPE_Q4, in + b * 32, 32, block);
        tune_tensor_read(&q4, 0, 32, out);
        for (guint i = 0; i < 32; i++) {
            float value = in[b * 32 + i], scale = max / -8;
            float q = scale != 0 ? rintf(CLAMP(value / scale, -8, 7)) : 0;

            squares += (out[i] - value) * (out[i] - value);
            plain += (scale * q - value) * (scale * q - value);
        }
    }
    /* The scales that were looked for are worth it. */
    g_assert_cmpfloat(squares, <, 0.92 * plain);
    g_assert_cmpfloat(squares / (32 * 300), <, 0.0017);
}

static void test_halves_round_as_they_should(void)
{
    static const struct {
        float value;
        guint16 half;
    } cases[] = {
        {0, 0},
        {-0.0f, 0x8000},
        {1, 0x3c00},
        {-2, 0xc000},
        {65504, 0x7bff},
        {65519.99f, 0x7bff},
        {65520, 0x7c00},
        {INFINITY, 0x7c00},
        {0x1p-24f, 1},
        {0x1p-25f, 0},
        {0x1.8p-24f, 2},
        {0x1.02p-25f, 1},
        {0x1p-14f, 0x400},
        {0x1.ff8p-15f, 0x3ff},
        {0x1.ffcp-15f, 0x400},
        {-0x1p-30f, 0x8000},
        {1 + 0x1p-11f, 0x3c00},
        {1 + 0x3p-11f, 0x3c02},
        {-1 - 0x1.01p-11f, 0xbc01},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmphex(tune_half_from_float(cases[i].value), ==, cases[i].half);
    for (guint h = 0; h < 0x10000; h++)
        if ((h & 0x7fff) <= 0x7c00)
            g_assert_cmphex(tune_half_from_float(tune_half_to_float((guint16)h)), ==, h);
    g_assert_true(isnan(tune_half_to_float(tune_half_from_float(NAN))));
}

/* ---- threads ---- */

typedef struct {
    int counts[1000];
    int pause_us;
} Tally;

static void count_one(gpointer data, guint i)
{
    Tally *tally = data;

    g_atomic_int_inc(&tally->counts[i]);
    if (tally->pause_us > 0)
        g_usleep((gulong)tally->pause_us);
}

static void test_each_task_once(void)
{
    for (guint threads = 1; threads <= 5; threads++) {
        g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), threads);
        g_autofree Tally *tally = g_new0(Tally, 1);

        tune_compute_run(compute, 0, count_one, tally);
        g_assert_cmpint(tally->counts[0], ==, 0);
        for (guint run = 1; run <= 500; run++) {
            guint n = run * 7 % 1000;

            memset(tally, 0, sizeof *tally);
            tune_compute_run(compute, n, count_one, tally);
            for (guint i = 0; i < 1000; i++)
                g_assert_cmpint(tally->counts[i], ==, i < n);
        }
    }
}

static void test_wakes_sleepers(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 4);
    g_autofree Tally *tally = g_new0(Tally, 1);

    tally->pause_us = 500;
    for (guint run = 0; run < 30; run++) {
        g_usleep(run * 100); /* runs find the others awake, going to sleep and asleep */
        tune_compute_run(compute, 1 + run % 9, count_one, tally);
        for (guint i = 0; i < 9; i++) {
            g_assert_cmpint(tally->counts[i], ==, i < 1 + run % 9);
            tally->counts[i] = 0;
        }
    }
}

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void test_idle_burns_nothing(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 4);
    g_autofree Tally *tally = g_new0(Tally, 1);

    tune_compute_run(compute, 100, count_one, tally);
    double before = processor_seconds();
    g_usleep(200000);
    g_assert_cmpfloat(processor_seconds() - before, <, 0.02);
}

static void test_scratch_is_kept_and_aligned(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    guint8 *a = tune_compute_scratch(compute, 0, 100), *b = tune_compute_scratch(compute, 7, 5000);

    memset(a, 1, 100);
    memset(b, 2, 5000);
    g_assert_cmpint(a[99], ==, 1);
    g_assert_cmpuint((gsize)a % 64 + (gsize)b % 64, ==, 0);
    g_assert_true(tune_compute_scratch(compute, 7, 4000) == b);
    guint8 *more = tune_compute_scratch(compute, 7, 1 << 20);
    memset(more, 3, 1 << 20);
    g_assert_cmpuint((gsize)more % 64, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/compute/products", test_products);
    g_test_add_func("/neural/compute/threads-and-neighbours-change-no-bit",
                    test_threads_and_neighbours_change_no_bit);
    g_test_add_func("/neural/compute/nothing-to-multiply", test_nothing_to_multiply);
    g_test_add_func("/neural/compute/refuses-what-is-not-finite", test_refuses_what_is_not_finite);
    g_test_add_func("/neural/compute/refuses-what-has-no-room", test_refuses_what_has_no_room);
    g_test_add_func("/neural/compute/matrices-come-and-go", test_matrices_come_and_go);
    g_test_add_func("/neural/compute/stacks-tensors-and-keeps-their-blocks",
                    test_stacks_tensors_and_keeps_their_blocks);
    g_test_add_func("/neural/compute/rounds-rows-well", test_rounds_rows_well);
    g_test_add_func("/neural/compute/halves-round-as-they-should",
                    test_halves_round_as_they_should);
    g_test_add_func("/neural/compute/each-task-once", test_each_task_once);
    g_test_add_func("/neural/compute/wakes-sleepers", test_wakes_sleepers);
    g_test_add_func("/neural/compute/idle-burns-nothing", test_idle_burns_nothing);
    g_test_add_func("/neural/compute/scratch-is-kept-and-aligned",
                    test_scratch_is_kept_and_aligned);
    return g_test_run();
}
