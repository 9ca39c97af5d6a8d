/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound: streams that begin while the song is still being rendered, downloads, and the other files of a
 * result.
 *
 * A finished rendition is a file and goes out by sendfile with ranges.  A growing one is a file too, read as
 * far as it has come: any number of listeners, each with nothing but an offset.  A range of growing sound
 * is answered with what is there ("bytes 100-499/" and an asterisk for the whole), so that a player can seek
 * back; beyond the end of what is there it is 416, to be asked again.  When the piece is done and only this
 * format of it is not, the encoder is soon there: a range waits for it.
 */
#include "api/api-private.h"
#include "api/sound.h"
#include "store/generations.h"

#include <string.h>
#include <unistd.h>

#define FOR_GOOD "max-age=31536000, immutable"

/* ---- a growing sound as the body of an answer ---- */

typedef struct {
    TuneSound *sound;
    TuneHttpWaker *waker;
    guint watch;
    guint64 offset;
    guint64 end; /* exclusive; G_MAXUINT64: to the end */
} SoundStream;

static void grown(gpointer user_data)
{
    tune_http_waker_wake(((SoundStream *)user_data)->waker);
}

static gssize pull(gpointer stream, guint8 *buffer, gsize size)
{
    SoundStream *self = stream;
    guint64 left = self->end - self->offset;

    if (left == 0)
        return TUNE_HTTP_PULL_END;
    /* The state first: what was appended before it said "done" is read below. */
    TuneGrowingState state = tune_sound_state(self->sound, NULL);
    gssize n = tune_sound_pread(self->sound, buffer, (gsize)MIN((guint64)size, left), self->offset);
    if (n > 0) {
        self->offset += (guint64)n;
        return n;
    }
    if (n < 0 || state == TUNE_GROWING_FAILED)
        return TUNE_HTTP_PULL_FAILED;
    return state == TUNE_GROWING_DONE ? TUNE_HTTP_PULL_END : TUNE_HTTP_PULL_LATER;
}

static void stream_close(gpointer stream, gboolean complete)
{
    SoundStream *self = stream;

    tune_sound_unwatch(self->sound, self->watch);
    tune_sound_free(self->sound);
    tune_http_waker_unref(self->waker);
    g_free(self);
}

static const TuneHttpStreamClass SOUND_STREAM = {pull, stream_close};

/* @sound is owned from now on. */
static void send_growing(TuneCall *call, TuneSound *sound, const char *mime, guint64 from,
                         guint64 end)
{
    SoundStream *self = g_new0(SoundStream, 1);

    self->sound = sound;
    self->waker = tune_http_response_waker(call->response);
    self->offset = from;
    self->end = end;
    self->watch = tune_sound_watch(sound, grown, self);
    tune_http_response_set_field(call->response, "Cache-Control", "no-store");
    tune_http_response_set_field(call->response, "X-Accel-Buffering", "no");
    tune_http_response_set_stream(call->response, mime,
                                  end == G_MAXUINT64 ? -1 : (gint64)(end - from), &SOUND_STREAM,
                                  self);
}

/* "bytes=A-" or "bytes=A-B" of growing sound; everything else asks for the whole. */
static gboolean read_range(const char *text, guint64 *first, guint64 *last)
{
    const char *end;

    if (text == NULL || !g_str_has_prefix(text, "bytes=") || !g_ascii_isdigit(text[6]))
        return FALSE;
    *first = g_ascii_strtoull(text + 6, (char **)&end, 10);
    *last = G_MAXUINT64;
    if (*end != '-')
        return FALSE;
    end++;
    if (g_ascii_isdigit(*end))
        *last = g_ascii_strtoull(end, (char **)&end, 10);
    return *end == '\0' && *first <= *last;
}

#define MOST_WAITS    8 /* threads */
#define RANGE_WAIT_MS 20000

/* The piece is done and this format of it is being made: wait until the asked range is there, or all of it, which
 * a range without an end or from the end needs.  FALSE: it is not to be had by waiting. */
static gboolean await_range(TuneCall *call, TuneSound *sound, const char *range)
{
    guint64 bytes = 0, first, last;
    guint64 end = read_range(range, &first, &last) && last < G_MAXUINT64 ? last + 1 : G_MAXUINT64;
    gint *waiting = &call->api->n_sound_waits;

    if (g_atomic_int_add(waiting, 1) < MOST_WAITS)
        tune_sound_wait(sound, end, RANGE_WAIT_MS);
    g_atomic_int_add(waiting, -1);
    return tune_sound_state(sound, &bytes) != TUNE_GROWING_MORE || bytes >= end;
}

