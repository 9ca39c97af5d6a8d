/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every set of kernels that this machine can run, against formulas in double precision, and sums of
 * integers against the scalar set bit for bit.
 */
#include "neural/kernels/half.h"
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MAX_COLUMNS 1300
#define MAX_INPUTS  13
#define MAX_VALUES  300

#ifdef EMULATED /* sets compiled to portable code, where there are no such instructions */
extern const TuneKernels emulated_avx512, emulated_avx512_vnni, emulated_neon;
static const TuneKernels *const emulated[] = {&emulated_avx512, &emulated_avx512_vnni,
                                              &emulated_neon};
#endif

typedef void SetTest(const TuneKernels *kernels);

static float noise_one(guint64 *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)((double)(*state >> 33) / 0x1p30 - 1.0);
}

static void fill_noise(float *out, gsize n, guint64 seed)
{
    guint64 state = seed * 2 + 1;

    for (gsize i = 0; i < n; i++)
        out[i] = noise_one(&state);
}

static void assert_near(const char *what, gsize i, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        g_error("%s: value %" G_GSIZE_FORMAT " is %.9g, should be %.9g within %g", what, i, got,
                want, tolerance);
}

/* ---- products ---- */

typedef struct {
    gsize columns, padded;
    _Alignas(64) float x[MAX_INPUTS][MAX_COLUMNS];
    _Alignas(64) gint16 values[MAX_INPUTS][MAX_COLUMNS + 32];
    float scales[MAX_INPUTS][MAX_COLUMNS / 32 + 1];
    gint32 sums[MAX_INPUTS][MAX_COLUMNS / 32 + 1];
    TuneInput inputs[MAX_INPUTS];
} Inputs;

static void round_inputs(const TuneKernels *kernels, TuneWeightType type, Inputs *in)
{
    memset(in->values, 0x55, sizeof in->values);
    for (gsize i = 0; i < MAX_INPUTS; i++) {
        in->inputs[i] = (TuneInput){in->values[i], in->scales[i], in->sums[i]};
        if (type == TUNE_WEIGHTS_Q8)
            kernels->quantize_q8(in->x[i], in->columns, in->values[i], in->scales[i]);
        else if (type == TUNE_WEIGHTS_Q4)
            kernels->quantize_q4(in->x[i], in->columns, (gint8 *)in->values[i], in->scales[i],
                                 in->sums[i]);
        else
            in->inputs[i].values = in->x[i];
    }
}

/* A panel of any bytes is a panel, but for scales and halves that are not finite. */
static guint8 *noise_panel(TuneWeightType type, gsize columns)
{
    gsize bytes = tune_panel_bytes(type, columns);
    gsize block = 16 * (2 + (type == TUNE_WEIGHTS_Q8 ? 32 : 16));
    guint8 *panel = g_aligned_alloc0(1, MAX(bytes, 64), 64);
    guint64 state = columns * 2 + 1;

    for (gsize i = 0; i < bytes; i++)
        panel[i] = (guint8)(gint)(noise_one(&state) * 128);
    for (gsize i = 0; type == TUNE_WEIGHTS_F32 && i < bytes / 4; i++)
        ((float *)(gpointer)panel)[i] = noise_one(&state);
    for (gsize i = 0; type == TUNE_WEIGHTS_F16 && i < bytes / 2; i++)
        ((guint16 *)(gpointer)panel)[i] = tune_half_from_float(noise_one(&state));
    for (gsize b = 0; type >= TUNE_WEIGHTS_Q8 && (b + 1) * block <= bytes; b++)
        for (guint r = 0; r < 16; r++) {
            guint16 half = tune_half_from_float(noise_one(&state) * 1e-2f);

            memcpy(panel + b * block + r * 2, &half, 2);
        }
    return panel;
}

