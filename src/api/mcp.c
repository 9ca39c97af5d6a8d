/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/mcp.h"
#include "tune-config.h"

#include <string.h>

enum {
    PARSE_ERROR = -32700,
    INVALID_REQUEST = -32600,
    METHOD_NOT_FOUND = -32601,
    INVALID_PARAMS = -32602,
    UNSUPPORTED_VERSION = -32022,
};

#define MODERN "2026-07-28"
#define VERSION_KEY "io.modelcontextprotocol/protocolVersion"
#define SERVER_KEY "io.modelcontextprotocol/serverInfo"
#define LIST_TTL_MS 3600000

/* Newest first; an initialize that asks for another is offered the first of them. */
static const char *const LEGACY[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", NULL};

static const char INSTRUCTIONS[] =
    "Makes finished music from a sentence. Call compose with a prompt (style, mood, tempo, key, "
    "instruments, length); it answers at once with a task_id. Call wait until the status is "
    "completed, then render for the sound and export for the score. What is asked by number or name "
    "is met exactly; the report says how. edit makes the same piece again with something changed.";

typedef struct {
    const TuneMcp *mcp;
    const TuneCaller *caller;
    const json_t *id; /* (nullable): a notification */
    const json_t *params;
    gboolean modern;
    guint status;
} Exchange;

static json_t *fault(const json_t *id, int code, const char *message, json_t *data)
{
    json_t *error = json_pack("{s:i, s:s}", "code", code, "message", message);

    if (data != NULL)
        json_object_set_new(error, "data", data);
    return json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, "error", error);
}

json_t *tune_mcp_unreadable(const char *why)
{
    g_autofree char *message = g_strdup_printf("Parse error: %s", why);

    json_t *answer = fault(NULL, PARSE_ERROR, message, NULL);
    json_object_set_new(answer, "id", json_null());
    return answer;
}

static json_t *result(const Exchange *self, json_t *value)
{
    if (self->modern)
        json_object_set_new(value, "resultType", json_string("complete"));
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", self->id, "result", value);
}

static json_t *server_info(void)
{
    return json_pack("{s:s, s:s, s:s}", "name", "tunesmith", "title", "tunesmith", "version",
                     TUNE_VERSION);
}

/* What every answer that may be kept says of it. */
static void set_cacheable(const Exchange *self, json_t *value)
{
    if (!self->modern)
        return;
    json_object_set_new(value, "ttlMs", json_integer(LIST_TTL_MS));
    json_object_set_new(value, "cacheScope", json_string("public"));
}

/* ---- methods ---- */

static json_t *initialize(Exchange *self)
{
    const char *asked = json_string_value(json_object_get(self->params, "protocolVersion"));
    const char *version = asked != NULL && g_strv_contains(LEGACY, asked) ? asked : LEGACY[0];

    return result(self, json_pack("{s:s, s:{s:{}}, s:o, s:s}", "protocolVersion", version,
                                  "capabilities", "tools", "serverInfo", server_info(),
                                  "instructions", INSTRUCTIONS));
}

static json_t *discover(Exchange *self)
{
    json_t *versions = json_pack("[s]", MODERN);

    for (guint i = 0; LEGACY[i] != NULL; i++)
        json_array_append_new(versions, json_string(LEGACY[i]));
    json_t *value = json_pack("{s:o, s:{s:{}}, s:{s:o}, s:s}", "supportedVersions", versions,
                              "capabilities", "tools", "_meta", SERVER_KEY, server_info(),
                              "instructions", INSTRUCTIONS);
    set_cacheable(self, value);
    return result(self, value);
}

static json_t *list_tools(Exchange *self)
{
    json_t *value = json_pack("{s:o}", "tools", tune_mcp_tools());

    set_cacheable(self, value);
    return result(self, value);
}

