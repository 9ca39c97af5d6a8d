/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is asked of Redis: look up, store, drop, take a token.  Storing and taking are scripts,
 * because they look before they write.
 */
#include <math.h>
#include <string.h>
#include "cache/redis-pool.h"

#define TAG_LIFE_S                                                                                 \
    (7u * 86400u) /* at least as long as the values under it; a drop stays known so long */
#define TOMBSTONE_MS   "60000"
#define MAX_PENDING    4096u
#define KEEP_BUCKET_MS 1000.0

/* KEYS: the value, everything, tags.  ARGV: the value, its life in ms, the tombstone that was seen
 * ("*": do not mind), the life of versions in s, the versions.  Not stored when anything was
 * dropped since. */
static const char store_script[] =
    "if ARGV[3] ~= '*' then\n"
    "  local head = redis.call('GETRANGE', KEYS[1], 0, 19)\n"
    "  if string.sub(head, 1, 4) == 'TNX1' and head ~= ARGV[3] then return 0 end\n"
    "end\n"
    "for i = 2, #KEYS do\n"
    "  local version = redis.call('GET', KEYS[i])\n"
    "  if not version then redis.call('SET', KEYS[i], ARGV[i + 3], 'EX', ARGV[4])\n"
    "  elseif version ~= ARGV[i + 3] then return 0\n"
    "  elseif redis.call('TTL', KEYS[i]) < tonumber(ARGV[4]) / 2 then\n"
    "    redis.call('EXPIRE', KEYS[i], ARGV[4])\n"
    "  end\n"
    "end\n"
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
    "return 1\n";

/* One clock for all servers, Redis' own, and one that jumps does no harm: backwards counts as no
 * time, forwards fills the bucket at most. */
static const char take_script[] =
    "local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000000 + t[2]\n"
    "local was = redis.call('HMGET', KEYS[1], 'tokens', 'seen')\n"
    "local tokens, seen = tonumber(was[1]) or burst, tonumber(was[2]) or now\n"
    "tokens = math.min(burst, tokens + math.max(0, now - seen) * rate / 1000000)\n"
    "local taken = 0\n"
    "if tokens >= 1 then tokens = tokens - 1; taken = 1 end\n"
    "redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'seen', string.format('%.0f', now))\n"
    "redis.call('PEXPIRE', KEYS[1], ARGV[3])\n"
    "return {taken, tostring(tokens)}\n";

/* ---- arguments ---- */

/* Words of a command; those that are made here are freed with it. */
typedef struct {
    GPtrArray *words, *owned;
    GArray *lengths;
} Words;

static void words_add(Words *self, const void *word, gsize length)
{
    g_ptr_array_add(self->words, (gpointer)word);
    g_array_append_val(self->lengths, length);
}

static void words_add_text(Words *self, const char *text)
{
    words_add(self, text, strlen(text));
}

static void words_take(Words *self, char *text)
{
    g_ptr_array_add(self->owned, text);
    words_add_text(self, text);
}

static void words_init(Words *self, const char *first)
{
    self->words = g_ptr_array_new();
    self->owned = g_ptr_array_new_with_free_func(g_free);
    self->lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    words_add_text(self, first);
}

