/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Named arrays as they lie in model files, and sets of them.  A tensor is a view: its bytes belong to the
 * mapped files that the set keeps open, so that opening a model of gigabytes reads only its header.
 *
 *     g_autoptr(TuneTensorSet) set = tune_safetensors_open(path, &error);
 *     const TuneTensor *weight = tune_tensor_set_find(set, "lm_heads.0.weight");
 *     tune_tensor_read(weight, 0, tune_tensor_n_values(weight), floats);
 *
 * Sets are filled by one thread, then immutable and shared.
 */
#pragma once
#include <gio/gio.h>

#define TUNE_NEURAL_ERROR (tune_neural_error_quark())
GQuark tune_neural_error_quark(void);
typedef enum {
    TUNE_NEURAL_ERROR_NO_MODEL,    /* none of that name is installed */
    TUNE_NEURAL_ERROR_NOT_A_MODEL, /* the path holds none, or of a kind we do not run */
    TUNE_NEURAL_ERROR_BROKEN,      /* a file that is not what it says; names file and place */
    TUNE_NEURAL_ERROR_MISMATCH,    /* a tensor is missing, or has another shape or type than config.json
                                      asks for; names the first */
    TUNE_NEURAL_ERROR_MEMORY,      /* would not fit; says how much is needed and there */
    TUNE_NEURAL_ERROR_REQUEST,     /* a request that this model cannot meet */
    TUNE_NEURAL_ERROR_IO,
} TuneNeuralError;

typedef enum {
    TUNE_DTYPE_F32,
    TUNE_DTYPE_F16,
    TUNE_DTYPE_BF16,
    TUNE_DTYPE_Q8, /* blocks of 32: f16 scale, 32 int8; "Q8_0" of GGUF: value = scale * q */
    TUNE_DTYPE_Q4, /* blocks of 32: f16 scale, 16 bytes; "Q4_0" of GGUF: low nibbles are values 0..15 of
                      the block, high ones 16..31; value = scale * (nibble - 8) */
    TUNE_DTYPE_I32,
    TUNE_DTYPE_I64,
    TUNE_DTYPE_BOOL,
} TuneDtype;
#define TUNE_QUANT_BLOCK 32
const char *tune_dtype_name(TuneDtype dtype); /* "F32", ... */
/* Bytes of @n values; blocks must be whole (@n a multiple of 32 for Q8 and Q4).  0 when it overflows or
 * does not divide. */
guint64 tune_dtype_bytes(TuneDtype dtype, guint64 n);
gboolean tune_dtype_is_real(TuneDtype dtype); /* a type that weights may have */

#define TUNE_TENSOR_MAX_DIMS 4
typedef struct {
    const char *name; /* owned by the set */
    TuneDtype dtype;
    guint n_dims;     /* 0 (a scalar) .. 4 */
    guint64 shape[TUNE_TENSOR_MAX_DIMS]; /* row-major, as in the file of origin: a Linear is [out, in] */
    gconstpointer data;                  /* any alignment */
    guint64 n_bytes;
    gboolean mapped; /* the bytes are those of a mapped file */
} TuneTensor;

/* Sets n_bytes to what shape and type ask for.  FALSE when that overflows, or a row (the last dimension)
 * of Q8 or Q4 does not consist of whole blocks. */
gboolean tune_tensor_measure(TuneTensor *self);
/* The rest takes tensors that were measured. */
guint64 tune_tensor_n_values(const TuneTensor *self);
/* @out: [n] values from flat index @first on, converted to float (for Q8 and Q4 @first and @n are
 * multiples of 32).  The range must lie inside. */
void tune_tensor_read(const TuneTensor *self, guint64 first, guint64 n, float *out);
/* "F32 [1024, 768]" (transfer full) */
char *tune_tensor_describe(const TuneTensor *self);
char *tune_tensor_describe_shape(guint n_dims, const guint64 *shape); /* "[1024, 768]" (transfer full) */
/* Tell the kernel that the tensor's pages are not needed soon (after packing). */
void tune_tensor_forget(const TuneTensor *self);

typedef struct TuneTensorSet TuneTensorSet;
TuneTensorSet *tune_tensor_set_new(void);
TuneTensorSet *tune_tensor_set_ref(TuneTensorSet *self);
void tune_tensor_set_unref(TuneTensorSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneTensorSet, tune_tensor_set_unref)
/* Keep what data pointers point into with the set (transfer none: a reference is taken). */
void tune_tensor_set_keep(TuneTensorSet *self, GBytes *bytes);
/* A copy of @tensor with a copy of its name; FALSE when the name is taken. */
gboolean tune_tensor_set_add(TuneTensorSet *self, const TuneTensor *tensor);
/* All tensors of @other, and what it keeps; texts are not taken.  FALSE when a name is in both: *@twice is
 * the first such. */
gboolean tune_tensor_set_merge(TuneTensorSet *self, const TuneTensorSet *other, const char **twice);
const TuneTensor *tune_tensor_set_find(const TuneTensorSet *self, const char *name); /* (nullable) */
guint tune_tensor_set_size(const TuneTensorSet *self);
const TuneTensor *tune_tensor_set_get(const TuneTensorSet *self, guint i); /* in order of adding */
/* Strings of the container ("__metadata__" of safetensors, string keys of GGUF). */
void tune_tensor_set_put_text(TuneTensorSet *self, const char *key, const char *value);
const char *tune_tensor_set_text(const TuneTensorSet *self, const char *key); /* (nullable) */
guint64 tune_tensor_set_bytes(const TuneTensorSet *self); /* of all tensors */

/* The bytes of a regular file, mapped, for the readers of model files.  They must not be cut off while in
 * use: as with every mapped file, reading behind the new end would end the process.  (transfer full) */
GBytes *tune_model_file_map(const char *path, GError **error);
