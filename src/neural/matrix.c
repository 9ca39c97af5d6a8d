/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Packing of matrices into panels (kernels/kernels.h has the layouts), panel by panel on all
 * threads.
 */
#include "neural/compute-private.h"
#include "neural/kernels/half.h"

#include <math.h>

#define BLOCK TUNE_QUANT_BLOCK

enum { FAULT_NONE, FAULT_NOT_FINITE, FAULT_TOO_LARGE };

typedef struct {
    TuneMatrix *matrix;
    const TuneKernels *kernels;
    TuneRowSource source;
    gpointer data;
    /* [blocks] of a row that needs no rounding, or NULL */
    const guint8 *(*blocks)(gpointer data, gsize row);
    GMutex lock; /* for the following */
    gsize fault_row;
    int fault; /* of the first row that has one */
} Packing;

static TuneDtype block_dtype(TuneWeightType type)
{
    return type == TUNE_WEIGHTS_Q8 ? TUNE_DTYPE_Q8 : TUNE_DTYPE_Q4;
}

static gsize block_bytes(TuneDtype dtype)
{
    return sizeof(guint16) + (dtype == TUNE_DTYPE_Q8 ? BLOCK : BLOCK / 2);
}

static void note_fault(Packing *p, gsize row, int fault)
{
    g_mutex_lock(&p->lock);
    if (p->fault == FAULT_NONE || row < p->fault_row) {
        p->fault = fault;
        p->fault_row = row;
    }
    g_mutex_unlock(&p->lock);
}

static void check_floats(Packing *p, gsize row, const float *values, gsize n)
{
    float sum = 0;

    for (gsize i = 0; i < n; i++)
        sum += values[i] * 0; /* stays zero unless one is infinite or not a number */
    if (isnan(sum))
        note_fault(p, row, FAULT_NOT_FINITE);
}

static void pack_f32(Packing *p, gsize row, const float *values, gpointer panel)
{
    float *out = (float *)panel + row % TUNE_PANEL_ROWS;

    for (gsize c = 0; c < p->matrix->columns; c++)
        out[c * TUNE_PANEL_ROWS] = values[c];
}

static void pack_f16(Packing *p, gsize row, const float *values, guint16 *halves, gpointer panel)
{
    guint16 *out = (guint16 *)panel + row % TUNE_PANEL_ROWS;
    gboolean infinite = FALSE;

    p->kernels->to_f16(values, p->matrix->columns, halves);
    for (gsize c = 0; c < p->matrix->columns; c++) {
        out[c * TUNE_PANEL_ROWS] = halves[c];
        infinite |= (halves[c] & 0x7fff) == 0x7c00;
    }
    if (infinite)
        note_fault(p, row, FAULT_TOO_LARGE);
}

/* Blocks of a row to their places; both types keep groups of four bytes a row. */
static void pack_blocks(Packing *p, gsize row, const guint8 *blocks, guint8 *panel)
{
    gsize size = block_bytes(block_dtype(p->matrix->type)), r = row % TUNE_PANEL_ROWS;
    gsize n = (p->matrix->columns + BLOCK - 1) / BLOCK;

    for (gsize b = 0; b < n; b++, blocks += size, panel += size * TUNE_PANEL_ROWS) {
        const guint8 *q = blocks + sizeof(guint16);
        guint8 *out = panel + TUNE_PANEL_ROWS * sizeof(guint16);
        guint16 scale;

        memcpy(&scale, blocks, sizeof scale);
        if ((scale & 0x7c00) == 0x7c00)
            note_fault(p, row, FAULT_TOO_LARGE);
        memcpy(panel + r * sizeof scale, &scale, sizeof scale);
        for (gsize g = 0; g < (size - sizeof scale) / 4; g++)
            memcpy(out + (g * TUNE_PANEL_ROWS + r) * 4, q + g * 4, 4);
    }
}

static void pack_panel(gpointer data, guint i)
{
    Packing *p = data;
    TuneMatrix *m = p->matrix;
    gsize first = (gsize)i * TUNE_PANEL_ROWS, padded = (m->columns + BLOCK - 1) / BLOCK * BLOCK;
    guint8 *panel = m->panels + i * m->panel_bytes;
    gboolean quantised = m->type == TUNE_WEIGHTS_Q8 || m->type == TUNE_WEIGHTS_Q4;
    g_autofree float *values = g_new0(float, MAX(padded, BLOCK));
    g_autofree guint8 *rounded = g_malloc(padded * sizeof(guint16) + sizeof(guint16));

    memset(panel, 0, m->panel_bytes);
    for (gsize row = first; row < MIN(first + TUNE_PANEL_ROWS, m->rows); row++) {
        const guint8 *blocks = p->blocks != NULL ? p->blocks(p->data, row) : NULL;

        if (blocks == NULL) {
            p->source(p->data, row, values);
            check_floats(p, row, values, m->columns);
        }
        if (blocks == NULL && quantised) {
            tune_quantize_row(block_dtype(m->type), values, padded, rounded);
            blocks = rounded;
        }
        if (quantised)
            pack_blocks(p, row, blocks, panel);
        else if (m->type == TUNE_WEIGHTS_F16)
            pack_f16(p, row, values, (guint16 *)(gpointer)rounded, panel);
        else
            pack_f32(p, row, values, panel);
    }
}

