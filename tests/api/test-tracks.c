/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a piece to a track that others find, play and like; and what is nobody else's business.
 */
#include "music.h"

#include <string.h>

static const char *const with_users[] = {"engine=compose", "limits=off",   "auth=on",
                                         "registration=yes", "rate-login=off", NULL};

/* A piece, kept; the track's id. (transfer full) */
static char *keep(Rig *rig, const char *fields, const char *body)
{
    g_autofree char *id = music_make(rig, fields, MUSIC_SHORT);
    g_autoptr(Reply) track =
        music_ask(rig, "POST", fields, body, "/api/v1/generate/%s/save", id);

    assert_status(track, 201);
    return g_strdup(text(track, "id"));
}

static gboolean lists(Rig *rig, const char *fields, const char *target, const char *id)
{
    g_autoptr(Reply) reply = ask(rig, "GET", target, fields, NULL);
    gsize i;
    json_t *item;

    assert_status(reply, 200);
    json_array_foreach((json_t *)at(reply, "items"), i, item) {
        g_assert_null(json_object_get(item, "identity"));
        if (g_strcmp0(json_string_value(json_object_get(item, "id")), id) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Save, list, search, play, like, trending, change, delete. */
static void test_life(Rig *rig)
{
    g_assert_false(lists(rig, NULL, "/api/v1/tracks", "-")); /* now it is in the cache */
    g_autofree char *id = keep(rig, NULL,
                               "{\"title\": \"Harbour lights\", \"tags\": [\"sea\"], "
                               "\"is_public\": true}");
    g_autoptr(Reply) track = music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s", id);

    assert_status(track, 200);
    g_assert_cmpstr(text(track, "title"), ==, "Harbour lights");
    g_assert_cmpstr(text(track, "tags.0"), ==, "sea");
    g_assert_cmpfloat_with_epsilon(json_number_value(at(track, "duration_seconds")), 5, 3);
    g_assert_true(lists(rig, NULL, "/api/v1/tracks", id));
    g_assert_true(lists(rig, NULL, "/api/v1/tracks/recent", id));
    g_assert_true(lists(rig, NULL, "/api/v1/tracks/search?q=harbour", id));
    g_assert_false(lists(rig, NULL, "/api/v1/tracks/search?q=mountain", id));
    g_assert_true(lists(rig, NULL, "/api/v1/tracks/search?q=sea&bpm_min=20&bpm_max=400", id));
    g_assert_false(lists(rig, NULL, "/api/v1/tracks?duration_min=100", id));
    g_assert_false(lists(rig, NULL, "/api/v1/tracks?genre=polka", id));

    g_autoptr(Reply) played = music_ask(rig, "POST", NULL, NULL, "/api/v1/tracks/%s/play", id);
    g_autoptr(Reply) liked = music_ask(rig, "POST", NULL, NULL, "/api/v1/tracks/%s/like", id);
    g_autoptr(Reply) twice = music_ask(rig, "POST", NULL, NULL, "/api/v1/tracks/%s/like", id);
    g_assert_cmpint(whole(played, "plays"), ==, 1);
    g_assert_cmpint(whole(liked, "likes"), ==, 1);
    g_assert_cmpint(whole(twice, "likes"), ==, 1);
    g_assert_true(lists(rig, NULL, "/api/v1/tracks/trending", id));
    g_autoptr(Reply) stats = ask(rig, "GET", "/api/v1/community/stats", NULL, NULL);
    g_autoptr(Reply) topics = ask(rig, "GET", "/api/v1/community/trending-topics", NULL, NULL);
    g_assert_cmpint(whole(stats, "tracks"), ==, 1);
    g_assert_cmpint(whole(stats, "plays_24h"), ==, 1);
    g_assert_nonnull(text(topics, "items.0.topic"));
    g_autoptr(Reply) unliked = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/tracks/%s/like", id);
    g_assert_cmpint(whole(unliked, "likes"), ==, 0);

    g_autoptr(Reply) renamed = music_ask(rig, "PATCH", NULL, "{\"title\": \"Mountain dawn\"}",
                                         "/api/v1/tracks/%s", id);
    g_assert_cmpstr(text(renamed, "title"), ==, "Mountain dawn");
    g_assert_true(lists(rig, NULL, "/api/v1/tracks/search?q=mountain", id));
    g_autoptr(Reply) empty =
        music_ask(rig, "PATCH", NULL, "{\"title\": \"\"}", "/api/v1/tracks/%s", id);
    assert_status(empty, 422);
    g_autoptr(Reply) deleted = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/tracks/%s", id);
    g_autoptr(Reply) gone = music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s", id);
    g_assert_cmpuint(deleted->status, ==, 204);
    assert_status(gone, 404);
    g_assert_false(lists(rig, NULL, "/api/v1/tracks", id));
    g_assert_false(lists(rig, NULL, "/api/v1/tracks/trending", id));
}

/* From the cache or not, in every coding and with some fields only: the same list. */
static void test_forms_of_a_list(Rig *rig)
{
    static const char *const codings[] = {"gzip", "gzip", "zstd", "zstd", "gzip"};
    g_autofree char *long_text = g_strnfill(2000, 'z');
    g_autofree char *body = g_strdup_printf("{\"title\": \"Odd \\\"one\\\" \\u2028\\t\\\\\", "
                                            "\"description\": \"%s\", \"is_public\": true}",
                                            long_text);
    g_autofree char *id = keep(rig, NULL, body);
    g_autoptr(Reply) plain = ask(rig, "GET", "/api/v1/tracks", NULL, NULL);
    g_autoptr(Reply) some = ask(rig, "GET", "/api/v1/tracks?fields=title,generation_id", NULL, NULL);
    g_autofree char *etag = field(plain, "ETag");

    assert_status(plain, 200);
    g_assert_cmpstr(text(plain, "items.0.id"), ==, id);
    g_assert_cmpstr(text(plain, "items.0.title"), ==, "Odd \"one\" \xe2\x80\xa8\t\\");
    g_assert_null(at(plain, "items.0.generation_id"));
    g_assert_true(json_is_null(at(plain, "next_cursor")));
    g_assert_cmpint(whole(plain, "limit"), ==, 10);
    g_assert_cmpuint(json_object_size(at(some, "items.0")), ==, 1);
    g_assert_nonnull(text(some, "items.0.title"));
    for (guint i = 0; i < G_N_ELEMENTS(codings); i++) {
        g_autofree char *line = g_strdup_printf("Accept-Encoding: %s\r\n", codings[i]);
        g_autofree char *tag = g_strdup_printf("%.*s-%s\"", (int)strlen(etag) - 1, etag, codings[i]);
        g_autoptr(Reply) packed = ask(rig, "GET", "/api/v1/tracks", line, NULL);
        g_autofree char *coding = field(packed, "Content-Encoding");
        g_autofree char *its_tag = field(packed, "ETag");
        assert_status(packed, 200);
        g_assert_cmpstr(coding, ==, codings[i]);
        g_assert_cmpstr(its_tag, ==, tag);
        g_assert_cmpuint(packed->http->body->len, <, plain->http->body->len / 2);
    }
    g_autoptr(Reply) again = ask(rig, "GET", "/api/v1/tracks", NULL, NULL);
    g_assert_cmpstr(again->http->body->str, ==, plain->http->body->str);
    g_autofree char *line = g_strdup_printf("Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", etag);
    g_autoptr(Reply) same = ask(rig, "GET", "/api/v1/tracks", line, NULL);
    g_assert_cmpuint(same->status, ==, 304);
}

static void test_sound_and_files(Rig *rig)
{
    static const char *const names[] = {"score.json", "score.mid", "score.musicxml", "score.abc",
                                        "report", "waveform"};
    g_autofree char *id = keep(rig, NULL, "{}");
    g_autoptr(Reply) track = music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s", id);
    g_autoptr(Reply) hashed = ask(rig, "GET", text(track, "audio_url"), NULL, NULL);
    g_autoptr(Reply) part =
        music_ask(rig, "GET", "Range: bytes=0-9\r\n", NULL, "/api/v1/tracks/%s/audio", id);
    g_autofree char *cache = field(hashed, "Cache-Control");

    g_assert_cmpuint(hashed->status, ==, 200);
    g_assert_cmpstr(cache, ==, "public, max-age=31536000, immutable");
    g_assert_cmpuint(part->status, ==, 206);
    g_assert_cmpuint(part->http->body->len, ==, 10);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(Reply) file =
            music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s/%s", id, names[i]);
        g_assert_cmpuint(file->status, ==, 200);
    }
    g_autoptr(Reply) stem = music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s/stems/x.wav", id);
    assert_status(stem, 404);
}

/* A track that is not public is not there for others, whatever they try. */
static void test_private(Rig *rig)
{
    static const struct {
        const char *method, *rest, *body;
    } tries[] = {
        {"GET", "", NULL},        {"PATCH", "", "{\"title\": \"mine\"}"}, {"DELETE", "", NULL},
        {"POST", "/like", NULL},  {"DELETE", "/like", NULL},              {"POST", "/play", NULL},
        {"GET", "/audio", NULL},  {"GET", "/score.mid", NULL},            {"GET", "/report", NULL},
        {"GET", "/stems/a", NULL},
    };
    g_autofree char *ann = music_user(rig, "ann@example.org"), *bob = music_user(rig, "bob@example.org");
    g_autofree char *id = keep(rig, ann, "{}");

    for (guint i = 0; i < G_N_ELEMENTS(tries); i++) {
        g_autoptr(Reply) reply = music_ask(rig, tries[i].method, bob, tries[i].body,
                                           "/api/v1/tracks/%s%s", id, tries[i].rest);
        assert_status(reply, 404);
    }
    g_autoptr(Reply) nobody = music_ask(rig, "GET", NULL, NULL, "/api/v1/tracks/%s", id);
    assert_status(nobody, 401);
    g_autoptr(Reply) own = music_ask(rig, "GET", ann, NULL, "/api/v1/tracks/%s", id);
    assert_status(own, 200);
    const char *generation = text(own, "generation_id");
    /* What her own player was told at once is told to nobody else. */
    g_autoptr(Reply) heard_once = music_ask(rig, "GET", ann, NULL, "/api/v1/stream/%s", generation);
    g_autoptr(Reply) heard_again = music_ask(rig, "GET", ann, NULL, "/api/v1/stream/%s", generation);
    assert_status(heard_once, 200);
    assert_status(heard_again, 200);
    g_autoptr(Reply) status = music_ask(rig, "GET", bob, NULL, "/api/v1/generate/%s", generation);
    g_autoptr(Reply) stream = music_ask(rig, "GET", bob, NULL, "/api/v1/stream/%s", generation);
    assert_status(status, 404);
    assert_status(stream, 404);
    g_assert_false(lists(rig, bob, "/api/v1/tracks", id));
    g_assert_false(lists(rig, bob, "/api/v1/tracks/search?q=piano", id));

    /* Public: to be heard, not to be changed, and not to be traced to how it was ordered. */
    g_autoptr(Reply) opened =
        music_ask(rig, "PATCH", ann, "{\"is_public\": true}", "/api/v1/tracks/%s", id);
    assert_status(opened, 200);
    g_autoptr(Reply) seen = music_ask(rig, "GET", bob, NULL, "/api/v1/tracks/%s", id);
    g_autoptr(Reply) heard = music_ask(rig, "GET", bob, NULL, "/api/v1/tracks/%s/audio", id);
    g_autoptr(Reply) taken =
        music_ask(rig, "PATCH", bob, "{\"title\": \"mine\"}", "/api/v1/tracks/%s", id);
    g_autoptr(Reply) killed = music_ask(rig, "DELETE", bob, NULL, "/api/v1/tracks/%s", id);
    assert_status(seen, 200);
    g_assert_null(at(seen, "generation_id"));
    g_assert_cmpuint(heard->status, ==, 200);
    assert_status(taken, 403);
    assert_status(killed, 403);
    g_assert_true(lists(rig, bob, "/api/v1/tracks", id));
}

static void test_own_pages(Rig *rig)
{
    g_autofree char *ann = music_user(rig, "ann@example.org"), *bob = music_user(rig, "bob@example.org");

    g_assert_false(lists(rig, ann, "/api/v1/user/tracks", "-"));
    g_autoptr(Reply) none = ask(rig, "GET", "/api/v1/user/generations", ann, NULL);
    g_assert_cmpuint(json_array_size(at(none, "items")), ==, 0);
    /* The empty pages are kept; what is ordered and saved shows all the same. */
    g_autofree char *id = keep(rig, ann, "{}");
    g_autoptr(Reply) made = ask(rig, "GET", "/api/v1/user/generations", ann, NULL);
    g_assert_true(lists(rig, ann, "/api/v1/user/tracks", id));
    g_assert_false(lists(rig, bob, "/api/v1/user/tracks", id));
    g_assert_cmpuint(json_array_size(at(made, "items")), ==, 1);
    g_assert_cmpstr(text(made, "items.0.status"), ==, "completed");
    g_assert_cmpstr(text(made, "items.0.track_id"), ==, id);
    g_autoptr(Reply) anonymous = ask(rig, "GET", "/api/v1/user/tracks", NULL, NULL);
    assert_status(anonymous, 401);
}

static void test_pages(Rig *rig)
{
    g_autofree char *first = keep(rig, NULL, "{\"title\": \"One sea\", \"is_public\": true}");
    g_autofree char *second = keep(rig, NULL, "{\"title\": \"Two sea\", \"is_public\": true}");
    static const char *const lists_of[] = {"/api/v1/tracks?limit=1", "/api/v1/tracks/search?q=sea&limit=1"};

    for (guint i = 0; i < G_N_ELEMENTS(lists_of); i++) {
        g_autoptr(Reply) one = ask(rig, "GET", lists_of[i], NULL, NULL);
        g_assert_nonnull(text(one, "next_cursor"));
        g_autoptr(Reply) two = music_ask(rig, "GET", NULL, NULL, "%s&cursor=%s", lists_of[i],
                                         text(one, "next_cursor"));
        g_autofree char *paged = field(one, "Link");
        g_assert_nonnull(paged);
        g_assert_cmpuint(json_array_size(at(two, "items")), ==, 1);
        g_assert_cmpstr(text(one, "items.0.id"), !=, text(two, "items.0.id"));
        g_assert_null(text(two, "next_cursor"));
        g_autoptr(Reply) offset = music_ask(rig, "GET", NULL, NULL, "%s&offset=1", lists_of[i]);
        g_assert_cmpstr(text(offset, "items.0.id"), ==, text(two, "items.0.id"));
    }
    static const char *const faults[] = {
        "/api/v1/tracks?limit=0", "/api/v1/tracks?limit=101", "/api/v1/tracks?cursor=nonsense",
        "/api/v1/tracks?bpm=fast", "/api/v1/tracks?fields=id,secret", "/api/v1/tracks/search",
        "/api/v1/tracks/search?q=", "/api/v1/community/trending-topics?limit=1000"};
    for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autoptr(Reply) fault = ask(rig, "GET", faults[i], NULL, NULL);
        assert_status(fault, 422);
    }
    static const char *const odd[] = {
        "/api/v1/tracks/search?q=%22", "/api/v1/tracks/search?q=%27%3B--",
        "/api/v1/tracks/search?q=AND%20OR%20NOT%20*", "/api/v1/tracks/search?q=%F0%9F%8E%B5"};
    for (guint i = 0; i < G_N_ELEMENTS(odd); i++)
        g_assert_false(lists(rig, NULL, odd[i], "-"));
}

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/tracks/forms-of-a-list", test_forms_of_a_list, music_settings);
    rig_add("/api/tracks/life", test_life, music_settings);
    rig_add("/api/tracks/sound-and-files", test_sound_and_files, music_settings);
    rig_add("/api/tracks/private", test_private, with_users);
    rig_add("/api/tracks/own-pages", test_own_pages, with_users);
    rig_add("/api/tracks/pages", test_pages, music_settings);
    return rig_run();
}
