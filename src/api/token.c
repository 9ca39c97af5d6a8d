/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/token.h"
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

#define MAC_BYTES 24
#define KEY_RANDOM_BYTES 24
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

typedef struct {
    char user_id[36], family[36];
    guint8 tier, admin, purpose, version;
    gint64 issued_us, expires_us; /* little endian */
} __attribute__((packed)) Wire;

enum { PURPOSE_ACCESS = 1, PURPOSE_KEY = 2 };

static void sign(const guint8 *key, guint8 purpose, gconstpointer data, gsize size,
                 guint8 mac[MAC_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, key, TUNE_TOKEN_KEY_BYTES, MAC_BYTES);
    crypto_generichash_update(&state, &purpose, 1);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, mac, MAC_BYTES);
}

static char *text_of(const char *prefix, gconstpointer data, gsize size)
{
    gsize room = sodium_base64_ENCODED_LEN(size, BASE64);
    g_autofree char *encoded = g_malloc(room);

    sodium_bin2base64(encoded, room, data, size, BASE64);
    return g_strconcat(prefix, encoded, NULL);
}

/* Exactly @size bytes behind the prefix. */
static gboolean bytes_of(const char *prefix, const char *text, gpointer out, gsize size)
{
    gsize got = 0;

    return g_str_has_prefix(text, prefix) &&
           sodium_base642bin(out, size, text + strlen(prefix), strlen(text + strlen(prefix)), NULL,
                             &got, NULL, BASE64) == 0 &&
           got == size;
}

char *tune_token_sign(const guint8 key[TUNE_TOKEN_KEY_BYTES], const TuneToken *token)
{
    struct {
        Wire wire;
        guint8 mac[MAC_BYTES];
    } __attribute__((packed)) whole = {.wire = {.tier = token->tier,
                                                .admin = token->admin != FALSE,
                                                .purpose = PURPOSE_ACCESS,
                                                .version = 1,
                                                .issued_us = GINT64_TO_LE(token->issued_us),
                                                .expires_us = GINT64_TO_LE(token->expires_us)}};

    memcpy(whole.wire.user_id, token->user_id, sizeof whole.wire.user_id);
    memcpy(whole.wire.family, token->family, sizeof whole.wire.family);
    sign(key, PURPOSE_ACCESS, &whole.wire, sizeof whole.wire, whole.mac);
    return text_of(TUNE_ACCESS_PREFIX, &whole, sizeof whole);
}

gboolean tune_token_read(const guint8 key[TUNE_TOKEN_KEY_BYTES], const char *text, gint64 now_us,
                         TuneToken *out)
{
    struct {
        Wire wire;
        guint8 mac[MAC_BYTES];
    } __attribute__((packed)) whole;
    guint8 mac[MAC_BYTES];

    if (!bytes_of(TUNE_ACCESS_PREFIX, text, &whole, sizeof whole))
        return FALSE;
    sign(key, PURPOSE_ACCESS, &whole.wire, sizeof whole.wire, mac);
    if (sodium_memcmp(mac, whole.mac, sizeof mac) != 0 || whole.wire.version != 1)
        return FALSE;
    *out = (TuneToken){.tier = whole.wire.tier,
                       .admin = whole.wire.admin != 0,
                       .issued_us = GINT64_FROM_LE(whole.wire.issued_us),
                       .expires_us = GINT64_FROM_LE(whole.wire.expires_us)};
    memcpy(out->user_id, whole.wire.user_id, sizeof whole.wire.user_id);
    memcpy(out->family, whole.wire.family, sizeof whole.wire.family);
    return now_us < out->expires_us;
}

char *tune_api_key_make(const guint8 key[TUNE_TOKEN_KEY_BYTES])
{
    guint8 whole[KEY_RANDOM_BYTES + MAC_BYTES];

    randombytes_buf(whole, KEY_RANDOM_BYTES);
    sign(key, PURPOSE_KEY, whole, KEY_RANDOM_BYTES, whole + KEY_RANDOM_BYTES);
    return text_of(TUNE_KEY_PREFIX, whole, sizeof whole);
}

gboolean tune_api_key_is_ours(const guint8 key[TUNE_TOKEN_KEY_BYTES], const char *text)
{
    guint8 whole[KEY_RANDOM_BYTES + MAC_BYTES], mac[MAC_BYTES];

    if (!bytes_of(TUNE_KEY_PREFIX, text, whole, sizeof whole))
        return FALSE;
    sign(key, PURPOSE_KEY, whole, KEY_RANDOM_BYTES, mac);
    return sodium_memcmp(mac, whole + KEY_RANDOM_BYTES, sizeof mac) == 0;
}

char *tune_refresh_make(void)
{
    guint8 bytes[32];

    randombytes_buf(bytes, sizeof bytes);
    return text_of(TUNE_REFRESH_PREFIX, bytes, sizeof bytes);
}

char *tune_token_hash(const char *text)
{
    return tune_hash_bytes(text, strlen(text));
}

gboolean tune_secret_equal(const char *a, const char *b)
{
    guint8 left[32], right[32];

    crypto_generichash(left, sizeof left, (const guint8 *)a, strlen(a), NULL, 0);
    crypto_generichash(right, sizeof right, (const guint8 *)b, strlen(b), NULL, 0);
    return sodium_memcmp(left, right, sizeof left) == 0;
}
