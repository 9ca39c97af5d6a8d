/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files of this room share.
 *
 *   jobs.c       the room as a whole: start, drain, messages from other processes
 *   submit.c     an order becomes a generation: identity, estimate, admission, shared commits
 *   line.c       positions and times in the queue
 *   admission.c  how much memory renders may take; the breaker
 *   foreman.c    claims jobs for free workers, rescues those whose workers died
 *   worker.c     one claimed job from claim to end
 *   courier.c    the same of a webhook
 *   optimize.c   the work on an upload
 *   render.c     what a worker does to make a generation's files
 *   result.c     the files beside the sound
 *   heartbeat.c  renews leases, on a thread that never renders
 *   live.c       sound while it is made: one PCM spool, a rendition for each format
 *   sound.c      a sound as its listeners have it
 *   watch.c      progress for those who watch
 *   status.c     a generation as JSON, its files, cancel, counts
 *   keeper.c     forgets what nobody needs
 *
 * Locks, in this order: TuneJobs.lock, TuneLive.lock, TuneAdmission.lock.  None is held while the database or
 * a watcher is called.
 */
#pragma once
#include "jobs/jobs.h"
#include "store/queue.h"

#define TUNE_HEAD_ROOM 1000 /* jobs of the queue whose place is known exactly */

/* ---- memory ---- */

typedef struct {
    GMutex lock;
    guint64 limit, in_use;   /* lock */
    gint64 open_until_us;    /* the breaker is open until then (monotonic); lock */
} TuneAdmission;

void tune_admission_init(TuneAdmission *self, guint64 limit);
void tune_admission_clear(TuneAdmission *self);
/* May such an order be accepted?  TUNE_JOBS_ERROR_TOO_LARGE: never; _MEMORY: not for now. */
gboolean tune_admission_check(TuneAdmission *self, guint64 bytes, GError **error);
guint64 tune_admission_free(TuneAdmission *self);
void tune_admission_take(TuneAdmission *self, guint64 bytes);
void tune_admission_give(TuneAdmission *self, guint64 bytes);
/* A render found no memory, or the system is short of it. */
void tune_admission_trip(TuneAdmission *self);
gboolean tune_admission_is_open(TuneAdmission *self);

/* ---- a claimed job ---- */

typedef enum {
    TUNE_STOP_NONE,
    TUNE_STOP_CANCELLED, /* nobody wants it */
    TUNE_STOP_LOST,      /* another attempt has begun */
    TUNE_STOP_DRAIN,     /* back into the queue */
} TuneStop;

typedef struct TuneLive TuneLive;

typedef struct {
    TuneClaim *claim;
    GCancellable *cancellable;
    /* TuneJobs.lock: */
    TuneStop stop;
    double progress, audio_seconds;
    char stage[16];
    gboolean told; /* to other processes, since it last changed */
} TuneTask;

/* ---- the room ---- */

typedef struct TuneIntake TuneIntake;
typedef struct TuneLine TuneLine;
typedef struct TuneHerald TuneHerald;

struct TuneJobs {
    TuneJobsConfig config;
    char worker[64]; /* of this process, in leases */
    guint n_workers;
    gboolean accepts_only;
    TuneAdmission admission;
    TuneIntake *intake;
    TuneLine *line;
    TuneHerald *herald;
    GHashTable *estimates; /* char* to TuneEstimate*; lock */
    GHashTable *data;      /* engine -> identity of its data; lock */

    GMutex lock;
    GCond changed;         /* running, free workers, stop */
    GHashTable *running;   /* job id to TuneTask*, owned by its worker; lock */
    GHashTable *lives;     /* identity to TuneLive*, not owned; lock */
    guint n_encoding;      /* renditions at work; lock */
    guint n_couriers;      /* of those that run: webhooks; lock */
    gboolean wake;         /* there may be something to claim; lock */
    gboolean draining, stopping; /* lock */
    TuneJobsStats counts;  /* lock */

    gboolean started;
    GThread *foreman, *heartbeat, *keeper;
    GThreadPool *workers;  /* TuneTask* */
    GThreadPool *couriers; /* TuneTask* */
    GThreadPool *encoders; /* renditions */
    guint listener;
};

