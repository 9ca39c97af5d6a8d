/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /api/v1/uploads: sound and scores that somebody brings.
 *
 * The body goes to an unlinked temporary file, what is wanted of it to a temporary file of the store; only
 * what turned out to be what it says gets a name there and a record.  Bytes of records that are deleted go
 * when the store is swept: the same bytes may belong to somebody else's upload that is just being made.
 */
#include "api/uploads.h"
#include "api/auth.h"
#include "api/order.h"
#include "api/settings.h"
#include "api/upload-form.h"
#include "audio/aside.h"
#include "audio/sniff.h"
#include "store/uploads.h"

#include <string.h>
#include <unistd.h>

#define BLOCK      65536u

/* ---- what came ---- */

typedef struct {
    TuneUploadPart part;
    TuneSniffed kind;
    double seconds;
    json_t *details;
} Received;

/* The part into the store's temporary file. */
static gboolean copy_part(TuneFileWriter *writer, int fd, const TuneUploadPart *part, GError **error)
{
    g_autofree guint8 *block = g_malloc(BLOCK);
    guint64 done = 0;

    while (done < part->length) {
        gssize n = pread(fd, block, (gsize)MIN((guint64)BLOCK, part->length - done),
                         (off_t)(part->offset + done));
        if (n <= 0) {
            g_set_error_literal(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_IO,
                                "the body cannot be read again");
            return FALSE;
        }
        if (!tune_file_writer_append(writer, block, (gsize)n, error))
            return FALSE;
        done += (guint64)n;
    }
    return TRUE;
}

static gboolean sniff(int fd, Received *out, GError **error)
{
    g_autofree guint8 *head = g_malloc(TUNE_SNIFF_BYTES);
    gssize n = pread(fd, head, (gsize)MIN((guint64)TUNE_SNIFF_BYTES, out->part.length),
                     (off_t)out->part.offset);

    return tune_sniff(head, (gsize)MAX(n, 0), &out->kind, error);
}

static gboolean check_sound(const char *path, Received *out, GError **error)
{
    TuneAsideLimits limits = TUNE_ASIDE_LIMITS_DEFAULT;
    TuneAsideSummary summary;

    if (!tune_aside_check(path, &limits, NULL, &summary, error))
        return FALSE;
    if (summary.n_frames == 0) {
        g_set_error_literal(error, TUNE_API_ERROR, 422, "there is no sound in this file");
        return FALSE;
    }
    out->seconds = summary.seconds;
    out->details = json_pack("{s:s, s:i, s:i, s:o}", "format", tune_sniffed_name(out->kind), "rate",
                             (int)summary.rate, "channels", (int)summary.n_channels, "peak",
                             tune_json_real(summary.peak, 4));
    return TRUE;
}

static gboolean check_score(const char *path, Received *out, GError **error)
{
    g_autoptr(TuneScore) score =
        tune_upload_read_score(path, *out->part.name != '\0' ? out->part.name : "the upload", error);

    if (score == NULL)
        return FALSE;
    out->seconds = tune_score_seconds(score, score->ticks);
    out->details = json_pack("{s:s, s:s, s:i, s:I}", "format", tune_sniffed_name(out->kind), "title",
                             score->title != NULL ? score->title : "", "parts",
                             (int)score->tracks->len, "notes",
                             (json_int_t)tune_score_n_notes(score));
    return TRUE;
}

/* A record of what is whole and in place.  NULL with @error. */
static json_t *keep(TuneCall *call, int fd, Received *received, GError **error)
{
    g_autoptr(TuneFileWriter) writer = tune_files_write(call->api->files, "upload", error);
    TuneStored stored;

    if (writer == NULL || !copy_part(writer, fd, &received->part, error))
        return NULL;
    gboolean sound = tune_sniffed_is_sound(received->kind);
    const char *path = tune_file_writer_path(writer);
    if (!(sound ? check_sound(path, received, error) : check_score(path, received, error)) ||
        !tune_file_writer_commit(writer, &stored, error))
        return NULL;
    TuneUploadDraft draft = {
        .user_id = call->caller.user_id,
        .kind = sound ? "audio" : tune_sniffed_name(received->kind),
        .name = received->part.name,
        .mime = tune_sniffed_mime(received->kind),
        .sha256 = stored.sha256,
        .bytes = stored.bytes,
        .seconds = received->seconds,
        .details = received->details,
    };
    return tune_upload_create(call->api->store, &draft, error);
}

/* Is there room for @part among what this user has?  FALSE: answered.  Uploads that come at the same moment
 * may together pass the limit once, by what was under way. */
