/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Users, their sessions and their API keys.
 *
 *     g_autoptr(TuneUser) user = tune_users_by_email(store, "ann@example.org", TUNE_READ_PRIMARY, &error);
 *     if (user == NULL && error == NULL) ... there is none
 *
 * Only hashes of passwords, keys and tokens are kept; making and comparing them is the caller's.  A session
 * is a family of refresh tokens of which the newest counts: the use of an older one means that a token was
 * copied, and ends the family.
 */
#pragma once
#include "store/store.h"

#define TUNE_USERS_ERROR (tune_users_error_quark())
GQuark tune_users_error_quark(void);
typedef enum {
    TUNE_USERS_ERROR_EXPIRED, /* no such session, too old or ended */
    TUNE_USERS_ERROR_REUSED,  /* the token was used before: the whole family is ended now */
} TuneUsersError;

typedef struct {
    char id[37];
    char *email; /* lower case */
    char *name, *password_hash, *tier, *role;
    json_t *profile; /* object */
    gint64 created_us, updated_us;
} TuneUser;
void tune_user_free(TuneUser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneUser, tune_user_free)

/* TUNE_STORE_ERROR_CONFLICT: the address is taken.  (transfer full) */
TuneUser *tune_users_create(TuneStore *store, const char *email, const char *name,
                            const char *password_hash, GError **error);
/* NULL without an error: there is none.  (transfer full) (nullable) */
TuneUser *tune_users_by_email(TuneStore *store, const char *email, TuneReadFrom from,
                              GError **error);
TuneUser *tune_users_by_id(TuneStore *store, const char *id, TuneReadFrom from, GError **error);
/* Name, profile and password hash as given (NULL: as they are).  FALSE without an error: no such user. */
gboolean tune_users_update(TuneStore *store, const char *id, const char *name, const json_t *profile,
                           const char *password_hash, GError **error);
/* "free", "pro", "unlimited"; "user", "admin"; NULL: as it is. */
gboolean tune_users_set_rights(TuneStore *store, const char *id, const char *tier, const char *role,
                               GError **error);
/* With everything that is theirs.  FALSE without an error: no such user. */
gboolean tune_users_delete(TuneStore *store, const char *id, GError **error);
/* All that is known of a user: {"user", "api_keys", "sessions", "generations", "tracks", "uploads",
 * "likes", "plays"}; no hash of a secret.  At most 10,000 of each.  (transfer full) */
json_t *tune_users_export(TuneStore *store, const char *id, GError **error);

/* ---- sessions ---- */
/* @family: new one, written to the 37 bytes. */
gboolean tune_sessions_open(TuneStore *store, const char *user_id, const char *refresh_hash,
                            gint64 life_us, char family[37], GError **error);
/* @old_hash is spent and @new_hash takes its place. */
gboolean tune_sessions_rotate(TuneStore *store, const char *old_hash, const char *new_hash,
                              gint64 life_us, char user_id[37], char family[37], GError **error);
/* FALSE without an error: unknown. */
gboolean tune_sessions_family_of(TuneStore *store, const char *refresh_hash, char family[37],
                                 GError **error);
gboolean tune_sessions_end(TuneStore *store, const char *family, GError **error);
gboolean tune_sessions_end_all(TuneStore *store, const char *user_id, GError **error);
/* Not ended, and its user is still there? */
gboolean tune_sessions_is_live(TuneStore *store, const char *family, gboolean *live, GError **error);
/* Sessions that ended more than a day ago. */
gboolean tune_sessions_clean(TuneStore *store, guint *removed, GError **error);

/* ---- API keys ---- */
/* {"id", "name", "prefix", "created_at", "last_used_at", "revoked"}.  (transfer full) */
json_t *tune_api_keys_create(TuneStore *store, const char *user_id, const char *name,
                             const char *prefix, const char *key_hash, GError **error);
/* Newest first, revoked ones left out.  (transfer full) */
json_t *tune_api_keys_list(TuneStore *store, const char *user_id, GError **error);
/* FALSE without an error: no such key of this user, or revoked before. */
gboolean tune_api_keys_revoke(TuneStore *store, const char *user_id, const char *id, GError **error);
/* The owner of a key that is not revoked; notes its use once a minute.  NULL without an error: none.
 * @key_id: 37 bytes.  (transfer full) (nullable) */
TuneUser *tune_api_keys_owner(TuneStore *store, const char *key_hash, char key_id[37], GError **error);
