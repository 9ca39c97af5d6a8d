/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Texts that prove who somebody is.
 *
 *     tst_...   access token: user, session, rights and life, signed; checked without the database
 *     tsr_...   refresh token: 256 random bits; known by its hash
 *     tsk_...   API key: 192 random bits, signed, so that a made-up one is refused without the database;
 *               known by its hash
 *
 * Signatures are BLAKE2b with the service's key, compared in constant time (libsodium).
 */
#pragma once
#include <glib.h>

#define TUNE_TOKEN_KEY_BYTES 32
#define TUNE_KEY_PREFIX "tsk_"
#define TUNE_ACCESS_PREFIX "tst_"
#define TUNE_REFRESH_PREFIX "tsr_"

typedef struct {
    char user_id[37], family[37];
    guint8 tier;
    gboolean admin;
    gint64 issued_us, expires_us; /* since 1970 */
} TuneToken;

/* (transfer full) */
char *tune_token_sign(const guint8 key[TUNE_TOKEN_KEY_BYTES], const TuneToken *token);
/* FALSE: not ours, damaged, or expired at @now_us. */
gboolean tune_token_read(const guint8 key[TUNE_TOKEN_KEY_BYTES], const char *text, gint64 now_us,
                         TuneToken *out);

/* A new API key and what is stored of it. (transfer full) */
char *tune_api_key_make(const guint8 key[TUNE_TOKEN_KEY_BYTES]);
gboolean tune_api_key_is_ours(const guint8 key[TUNE_TOKEN_KEY_BYTES], const char *text);
/* (transfer full) */
char *tune_refresh_make(void);
/* SHA-256 of the text, as hexadecimal. (transfer full) */
char *tune_token_hash(const char *text);

/* Equal, in a time that depends on neither. */
gboolean tune_secret_equal(const char *a, const char *b);
