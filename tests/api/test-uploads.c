/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that users bring, made here by our own writers; and files that lie.
 */
#include "music.h"

#include "audio/encode.h"
#include "score/format.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char tune_abc[] = "X:1\nT:Little tune\nM:4/4\nL:1/4\nQ:1/4=100\nK:G\n"
                               "G A B c|d2 B2|c B A G|A2 D2|G A B c|d2 g2|f e d c|G4|]\n";

/* A second of a tone as a file of @format. */
static GBytes *tone(TuneAudioFormat format)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "tune-tone-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    float frames[2 * 480];
    char *bytes;
    gsize size;

    close(g_mkstemp(path));
    g_autoptr(TuneEncoder) encoder = tune_encoder_new(path, format, 48000, 2, 48000, NULL, &error);
    g_assert_no_error(error);
    for (guint block = 0; block < 100; block++) {
        for (guint i = 0; i < 480; i++)
            frames[2 * i] = frames[2 * i + 1] =
                0.3f * sinf((float)(block * 480 + i) * 440.0f * 6.2831853f / 48000.0f);
        g_assert_true(tune_encoder_write(encoder, frames, 480, &error));
    }
    g_assert_true(tune_encoder_finish(encoder, &error));
    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    unlink(path);
    return g_bytes_new_take(bytes, size);
}

static GBytes *notes(TuneScoreFormat format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneScore) score =
        tune_score_read_abc("tune.abc", (const guint8 *)tune_abc, strlen(tune_abc), &error);

    g_assert_no_error(error);
    GBytes *bytes = tune_score_write(score, format, &error);
    g_assert_no_error(error);
    return bytes;
}

static Reply *send_bytes(Rig *rig, const char *fields, gconstpointer data, gsize size)
{
    g_autofree char *request = g_strdup_printf(
        "POST /api/v1/uploads?name=..%%2F%%2Fmy%%20file HTTP/1.1\r\nHost: x\r\n%s"
        "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", fields, size);
    Reply *reply = g_new0(Reply, 1);
    int fd = http_connect(rig->port);

    http_send(fd, request, -1);
    http_send(fd, data, (gssize)size);
    reply->http = http_read_answer(fd, FALSE);
    reply->status = reply->http->status;
    reply->json = json_loadb(reply->http->body->str, reply->http->body->len, 0, NULL);
    close(fd);
    return reply;
}

static Reply *upload(Rig *rig, GBytes *bytes)
{
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);

    /* What the sender says it is counts for nothing. */
    return send_bytes(rig, "Content-Type: image/png\r\n", data, size);
}

static guint n_files(Rig *rig)
{
    TuneFilesStats stats;

    tune_files_stats(rig->api->files, &stats);
    return (guint)stats.files;
}