static void words_clear(Words *self)
{
    g_ptr_array_unref(self->words);
    g_ptr_array_unref(self->owned);
    g_array_unref(self->lengths);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static TuneRedisCommand words_command(const Words *self)
{
    return (TuneRedisCommand){(int)self->words->len, (const char **)self->words->pdata,
                              (const gsize *)self->lengths->data};
}

/* The keys of everything and of each tag. */
static void words_add_versions(Words *self, const TuneRedis *redis, const char *const *tags)
{
    words_take(self, tune_redis_key(redis, "#epoch", ""));
    for (; tags != NULL && *tags != NULL; tags++)
        words_take(self, tune_redis_key(redis, "#tag:", *tags));
}

static guint count(const char *const *tags)
{
    return tags != NULL ? g_strv_length((char **)tags) : 0;
}

/* An answer that is an error or of the wrong kind: counted like none at all. */
static void refuse(TuneRedis *self, TuneRedisUse *use, const redisReply *reply)
{
    const char *reason = reply->type == REDIS_REPLY_ERROR ? reply->str : "an unexpected answer";

    tune_redis_fail(self, use, reason);
}

/* MGET of [value] and versions: the answer's elements. (transfer full) (nullable) */
static redisReply *ask(TuneRedis *self, const char *key, const char *const *tags)
{
    g_auto(Words) words;
    TuneRedisUse use;
    redisReply *reply = NULL;

    words_init(&words, "MGET");
    words_take(&words, tune_redis_key(self, "", key));
    words_add_versions(&words, self, tags);
    TuneRedisCommand command = words_command(&words);
    if (!tune_redis_begin(self, &use) || !tune_redis_call(self, &use, &command, 1, &reply))
        return NULL;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != words.words->len - 1) {
        refuse(self, &use, reply);
        freeReplyObject(reply);
        return NULL;
    }
    tune_redis_end(self, &use);
    return reply;
}

/* (transfer full) */
static guint64 *versions_of(const redisReply *reply)
{
    gsize n = reply->elements - 1;
    guint64 *versions = g_new0(guint64, n);

    for (gsize i = 0; i < n; i++) {
        const redisReply *element = reply->element[1 + i];

        if (element->type == REDIS_REPLY_STRING)
            versions[i] = tune_redis_version_parse(element->str, element->len);
    }
    return versions;
}

/* ---- look up ---- */

static gboolean same_tags(const char *const *a, const char *const *b)
{
    static const char *const none[] = {NULL};

    return g_strv_equal(a != NULL ? a : none, b != NULL ? b : none);
}

/* Do the versions that @value was made under still stand?  @now: those of @tags. */
static gboolean still_stands(TuneRedis *self, const char *key, const char *const *tags,
                             const guint64 *now, const TuneRedisValue *value,
                             const guint64 *made_under)
{
    const char *const *own = (const char *const *)value->tags;
    g_autofree guint64 *asked = NULL;

    if (made_under[0] == 0 || now[0] != made_under[0])
        return FALSE;
    if (!same_tags(tags, own)) {
        g_autoptr(redisReply) reply = ask(self, key, own);

        if (reply == NULL)
            return FALSE;
        now = asked = versions_of(reply);
    }
    for (guint i = 0; i <= count(own); i++)
        if (made_under[i] == 0 || now[i] != made_under[i])
            return FALSE;
    return TRUE;
}

gboolean tune_redis_get(TuneRedis *self, const char *key, const char *const *tags,
                        TuneRedisTicket *ticket, TuneRedisValue *out)
{
    g_autoptr(redisReply) reply = ask(self, key, tags);
    g_autofree guint64 *made_under = NULL;

    *out = (TuneRedisValue){0};
    *ticket = (TuneRedisTicket){0};
    if (reply == NULL)
        return FALSE;
    ticket->seen = TRUE;
    ticket->versions = versions_of(reply);
    const redisReply *stored = reply->element[0];
    gboolean found = FALSE;
    if (stored->type == REDIS_REPLY_STRING && tune_redis_is_tombstone(stored->str, stored->len))
        memcpy(ticket->tombstone, stored->str, TUNE_REDIS_TOMB_BYTES);
    else if (stored->type == REDIS_REPLY_STRING)
        found = tune_redis_value_unpack(key, stored->str, stored->len, g_get_real_time(), out,
                                        &made_under) &&
                still_stands(self, key, tags, ticket->versions, out, made_under);
    if (!found)
        tune_redis_value_clear(out);
    atomic_fetch_add(found ? &self->hits : &self->misses, 1);
    return found;
}

/* ---- store ---- */

/* Versions that are not there yet are made here; the script writes them. */
static void fill_in(guint64 *versions, guint n)
{
    for (guint i = 0; i < n; i++)
        if (versions[i] == 0)
            versions[i] = tune_redis_new_version();
}

