/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound while it is made and when it is done; files of a result.
 */
#include "music.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So long that nothing but a cancel ends it within a test. */
#define LONG "{\"prompt\": \"slow ambient pads\", \"duration\": 600, \"seed\": %u}"

/* A connection on which the head of an answer has come, and some of its body. */
static int open_stream(Rig *rig, const char *id, const char *fields, GString *into, const char *until)
{
    int fd = http_connect(rig->port);
    char byte;

    http_sendf(fd, "GET /api/v1/stream/%s HTTP/1.1\r\nHost: x\r\n%sConnection: close\r\n\r\n", id,
               fields);
    while (strstr(into->str, until) == NULL) {
        g_assert_cmpint(read(fd, &byte, 1), ==, 1);
        g_string_append_c(into, byte);
    }
    return fd;
}

static char *order_long(Rig *rig, guint seed)
{
    g_autofree char *body = g_strdup_printf(LONG, seed);

    return music_order(rig, NULL, body);
}

static void cancel(Rig *rig, const char *id)
{
    g_autoptr(Reply) reply = music_ask(rig, "DELETE", NULL, NULL, "/api/v1/generate/%s", id);

    assert_status(reply, 200);
}

/* The first bytes are there while the piece is not done; when it is cancelled the stream is cut, so that
 * nobody takes it for whole. */
static void test_begins_before_the_end(Rig *rig)
{
    g_autofree char *id = order_long(rig, 1);
    g_autoptr(GString) got = g_string_new(NULL);
    int fd = open_stream(rig, id, "", got, "\r\n\r\n");
    guint8 sound[4096];
    gsize n = 0;

    g_assert_nonnull(strstr(got->str, "audio/mpeg"));
    g_assert_nonnull(strstr(got->str, "Transfer-Encoding: chunked"));
    while (n < sizeof sound) {
        gssize more = read(fd, sound + n, sizeof sound - n);
        g_assert_cmpint(more, >, 0);
        n += (gsize)more;
    }
    g_autoptr(Reply) status = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s", id);
    g_assert_cmpstr(text(status, "status"), ==, "running");
    cancel(rig, id);
    g_autoptr(GString) rest = http_read_all(fd);
    g_assert_true(rest->len < 5 || memcmp(rest->str + rest->len - 5, "0\r\n\r\n", 5) != 0);
    close(fd);
}

static void test_ranges_of_growing_sound(Rig *rig)
{
    g_autofree char *id = order_long(rig, 2);
    g_autoptr(GString) got = g_string_new(NULL);
    int fd = open_stream(rig, id, "", got, "ID3");
    g_autoptr(Reply) part = NULL, rest = NULL, beyond = NULL, odd = NULL;
    g_autofree char *range = NULL, *all = NULL, *after = NULL;

    part = music_ask(rig, "GET", "Range: bytes=1-2\r\n", NULL, "/api/v1/stream/%s", id);
    range = field(part, "Content-Range");
    g_assert_cmpuint(part->status, ==, 206);
    g_assert_cmpstr(range, ==, "bytes 1-2/*");
    g_assert_cmpuint(part->http->body->len, ==, 2);
    g_assert_cmpmem(part->http->body->str, 2, "D3", 2);
    rest = music_ask(rig, "GET", "Range: bytes=2-\r\n", NULL, "/api/v1/stream/%s", id);
    g_assert_cmpuint(rest->status, ==, 206);
    g_assert_true(rest->http->whole);
    beyond = music_ask(rig, "GET", "Range: bytes=999999999-\r\n", NULL, "/api/v1/stream/%s", id);
    all = field(beyond, "Content-Range");
    after = field(beyond, "Retry-After");
    assert_status(beyond, 416);
    g_assert_true(g_str_has_prefix(all, "bytes */"));
    g_assert_cmpstr(after, ==, "1");
    cancel(rig, id);
    close(fd);
}

/* ---- several listeners ---- */

typedef struct {
    Rig *rig;
    const char *id, *format;
    guint pause_us; /* between blocks of 8 KiB */
    GString *sound;
} Listener;

