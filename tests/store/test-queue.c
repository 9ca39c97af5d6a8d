/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue's records (store/queue.h), each case against SQLite and PostgreSQL.
 */
#include "database.h"
#include "store/generations.h"
#include "store/queue.h"

#include <string.h>

#define LEASE_S 10
#define MUCH    G_GUINT64_CONSTANT(1000000000)

typedef struct {
    TestDatabase *database;
    TuneStore *store;
} Fixture;

/* Making a database takes PostgreSQL a second: one is emptied between its tests. */
static Fixture shared;

static void set_up(Fixture *self, gconstpointer data)
{
    if (!GPOINTER_TO_INT(data)) {
        self->database = test_database_new(FALSE);
        self->store = test_database_open(self->database);
        return;
    }
    if (shared.database == NULL) {
        shared.database = test_database_new(TRUE);
        if (shared.database == NULL)
            return;
        shared.store = test_database_open(shared.database);
    }
    *self = shared;
    g_free(test_sql(self->database->url,
                    "SET client_min_messages = warning; TRUNCATE users, generations, jobs, dead_jobs, "
                    "results, idempotency CASCADE"));
}

static void tear_down(Fixture *self, gconstpointer data)
{
    if (GPOINTER_TO_INT(data))
        return;
    tune_store_free(self->store);
    test_database_free(self->database);
}

static TuneEnqueue order_of(const char *owner, const char *identity)
{
    return (TuneEnqueue){.owner = owner,
                         .kind = "generate",
                         .identity = identity,
                         .engine = "compose",
                         .prompt = "a \"prompt\", with\nall that",
                         .request = "{\"prompt\":\"x\"}",
                         .format = "mp3",
                         .payload = "{\"brief\":{}}",
                         .seed = G_GUINT64_CONSTANT(9007199254740991),
                         .memory_bytes = 1000,
                         .seconds = 2,
                         .max_attempts = 2,
                         .request_hash = identity};
}

static TuneEnqueued enqueue(Fixture *self, const TuneEnqueue *order)
{
    g_autoptr(GError) error = NULL;
    TuneEnqueued out;

    tune_queue_enqueue(self->store, &order, &out, 1, &error);
    g_assert_no_error(error);
    return out;
}

static TuneEnqueued enqueue_as(Fixture *self, const char *owner, const char *identity)
{
    TuneEnqueue order = order_of(owner, identity);

    return enqueue(self, &order);
}

static GPtrArray *claim_many(Fixture *self, guint limit, guint64 memory)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *claims = tune_queue_claim(self->store, "w1", limit, memory, LEASE_S, &error);

    g_assert_no_error(error);
    return claims;
}

/* (transfer full) */
static TuneClaim *claim(Fixture *self)
{
    g_autoptr(GPtrArray) claims = claim_many(self, 1, MUCH);

    g_assert_cmpuint(claims->len, ==, 1);
    return g_ptr_array_steal_index(claims, 0);
}

static char *status_of(Fixture *self, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) generation = tune_generation_get(self->store, id, NULL, &error);

    g_assert_no_error(error);
    return g_strdup(json_string_value(json_object_get(generation, "status")));
}

#define assert_status(self, id, wanted)                                                         \
    G_STMT_START                                                                                \
    {                                                                                           \
        g_autofree char *is = status_of(self, id);                                              \
        g_assert_cmpstr(is, ==, wanted);                                                        \
    }                                                                                           \
    G_STMT_END

static gboolean complete(Fixture *self, const char *worker, const TuneClaim *claim)
{
    TuneResultFile files[] = {{"audio/mp3", "aa", "audio/mpeg", 100},
                              {"audio/flac24", "bb", "audio/flac", 1000}};
    TuneResult result = {claim->identity, "cc", "{\"a\":1}", 30.5, files, 2};
    g_autoptr(GError) error = NULL;
    gboolean held;

    tune_queue_complete(self->store, worker, claim, &result, &held, &error);
    g_assert_no_error(error);
    return held;
}

/* ---- a job's life ---- */

