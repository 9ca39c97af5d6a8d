/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tools.  What they take is written as shapes, like every body of the API, so that what is listed is
 * what is checked.
 */
#include "api/mcp.h"
#include "api/order.h"
#include "api/settings.h"
#include "store/generations.h"

#include <string.h>
#include <unistd.h>

#define LONGEST_WAIT_S 25
#define WAIT_STEP_US 50000
#define USUAL_WORKERS 32
#define MOST_TEXT (256 * 1024)
#define MOST_BINARY (1024 * 1024)

typedef struct {
    const TuneMcp *mcp;
    const TuneCaller *caller;
    const char *owner; /* whose pieces are seen; NULL: everybody's */
} Tools;

/* ---- what they take ---- */

static const TuneField TASK_FIELD_WAIT[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 64},
    {"timeout_seconds", TUNE_FIELD_NUMBER, .low = 0, .high = LONGEST_WAIT_S, .otherwise = "20",
     .says = "How long to wait at most; call again when it is not done"},
};
static const TuneShape WAIT = {"Wait", TASK_FIELD_WAIT, G_N_ELEMENTS(TASK_FIELD_WAIT)};

static const char *const SOUND_FORMATS[] = {"mp3", "ogg", "opus", "flac", "wav", NULL};
static const TuneField RENDER_FIELDS[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 64},
    {"format", TUNE_FIELD_STRING, .choices = SOUND_FORMATS, .otherwise = "\"mp3\""},
};
static const TuneShape RENDER = {"Render", RENDER_FIELDS, G_N_ELEMENTS(RENDER_FIELDS)};

static const char *const SCORE_FILES[] = {"abc", "musicxml", "midi", "json", "report", NULL};
static const TuneField EXPORT_FIELDS[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 64},
    {"what", TUNE_FIELD_STRING, .choices = SCORE_FILES, .otherwise = "\"abc\"",
     .says = "The score in a notation, or the report of asked against got"},
};
static const TuneShape EXPORT = {"Export", EXPORT_FIELDS, G_N_ELEMENTS(EXPORT_FIELDS)};

static const TuneField EDIT_FIELDS[] = {
    {"task_id", TUNE_FIELD_STRING, .required = TRUE, .low = 1, .high = 64},
    {"changes", TUNE_FIELD_OBJECT, .required = TRUE,
     .says = "Arguments of compose that shall be different: bpm, key, duration, instruments, ...; null takes "
             "one away"},
};
static const TuneShape EDIT = {"Edit", EDIT_FIELDS, G_N_ELEMENTS(EDIT_FIELDS)};

static const TuneField LIST_FIELDS[] = {
    {"limit", TUNE_FIELD_INTEGER, .low = 1, .high = 100, .otherwise = "10"},
};
static const TuneShape LIST = {"List", LIST_FIELDS, G_N_ELEMENTS(LIST_FIELDS)};

/* ---- what they do ---- */

static const char *const addresses[] = {"status_url", "stream_url", "events_url", "download_url"};

static json_t *submit(const Tools *self, json_t *body, GError **error)
{
    TuneAccepted accepted;
    g_autoptr(TuneOrdered) ordered = tune_order_new(self->mcp->api, body, self->caller, error);

    if (ordered == NULL || !tune_order_submit(self->mcp->api, ordered, &accepted, error))
        return NULL;
    json_t *answer = tune_order_answer(ordered, &accepted);
    /* Without a server there are no addresses. */
    for (guint i = 0; self->mcp->folder != NULL && i < G_N_ELEMENTS(addresses); i++)
        json_object_del(answer, addresses[i]);
    return answer;
}

static json_t *compose(const Tools *self, json_t *arguments, GError **error)
{
    return submit(self, arguments, error);
}

static gboolean is_over(const json_t *status)
{
    const char *state = json_string_value(json_object_get(status, "status"));

    return g_strcmp0(state, "queued") != 0 && g_strcmp0(state, "running") != 0;
}

static json_t *wait_until(const Tools *self, const char *id, double seconds, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);

    for (;;) {
        json_t *status = tune_jobs_status(self->mcp->api->jobs, id, self->owner, error);
        if (status == NULL || is_over(status) || g_get_monotonic_time() >= until)
            return status;
        json_decref(status);
        g_usleep(WAIT_STEP_US);
    }
}

