/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Steps that the queue's files share.  All inside a transaction that holds the job's row.
 */
#pragma once
#include "store/store.h"

/* The database's clock in microseconds, within a statement. */
#define TUNE_NOW_SQLITE   "CAST((julianday('now') - 2440587.5) * 86400000000.0 AS INTEGER)"
#define TUNE_NOW_POSTGRES "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

/* Sent first in a transaction of PostgreSQL, its commit does not wait for the disk, which on a busy
 * one takes longer than all else, with the job's row held.  For cancels and leases: a power cut
 * within the second may take one back; the piece is then made, or made by another. */
extern const TuneStatement tune_queue_soon;

/* The open generations of the job get @status, and everybody is told. */
gboolean tune_queue_end_generations(TuneTx *tx, const char *job_id, const char *status,
                                    const char *reason, guint attempts, gint64 started_us,
                                    GError **error);
/* Copy the job to the dead. */
gboolean tune_queue_bury(TuneTx *tx, const char *job_id, const char *reason, GError **error);
gboolean tune_queue_run_again(TuneTx *tx, const char *job_id, gint64 run_at_us, const char *reason,
                              GError **error);
gboolean tune_queue_delete(TuneTx *tx, const char *job_id, GError **error);
/* Delete it, or queue it again when a generation wants it. */
gboolean tune_queue_delete_unwanted(TuneTx *tx, const char *job_id, GError **error);
