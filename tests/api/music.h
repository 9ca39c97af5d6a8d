/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pieces for tests of the music routes: ordered, waited for.
 */
#pragma once
#include "rig.h"

/* Settings of a service that makes sound. */
extern const char *const music_settings[];

#define MUSIC_SHORT "{\"prompt\": \"calm solo piano\", \"duration\": 5, \"seed\": 7}"

/* POST /api/v1/generate of @body with @fields (nullable), which must be accepted; the task's id.
 * (transfer full) */
char *music_order(Rig *rig, const char *fields, const char *body);
/* Its status once that is final; at most two minutes. */
Reply *music_wait(Rig *rig, const char *fields, const char *id);
/* Both, and it must have been completed. (transfer full) */
char *music_make(Rig *rig, const char *fields, const char *body);
/* ask() of a target made by printf. */
Reply *music_ask(Rig *rig, const char *method, const char *fields, const char *body,
                 const char *target, ...) G_GNUC_PRINTF(5, 6);
/* "Authorization: Bearer ...\r\n" of a new user. (transfer full) */
char *music_user(Rig *rig, const char *email);
