/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/access.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MAX_WAITING (4u << 20) /* bytes */
#define FLUSH_US (100 * G_TIME_SPAN_MILLISECOND)

struct TuneAccessLog {
    gint form; /* TuneAccessForm, atomic */
    int fd;
    GThread *writer;
    GMutex lock;
    GCond wake;
    GString *waiting; /* under lock */
    guint64 dropped;  /* under lock */
    gboolean ending;  /* under lock */
};

static TuneAccessForm form_of(const char *name)
{
    return strcmp(name, "json") == 0   ? TUNE_ACCESS_JSON
           : strcmp(name, "text") == 0 ? TUNE_ACCESS_TEXT
                                       : TUNE_ACCESS_OFF;
}

static char *time_text(gint64 us)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);
    g_autofree char *seconds = g_date_time_format(when, "%Y-%m-%dT%H:%M:%S");

    return g_strdup_printf("%s.%03dZ", seconds, (int)(us % G_USEC_PER_SEC / 1000));
}

static char *json_line(const TuneAccessEntry *entry)
{
    g_autofree char *when = time_text(entry->time_us);
    g_autoptr(json_t) line = json_pack(
        "{s:s, s:s, s:s, s:s, s:s?, s:i, s:I, s:o, s:s, s:s?, s:s}", "time", when, "address",
        entry->address, "method", entry->method, "target", entry->target, "route", entry->route,
        "status", (int)entry->status, "bytes", (json_int_t)entry->bytes, "duration_ms",
        tune_json_real((double)entry->duration_us / 1000, 3), "request_id", entry->request_id,
        "user", *entry->user != '\0' ? entry->user : NULL, "level",
        entry->status >= 500 ? "error" : "info");
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    return text != NULL ? text : g_strdup("");
}

char *tune_access_line(TuneAccessForm form, const TuneAccessEntry *entry)
{
    if (form == TUNE_ACCESS_JSON) {
        g_autofree char *text = json_line(entry);
        return g_strconcat(text, "\n", NULL);
    }
    g_autofree char *when = time_text(entry->time_us);
    /* The target came over the wire: nothing in it may end the quotation or the line. */
    g_autofree char *target = g_strescape(entry->target, NULL);
    return g_strdup_printf("%s %s %s \"%s %s\" %u %" G_GUINT64_FORMAT " %.1fms %s\n", when,
                           entry->address, *entry->user != '\0' ? entry->user : "-", entry->method,
                           target, entry->status, entry->bytes, (double)entry->duration_us / 1000,
                           entry->request_id);
}

static void write_all(int fd, const char *text, gsize length)
{
    while (length > 0) {
        gssize done = write(fd, text, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; /* nobody reads the log: there is nobody to tell */
        text += done;
        length -= (gsize)done;
    }
}

static gpointer run(gpointer user_data)
{
    TuneAccessLog *self = user_data;
    gboolean ending = FALSE;

    while (!ending) {
        g_autoptr(GString) lines = g_string_sized_new(4096);
        g_mutex_lock(&self->lock);
        gint64 until = g_get_monotonic_time() + FLUSH_US;
        while (!self->ending && g_cond_wait_until(&self->wake, &self->lock, until))
            ;
        ending = self->ending;
        GString *taken = self->waiting;
        self->waiting = g_steal_pointer(&lines);
        guint64 dropped = self->dropped;
        self->dropped = 0;
        g_mutex_unlock(&self->lock);
        if (dropped > 0)
            g_string_append_printf(taken, "%" G_GUINT64_FORMAT " lines of this log were dropped\n",
                                   dropped);
        write_all(self->fd, taken->str, taken->len);
        g_string_free(taken, TRUE);
    }
    return NULL;
}

TuneAccessLog *tune_access_log_new(const char *form, int fd)
{
    TuneAccessLog *self = g_new0(TuneAccessLog, 1);

    self->form = form_of(form);
    self->fd = fd;
    g_mutex_init(&self->lock);
    g_cond_init(&self->wake);
    self->waiting = g_string_new(NULL);
    self->writer = g_thread_new("access-log", run, self);
    return self;
}

void tune_access_log_free(TuneAccessLog *self)
{
    if (self == NULL)
        return;
    g_mutex_lock(&self->lock);
    self->ending = TRUE;
    g_cond_signal(&self->wake);
    g_mutex_unlock(&self->lock);
    g_thread_join(self->writer);
    g_string_free(self->waiting, TRUE);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->wake);
    g_free(self);
}

void tune_access_log_set_form(TuneAccessLog *self, const char *form)
{
    g_atomic_int_set(&self->form, (gint)form_of(form));
}

void tune_access_log_add(TuneAccessLog *self, const TuneAccessEntry *entry)
{
    TuneAccessForm form = (TuneAccessForm)g_atomic_int_get(&self->form);

    if (form == TUNE_ACCESS_OFF)
        return;
    g_autofree char *line = tune_access_line(form, entry);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&self->lock);
    if (self->waiting->len > MAX_WAITING)
        self->dropped++;
    else
        g_string_append(self->waiting, line);
}