static void check_products(const TuneKernels *kernels, TuneWeightType type, gsize columns, gsize n,
                           gsize more)
{
    gboolean exact = type >= TUNE_WEIGHTS_Q8;
    gsize stride = 16 + more;
    g_autofree float *got = g_new(float, n *stride), *want = g_new(float, n *stride);
    Inputs *in = g_aligned_alloc0(1, sizeof *in, 64);
    guint8 *panel = noise_panel(type, columns);

    in->columns = columns;
    fill_noise(in->x[0], MAX_INPUTS * MAX_COLUMNS, columns + n);
    for (gsize i = 0; i < n * stride; i++)
        got[i] = want[i] = 7;
    round_inputs(kernels, type, in);
    kernels->multiply[type](panel, columns, in->inputs, n, got, stride);
    round_inputs(&tune_kernels_scalar, type, in);
    tune_kernels_scalar.multiply[type](panel, columns, in->inputs, n, want, stride);
    for (gsize i = 0; i < n * stride; i++)
        assert_near(tune_weight_type_name(type), i, got[i], want[i],
                    exact ? 0 : 1e-6 * (4 + sqrt((double)columns) + 2 * fabs(want[i])));
    g_aligned_free(panel);
    g_aligned_free(in);
}

static void test_products(const TuneKernels *kernels)
{
    static const gsize large[] = {255, 256, 257, 511, 513, 1023, 1025, 1056, 1300};

    for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        for (gsize columns = 0; columns < 70; columns++)
            check_products(kernels, type, columns, 1 + columns % MAX_INPUTS, columns % 5);
        for (gsize i = 0; i < G_N_ELEMENTS(large); i++)
            for (gsize n = 1; n <= MAX_INPUTS; n++)
                check_products(kernels, type, large[i], n, n % 3);
    }
}

/* The largest weights and inputs there are: nothing overflows on the way. */
static void test_extreme_products(const TuneKernels *kernels)
{
    gsize columns = 96;
    Inputs *in = g_aligned_alloc0(1, sizeof *in, 64);

    in->columns = columns;
    for (gsize c = 0; c < columns; c++) {
        in->x[0][c] = 1e4f;
        in->x[1][c] = -1e4f;
        in->x[2][c] = c % 2 != 0 ? 1e4f : -1e4f;
        in->x[3][c] = c == 95 ? 1e30f : 1e-30f;
        in->x[4][c] = FLT_TRUE_MIN; /* too small to be rounded: nothing */
    }
    for (guint t = TUNE_WEIGHTS_Q8; t <= TUNE_WEIGHTS_Q4; t++) {
        static const guint8 fillings[] = {0x00, 0x7f, 0x80, 0x81, 0xff};

        for (guint f = 0; f < G_N_ELEMENTS(fillings); f++) {
            guint8 *panel = noise_panel(t, columns);
            gsize block = 16 * (2 + (t == TUNE_WEIGHTS_Q8 ? 32 : 16));
            float got[6 * 16], want[6 * 16];

            for (gsize b = 0; b < 3; b++)
                memset(panel + b * block + 32, fillings[f], block - 32);
            round_inputs(kernels, t, in);
            kernels->multiply[t](panel, columns, in->inputs, 6, got, 16);
            round_inputs(&tune_kernels_scalar, t, in);
            tune_kernels_scalar.multiply[t](panel, columns, in->inputs, 6, want, 16);
            for (guint i = 0; i < 6 * 16; i++)
                assert_near("extreme", i, got[i], want[i], 0);
            assert_near("nothing", 0, got[4 * 16], 0, 0);
            assert_near("zeros", 0, got[5 * 16], 0, 0);
            g_aligned_free(panel);
        }
    }
    g_aligned_free(in);
}

