/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ordering, watching, cancelling, keeping.
 */
#include "music.h"

#include <string.h>
#include <unistd.h>

/* So long that nothing but a cancel ends it within a test. */
#define LONG "{\"prompt\": \"slow ambient pads\", \"duration\": 600, \"seed\": 1}"

static void test_accepted(Rig *rig)
{
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/generate", NULL, MUSIC_SHORT);
    static const char *const urls[] = {"status_url", "stream_url", "events_url", "download_url"};
    g_autofree char *location = field(reply, "Location");

    assert_status(reply, 202);
    g_assert_cmpint(whole(reply, "seed"), ==, 7);
    g_assert_cmpint(whole(reply, "estimate.memory_bytes"), >, 0);
    g_assert_cmpstr(location, ==, text(reply, "status_url"));
    for (guint i = 0; i < G_N_ELEMENTS(urls); i++)
        g_assert_nonnull(strstr(text(reply, urls[i]), text(reply, "task_id")));
    g_autoptr(Reply) done = music_wait(rig, NULL, text(reply, "task_id"));
    g_assert_cmpstr(text(done, "status"), ==, "completed");
    g_assert_cmpstr(text(done, "prompt"), ==, "calm solo piano");
    g_assert_cmpint(whole(done, "seed"), ==, 7);
    g_assert_nonnull(at(done, "report.piece.style"));
    g_assert_nonnull(text(done, "recipe_sha256"));
    g_assert_cmpfloat(json_number_value(at(done, "progress")), ==, 1);
}

/* What the fields say is what the report has. */
static void test_fields_are_met(Rig *rig)
{
    g_autofree char *id = music_make(
        rig, NULL,
        "{\"prompt\": \"a tune\", \"genre\": \"jazz\", \"bpm\": 140, \"key\": \"G minor\", "
        "\"metre\": \"3/4\", \"duration\": 12, \"exclude\": [\"drums\"], \"temperature\": 1.5, "
        "\"structure\": [{\"role\": \"verse\"}], \"title\": \"Ours\", \"sample_rate\": 22050, "
        "\"format\": \"flac\", \"unknown_field\": 1}");
    g_autoptr(Reply) status = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s", id);
    g_autoptr(Reply) sound = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", id);
    g_autofree char *type = field(sound, "Content-Type");

    g_assert_cmpstr(text(status, "report.piece.style"), ==, "jazz");
    g_assert_cmpstr(text(status, "report.piece.key"), ==, "G minor");
    g_assert_cmpstr(text(status, "report.piece.metre"), ==, "3/4");
    g_assert_cmpfloat_with_epsilon(json_number_value(at(status, "report.piece.bpm")), 140, 0.5);
    g_assert_cmpstr(text(status, "report.title"), ==, "Ours");
    g_assert_cmpstr(type, ==, "audio/flac");
}

static void assert_refused(Rig *rig, const char *body, const char *part)
{
    g_autoptr(Reply) reply = ask(rig, "POST", "/api/v1/generate", NULL, body);

    if (reply->status != 422)
        g_error("%u to %s", reply->status, body);
    if (strstr(text(reply, "detail"), part) == NULL)
        g_error("\"%s\" does not say \"%s\"", text(reply, "detail"), part);
}

