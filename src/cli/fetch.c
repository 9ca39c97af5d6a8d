/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/fetch.h"
#include "cli/cli.h"

#include <curl/curl.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <tune-config.h>
#include <unistd.h>

enum {
    CONNECT_S = 30,
    STALL_S = 60,  /* without a byte */
    MAX_TRIES = 5, /* in a row that brought nothing */
    FIRST_PAUSE_US = 250000,
    MAX_ETAG = 256,
};

typedef enum { VERDICT_DONE, VERDICT_AGAIN, VERDICT_FAILED } Verdict;

struct TuneFetcher {
    CURL *curl;
    char *user_agent;
    gboolean secure;
    GCancellable *cancellable;
    void (*tell)(guint64 bytes, gpointer data);
    gpointer data;
    /* the request at hand */
    const char *url;
    GString *text; /* its body goes here, */
    gsize limit;
    FILE *file;          /* or here */
    guint64 have, bytes; /* written to the file; of the whole */
    GChecksum *sum;
    const TuneAnnounced *announced;
    char etag[MAX_ETAG];
    guint64 range_start; /* of the answer; G_MAXUINT64: it has none */
    gboolean started;    /* the body has begun */
    const char *fault;   /* why we ended it */
    int write_errno;     /* of that, when it is the file's */
};

/* ---- errors ---- */

static gboolean remote(const TuneFetcher *self, GError **error, const char *why)
{
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_REMOTE, "%s: %s", self->url, why);
    return FALSE;
}

static gboolean local(const char *path, GError **error)
{
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", path, g_strerror(errno));
    return FALSE;
}

static const char *reason(long status)
{
    switch (status) {
    case 401:
    case 403:
        return "the server does not give it to everyone";
    case 404:
    case 410:
        return "the server does not have it";
    case 429:
        return "the server says that we ask too often";
    default:
        return status >= 500 ? "the server has a fault" : "the server answers with another status";
    }
}

static gboolean refused(const TuneFetcher *self, long status, GError **error)
{
    g_autofree char *why = g_strdup_printf("%s (%ld)", reason(status), status);

    return remote(self, error, why);
}

/* ---- curl's calls ---- */

static void start_sum(TuneFetcher *self)
{
    g_clear_pointer(&self->sum, g_checksum_free);
    if (self->announced->sha256 != NULL) {
        self->sum = g_checksum_new(G_CHECKSUM_SHA256);
    } else if (self->announced->blob != NULL) {
        g_autofree char *head = g_strdup_printf("blob %" G_GUINT64_FORMAT, self->announced->bytes);
        self->sum = g_checksum_new(G_CHECKSUM_SHA1);
        g_checksum_update(self->sum, (const guchar *)head, (gssize)strlen(head) + 1);
    }
}

static gboolean start_over(TuneFetcher *self)
{
    if (fflush(self->file) != 0 || ftruncate(fileno(self->file), 0) != 0)
        return FALSE;
    rewind(self->file);
    self->have = 0;
    start_sum(self);
    return TRUE;
}

static size_t end_with(TuneFetcher *self, const char *fault)
{
    self->fault = fault;
    return 0;
}

static size_t end_unwritten(TuneFetcher *self)
{
    self->write_errno = errno;
    return end_with(self, "cannot be written");
}

/* 0 ends the transfer. */
static size_t take_bytes(TuneFetcher *self, const char *bytes, size_t n)
{
    if (n > self->bytes - self->have)
        return end_with(self, "the server sends more than it announced");
    if (fwrite(bytes, 1, n, self->file) != n)
        return end_unwritten(self);
    if (self->sum != NULL)
        g_checksum_update(self->sum, (const guchar *)bytes, (gssize)n);
    self->have += n;
    if (self->tell != NULL)
        self->tell(self->have, self->data);
    return n;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
    TuneFetcher *self = data;
    const size_t n = size * count;
    long status = 0;

    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return n; /* the page about an error */
    if (self->text != NULL) {
        if (n > self->limit - self->text->len)
            return end_with(self, "the answer is too long");
        g_string_append_len(self->text, bytes, (gssize)n);
        return n;
    }
    if (!self->started) {
        self->started = TRUE;
        if (status == 200 && self->have > 0 && !start_over(self))
            return end_unwritten(self);
        if (status == 206 && self->range_start != self->have)
            return end_with(self, "the server sends another range than it was asked for");
    }
    return take_bytes(self, bytes, n);
}

