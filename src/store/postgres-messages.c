/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection listens and sends.  What one process sends several times before it gets through is
 * sent once.
 */
#include "store/postgres-private.h"

#include <poll.h>
#include <string.h>

#define WAIT_MS      5000
#define RETRY_MS     100
#define HEARTBEAT_MS 10000 /* a network that was cut is noticed this late */

static const TuneStatement NOTIFY = {"notify", "SELECT pg_notify($1, $2)", NULL};

typedef struct {
    TuneMessages *messages;
    TunePgPool *pool;
    TunePg *connection; /* NULL: away */
    guint version;      /* of the channels listened to */
    char **channels;
    gboolean was_connected;
} Carrier;

static gboolean run_text(Carrier *self, const char *text)
{
    TunePgCommand command = {.text = text};
    g_autoptr(TuneRows) rows = tune_pg_run(self->connection, &command, 1, WAIT_MS, NULL, NULL);
    return rows != NULL;
}

/* Brings the channels up to date.  Names are [a-z_]+ (checked by the store). */
static gboolean listen_to_all(Carrier *self)
{
    guint version = self->version;
    char **wanted = tune_messages_channels(self->messages, &version);

    if (wanted == NULL)
        return TRUE;
    gboolean ok = TRUE;
    for (guint i = 0; wanted[i] != NULL && ok; i++) {
        if (self->channels != NULL &&
            g_strv_contains((const char *const *)self->channels, wanted[i]))
            continue;
        g_autofree char *text = g_strdup_printf("LISTEN %s", wanted[i]);
        ok = run_text(self, text);
    }
    for (guint i = 0; self->channels != NULL && self->channels[i] != NULL && ok; i++) {
        if (g_strv_contains((const char *const *)wanted, self->channels[i]))
            continue;
        g_autofree char *text = g_strdup_printf("UNLISTEN %s", self->channels[i]);
        ok = run_text(self, text);
    }
    g_strfreev(self->channels);
    self->channels = wanted;
    if (ok) {
        self->version = version;
        tune_messages_heard(self->messages, version);
    }
    return ok;
}

static gboolean is_repeated(const GPtrArray *messages, guint at)
{
    const TuneMessage *message = messages->pdata[at];
    for (guint i = at > 64 ? at - 64 : 0; i < at; i++) {
        const TuneMessage *other = messages->pdata[i];
        if (g_str_equal(message->channel, other->channel) &&
            g_str_equal(message->payload, other->payload))
            return TRUE;
    }
    return FALSE;
}

/* In round trips of up to 64; those of a failed one are sent once more on the next connection. */
static gboolean send_all(Carrier *self, GPtrArray *messages)
{
    guint at = 0;
    while (at < messages->len) {
        TuneParams params[64];
        TunePgCommand commands[64];
        guint n = 0, start = at;
        for (; at < messages->len && n < G_N_ELEMENTS(commands); at++) {
            const TuneMessage *message = messages->pdata[at];
            if (is_repeated(messages, at))
                continue;
            params[n].n = 2;
            params[n].at[0] = (TuneParam){.type = 't', .text = message->channel};
            params[n].at[1] = (TuneParam){.type = 't', .text = message->payload};
            commands[n] = (TunePgCommand){.statement = &NOTIFY, .params = &params[n]};
            n++;
        }
        g_autoptr(TuneRows) rows = tune_pg_run(self->connection, commands, n, WAIT_MS, NULL, NULL);
        if (rows == NULL) {
            g_ptr_array_remove_range(messages, 0, start);
            return FALSE;
        }
    }
    return TRUE;
}

static void deliver_all(Carrier *self)
{
    PGnotify *notify;
    while ((notify = PQnotifies(self->connection->pg)) != NULL) {
        tune_messages_deliver(self->messages, notify->relname, notify->extra);
        PQfreemem(notify);
    }
}

static void disconnect(Carrier *self)
{
    tune_pg_close(g_steal_pointer(&self->connection));
    g_clear_pointer(&self->channels, g_strfreev);
    self->version = 0;
}

static void reconnect(Carrier *self)
{
    self->connection = tune_pg_pool_open(self->pool, NULL);
    if (self->connection == NULL)
        return;
    if (!listen_to_all(self))
        disconnect(self);
    else if (self->was_connected)
        tune_messages_missed(self->messages);
    self->was_connected = TRUE;
}

/* FALSE: the connection is gone. */
static gboolean wait(Carrier *self)
{
    struct pollfd waited[] = {
        {.fd = tune_messages_wake_fd(self->messages), .events = POLLIN},
        {.fd = PQsocket(self->connection->pg), .events = POLLIN},
    };
    int n = poll(waited, 2, HEARTBEAT_MS);
    if (n == 0)
        return run_text(self, "SELECT 1");
    return waited[1].revents == 0 || PQconsumeInput(self->connection->pg) == 1;
}

/* One round: send, listen, deliver, wait. */
static gboolean go_round(Carrier *self, GPtrArray **unsent)
{
    if (*unsent == NULL)
        *unsent = tune_messages_take(self->messages);
    if (*unsent != NULL && !send_all(self, *unsent))
        return FALSE;
    gboolean sent = *unsent != NULL;
    g_clear_pointer(unsent, g_ptr_array_unref);
    if (!listen_to_all(self))
        return FALSE;
    deliver_all(self);
    return sent || wait(self);
}

void tune_pg_carry_messages(TuneMessages *messages, gpointer pool)
{
    Carrier self = {.messages = messages, .pool = pool};
    GPtrArray *unsent = NULL;

    while (!tune_messages_stopping(messages)) {
        if (self.connection == NULL) {
            reconnect(&self);
            if (self.connection == NULL) {
                struct pollfd waited = {.fd = tune_messages_wake_fd(messages), .events = POLLIN};
                poll(&waited, 1, RETRY_MS);
                if (waited.revents != 0)
                    g_usleep(RETRY_MS * 1000);
            }
        } else if (!go_round(&self, &unsent)) {
            disconnect(&self);
        }
    }
    /* The last ones, as far as they go. */
    if (unsent == NULL)
        unsent = tune_messages_take(messages);
    if (unsent != NULL && self.connection != NULL)
        send_all(&self, unsent);
    g_clear_pointer(&unsent, g_ptr_array_unref);
    disconnect(&self);
}
