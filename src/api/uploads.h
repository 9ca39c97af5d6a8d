/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that somebody brought: sound, MIDI, MusicXML, ABC.  The routes are in uploads.c; this is what others
 * need of them.
 */
#pragma once
#include "api/api.h"
#include "score/score.h"

/* The notes of upload @id, which must be the caller's own (or anybody's for an admin) and hold notes:
 * TUNE_API_ERROR 404 or 422. (transfer full) */
TuneScore *tune_upload_score(TuneApi *api, const char *id, const TuneCaller *caller, GError **error);
/* The SHA-256 of a recording in the file store; else the same errors. (transfer full) */
char *tune_upload_sound(TuneApi *api, const char *id, const TuneCaller *caller, GError **error);
/* A score in a file; @name stands for it in messages.  TUNE_API_ERROR 413 over 16 MiB. (transfer full) */
TuneScore *tune_upload_read_score(const char *path, const char *name, GError **error);
