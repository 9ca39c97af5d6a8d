/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/room.h"
#include "base/machine.h"
#include "cli/option.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define MIB (1024.0 * 1024.0)

typedef struct {
    dev_t device;
    char *folder;
    guint64 wanted;
} Disk;

struct TuneRoom {
    GArray *disks; /* Disk */
};

static void clear_disk(gpointer data)
{
    g_free(((Disk *)data)->folder);
}

TuneRoom *tune_room_new(void)
{
    TuneRoom *self = g_new0(TuneRoom, 1);

    self->disks = g_array_new(FALSE, TRUE, sizeof(Disk));
    g_array_set_clear_func(self->disks, clear_disk);
    return self;
}

void tune_room_free(TuneRoom *self)
{
    g_array_unref(self->disks);
    g_free(self);
}

void tune_room_want(TuneRoom *self, const char *folder, guint64 bytes)
{
    struct stat facts;

    if (stat(folder, &facts) != 0)
        return;
    for (guint i = 0; i < self->disks->len; i++) {
        Disk *disk = &g_array_index(self->disks, Disk, i);
        if (disk->device == facts.st_dev) {
            disk->wanted += bytes;
            return;
        }
    }
    Disk disk = {facts.st_dev, g_strdup(folder), bytes};
    g_array_append_val(self->disks, disk);
}

gboolean tune_room_check(const TuneRoom *self, GError **error)
{
    for (guint i = 0; i < self->disks->len; i++) {
        const Disk *disk = &g_array_index(self->disks, Disk, i);
        struct statvfs facts;
        if (statvfs(disk->folder, &facts) != 0 || facts.f_blocks == 0)
            continue;
        guint64 there = (guint64)facts.f_bavail * facts.f_frsize;
        if (there >= disk->wanted)
            continue;
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                    "disk: %s has %.1f MiB free, and %.1f MiB are needed; nothing was rendered",
                    disk->folder, (double)there / MIB, (double)disk->wanted / MIB);
        return FALSE;
    }
    return TRUE;
}

gboolean tune_room_check_memory(guint64 bytes, GError **error)
{
    guint64 there = tune_machine_memory_available();

    if (there == 0 || there >= bytes)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                "memory: %.0f MiB are available, and about %.0f MiB are needed; nothing was rendered",
                (double)there / MIB, (double)bytes / MIB);
    return FALSE;
}
