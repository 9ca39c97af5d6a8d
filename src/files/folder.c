/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The folder itself: names, putting in place, reading, removing.  All paths are relative to
 * descriptors of the folder, so that no link in a name leads elsewhere.
 *
 * A file is put in place by a rename over whatever has the name: the bytes are the same by
 * definition, a copy that has rotted is healed, its age starts anew (so that a clean-up of old
 * files that nobody needs does not take one that has just been wanted again), and readers keep what
 * they have open.
 */
#include "files/files-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

G_DEFINE_QUARK(tune - files - error - quark, tune_files_error)

/* "ab/abcdef..." */
typedef struct {
    char name[3 + 64 + 1];
} FinalName;

gboolean tune_files_fail(int code, const char *doing, GError **error)
{
    if (code == ENOSPC || code == EDQUOT)
        g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL, "%s: the disk is full", doing);
    else
        g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_IO, "%s: %s", doing,
                    g_strerror(code));
    return FALSE;
}

gboolean tune_files_is_hash(const char *text)
{
    gsize n = 0;

    for (; text[n] != '\0' && n < 65; n++)
        if (!g_ascii_isdigit(text[n]) && !(text[n] >= 'a' && text[n] <= 'f'))
            return FALSE;
    return n == 64;
}

static gboolean final_name(const char *sha256, FinalName *out, GError **error)
{
    if (sha256 == NULL || !tune_files_is_hash(sha256)) {
        g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_MISSING,
                    "a stored file is named by 64 digits 0-9 a-f");
        return FALSE;
    }
    snprintf(out->name, sizeof out->name, "%.2s/%s", sha256, sha256);
    return TRUE;
}

/* ---- open ---- */

static int make_folder(int at, const char *name, GError **error)
{
    g_autofree char *doing = g_strdup_printf("the folder %s", name);

    if (mkdirat(at, name, 0750) != 0 && errno != EEXIST) {
        tune_files_fail(errno, doing, error);
        return -1;
    }
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        tune_files_fail(errno, doing, error);
    return fd;
}

static gboolean check_writable(TuneFiles *self, GError **error)
{
    if (faccessat(self->temporary_fd, ".", W_OK | X_OK, 0) == 0)
        return TRUE;
    g_autofree char *doing = g_strdup_printf("writing to the folder %s", self->folder);
    return tune_files_fail(errno, doing, error);
}

TuneFiles *tune_files_open(const TuneFilesConfig *config, GError **error)
{
    g_return_val_if_fail(config != NULL && config->folder != NULL, NULL);
    TuneFiles *self = g_new0(TuneFiles, 1);

    self->folder = g_canonicalize_filename(config->folder, NULL);
    self->quota_bytes = config->quota_bytes;
    self->min_free_bytes = config->min_free_bytes;
    self->log = config->log;
    self->folder_fd = self->temporary_fd = -1;
    pthread_mutex_init(&self->lock, NULL);
    g_autofree char *parent = g_path_get_dirname(self->folder);
    g_mkdir_with_parents(parent, 0750); /* what is wrong with it is said by the next step */
    self->folder_fd = make_folder(AT_FDCWD, self->folder, error);
    if (self->folder_fd >= 0)
        self->temporary_fd = make_folder(self->folder_fd, "tmp", error);
    if (self->temporary_fd < 0 || !check_writable(self, error)) {
        tune_files_free(self);
        return NULL;
    }
    tune_files_clean(self, config->temporary_age_s == 0 ? 3600 : config->temporary_age_s);
    tune_files_count(self);
    return self;
}

void tune_files_free(TuneFiles *self)
{
    if (self == NULL)
        return;
    if (self->temporary_fd >= 0)
        close(self->temporary_fd);
    if (self->folder_fd >= 0)
        close(self->folder_fd);
    pthread_mutex_destroy(&self->lock);
    g_free(self->folder);
    g_free(self);
}

/* ---- putting in place ---- */

/* A descriptor of FOLDER/ab, made when missing.  A new one is synced into its parent, or a power
 * cut could take it away with all that is in it. */