/* Each that waits holds a thread that would answer others: a quarter of them may. */
static gint most_waiting(const Tools *self)
{
    gint64 workers = tune_api_settings(self->mcp->api)->workers;

    return (gint)MAX((workers > 0 ? workers : USUAL_WORKERS) / 4, 1);
}

/* Who comes when many wait is told the state of now. */
static json_t *wait_for(const Tools *self, json_t *arguments, GError **error)
{
    const char *id = json_string_value(json_object_get(arguments, "task_id"));
    double seconds = json_number_value(json_object_get(arguments, "timeout_seconds"));
    gint *waiting = &self->mcp->api->n_mcp_waits;
    gboolean may = g_atomic_int_add(waiting, 1) < most_waiting(self);
    json_t *status = wait_until(self, id, may ? seconds : 0, error);

    g_atomic_int_add(waiting, -1);
    return status;
}

/* The piece must be done: what there is of it before that is a stream, not a file. */
static gboolean done(const Tools *self, const char *id, GError **error)
{
    g_autoptr(json_t) status = tune_jobs_status(self->mcp->api->jobs, id, self->owner, error);
    const char *state = json_string_value(json_object_get(status, "status"));

    if (status == NULL)
        return FALSE;
    if (g_strcmp0(state, "completed") == 0)
        return TRUE;
    g_set_error(error, TUNE_API_ERROR, 409, "the piece is %s; call wait until it is completed", state);
    return FALSE;
}

/* Copy what is behind @fd to a new file of the folder; its path. (transfer full) */
static char *copy_out(const Tools *self, int fd, const char *id, const char *suffix, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.%s", id, suffix);
    char *path = g_build_filename(self->mcp->folder, name, NULL);
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileOutputStream) out =
        g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, error);
    char block[65536];
    gssize n = out != NULL ? 1 : -1;

    while (n > 0 && (n = read(fd, block, sizeof block)) > 0)
        if (!g_output_stream_write_all(G_OUTPUT_STREAM(out), block, (gsize)n, NULL, NULL, error))
            n = -1;
    if (n == 0 && g_output_stream_close(G_OUTPUT_STREAM(out), NULL, error))
        return path;
    g_free(path);
    return NULL;
}

/* Sound of a finished piece in @format, waiting for the format to be made. -1 with @error. */
static int sound_fd(const Tools *self, const char *id, TuneAudioFormat format, GError **error)
{
    gint64 until = g_get_monotonic_time() + (gint64)LONGEST_WAIT_S * G_USEC_PER_SEC;

    for (;;) {
        g_autoptr(TuneSound) sound =
            tune_jobs_sound(self->mcp->api->jobs, id, self->owner, format, error);
        int fd = sound != NULL ? tune_sound_fd(sound, NULL, NULL) : -1;
        if (sound == NULL || fd >= 0)
            return fd;
        if (tune_sound_state(sound, NULL) == TUNE_GROWING_FAILED ||
            g_get_monotonic_time() >= until) {
            g_set_error_literal(error, TUNE_API_ERROR, 503, "that format could not be made in time");
            return -1;
        }
        g_usleep(WAIT_STEP_US);
    }
}

static json_t *render(const Tools *self, json_t *arguments, GError **error)
{
    const char *id = json_string_value(json_object_get(arguments, "task_id"));
    const char *name = json_string_value(json_object_get(arguments, "format"));
    TuneAudioFormat format;

    if (!done(self, id, error))
        return NULL;
    tune_audio_format_parse(name, &format);
    if (self->mcp->folder == NULL) {
        g_autofree char *url =
            g_strdup_printf("/api/v1/generate/%s/download?format=%s", id, name);
        return json_pack("{s:s, s:s, s:s}", "task_id", id, "mime",
                         tune_audio_format_mime(format), "url", url);
    }
    int fd = sound_fd(self, id, format, error);
    g_autofree char *path = fd >= 0 ? copy_out(self, fd, id, name, error) : NULL;
    if (fd >= 0)
        close(fd);
    if (path == NULL)
        return NULL;
    return json_pack("{s:s, s:s, s:s}", "task_id", id, "mime", tune_audio_format_mime(format), "path",
                     path);
}

