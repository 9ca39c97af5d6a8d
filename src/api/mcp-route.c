/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MCP over HTTP: one endpoint, one answer to each POST, no sessions and no streams of our own making.
 */
#include "api/foreign.h"
#include "api/mcp.h"
#include "api/settings.h"

#include <string.h>

/* Fields of the newer revision repeat what the message says; when they do not, something on the way was
 * misled. */
static gboolean fields_agree(const TuneCall *call, const json_t *message)
{
    const char *method = tune_http_request_field(call->request, "mcp-method");
    const char *version = tune_http_request_field(call->request, "mcp-protocol-version");
    const json_t *meta = json_object_get(json_object_get(message, "params"), "_meta");
    const char *said =
        json_string_value(json_object_get(meta, "io.modelcontextprotocol/protocolVersion"));

    if (said == NULL)
        return TRUE;
    return (version == NULL || strcmp(version, said) == 0) &&
           (method == NULL ||
            g_strcmp0(method, json_string_value(json_object_get(message, "method"))) == 0);
}

static void send_answer(TuneCall *call, guint status, json_t *answer)
{
    if (answer == NULL) {
        tune_http_response_set_status(call->response, status);
        return;
    }
    tune_call_json(call, status, answer);
    json_decref(answer);
}

static void mcp(TuneCall *call)
{
    TuneMcp server = {call->api, NULL};
    gsize size;
    const char *text = g_bytes_get_data(call->request->body, &size);
    json_error_t why;
    guint status = 200;

    /* With a key too: the protocol wants it of every server. */
    if (tune_foreign_origin(call, tune_api_settings(call->api)->public_url)) {
        tune_call_error(call, 403, "pages of other hosts may not use this");
        return;
    }
    g_autoptr(json_t) message = json_loadb(text != NULL ? text : "", size, 0, &why);
    if (message == NULL) {
        send_answer(call, 400, tune_mcp_unreadable(why.text));
        return;
    }
    if (!fields_agree(call, message)) {
        send_answer(call, 400,
                    json_pack("{s:s, s:O?, s:{s:i, s:s}}", "jsonrpc", "2.0", "id",
                              json_object_get(message, "id"), "error", "code", -32020, "message",
                              "Header mismatch: the fields say something else than the message"));
        return;
    }
    json_t *answer = tune_mcp_answer(&server, message, &call->caller, &status);
    send_answer(call, status, answer);
}

static const TuneField message_fields[] = {
    {"jsonrpc", TUNE_FIELD_STRING, .required = TRUE},
    {"id", TUNE_FIELD_ANY, .required = TRUE},
    {"error", TUNE_FIELD_OBJECT, .required = TRUE, .says = "code and message"},
};
static const TuneShape message_shape = {"ProtocolError", message_fields, G_N_ELEMENTS(message_fields),
                                        .says = "An error in the words of JSON-RPC 2.0",
                                        .answers = TRUE};
static const TuneRouteError mcp_errors[] = {
    {400, "No message of the protocol, or of another version", &message_shape},
    {403, "A page of another host"},
    {404, "No such method", &message_shape},
    {0, NULL},
};

static const TuneRoute routes[] = {
    {TUNE_HTTP_POST, "/mcp", 0, mcp, "mcp",
     "Model Context Protocol: tools to make music with", .errors = mcp_errors,
     .details = "JSON-RPC 2.0, revisions 2024-11-05 to 2026-07-28. Tools: compose, wait, render, edit, "
                "export, list."},
};
const TuneRouteTable tune_routes_mcp = {routes, G_N_ELEMENTS(routes)};
