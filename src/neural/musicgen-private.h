/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of MusicGen share: musicgen.c (the model and what may be asked of it), load.c (its
 * weights), batch.c (the thread that advances takes), source.c (what a take is conditioned on),
 * sound.c (its codes made sound), plan.c (checking and measuring a request), take.c (a take's
 * reader).
 *
 * Who owns what: fields marked [lock] are guarded by model->lock, and a change of them is told by
 * model->changed.  Fields marked [thread] belong to the model's thread, [reader] to the take's
 * reader. Codes below take->n_done are written before n_done says so, and never again.
 */
#pragma once
#include "neural/decoder.h"
#include "neural/delay.h"
#include "neural/encodec.h"
#include "neural/musicgen.h"
#include "neural/sampling.h"
#include "neural/t5.h"
#include "neural/tokenizer.h"

/* Clips longer than the training window go on in windows of 30 s that begin 18 s apart, as the
 * reference's do. */
#define TUNE_WINDOW_SECONDS     30
#define TUNE_STRIDE_SECONDS     18
#define TUNE_MUSICGEN_MAX_BATCH 16

/* A request, checked, with the checkpoint's defaults in place. */
typedef struct {
    TuneSampling sampling;
    gsize n_frames;  /* of codes, in all */
    gsize n_prompt;  /* of them given by the audio prompt */
    guint n_streams; /* 2 with guidance: the conditional and the null one */
    gsize n_prefix;  /* rows before the start column: melody models only */
    gsize n_tokens;  /* of the text; 0: none */
    gsize capacity;  /* positions of a stream */
    guint64 n_steps; /* columns that are chosen */
    guint64 n_known; /* columns and rows of prefix that are only read */
    guint64 take_bytes;
} TuneTakePlan;

/* One stretch of at most TUNE_WINDOW_SECONDS, with positions of its own. */
typedef struct {
    gsize offset; /* the clip's frame that is its first */
    TuneDelay delay;
    gint32 *prompt; /* delay.prompt's */
    gsize n_known;  /* columns whose ids are known */
    gsize n_fed;    /* rows (prefix, then columns) that the sequences have seen */
} TuneWindow;

typedef enum {
    TUNE_TAKE_WAITING,
    TUNE_TAKE_RUNNING,
    TUNE_TAKE_DONE,
    TUNE_TAKE_FAILED
} TuneTakeState;

struct TuneTake {
    TuneMusicgen *model;
    char *prompt; /* (nullable) */
    guint64 seed;
    float *melody; /* (nullable) [n_melody] */
    gsize n_melody;
    GCancellable *cancellable; /* (nullable) */
    gulong cancel_handler;
    TuneTakePlan plan;
    gint32 *codes; /* [n_codebooks][n_frames] */

    guint n_owners;      /* [lock] the reader, each of the model's lists that it is in */
    TuneTakeState state; /* [lock] of its codes */
    gboolean abandoned;  /* [lock] its reader has freed it */
    gsize n_done;        /* [lock] frames whose codes are all there */
    gboolean sounds;     /* [lock] the next block is there, and the reader's until it is read */
    gboolean sounded;    /* [lock] it is the last, or there is none any more */
    GError *error;       /* [lock] of FAILED */

    TuneCondition *condition;   /* [thread] (nullable) */
    TuneSequence *sequences[2]; /* [thread] conditional, null */
    float *text;                /* [thread] (nullable) melody models: projected rows [n_text][d] */
    gsize n_text;
    float *prefix[2];  /* [thread] (nullable) [n_prefix][d] of the window */
    TuneWindow window; /* [thread] */
    float *logits[2];  /* [thread] [n_codebooks * vocab_size] */
    float *scratch;    /* [thread] likewise */

    TuneEncodecDecoding *decodings[2]; /* [thread] a channel each */
    gsize n_decoded;                   /* [thread] frames */
    float *sound;    /* [thread], while it sounds [reader]: the block, interleaved, */
    gsize n_sound;   /* likewise: in frames of sound */
    gsize sound_at;  /* [reader] frames of the block that were read */
    gboolean ended;  /* [reader] all was read */
};

/* What this machine needs, all threads together, in seconds; 0: not measured. */
typedef struct {
    double step;  /* for a weight, in a product with two rows, as a step has */
    double many;  /* for a weight and row, in a product with many, as what is only read has */
    double codec; /* likewise with the type of the codec and the text encoder */
    double byte;  /* to read one */
} TuneMusicgenSpeed;