static const struct {
    const char *what, *file, *suffix;
    gboolean text;
} EXPORTS[] = {
    {"abc", "score.abc", "abc", TRUE},       {"musicxml", "score.musicxml", "musicxml", TRUE},
    {"midi", "score.mid", "mid", FALSE},     {"json", "score.json", "json", TRUE},
    {"report", "report", "report.json", TRUE},
};

static char *read_all(int fd, gsize limit, gsize *length, GError **error)
{
    g_autoptr(GString) all = g_string_new(NULL);
    char block[16384];
    gssize n;

    while ((n = read(fd, block, sizeof block)) > 0 && all->len <= limit)
        g_string_append_len(all, block, n);
    if (all->len > limit) {
        g_set_error_literal(error, TUNE_API_ERROR, 413,
                            "too long to be shown here; fetch it by its address");
        return NULL;
    }
    *length = all->len;
    return g_string_free(g_steal_pointer(&all), FALSE);
}

static json_t *export_file(const Tools *self, json_t *arguments, GError **error)
{
    const char *id = json_string_value(json_object_get(arguments, "task_id"));
    const char *what = json_string_value(json_object_get(arguments, "what"));
    const char *mime = NULL;
    char sha256[65];
    guint64 bytes;
    gsize length = 0;
    guint i = 0;

    while (strcmp(EXPORTS[i].what, what) != 0)
        i++;
    if (!done(self, id, error))
        return NULL;
    int fd = tune_jobs_file(self->mcp->api->jobs, id, self->owner, EXPORTS[i].file, &bytes, &mime,
                            sha256, error);
    if (fd < 0)
        return NULL;
    json_t *answer = json_pack("{s:s, s:s}", "task_id", id, "mime", mime);
    if (self->mcp->folder != NULL) {
        g_autofree char *path = copy_out(self, fd, id, EXPORTS[i].suffix, error);
        if (path != NULL)
            json_object_set_new(answer, "path", json_string(path));
    } else {
        g_autofree char *data =
            read_all(fd, EXPORTS[i].text ? MOST_TEXT : MOST_BINARY, &length, error);
        g_autofree char *coded = data != NULL && !EXPORTS[i].text
                                     ? g_base64_encode((const guchar *)data, length)
                                     : NULL;
        if (data != NULL)
            json_object_set_new(answer, coded != NULL ? "base64" : "text",
                                json_string(coded != NULL ? coded : data));
    }
    close(fd);
    if (json_object_size(answer) == 3)
        return answer;
    json_decref(answer);
    return NULL;
}

/* The request of then with its seed, changed: what was not touched stays as it was. */
static json_t *edit(const Tools *self, json_t *arguments, GError **error)
{
    const char *id = json_string_value(json_object_get(arguments, "task_id"));
    g_autoptr(json_t) then = tune_generation_get_request(self->mcp->api->store, id, self->owner, error);
    const char *key;
    json_t *value;

    if (then == NULL) {
        if (*error == NULL)
            g_set_error_literal(error, TUNE_API_ERROR, 404, "no such piece");
        return NULL;
    }
    g_autoptr(json_t) body = json_deep_copy(json_object_get(then, "request"));
    if (!json_is_object(body)) {
        g_set_error_literal(error, TUNE_API_ERROR, 409, "that piece was not made from a request");
        return NULL;
    }
    json_object_set(body, "seed", json_object_get(then, "seed"));
    json_object_foreach(json_object_get(arguments, "changes"), key, value) {
        if (json_is_null(value))
            json_object_del(body, key);
        else
            json_object_set(body, key, value);
    }
    g_autoptr(json_t) faults = json_array();
    g_autoptr(json_t) clean =
        tune_shape_check(&tune_shape_generate, body, "changes", TUNE_SHAPE_STRICT, faults);
    if (clean == NULL) {
        const json_t *first = json_array_get(faults, 0);
        g_set_error(error, TUNE_API_ERROR, 422, "%s: %s",
                    json_string_value(json_object_get(first, "field")),
                    json_string_value(json_object_get(first, "message")));
        return NULL;
    }
    return submit(self, clean, error);
}