static void test_refusals(Rig *rig)
{
    g_autofree char *long_prompt = g_strnfill(2001, 'a');
    g_autofree char *too_long = g_strdup_printf("{\"prompt\": \"%s\"}", long_prompt);

    assert_refused(rig, "{}", "body.prompt");
    assert_refused(rig, too_long, "body.prompt");
    assert_refused(rig, "{\"prompt\": \"\"}", "body.prompt");
    assert_refused(rig, "{\"prompt\": 5}", "body.prompt");
    assert_refused(rig, "{\"prompt\": \"x\", \"duration\": 601}", "body.duration");
    assert_refused(rig, "{\"prompt\": \"x\", \"duration\": \"60\"}", "body.duration");
    assert_refused(rig, "{\"prompt\": \"x\", \"temperature\": 0.05}", "body.temperature");
    assert_refused(rig, "{\"prompt\": \"x\", \"seed\": 9007199254740992}", "body.seed");
    assert_refused(rig, "{\"prompt\": \"x\", \"seed\": 1.5}", "body.seed");
    assert_refused(rig, "{\"prompt\": \"x\", \"format\": \"midi\"}", "body.format");
    assert_refused(rig, "{\"prompt\": \"x\", \"instruments\": \"piano\"}", "body.instruments");
    assert_refused(rig, "{\"prompt\": \"x\", \"structure\": []}", "body.structure");
    assert_refused(rig, "{\"prompt\": \"x\", \"engine\": \"nonsense\"}", "nonsense");
    assert_refused(rig, "{\"prompt\": \"x\", \"engine\": \"simulate\"}", "sound");
    assert_refused(rig, "{\"prompt\": \"x\", \"genre\": \"zorgle\"}", "zorgle");
    assert_refused(rig, "{\"prompt\": \"x\", \"key\": \"H sharp\"}", "key");
    assert_refused(rig, "{\"prompt\": \"x\", \"metre\": \"5/3\"}", "5/3");
    assert_refused(rig, "{\"prompt\": \"solo piano, no piano\"}", "piano");
    assert_refused(rig, "{\"prompt\": \"x\", \"webhook\": \"ftp://example.org/\"}", "webhook");
    assert_refused(rig, "{\"prompt\": \"x\", \"webhook\": \"http://127.0.0.1/\"}", "webhook");
    g_autoptr(Reply) preset = ask(rig, "POST", "/api/v1/generate", NULL,
                                  "{\"prompt\": \"x\", \"preset\": \"no_such\"}");
    assert_status(preset, 404);
    g_autoptr(Reply) melody =
        ask(rig, "POST", "/api/v1/generate", NULL,
            "{\"prompt\": \"x\", \"melody\": \"01890000-0000-7000-8000-000000000000\"}");
    assert_status(melody, 404);
    g_autoptr(Reply) type =
        ask(rig, "POST", "/api/v1/generate", "Content-Type: text/plain\r\n", MUSIC_SHORT);
    assert_status(type, 415);
    g_autoptr(Reply) method = ask(rig, "PUT", "/api/v1/generate", NULL, MUSIC_SHORT);
    assert_status(method, 405);
}

static void test_unknown(Rig *rig)
{
    static const char *const paths[] = {
        "", "/events", "/download", "/score.json", "/score.mid", "/score.musicxml", "/score.abc",
        "/report", "/waveform", "/stems/bass"};
    static const char *const ids[] = {"01890000-0000-7000-8000-000000000000", "x", "%27%20OR%201"};

    for (guint k = 0; k < G_N_ELEMENTS(ids); k++) {
        for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
            g_autoptr(Reply) reply =
                music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s%s", ids[k], paths[i]);
            assert_status(reply, 404);
        }
        g_autoptr(Reply) stream = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", ids[k]);
        g_autoptr(Reply) cancel =
            music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", ids[k]);
        g_autoptr(Reply) save =
            music_ask(rig, "POST", NULL, "{}", "/api/v1/generate/%s/save", ids[k]);
        assert_status(stream, 404);
        assert_status(cancel, 404);
        assert_status(save, 404);
    }
}

/* One worker: the first runs, the second waits behind it. */
static void test_cancel(Rig *rig)
{
    static const char *const not_yet[] = {"GET /download", "GET /score.mid", "GET /report",
                                          "POST /save"};
    g_autofree char *first = music_order(rig, NULL, LONG);
    g_autofree char *second = music_order(rig, NULL, MUSIC_SHORT);

    for (guint i = 0; i < G_N_ELEMENTS(not_yet); i++) {
        g_auto(GStrv) words = g_strsplit(not_yet[i], " ", 2);
        g_autoptr(Reply) early =
            music_ask(rig, words[0], NULL, NULL, "/api/v1/generate/%s%s", second, words[1]);
        assert_status(early, 409);
    }
    g_autoptr(Reply) queued = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", second);
    g_autoptr(Reply) running = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", first);
    assert_status(queued, 200);
    assert_status(running, 200);
    g_assert_cmpstr(text(queued, "status"), ==, "cancelled");
    g_assert_cmpstr(text(running, "status"), ==, "cancelled");
    g_autoptr(Reply) again = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", first);
    g_autoptr(Reply) stream = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", second);
    assert_status(again, 409);
    assert_status(stream, 409);
}