static void test_an_order_becomes_a_result(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");

    g_assert_cmpint(order.how, ==, TUNE_ENQUEUED_NEW);
    assert_status(self, order.id, "queued");
    g_autoptr(TuneClaim) held = claim(self);
    g_assert_cmpstr(held->id, ==, order.job_id);
    g_assert_cmpstr(held->payload, ==, "{\"brief\":{}}");
    g_assert_cmpuint(held->attempt, ==, 1);
    g_assert_cmpuint(held->attempts_left, ==, 1);
    assert_status(self, order.id, "running");
    g_autoptr(GPtrArray) none = claim_many(self, 5, MUCH);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_true(complete(self, "w1", held));
    g_autoptr(json_t) generation = tune_generation_get(self->store, order.id, "", &error);
    g_assert_cmpstr(json_string_value(json_object_get(generation, "status")), ==, "completed");
    g_assert_cmpfloat(json_number_value(json_object_get(generation, "progress")), ==, 1);
    g_assert_cmpint(json_integer_value(json_object_get(generation, "seed")), ==, 9007199254740991);
    g_assert_cmpstr(json_string_value(json_object_get(generation, "prompt")), ==,
                    "a \"prompt\", with\nall that");
    g_assert_nonnull(json_object_get(generation, "finished_at"));
    g_autoptr(json_t) result = tune_result_get(self->store, "i1", &error);
    g_assert_no_error(error);
    const json_t *file = json_object_get(json_object_get(result, "files"), "audio/flac24");
    g_assert_cmpstr(json_string_value(json_object_get(file, "sha256")), ==, "bb");
    g_assert_cmpint(json_integer_value(json_object_get(file, "bytes")), ==, 1000);
    g_assert_true(json_is_object(json_object_get(result, "report")));
}

static void test_nobody_else_sees_it(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(json_t) other = tune_generation_get(self->store, order.id, "somebody", &error);
    g_autoptr(json_t) missing = tune_generation_get(self->store, "nothing", NULL, &error);

    g_assert_no_error(error);
    g_assert_null(other);
    g_assert_null(missing);
}

static void test_same_identity_shares_one_job(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueue order = order_of("", "i1");
    const TuneEnqueue *both[] = {&order, &order};
    TuneEnqueued out[2];
    g_autoptr(GError) error = NULL;

    tune_queue_enqueue(self->store, both, out, 2, &error);
    g_assert_no_error(error);
    g_assert_cmpint(out[1].how, ==, TUNE_ENQUEUED_SHARED);
    g_assert_cmpstr(out[0].job_id, ==, out[1].job_id);
    g_assert_cmpstr(out[0].id, !=, out[1].id);
    g_autoptr(TuneClaim) held = claim(self);
    TuneEnqueued third = enqueue_as(self, "", "i1");
    g_assert_cmpint(third.how, ==, TUNE_ENQUEUED_SHARED);
    g_assert_true(third.running);
    g_assert_true(complete(self, "w1", held));
    assert_status(self, out[0].id, "completed");
    assert_status(self, out[1].id, "completed");
    assert_status(self, third.id, "completed");
    TuneEnqueued late = enqueue_as(self, "", "i1");
    g_assert_cmpint(late.how, ==, TUNE_ENQUEUED_COMPLETED);
    assert_status(self, late.id, "completed");
    g_autoptr(GPtrArray) none = claim_many(self, 1, MUCH);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_a_key_answers_as_then(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueue order = order_of("", "i1"), other = order_of("", "i2");
    order.idempotency_key = other.idempotency_key = "key";
    TuneEnqueued first = enqueue(self, &order), again = enqueue(self, &order);
    TuneEnqueued misused = enqueue(self, &other);

    g_assert_false(first.replayed);
    g_assert_true(again.replayed);
    g_assert_cmpstr(first.id, ==, again.id);
    g_assert_true(misused.key_misused);
    g_autoptr(GPtrArray) claims = claim_many(self, 5, MUCH);
    g_assert_cmpuint(claims->len, ==, 1);
    g_assert_true(tune_queue_forget_keys(self->store, 3600, NULL));
    g_assert_true(enqueue(self, &order).replayed);
    g_usleep(2000);
    g_assert_true(tune_queue_forget_keys(self->store, 0, NULL));
    g_assert_false(enqueue(self, &order).replayed);
}

/* ---- order ---- */

static char *claimed_order(Fixture *self, guint limit)
{
    g_autoptr(GPtrArray) claims = claim_many(self, limit, MUCH);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < claims->len; i++)
        g_string_append_printf(out, "%s ", ((TuneClaim *)claims->pdata[i])->identity);
    return g_string_free(out, FALSE);
}