static int open_shelf(TuneFiles *self, const char *sha256, GError **error)
{
    char name[3] = {sha256[0], sha256[1], '\0'};
    gboolean made = mkdirat(self->folder_fd, name, 0750) == 0;

    if (!made && errno != EEXIST) {
        tune_files_fail(errno, "making a folder for a file", error);
        return -1;
    }
    int fd = openat(self->folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || (made && fsync(self->folder_fd) != 0)) {
        tune_files_fail(errno, "making a folder for a file", error);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Returns 0 or errno; *replaced_bytes is the size of what had the name, -1 for nothing.  Called
 * with the lock held. */
static int rename_over(TuneFiles *self, const char *temporary, int shelf_fd, const char *name,
                       gint64 *replaced_bytes)
{
    struct stat old;

    *replaced_bytes = -1;
    /* Two processes may bring the same bytes: who loses the first rename knows that it counts
     * nothing. */
    if (renameat2(self->temporary_fd, temporary, shelf_fd, name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EEXIST && errno != EINVAL && errno != ENOSYS)
        return errno;
    if (fstatat(shelf_fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0)
        *replaced_bytes = old.st_size;
    return renameat(self->temporary_fd, temporary, shelf_fd, name) == 0 ? 0 : errno;
}

gboolean tune_files_put(TuneFiles *self, const char *temporary, const TuneStored *stored,
                        guint64 n_booked, GError **error)
{
    gint64 replaced;
    int shelf_fd = open_shelf(self, stored->sha256, error);

    if (shelf_fd < 0)
        return FALSE;
    pthread_mutex_lock(&self->lock);
    int code = rename_over(self, temporary, shelf_fd, stored->sha256, &replaced);
    if (code == 0) {
        self->n_changes++;
        self->n_files += replaced < 0;
        self->n_bytes += stored->bytes;
        self->n_bytes -= MIN((guint64)MAX(replaced, 0), self->n_bytes);
        self->writing -= MIN(n_booked, self->writing);
    }
    pthread_mutex_unlock(&self->lock);
    if (code == 0 && fsync(shelf_fd) != 0)
        code = errno;
    close(shelf_fd);
    return code == 0 || tune_files_fail(code, "putting a file in place", error);
}

/* ---- reading and removing ---- */

int tune_files_read(TuneFiles *self, const char *sha256, guint64 *bytes, GError **error)
{
    FinalName final;
    struct stat info;

    if (!final_name(sha256, &final, error))
        return -1;
    int fd = openat(self->folder_fd, final.name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int code = fd < 0 ? errno : 0;
    if (fd >= 0 && fstat(fd, &info) != 0)
        code = errno;
    if (code == 0 && S_ISREG(info.st_mode)) {
        if (bytes != NULL)
            *bytes = (guint64)info.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    if (code == 0 || code == ENOENT || code == ENOTDIR || code == ELOOP)
        g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_MISSING,
                    "there is no stored file %.12s...", sha256);
    else
        tune_files_fail(code, "reading a stored file", error);
    return -1;
}

gboolean tune_files_has(TuneFiles *self, const char *sha256)
{
    int fd = tune_files_read(self, sha256, NULL, NULL);

    if (fd < 0)
        return FALSE;
    close(fd);
    return TRUE;
}

char *tune_files_path(TuneFiles *self, const char *sha256, GError **error)
{
    FinalName final;
    int fd = tune_files_read(self, sha256, NULL, error);

    if (fd < 0)
        return NULL;
    close(fd);
    final_name(sha256, &final, NULL);
    return g_build_filename(self->folder, final.name, NULL);
}

gboolean tune_files_remove(TuneFiles *self, const char *sha256, GError **error)
{
    FinalName final;
    struct stat info = {0};

    if (!final_name(sha256, &final, error))
        return FALSE;
    pthread_mutex_lock(&self->lock);
    int code = fstatat(self->folder_fd, final.name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                       unlinkat(self->folder_fd, final.name, 0) == 0
                   ? 0
                   : errno;
    if (code == 0) {
        self->n_changes++;
        self->n_files -= MIN(1, self->n_files);
        self->n_bytes -= MIN((guint64)info.st_size, self->n_bytes);
    }
    pthread_mutex_unlock(&self->lock);
    return code == 0 || code == ENOENT || code == ENOTDIR ||
           tune_files_fail(code, "removing a stored file", error);
}

gboolean tune_files_verify(TuneFiles *self, const char *sha256, GError **error)
{
    int fd = tune_files_read(self, sha256, NULL, error);

    if (fd < 0)
        return FALSE;
    TuneStored stored;
    gboolean read = tune_files_hash(fd, &stored, error);
    close(fd);
    if (read && strcmp(stored.sha256, sha256) != 0) {
        g_set_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_BROKEN,
                    "the stored file %.12s... is damaged: its bytes have the hash %.12s...", sha256,
                    stored.sha256);
        return FALSE;
    }
    return read;
}
