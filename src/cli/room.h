/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Is there room on the disks and in memory for what a run is about to make?
 *
 *     g_autoptr(TuneRoom) room = tune_room_new();
 *     tune_room_want(room, "/tmp", 40000000);
 *     tune_room_want(room, "/home/me", 10000000);
 *     tune_room_check(room, &error);
 */
#pragma once
#include <glib.h>

typedef struct TuneRoom TuneRoom;

TuneRoom *tune_room_new(void); /* (transfer full) */
void tune_room_free(TuneRoom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneRoom, tune_room_free)

/* So many bytes will be written into @folder; what goes to one file system is added up. */
void tune_room_want(TuneRoom *self, const char *folder, guint64 bytes);

/* FALSE with TUNE_CLI_ERROR_MISSING, naming folder, need and free space, when a file system has less than
 * what is wanted.  One that does not tell its free space passes. */
gboolean tune_room_check(const TuneRoom *self, GError **error);

/* FALSE with TUNE_CLI_ERROR_MISSING when the system has less than @bytes of memory available. */
gboolean tune_room_check_memory(guint64 bytes, GError **error);
