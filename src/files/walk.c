/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Walks through the folder: what is stored, and what was left behind.
 */
#include "files/files-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A stream of its own over the folder @name in @at; NULL when it cannot be read. */
static DIR *open_stream(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    if (stream == NULL && fd >= 0)
        close(fd);
    return stream;
}

static gint64 modified_us(const struct stat *info)
{
    return (gint64)info->st_mtim.tv_sec * G_USEC_PER_SEC + info->st_mtim.tv_nsec / 1000;
}

void tune_files_each(TuneFiles *self, TuneFilesEach each, gpointer user_data)
{
    for (guint i = 0; i < 256; i++) {
        char name[3];

        snprintf(name, sizeof name, "%02x", i);
        DIR *shelf = open_stream(self->folder_fd, name);
        if (shelf == NULL)
            continue;
        for (struct dirent *entry; (entry = readdir(shelf)) != NULL;) {
            struct stat info;

            if (tune_files_is_hash(entry->d_name) && strncmp(entry->d_name, name, 2) == 0 &&
                fstatat(dirfd(shelf), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(info.st_mode))
                each(entry->d_name, (guint64)info.st_size, modified_us(&info), user_data);
        }
        closedir(shelf);
    }
}

/* Writers hold a lock that ends with their process, however it ends; what code of others wrote by
 * name has none, so that age decides there. */
static gboolean is_left_behind(int folder_fd, const char *name, gint64 before_us)
{
    struct stat info;

    if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || modified_us(&info) > before_us)
        return FALSE;
    if (!S_ISREG(info.st_mode))
        return !S_ISDIR(info.st_mode);
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return FALSE;
    gboolean nobodys = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return nobodys;
}

void tune_files_clean(TuneFiles *self, guint age_s)
{
    DIR *stream = open_stream(self->temporary_fd, ".");
    gint64 before_us = g_get_real_time() - (gint64)age_s * G_USEC_PER_SEC;
    guint removed = 0;

    if (stream == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            is_left_behind(self->temporary_fd, entry->d_name, before_us) &&
            unlinkat(self->temporary_fd, entry->d_name, 0) == 0)
            removed++;
    closedir(stream);
    if (removed > 0)
        tune_log(self->log, TUNE_LOG_INFO, "%s: removed %u temporary file%s left behind",
                 self->folder, removed, removed == 1 ? "" : "s");
}