/* Sound that is not finished; with @range (nullable) only a part of it. */
static void answer_growing(TuneCall *call, TuneSound *sound, const char *mime, const char *range)
{
    guint64 bytes = 0, first = 0, last = G_MAXUINT64;
    gboolean part = read_range(range, &first, &last);

    tune_sound_state(sound, &bytes);
    tune_http_response_set_field(call->response, "Accept-Ranges", "bytes");
    if (!part || (first == 0 && last == G_MAXUINT64)) {
        tune_http_response_set_status(call->response, 200);
        send_growing(call, sound, mime, 0, G_MAXUINT64);
        return;
    }
    if (first >= bytes) {
        g_autofree char *all = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, bytes);
        tune_sound_free(sound);
        tune_http_response_set_field(call->response, "Content-Range", all);
        tune_call_retry_after(call, 1);
        tune_call_error(call, 416, "the sound has not come that far: %" G_GUINT64_FORMAT
                        " bytes are there", bytes);
        return;
    }
    guint64 end = MIN(last, bytes - 1) + 1;
    g_autofree char *text = g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/*",
                                            first, end - 1);
    tune_http_response_set_field(call->response, "Content-Range", text);
    tune_http_response_set_status(call->response, 206);
    send_growing(call, sound, mime, first, end);
}

/* What lies under its hash, whole, in part, or known already.  @fd is owned from now on. */
static void answer_file(TuneCall *call, const char *mime, const char *sha256, int fd, guint64 bytes)
{
    g_autofree char *etag = g_strdup_printf("\"%s\"", sha256);

    if (tune_etag_is_named(tune_http_request_field(call->request, "If-None-Match"), sha256)) {
        close(fd);
        tune_http_response_set_field(call->response, "ETag", etag);
        tune_http_response_set_status(call->response, 304);
        return;
    }
    tune_http_response_set_ranged_file(call->response, call->request, mime, etag, fd, bytes);
    if (tune_http_response_status(call->response) == 416)
        tune_call_error(call, 416, "the range is outside of the file: it has %" G_GUINT64_FORMAT " bytes",
                        bytes);
}

/* A finished sound never changes.  An address with its hash may be kept by caches that many share. */
static void set_finished(TuneCall *call, const char *sha256)
{
    const char *version = tune_call_query_text(call, "v");
    gboolean named = version != NULL && strlen(version) >= 16 && g_str_has_prefix(sha256, version);

    tune_http_response_set_field(call->response, "Cache-Control",
                                 named ? "public, " FOR_GOOD : "private, " FOR_GOOD);
}

void tune_call_sound(TuneCall *call, const char *id, const char *owner, TuneAudioFormat format)
{
    g_autoptr(GError) error = NULL;
    const char *mime = tune_audio_format_mime(format), *sha256 = NULL;
    const char *range = tune_http_request_field(call->request, "Range");
    TuneSound *sound = tune_jobs_sound(call->api->jobs, id, owner, format, &error);
    guint64 bytes;

    if (sound == NULL) {
        tune_call_fail(call, error);
        return;
    }
    int fd = tune_sound_fd(sound, &bytes, &sha256);
    if (tune_http_request_field(call->request, "If-Range") != NULL)
        range = NULL; /* what grows has no validator that could match */
    if (fd < 0 && range != NULL && strcmp(range, "bytes=0-") != 0 && tune_sound_is_made(sound)) {
        if (!await_range(call, sound, range))
            range = NULL; /* who asks for a part may be given the whole (RFC 9110, section 14.2) */
        fd = tune_sound_fd(sound, &bytes, &sha256);
    }
    if (fd < 0) {
        answer_growing(call, sound, mime, range);
        return;
    }
    set_finished(call, sha256);
    answer_file(call, mime, sha256, fd, bytes);
    tune_sound_free(sound);
}

/* ---- finished files ---- */