static gboolean allocate(TuneMatrix *m, TuneChunk **chunk)
{
    if (m->panel_bytes != 0 && m->n_panels > (G_MAXSIZE / 4) / m->panel_bytes)
        return FALSE;
    m->n_bytes = m->n_panels * m->panel_bytes;
    m->panels = *chunk != NULL ? tune_chunk_take(*chunk, m->n_bytes) : NULL;
    if (m->panels == NULL) {
        TuneChunk *fresh = tune_chunk_new(m->n_bytes);

        if (fresh == NULL)
            return FALSE;
        tune_chunk_unref(*chunk);
        *chunk = fresh;
        m->panels = tune_chunk_take(fresh, m->n_bytes);
    }
    m->chunk = tune_chunk_ref(*chunk);
    return TRUE;
}

static TuneMatrix *pack(TuneCompute *compute, TuneWeightType type, gsize rows, gsize columns,
                        Packing *p, GError **error)
{
    g_autoptr(TuneMatrix) self = g_new0(TuneMatrix, 1);

    self->type = type;
    self->rows = rows;
    self->columns = columns;
    self->n_panels = (rows + TUNE_PANEL_ROWS - 1) / TUNE_PANEL_ROWS;
    self->panel_bytes = tune_panel_bytes(type, columns);
    if (columns > G_MAXINT32 || rows > G_MAXINT32 || !allocate(self, tune_compute_chunk(compute))) {
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for a matrix of %" G_GSIZE_FORMAT " by %" G_GSIZE_FORMAT
                    " weights (%.0f MB)",
                    rows, columns, (double)self->n_panels * (double)self->panel_bytes / 1e6);
        return NULL;
    }
    p->matrix = self;
    p->kernels = tune_compute_kernels(compute);
    g_mutex_init(&p->lock);
    tune_compute_run(compute, (guint)self->n_panels, pack_panel, p);
    g_mutex_clear(&p->lock);
    if (p->fault == FAULT_NONE)
        return g_steal_pointer(&self);
    if (p->fault == FAULT_NOT_FINITE)
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                    "row %" G_GSIZE_FORMAT " holds a value that is not finite", p->fault_row);
    else
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_BROKEN,
                    "row %" G_GSIZE_FORMAT " holds a value too large for %s", p->fault_row,
                    tune_weight_type_name(type));
    return NULL;
}

TuneMatrix *tune_matrix_new(TuneCompute *compute, TuneWeightType type, gsize rows, gsize columns,
                            TuneRowSource source, gpointer data, GError **error)
{
    Packing p = {.source = source, .data = data};

    return pack(compute, type, rows, columns, &p, error);
}

/* ---- of tensors ---- */

typedef struct {
    const TuneTensor *const *tensors;
    gsize *first_rows; /* [n + 1] */
    guint n;
    gsize columns;
    TuneDtype dtype; /* of blocks that are taken as they are */
} Stack;

static const TuneTensor *tensor_of_row(const Stack *stack, gsize *row)
{
    guint i = 0;

    while (*row >= stack->first_rows[i + 1])
        i++;
    *row -= stack->first_rows[i];
    return stack->tensors[i];
}

static void read_row(gpointer data, gsize row, float *out)
{
    const Stack *stack = data;
    const TuneTensor *tensor = tensor_of_row(stack, &row);

    tune_tensor_read(tensor, row * stack->columns, stack->columns, out);
}

static const guint8 *blocks_of_row(gpointer data, gsize row)
{
    const Stack *stack = data;
    const TuneTensor *tensor = tensor_of_row(stack, &row);

    if (tensor->dtype != stack->dtype)
        return NULL;
    return (const guint8 *)tensor->data +
           row * (stack->columns / BLOCK * block_bytes(stack->dtype));
}

static void name_tensor(GError **error, const Packing *p, const Stack *stack)
{
    if (p->fault != FAULT_NONE) {
        gsize row = p->fault_row;

        g_prefix_error(error, "%s: ", tensor_of_row(stack, &row)->name);
    } else {
        g_prefix_error(error, "%s: ", stack->tensors[0]->name);
    }
}

TuneMatrix *tune_matrix_from_tensors(TuneCompute *compute, TuneWeightType type,
                                     const TuneTensor *const *tensors, guint n, GError **error)
{
    g_autofree gsize *first_rows = g_new0(gsize, n + 1);
    Stack stack = {.tensors = tensors, .first_rows = first_rows, .n = n};
    Packing p = {.source = read_row, .data = &stack};

    g_return_val_if_fail(n > 0, NULL);
    for (guint i = 0; i < n; i++) {
        gsize rows = tensors[i]->n_dims > 0 ? (gsize)tensors[i]->shape[0] : 1;
        gsize columns = rows > 0 ? (gsize)tune_tensor_n_values(tensors[i]) / rows : 0;

        g_return_val_if_fail(i == 0 || columns == stack.columns, NULL);
        stack.columns = columns;
        first_rows[i + 1] = first_rows[i] + rows;
    }
    if ((type == TUNE_WEIGHTS_Q8 || type == TUNE_WEIGHTS_Q4) && stack.columns % BLOCK == 0) {
        stack.dtype = block_dtype(type);
        p.blocks = blocks_of_row;
    }
    TuneMatrix *self = pack(compute, type, first_rows[n], stack.columns, &p, error);
    if (self == NULL)
        name_tensor(error, &p, &stack);
    for (guint i = 0; i < n; i++)
        tune_tensor_forget(tensors[i]);
    return self;
}

void tune_matrix_free(TuneMatrix *self)
{
    if (self == NULL)
        return;
    if (self->chunk != NULL)
        tune_chunk_give_back(self->chunk);
    tune_chunk_unref(self->chunk);
    g_free(self);
}

gsize tune_matrix_rows(const TuneMatrix *self)
{
    return self->rows;
}

gsize tune_matrix_columns(const TuneMatrix *self)
{
    return self->columns;
}

guint64 tune_matrix_bytes(const TuneMatrix *self)
{
    return self->n_bytes;
}