struct TuneMusicgen {
    TuneCheckpoint *checkpoint;
    const TuneMusicgenConfig *config;
    TuneMusicgenOptions options; /* with defaults in place */
    GThread *thread;
    TuneCompute *compute; /* [thread] */
    TuneT5 *text;         /* [thread] (nullable) */
    gint32 *ids;          /* [thread] [TUNE_DECODER_MAX_ROWS][n_codebooks] */

    GMutex tokenizer_lock;
    TuneTokenizer *tokenizer; /* [tokenizer_lock] (nullable), then immutable */

    GMutex encoder_lock;
    TuneEncodec *encoder; /* [encoder_lock] (nullable) for audio prompts */

    GMutex lock;
    GCond changed;
    TuneDecoder *decoder;           /* [lock] (nullable); not dropped while a take may use it */
    TuneEncodec *codec;             /* [lock] (nullable) likewise */
    gboolean loaded, loading, quit; /* [lock] */
    guint load_wanted;              /* [lock] callers that wait for it */
    GError *load_error;             /* [lock] of the last try */
    GQueue waiting;                 /* [lock] of TuneTake, in order */
    GPtrArray *running;             /* [lock] of TuneTake; changed by the thread only */
    GQueue sounding; /* [lock] of TuneTake: all that are not sounded, the longest unserved first */
    guint64 weight_bytes;           /* [lock] of what is loaded, */
    guint64 encoder_bytes;          /* [lock] and of the encoder beside it */
    guint64 n_steps, n_takes;       /* [lock] */
    double seconds_per_step;        /* [lock] lately, 0: not known */
    double past_per_step;           /* [lock] bytes of keys and values that those steps read */
    TuneMusicgenSpeed speed;        /* [lock] of this machine */
};

/* load.c, on the model's thread */
gboolean tune_musicgen_load_weights(TuneMusicgen *self, GError **error);
TuneT5 *tune_musicgen_text(TuneMusicgen *self, GError **error); /* (transfer none) */
/* After a prompt: low memory drops the text encoder. */
void tune_musicgen_text_done(TuneMusicgen *self);
/* Any thread: ids of @prompt, gint32. (transfer full) */
GArray *tune_musicgen_tokenize(TuneMusicgen *self, const char *prompt, GError **error);
/* Of the text encoder and the codec. */
TuneWeightType tune_musicgen_side_type(const TuneMusicgen *self);
/* Any thread: codes [n_codebooks * *@n_frames] of an audio prompt. (transfer full) */
gint32 *tune_musicgen_encode(TuneMusicgen *self, const float *audio, gsize n, gsize *n_frames,
                             GCancellable *cancellable, GError **error);
/* With no lock held, by who took them out under it. */
typedef struct {
    TuneDecoder *decoder;
    TuneEncodec *codec, *encoder;
    TuneT5 *text;
} TuneMusicgenWeights;
void tune_musicgen_weights_clear(TuneMusicgenWeights *weights);

/* plan.c */
gboolean tune_take_plan(TuneMusicgen *self, const TuneTakeRequest *request, TuneTakePlan *out,
                        GError **error);
gsize tune_window_frames(const TuneMusicgen *self); /* 1,500 */
gsize tune_stride_frames(const TuneMusicgen *self); /* 900 */
/* First frame of the first window of a clip with @n_prompt given frames. */
gsize tune_first_window(const TuneMusicgen *self, gsize n_prompt);
/* Seconds that the take will need. */
double tune_take_seconds(TuneMusicgen *self, const TuneTakePlan *plan);
/* MEMORY, with figures, when @bytes do not fit into what is free and @released. */
gboolean tune_memory_suffices(guint64 bytes, guint64 released, const char *what, GError **error);

/* source.c, on the model's thread */
gboolean tune_take_read_text(TuneTake *take, GError **error);
void tune_take_make_prefix(TuneTake *take); /* of its window */

/* sound.c, on the model's thread.  Under the lock: whether it can be given a block. */
gboolean tune_take_sound_due(const TuneTake *take);
/* Without the lock: decode the next block; after the last nothing is kept for decoding. */
void tune_take_decode(TuneTake *take);
void tune_take_clear_decoding(TuneTake *take);

/* batch.c */
gpointer tune_musicgen_thread(gpointer model);

/* take.c, with the lock held: drop one owner; TRUE: that was the last, call tune_take_destroy()
 * without the lock. */
gboolean tune_take_drop(TuneTake *take);
void tune_take_destroy(TuneTake *take);
/* Likewise: its codes are all there or it failed, @error (transfer full) (nullable) says how. */
void tune_take_end(TuneTake *take, GError *error);
/* What only its thread needs, freed on the thread. */
void tune_take_clear_streams(TuneTake *take);