/* A name for the client's disk: letters, digits and dashes of the title. */
static char *file_name(const char *title, const char *suffix)
{
    g_autofree char *ascii = g_str_to_ascii(title != NULL ? title : "", "C");
    g_autoptr(GString) name = g_string_new(NULL);

    for (const char *c = ascii; *c != '\0' && name->len < 60; c++) {
        if (g_ascii_isalnum(*c))
            g_string_append_c(name, g_ascii_tolower(*c));
        else if (name->len > 0 && name->str[name->len - 1] != '-')
            g_string_append_c(name, '-');
    }
    while (name->len > 0 && name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
    return g_strdup_printf("%s.%s", name->len > 0 ? name->str : "tunesmith", suffix);
}

void tune_call_attachment(TuneCall *call, const char *title, const char *suffix)
{
    g_autofree char *name = file_name(title, suffix);
    g_autofree char *value = g_strdup_printf("attachment; filename=\"%s\"", name);

    tune_http_response_set_field(call->response, "Content-Disposition", value);
}

void tune_call_file(TuneCall *call, const char *id, const char *owner, const char *name)
{
    g_autoptr(GError) error = NULL;
    const char *mime = NULL;
    char sha256[65];
    guint64 bytes;
    int fd = tune_jobs_file(call->api->jobs, id, owner, name, &bytes, &mime, sha256, &error);

    if (fd < 0) {
        tune_call_fail(call, error);
        return;
    }
    tune_http_response_set_field(call->response, "Cache-Control", "private, " FOR_GOOD);
    answer_file(call, mime, sha256, fd, bytes);
}

/* ---- routes ---- */

TuneAudioFormat tune_call_format(TuneCall *call, const char *id)
{
    TuneAudioFormat format = TUNE_AUDIO_MP3;
    const char *name = tune_call_query_text(call, "format");
    g_autoptr(json_t) ordered = name == NULL ? tune_generation_get(call->api->store, id, NULL, NULL)
                                             : NULL;

    if (name == NULL)
        name = json_string_value(json_object_get(ordered, "format"));
    if (name != NULL)
        tune_audio_format_parse(name, &format);
    return format;
}

/* ---- finished streams from memory: a player asks for range after range of the same sound ---- */

#define KNOWN_TTL_S 300

typedef struct {
    char sha256[65];
    TuneAudioFormat format;
} KnownSound;

/* Who may hear it is in the key: what one caller was given is known for that caller. */
static char *known_key(const TuneCall *call, const char *format)
{
    const char *owner = tune_call_owner(call);

    return g_strdup_printf("sound:%s:%s:%s", owner != NULL ? owner : "*", call->path[0],
                           format != NULL ? format : "");
}

static void remember(TuneCall *call, TuneAudioFormat format)
{
    const TuneCachePolicy policy = {.ttl_s = KNOWN_TTL_S, .local = TRUE};
    const char *etag = tune_http_response_field(call->response, "ETag");
    KnownSound known = {.format = format};

    if (etag == NULL || strlen(etag) != 66) /* a growing sound has none */
        return;
    memcpy(known.sha256, etag + 1, 64);
    g_autofree char *key = known_key(call, tune_call_query_text(call, "format"));
    g_autoptr(GBytes) value = g_bytes_new(&known, sizeof known);
    tune_cache_set(call->api->cache, key, value, &policy);
}

static gboolean stream_at_once(TuneCall *call)
{
    KnownSound known;
    guint64 bytes;

    if (tune_http_request_query(call->request, "v") != NULL)
        return FALSE;
    g_autofree char *key = known_key(call, tune_http_request_query(call->request, "format"));
    g_autoptr(GBytes) value = tune_cache_peek(call->api->cache, key);
    if (value == NULL)
        return FALSE;
    memcpy(&known, g_bytes_get_data(value, NULL), sizeof known);
    int fd = tune_files_read(call->api->files, known.sha256, &bytes, NULL);
    if (fd < 0)
        return FALSE; /* cleaned up meanwhile: the handler knows what to say */
    tune_http_response_set_field(call->response, "Cache-Control", "private, " FOR_GOOD);
    answer_file(call, tune_audio_format_mime(known.format), known.sha256, fd, bytes);
    return TRUE;
}

/* What is being optimized is not heard before it is done: its loudness is known only then. */
static gboolean is_heard_later(TuneCall *call)
{
    g_autoptr(json_t) row =
        tune_generation_get(call->api->store, call->path[0], tune_call_owner(call), NULL);
    const char *status = json_string_value(json_object_get(row, "status"));

    if (g_strcmp0(json_string_value(json_object_get(row, "engine")), "optimize") != 0 ||
        g_strcmp0(status, "completed") == 0)
        return FALSE;
    tune_call_error(call, 409, "not finished: it is %s", status);
    return TRUE;
}

static void stream(TuneCall *call)
{
    TuneAudioFormat format = tune_call_format(call, call->path[0]);

    if (is_heard_later(call))
        return;
    tune_call_sound(call, call->path[0], tune_call_owner(call), format);
    remember(call, format);
}

static void download(TuneCall *call)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) status =
        tune_jobs_status(call->api->jobs, call->path[0], tune_call_owner(call), &error);
    const char *state = json_string_value(json_object_get(status, "status"));
    const json_t *report = json_object_get(status, "report");

    if (status == NULL) {
        tune_call_fail(call, error);
        return;
    }
    if (g_strcmp0(state, "completed") != 0) {
        tune_call_error(call, 409, "not finished: it is %s; the stream plays what is there", state);
        return;
    }
    TuneAudioFormat format = tune_call_format(call, call->path[0]);
    tune_call_attachment(call, json_string_value(json_object_get(report, "title")),
                         tune_audio_format_suffix(format));
    tune_call_sound(call, call->path[0], tune_call_owner(call), format);
}