/* Ask the foreman to look. */
void tune_jobs_wake(TuneJobs *self);
/* The job runs here: stop it. */
void tune_jobs_stop_task(TuneJobs *self, const char *job_id, TuneStop why);
/* Sleeps until @until_us (monotonic) or until somebody wakes; called locked. */
gboolean tune_jobs_wait_until(TuneJobs *self, gint64 until_us);

gpointer tune_foreman_run(gpointer jobs);
gpointer tune_heartbeat_run(gpointer jobs);
gpointer tune_keeper_run(gpointer jobs);
void tune_worker_run(gpointer task, gpointer jobs);
/* The task's claim has ended: its place is free, it is freed. */
void tune_task_dismiss(TuneJobs *jobs, TuneTask *task);
/* A webhook, that is. */
gboolean tune_courier_takes(const TuneClaim *claim);
void tune_courier_run(gpointer task, gpointer jobs);
/* What the keeper does every ten minutes. */
void tune_keeper_clean(TuneJobs *self);
/* Rescue all leases at once: no other process works on this database. */
gboolean tune_foreman_rescue_all(TuneJobs *self, GError **error);

/* ---- submit ---- */

TuneIntake *tune_intake_new(TuneStore *store);
void tune_intake_free(TuneIntake *self);
/* Durable when it returns; shares its commit with others that wait. */
gboolean tune_intake_put(TuneIntake *self, const TuneEnqueue *item, TuneEnqueued *out, GError **error);

/* An order that is ready for the database; @out has its estimate. */
gboolean tune_jobs_put(TuneJobs *self, const TuneEnqueue *item, TuneAccepted *out, GError **error);

TuneLine *tune_line_new(TuneStore *store);
void tune_line_free(TuneLine *self);
/* Where a job stands: position (1 = next; 0: not in the queue) and seconds until it is done with
 * @n_workers.  At most a quarter of a second old while the queue is long. */
gboolean tune_line_find(TuneLine *self, const char *job_id, gint priority, gint64 turn,
                        guint n_workers, guint *position, double *eta_s, GError **error);
/* Something was queued or claimed here. */
void tune_line_touch(TuneLine *self);
/* The counts, without the head. */
gboolean tune_line_view(TuneLine *self, TuneQueueView *out, GError **error);
/* How many wait; the same age. */
gboolean tune_line_length(TuneLine *self, guint *n_queued, GError **error);

/* ---- rendering ---- */

/* Makes all files of @task and records them.  FALSE with @error. */
typedef struct {
    json_t *report;         /* (transfer full) */
    char recipe_sha256[65];
    double seconds;
    GArray *files;          /* TuneMade */
} TuneMadeResult;
typedef struct {
    char *name;
    const char *mime;
    TuneStored stored;
} TuneMade;
void tune_made_result_clear(TuneMadeResult *self);
void tune_made_add(TuneMadeResult *self, const char *name, const char *mime, const TuneStored *stored);
gboolean tune_render_job(TuneJobs *self, TuneTask *task, TuneLive *live, TuneMadeResult *out,
                         GError **error);

/* The same of a job of the kind "optimize". */
gboolean tune_optimize_takes(const TuneClaim *claim);
gboolean tune_optimize_job(TuneJobs *self, TuneTask *task, TuneMadeResult *out, GError **error);

/* ---- beside the sound ---- */

typedef struct TuneStemFiles TuneStemFiles;
TuneStemFiles *tune_stem_files_new(TuneFiles *files, const char *label, guint rate);
void tune_stem_files_free(TuneStemFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneStemFiles, tune_stem_files_free)
void tune_stem_files_set_length(TuneStemFiles *self, gint64 n_frames);
gboolean tune_stem_files_sink(guint track, const float *frames, gsize n, gpointer stem_files,
                              GError **error); /* a TuneStemSink */
gboolean tune_stem_files_finish(TuneStemFiles *self, const TuneScore *score, TuneMadeResult *out,
                                GError **error);