/* Nothing of what was refused stays. */
static void assert_no_rest(Rig *rig)
{
    g_autofree char *path = g_build_filename(rig->folder, "files", "tmp", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    if (folder != NULL)
        g_assert_null(g_dir_read_name(folder));
}

static void test_sound(Rig *rig)
{
    static const struct {
        TuneAudioFormat format;
        const char *name, *mime;
    } formats[] = {
        {TUNE_AUDIO_WAV16, "wav", "audio/wav"}, {TUNE_AUDIO_FLAC, "flac", "audio/flac"},
        {TUNE_AUDIO_MP3, "mp3", "audio/mpeg"},  {TUNE_AUDIO_OGG, "ogg", "audio/ogg"},
        {TUNE_AUDIO_OPUS, "opus", "audio/ogg"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GBytes) bytes = tone(formats[i].format);
        g_autoptr(Reply) reply = upload(rig, bytes);
        g_autofree char *location = field(reply, "Location");
        assert_status(reply, 201);
        g_assert_cmpstr(text(reply, "kind"), ==, "audio");
        g_assert_cmpstr(text(reply, "details.format"), ==, formats[i].name);
        g_assert_true(g_str_has_prefix(text(reply, "mime"), formats[i].mime));
        g_assert_cmpstr(text(reply, "name"), ==, "my file");
        g_assert_cmpint(whole(reply, "bytes"), ==, (gint64)g_bytes_get_size(bytes));
        g_assert_cmpfloat_with_epsilon(json_number_value(at(reply, "duration_seconds")), 1, 0.1);
        g_autoptr(Reply) shown = ask(rig, "GET", location, NULL, NULL);
        g_assert_cmpstr(text(shown, "sha256"), ==, text(reply, "sha256"));
    }
    g_autoptr(Reply) list = ask(rig, "GET", "/api/v1/uploads?limit=2", NULL, NULL);
    g_assert_cmpuint(json_array_size(at(list, "items")), ==, 2);
    g_assert_cmpstr(text(list, "items.0.details.format"), ==, "opus");
    g_autoptr(Reply) gone =
        music_ask(rig, "DELETE", NULL, NULL, "/api/v1/uploads/%s", text(list, "items.0.id"));
    g_autoptr(Reply) after =
        music_ask(rig, "GET", NULL, NULL, "/api/v1/uploads/%s", text(list, "items.0.id"));
    g_assert_cmpuint(gone->status, ==, 204);
    assert_status(after, 404);
}

/* Louder, as an MP3, by a job like any other; the same twice is done at once. */
static void test_optimize(Rig *rig)
{
    g_autoptr(GBytes) bytes = tone(TUNE_AUDIO_WAV16), midi = notes(TUNE_SCORE_MIDI);
    g_autoptr(Reply) wav = upload(rig, bytes);
    g_autoptr(Reply) score = upload(rig, midi);
    g_autoptr(Reply) order = music_ask(rig, "POST", NULL, "{\"target_lufs\": -20}",
                                       "/api/v1/uploads/%s/optimize", text(wav, "id"));

    assert_status(order, 202);
    g_autoptr(Reply) done = music_wait(rig, NULL, text(order, "task_id"));
    g_assert_cmpstr(text(done, "status"), ==, "completed");
    g_assert_cmpfloat_with_epsilon(json_number_value(at(done, "report.optimized.after_lufs")), -20,
                                   1);
    g_autoptr(Reply) file = ask(rig, "GET", text(order, "download_url"), NULL, NULL);
    g_autofree char *type = field(file, "Content-Type");
    g_assert_cmpuint(file->status, ==, 200);
    g_assert_cmpstr(type, ==, "audio/mpeg");
    g_assert_cmpuint(file->http->body->len, >, 10000);
    g_autoptr(Reply) again = music_ask(rig, "POST", NULL, "{\"target_lufs\": -20}",
                                       "/api/v1/uploads/%s/optimize", text(wav, "id"));
    g_assert_cmpstr(text(again, "status"), ==, "completed");
    g_autoptr(Reply) kept = music_ask(rig, "POST", NULL, "{}", "/api/v1/generate/%s/save",
                                      text(order, "task_id"));
    assert_status(kept, 409);
    g_autoptr(Reply) loud = music_ask(rig, "POST", NULL, "{\"target_lufs\": 0}",
                                      "/api/v1/uploads/%s/optimize", text(wav, "id"));
    assert_status(loud, 422);
    g_autoptr(Reply) notes_only =
        music_ask(rig, "POST", NULL, NULL, "/api/v1/uploads/%s/optimize", text(score, "id"));
    assert_status(notes_only, 422);
    g_autoptr(Reply) none = ask(rig, "POST", "/api/v1/uploads/none/optimize", NULL, NULL);
    assert_status(none, 404);
}

static void test_melody(Rig *rig)
{
    static const struct {
        TuneScoreFormat format;
        const char *kind;
    } formats[] = {{TUNE_SCORE_MIDI, "midi"}, {TUNE_SCORE_MUSICXML, "musicxml"}, {TUNE_SCORE_ABC, "abc"}};
    g_autofree char *last = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_autoptr(GBytes) bytes = notes(formats[i].format);
        g_autoptr(Reply) reply = upload(rig, bytes);
        assert_status(reply, 201);
        g_assert_cmpstr(text(reply, "kind"), ==, formats[i].kind);
        g_assert_cmpint(whole(reply, "details.notes"), >=, 20);
        g_free(last);
        last = g_strdup(text(reply, "id"));
    }
    g_autofree char *body = g_strdup_printf(
        "{\"prompt\": \"jazz trio\", \"duration\": 15, \"seed\": 1, \"melody\": \"%s\"}", last);
    g_autofree char *id = music_make(rig, NULL, body);
    g_autoptr(Reply) plain = music_ask(rig, "GET", NULL, NULL, "/api/v1/generate/%s", id);
    /* Its key comes from the tune: nobody else said one. */
    g_assert_cmpstr(text(plain, "report.piece.key"), ==, "G major");
    g_autoptr(GBytes) sound = tone(TUNE_AUDIO_WAV16);
    g_autoptr(Reply) wav = upload(rig, sound);
    g_autofree char *wrong =
        g_strdup_printf("{\"prompt\": \"jazz\", \"melody\": \"%s\"}", text(wav, "id"));
    g_autoptr(Reply) refused = ask(rig, "POST", "/api/v1/generate", NULL, wrong);
    assert_status(refused, 422);
}