static json_t *list(const Tools *self, json_t *arguments, GError **error)
{
    guint limit = (guint)json_integer_value(json_object_get(arguments, "limit"));
    gboolean nameless = !self->caller->admin && *self->caller->user_id == '\0';
    json_t *items = nameless ? json_array()
                             : tune_generation_list(self->mcp->api->store, self->caller->user_id, 0,
                                                    "", 0, limit, error);

    return items != NULL ? json_pack("{s:o}", "items", items) : NULL;
}

static const struct {
    const char *name, *title, *says;
    const TuneShape *takes;
    json_t *(*run)(const Tools *self, json_t *arguments, GError **error);
    gboolean reads; /* changes nothing */
} TOOLS[] = {
    {"compose", "Compose a piece",
     "Order a piece of music from a sentence and, if wanted, exact fields. Answers at once with a task_id; "
     "call wait next.",
     &tune_shape_generate, compose, FALSE},
    {"wait", "Wait for a piece", "The state of a piece, as soon as it is done or when the time is up.",
     &WAIT, wait_for, TRUE},
    {"render", "Get the sound", "The sound of a finished piece as a file or an address.", &RENDER, render,
     TRUE},
    {"edit", "Change a piece",
     "Make a piece again with some of its arguments changed and everything else the same, its seed too. "
     "Answers with a new task_id.",
     &EDIT, edit, FALSE},
    {"export", "Get the score", "The score of a finished piece: ABC, MusicXML, MIDI, JSON; or its report.",
     &EXPORT, export_file, TRUE},
    {"list", "List pieces", "What was ordered before, newest first.", &LIST, list, TRUE},
};

/* A schema that stands alone: what it refers to comes along. */
static json_t *alone(const TuneShape *shape)
{
    g_autoptr(json_t) all = json_object();

    tune_shape_collect(shape, all);
    g_autofree char *text = json_dumps(all, JSON_COMPACT);
    g_auto(GStrv) parts = g_strsplit(text, "#/components/schemas/", -1);
    g_autofree char *moved = g_strjoinv("#/$defs/", parts);
    g_autoptr(json_t) definitions = json_loads(moved, 0, NULL);
    json_t *schema = json_deep_copy(json_object_get(definitions, shape->name));
    json_object_del(definitions, shape->name);
    if (json_object_size(definitions) > 0)
        json_object_set(schema, "$defs", definitions);
    return schema;
}

json_t *tune_mcp_tools(void)
{
    json_t *tools = json_array();

    for (guint i = 0; i < G_N_ELEMENTS(TOOLS); i++)
        json_array_append_new(
            tools, json_pack("{s:s, s:s, s:s, s:o, s:{s:b, s:b}}", "name", TOOLS[i].name, "title",
                             TOOLS[i].title, "description", TOOLS[i].says, "inputSchema",
                             alone(TOOLS[i].takes), "annotations", "readOnlyHint", TOOLS[i].reads,
                             "destructiveHint", 0));
    return tools;
}

json_t *tune_mcp_call(const TuneMcp *self, const char *tool, json_t *arguments,
                      const TuneCaller *caller, gboolean *known, GError **error)
{
    Tools tools = {self, caller, caller->admin ? NULL : caller->user_id};
    g_autoptr(json_t) faults = json_array();
    guint i = 0;

    while (i < G_N_ELEMENTS(TOOLS) && strcmp(TOOLS[i].name, tool) != 0)
        i++;
    *known = i < G_N_ELEMENTS(TOOLS);
    if (!*known)
        return NULL;
    g_autoptr(json_t) clean =
        tune_shape_check(TOOLS[i].takes, arguments, "arguments", TUNE_SHAPE_STRICT, faults);
    if (clean == NULL) {
        g_autofree char *all = json_dumps(faults, JSON_COMPACT);
        g_set_error(error, TUNE_API_ERROR, 422, "the arguments do not fit: %s", all);
        return NULL;
    }
    return TOOLS[i].run(&tools, clean, error);
}
