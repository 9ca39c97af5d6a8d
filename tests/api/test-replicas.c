/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * With a replica that stands still, who orders something finds it in their history at once.
 */
#include "rig.h"

#define PATIENCE_US (30 * G_TIME_SPAN_SECOND)
#define N_ROUNDS    2

static void wait_for_replica(Rig *rig)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        g_autoptr(Reply) stats = ask(rig, "GET", "/api/v1/performance/stats", NULL, NULL);
        if (whole(stats, "database.replicas_up") == 1)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(20000);
    }
}

static void wait_for_copies(const TestServer *replica, guint n)
{
    gint64 until = g_get_monotonic_time() + PATIENCE_US;

    for (;;) {
        g_autofree char *there = test_sql(replica->url, "SELECT count(*) FROM generations");
        if (g_ascii_strtoull(there, NULL, 10) == n)
            return;
        g_assert_cmpint(g_get_monotonic_time(), <, until);
        g_usleep(20000);
    }
}

static char *order(Rig *rig, guint number)
{
    g_autofree char *body =
        g_strdup_printf("{\"prompt\": \"calm piano\", \"duration\": 5, \"seed\": %u}", number);
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/generate", NULL, body);

    assert_status(reply, 202);
    return g_strdup(text(reply, "task_id"));
}

static void check_own_writes(Rig *rig, const TestServer *replica)
{
    for (guint round = 0; round < N_ROUNDS; round++) {
        wait_for_replica(rig);
        g_autofree char *before = order(rig, 2 * round);
        wait_for_copies(replica, 2 * round + 1);
        /* From here on it stands still, but for two seconds it does not count as behind. */
        g_free(test_sql(replica->url, "SELECT pg_wal_replay_pause()"));
        g_autofree char *id = order(rig, 2 * round + 1);
        g_autoptr(Reply) history = ask(rig, "GET", "/api/v1/generate/history", NULL, NULL);
        assert_status(history, 200);
        g_assert_cmpstr(text(history, "items.0.task_id"), ==, id);
        g_free(test_sql(replica->url, "SELECT pg_wal_replay_resume()"));
        wait_for_copies(replica, 2 * round + 2);
    }
}

static void test_own_writes(void)
{
    static const char *const fast[] = {"fsync=off", NULL};
    g_autoptr(TestServer) server = test_server_start(fast);
    if (server == NULL)
        return;
    g_autoptr(TestServer) replica = test_server_copy(server);
    if (replica == NULL)
        return;
    g_autofree char *database = g_strconcat("database=", server->url, NULL);
    g_autofree char *replicas = g_strconcat("replicas=", replica->url, NULL);
    const char *const settings[] = {database, replicas, "engine=compose", "render-workers=-1", NULL};
    Rig *rig = rig_new(FALSE, settings);

    check_own_writes(rig, replica);
    rig_free(rig);
}

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    g_test_add_func("/api/replicas/own-writes", test_own_writes);
    return rig_run();
}