static void test_priority_then_turn_then_age(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueue low = order_of("", "low"), high = order_of("", "high");
    low.priority = -1;
    high.priority = 5;
    enqueue(self, &low);
    enqueue_as(self, "", "a");
    enqueue_as(self, "", "b");
    enqueue(self, &high);
    g_autofree char *order = claimed_order(self, 10);
    g_assert_cmpstr(order, ==, "high a b low ");
}

static void add_user(Fixture *self, const char *id)
{
    static const TuneStatement ADD = {
        "add-user",
        "INSERT INTO users (id, email, name, password_hash, created_at, updated_at) "
        "VALUES ($1, $1, $1, '', 0, 0)",
        NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneRows) rows = tune_store_write(self->store, &ADD, &error, "t", id);

    g_assert_no_error(error);
}

static void test_owners_take_turns(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    add_user(self, "anna");
    add_user(self, "bert");
    for (guint i = 1; i <= 4; i++) {
        g_autofree char *identity = g_strdup_printf("a%u", i);
        enqueue_as(self, "anna", identity);
    }
    for (guint i = 1; i <= 2; i++) {
        g_autofree char *identity = g_strdup_printf("b%u", i);
        enqueue_as(self, "bert", identity);
    }
    g_autofree char *order = claimed_order(self, 10);
    g_assert_cmpstr(order, ==, "a1 b1 a2 b2 a3 a4 ");
}

static void test_a_shared_job_is_raised(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueue raised = order_of("", "b");
    raised.priority = 3;
    enqueue_as(self, "", "a");
    enqueue_as(self, "", "b");
    g_assert_cmpint(enqueue(self, &raised).how, ==, TUNE_ENQUEUED_SHARED);
    g_autofree char *order = claimed_order(self, 10);
    g_assert_cmpstr(order, ==, "b a ");
}

static void test_only_what_fits_is_claimed(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueue big = order_of("", "big");
    guint64 head = 0;
    big.memory_bytes = 5000;
    enqueue(self, &big);
    enqueue_as(self, "", "small");
    g_assert_true(tune_queue_head_memory(self->store, &head, NULL));
    g_assert_cmpuint(head, ==, 5000);
    g_autoptr(GPtrArray) claims = claim_many(self, 5, 4999);
    g_assert_cmpuint(claims->len, ==, 1);
    g_assert_cmpstr(((TuneClaim *)claims->pdata[0])->identity, ==, "small");
}

static void test_view(Fixture *self, gconstpointer data)
{
    TuneQueueView view;
    if (self->store == NULL)
        return;
    enqueue_as(self, "", "a");
    TuneEnqueued b = enqueue_as(self, "", "b");
    enqueue_as(self, "", "c");
    g_autoptr(TuneClaim) held = claim(self);
    g_assert_true(tune_queue_view(self->store, 10, &view, NULL));
    g_assert_cmpuint(view.queued, ==, 2);
    g_assert_cmpuint(view.running, ==, 1);
    g_assert_cmpfloat(view.queued_seconds, ==, 4);
    g_assert_cmpuint(view.first->len, ==, 2);
    g_assert_cmpstr(g_array_index(view.first, TuneWaiting, 0).id, ==, b.job_id);
    g_assert_cmpint(g_array_index(view.first, TuneWaiting, 0).turn, ==, b.turn);
    tune_queue_view_clear(&view);
}

/* ---- what goes wrong ---- */

static gboolean fail_it(Fixture *self, const TuneClaim *claim, gboolean again, double delay)
{
    g_autoptr(GError) error = NULL;
    gboolean held;

    tune_queue_fail(self->store, "w1", claim, "it broke", again, delay, &held, &error);
    g_assert_no_error(error);
    return held;
}

static void test_failures_are_tried_again_until_dead(Fixture *self, gconstpointer data)
{
    TuneQueueView view;
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) first = claim(self);
    g_assert_true(fail_it(self, first, TRUE, 0));
    assert_status(self, order.id, "queued");
    g_autoptr(TuneClaim) second = claim(self);
    g_assert_cmpuint(second->attempt, ==, 2);
    g_assert_cmpuint(second->attempts_left, ==, 0);
    g_assert_true(fail_it(self, second, TRUE, 0));
    g_autoptr(json_t) generation = tune_generation_get(self->store, order.id, "", &error);
    g_assert_cmpstr(json_string_value(json_object_get(generation, "status")), ==, "failed");
    g_assert_cmpstr(json_string_value(json_object_get(generation, "error")), ==, "it broke");
    g_assert_cmpint(json_integer_value(json_object_get(generation, "attempts")), ==, 2);
    g_assert_true(tune_queue_view(self->store, 10, &view, NULL));
    g_assert_cmpuint(view.dead, ==, 1);
    g_assert_cmpuint(view.queued + view.running, ==, 0);
    tune_queue_view_clear(&view);
}

