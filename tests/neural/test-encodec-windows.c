/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Convolutions over a signal that comes in pieces, against their definition on the whole of it.
 */
#include "base/random.h"
#include "neural/encodec-windows.h"

#include <math.h>
#include <string.h>

typedef struct {
    TuneCodecProduct product;
    gboolean transposed;
    float *weight; /* convolution: [out][kernel][in]; transposed: [in][kernel][out] */
} Case;

static void convolution_row(gpointer data, gsize row, float *out)
{
    const Case *c = data;
    const TuneCodecProduct *p = &c->product;
    gsize place = row / p->out, o = row % p->out;

    memset(out, 0, (p->kernel + p->unroll - 1) * p->in * sizeof(float));
    memcpy(out + place * p->in, c->weight + o * p->kernel * p->in,
           p->kernel * p->in * sizeof(float));
}

static void transposed_row(gpointer data, gsize row, float *out)
{
    const Case *c = data;
    const TuneCodecProduct *p = &c->product;
    gsize j = row / p->out, o = row % p->out;

    for (gsize i = 0; i < p->in; i++) {
        out[i] = c->weight[(i * p->kernel + p->stride + j) * p->out + o];
        out[p->in + i] = c->weight[(i * p->kernel + j) * p->out + o];
    }
}

static void case_init(Case *c, TuneCompute *compute, TuneRandom *random, gboolean transposed)
{
    TuneCodecProduct *p = &c->product;
    guint stride = (guint)tune_random_int(random, 1, 8);
    gboolean strided = transposed || tune_random_chance(random, 0.5);

    *p = (TuneCodecProduct){.in = (guint)tune_random_int(random, 1, 9),
                            .out = (guint)tune_random_int(random, 1, 20),
                            .kernel = strided ? 2 * stride : (guint)tune_random_int(random, 1, 9),
                            .stride = strided ? stride : 1,
                            .unroll = 1};
    if (!strided)
        p->unroll = (guint)tune_random_int(random, 1, 5);
    c->transposed = transposed;
    gsize n = (gsize)p->in * p->out * p->kernel;
    c->weight = g_new(float, n);
    for (gsize i = 0; i < n; i++)
        c->weight[i] = (float)tune_random_range(random, -1, 1);
    gsize rows = p->out * (transposed ? p->stride : p->unroll);
    gsize columns = p->in * (transposed ? 2 : p->kernel + p->unroll - 1);
    p->weight = tune_matrix_new(compute, TUNE_WEIGHTS_F32, rows, columns,
                                transposed ? transposed_row : convolution_row, c, NULL);
}

/* The padding rule word for word: zeros if it is too short to reflect, reflect, cut. */
static float *padded(const float *x, gsize n, gsize in, gsize left, gsize right)
{
    gsize most = MAX(left, right), zeros = n <= most ? most - n + 1 : 0, length = n + zeros;
    float *out = g_new0(float, (left + length + right) * in);

    for (gsize i = 0; i < left + length + right; i++) {
        gssize at = (gssize)i - (gssize)left;
        if (at < 0)
            at = -at;
        if (at >= (gssize)length)
            at = 2 * ((gssize)length - 1) - at;
        if ((gsize)at < n)
            memcpy(out + i * in, x + (gsize)at * in, in * sizeof(float));
    }
    return out; /* of which left + n + right rows count */
}

static double *convolve(const Case *c, const float *x, gsize n, gsize *n_out)
{
    const TuneCodecProduct *p = &c->product;
    gsize more = p->kernel - p->stride, right = more / 2, left = more - right;
    gsize extra = ((n + p->stride - 1) / p->stride) * p->stride - n;
    g_autofree float *whole = padded(x, n, p->in, left, right + extra);

    *n_out = (left + n + right + extra - p->kernel) / p->stride + 1;
    double *y = g_new0(double, *n_out * p->out);
    for (gsize t = 0; t < *n_out; t++) {
        for (gsize o = 0; o < p->out; o++) {
            const float *row = c->weight + o * p->kernel * p->in;
            for (gsize k = 0; k < p->kernel * p->in; k++)
                y[t * p->out + o] += (double)row[k] * (double)whole[t * p->stride * p->in + k];
        }
    }
    return y;
}

