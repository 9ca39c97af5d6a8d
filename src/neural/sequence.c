/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "neural/decoder-private.h"

#include <stdlib.h>
#include <sys/mman.h>

#define ALIGNMENT 64
/* Positions of a stretch are a multiple of this, so that scales behind bytes are aligned. */
#define SCALE_ALIGNMENT sizeof(float)
#define HUGE_PAGE       ((gsize)2 << 20)

/* As few as can be, and all alike. */
static gsize n_stretches(gsize capacity)
{
    return capacity / TUNE_STRETCH + (capacity % TUNE_STRETCH > 0);
}

static gsize stretch_of(gsize capacity)
{
    gsize n = MAX(n_stretches(capacity), 1);
    gsize least = capacity / n + (capacity % n > 0);

    return (least + SCALE_ALIGNMENT - 1) / SCALE_ALIGNMENT * SCALE_ALIGNMENT;
}

/* What keys and values are kept as beside weights of @type. */
static TuneWeightType kind_beside(TuneWeightType type)
{
    return MIN(type, TUNE_WEIGHTS_Q8);
}

/* A row of a head, its scale included. */
static gsize row_bytes(TuneWeightType kind, gsize width)
{
    return kind == TUNE_WEIGHTS_F32   ? width * sizeof(float)
           : kind == TUNE_WEIGHTS_F16 ? width * sizeof(guint16)
                                      : width + sizeof(float);
}

/* 0 when it overflows. */
static guint64 key_value_bytes(const TuneDecoderConfig *config, TuneWeightType type, gsize capacity)
{
    guint64 bytes = row_bytes(kind_beside(type), config->d_model / config->n_heads);
    guint64 factors[] = {2, config->n_layers, config->n_heads, stretch_of(capacity),
                         n_stretches(capacity)};

    for (guint i = 0; i < G_N_ELEMENTS(factors); i++) {
        if (!g_uint64_checked_mul(&bytes, bytes, factors[i]))
            return 0;
    }
    return bytes;
}

gboolean tune_key_values_init(TuneKeyValues *self, const TuneDecoder *decoder, gsize capacity,
                              GError **error)
{
    const TuneDecoderConfig *config = &decoder->config;
    guint64 bytes = key_value_bytes(config, decoder->type, capacity);

    *self = (TuneKeyValues){.n_layers = config->n_layers,
                            .n_heads = config->n_heads,
                            .width = config->d_model / config->n_heads,
                            .capacity = capacity,
                            .stretch = stretch_of(capacity),
                            .kind = kind_beside(decoder->type)};
    /* Large pieces come from the system untouched: what is not filled costs nothing. */
    gboolean large = bytes >= 2 * HUGE_PAGE;
    if (bytes == 0 || bytes > G_MAXSSIZE ||
        posix_memalign(&self->values, large ? HUGE_PAGE : ALIGNMENT, (gsize)bytes) != 0) {
        self->values = NULL;
        g_set_error(error, TUNE_NEURAL_ERROR, TUNE_NEURAL_ERROR_MEMORY,
                    "no memory for the keys and values of %zu positions", capacity);
        return FALSE;
    }
    if (large)
        madvise(self->values, (gsize)bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return TRUE;
}

void tune_key_values_clear(TuneKeyValues *self)
{
    free(self->values);
    self->values = NULL;
}

/* The rows of a head in the stretch that @position is in. */
static char *run_of(const TuneKeyValues *self, gsize layer, gboolean value, gsize head,
                    gsize position)
{
    gsize of_head = (position / self->stretch * self->n_layers + layer) * self->n_heads + head;
    gsize run = of_head * 2 + (value ? 1 : 0);

    return (char *)self->values + run * self->stretch * row_bytes(self->kind, self->width);
}

gpointer tune_key_values_at(const TuneKeyValues *self, gsize layer, gboolean value, gsize head,
                            gsize position)
{
    gsize size = self->kind == TUNE_WEIGHTS_Q8 ? 1 : row_bytes(self->kind, 1);

    return run_of(self, layer, value, head, position) +
           position % self->stretch * self->width * size;
}

float *tune_key_values_scale(const TuneKeyValues *self, gsize layer, gboolean value, gsize head,
                             gsize position)
{
    char *scales = run_of(self, layer, value, head, position) + self->stretch * self->width;

    return (float *)(gpointer)scales + position % self->stretch;
}

void tune_key_values_put(const TuneKeyValues *self, const TuneKernels *kernels, gsize layer,
                         gboolean value, gsize head, gsize position, const float *row)
{
    gpointer to = tune_key_values_at(self, layer, value, head, position);

    if (self->kind == TUNE_WEIGHTS_Q8)
        *tune_key_values_scale(self, layer, value, head, position) =
            kernels->to_q8(row, self->width, to);
    else if (self->kind == TUNE_WEIGHTS_F16)
        kernels->to_f16(row, self->width, to);
    else
        memcpy(to, row, self->width * sizeof *row);
}

TuneSequence *tune_sequence_new(const TuneDecoder *decoder, TuneCondition *condition,
                                gsize capacity, GError **error)
{
    g_autoptr(TuneSequence) self = g_new0(TuneSequence, 1);

    if (!tune_key_values_init(&self->past, decoder, capacity, error))
        return NULL;
    self->condition = condition != NULL ? tune_condition_ref(condition) : NULL;
    return g_steal_pointer(&self);
}

void tune_sequence_free(TuneSequence *self)
{
    if (self == NULL)
        return;
    tune_key_values_clear(&self->past);
    g_clear_pointer(&self->condition, tune_condition_unref);
    g_free(self);
}

gsize tune_sequence_length(const TuneSequence *self)
{
    return self->length;
}

void tune_sequence_reset(TuneSequence *self)
{
    self->length = 0;
}

guint64 tune_sequence_bytes(const TuneDecoderConfig *config, TuneWeightType type, gsize capacity)
{
    guint64 bytes = key_value_bytes(config, type, capacity);

    return bytes == 0 && capacity > 0 ? G_MAXUINT64 : bytes;
}
