/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound, scores and uploads as files named by the SHA-256 of their bytes, in a folder:
 * FOLDER/ab/abcdef..., temporary ones in FOLDER/tmp.  What is there under its name is whole: it was
 * written under a temporary name, synced, then renamed.
 *
 *     g_autoptr(TuneFileWriter) writer = tune_files_write(files, "job-1-2", &error);
 *     ... bytes to tune_file_writer_append() or to tune_file_writer_path() ...
 *     tune_file_writer_commit(writer, &stored, &error);
 *     int fd = tune_files_read(files, stored.sha256, &bytes, &error);
 *
 * The same bytes twice are one file.  Thread-safe; several processes may share the folder.
 *
 * The quota is counted in memory: by a walk at open, then by what this process adds and removes, and
 * by a new walk before anything is refused and every ten minutes (for what others do in the folder).
 * What is being written counts too.
 */
#pragma once
#include "base/log.h"
#include <gio/gio.h>

#define TUNE_FILES_ERROR (tune_files_error_quark())
GQuark tune_files_error_quark(void);
typedef enum {
    TUNE_FILES_ERROR_MISSING, /* no such file, or a name that is no hash */
    TUNE_FILES_ERROR_FULL,    /* quota or disk (507) */
    TUNE_FILES_ERROR_BROKEN,  /* its bytes are not what its name says */
    TUNE_FILES_ERROR_IO,
} TuneFilesError;

typedef struct TuneFiles TuneFiles;
typedef struct TuneFileWriter TuneFileWriter;
typedef struct TuneGrowing TuneGrowing;

typedef struct {
    const char *folder;      /* made if missing */
    guint64 quota_bytes;     /* 0: none */
    guint64 min_free_bytes;  /* refuse to write when the disk has less; 64 MiB; 0: none */
    guint temporary_age_s;   /* at open, older temporary files nobody writes are removed; 0: 3600 */
    const TuneLog *log;      /* (nullable) outliving the files */
} TuneFilesConfig;
#define TUNE_FILES_CONFIG_DEFAULT {.min_free_bytes = G_GUINT64_CONSTANT(64) << 20, .temporary_age_s = 3600}

typedef struct {
    char sha256[65];
    guint64 bytes;
} TuneStored;

TuneFiles *tune_files_open(const TuneFilesConfig *config, GError **error);
void tune_files_free(TuneFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneFiles, tune_files_free)

/* @label goes into the temporary name ("job-attempt"; letters, digits, "-_." stay), beside the process
 * and a random number, so that two attempts never share one.  A writer belongs to one thread. */
TuneFileWriter *tune_files_write(TuneFiles *self, const char *label, GError **error);
/* For code that writes by name, or puts a file of its own in that place by rename: from then on no
 * append; what is there at commit counts. */
const char *tune_file_writer_path(TuneFileWriter *self);
gboolean tune_file_writer_append(TuneFileWriter *self, gconstpointer data, gsize n_bytes,
                                 GError **error);
/* Sync, hash, put in place.  When it fails the writer stays to be freed and nothing is in place (or, when
 * the very last sync failed, a whole file that nobody asks for). */
gboolean tune_file_writer_commit(TuneFileWriter *self, TuneStored *out, GError **error);
void tune_file_writer_free(TuneFileWriter *self); /* removes the temporary file unless committed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneFileWriter, tune_file_writer_free)

/* A descriptor at offset 0, the caller's. -1 with @error. */
int tune_files_read(TuneFiles *self, const char *sha256, guint64 *bytes, GError **error);
gboolean tune_files_has(TuneFiles *self, const char *sha256);
char *tune_files_path(TuneFiles *self, const char *sha256, GError **error); /* (transfer full) */
/* Missing is no error. */
gboolean tune_files_remove(TuneFiles *self, const char *sha256, GError **error);
/* Read all of it and compare with its name. */
gboolean tune_files_verify(TuneFiles *self, const char *sha256, GError **error);
/* Every stored name; for clean-up of what no record needs. */
typedef void (*TuneFilesEach)(const char *sha256, guint64 bytes, gint64 modified_us, gpointer user_data);
void tune_files_each(TuneFiles *self, TuneFilesEach each, gpointer user_data);

typedef struct {
    guint64 files, bytes, quota_bytes, free_bytes;
} TuneFilesStats;
void tune_files_stats(TuneFiles *self, TuneFilesStats *out);

/* ---- a file that is read while it is written: one writer, any number of readers ---- */
/* Counted.  Nothing is kept in memory; a slow reader holds nobody. (transfer full) */
TuneGrowing *tune_growing_new(TuneFiles *files, const char *label, GError **error);
TuneGrowing *tune_growing_ref(TuneGrowing *self);
void tune_growing_unref(TuneGrowing *self); /* the last one removes what was not committed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneGrowing, tune_growing_unref)
/* One writer's thread.  After an error only tune_growing_fail() is left. */
gboolean tune_growing_append(TuneGrowing *self, gconstpointer data, gsize n_bytes, GError **error);
/* The end: put in place under its hash; or failed, and readers are told so.  A commit that fails has
 * failed the file.  Readers go on either way. */
gboolean tune_growing_commit(TuneGrowing *self, TuneStored *out, GError **error);
void tune_growing_fail(TuneGrowing *self);
typedef enum { TUNE_GROWING_MORE, TUNE_GROWING_DONE, TUNE_GROWING_FAILED } TuneGrowingState;
TuneGrowingState tune_growing_state(TuneGrowing *self, guint64 *bytes);
/* Bytes read at @offset: > 0; 0: nothing there yet, or the end when the state is DONE; -1: cannot be
 * read, or the file has failed and has no more.  Waits for nobody. */
gssize tune_growing_pread(TuneGrowing *self, void *buffer, gsize size, guint64 offset);
/* Called after every append and at the end, on the writer's thread; must be quick.  Not called for what
 * was there before: look at the state after watching. */
guint tune_growing_watch(TuneGrowing *self, void (*changed)(gpointer user_data), gpointer user_data);
void tune_growing_unwatch(TuneGrowing *self, guint id); /* no call of it is under way after */