static gpointer listen_to(gpointer data)
{
    Listener *self = data;
    g_autofree char *target =
        g_strdup_printf("/api/v1/stream/%s?format=%s", self->id, self->format);
    int fd = http_connect(self->rig->port);

    if (self->pause_us > 0) {
        g_autoptr(GString) raw = g_string_new(NULL);
        char block[8192];
        gssize n;
        http_sendf(fd, "GET %s HTTP/1.0\r\nHost: x\r\n\r\n", target);
        while ((n = read(fd, block, sizeof block)) > 0) {
            g_string_append_len(raw, block, n);
            g_usleep(self->pause_us);
        }
        const char *body = memmem(raw->str, raw->len, "\r\n\r\n", 4);
        g_assert_nonnull(body);
        self->sound = g_string_new_len(body + 4, (gssize)raw->len - (body + 4 - raw->str));
    } else {
        http_sendf(fd, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", target);
        g_autoptr(HttpAnswer) answer = http_read_answer(fd, FALSE);
        g_assert_cmpuint(answer->status, ==, 200);
        g_assert_true(answer->whole);
        self->sound = g_string_new_len(answer->body->str, (gssize)answer->body->len);
    }
    close(fd);
    return NULL;
}

static void test_listeners_hear_the_same(Rig *rig)
{
    g_autofree char *id =
        music_order(rig, NULL, "{\"prompt\": \"swing trio\", \"duration\": 12, \"seed\": 3}");
    Listener all[] = {
        {rig, id, "mp3", 0, NULL},  {rig, id, "mp3", 0, NULL}, {rig, id, "mp3", 3000, NULL},
        {rig, id, "flac", 0, NULL}, {rig, id, "wav", 0, NULL}, {rig, id, "ogg", 0, NULL},
        {rig, id, "opus", 0, NULL},
    };
    GThread *threads[G_N_ELEMENTS(all)];

    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        threads[i] = g_thread_new("listener", listen_to, &all[i]);
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        g_thread_join(threads[i]);
    g_autoptr(Reply) done = music_wait(rig, NULL, id);
    g_assert_cmpstr(text(done, "status"), ==, "completed");
    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(Reply) file = music_ask(rig, "GET", NULL, NULL,
                                          "/api/v1/generate/%s/download?format=%s", id,
                                          all[i].format);
        g_assert_cmpuint(file->status, ==, 200);
        g_assert_cmpuint(all[i].sound->len, >, 1000);
        g_assert_true(g_string_equal(all[i].sound, file->http->body));
        g_string_free(all[i].sound, TRUE);
    }
}

/* ---- when it is done ---- */

