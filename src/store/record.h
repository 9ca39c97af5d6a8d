/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How values of records look in JSON, the same in every kind of record.
 */
#pragma once
#include "store/store.h"

/* "2026-01-31T12:00:00.123456Z" of microseconds since 1970. (transfer full) */
json_t *tune_record_time(gint64 us);
/* A column as a member of @object: text, time or parsed JSON; a null column adds no member. */
void tune_record_set_text(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column);
void tune_record_set_time(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column);
void tune_record_set_json(json_t *object, const char *key, const TuneRows *rows, guint row,
                          guint column);
