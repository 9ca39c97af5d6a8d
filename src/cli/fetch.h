/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Large files by HTTPS: what broke off goes on where it stopped, also in another run of the program; what
 * arrives is believed when its hash is the one announced.
 *
 *     g_autoptr(TuneFetcher) fetcher = tune_fetcher_new("https://hub.example", cancellable);
 *     tune_fetcher_file(fetcher, url, path, &announced, &error);
 *
 * One thread.
 */
#pragma once
#include <gio/gio.h>

typedef struct TuneFetcher TuneFetcher;

/* What the server says a file is. */
typedef struct {
    guint64 bytes;
    const char *sha256; /* hex (nullable) */
    const char *blob;   /* git's identity of it, SHA-1 in hex: looked at without sha256 (nullable) */
} TuneAnnounced;

/* @base begins with https:// (then no redirect leads to plain HTTP) or http://. (transfer full) */
TuneFetcher *tune_fetcher_new(const char *base, GCancellable *cancellable);
void tune_fetcher_free(TuneFetcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneFetcher, tune_fetcher_free)
/* @tell is called with the bytes of the file at hand that are there. */
void tune_fetcher_watch(TuneFetcher *self, void (*tell)(guint64 bytes, gpointer data), gpointer data);

/* A text of at most @limit bytes. TUNE_CLI_ERROR_REMOTE names @url and says why. (transfer full) */
char *tune_fetcher_text(TuneFetcher *self, const char *url, gsize limit, gsize *length, GError **error);
/* Into @path, by way of @path.part.  TUNE_CLI_ERROR_REMOTE: gone, refused, broken off too often, or not
 * what was announced; _MISSING: cannot be written; G_IO_ERROR_CANCELLED.  What has come stays in the part
 * unless it was wrong. */
gboolean tune_fetcher_file(TuneFetcher *self, const char *url, const char *path,
                           const TuneAnnounced *announced, GError **error);
/* Bytes that are there of @path: all, or the part. */
guint64 tune_fetcher_has(const char *path);