/* A tool's own failure is a result that says so: whoever asked can read it and ask better. */
static json_t *call_tool(Exchange *self)
{
    g_autoptr(GError) error = NULL;
    const char *name = json_string_value(json_object_get(self->params, "name"));
    json_t *arguments = json_object_get(self->params, "arguments");
    g_autoptr(json_t) none = json_object();
    gboolean known = TRUE;

    if (name == NULL || (arguments != NULL && !json_is_object(arguments)))
        return fault(self->id, INVALID_PARAMS, "Invalid params: name and arguments are wanted", NULL);
    g_autoptr(json_t) value = tune_mcp_call(self->mcp, name, arguments != NULL ? arguments : none,
                                            self->caller, &known, &error);
    if (!known) {
        g_autofree char *cut = g_strdup_printf("Unknown tool: %.60s", name);
        g_autofree char *message = g_utf8_make_valid(cut, -1);
        return fault(self->id, INVALID_PARAMS, message, NULL);
    }
    if (value == NULL)
        return result(self, json_pack("{s:[{s:s, s:s}], s:b}", "content", "type", "text", "text",
                                      error->message, "isError", 1));
    g_autofree char *text = json_dumps(value, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    return result(self, json_pack("{s:[{s:s, s:s}], s:O, s:b}", "content", "type", "text", "text",
                                  text, "structuredContent", value, "isError", 0));
}

static json_t *nothing(Exchange *self)
{
    return result(self, json_object());
}

static const struct {
    const char *name;
    json_t *(*run)(Exchange *self);
} METHODS[] = {
    {"tools/call", call_tool}, {"tools/list", list_tools}, {"server/discover", discover},
    {"initialize", initialize}, {"ping", nothing},
};

/* ---- messages ---- */

static json_t *check_version(Exchange *self)
{
    const json_t *meta = json_object_get(self->params, "_meta");
    const char *version = json_string_value(json_object_get(meta, VERSION_KEY));

    if (version == NULL)
        return NULL;
    self->modern = strcmp(version, MODERN) == 0;
    if (self->modern || g_strv_contains(LEGACY, version))
        return NULL;
    json_t *supported = json_pack("[s]", MODERN);
    for (guint i = 0; LEGACY[i] != NULL; i++)
        json_array_append_new(supported, json_string(LEGACY[i]));
    self->status = 400;
    return fault(self->id, UNSUPPORTED_VERSION, "Unsupported protocol version",
                 json_pack("{s:o, s:s}", "supported", supported, "requested", version));
}

static json_t *dispatch(Exchange *self, const char *method)
{
    json_t *wrong = check_version(self);

    if (wrong != NULL)
        return wrong;
    for (guint i = 0; i < G_N_ELEMENTS(METHODS); i++)
        if (strcmp(method, METHODS[i].name) == 0)
            return METHODS[i].run(self);
    g_autofree char *cut = g_strdup_printf("Method not found: %.60s", method);
    g_autofree char *message = g_utf8_make_valid(cut, -1);
    /* Older clients take 404 for a session that has ended. */
    self->status = self->modern ? 404 : 200;
    return fault(self->id, METHOD_NOT_FOUND, message, NULL);
}

json_t *tune_mcp_answer(const TuneMcp *self, const json_t *message, const TuneCaller *caller,
                        guint *status)
{
    const json_t *id = json_object_get(message, "id");
    const char *method = json_string_value(json_object_get(message, "method"));
    const char *rpc = json_string_value(json_object_get(message, "jsonrpc"));
    Exchange exchange = {self, caller, id, json_object_get(message, "params"), FALSE, 200};

    gboolean an_answer = method == NULL && (json_object_get(message, "result") != NULL ||
                                            json_object_get(message, "error") != NULL);
    if (an_answer || (method != NULL && id == NULL && g_strcmp0(rpc, "2.0") == 0)) {
        *status = 202; /* we ask nothing, and keep nothing that a notification could change */
        return NULL;
    }
    if (method == NULL || g_strcmp0(rpc, "2.0") != 0 ||
        !(json_is_string(id) || json_is_integer(id))) {
        *status = 400;
        return fault(json_is_string(id) || json_is_integer(id) ? id : NULL, INVALID_REQUEST,
                     "Invalid request: jsonrpc \"2.0\", a method and an id (text or whole number) are "
                     "wanted", NULL);
    }
    json_t *answer = dispatch(&exchange, method);
    *status = exchange.status;
    return answer;
}
