/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often and how fast each route answered.  Counting takes no lock: threads count in shards of their
 * own, readers add the shards up.
 *
 *     tune_metrics_count(metrics, match.index, 200, n_bytes, duration_us);
 *     g_autofree char *text = tune_metrics_text(metrics, router);
 */
#pragma once
#include "base/json.h"

struct TuneRouter;
typedef struct TuneMetrics TuneMetrics;

/* Index n_routes stands for requests that found no route. (transfer full) */
TuneMetrics *tune_metrics_new(guint n_routes);
void tune_metrics_free(TuneMetrics *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneMetrics, tune_metrics_free)

/* Any thread. @status 0: the client left before there was an answer. */
void tune_metrics_count(TuneMetrics *self, guint route, guint status, guint64 bytes,
                        gint64 duration_us);
/* An answer came from the response cache. */
void tune_metrics_count_cached(TuneMetrics *self, guint route);

/* Requests and their durations by route, in Prometheus' text format. */
void tune_metrics_text(const TuneMetrics *self, const struct TuneRouter *router, GString *out);
/* [{"route", "method", "requests", "errors", "cached", "p50_ms", "p95_ms", "p99_ms"}] of routes that were
 * used, in the table's order. (transfer full) */
json_t *tune_metrics_json(const TuneMetrics *self, const struct TuneRouter *router);
/* Over all routes. */
guint64 tune_metrics_requests(const TuneMetrics *self);