static gboolean has_room(TuneCall *call, const TuneUploadPart *part)
{
    const TuneSettings *settings = tune_api_settings(call->api);
    gint64 limit = call->caller.tier == TUNE_TIER_FREE  ? settings->uploads_free
                   : call->caller.tier == TUNE_TIER_PRO ? settings->uploads_pro
                                                        : 0;
    g_autoptr(GError) error = NULL;

    if (limit == 0 || *call->caller.user_id == '\0')
        return TRUE;
    gint64 used = tune_upload_bytes(call->api->store, call->caller.user_id, &error);
    if (used < 0)
        tune_call_fail(call, error);
    else if ((guint64)used + part->length <= (guint64)limit << 20)
        return TRUE;
    else
        tune_call_error(call, 413,
                        "your uploads take %.1f MiB and this one %.1f MiB; %" G_GINT64_FORMAT
                        " MiB are the most a user of the tier %s may have: delete some first",
                        (double)used / (1 << 20), (double)part->length / (1 << 20), limit,
                        tune_tier_name(call->caller.tier));
    return FALSE;
}

static void upload(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    guint64 size = call->request->body_size;
    int fd = call->request->body_fd;
    const char *name = tune_call_query_text(call, "name");
    Received received = {.details = NULL};

    if (fd < 0 || size == 0) {
        tune_call_invalid(call, "body", "is empty: the file is the body, or a part of a form", "missing");
        return;
    }
    if (!tune_upload_part_find(fd, size, tune_http_request_field(call->request, "Content-Type"),
                               &received.part, &error) ||
        !sniff(fd, &received, &error)) {
        tune_call_fail(call, error);
        return;
    }
    if (!has_room(call, &received.part))
        return;
    if (name != NULL)
        tune_upload_name_clean(name, received.part.name);
    g_autoptr(json_t) record = keep(call, fd, &received, &error);
    json_decref(received.details);
    if (record == NULL) {
        tune_call_fail(call, error);
        return;
    }
    g_autofree char *url = g_strconcat("/api/v1/uploads/",
                                       json_string_value(json_object_get(record, "id")), NULL);
    tune_http_response_set_field(call->response, "Location", url);
    tune_call_json(call, 201, record);
}

/* ---- what is there ---- */

static void no_upload(TuneCall *call, const GError *error)
{
    if (error != NULL)
        tune_call_fail(call, error);
    else
        tune_call_error(call, 404, "there is no such upload of yours");
}

static void list(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    TunePage page;

    if (!tune_call_page(call, &page))
        return;
    g_autoptr(json_t) items =
        tune_call_is_nameless(call)
            ? json_array()
            : tune_upload_list(call->api->store, call->caller.user_id, page.before_us,
                               page.before_id, page.offset, page.limit + 1, &error);
    if (items == NULL)
        tune_call_fail(call, error);
    else
        tune_call_list(call, &page, items, -1);
}

static void show(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) record =
        tune_upload_get(call->api->store, call->path[0], tune_call_owner(call), &error);

    if (record == NULL)
        no_upload(call, error);
    else
        tune_call_json(call, 200, record);
}

static void delete_upload(TuneCall *call)
{
    g_autoptr(GError) error = NULL;

    if (!tune_upload_delete(call->api->store, call->path[0], tune_call_owner(call), &error))
        no_upload(call, error);
    else
        tune_call_nothing(call);
}

/* ---- made ready for the web ---- */

static void optimize(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    const json_t *body = call->body;
    g_autoptr(json_t) record =
        tune_upload_get(call->api->store, call->path[0], tune_call_owner(call), &error);
    TuneAccepted accepted;

    if (record == NULL) {
        no_upload(call, error);
        return;
    }
    if (strcmp(json_string_value(json_object_get(record, "kind")), "audio") != 0) {
        tune_call_error(call, 422, "only sound can be optimized, and this is a score");
        return;
    }
    g_autoptr(json_t) request = json_pack("{s:s, s:O}", "upload", call->path[0], "options", body);
    TuneOptimizeOrder order = {
        .owner = call->caller.user_id,
        .sha256 = json_string_value(json_object_get(record, "sha256")),
        .name = json_string_value(json_object_get(record, "name")),
        .seconds = json_number_value(json_object_get(record, "duration_seconds")),
        .target_lufs = json_number_value(json_object_get(body, "target_lufs")),
        .compress = json_is_true(json_object_get(body, "compress")),
        .vbr = strcmp(json_string_value(json_object_get(body, "quality")), "vbr") == 0,
        .request = request,
        .idempotency_key = tune_call_idempotency_key(call),
    };
    if (!tune_jobs_optimize(call->api->jobs, &order, &accepted, &error)) {
        tune_call_fail(call, error);
        return;
    }
    g_autoptr(json_t) answer = tune_accepted_json(&accepted, 0);
    tune_http_response_set_field(call->response, "Location",
                                 json_string_value(json_object_get(answer, "status_url")));
    tune_call_json(call, 202, answer);
}

