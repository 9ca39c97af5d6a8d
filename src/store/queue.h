/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue's records: what jobs/ does in the database, and nothing of how a job is done.
 *
 *   generations  what somebody asked for; "queued" until it is "completed", "failed" or "cancelled"
 *   jobs         one row for all open generations of the same identity; gone when they are done
 *   results      what an identity gave, with its files
 *   dead_jobs    what used up its attempts
 *
 * Every write of a running job names the job, its attempt and its worker, and changes nothing when another
 * attempt has begun: *held is FALSE then.  Times are the database's.  Messages go out on channel "jobs"
 * with the commit: "new", "cancel JOB", "end JOB", "progress JOB FRACTION SECONDS STAGE".  Thread-safe.
 *
 * Fair share: within a priority, jobs run by turn.  A job's turn is its owner's last turn plus what the
 * job costs, or the turn of the queue's head if that is more: who has been waiting runs, who has had much
 * waits (start-time fair queueing, Goyal, Vin and Cheng, 1996).
 */
#pragma once
#include "store/store.h"

#define TUNE_QUEUE_CHANNEL "jobs"

/* ---- in ---- */
typedef struct {
    const char *owner;   /* user id or "" */
    const char *kind;    /* of generation and job: "generate" */
    const char *identity;
    const char *engine, *prompt, *request, *format;
    const char *payload; /* for the worker: JSON */
    const char *webhook; /* (nullable) */
    guint64 seed;
    gint priority;
    guint64 memory_bytes;
    double seconds;      /* estimate: the job's cost */
    guint max_attempts;
    const char *idempotency_key; /* (nullable) */
    const char *request_hash;    /* of what the key stands for */
} TuneEnqueue;

typedef enum { TUNE_ENQUEUED_NEW, TUNE_ENQUEUED_SHARED, TUNE_ENQUEUED_COMPLETED } TuneEnqueuedHow;

typedef struct {
    char id[37];          /* of the generation */
    char job_id[37];      /* "" when completed at once */
    TuneEnqueuedHow how;
    gboolean running;     /* shared with a job that runs already */
    gboolean replayed;    /* the key was known: id is the generation of then, all else is not set */
    gboolean key_misused; /* the key was known with another request: nothing was done */
    gint priority;
    gint64 turn;
} TuneEnqueued;

/* All of them in one transaction, durable when it returns.  A key may occur once in @items. */
gboolean tune_queue_enqueue(TuneStore *store, const TuneEnqueue *const *items, TuneEnqueued *out,
                            guint n, GError **error);

/* ---- claim, renew, end ---- */
typedef struct {
    char *id, *kind, *identity, *payload, *owner;
    guint attempt;       /* counted already: 1 for the first */
    guint attempts_left; /* after this one */
    guint64 memory_bytes;
    double seconds;
} TuneClaim;
void tune_claim_free(TuneClaim *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneClaim, tune_claim_free)

/* At most @limit jobs that need at most @memory_bytes each, in order; (transfer full)
 * (element-type TuneClaim). */
GPtrArray *tune_queue_claim(TuneStore *store, const char *worker, guint limit, guint64 memory_bytes,
                            guint lease_s, GError **error);
/* What the first job in the queue needs; 0 when there is none. */
gboolean tune_queue_head_memory(TuneStore *store, guint64 *memory_bytes, GError **error);

typedef struct {
    const char *id;
    guint attempt;
    double progress;
    const char *stage;
    /* out */
    gboolean held, cancelled;
} TuneRenewal;
/* Renew the leases of a worker's jobs and note their progress, in one statement; what is not held any
 * more and what is to be cancelled is said in @renewals. */
gboolean tune_queue_renew(TuneStore *store, const char *worker, TuneRenewal *renewals, guint n,
                          guint lease_s, GError **error);
/* Tell watchers elsewhere; nothing is written. */
gboolean tune_queue_tell_progress(TuneStore *store, const TuneRenewal *renewals,
                                  const double *audio_seconds, guint n, GError **error);

typedef struct {
    const char *name; /* "audio/mp3", "score.json", "stems/01-bass.wav" */
    const char *sha256;
    const char *mime;
    guint64 bytes;
} TuneResultFile;

typedef struct {
    const char *identity, *recipe_sha256, *report; /* report: JSON */
    double seconds;                                /* of sound */
    const TuneResultFile *files;
    guint n_files;
} TuneResult;

/* The job is done: its generations are completed, its result recorded, its row deleted. */
gboolean tune_queue_complete(TuneStore *store, const char *worker, const TuneClaim *claim,
                             const TuneResult *result, gboolean *held, GError **error);
/* @again: try again after @delay_s unless the attempts are used up, when it is dead; otherwise its
 * generations fail at once with @reason. */
gboolean tune_queue_fail(TuneStore *store, const char *worker, const TuneClaim *claim,
                         const char *reason, gboolean again, double delay_s, gboolean *held,
                         GError **error);
/* Back into the queue as if it had not been claimed (a drain), the attempt excused. */
gboolean tune_queue_hand_back(TuneStore *store, const char *worker, const TuneClaim *claim,
                              gboolean *held, GError **error);
/* It stopped because nobody wants it; somebody who came meanwhile gets it queued again. */
gboolean tune_queue_drop(TuneStore *store, const char *worker, const TuneClaim *claim,
                         gboolean *held, GError **error);

/* ---- rescue ---- */
typedef struct {
    char id[37], worker[64];
    guint attempt;
    gint64 lease_until_us;
    gboolean expired; /* by the database's clock */
} TuneLease;
/* All running jobs. (transfer full) (element-type TuneLease) */
GArray *tune_queue_leases(TuneStore *store, GError **error);
/* Queue them again, if their leases are still as listed; those without attempts left are dead, those
 * that were to be cancelled are cancelled.  @n_rescued: how many were queued again. */
gboolean tune_queue_rescue(TuneStore *store, const TuneLease *leases, guint n, guint *n_rescued,
                           GError **error);

/* ---- for people ---- */
/* @owner NULL: anybody's.  *job_id ("" when it had none); *stop: the job was running and nobody wants it
 * any more.  FALSE without error set when there is no such generation; *status otherwise says what it was
 * before ("queued": it was cancelled by this call). */
typedef struct {
    gboolean found;
    char status[16];
    char job_id[37];
    gboolean stop;
} TuneCancelled;
gboolean tune_queue_cancel(TuneStore *store, const char *id, const char *owner, TuneCancelled *out,
                           GError **error);

/* The queue as it is: at most @limit of its first jobs, and counts of all. */
typedef struct {
    char id[37]; /* of the job */
    gint priority;
    gint64 turn;
    double seconds;
} TuneWaiting;
typedef struct {
    GArray *first; /* TuneWaiting, in order */
    guint queued, running, dead;
    gint64 last_turn; /* the highest */
    double queued_seconds, running_seconds; /* sums of estimates; of what is left */
    double oldest_s;
} TuneQueueView;
gboolean tune_queue_view(TuneStore *store, guint limit, TuneQueueView *out, GError **error);
void tune_queue_view_clear(TuneQueueView *self);

/* Is there a job of this identity? */
gboolean tune_queue_is_active(TuneStore *store, const char *identity, gboolean *active,
                              GError **error);

/* Idempotency keys older than this are forgotten; at most a thousand a call. */
gboolean tune_queue_forget_keys(TuneStore *store, guint age_s, GError **error);