static void test_finished_sound(Rig *rig)
{
    g_autofree char *id = music_make(rig, NULL, MUSIC_SHORT);
    g_autoptr(Reply) file = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", id);
    g_autofree char *etag = field(file, "ETag"), *cache = field(file, "Cache-Control");
    g_autofree char *ranges = field(file, "Accept-Ranges"), *type = field(file, "Content-Type");
    g_autofree char *known = g_strdup_printf("If-None-Match: %s\r\n", etag);

    g_assert_cmpuint(file->status, ==, 200);
    g_assert_cmpstr(type, ==, "audio/mpeg");
    g_assert_cmpstr(ranges, ==, "bytes");
    g_assert_nonnull(strstr(cache, "immutable"));
    g_assert_cmpmem(file->http->body->str, 3, "ID3", 3);
    gsize size = file->http->body->len;

    g_autoptr(Reply) head = music_ask(rig, "HEAD", NULL, NULL, "/api/v1/stream/%s", id);
    g_autofree char *length = field(head, "Content-Length");
    g_assert_cmpuint(head->status, ==, 200);
    g_assert_cmpuint(g_ascii_strtoull(length, NULL, 10), ==, size);
    g_autoptr(Reply) same = music_ask(rig, "GET", known, NULL, "/api/v1/stream/%s", id);
    g_assert_cmpuint(same->status, ==, 304);

    g_autoptr(Reply) part =
        music_ask(rig, "GET", "Range: bytes=100-299\r\n", NULL, "/api/v1/stream/%s", id);
    g_autofree char *range = field(part, "Content-Range");
    g_autofree char *expected = g_strdup_printf("bytes 100-299/%" G_GSIZE_FORMAT, size);
    g_assert_cmpuint(part->status, ==, 206);
    g_assert_cmpstr(range, ==, expected);
    g_assert_cmpuint(part->http->body->len, ==, 200);
    g_assert_cmpmem(part->http->body->str, 200, file->http->body->str + 100, 200);
    g_autoptr(Reply) tail =
        music_ask(rig, "GET", "Range: bytes=-50\r\n", NULL, "/api/v1/stream/%s", id);
    g_assert_cmpuint(tail->http->body->len, ==, 50);
    g_assert_cmpmem(tail->http->body->str, 50, file->http->body->str + size - 50, 50);
    g_autoptr(Reply) beyond =
        music_ask(rig, "GET", "Range: bytes=99999999-\r\n", NULL, "/api/v1/stream/%s", id);
    assert_status(beyond, 416);
    g_autoptr(Reply) changed = music_ask(
        rig, "GET", "Range: bytes=0-1\r\nIf-Range: \"other\"\r\n", NULL, "/api/v1/stream/%s", id);
    g_assert_cmpuint(changed->status, ==, 200);
    g_autoptr(Reply) wrong = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s?format=exe", id);
    assert_fault(wrong, "query.format", "literal_error");

    g_autoptr(Reply) saved =
        music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/download?format=wav24", id);
    g_autofree char *attached = field(saved, "Content-Disposition");
    g_assert_cmpuint(saved->status, ==, 200);
    g_assert_true(g_str_has_suffix(attached, ".wav\""));
    g_assert_true(g_str_has_prefix(attached, "attachment; filename=\""));

    /* Its file taken away: what is remembered of it does not hide that.  It is made again. */
    g_autofree char *hash = g_strndup(etag + 1, 64);
    g_assert_true(tune_files_remove(rig->api->files, hash, NULL));
    g_autoptr(Reply) again = music_ask(rig, "GET", NULL, NULL, "/api/v1/stream/%s", id);
    g_assert_cmpuint(again->status, ==, 200);
    g_assert_cmpuint(again->http->body->len, ==, size);
    g_assert_true(memcmp(again->http->body->str, file->http->body->str, size) == 0);
}

static Reply *part_of(Rig *rig, const char *id, const char *format, const char *range)
{
    g_autofree char *fields = g_strdup_printf("Range: bytes=%s\r\n", range);

    return music_ask(rig, "GET", fields, NULL, "/api/v1/generate/%s/download?format=%s", id, format);
}

/* The first who asks for a format of a piece that is done wants only a part of it: it is made and given. */
static void test_ranges_of_a_format_nobody_had(Rig *rig)
{
    static const struct {
        const char *format, *range;
        gsize n; /* 0: beyond the end */
    } cases[] = {
        {"ogg", "5000-5099", 100}, {"opus", "-50", 50},        {"flac", "4000-", G_MAXSIZE},
        {"wav", "0-99", 100},      {"wav24", "99999999-", 0},
    };
    g_autofree char *id = music_make(rig, NULL, MUSIC_SHORT);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Reply) part = part_of(rig, id, cases[i].format, cases[i].range);
        g_autoptr(Reply) file = music_ask(
            rig, "GET", NULL, NULL, "/api/v1/generate/%s/download?format=%s", id, cases[i].format);
        const GString *all = file->http->body, *got = part->http->body;
        gsize from = strtoull(cases[i].range, NULL, 10), n = MIN(cases[i].n, all->len - from);
        g_autofree char *range = field(part, "Content-Range");

        g_assert_cmpuint(file->status, ==, 200);
        if (n == 0) {
            g_autofree char *size = g_strdup_printf("bytes */%" G_GSIZE_FORMAT, all->len);
            assert_status(part, 416);
            g_assert_cmpstr(range, ==, size);
            continue;
        }
        if (*cases[i].range == '-')
            from = all->len - n;
        g_autofree char *place = g_strdup_printf("bytes %" G_GSIZE_FORMAT "-%" G_GSIZE_FORMAT "/", from,
                                                 from + n - 1);
        g_assert_cmpuint(part->status, ==, 206);
        g_assert_true(g_str_has_prefix(range, place));
        g_assert_cmpuint(got->len, ==, n);
        g_assert_true(memcmp(got->str, all->str + from, n) == 0);
    }
}