static void test_a_retry_waits(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) first = claim(self);
    g_assert_true(fail_it(self, first, TRUE, 100));
    g_autoptr(GPtrArray) none = claim_many(self, 1, MUCH);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_what_cannot_work_fails_at_once(Fixture *self, gconstpointer data)
{
    TuneQueueView view;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) first = claim(self);
    g_assert_true(fail_it(self, first, FALSE, 0));
    assert_status(self, order.id, "failed");
    g_assert_true(tune_queue_view(self->store, 10, &view, NULL));
    g_assert_cmpuint(view.dead, ==, 0);
    tune_queue_view_clear(&view);
    g_assert_cmpint(enqueue_as(self, "", "i1").how, ==, TUNE_ENQUEUED_NEW);
}

static GArray *leases_of(Fixture *self)
{
    g_autoptr(GError) error = NULL;
    GArray *leases = tune_queue_leases(self->store, &error);

    g_assert_no_error(error);
    return leases;
}

static guint rescue_all(Fixture *self, const GArray *leases)
{
    g_autoptr(GError) error = NULL;
    guint n = 0;

    tune_queue_rescue(self->store, (const TuneLease *)(void *)leases->data, leases->len, &n, &error);
    g_assert_no_error(error);
    return n;
}

/* The first worker froze, the job was rescued, the frozen one wakes: none of its writes counts. */
static void test_late_writes_are_refused(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    gboolean held;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) frozen = claim(self);
    g_autoptr(GArray) leases = leases_of(self);
    g_assert_cmpuint(rescue_all(self, leases), ==, 1);
    g_assert_cmpuint(rescue_all(self, leases), ==, 0);
    g_assert_false(complete(self, "w1", frozen));
    assert_status(self, order.id, "queued");
    g_autoptr(TuneClaim) next = claim(self);
    g_assert_cmpuint(next->attempt, ==, 2);
    TuneRenewal renewal = {.id = frozen->id, .attempt = 1, .progress = 0.5, .stage = "render"};
    g_assert_true(tune_queue_renew(self->store, "w1", &renewal, 1, LEASE_S, &error));
    g_assert_false(renewal.held);
    g_assert_false(complete(self, "w1", frozen));
    g_assert_false(fail_it(self, frozen, TRUE, 0));
    g_assert_true(tune_queue_hand_back(self->store, "w1", frozen, &held, &error));
    g_assert_false(held);
    g_assert_true(tune_queue_drop(self->store, "w1", frozen, &held, &error));
    g_assert_false(held);
    assert_status(self, order.id, "running");
    g_assert_false(complete(self, "w2", next));
    g_assert_true(complete(self, "w1", next));
    assert_status(self, order.id, "completed");
}

static void test_a_renewed_lease_is_not_rescued(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) held = claim(self);
    g_autoptr(GArray) before = leases_of(self);
    TuneRenewal renewal = {.id = held->id, .attempt = 1, .progress = 0.25, .stage = "render"};

    g_assert_false(g_array_index(before, TuneLease, 0).expired);
    g_usleep(2000);
    g_assert_true(tune_queue_renew(self->store, "w1", &renewal, 1, LEASE_S, NULL));
    g_assert_true(renewal.held);
    g_assert_false(renewal.cancelled);
    g_assert_cmpuint(rescue_all(self, before), ==, 0);
    g_autoptr(json_t) generation = tune_generation_get(self->store, order.id, "", NULL);
    g_assert_cmpfloat(json_number_value(json_object_get(generation, "progress")), ==, 0.25);
    g_assert_cmpstr(json_string_value(json_object_get(generation, "stage")), ==, "render");
    g_assert_true(complete(self, "w1", held));
}

static void test_a_lease_expires_by_the_databases_clock(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    enqueue_as(self, "", "i1");
    g_ptr_array_unref(tune_queue_claim(self->store, "w1", 1, MUCH, 0, NULL));
    g_usleep(5000);
    g_autoptr(GArray) leases = leases_of(self);
    g_assert_cmpuint(leases->len, ==, 1);
    g_assert_true(g_array_index(leases, TuneLease, 0).expired);
    g_assert_cmpstr(g_array_index(leases, TuneLease, 0).worker, ==, "w1");
}

