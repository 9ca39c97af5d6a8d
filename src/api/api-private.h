/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Inside the service: what a request is on its way through the stages.
 *
 * A stage is one concern (who calls, how often, what the cache has, what the body says).  stages.c has the
 * one list of them.  Each is entered in order, on the loop thread while it can be decided from the head
 * without waiting, then with the whole body on the thread that the route wants; an answer ends the way
 * there, and what was entered is left in reverse order, which is where answers are dressed (ETag,
 * compression, fields of the head).
 */
#pragma once
#include "api/access.h"
#include "api/api.h"
#include "api/auth.h"
#include "api/metrics.h"
#include "api/route.h"
#include "api/settings.h"

typedef enum {
    TUNE_STAGE_ON,       /* the next stage, please */
    TUNE_STAGE_ANSWERED, /* there is an answer */
    TUNE_STAGE_LATER,    /* cannot be decided without waiting: again on a worker */
} TuneStageResult;

typedef struct TuneCallState TuneCallState;

typedef struct {
    const char *name;
    gboolean needs_body;                             /* not before the body is read */
    TuneStageResult (*enter)(TuneCallState *state);  /* (nullable) */
    void (*leave)(TuneCallState *state);             /* (nullable); only if entered */
} TuneStage;

extern const TuneStage tune_stages[];
extern const guint tune_n_stages;

struct TuneCallState {
    TuneCall call;            /* first: a call is its state */
    const TuneSettings *settings; /* of this request, whatever SIGHUP brings */
    TuneRouteMatch match;
    char *path;               /* copy of the path, cut into the names' values */
    guint stage;              /* the next to enter */
    gboolean may_block;       /* on a worker */
    gboolean authenticated;
    gboolean limited;         /* the rate limit was asked */

    GPtrArray *fields;        /* char*: ?fields=, ended by NULL (nullable) */
    json_t *given;            /* the body as parsed */
    char *cache_key;          /* of a cached answer (nullable) */
    GBytes *kept;             /* the cache's value that the answer is from (nullable) */
    char *idempotency_hash;   /* of the request, when its answer is to be kept (nullable) */

    gboolean answered;
    guint status;
    const char *content_type; /* interned or static */
    GBytes *body;             /* of the answer, uncompressed (nullable) */
    GBytes *packed[2];        /* gzip, zstd, when they are there already (nullable) */
    char etag[48];            /* without quotes; "" for none */
};

static inline TuneCallState *tune_call_state(TuneCall *call)
{
    return (TuneCallState *)call;
}

/* Run the handler: the last stage, also called by the response cache. */
void tune_call_handle(TuneCallState *state);
/* Take back an answer (what was only the cache's). */
void tune_call_clear_answer(TuneCallState *state);

/* The names in ?fields=, ended by NULL; NULL: all. */
const char *const *tune_call_fields(TuneCall *call);
/* An answer of JSON that is made already, ?fields= and all. */
void tune_call_json_bytes(TuneCall *call, guint status, GBytes *body);
/* 422 (or another status) with the list of faults; @errors borrowed. */
void tune_call_faults(TuneCall *call, guint status, json_t *errors);
/* One event of @what by the caller (user, else address): ANSWERED with 429 when there were too many. */
TuneStageResult tune_call_take(TuneCall *call, const char *what, const TuneRate *rate);

/* What TUNE_ROUTE_LIST and TUNE_ROUTE_FIELDS add to a query. */
extern const TuneShape tune_page_shape, tune_filter_shape;

/* The stages (stage-*.c). */
TuneStageResult tune_stage_client(TuneCallState *state);
TuneStageResult tune_stage_route(TuneCallState *state);
TuneStageResult tune_stage_auth(TuneCallState *state);
void tune_stage_auth_leave(TuneCallState *state);
TuneStageResult tune_stage_limit(TuneCallState *state);
TuneStageResult tune_stage_cached(TuneCallState *state);
TuneStageResult tune_stage_cached_body(TuneCallState *state);
TuneStageResult tune_stage_input(TuneCallState *state);
void tune_stage_wrote_leave(TuneCallState *state);
TuneStageResult tune_stage_idempotency(TuneCallState *state);
void tune_stage_idempotency_leave(TuneCallState *state);
TuneStageResult tune_stage_handler(TuneCallState *state);
void tune_stage_dress(TuneCallState *state); /* ETag, 304, compression, body into the response */
void tune_stage_head(TuneCallState *state);  /* X-Request-ID, security fields */

/* ---- encodings (compress.c) ---- */
typedef enum { TUNE_CODING_GZIP, TUNE_CODING_ZSTD, TUNE_CODING_NONE } TuneCoding;
/* What an Accept-Encoding field prefers of those (RFC 9110 section 12.5.3). */
TuneCoding tune_coding_choose(const char *accept);
const char *tune_coding_name(TuneCoding coding);
/* NULL when it did not become smaller. (transfer full) */
GBytes *tune_coding_pack(TuneCoding coding, GBytes *body);
/* Is text of that media type worth it? */
gboolean tune_coding_suits(const char *content_type);

/* ---- answers kept (cached-answer.c) ---- */
/* The answer of @state with its compressed forms as one value of the cache, and back. */
GBytes *tune_cached_answer_pack(const TuneCallState *state); /* (transfer full) */
gboolean tune_cached_answer_unpack(TuneCallState *state, GBytes *value);

/* Strong validator of @body: 32 letters and a NUL. */
void tune_etag_of(GBytes *body, char out[48]);
/* Does an If-None-Match field (nullable) name @etag, which is without quotes? */
gboolean tune_etag_is_named(const char *field, const char *etag);