static void store(TuneRedis *self, const char *key, const GByteArray *packed, guint64 life_ms,
                  const char *const *tags, const guint64 *versions, const char *tombstone)
{
    g_auto(Words) words;
    TuneRedisUse use;
    g_autoptr(redisReply) reply = NULL;
    guint n = 1 + count(tags);

    words_init(&words, "EVAL");
    words_add_text(&words, store_script);
    words_take(&words, g_strdup_printf("%u", 1 + n));
    words_take(&words, tune_redis_key(self, "", key));
    words_add_versions(&words, self, tags);
    words_add(&words, packed->data, packed->len);
    words_take(&words, g_strdup_printf("%" G_GUINT64_FORMAT, life_ms));
    words_add_text(&words, tombstone);
    words_take(&words, g_strdup_printf("%" G_GUINT64_FORMAT, life_ms / 1000 + TAG_LIFE_S));
    for (guint i = 0; i < n; i++) {
        char *text = g_malloc(TUNE_REDIS_VERSION_BYTES);

        tune_redis_version_text(versions[i], text);
        words_take(&words, text);
    }
    TuneRedisCommand command = words_command(&words);
    if (!tune_redis_begin(self, &use) || !tune_redis_call(self, &use, &command, 1, &reply))
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        atomic_fetch_add(&self->errors, 1); /* no memory left there, say: not stored, no harm */
    tune_redis_end(self, &use);
}

void tune_redis_put(TuneRedis *self, const char *key, GBytes *value, guint ttl_s, guint stale_s,
                    const char *const *tags, const TuneRedisTicket *ticket)
{
    guint n = 1 + count(tags);
    g_autofree guint64 *versions = NULL;
    const char *tombstone = "*";

    if (ticket != NULL) {
        if (!ticket->seen)
            return;
        versions = g_memdup2(ticket->versions, n * sizeof *versions);
        tombstone = ticket->tombstone;
    } else {
        g_autoptr(redisReply) reply = ask(self, key, tags);

        if (reply == NULL)
            return;
        versions = versions_of(reply);
    }
    fill_in(versions, n);
    g_autoptr(GByteArray) packed = tune_redis_value_pack(key, value, ttl_s, stale_s, tags, versions,
                                                         self->compress_above, g_get_real_time());
    if (packed != NULL)
        store(self, key, packed, ((guint64)ttl_s + stale_s) * 1000, tags, versions, tombstone);
}

/* ---- drop ---- */

gboolean tune_redis_send_drop(TuneRedis *self, TuneRedisLink *link, char kind, const char *name,
                              gint64 deadline_us)
{
    g_autofree char *message = g_strdup_printf("%s %c %s", self->server_id, kind, name);
    g_autofree char *key = tune_redis_key(self,
                                          kind == 'k'   ? ""
                                          : kind == 't' ? "#tag:"
                                                        : "#epoch",
                                          kind == 'e' ? "" : name);
    g_autofree char *life = g_strdup_printf("%u", TAG_LIFE_S);
    char version[TUNE_REDIS_VERSION_BYTES], tombstone[TUNE_REDIS_TOMB_BYTES + 1];
    const char *bury[] = {"SET", key, tombstone, "PX", TOMBSTONE_MS};
    const char *renew[] = {"SET", key, version, "EX", life};
    const char *tell[] = {"PUBLISH", self->channel, message};
    TuneRedisCommand commands[] = {{5, kind == 'k' ? bury : renew, NULL}, {3, tell, NULL}};
    redisReply *replies[2];

    tune_redis_make_tombstone(tombstone);
    tune_redis_version_text(tune_redis_new_version(), version);
    if (!tune_redis_link_call(link, commands, 2, replies, deadline_us))
        return FALSE;
    gboolean done =
        replies[0]->type == REDIS_REPLY_STATUS && replies[1]->type == REDIS_REPLY_INTEGER;
    freeReplyObject(replies[0]);
    freeReplyObject(replies[1]);
    return done;
}