static void test_neighbours_change_no_bit(const TuneKernels *kernels)
{
    gsize columns = 1300;
    Inputs *in = g_aligned_alloc0(1, sizeof *in, 64);

    in->columns = columns;
    fill_noise(in->x[0], MAX_INPUTS * MAX_COLUMNS, 1);
    for (guint type = 0; type < TUNE_N_WEIGHT_TYPES; type++) {
        guint8 *panel = noise_panel(type, columns);
        float alone[16], together[MAX_INPUTS * 16];

        round_inputs(kernels, type, in);
        for (gsize n = 1; n <= MAX_INPUTS; n++) {
            kernels->multiply[type](panel, columns, in->inputs, n, together, 16);
            for (gsize i = 0; i < n; i++) {
                kernels->multiply[type](panel, columns, in->inputs + i, 1, alone, 16);
                g_assert_cmpmem(alone, sizeof alone, together + i * 16, sizeof alone);
            }
        }
        g_aligned_free(panel);
    }
    g_aligned_free(in);
}

/* ---- attention and halves ---- */

static void check_attention(const TuneKernels *kernels, gsize width, gsize n, gsize stride)
{
    g_autofree float *q = g_new(float, width), *k = g_new(float, n *stride + 1);
    g_autofree float *p = g_new(float, n + 1), *got = g_new(float, n + 1);
    g_autofree float *out = g_new(float, width + 1), *floats = g_new(float, n *stride + 1);
    g_autofree guint16 *halves = g_new(guint16, n * stride + 1);
    double tolerance = 1e-6;

    fill_noise(q, width, n);
    fill_noise(k, n * stride + 1, width);
    fill_noise(p, n, stride);
    kernels->to_f16(k, n * stride, halves);
    kernels->from_f16(halves, n * stride, floats);
    for (guint half = 0; half < 2; half++) {
        const float *v = half != 0 ? floats : k;

        got[n] = out[width] = 5;
        if (half != 0) {
            kernels->scores_f16(q, halves, stride, width, n, 0.3f, got);
            kernels->mix_f16(p, halves, stride, width, n, out);
        } else {
            kernels->scores_f32(q, k, stride, width, n, 0.3f, got);
            kernels->mix_f32(p, k, stride, width, n, out);
        }
        for (gsize t = 0; t < n; t++) {
            double want = 0;

            for (gsize c = 0; c < width; c++)
                want += (double)q[c] * v[t * stride + c];
            assert_near("scores", t, got[t], 0.3 * want, tolerance * (2 + sqrt((double)width)));
        }
        for (gsize c = 0; c < width; c++) {
            double want = 0;

            for (gsize t = 0; t < n; t++)
                want += (double)p[t] * v[t * stride + c];
            assert_near("mix", c, out[c], want, tolerance * (2 + sqrt((double)n)));
        }
        g_assert_true(got[n] == 5 && out[width] == 5); /* nothing past the end */
    }
}

/* Rows of bytes: their rounding, and attention to what they stand for. */
static void check_byte_attention(const TuneKernels *kernels, gsize width, gsize n, gsize stride)
{
    g_autofree float *q = g_new(float, width), *k = g_new(float, n *stride + 1);
    g_autofree float *p = g_new(float, n + 1), *got = g_new(float, n + 1);
    g_autofree float *out = g_new(float, width + 1), *scales = g_new(float, n + 1);
    g_autofree gint8 *bytes = g_new(gint8, n * stride + 1), *same = g_new(gint8, width);

    fill_noise(q, width, n);
    fill_noise(k, n * stride + 1, width);
    fill_noise(p, n, stride);
    bytes[n * stride] = 5;
    for (gsize t = 0; t < n; t++) {
        for (gsize c = 0; c < width && t == 1; c++)
            k[stride + c] = 0;
        scales[t] = kernels->to_q8(k + t * stride, width, bytes + t * stride);
        g_assert_true(scales[t] == tune_kernels_scalar.to_q8(k + t * stride, width, same));
        g_assert_cmpint(memcmp(bytes + t * stride, same, width), ==, 0);
        for (gsize c = 0; c < width; c++)
            assert_near("rounded row", c, scales[t] * bytes[t * stride + c], k[t * stride + c],
                        scales[t] * 0.5001);
    }
    got[n] = out[width] = 5;
    kernels->scores_q8(q, bytes, scales, stride, width, n, 0.3f, got);
    kernels->mix_q8(p, bytes, scales, stride, width, n, out);
    for (gsize t = 0; t < n; t++) {
        double want = 0;

        for (gsize c = 0; c < width; c++)
            want += (double)q[c] * (double)bytes[t * stride + c];
        assert_near("scores", t, got[t], 0.3 * scales[t] * want,
                    1e-6 * (2 + sqrt((double)width)));
    }
    for (gsize c = 0; c < width; c++) {
        double want = 0;

        for (gsize t = 0; t < n; t++)
            want += (double)p[t] * scales[t] * bytes[t * stride + c];
        assert_near("mix", c, out[c], want, 1e-6 * (2 + sqrt((double)n)));
    }
    g_assert_true(got[n] == 5 && out[width] == 5 && bytes[n * stride] == 5);
}