/* The last segment of the route's own path is the file's name. */
static void result_file(TuneCall *call)
{
    const char *slash = strrchr(call->route->path, '/');

    tune_call_file(call, call->path[0], tune_call_owner(call), slash + 1);
}

static void stem(TuneCall *call)
{
    g_autofree char *name = g_strdup_printf("stems/%s", call->path[1]);

    tune_call_file(call, call->path[0], tune_call_owner(call), name);
}

static const char *const formats[] = {"mp3",   "ogg",    "opus",   "flac", "flac24",
                                      "wav", "wav24", "wav32f", NULL};
static const TuneField query_fields[] = {
    {"format", TUNE_FIELD_STRING, .choices = formats, .says = "Else what was ordered"},
    {"v", TUNE_FIELD_STRING, .low = 16, .high = 64, .pattern = "[0-9a-f]+",
     .says = "First digits of the sound's hash: what has it may be kept for good"},
};
const TuneShape tune_shape_sound_query = {"SoundQuery", query_fields, G_N_ELEMENTS(query_fields)};

const TuneRouteError tune_sound_errors[] = {
    {404, "No such generation, or it has no such file"},
    {409, "Not finished, failed or cancelled"},
    {416, "Outside of what is there"},
    {0, NULL},
};

#define FILE_ROUTE(path, says, type)                                                               \
    {TUNE_HTTP_GET, "/api/v1/generate/{task_id}/" path, 0, result_file, "download",     \
     says, .produces = type, .errors = tune_sound_errors}

static const TuneRoute routes[] = {
    {TUNE_HTTP_GET, "/api/v1/stream/{task_id}", 0, stream, "stream",
     "Sound, from the first bar on while the rest is being made", .query = &tune_shape_sound_query,
     .produces = "audio/*", .errors = tune_sound_errors, .at_once = stream_at_once},
    {TUNE_HTTP_GET, "/api/v1/generate/{task_id}/download", 0, download, "download",
     "The finished sound as a file", .query = &tune_shape_sound_query, .produces = "audio/*",
     .errors = tune_sound_errors},
    {TUNE_HTTP_GET, "/api/v1/generate/{task_id}/stems/{name}", 0, stem, "download",
     "One part alone; the stems sum to the mix", .produces = "audio/wav",
     .errors = tune_sound_errors},
    FILE_ROUTE("score.json", "The score, everything", "application/json"),
    FILE_ROUTE("score.mid", "The score as MIDI", "audio/midi"),
    FILE_ROUTE("score.musicxml", "The score as MusicXML 4.0",
               "application/vnd.recordare.musicxml+xml"),
    FILE_ROUTE("score.abc", "The score as ABC 2.1", "text/vnd.abc"),
    FILE_ROUTE("report", "Asked against got, measured", "application/json"),
    FILE_ROUTE("waveform", "Peaks for a player", "application/json"),
};
const TuneRouteTable tune_routes_stream = {routes, G_N_ELEMENTS(routes)};