static void test_a_job_that_kills_its_workers_dies(Fixture *self, gconstpointer data)
{
    TuneQueueView view;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    for (guint i = 0; i < 2; i++) {
        g_autoptr(TuneClaim) held = claim(self);
        g_autoptr(GArray) leases = leases_of(self);
        g_assert_cmpuint(rescue_all(self, leases), ==, i == 0 ? 1 : 0);
    }
    assert_status(self, order.id, "failed");
    g_assert_true(tune_queue_view(self->store, 10, &view, NULL));
    g_assert_cmpuint(view.dead, ==, 1);
    tune_queue_view_clear(&view);
}

static void test_a_handed_back_job_has_lost_nothing(Fixture *self, gconstpointer data)
{
    gboolean held;
    if (self->store == NULL)
        return;
    enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) first = claim(self);
    g_assert_true(tune_queue_hand_back(self->store, "w1", first, &held, NULL));
    g_assert_true(held);
    g_autoptr(TuneClaim) second = claim(self);
    g_assert_cmpuint(second->attempt, ==, 2);
    g_assert_cmpuint(second->attempts_left, ==, first->attempts_left);
}

/* ---- cancel ---- */

static TuneCancelled cancel(Fixture *self, const char *id, const char *owner)
{
    g_autoptr(GError) error = NULL;
    TuneCancelled out;

    tune_queue_cancel(self->store, id, owner, &out, &error);
    g_assert_no_error(error);
    return out;
}

static void test_cancel_what_waits(Fixture *self, gconstpointer data)
{
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_assert_false(cancel(self, order.id, "somebody").found);
    TuneCancelled done = cancel(self, order.id, "");
    g_assert_true(done.found);
    g_assert_cmpstr(done.status, ==, "queued");
    g_assert_false(done.stop);
    assert_status(self, order.id, "cancelled");
    g_assert_cmpstr(cancel(self, order.id, "").status, ==, "cancelled");
    g_autoptr(GPtrArray) none = claim_many(self, 1, MUCH);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_cancel_what_runs(Fixture *self, gconstpointer data)
{
    gboolean held;
    if (self->store == NULL)
        return;
    TuneEnqueued order = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) claimed = claim(self);
    TuneCancelled done = cancel(self, order.id, NULL);
    g_assert_true(done.stop);
    g_assert_cmpstr(done.job_id, ==, claimed->id);
    TuneRenewal renewal = {.id = claimed->id, .attempt = 1, .progress = 0.5, .stage = ""};
    g_assert_true(tune_queue_renew(self->store, "w1", &renewal, 1, LEASE_S, NULL));
    g_assert_true(renewal.cancelled);
    g_assert_true(tune_queue_drop(self->store, "w1", claimed, &held, NULL));
    g_assert_true(held);
    assert_status(self, order.id, "cancelled");
    g_autoptr(GPtrArray) none = claim_many(self, 1, MUCH);
    g_assert_cmpuint(none->len, ==, 0);
}

static void test_a_shared_job_outlives_a_cancel(Fixture *self, gconstpointer data)
{
    gboolean held;
    if (self->store == NULL)
        return;
    TuneEnqueued one = enqueue_as(self, "", "i1"), two = enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) first = claim(self);
    g_assert_false(cancel(self, one.id, "").stop);
    assert_status(self, two.id, "running");
    g_assert_true(cancel(self, two.id, "").stop);
    TuneEnqueued late = enqueue_as(self, "", "i1"); /* between the cancel and the worker's stop */
    g_assert_cmpint(late.how, ==, TUNE_ENQUEUED_SHARED);
    g_assert_true(tune_queue_drop(self->store, "w1", first, &held, NULL));
    assert_status(self, late.id, "queued");
    g_autoptr(TuneClaim) second = claim(self);
    g_assert_true(complete(self, "w1", second));
    assert_status(self, late.id, "completed");
    assert_status(self, one.id, "cancelled");
}

/* ---- lists, clean-up ---- */