static void test_attention(const TuneKernels *kernels)
{
    for (gsize width = 1; width < 70; width++)
        check_attention(kernels, width, 1 + width * 7 % 70, width + width % 4);
    for (gsize n = 0; n < 20; n++)
        check_attention(kernels, 64, n, 64);
    check_attention(kernels, 200, 333, 200);
    for (gsize width = 1; width < 70; width++)
        check_byte_attention(kernels, width, 1 + width * 7 % 70, width + width % 4);
    for (gsize n = 0; n < 20; n++)
        check_byte_attention(kernels, 64, n, 64);
    check_byte_attention(kernels, 200, 333, 200);
}

static void test_halves(const TuneKernels *kernels)
{
    static const float special[] = {
        0,         -0.0f, 0x1p-24f, 0x1p-25f, -0x1.8p-25f,  0x1.ffcp-15f, 65504,
        65519.99f, 65520, -1e9f,    INFINITY, 1 + 0x1p-11f, 1 + 0x3p-11f};
    g_autofree guint16 *halves = g_new(guint16, 0x10000);
    g_autofree float *floats = g_new(float, 0x10000);
    guint n = 0;

    for (guint h = 0; h < 0x10000; h++)
        if ((h & 0x7fff) <= 0x7c00)
            halves[n++] = (guint16)h;
    kernels->from_f16(halves, n, floats);
    for (guint i = 0; i < n; i++)
        g_assert_true(floats[i] == tune_half_to_float(halves[i]));
    fill_noise(floats, 1000, 3);
    for (guint i = 0; i < 1000; i++)
        floats[i] *= 100000;
    memcpy(floats + 500, special, sizeof special);
    for (guint size = 1; size < 1000; size += 37) {
        kernels->to_f16(floats, size, halves);
        for (guint i = 0; i < size; i++)
            g_assert_cmphex(halves[i], ==, tune_half_from_float(floats[i]));
    }
}

/* ---- element-wise ---- */

static double exact_gelu(double x)
{
    return 0.5 * x * (erfc(-x * G_SQRT2 / 2));
}

static double exact_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double exact_elu(double x)
{
    return x > 0 ? x : expm1(x);
}

/* Points from fine to far, both signs. */
static gsize fill_points(float *x)
{
    gsize n = 0;

    for (float size = 1e-30f; size < 1e6f; size *= 1.01f) {
        x[n++] = size;
        x[n++] = -size;
    }
    for (float at = -20; at < 20; at += 0.01f)
        x[n++] = at;
    x[n++] = 0;
    x[n++] = FLT_TRUE_MIN;
    x[n++] = -FLT_TRUE_MIN;
    x[n++] = -FLT_MAX;
    x[n++] = FLT_MAX;
    return n;
}