/* ---- progress ---- */

static guint count(const char *text, const char *part)
{
    guint n = 0;

    for (const char *p = text; (p = strstr(p, part)) != NULL; p++)
        n++;
    return n;
}

static guint last_id(const char *events)
{
    const char *p = g_strrstr(events, "id: ");

    return p != NULL ? (guint)g_ascii_strtoull(p + 4, NULL, 10) : 0;
}

static void test_events(Rig *rig)
{
    g_autofree char *id = music_order(rig, NULL, MUSIC_SHORT);
    g_autoptr(Reply) live = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/events", id);
    g_autofree char *type = field(live, "Content-Type");
    const char *events = live->http->body->str;

    g_assert_cmpuint(live->status, ==, 200);
    g_assert_cmpstr(type, ==, "text/event-stream");
    g_assert_true(live->http->whole);
    g_assert_cmpuint(count(events, "event: completed\n"), ==, 1);
    g_assert_true(g_str_has_suffix(events, "\n\n"));
    /* Whoever comes again gets the end at once, under a later number. */
    guint last = last_id(events);
    g_autofree char *resume = g_strdup_printf("Last-Event-ID: %u\r\n", last);
    g_autoptr(Reply) again = music_ask(rig, "GET", resume, NULL, "/api/v1/generate/%s/events", id);
    g_assert_cmpuint(count(again->http->body->str, "event: "), ==, 1);
    g_assert_cmpuint(count(again->http->body->str, "event: completed\n"), ==, 1);
    g_assert_cmpuint(last_id(again->http->body->str), ==, last + 1);
}

static void test_events_of_cancelled(Rig *rig)
{
    g_autofree char *id = music_order(rig, NULL, LONG);
    int fd = http_connect(rig->port);
    char byte[1];

    http_sendf(fd, "GET /api/v1/generate/%s/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
               id);
    g_assert_cmpint(read(fd, byte, 1), ==, 1); /* it is there and waits */
    g_autoptr(Reply) cancel = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", id);
    assert_status(cancel, 200);
    g_autoptr(GString) rest = http_read_all(fd);
    g_assert_cmpuint(count(rest->str, "event: cancelled\n"), ==, 1);
    g_assert_true(g_str_has_suffix(rest->str, "0\r\n\r\n"));
    close(fd);
}

/* ---- several, again, history ---- */

static void test_batch(Rig *rig)
{
    g_autoptr(GString) eleven = g_string_new("{\"requests\": [" MUSIC_SHORT);

    for (guint i = 1; i < 11; i++)
        g_string_append(eleven, ", " MUSIC_SHORT);
    g_string_append(eleven, "]}");
    g_autoptr(Reply) two =
        ask(rig, "POST", "/api/v1/generate/batch", NULL,
            "{\"requests\": [" MUSIC_SHORT ", {\"prompt\": \"waltz\", \"duration\": 5}]}");
    g_autoptr(Reply) bad = ask(rig, "POST", "/api/v1/generate/batch", NULL,
                               "{\"requests\": [" MUSIC_SHORT
                               ", {\"prompt\": \"solo piano, no piano\"}]}");
    g_autoptr(Reply) many = ask(rig, "POST", "/api/v1/generate/batch", NULL, eleven->str);
    g_autoptr(Reply) none = ask(rig, "POST", "/api/v1/generate/batch", NULL, "{\"requests\": []}");

    assert_status(two, 202);
    g_assert_cmpuint(json_array_size(at(two, "items")), ==, 2);
    g_assert_cmpstr(text(two, "items.0.task_id"), !=, text(two, "items.1.task_id"));
    assert_status(bad, 422);
    g_assert_nonnull(strstr(text(bad, "detail"), "requests[1]"));
    assert_status(many, 422);
    assert_status(none, 422);
    /* Of the refused ones nothing was ordered. */
    g_autoptr(Reply) history = ask(rig, "GET", "/api/v1/generate/history", NULL, NULL);
    g_assert_cmpuint(json_array_size(at(history, "items")), ==, 2);
}

