/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON (RFC 8259) written straight into text, for answers that are made often and read by nobody
 * here: no value is made, nothing is allocated but the text.  The same bytes as jansson's
 * json_dumps() gives with JSON_COMPACT and JSON_REAL_PRECISION(15), but for one thing: bytes that
 * are no UTF-8, of which jansson makes no value at all, become U+FFFD.
 *
 *     g_autoptr(GString) out = g_string_sized_new(4096);
 *     tune_json_text_open(out, '{');
 *     tune_json_text_key(out, "title");
 *     tune_json_text_string(out, title, strlen(title));
 *     tune_json_text_key(out, "plays");
 *     tune_json_text_int(out, 3);
 *     g_string_append_c(out, '}');                        // {"title":"...","plays":3}
 *
 * Pure functions of their arguments.
 */
#pragma once
#include <glib.h>

/* '{' or '[', as the next value. */
void tune_json_text_open(GString *out, char bracket);
/* The name of the next member.  @key: UTF-8 that needs no escape. */
void tune_json_text_key(GString *out, const char *key);

/* One value each, with the comma where one stands before it in an array. */
void tune_json_text_null(GString *out);
void tune_json_text_bool(GString *out, gboolean value);
void tune_json_text_int(GString *out, gint64 value);
/* Rounded as tune_json_real() does; @decimals: 0..9.  What is not finite is 0.0. */
void tune_json_text_real(GString *out, double value, gint decimals);
/* @length bytes, which may hold anything, U+0000 too. */
void tune_json_text_string(GString *out, const char *text, gsize length);
/* As tune_time_text(). */
void tune_json_text_time(GString *out, gint64 us);
/* What is JSON already. */
void tune_json_text_raw(GString *out, const char *json, gsize length);
