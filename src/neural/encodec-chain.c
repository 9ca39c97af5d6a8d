/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/encodec-residual.h"

#include <string.h>

/* Rows of a slice: so many that reading the weights from memory pays off (nine tenths of the time
 * for the products needs about a hundred), and the rows in and out stay in the last-level cache. */
#define LEAST_SLICE 96
#define MOST_SLICE  2048
#define SLICE_BYTES (512 * 1024)
#define TASK_VALUES 4096 /* of element-wise work for one thread */

typedef struct {
    const TuneCodecLayer *layer;
    gsize slice;              /* rows taken at a time */
    TuneCodecWindows windows; /* all but LSTM */
    float *out;               /* what a slice gives */
    float *gates;             /* LSTM: of a slice */
    float *state, *cell;      /* LSTM: [n_lstm][width] */
    float *recurrent;         /* LSTM: W_hh h */
} Flow;

struct TuneCodecChain {
    Flow *flows;
    guint n;
    TuneCodecSink sink;
    gpointer data;
    TuneEncodecWatch watch;
    gpointer watch_data;
};

/* Element-wise work on rows, spread over threads: out = f(in + bias). */
typedef struct {
    const TuneKernels *kernels;
    const float *in, *bias; /* bias [width], may be NULL */
    float *out;             /* may be in */
    gsize n, width, share;
    gboolean elu;
} Rows;

static void do_rows(gpointer data, guint task)
{
    const Rows *work = data;
    gsize first = task * work->share, n = MIN(work->share, work->n - first);
    gsize at = first * work->width, values = n * work->width;
    float *out = work->out + at;

    if (work->bias == NULL && work->elu) {
        work->kernels->elu(work->in + at, values, out);
        return;
    }
    if (out != work->in + at)
        memcpy(out, work->in + at, values * sizeof(float));
    for (gsize i = 0; work->bias != NULL && i < n; i++)
        work->kernels->add(out + i * work->width, work->bias, work->width);
    if (work->elu)
        work->kernels->elu(out, values, out);
}

static void run_rows(TuneCompute *compute, Rows work)
{
    if (work.n == 0)
        return;
    work.kernels = tune_compute_kernels(compute);
    work.share = MAX(1, TASK_VALUES / work.width);
    tune_compute_run(compute, (guint)((work.n + work.share - 1) / work.share), do_rows, &work);
}

/* @coming: rows that come at a time, at most. */
static gsize choose_slice(const TuneCodecLayer *layer, gsize coming)
{
    gsize out = layer->out;

    if (layer->kind == TUNE_CODEC_TRANSPOSED)
        out *= layer->product.stride;
    gsize rows = SLICE_BYTES / ((layer->in + out) * sizeof(float));
    return MIN(coming, CLAMP(rows, LEAST_SLICE, MOST_SLICE));
}

/* Returns the rows that a slice gives, at most. */
static gsize flow_init(Flow *self, const TuneCodecLayer *layer, gsize coming)
{
    gsize width = layer->in;

    self->layer = layer;
    self->slice = choose_slice(layer, coming);
    if (layer->kind == TUNE_CODEC_LSTM) {
        self->out = g_new(float, 2 * self->slice * width);
        self->gates = g_new(float, 4 * self->slice * width);
        self->state = g_new0(float, layer->n_lstm *width);
        self->cell = g_new0(float, layer->n_lstm *width);
        self->recurrent = g_new(float, 4 * width);
        return self->slice;
    }
    tune_codec_windows_init(&self->windows, &layer->product, layer->kind == TUNE_CODEC_TRANSPOSED,
                            self->slice);
    gsize most = tune_codec_windows_most(&self->windows);
    self->out = g_new(float, most * layer->out);
    return most;
}

static void flow_clear(Flow *self)
{
    tune_codec_windows_clear(&self->windows);
    g_free(self->out);
    g_free(self->gates);
    g_free(self->state);
    g_free(self->cell);
    g_free(self->recurrent);
}

TuneCodecChain *tune_codec_chain_new(const TuneCodecLayer *layers, guint n, gsize coming,
                                     TuneCodecSink sink, gpointer data)
{
    TuneCodecChain *self = g_new0(TuneCodecChain, 1);

    self->flows = g_new0(Flow, n);
    self->n = n;
    self->sink = sink;
    self->data = data;
    for (guint i = 0; i < n; i++)
        coming = flow_init(&self->flows[i], &layers[i], coming);
    return self;
}

void tune_codec_chain_free(TuneCodecChain *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < self->n; i++)
        flow_clear(&self->flows[i]);
    g_free(self->flows);
    g_free(self);
}

void tune_codec_chain_reset(TuneCodecChain *self)
{
    for (guint i = 0; i < self->n; i++) {
        Flow *flow = &self->flows[i];
        const TuneCodecLayer *layer = flow->layer;
        if (layer->kind == TUNE_CODEC_LSTM) {
            memset(flow->state, 0, layer->n_lstm * layer->in * sizeof(float));
            memset(flow->cell, 0, layer->n_lstm * layer->in * sizeof(float));
        } else {
            tune_codec_windows_reset(&flow->windows);
        }
    }
}