static void test_form(Rig *rig)
{
    g_autoptr(GBytes) bytes = notes(TUNE_SCORE_MIDI);
    g_autoptr(GByteArray) body = g_byte_array_new();
    static const char head[] = "--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
                               "--xyz\r\nContent-Disposition: form-data; name=\"file\"; "
                               "filename=\"a/b/tune.mid\"\r\nContent-Type: text/html\r\n\r\n";
    static const char type[] = "Content-Type: multipart/form-data; boundary=xyz\r\n";
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    g_byte_array_append(body, (const guint8 *)head, sizeof head - 1);
    g_byte_array_append(body, data, (guint)size);
    g_byte_array_append(body, (const guint8 *)"\r\n--xyz--\r\n", 11);
    g_autoptr(Reply) good = send_bytes(rig, type, body->data, body->len);
    assert_status(good, 201);
    g_assert_cmpint(whole(good, "bytes"), ==, (gint64)size);
    g_autoptr(Reply) cut = send_bytes(rig, type, body->data, body->len - 20);
    assert_status(cut, 422);
    g_autoptr(Reply) none = send_bytes(rig, type, "--xyz--\r\n", 9);
    assert_status(none, 422);
    g_autoptr(Reply) odd = send_bytes(rig, "Content-Type: multipart/form-data\r\n", "x", 1);
    assert_status(odd, 422);
    assert_no_rest(rig);
}

static void test_lies(Rig *rig)
{
    static const struct {
        const char *bytes;
        gsize size;
    } lies[] = {
        {"%PDF-1.4 hello", 14},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16},
        {"PK\003\004zip", 7},
        {"\x7f" "ELF\2\1\1", 7},
        {"#!/bin/sh\nrm -rf /\n", 19},
        {"<html><script>alert(1)</script></html>", 38},
        {"fLaC\0\0\0\x22garbage garbage garbage garbage", 40},
        {"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0\1\0\2\0\x80\xbb\0\0\0\xee\2\0\4\0\x10\0data\xff\xff\xff\x7f", 44},
        {"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\x7f\xff\xff\xff", 22},
        {"<?xml version='1.0'?><!DOCTYPE score-partwise [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
         "<score-partwise>&a;</score-partwise>", 124},
        {"OggS\0\2", 6},
        {"\xff\xfb\x90", 3},
        {"\0", 1},
    };
    guint before = n_files(rig);

    for (guint i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_autoptr(Reply) reply =
            send_bytes(rig, "Content-Type: audio/wav\r\n", lies[i].bytes, lies[i].size);
        if (reply->status != 422)
            g_error("lie %u: %u %s", i, reply->status, reply->http->body->str);
        assert_status(reply, 422);
        g_assert_null(strstr(text(reply, "detail"), "root:"));
    }
    g_autoptr(Reply) empty = send_bytes(rig, "", "", 0);
    assert_status(empty, 422);
    /* The first half of a good file is no file. */
    g_autoptr(GBytes) flac = tone(TUNE_AUDIO_FLAC);
    gsize size;
    const guint8 *data = g_bytes_get_data(flac, &size);
    g_autoptr(Reply) half = send_bytes(rig, "", data, size / 2);
    assert_status(half, 422);
    g_assert_cmpuint(n_files(rig), ==, before);
    assert_no_rest(rig);
    g_autoptr(Reply) list = ask(rig, "GET", "/api/v1/uploads", NULL, NULL);
    g_assert_cmpuint(json_array_size(at(list, "items")), ==, 0);
}

