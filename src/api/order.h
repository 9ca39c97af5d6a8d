/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the body of a request to what the jobs are given: fields into a complete brief, a seed, a format.
 * POST /api/v1/generate, its batch, /v1/audio/music and the tools of MCP share it.
 *
 *     g_autoptr(TuneOrdered) ordered = tune_order_new(api, body, caller, &error);
 *     tune_order_submit(api, ordered, &accepted, &error);
 */
#pragma once
#include "api/api.h"

extern const TuneShape tune_shape_generate; /* the body */

typedef struct {
    TuneOrder order; /* points into the rest and into the body */
    TuneBrief *brief;
    json_t *body;
    char *engine;
    json_t *take; /* (nullable) */
} TuneOrdered;

/* @body: checked by the shape above; a reference is taken.  Errors of the brief (a field that cannot be
 * read, things that exclude each other), of presets, or TUNE_API_ERROR. (transfer full) */
TuneOrdered *tune_order_new(TuneApi *api, json_t *body, const TuneCaller *caller, GError **error);
void tune_ordered_free(TuneOrdered *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneOrdered, tune_ordered_free)

/* Into the queue; the pages of what its owner ordered are made anew. */
gboolean tune_order_submit(TuneApi *api, TuneOrdered *self, TuneAccepted *out, GError **error);

/* {"task_id", "status", "queue_position", "eta_seconds", "estimate", "seed", "status_url", "stream_url",
 * "events_url", "download_url"}. (transfer full) */
json_t *tune_accepted_json(const TuneAccepted *accepted, guint64 seed);
json_t *tune_order_answer(const TuneOrdered *self, const TuneAccepted *accepted);
/* The shape of that answer. */
extern const TuneShape tune_shape_accepted;