static size_t take_field(char *line, size_t size, size_t count, void *data)
{
    TuneFetcher *self = data;
    g_autofree char *text = g_strndup(line, size * count);

    g_strchomp(text);
    if (g_str_has_prefix(text, "HTTP/")) { /* a new answer, after a redirect */
        self->etag[0] = '\0';
        self->range_start = G_MAXUINT64;
    } else if (g_ascii_strncasecmp(text, "etag:", 5) == 0) {
        const char *value = g_strchug(text + 5);
        if (strlen(value) < MAX_ETAG)
            g_strlcpy(self->etag, value, sizeof self->etag);
    } else if (g_ascii_strncasecmp(text, "content-range: bytes ", 21) == 0) {
        self->range_start = g_ascii_strtoull(text + 21, NULL, 10);
    }
    return size * count;
}

static int look_for_cancel(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total,
                           curl_off_t up)
{
    const TuneFetcher *self = data;

    return g_cancellable_is_cancelled(self->cancellable);
}

/* ---- one request ---- */

TuneFetcher *tune_fetcher_new(const char *base, GCancellable *cancellable)
{
    TuneFetcher *self = g_new0(TuneFetcher, 1);
    CURL *curl = curl_easy_init();

    self->curl = curl;
    self->secure = g_ascii_strncasecmp(base, "https:", 6) == 0;
    self->cancellable = cancellable;
    self->user_agent = g_strdup_printf("tunesmith/%s", TUNE_VERSION);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, self->user_agent);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, self->secure ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 8L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_field);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, self);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_cancel);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, self);
    return self;
}

void tune_fetcher_free(TuneFetcher *self)
{
    if (self == NULL)
        return;
    curl_easy_cleanup(self->curl);
    g_clear_pointer(&self->sum, g_checksum_free);
    g_free(self->user_agent);
    g_free(self);
}

void tune_fetcher_watch(TuneFetcher *self, void (*tell)(guint64 bytes, gpointer data),
                        gpointer data)
{
    self->tell = tell;
    self->data = data;
}

/* Ask once for what is missing. */
static Verdict ask(TuneFetcher *self, const char *etag, GError **error)
{
    struct curl_slist *fields = NULL;
    long status = 0;

    if (self->have > 0) {
        g_autofree char *range = g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", self->have);
        g_autofree char *condition = g_strdup_printf("If-Range: %s", etag);
        fields = curl_slist_append(fields, range);
        /* A weak tag cannot stand for bytes. */
        if (*etag == '"')
            fields = curl_slist_append(fields, condition);
    }
    self->started = FALSE;
    self->fault = NULL;
    curl_easy_setopt(self->curl, CURLOPT_URL, self->url);
    curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, fields);
    CURLcode code = curl_easy_perform(self->curl);
    curl_easy_setopt(self->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(fields);
    if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
        return VERDICT_FAILED;
    if (self->fault != NULL) {
        remote(self, error, self->fault);
        return VERDICT_FAILED;
    }
    curl_easy_getinfo(self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        remote(self, error, curl_easy_strerror(code));
        return VERDICT_AGAIN;
    }
    if (status == 200 || status == 206)
        return VERDICT_DONE;
    refused(self, status, error);
    if (status == 416 && self->file != NULL)
        return start_over(self) ? VERDICT_AGAIN : VERDICT_FAILED;
    return status == 429 || status >= 500 ? VERDICT_AGAIN : VERDICT_FAILED;
}

/* A pause that a cancel ends. */
static void pause_for(TuneFetcher *self, gint64 us)
{
    const gint64 end = g_get_monotonic_time() + us;

    while (!g_cancellable_is_cancelled(self->cancellable) && g_get_monotonic_time() < end)
        g_usleep(20000);
}

