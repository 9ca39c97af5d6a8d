/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Durable work: requests become generations, generations with the same identity share one job, workers
 * of this or of other processes claim jobs, render, and file the results.
 *
 *     g_autoptr(TuneJobs) jobs = tune_jobs_new(&config, &error);
 *     tune_jobs_start(jobs, &error);
 *     tune_jobs_submit(jobs, &order, &accepted, &error);           // durable when it returns
 *     g_autoptr(TuneSound) sound = tune_jobs_sound(jobs, accepted.id, TUNE_AUDIO_MP3, &error);
 *
 * A claim is a lease of 10 s by the database's clock, renewed every 3 s by a thread that never renders; the
 * answer to a renewal carries "cancel".  The attempt number fences every write of a job and every name of
 * a temporary file.  Attempts are counted at claim, so that a job that kills its worker stops too: after
 * max_attempts it is dead and its generations are failed.  Retries wait 2^attempt seconds with jitter.
 * Order: priority, then turns between owners (fair share), then age.  Thread-safe.
 */
#pragma once
#include "audio/encode.h"
#include "cache/cache.h"
#include "engine/pool.h"
#include "files/files.h"
#include "store/store.h"

#define TUNE_JOBS_ERROR (tune_jobs_error_quark())
GQuark tune_jobs_error_quark(void);
typedef enum {
    TUNE_JOBS_ERROR_UNKNOWN,   /* no such generation, or not this owner's (404) */
    TUNE_JOBS_ERROR_BUSY,      /* the queue is full: try later (503, Retry-After) */
    TUNE_JOBS_ERROR_MEMORY,    /* needs more memory than there is for now (503, Retry-After) */
    TUNE_JOBS_ERROR_TOO_LARGE, /* needs more memory than renders may ever take here (422) */
    TUNE_JOBS_ERROR_ORDER,     /* an order that cannot be one: no such engine or kind, bad text (422) */
    TUNE_JOBS_ERROR_STATE,     /* not possible in this state: not finished, already cancelled (409) */
    TUNE_JOBS_ERROR_NO_SUCH_FILE, /* the result has none of that name or format (404) */
    TUNE_JOBS_ERROR_IDEMPOTENCY,  /* the key was used with another request (422) */
    TUNE_JOBS_ERROR_FAILED,    /* the generation failed: its error (409) */
} TuneJobsError;

typedef struct TuneJobs TuneJobs;
typedef struct TuneSound TuneSound;

typedef struct {
    TuneStore *store;       /* all (transfer none), outliving the jobs */
    TuneCache *cache;
    TuneFiles *files;
    TuneEnginePool *pool;
    guint n_workers;        /* 0: cores; a server that only accepts: G_MAXUINT means none */
    guint64 memory_bytes;   /* what all renders of this process may take together; 0: 3/4 of what is free */
    guint max_queued;       /* 100000 */
    guint max_attempts;     /* 5 */
    guint lease_s;          /* 10; renewed three times in it */
    guint64 result_age_s;   /* results that nobody used for so long are forgotten; 30 days */
    guint64 file_age_s;     /* stored files that no record needs and that are so old are removed; 3600 */
    const char *webhook_secret; /* signs what is sent to webhooks of those who have none of their own; copied */
    gboolean webhook_private;   /* they may go to addresses that are not public */
    const TuneLog *log;     /* (nullable) */
} TuneJobsConfig;

/* What somebody orders. */
typedef struct {
    const char *owner;           /* user id, or "" for anonymous */
    const char *kind;            /* "generate" */
    const char *engine;          /* "compose" */
    const TuneBrief *brief;      /* complete; copied */
    const json_t *take;          /* (nullable) for neural engines, members as they were given: {"guidance",
                                    "temperature", "top_k", "top_p", "greedy", "melody", "continue"}, the
                                    last two SHA-256 of recordings in the file store */
    guint64 seed;
    guint rate;                  /* 44100 */
    gboolean stems;
    TuneAudioFormat format;      /* made at once; others when they are asked for */
    const char *prompt;          /* as given, for listings */
    const json_t *request;       /* the body as given, for listings */
    gint priority;               /* -10 .. 10 */
    const char *idempotency_key; /* (nullable) */
    const char *webhook;         /* (nullable) URL, checked by the caller */
} TuneOrder;

typedef struct {
    char id[37];                 /* of the generation: task_id */
    const char *status;          /* "queued", "running", "completed" */
    guint queue_position;        /* 1 = next; 0 = not waiting */
    double eta_seconds;
    TuneEstimate estimate;
    gboolean replayed;           /* the idempotency key was known: this is the answer of then */
} TuneAccepted;

