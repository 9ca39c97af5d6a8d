/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the file lies in a body that was sent: all of it, or one part of a form (RFC 7578,
 * multipart/form-data), as browsers and curl -F send it.
 *
 *     TuneUploadPart part;
 *     if (!tune_upload_part_find(fd, size, content_type, &part, &error)) ...
 *     ... pread(fd, block, n, part.offset) ...
 */
#pragma once
#include <gio/gio.h>

typedef struct {
    guint64 offset, length;
    char name[201]; /* as the sender called it, for showing only; "" when it said none */
} TuneUploadPart;

/* The first part with a file name, or the first named "file".  TUNE_API_ERROR 422 for a form that is broken or
 * has no such part.  Reads the file once, a block at a time. */
gboolean tune_upload_part_find(int fd, guint64 size, const char *content_type, TuneUploadPart *out,
                               GError **error);
/* What is left of a name when nothing of it can do harm: its last segment, no control characters, at most 200
 * bytes of UTF-8. */
void tune_upload_name_clean(const char *name, char out[201]);