void tune_redis_remember_drop(TuneRedis *self, char kind, const char *name)
{
    pthread_mutex_lock(&self->lock);
    if (kind == 'e' || g_hash_table_size(self->pending) >= MAX_PENDING)
        self->pending_all = TRUE;
    else
        g_hash_table_add(self->pending, g_strdup_printf("%c%s", kind, name));
    pthread_mutex_unlock(&self->lock);
}

/* What is not told must not be forgotten: until the watcher has told it, Redis is not asked. */
static void drop(TuneRedis *self, char kind, const char *name)
{
    TuneRedisUse use;

    if (tune_redis_begin(self, &use)) {
        if (tune_redis_send_drop(self, use.link, kind, name, use.deadline_us)) {
            tune_redis_end(self, &use);
            return;
        }
        tune_redis_fail(self, &use, "it did not take what was to be dropped");
    }
    tune_redis_remember_drop(self, kind, name);
    tune_redis_open_breaker(self, "it did not take what was to be dropped");
}

void tune_redis_drop_key(TuneRedis *self, const char *key)
{
    drop(self, 'k', key);
}

void tune_redis_drop_tag(TuneRedis *self, const char *tag)
{
    drop(self, 't', tag);
}

gboolean tune_redis_do_pending(TuneRedis *self, TuneRedisLink *link)
{
    GHashTableIter iter;
    gpointer name;
    gboolean told = TRUE;

    /* Taken out first: what is dropped again meanwhile must be told again. */
    pthread_mutex_lock(&self->lock);
    g_autoptr(GHashTable) pending = self->pending;
    self->pending = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    gboolean all = self->pending_all;
    self->pending_all = FALSE;
    pthread_mutex_unlock(&self->lock);
    if (all)
        told = tune_redis_send_drop(self, link, 'e', "", tune_redis_deadline(self));
    g_hash_table_iter_init(&iter, pending);
    while (told && g_hash_table_iter_next(&iter, &name, NULL)) {
        const char *drop_name = name;

        told = tune_redis_send_drop(self, link, drop_name[0], drop_name + 1,
                                    tune_redis_deadline(self));
        if (told)
            g_hash_table_iter_remove(&iter);
    }
    if (told)
        return TRUE;
    if (all)
        tune_redis_remember_drop(self, 'e', "");
    g_hash_table_iter_init(&iter, pending);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        tune_redis_remember_drop(self, *(const char *)name, (const char *)name + 1);
    return FALSE;
}

/* ---- tokens ---- */

static gboolean read_tokens(const redisReply *reply, double burst, gboolean *taken,
                            double *remaining)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_INTEGER ||
        reply->element[1]->type != REDIS_REPLY_STRING)
        return FALSE;
    double tokens = g_ascii_strtod(reply->element[1]->str, NULL);
    if (!isfinite(tokens))
        return FALSE;
    *taken = reply->element[0]->integer == 1;
    *remaining = CLAMP(tokens, 0.0, burst);
    return TRUE;
}

gboolean tune_redis_take(TuneRedis *self, const char *key, double rate, double burst,
                         gboolean *taken, double *remaining)
{
    g_autofree char *name = tune_redis_key(self, "#bucket:", key);
    g_autofree char *life =
        g_strdup_printf("%.0f", MIN(burst / rate * 1000.0, 86400e3) + KEEP_BUCKET_MS);
    char rate_text[G_ASCII_DTOSTR_BUF_SIZE], burst_text[G_ASCII_DTOSTR_BUF_SIZE];
    const char *words[] = {"EVAL", take_script, "1", name, rate_text, burst_text, life};
    TuneRedisCommand command = {7, words, NULL};
    TuneRedisUse use;
    g_autoptr(redisReply) reply = NULL;

    g_ascii_dtostr(rate_text, sizeof rate_text, rate);
    g_ascii_dtostr(burst_text, sizeof burst_text, burst);
    if (!tune_redis_begin(self, &use) || !tune_redis_call(self, &use, &command, 1, &reply))
        return FALSE;
    if (read_tokens(reply, burst, taken, remaining)) {
        tune_redis_end(self, &use);
        return TRUE;
    }
    refuse(self, &use, reply);
    return FALSE;
}