TuneJobs *tune_jobs_new(const TuneJobsConfig *config, GError **error);
gboolean tune_jobs_start(TuneJobs *self, GError **error); /* workers, heartbeat, rescue, clean-up */
/* No more claims, as the first step of an end that takes a while. */
void tune_jobs_close(TuneJobs *self);
/* No more claims; what runs is finished within @ms or handed back at once (attempt not counted). */
void tune_jobs_drain(TuneJobs *self, guint ms);
void tune_jobs_free(TuneJobs *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneJobs, tune_jobs_free)

/* Durable when it returns; many at the same moment share one commit. */
gboolean tune_jobs_submit(TuneJobs *self, const TuneOrder *order, TuneAccepted *out, GError **error);

/* A recording in the file store, to be made ready for the web (audio/optimize.h): a generation of the engine
 * "optimize" whose sound is an MP3. */
typedef struct {
    const char *owner;
    const char *sha256;          /* in the file store */
    const char *name;            /* for listings */
    double seconds;              /* of sound, for the estimate */
    double target_lufs;
    gboolean compress, vbr;      /* dynamics; else 192 kbit/s */
    const json_t *request;       /* for listings, and what the key stands for */
    const char *idempotency_key; /* (nullable) */
} TuneOptimizeOrder;
gboolean tune_jobs_optimize(TuneJobs *self, const TuneOptimizeOrder *order, TuneAccepted *out,
                            GError **error);

/* {"task_id", "status", "progress", "stage", "queue_position"?, "eta_seconds"?, "attempts", "error"?,
 * "report"?, "files": {name: {"mime", "bytes"}}?, "recipe_sha256"?, "seed", "engine", "prompt",
 * "created_at", "started_at"?, "finished_at"?}.  @owner NULL: anybody's. (transfer full) */
json_t *tune_jobs_status(TuneJobs *self, const char *id, const char *owner, GError **error);
/* Takes effect within 100 ms here, within a renewal elsewhere; a job shared with others goes on. */
gboolean tune_jobs_cancel(TuneJobs *self, const char *id, const char *owner, GError **error);

/* Called with the status whenever it changes (progress at most ten times a second), on some thread; must
 * be quick.  Works for jobs that run in other processes too (by the store's messages). */
typedef void (*TuneJobsChanged)(const char *id, const json_t *status, gpointer user_data);
guint tune_jobs_watch(TuneJobs *self, const char *id, TuneJobsChanged changed, gpointer user_data);
void tune_jobs_unwatch(TuneJobs *self, guint id);

/* The sound of a generation, finished or growing: the same PCM in every format.  Waits for nothing: a
 * queued generation gives a sound that has no bytes yet. (transfer full) */
TuneSound *tune_jobs_sound(TuneJobs *self, const char *id, const char *owner, TuneAudioFormat format,
                           GError **error);
/* Finished: a descriptor of the whole (the caller's), its size and hash; else -1. */
int tune_sound_fd(TuneSound *self, guint64 *bytes, const char **sha256);
/* Bytes at @offset, finished or not, as tune_growing_pread(); failed: -1. */
gssize tune_sound_pread(TuneSound *self, void *buffer, gsize size, guint64 offset);
TuneGrowingState tune_sound_state(TuneSound *self, guint64 *bytes);
guint tune_sound_watch(TuneSound *self, void (*changed)(gpointer user_data), gpointer user_data);
void tune_sound_unwatch(TuneSound *self, guint id);
/* The piece is done: what is not there yet comes at the speed of an encoder, not of a render. */
gboolean tune_sound_is_made(const TuneSound *self);
/* Blocks until @bytes of it are there, it has ended, or @ms are over: see its state. */
void tune_sound_wait(TuneSound *self, guint64 bytes, guint ms);
void tune_sound_free(TuneSound *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneSound, tune_sound_free)

/* A file of a finished result: "score.json", "score.mid", "score.musicxml", "score.abc", "recipe.json",
 * "report", "waveform", "stems/NAME", "audio/FORMAT" as far as made (see the status' "files").  A descriptor, the caller's; -1 with @error. */
int tune_jobs_file(TuneJobs *self, const char *id, const char *owner, const char *name, guint64 *bytes,
                   const char **mime, char sha256[65], GError **error);

typedef struct {
    guint queued, running, workers, dead;
    guint64 accepted, completed, failed, cancelled, shared, rescued;
    guint64 memory_in_use, memory_limit;
    gboolean breaker_open; /* high-memory work is refused for now */
    double oldest_queued_s;
} TuneJobsStats;
gboolean tune_jobs_stats(TuneJobs *self, TuneJobsStats *out, GError **error);
