/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/columns.h"
#include "store/tracks.h"

#include <string.h>

#define TOPIC_TRACKS 2000 /* the newest, and the most played, that topics are counted over */

json_t *tune_community_stats(TuneStore *store, GError **error)
{
    static const TuneStatement statement = {
        "community-stats",
        "SELECT (SELECT count(*) FROM tracks WHERE is_public), (SELECT count(*) FROM users),"
        " (SELECT count(*) FROM plays), (SELECT count(*) FROM likes),"
        " (SELECT count(*) FROM plays WHERE created_at > $1),"
        " (SELECT count(*) FROM tracks WHERE is_public AND created_at > $1)",
        NULL};
    static const TuneColumn columns[] = {
        {"tracks", TUNE_COLUMN_INT},    {"users", TUNE_COLUMN_INT},
        {"plays", TUNE_COLUMN_INT},     {"likes", TUNE_COLUMN_INT},
        {"plays_24h", TUNE_COLUMN_INT}, {"tracks_24h", TUNE_COLUMN_INT},
    };
    g_autoptr(TuneRows) rows = tune_store_query(store, &statement, TUNE_READ, error, "i",
                                                g_get_real_time() - G_TIME_SPAN_DAY);
    return rows == NULL ? NULL : tune_rows_object(rows, 0, columns, G_N_ELEMENTS(columns));
}

/* ---- topics ---- */

typedef struct {
    char *name;
    const char *kind;
    gint64 score, tracks;
} Topic;

static void topic_free(Topic *self)
{
    g_free(self->name);
    g_free(self);
}

static void count_topic(GHashTable *topics, const char *kind, const char *name, gint64 score)
{
    if (*name == '\0')
        return;
    g_autofree char *folded = g_utf8_casefold(name, -1);
    g_autofree char *key = g_strconcat(kind, "/", folded, NULL);
    Topic *topic = g_hash_table_lookup(topics, key);
    if (topic == NULL) {
        topic = g_new0(Topic, 1);
        topic->name = g_strdup(name);
        topic->kind = kind;
        g_hash_table_insert(topics, g_steal_pointer(&key), topic);
    }
    topic->score += score;
    topic->tracks++;
}

/* Rows of genre, mood, tags, plays. */
static void count_rows(GHashTable *topics, const TuneRows *rows, gint64 extra)
{
    for (guint i = 0; i < tune_rows_count(rows); i++) {
        gint64 score = tune_rows_int(rows, i, 3) + extra;
        g_auto(GStrv) tags = g_strsplit(tune_rows_text(rows, i, 2), "\n", -1);
        count_topic(topics, "genre", tune_rows_text(rows, i, 0), score);
        count_topic(topics, "mood", tune_rows_text(rows, i, 1), score);
        for (guint tag = 0; tags[tag] != NULL; tag++)
            count_topic(topics, "tag", tags[tag], score);
    }
}

static gint hotter_first(gconstpointer a, gconstpointer b)
{
    const Topic *left = *(Topic *const *)a, *right = *(Topic *const *)b;
    if (left->score != right->score)
        return left->score < right->score ? 1 : -1;
    gint order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->kind, right->kind);
}

static json_t *topics_json(GHashTable *topics, guint limit)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    GHashTableIter iter;
    gpointer topic;
    json_t *list = json_array();

    g_hash_table_iter_init(&iter, topics);
    while (g_hash_table_iter_next(&iter, NULL, &topic))
        g_ptr_array_add(sorted, topic);
    g_ptr_array_sort(sorted, hotter_first);
    for (guint i = 0; i < sorted->len && i < limit; i++) {
        const Topic *chosen = sorted->pdata[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "topic", chosen->name, "kind",
                                              chosen->kind, "score", (json_int_t)chosen->score,
                                              "tracks", (json_int_t)chosen->tracks));
    }
    return list;
}

/* A track that is both new and played is one row, of the newest or of the played. */
json_t *tune_community_topics(TuneStore *store, guint limit, GError **error)
{
    static const TuneStatement newest = {
        "topics-newest",
        "SELECT genre, mood, tags, (SELECT count(*) FROM plays p WHERE p.track_id = t.id "
        "AND p.created_at > $2) FROM tracks t WHERE t.is_public AND t.created_at > $1 "
        "ORDER BY t.created_at DESC, t.id DESC LIMIT $3",
        NULL};
    static const TuneStatement played = {
        "topics-played",
        "SELECT t.genre, t.mood, t.tags, p.recent FROM (SELECT track_id, count(*) AS recent "
        "FROM plays WHERE created_at > $2 GROUP BY track_id "
        "ORDER BY count(*) DESC, track_id DESC LIMIT $3) p "
        "JOIN tracks t ON t.id = p.track_id WHERE t.is_public AND t.created_at <= $1",
        NULL};
    gint64 now = g_get_real_time(), week = now - 7 * G_TIME_SPAN_DAY, day = now - G_TIME_SPAN_DAY;
    gint64 most = TOPIC_TRACKS;
    g_autoptr(GHashTable) topics =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)topic_free);
    g_autoptr(TuneRows) new_rows =
        tune_store_query(store, &newest, TUNE_READ, error, "iii", week, day, most);
    if (new_rows == NULL)
        return NULL;
    g_autoptr(TuneRows) played_rows =
        tune_store_query(store, &played, TUNE_READ, error, "iii", week, day, most);
    if (played_rows == NULL)
        return NULL;
    count_rows(topics, new_rows, 1);
    count_rows(topics, played_rows, 0);
    return topics_json(topics, limit);
}