/* Ask until it is there; a try that brought something does not count. */
static gboolean ask_often(TuneFetcher *self, const char *etag_path, GError **error)
{
    g_autofree char *etag = NULL;
    guint tries = 0;

    if (etag_path != NULL)
        (void)g_file_get_contents(etag_path, &etag, NULL, NULL);
    for (;;) {
        g_autoptr(GError) why = NULL;
        const guint64 before = self->have;
        Verdict verdict = ask(self, etag == NULL ? "" : etag, &why);

        if (etag_path != NULL && self->etag[0] == '"')
            (void)g_file_set_contents(etag_path, self->etag, -1, NULL);
        g_free(etag);
        etag = g_strdup(self->etag);
        if (verdict == VERDICT_DONE && (self->file == NULL || self->have == self->bytes))
            return TRUE;
        if (verdict == VERDICT_DONE)
            remote(self, &why, "the server ends the answer early");
        tries = self->have > before ? 0 : tries + 1;
        if (verdict == VERDICT_FAILED || tries >= MAX_TRIES) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        pause_for(self, (gint64)FIRST_PAUSE_US << tries);
        if (self->text != NULL)
            g_string_truncate(self->text, 0);
    }
}

char *tune_fetcher_text(TuneFetcher *self, const char *url, gsize limit, gsize *length,
                        GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    self->url = url;
    self->text = text;
    self->limit = limit;
    self->have = 0;
    gboolean good = ask_often(self, NULL, error);
    self->text = NULL;
    if (!good)
        return NULL;
    *length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ---- a file ---- */

guint64 tune_fetcher_has(const char *path)
{
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    GStatBuf info;

    if (g_stat(path, &info) != 0 && g_stat(part, &info) != 0)
        return 0;
    return (guint64)info.st_size;
}

/* Open the part, take in what it holds; more than the whole cannot be a part of it. */
static gboolean open_part(TuneFetcher *self, const char *part, GError **error)
{
    guint8 block[65536];
    gsize n;

    self->have = 0;
    start_sum(self);
    self->file = fopen(part, "a+b");
    if (self->file == NULL)
        return local(part, error);
    rewind(self->file);
    while ((n = fread(block, 1, sizeof block, self->file)) > 0) {
        self->have += n;
        if (self->sum != NULL)
            g_checksum_update(self->sum, block, (gssize)n);
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return FALSE;
    }
    if (ferror(self->file) || (self->have > self->bytes && !start_over(self)))
        return local(part, error);
    return TRUE;
}

static gboolean is_what_was_announced(const TuneFetcher *self)
{
    const char *wanted =
        self->announced->sha256 != NULL ? self->announced->sha256 : self->announced->blob;

    return self->have == self->bytes &&
           (self->sum == NULL || g_ascii_strcasecmp(g_checksum_get_string(self->sum), wanted) == 0);
}

/* One round: what is missing is fetched and all is compared.  *again: the part held bytes from
 * before and was wrong; it has been emptied. */
static gboolean fetch_part(TuneFetcher *self, const char *part, const char *etag_path,
                           gboolean *again, GError **error)
{
    *again = FALSE;
    self->write_errno = 0;
    if (!open_part(self, part, error))
        return FALSE;
    const gboolean resumed = self->have > 0;
    if (self->have < self->bytes && !ask_often(self, etag_path, error)) {
        if (self->write_errno == 0)
            return FALSE;
        g_clear_error(error);
        errno = self->write_errno;
        return local(part, error);
    }
    if (fflush(self->file) != 0 || fsync(fileno(self->file)) != 0)
        return local(part, error);
    if (is_what_was_announced(self))
        return TRUE;
    *again = resumed && start_over(self);
    if (!*again)
        g_unlink(part);
    return remote(self, error, "what came is not what the server announced: its hash differs");
}

gboolean tune_fetcher_file(TuneFetcher *self, const char *url, const char *path,
                           const TuneAnnounced *announced, GError **error)
{
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    g_autofree char *etag_path = g_strconcat(path, ".part.etag", NULL);
    gboolean again = TRUE, good = FALSE;

    self->url = url;
    self->announced = announced;
    self->bytes = announced->bytes;
    while (!good && again) {
        g_clear_error(error);
        good = fetch_part(self, part, etag_path, &again, error);
        if (self->file != NULL && fclose(self->file) != 0 && good)
            good = local(part, error);
        self->file = NULL;
    }
    if (!good)
        return FALSE;
    g_unlink(etag_path);
    return g_rename(part, path) == 0 || local(path, error);
}