/* Lowest and highest sample of each stretch, for a player's picture. */
typedef struct TuneWaveform TuneWaveform;
TuneWaveform *tune_waveform_new(guint rate, gint64 n_frames);
void tune_waveform_free(TuneWaveform *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneWaveform, tune_waveform_free)
void tune_waveform_add(TuneWaveform *self, const float *frames, gsize n);
/* {"version": 1, "sample_rate", "samples_per_peak", "length", "peaks": [low, high, ...]} in 1/127. */
json_t *tune_waveform_json(TuneWaveform *self); /* (transfer full) */
gint64 tune_waveform_frames(const TuneWaveform *self); /* heard so far */

/* Score in all formats, report, recipe, waveform. */
gboolean tune_result_files(TuneJobs *self, const char *label, TuneRender *render,
                           TuneWaveform *waveform, TuneMadeResult *out, GError **error);

/* ---- live ---- */

/* The sound of an identity in this process, counted; made by the first who wants it. */
TuneLive *tune_live_take(TuneJobs *jobs, const char *identity);
TuneLive *tune_live_ref(TuneLive *self);
void tune_live_unref(TuneLive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneLive, tune_live_unref)
const char *tune_live_identity(const TuneLive *self);

/* A rendition's file, growing from now on or already; the same for all who ask. (transfer full) */
TuneGrowing *tune_live_rendition(TuneLive *self, TuneAudioFormat format, GError **error);
/* What it was committed as; FALSE: not done. */
gboolean tune_live_stored(TuneLive *self, TuneAudioFormat format, TuneStored *out);
/* Blocks for the moment between the end of its file and its being known as stored. */
void tune_live_await_stored(TuneLive *self, TuneAudioFormat format);

/* The worker's side.  A new attempt begins where the renditions were left: the same PCM again. */
gboolean tune_live_begin(TuneLive *self, const char *label, guint rate, gint64 n_frames,
                         const TuneTags *tags, GError **error);
gboolean tune_live_write(TuneLive *self, const float *frames, gsize n, GError **error);
/* All is written: waits until @formats (ended by TUNE_N_AUDIO_FORMATS) are encoded. */
gboolean tune_live_finish(TuneLive *self, const TuneAudioFormat *formats, GCancellable *cancellable,
                          GError **error);
/* Renditions there are, as "audio/NAME". */
void tune_live_collect(TuneLive *self, TuneMadeResult *out);
/* The result is recorded: what is encoded later adds itself. */
void tune_live_recorded(TuneLive *self);
/* This attempt stopped; another may come. */
void tune_live_abandon(TuneLive *self);
/* No sound will come. */
void tune_live_fail(TuneLive *self);
/* It was finished elsewhere, or before: go on from the stored master. */
void tune_live_set_master(TuneLive *self, const char *sha256);
/* Is a worker of this process at it, or a master known, or has it failed? */
gboolean tune_live_is_fed(TuneLive *self);

/* PCM is kept in 24 bits, so that the FLAC master holds the very samples that all formats are made from. */
#define TUNE_MASTER_FORMAT TUNE_AUDIO_FLAC24
#define TUNE_SPOOL_FRAME   6u

/* "audio/mp3" */
void tune_audio_file_name(TuneAudioFormat format, char out[32]);

/* ---- watching ---- */

TuneHerald *tune_herald_new(TuneJobs *jobs);
void tune_herald_start(TuneHerald *self);
void tune_herald_stop(TuneHerald *self);
void tune_herald_free(TuneHerald *self);
/* A job's progress, or with @ended its end or another state; unknown (NULL): any of them. */
void tune_herald_progress(TuneHerald *self, const char *job_id, double fraction, double seconds,
                          const char *stage);
void tune_herald_changed(TuneHerald *self, const char *job_id);

/* A generation's row with what is known here of its running job; (nullable). */
json_t *tune_status_row(TuneJobs *self, const char *id, const char *owner, GError **error);
/* As tune_jobs_status(), from such a row. (transfer full) */
json_t *tune_status_of(TuneJobs *self, json_t *row, GError **error);