static void test_idempotent(Rig *rig)
{
    static const char key[] = "Idempotency-Key: tune-1\r\n";
    static const char no_seed[] = "{\"prompt\": \"calm piano\", \"duration\": 5}";
    g_autoptr(Reply) first = ask(rig, "POST", "/api/v1/generate", key, no_seed);
    g_autoptr(Reply) again = ask(rig, "POST", "/api/v1/generate", key, no_seed);
    g_autoptr(Reply) other = ask(rig, "POST", "/api/v1/generate", key, MUSIC_SHORT);
    g_autoptr(Reply) fresh = ask(rig, "POST", "/api/v1/generate", NULL, no_seed);
    g_autofree char *replayed = field(again, "Idempotent-Replayed");

    assert_status(first, 202);
    assert_status(again, 202);
    g_assert_cmpstr(replayed, ==, "true");
    g_assert_cmpstr(text(first, "task_id"), ==, text(again, "task_id"));
    g_assert_cmpint(whole(first, "seed"), ==, whole(again, "seed"));
    assert_status(other, 422);
    g_assert_cmpstr(text(fresh, "task_id"), !=, text(first, "task_id"));
}

/* Identical requests are made once: the second is done when it is ordered. */
static void test_shared(Rig *rig)
{
    g_autofree char *first = music_make(rig, NULL, MUSIC_SHORT);
    g_autoptr(Reply) second = ask(rig, "POST", "/api/v1/generate", NULL, MUSIC_SHORT);
    g_autoptr(Reply) a = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", first);
    g_autoptr(Reply) b =
        music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", text(second, "task_id"));

    g_assert_cmpstr(text(second, "status"), ==, "completed");
    g_assert_cmpstr(text(second, "task_id"), !=, first);
    g_assert_true(g_string_equal(a->http->body, b->http->body));
}

static void test_history(Rig *rig)
{
    g_autofree char *first = music_make(rig, NULL, MUSIC_SHORT);
    g_autofree char *second = music_make(rig, NULL, MUSIC_SHORT);
    g_autoptr(Reply) page = ask(rig, "GET", "/api/v1/generate/history?limit=1", NULL, NULL);
    g_autofree char *link = field(page, "Link");

    assert_status(page, 200);
    g_assert_cmpstr(text(page, "items.0.task_id"), ==, second);
    g_assert_null(at(page, "items.0.request")); /* may be long; the piece itself has it */
    g_autoptr(Reply) whole = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s", second);
    g_assert_cmpstr(text(whole, "request.prompt"), ==, "calm solo piano");
    g_autoptr(Reply) state =
        music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s?fields=status", second);
    g_assert_cmpuint(json_object_size(state->json), ==, 1);
    g_assert_null(at(page, "items.0.identity"));
    g_assert_nonnull(strstr(link, "rel=\"next\""));
    g_autoptr(Reply) next = music_ask(rig, "GET", NULL, NULL,
                                      "/api/v1/generate/history?limit=1&cursor=%s",
                                      text(page, "next_cursor"));
    g_assert_cmpstr(text(next, "items.0.task_id"), ==, first);
    g_assert_null(text(next, "next_cursor"));
    g_autoptr(Reply) narrow = ask(rig, "GET", "/api/v1/generate/history?fields=id,status", NULL, NULL);
    g_assert_cmpuint(json_object_size(at(narrow, "items.0")), ==, 2);
}

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/generate/accepted", test_accepted, music_settings);
    rig_add("/api/generate/fields-are-met", test_fields_are_met, music_settings);
    rig_add("/api/generate/refusals", test_refusals, music_settings);
    rig_add("/api/generate/unknown", test_unknown, music_settings);
    rig_add("/api/generate/cancel", test_cancel, music_settings);
    rig_add("/api/generate/events", test_events, music_settings);
    rig_add("/api/generate/events-of-cancelled", test_events_of_cancelled, music_settings);
    rig_add("/api/generate/batch", test_batch, music_settings);
    rig_add("/api/generate/idempotent", test_idempotent, music_settings);
    rig_add("/api/generate/shared", test_shared, music_settings);
    rig_add("/api/generate/history", test_history, music_settings);
    return rig_run();
}
