/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/uploads.h"
#include "score/format.h"
#include "store/uploads.h"

#include <string.h>

#define MOST_SCORE (16u << 20)

TuneScore *tune_upload_read_score(const char *path, const char *name, GError **error)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

    if (file == NULL)
        return NULL;
    if (g_mapped_file_get_length(file) > MOST_SCORE) {
        g_set_error(error, TUNE_API_ERROR, 413, "a score may have %u MiB at most", MOST_SCORE >> 20);
        return NULL;
    }
    return tune_score_read(name, (const guint8 *)g_mapped_file_get_contents(file),
                           g_mapped_file_get_length(file), error);
}

/* The record of an upload that the caller may use. (transfer full) */
static json_t *own_upload(TuneApi *api, const char *id, const TuneCaller *caller, GError **error)
{
    g_autoptr(GError) failure = NULL;
    json_t *record =
        tune_upload_get(api->store, id, caller->admin ? NULL : caller->user_id, &failure);

    if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    else if (record == NULL)
        g_set_error_literal(error, TUNE_API_ERROR, 404, "there is no such upload of yours");
    return record;
}

static gboolean is_sound(const json_t *record)
{
    return strcmp(json_string_value(json_object_get(record, "kind")), "audio") == 0;
}

TuneScore *tune_upload_score(TuneApi *api, const char *id, const TuneCaller *caller, GError **error)
{
    g_autoptr(json_t) record = own_upload(api, id, caller, error);

    if (record == NULL)
        return NULL;
    if (is_sound(record)) {
        g_set_error_literal(error, TUNE_API_ERROR, 422,
                            "notes are wanted (MIDI, MusicXML, ABC), and this upload is sound; the "
                            "engine musicgen takes sound");
        return NULL;
    }
    g_autofree char *path = tune_files_path(
        api->files, json_string_value(json_object_get(record, "sha256")), error);
    return path != NULL
               ? tune_upload_read_score(path, json_string_value(json_object_get(record, "name")), error)
               : NULL;
}

char *tune_upload_sound(TuneApi *api, const char *id, const TuneCaller *caller, GError **error)
{
    g_autoptr(json_t) record = own_upload(api, id, caller, error);

    if (record == NULL)
        return NULL;
    if (is_sound(record))
        return g_strdup(json_string_value(json_object_get(record, "sha256")));
    g_set_error_literal(error, TUNE_API_ERROR, 422, "a recording is wanted, and this upload is notes");
    return NULL;
}
