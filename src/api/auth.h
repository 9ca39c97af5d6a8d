/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who calls, and the secrets behind it: the service key, API keys, access tokens, passwords.
 *
 * A credential is judged on the loop thread where that needs no waiting: the service key, signed tokens,
 * API keys that were seen within the last minute, and everything that is not ours.  What needs the database
 * is judged on a worker.  The end of a session or a key is told to all servers on the database; a token
 * that was issued before this server listened is checked with the database first.
 */
#pragma once
#include "api/api.h"
#include "api/settings.h"
#include "api/token.h"
#include "store/users.h"

typedef struct TuneAuth TuneAuth;

/* Reads or makes the key of signatures.  @store must outlive it. (transfer full) */
TuneAuth *tune_auth_new(const TuneSettings *settings, TuneStore *store, const TuneLog *log,
                        GError **error);
void tune_auth_free(TuneAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneAuth, tune_auth_free)

/* Must callers say who they are? */
gboolean tune_auth_is_on(const TuneSettings *settings);
/* Does the rate of requests count? */
gboolean tune_auth_limits_are_on(const TuneSettings *settings);

typedef enum {
    TUNE_AUTH_NOBODY,  /* no credential was sent */
    TUNE_AUTH_KNOWN,   /* *out is filled */
    TUNE_AUTH_REFUSED, /* one was sent and is not good */
    TUNE_AUTH_LATER,   /* the database must be asked: again with @may_block */
    TUNE_AUTH_FAILED,  /* the database could not be asked: @error */
} TuneAuthResult;
/* @credential: of Authorization: Bearer or X-API-Key (nullable). */
TuneAuthResult tune_auth_judge(TuneAuth *self, const TuneSettings *settings, const char *credential,
                               gboolean may_block, TuneCaller *out, GError **error);

TuneTier tune_tier_of(const char *name);
const char *tune_tier_name(TuneTier tier);

/* ---- sessions ---- */
/* {"access_token", "token_type", "expires_in", "refresh_token", "refresh_expires_in"} (transfer full) */
json_t *tune_auth_open(TuneAuth *self, const TuneSettings *settings, const TuneUser *user,
                       GError **error);
json_t *tune_auth_refresh(TuneAuth *self, const TuneSettings *settings, const char *refresh_token,
                          GError **error);
/* Of a refresh token, or the session of an access token. */
gboolean tune_auth_end(TuneAuth *self, const char *family, GError **error);
gboolean tune_auth_family_of(TuneAuth *self, const char *token, char family[37], GError **error);
/* All sessions and keys of a user, on all servers, at once. */
gboolean tune_auth_end_user(TuneAuth *self, const char *user_id, GError **error);
/* Forget what is remembered of a user's keys and rights, on all servers. */
gboolean tune_auth_forget_user(TuneAuth *self, const char *user_id, GError **error);

/* A new key; @hash: what is stored of it, @prefix: what is shown of it later. (transfer full) */
char *tune_auth_make_key(TuneAuth *self, char **hash, char **prefix);

/* ---- passwords (argon2id) ---- */
/* Few at a time, since each takes memory and time: waits at most some seconds for its turn, not at all when
 * many wait, else TUNE_API_ERROR 503. (transfer full) */
char *tune_auth_hash_password(TuneAuth *self, const char *password, GError **error);
/* @hash NULL: takes the time of a comparison and is never right, so that nobody can tell an unknown address
 * from a wrong password by the clock. */
gboolean tune_auth_check_password(TuneAuth *self, const char *hash, const char *password,
                                  gboolean *right, GError **error);
