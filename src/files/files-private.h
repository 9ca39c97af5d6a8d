/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the room shares inside: the folder's descriptors and the account of its bytes.
 */
#pragma once
#include "files/files.h"

#include <pthread.h>

#define TUNE_FILES_BLOCK (64u * 1024u)

struct TuneFiles {
    char *folder;
    int folder_fd, temporary_fd;
    guint64 quota_bytes, min_free_bytes;
    const TuneLog *log;

    pthread_mutex_t lock;     /* what follows; names appear and disappear under it too */
    guint64 n_files, n_bytes; /* in place */
    guint64 writing;          /* bytes of temporary files of this process */
    guint64 n_changes;        /* names that came and went */
    gint64 counted_us;        /* monotonic: when the folder was last walked */
};

/* TUNE_FILES_ERROR_FULL for a full disk or quota, else _IO; the message names what was done. Always
 * FALSE. */
gboolean tune_files_fail(int code, const char *doing, GError **error);

/* May @n_more bytes be written beside what there is?  They are booked as being written until
 * tune_files_unbook(). */
gboolean tune_files_book(TuneFiles *self, guint64 n_more, GError **error);
void tune_files_unbook(TuneFiles *self, guint64 n_bytes);
/* Walk the folder and put the count right. */
void tune_files_count(TuneFiles *self);
/* Remove temporary files older than @age_s that nobody writes. */
void tune_files_clean(TuneFiles *self, guint age_s);
/* Does the disk still have min_free_bytes? */
gboolean tune_files_check_free(TuneFiles *self, GError **error);

/* Rename @temporary (in FOLDER/tmp) to its final name, and make that last through a power cut.  Its
 * @n_booked bytes are stored now and no longer being written. */
gboolean tune_files_put(TuneFiles *self, const char *temporary, const TuneStored *stored,
                        guint64 n_booked, GError **error);

/* Hash and size of all that @fd has. */
gboolean tune_files_hash(int fd, TuneStored *out, GError **error);
/* A descriptor of the same file, to read from; -1 with @error. */
int tune_file_writer_reader(TuneFileWriter *self, GError **error);

gboolean tune_files_is_hash(const char *text);