static void test_limits_and_owners(Rig *rig)
{
    g_autofree char *ann = music_user(rig, "ann@example.org"), *bob = music_user(rig, "bob@example.org");
    g_autoptr(GBytes) bytes = notes(TUNE_SCORE_MIDI);
    gsize size;
    gconstpointer data = g_bytes_get_data(bytes, &size);
    g_autofree guint8 *large = g_malloc0((2u << 20) + 1);
    g_autoptr(Reply) own = send_bytes(rig, ann, data, size);
    g_autoptr(Reply) much = send_bytes(rig, ann, large, (2u << 20) + 1);
    g_autoptr(Reply) nobody = send_bytes(rig, "", data, size);

    assert_status(own, 201);
    g_assert_cmpuint(much->status, ==, 413);
    assert_status(nobody, 401);
    g_autoptr(Reply) seen = music_ask(rig, "GET", bob, NULL, "/api/v1/uploads/%s", text(own, "id"));
    g_autoptr(Reply) taken =
        music_ask(rig, "DELETE", bob, NULL, "/api/v1/uploads/%s", text(own, "id"));
    g_autofree char *body =
        g_strdup_printf("{\"prompt\": \"jazz\", \"melody\": \"%s\"}", text(own, "id"));
    g_autoptr(Reply) used = ask(rig, "POST", "/api/v1/generate", bob, body);
    assert_status(seen, 404);
    assert_status(taken, 404);
    assert_status(used, 404);
}

static const char *const limited[] = {"engine=compose", "limits=off", "auth=on", "registration=yes",
                                      "rate-login=off", "upload-megabytes=2", NULL};

static const char *const little_room[] = {"engine=compose", "limits=off", "auth=on", "registration=yes",
                                          "rate-login=off", "uploads-free=1", NULL};

static void test_quota_of_a_user(Rig *rig)
{
    g_autofree char *ann = music_user(rig, "ann@example.org"), *bob = music_user(rig, "bob@example.org");
    g_autoptr(GBytes) wav = tone(TUNE_AUDIO_WAV24);
    gsize size, fit;
    gconstpointer data = g_bytes_get_data(wav, &size);
    g_autofree char *first = NULL;

    fit = (1u << 20) / size;
    g_assert_cmpuint(fit, >=, 1);
    for (gsize i = 0; i < fit; i++) {
        g_autoptr(Reply) good = send_bytes(rig, ann, data, size);
        assert_status(good, 201);
        g_free(first);
        first = g_strdup(text(good, "id"));
    }
    g_autoptr(Reply) much = send_bytes(rig, ann, data, size);
    assert_status(much, 413);
    g_assert_nonnull(strstr(text(much, "detail"), "1 MiB are the most"));
    g_autoptr(Reply) other = send_bytes(rig, bob, data, size);
    assert_status(other, 201);
    g_autoptr(Reply) gone = music_ask(rig, "DELETE", ann, NULL, "/api/v1/uploads/%s", first);
    assert_status(gone, 204);
    g_autoptr(Reply) again = send_bytes(rig, ann, data, size);
    assert_status(again, 201);
}

int main(int argc, char **argv)
{
    rig_init(&argc, &argv);
    rig_add("/api/uploads/sound", test_sound, music_settings);
    rig_add("/api/uploads/optimize", test_optimize, music_settings);
    rig_add("/api/uploads/melody", test_melody, music_settings);
    rig_add("/api/uploads/form", test_form, music_settings);
    rig_add("/api/uploads/lies", test_lies, music_settings);
    rig_add("/api/uploads/quota-of-a-user", test_quota_of_a_user, little_room);
    rig_add("/api/uploads/limits-and-owners", test_limits_and_owners, limited);
    return rig_run();
}