/* ---- the table ---- */

static const TuneField upload_fields[] = {
    {"id", TUNE_FIELD_STRING, .required = TRUE, .format = "uuid"},
    {"user_id", TUNE_FIELD_STRING, .nullable = TRUE},
    {"kind", TUNE_FIELD_STRING, .required = TRUE, .says = "audio, midi, musicxml, abc, score"},
    {"name", TUNE_FIELD_STRING, .required = TRUE},
    {"mime", TUNE_FIELD_STRING, .required = TRUE, .says = "By its bytes, whatever its sender said"},
    {"sha256", TUNE_FIELD_STRING, .required = TRUE},
    {"bytes", TUNE_FIELD_INTEGER, .required = TRUE},
    {"duration_seconds", TUNE_FIELD_NUMBER, .required = TRUE},
    {"details", TUNE_FIELD_OBJECT, .says = "format; rate, channels and peak of sound; parts and notes"},
    {"created_at", TUNE_FIELD_STRING, .required = TRUE, .format = "date-time"},
};
static const TuneShape upload_shape = {"Upload", upload_fields, G_N_ELEMENTS(upload_fields),
                                       .answers = TRUE};
static const TuneField name_fields[] = {
    {"name", TUNE_FIELD_STRING, .low = 1, .high = 200, .says = "What it is called, for showing"}};
static const TuneShape name_query = {"UploadQuery", name_fields, G_N_ELEMENTS(name_fields)};

static const char *const qualities[] = {"192", "vbr", NULL};
static const TuneField optimize_fields[] = {
    {"target_lufs", TUNE_FIELD_NUMBER, .low = -40, .high = -5, .otherwise = "-14",
     .says = "Integrated loudness, as EBU R 128 measures it"},
    {"compress", TUNE_FIELD_BOOLEAN, .otherwise = "true", .says = "Make loud and quiet more alike"},
    {"quality", TUNE_FIELD_STRING, .choices = qualities, .otherwise = "\"192\"",
     .says = "MP3 at 192 kbit/s, or at a rate that varies"},
};
static const TuneShape optimize_shape = {"OptimizeRequest", optimize_fields,
                                         G_N_ELEMENTS(optimize_fields)};

static const TuneRouteError gone[] = {{404, "There is no such upload of yours"}, {0, NULL}};
static const TuneRouteError full[] = {
    {413, "Larger than an upload may be, or more than a user may have"}, {507, "No room"}, {0, NULL}};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/api/v1/uploads", TUNE_ROUTE_UPLOAD, upload, "uploads",
     "Bring sound or a score", .query = &name_query, .answer = &upload_shape, .status = 201,
     .errors = full,
     .details = "The body is the file, or a form (multipart/form-data) with one file.  WAV, FLAC, Ogg, Opus, "
                "MP3, MIDI, MusicXML, ABC and our own scores; what it is is read from its bytes."},
    {TUNE_HTTP_GET, "/api/v1/uploads", TUNE_ROUTE_LIST, list, "uploads", "What I brought, newest first",
     .answer = &upload_shape},
    {TUNE_HTTP_GET, "/api/v1/uploads/{id}", TUNE_ROUTE_FIELDS, show, "uploads", "One of them",
     .answer = &upload_shape, .errors = gone},
    {TUNE_HTTP_POST, "/api/v1/uploads/{id}/optimize",
     TUNE_ROUTE_CREATES | TUNE_ROUTE_OWN_KEY | TUNE_ROUTE_BODY_OPTIONAL, optimize, "uploads",
     "Make a recording ready for the web", .body = &optimize_shape, .answer = &tune_shape_accepted,
     .status = 202, .errors = gone,
     .details = "Dynamics compressed, loudness normalised, peaks limited, as MP3.  A job like any other: its "
                "download_url has the file when it is done."},
    {TUNE_HTTP_DELETE, "/api/v1/uploads/{id}", 0, delete_upload, "uploads", "Delete it", .status = 204,
     .errors = gone},
};
const TuneRouteTable tune_routes_uploads = {routes, G_N_ELEMENTS(routes)};