static void test_functions(const TuneKernels *kernels)
{
    g_autofree float *x = g_new(float, 30000), *got = g_new(float, 30000);
    gsize n = fill_points(x);

    memcpy(got, x, n * sizeof *x);
    kernels->gelu(got, n);
    for (gsize i = 0; i < n; i++) {
        double want = exact_gelu(x[i]);

        assert_near("gelu", i, got[i], want, 2.5e-7 * MAX(1, fabs(want)));
    }
    kernels->elu(x, n, got);
    for (gsize i = 0; i < n; i++)
        assert_near("elu", i, got[i], exact_elu(x[i]), 3e-7 * fabs(exact_elu(x[i])));
}

static void test_lstm(const TuneKernels *kernels)
{
    g_autofree float *points = g_new(float, 30000);
    gsize n = fill_points(points);
    g_autofree float *gates = g_new(float, 4 * n), *cell = g_new(float, n), *out = g_new(float, n);

    /* With f and i wide open or shut the functions show alone: the cell is tanh(g), out is half its
     * tanh; then the cell is sigmoid(f). */
    for (guint round = 0; round < 2; round++) {
        for (gsize i = 0; i < n; i++) {
            gates[i] = round == 0 ? 100 : -200;
            gates[n + i] = round == 0 ? -200 : points[i];
            gates[2 * n + i] = points[i];
            gates[3 * n + i] = 0;
            cell[i] = 1;
        }
        kernels->lstm(gates, cell, n, out);
        for (gsize i = 0; i < n; i++) {
            double want = round == 0 ? tanh(points[i]) : exact_sigmoid(points[i]);
            double slack = 3e-7 * fabs(want) + 1e-38;

            assert_near("cell", i, cell[i], want, slack);
            assert_near("out", i, out[i], 0.5 * tanh(want), slack);
        }
    }
}

static void test_odd_sizes(const TuneKernels *kernels)
{
    for (gsize n = 1; n < 70; n++) {
        float x[72], weight[72], bias[72], got[72], gates[4 * 72], cell[72], old[72];
        double sum = 0, squares = 0, total = 0, max = -1e9;

        fill_noise(x, n, n);
        fill_noise(weight, n, n + 100);
        fill_noise(bias, n, n + 200);
        for (gsize i = 0; i < n; i++)
            sum += x[i], max = MAX(max, x[i]);
        double mean = sum / (double)n;
        for (gsize i = 0; i < n; i++) {
            squares += (x[i] - mean) * (x[i] - mean);
            total += exp(x[i] - max);
        }
        got[n] = 9;
        kernels->layer_norm(x, weight, bias, n, 1e-5f, got);
        for (gsize i = 0; i < n; i++)
            assert_near("layer norm", i, got[i],
                        (x[i] - mean) / sqrt(squares / (double)n + 1e-5) * weight[i] + bias[i],
                        3e-6);
        kernels->rms_norm(x, weight, n, 1e-6f, got);
        squares += mean * mean * (double)n;
        for (gsize i = 0; i < n; i++)
            assert_near("rms norm", i, got[i], x[i] / sqrt(squares / (double)n + 1e-6) * weight[i],
                        1e-6);
        memcpy(got, x, n * sizeof *x);
        kernels->softmax(got, n);
        for (gsize i = 0; i < n; i++)
            assert_near("softmax", i, got[i], exp(x[i] - max) / total, 3e-7);
        memcpy(got, x, n * sizeof *x);
        kernels->add(got, weight, n);
        for (gsize i = 0; i < n; i++)
            assert_near("add", i, got[i], x[i] + weight[i], 0);
        memcpy(got, x, n * sizeof *x);
        kernels->gelu(got, n);
        for (gsize i = 0; i < n; i++)
            assert_near("gelu", i, got[i], exact_gelu(x[i]), 2e-7);
        kernels->elu(x, n, got);
        for (gsize i = 0; i < n; i++)
            assert_near("elu", i, got[i], exact_elu(x[i]), 1e-7);
        fill_noise(gates, 4 * n, n + 300);
        fill_noise(cell, n, n + 400);
        memcpy(old, cell, sizeof old);
        cell[n] = 9;
        kernels->lstm(gates, cell, n, got);
        for (gsize i = 0; i < n; i++) {
            double want = exact_sigmoid(gates[n + i]) * old[i] +
                          exact_sigmoid(gates[i]) * tanh(gates[2 * n + i]);

            assert_near("cell", i, cell[i], want, 4e-7);
            assert_near("out", i, got[i], exact_sigmoid(gates[3 * n + i]) * tanh(want), 4e-7);
        }
        g_assert_true(got[n] == 9 && cell[n] == 9); /* nothing past the end */
    }
}

