/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of `tunesmith profile` share: one run against a server, and how it is told.
 *
 *   profile.c         the command
 *   profile-drive.c   asks the endpoints, several clients at once, while memory is sampled
 *   profile-find.c    what the figures say: bottlenecks, each with its evidence
 *   profile-report.c  text and page
 */
#pragma once
#include "base/json.h"
#include <gio/gio.h>

typedef struct {
    const char *name;   /* "GET /health" */
    const char *method;
    const char *path;
    const char *body;   /* JSON (nullable) */
    double goal_ms;     /* what p95 should be below; 0: none */
    gboolean writes;    /* left out by --read-only */
    gboolean sound;     /* the time is that until the first byte of sound of a new piece */
} ProfileProbe;

typedef struct {
    const ProfileProbe *probe;
    GArray *ms;          /* double, sorted once the run is over */
    guint errors;
    long last_status;
    double seconds;      /* wall clock of this probe */
    guint64 bytes;
} ProfileTimes;

typedef struct {
    double at_s;
    double rss_bytes;
    double queued;       /* jobs */
} ProfileSample;

typedef struct {
    char *url, *key;     /* @key (nullable) */
    guint n_requests, n_clients;
    gboolean read_only;
    GCancellable *cancellable;
    GPtrArray *times;    /* ProfileTimes* */
    GArray *samples;     /* ProfileSample */
    json_t *before, *after; /* /api/v1/performance/stats (nullable) */
    json_t *slow;        /* /api/v1/performance/slow-queries (nullable) */
    json_t *findings;    /* [{"what", "evidence", "advice"}] */
} Profile;

void profile_free(Profile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Profile, profile_free)

/* Fills times, samples, before, after, slow.  TUNE_CLI_ERROR_MISSING when nobody answers there. */
gboolean profile_drive(Profile *self, GError **error);
/* Milliseconds of the @share slowest: 0.5, 0.95, ... */
double profile_percentile(const ProfileTimes *times, double share);
double profile_mean(const ProfileTimes *times);
double profile_rate(const ProfileTimes *times); /* answers a second */
/* Reads what was measured into @findings. */
void profile_find(Profile *self);
/* (transfer full) */
char *profile_text(const Profile *self);
char *profile_page(const Profile *self);
json_t *profile_json(const Profile *self);