void tune_codec_chain_watch(TuneCodecChain *self, TuneEncodecWatch watch, gpointer data)
{
    self->watch = watch;
    self->watch_data = data;
}

static void show(const TuneCodecChain *self, guint index, const float *rows, gsize n, gsize width)
{
    if (self->watch != NULL && n > 0)
        self->watch((gint)index, rows, n, width, self->watch_data);
}

/* Copy a slice to where its windows are. */
static void take_in(TuneCodecChain *self, Flow *flow, TuneCompute *compute, const float *rows,
                    gsize n, gboolean last)
{
    const TuneCodecLayer *layer = flow->layer;
    float *room = tune_codec_windows_room(&flow->windows);

    run_rows(compute,
             (Rows){.in = rows, .out = room, .n = n, .width = layer->in, .elu = layer->elu});
    if (layer->elu)
        show(self, layer->index - 1, room, n, layer->in);
    tune_codec_windows_add(&flow->windows, n, last);
}

static gsize convolve(Flow *flow, TuneCompute *compute, float **out)
{
    const TuneCodecLayer *layer = flow->layer;
    gsize n = tune_codec_windows_multiply(&flow->windows, compute, flow->out, out);

    run_rows(
        compute,
        (Rows){.in = *out, .out = *out, .n = n, .width = layer->out, .bias = layer->product.bias});
    return n;
}

/* One layer of LSTM over @n rows: all of W_ih x at once, W_hh h step by step. */
static void lstm_level(Flow *flow, TuneCompute *compute, guint level, const float *in, gsize n,
                       float *out)
{
    const TuneCodecLstm *lstm = &flow->layer->lstm[level];
    const TuneKernels *kernels = tune_compute_kernels(compute);
    gsize width = flow->layer->in;
    float *state = flow->state + level * width;

    tune_compute_multiply(compute, lstm->ih, in, width, n, flow->gates, 4 * width);
    for (gsize t = 0; t < n; t++) {
        float *gates = flow->gates + t * 4 * width;
        tune_compute_multiply(compute, lstm->hh, state, width, 1, flow->recurrent, 4 * width);
        kernels->add(gates, lstm->bias, 4 * width);
        kernels->add(gates, flow->recurrent, 4 * width);
        kernels->lstm(gates, flow->cell + level * width, width, out + t * width);
        state = out + t * width;
    }
    memcpy(flow->state + level * width, state, width * sizeof(float));
}

static gsize recur(Flow *flow, TuneCompute *compute, const float *rows, gsize n, float **out)
{
    const TuneCodecLayer *layer = flow->layer;
    gsize values = n * layer->in;
    const float *in = rows;

    *out = flow->out;
    if (n == 0)
        return 0;
    for (guint level = 0; level < layer->n_lstm; level++) {
        *out = flow->out + (level % 2) * flow->slice * layer->in;
        lstm_level(flow, compute, level, in, n, *out);
        in = *out;
    }
    tune_compute_kernels(compute)->add(*out, rows, values);
    return n;
}

static void push_from(TuneCodecChain *self, guint i, TuneCompute *compute, const float *rows,
                      gsize n, gboolean last);

static void push_slice(TuneCodecChain *self, guint i, TuneCompute *compute, const float *rows,
                       gsize n, gboolean last)
{
    Flow *flow = &self->flows[i];
    const TuneCodecLayer *layer = flow->layer;
    float *out;
    gsize got;

    if (layer->kind == TUNE_CODEC_LSTM) {
        got = recur(flow, compute, rows, n, &out);
    } else {
        take_in(self, flow, compute, rows, n, last);
        if (layer->kind == TUNE_CODEC_RESIDUAL) {
            out = flow->out;
            got = tune_codec_residual(&flow->windows, compute, layer, out);
        } else {
            got = convolve(flow, compute, &out);
        }
    }
    show(self, layer->index, out, got, layer->out);
    push_from(self, i + 1, compute, out, got, last);
}

static void push_from(TuneCodecChain *self, guint i, TuneCompute *compute, const float *rows,
                      gsize n, gboolean last)
{
    if (i == self->n) {
        if (n > 0)
            self->sink(self->data, rows, n);
        return;
    }
    while (n > 0 || last) {
        gsize m = MIN(n, self->flows[i].slice);
        push_slice(self, i, compute, rows, m, last && m == n);
        rows += m * self->flows[i].layer->in;
        n -= m;
        if (n == 0)
            break;
    }
}

void tune_codec_chain_push(TuneCodecChain *self, TuneCompute *compute, const float *rows, gsize n,
                           gboolean last)
{
    push_from(self, 0, compute, rows, n, last);
}