static void test_history_pages(Fixture *self, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (self->store == NULL)
        return;
    add_user(self, "anna");
    for (guint i = 0; i < 5; i++) {
        g_autofree char *identity = g_strdup_printf("i%u", i);
        enqueue_as(self, "anna", identity);
        g_usleep(2000);
    }
    enqueue_as(self, "", "other");
    g_assert_cmpint(tune_generation_count(self->store, "anna", &error), ==, 5);
    g_assert_cmpint(tune_generation_count(self->store, "", &error), ==, 1);
    g_autoptr(json_t) page = tune_generation_list(self->store, "anna", 0, "", 1, 2, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(json_array_size(page), ==, 2);
    g_assert_cmpstr(json_string_value(json_object_get(json_array_get(page, 0), "identity")), ==,
                    "i3");
    g_assert_null(json_object_get(json_array_get(page, 0), "request")); /* they may be long */
    g_autoptr(json_t) whole = tune_generation_get_request(
        self->store, json_string_value(json_object_get(json_array_get(page, 0), "id")), "anna", &error);
    g_assert_true(json_is_object(json_object_get(whole, "request")));
    g_autoptr(json_t) anonymous = tune_generation_list(self->store, "", 0, "", 0, 9, &error);
    g_assert_cmpuint(json_array_size(anonymous), ==, 1);
}

static void test_unused_results_go(Fixture *self, gconstpointer data)
{
    const char *const hashes[] = {"aa", "zz", "bb"};
    gboolean needed[3];
    guint n = 9;
    if (self->store == NULL)
        return;
    enqueue_as(self, "", "i1");
    g_autoptr(TuneClaim) held = claim(self);
    g_assert_true(complete(self, "w1", held));
    g_assert_true(tune_result_add_file(self->store, "i1", "audio/ogg", "dd", "audio/ogg", 5, NULL));
    g_assert_true(tune_result_add_file(self->store, "nothing", "audio/ogg", "dd", "audio/ogg", 5, NULL));
    g_assert_true(tune_result_touch(self->store, "i1", NULL));
    g_assert_true(tune_files_needed(self->store, hashes, 3, needed, NULL));
    g_assert_true(needed[0] && !needed[1] && needed[2]);
    g_assert_true(tune_result_expire(self->store, 3600, 10, &n, NULL));
    g_assert_cmpuint(n, ==, 0);
    g_usleep(3000);
    g_assert_true(tune_result_expire(self->store, 0, 10, &n, NULL));
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(tune_files_needed(self->store, hashes, 3, needed, NULL));
    g_assert_false(needed[0] || needed[1] || needed[2]);
    g_autoptr(json_t) gone = tune_result_get(self->store, "i1", NULL);
    g_assert_null(gone);
}

/* ---- many at once ---- */

typedef struct {
    Fixture *fixture;
    guint number;
    gint *n_completed;
} Actor;

#define ACTORS 6
#define EACH   20

static gpointer submit_some(gpointer data)
{
    Actor *self = data;

    for (guint i = 0; i < EACH; i++) {
        g_autofree char *identity = g_strdup_printf("same-%u", i % 7 + 7 * (i / 10));
        enqueue_as(self->fixture, "", identity);
    }
    return NULL;
}

static gpointer work_some(gpointer data)
{
    Actor *self = data;
    g_autofree char *worker = g_strdup_printf("worker-%u", self->number);

    for (guint idle = 0; idle < 100;) {
        g_autoptr(GPtrArray) claims =
            tune_queue_claim(self->fixture->store, worker, 2, MUCH, LEASE_S, NULL);

        g_assert_nonnull(claims);
        idle = claims->len == 0 ? idle + 1 : 0;
        for (guint i = 0; i < claims->len; i++) {
            g_assert_true(complete(self->fixture, worker, claims->pdata[i]));
            g_atomic_int_inc(self->n_completed);
        }
        if (claims->len == 0)
            g_usleep(3000);
    }
    return NULL;
}

/* Attaching, claiming and ending at the same moment: every generation ends, no job ends twice. */
static void test_nothing_is_lost_in_a_crowd(Fixture *self, gconstpointer data)
{
    GThread *threads[2 * ACTORS];
    Actor actors[2 * ACTORS];
    gint n_completed = 0;
    TuneQueueView view;
    if (self->store == NULL)
        return;
    for (guint i = 0; i < 2 * ACTORS; i++) {
        actors[i] = (Actor){self, i, &n_completed};
        threads[i] = g_thread_new("actor", i < ACTORS ? submit_some : work_some, &actors[i]);
    }
    for (guint i = 0; i < 2 * ACTORS; i++)
        g_thread_join(threads[i]);
    g_assert_true(tune_queue_view(self->store, 10, &view, NULL));
    g_assert_cmpuint(view.queued + view.running, ==, 0);
    tune_queue_view_clear(&view);
    g_assert_cmpint(tune_generation_count(self->store, "", NULL), ==, ACTORS * EACH);
    g_autoptr(json_t) all = tune_generation_list(self->store, "", 0, "", 0, 1000, NULL);
    for (guint i = 0; i < json_array_size(all); i++)
        g_assert_cmpstr(json_string_value(json_object_get(json_array_get(all, i), "status")), ==,
                        "completed");
    g_assert_cmpint(n_completed, ==, 14);
}

/* Of a database's own statistics, which its connections hand in when they end. */
static gint64 tuples_read_through(const TestDatabase *database)
{
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *there =
            test_sql(database->url, "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                                    "AND datname = current_database()");
        if (strcmp(there, "0") == 0)
            break;
        g_usleep(10000);
    }
    g_autofree char *n = test_sql(database->url, "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE "
                                                 "relname IN ('jobs', 'results', 'idempotency')");
    return g_ascii_strtoll(n, NULL, 10);
}

/* Plans are made while the tables are empty and kept while they grow: none of them may go through a whole table. */
static void test_orders_are_looked_up_by_index(void)
{
    g_autoptr(TestDatabase) database = test_database_new(TRUE);
    Fixture self = {.database = database};

    if (database == NULL)
        return;
    self.store = test_database_open(database);
    for (guint i = 0; i < 60; i++) {
        g_autofree char *identity = g_strdup_printf("identity-%u", i % 40);
        g_autofree char *key = g_strdup_printf("key-%u", i);
        TuneEnqueue order = order_of("", identity);
        order.idempotency_key = key;
        order.priority = i % 7;
        enqueue(&self, &order);
    }
    tune_store_free(self.store);
    g_assert_cmpint(tuples_read_through(database), ==, 0);
}

static void add(const char *name, void (*test)(Fixture *, gconstpointer))
{
    for (gint postgres = 0; postgres < 2; postgres++) {
        g_autofree char *path =
            g_strdup_printf("/store/%s/queue/%s", postgres ? "postgres" : "sqlite", name);
        g_test_add(path, Fixture, GINT_TO_POINTER(postgres), set_up, test, tear_down);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("an-order-becomes-a-result", test_an_order_becomes_a_result);
    add("nobody-else-sees-it", test_nobody_else_sees_it);
    add("same-identity-shares-one-job", test_same_identity_shares_one_job);
    add("a-key-answers-as-then", test_a_key_answers_as_then);
    add("priority-then-turn-then-age", test_priority_then_turn_then_age);
    add("owners-take-turns", test_owners_take_turns);
    add("a-shared-job-is-raised", test_a_shared_job_is_raised);
    add("only-what-fits-is-claimed", test_only_what_fits_is_claimed);
    add("view", test_view);
    add("failures-are-tried-again-until-dead", test_failures_are_tried_again_until_dead);
    add("a-retry-waits", test_a_retry_waits);
    add("what-cannot-work-fails-at-once", test_what_cannot_work_fails_at_once);
    add("late-writes-are-refused", test_late_writes_are_refused);
    add("a-renewed-lease-is-not-rescued", test_a_renewed_lease_is_not_rescued);
    add("a-lease-expires-by-the-databases-clock", test_a_lease_expires_by_the_databases_clock);
    add("a-job-that-kills-its-workers-dies", test_a_job_that_kills_its_workers_dies);
    add("a-handed-back-job-has-lost-nothing", test_a_handed_back_job_has_lost_nothing);
    add("cancel-what-waits", test_cancel_what_waits);
    add("cancel-what-runs", test_cancel_what_runs);
    add("a-shared-job-outlives-a-cancel", test_a_shared_job_outlives_a_cancel);
    add("history-pages", test_history_pages);
    add("unused-results-go", test_unused_results_go);
    add("nothing-is-lost-in-a-crowd", test_nothing_is_lost_in_a_crowd);
    g_test_add_func("/store/postgres/queue/orders-are-looked-up-by-index",
                    test_orders_are_looked_up_by_index);
    int status = g_test_run();
    tune_store_free(shared.store);
    test_database_free(shared.database);
    return status;
}
