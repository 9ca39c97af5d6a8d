/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Model Context Protocol: tools by which a program that talks can make music.  JSON-RPC 2.0; the transports
 * (a route, standard input and output) hand messages in and answers out.
 *
 *     g_autoptr(json_t) answer = tune_mcp_answer(&mcp, message, &caller, &status);
 *
 * Both eras are spoken: revision 2026-07-28 (no handshake, the version in each request's _meta,
 * server/discover) and those with an initialize handshake, 2024-11-05 to 2025-11-25.  No state is kept
 * between messages.  modelcontextprotocol.io/specification.
 */
#pragma once
#include "api/api.h"

typedef struct {
    TuneApi *api;
    const char *folder; /* where files may be written (standard input and output), or NULL: addresses are
                           given instead */
} TuneMcp;

/* @message: one request or notification, any JSON.  The answer, or NULL for a notification.  @status: what
 * HTTP says of it (200, 202, 400, 404).  May wait, up to what the tool "wait" is asked for.
 * (transfer full) (nullable) */
json_t *tune_mcp_answer(const TuneMcp *self, const json_t *message, const TuneCaller *caller,
                        guint *status);
/* The answer to bytes that are no JSON. (transfer full) */
json_t *tune_mcp_unreadable(const char *why);

/* ---- tools (mcp-tools.c) ---- */
json_t *tune_mcp_tools(void); /* for tools/list (transfer full) */
/* Structured content, or NULL with an error that the caller of the tool is told; *known FALSE when there is
 * no such tool. (transfer full) */
json_t *tune_mcp_call(const TuneMcp *self, const char *tool, json_t *arguments,
                      const TuneCaller *caller, gboolean *known, GError **error);