static void test_files(Rig *rig)
{
    static const struct {
        const char *name, *type, *begins;
    } files[] = {
        {"score.json", "application/json", "{"},
        {"score.mid", "audio/midi", "MThd"},
        {"score.musicxml", "application/vnd.recordare.musicxml+xml", "<?xml"},
        {"score.abc", "text/vnd.abc", "%abc"},
        {"report", "application/json", "{"},
        {"waveform", "application/json", "{"},
    };
    g_autofree char *id = music_make(
        rig, NULL, "{\"prompt\": \"piano and bass\", \"duration\": 5, \"seed\": 7, \"stems\": true}");
    g_autoptr(Reply) status = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s", id);
    guint n_stems = 0;
    const char *name;
    json_t *file;

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(Reply) reply =
            music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/%s", id, files[i].name);
        g_autofree char *type = field(reply, "Content-Type"), *etag = field(reply, "ETag");
        g_assert_cmpuint(reply->status, ==, 200);
        g_assert_true(g_str_has_prefix(type, files[i].type));
        g_assert_true(g_str_has_prefix(reply->http->body->str, files[i].begins));
        g_assert_nonnull(etag);
    }
    json_object_foreach((json_t *)at(status, "files"), name, file) {
        if (!g_str_has_prefix(name, "stems/"))
            continue;
        g_autoptr(Reply) stem = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/%s", id, name);
        g_assert_cmpuint(stem->status, ==, 200);
        g_assert_cmpmem(stem->http->body->str, 4, "RIFF", 4);
        n_stems++;
    }
    g_assert_cmpuint(n_stems, >=, 2);
    g_autoptr(Reply) none =
        music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s/stems/kazoo.wav", id);
    assert_status(none, 404);
}

/* The memory of a client that takes nothing is its own: the piece is done all the same. */
static void test_slow_listener_holds_nobody(Rig *rig)
{
    g_autofree char *id =
        music_order(rig, NULL, "{\"prompt\": \"full orchestra\", \"duration\": 20, \"seed\": 5}");
    g_autoptr(GString) got = g_string_new(NULL);
    int fd = open_stream(rig, id, "", got, "\r\n\r\n");
    g_autoptr(Reply) done = music_wait(rig, NULL, id);

    g_assert_cmpstr(text(done, "status"), ==, "completed");
    g_autoptr(GString) rest = http_read_all(fd);
    g_assert_cmpuint(rest->len, >, 5);
    g_assert_cmpmem(rest->str + rest->len - 5, 5, "0\r\n\r\n", 5);
    close(fd);
}

/* A listener who takes nothing for as long as a busy machine needs for the piece is not sent away. */
static const char *const patient[] = {"engine=compose", "limits=off", "write-timeout=3600", NULL};

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/sound/begins-before-the-end", test_begins_before_the_end, music_settings);
    rig_add("/api/sound/ranges-of-growing-sound", test_ranges_of_growing_sound, music_settings);
    rig_add("/api/sound/listeners-hear-the-same", test_listeners_hear_the_same, music_settings);
    rig_add("/api/sound/finished-sound", test_finished_sound, music_settings);
    rig_add("/api/sound/ranges-of-a-format-nobody-had", test_ranges_of_a_format_nobody_had,
            music_settings);
    rig_add("/api/sound/files", test_files, music_settings);
    rig_add("/api/sound/slow-listener-holds-nobody", test_slow_listener_holds_nobody, patient);
    return rig_run();
}