static double *transpose_convolve(const Case *c, const float *x, gsize n, gsize *n_out)
{
    const TuneCodecProduct *p = &c->product;
    gsize right = (p->kernel - p->stride) / 2, left = p->kernel - p->stride - right;
    gsize full = (n - 1) * p->stride + p->kernel;
    g_autofree double *all = g_new0(double, full * p->out);

    for (gsize t = 0; t < n; t++) {
        for (gsize i = 0; i < p->in; i++) {
            for (gsize k = 0; k < p->kernel * p->out; k++)
                all[t * p->stride * p->out + k] +=
                    (double)x[t * p->in + i] * (double)c->weight[i * p->kernel * p->out + k];
        }
    }
    *n_out = full - left - right;
    return g_memdup2(all + left * p->out, *n_out * p->out * sizeof(double));
}

static void compare(const Case *c, TuneCompute *compute, TuneRandom *random, gsize slice, gsize n)
{
    const TuneCodecProduct *p = &c->product;
    g_autofree float *x = g_new(float, n * p->in);
    TuneCodecWindows windows;
    gsize n_want, n_got = 0, done = 0;
    gboolean last = FALSE;

    for (gsize i = 0; i < n * p->in; i++)
        x[i] = (float)tune_random_range(random, -1, 1);
    g_autofree double *want =
        c->transposed ? transpose_convolve(c, x, n, &n_want) : convolve(c, x, n, &n_want);
    tune_codec_windows_init(&windows, p, c->transposed, slice);
    g_autofree float *out = g_new(float, tune_codec_windows_most(&windows) * p->out);
    while (!last) {
        gsize wish = (gsize)tune_random_int(random, 0, (gint)slice), m = MIN(n - done, wish);
        float *rows;
        memcpy(tune_codec_windows_room(&windows), x + done * p->in, m * p->in * sizeof(float));
        done += m;
        last = done == n && tune_random_chance(random, 0.5);
        tune_codec_windows_add(&windows, m, last);
        gsize got = tune_codec_windows_multiply(&windows, compute, out, &rows);
        g_assert_cmpuint(n_got + got, <=, n_want);
        for (gsize i = 0; i < got * p->out; i++)
            g_assert_cmpfloat(fabs((double)rows[i] - want[n_got * p->out + i]), <, 1e-4);
        n_got += got;
    }
    g_assert_cmpuint(n_got, ==, n_want);
    tune_codec_windows_clear(&windows);
}

static void check(gboolean transposed)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    TuneRandom random;

    tune_random_init(&random, 7, "windows/%d", transposed);
    for (guint round = 0; round < 150; round++) {
        Case c;
        case_init(&c, compute, &random, transposed);
        for (gsize n = 1; n < 30; n++)
            compare(&c, compute, &random, (gsize)tune_random_int(&random, 1, 20), n);
        tune_matrix_free(c.product.weight);
        g_free(c.weight);
    }
}

static void test_convolves_as_defined(void)
{
    check(FALSE);
}

static void test_transposed_as_defined(void)
{
    check(TRUE);
}

/* No signal at all gives none. */
static void test_nothing_gives_nothing(void)
{
    g_autoptr(TuneCompute) compute = tune_compute_new(tune_kernels_best(), 1);
    TuneRandom random;

    tune_random_init(&random, 8, "nothing");
    for (guint round = 0; round < 20; round++) {
        TuneCodecWindows windows;
        Case c;
        float *rows;
        case_init(&c, compute, &random, round % 2);
        tune_codec_windows_init(&windows, &c.product, c.transposed, 5);
        g_autofree float *out = g_new(float, tune_codec_windows_most(&windows) * c.product.out);
        tune_codec_windows_add(&windows, 0, TRUE);
        g_assert_cmpuint(tune_codec_windows_multiply(&windows, compute, out, &rows), ==, 0);
        tune_codec_windows_clear(&windows);
        tune_matrix_free(c.product.weight);
        g_free(c.weight);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/neural/encodec-windows/convolves-as-defined", test_convolves_as_defined);
    g_test_add_func("/neural/encodec-windows/transposed-as-defined", test_transposed_as_defined);
    g_test_add_func("/neural/encodec-windows/nothing-gives-nothing", test_nothing_gives_nothing);
    return g_test_run();
}
