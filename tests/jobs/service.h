/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tests of this room share: the rooms below, on SQLite or PostgreSQL, and orders.
 */
#pragma once
#include "database.h"
#include "jobs/jobs.h"

typedef struct {
    TestDatabase *database;
    char *folder;
    TuneStore *store;
    TuneCache *cache;
    TuneFiles *files;
    TuneEnginePool *pool;
    TuneJobs *jobs; /* (nullable): test_service_start() */
    TuneJobsConfig config;
} TestService;

/* FALSE: skipped. */
gboolean test_service_open(TestService *self, gboolean postgres);
void test_service_close(TestService *self);
/* After all tests. */
void test_service_end(void);
void test_service_start(TestService *self);
/* As a power cut would, as far as one process can: the jobs and the store are opened anew. */
void test_service_stop(TestService *self);

/* A statement past the jobs, while they are stopped. */
void test_service_sql(TestService *self, const char *sql);

/* A piece of @seconds at 22050 Hz; different seeds are different pieces. */
TuneOrder test_order(TestService *self, const char *sentence, double seconds, guint64 seed);
void test_order_clear(TuneOrder *order);
/* Submit; asserts success. */
TuneAccepted test_submit(TestService *self, const TuneOrder *order);
TuneAccepted test_submit_piece(TestService *self, double seconds, guint64 seed);
/* Waits until its status is @status, at most a minute. */
void test_wait_for(TestService *self, const char *id, const char *status);
/* All bytes of a sound, waiting for the end. (transfer full) */
GByteArray *test_listen(TuneSound *sound);
GByteArray *test_read_fd(int fd); /* closes it */
