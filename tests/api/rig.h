/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The whole service in this process, on a free port of this machine, with records of its own, and a client.
 *
 *     static void test_something(Rig *rig)
 *     {
 *         g_autoptr(Reply) reply = ask(rig, "GET", "/presets", NULL, NULL);
 *         g_assert_cmpuint(reply->status, ==, 200);
 *         g_assert_cmpstr(text(reply, "0.name"), ==, "rock_anthem");
 *     }
 *     rig_add("/api/something", test_something, SETTINGS);
 *
 * Each case runs on SQLite with the cache in memory, and again on PostgreSQL with Redis where
 * tests/with-servers.sh has them.  Every answer is checked against the published document on its way
 * out (--check-answers).
 */
#pragma once
#include "api/service.h"

#include "../http/http-client.h"
#include "../store/database.h"

typedef struct {
    TestDatabase *database;
    char *folder;
    TuneService *service;
    TuneApi *api;
    guint port;
    TestLog log;
} Rig;

typedef void (*RigTest)(Rig *rig);

/* @settings: "name=value", NULL-ended (nullable), beside those that suit tests. */
void rig_add(const char *path, RigTest test, const char *const *settings);
/* In main(), first of all: a home of its own. */
void rig_init(int *argc, char ***argv);
/* g_test_run(), then the home is removed. */
int rig_run(void);

/* NULL: skipped. */
Rig *rig_new(gboolean postgres, const char *const *settings);
void rig_free(Rig *self);

typedef struct {
    guint status;
    HttpAnswer *http;
    json_t *json; /* of the body (nullable) */
} Reply;
void reply_free(Reply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reply, reply_free)

/* @fields: "Name: value\r\n" lines (nullable).  @body (nullable): JSON. */
Reply *ask(Rig *rig, const char *method, const char *target, const char *fields, const char *body);
/* Sends exactly these bytes. */
Reply *ask_raw(Rig *rig, const char *request, gboolean head_only);
char *field(const Reply *reply, const char *name); /* (transfer full) (nullable) */

/* What is at a dotted place: "items.0.id"; NULL, 0 when there is nothing. */
const json_t *at(const Reply *reply, const char *place);
const char *text(const Reply *reply, const char *place);
gint64 whole(const Reply *reply, const char *place);

/* The status, and of an error that it is worded as all are. */
void assert_status(const Reply *reply, guint status);
/* 422 whose first error names this field and type. */
void assert_fault(const Reply *reply, const char *field, const char *type);
