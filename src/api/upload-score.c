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

TuneScore *tune_upload_score(TuneApi *api, const char *id, const TuneCaller *caller, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(json_t) record =
        tune_upload_get(api->store, id, caller->admin ? NULL : caller->user_id, &failure);

    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (record == NULL) {
        g_set_error_literal(error, TUNE_API_ERROR, 404, "there is no such upload of yours");
        return NULL;
    }
    const char *kind = json_string_value(json_object_get(record, "kind"));
    if (strcmp(kind, "audio") == 0) {
        g_set_error_literal(error, TUNE_API_ERROR, 422,
                            "notes are wanted (MIDI, MusicXML, ABC), and this upload is sound");
        return NULL;
    }
    g_autofree char *path = tune_files_path(
        api->files, json_string_value(json_object_get(record, "sha256")), error);
    return path != NULL
               ? tune_upload_read_score(path, json_string_value(json_object_get(record, "name")), error)
               : NULL;
}