static void test_softmax_of_masks(const TuneKernels *kernels)
{
    for (gsize n = 1; n < 40; n++) {
        float x[40];

        for (gsize i = 0; i < n; i++)
            x[i] = i == n / 2 ? -1e4f : -INFINITY;
        kernels->softmax(x, n);
        for (gsize i = 0; i < n; i++)
            assert_near("masked", i, x[i], i == n / 2, 0);
        for (gsize i = 0; i < n; i++)
            x[i] = i == n - 1 ? 3e38f : -3e38f;
        kernels->softmax(x, n);
        for (gsize i = 0; i < n; i++)
            assert_near("far apart", i, x[i], i == n - 1, 0);
    }
}

/* ---- the table ---- */

#ifndef EMULATED
static void test_names(void)
{
    guint n;
    const TuneKernels *const *all = tune_kernels_all(&n);
    TuneWeightType type;

    g_assert_true(all[n - 1] == &tune_kernels_scalar);
    g_assert_true(tune_kernels_best()->usable());
    g_assert_true(tune_kernels_named("scalar") == &tune_kernels_scalar);
    g_assert_null(tune_kernels_named("sse9"));
    g_assert_null(tune_kernels_named(""));
    for (guint i = 0; i < TUNE_N_WEIGHT_TYPES; i++) {
        g_assert_true(tune_weight_type_from_name(tune_weight_type_name(i), &type));
        g_assert_cmpuint(type, ==, i);
    }
    g_assert_false(tune_weight_type_from_name("q5", &type));
}
#endif

static void run_set_test(gconstpointer data)
{
    gpointer const *pair = data;
    const TuneKernels *kernels = pair[0];
    SetTest *const *test = pair[1];

    if (kernels->usable())
        (*test)(kernels);
    else
        g_test_skip("this machine has not the instructions");
}

static const struct {
    const char *name;
    SetTest *test;
} set_tests[] = {
    {"products", test_products},
    {"extreme-products", test_extreme_products},
    {"neighbours-change-no-bit", test_neighbours_change_no_bit},
    {"attention", test_attention},
    {"halves", test_halves},
    {"functions", test_functions},
    {"lstm", test_lstm},
    {"odd-sizes", test_odd_sizes},
    {"softmax-of-masks", test_softmax_of_masks},
};

static void add_set_tests(const TuneKernels *const *sets, guint n_sets)
{
    for (guint s = 0; s < n_sets; s++)
        for (guint t = 0; t < G_N_ELEMENTS(set_tests); t++) {
            g_autofree char *path =
                g_strdup_printf("/neural/kernels/%s/%s", sets[s]->name, set_tests[t].name);
            gpointer pair[] = {(gpointer)sets[s], (gpointer)&set_tests[t].test};

            g_test_add_data_func_full(path, g_memdup2(pair, sizeof pair), run_set_test, g_free);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#ifdef EMULATED
    if (tune_kernels_named("avx2") ==
        NULL) { /* the portable code is compiled for it, to be quick */
        g_print("1..0 # SKIP this machine has not AVX2\n");
        return 0;
    }
    add_set_tests(emulated, G_N_ELEMENTS(emulated));
#else
    guint n_sets;
    const TuneKernels *const *sets = tune_kernels_all(&n_sets);

    g_test_add_func("/neural/kernels/names", test_names);
    add_set_tests(sets, n_sets);
#endif
    return g_test_run();
}
