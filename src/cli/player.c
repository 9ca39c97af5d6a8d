/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/player.h"
#include "audio/encode.h"

#include <fluidsynth.h>
#include <string.h>

#define BLOCK 1024
#define RING_FRAMES 32768 /* a power of two */
#define POLL_US 3000
#define LATENCY_US 150000

/* One writer (the caller), one reader (the driver's thread); positions only grow. */
typedef struct {
    float frames[2 * RING_FRAMES];
    guint64 written; /* atomic; by the caller */
    guint64 played;  /* atomic; by the driver */
} Ring;

static guint64 ring_fill(Ring *ring)
{
    return __atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&ring->played, __ATOMIC_ACQUIRE);
}

/* The driver's thread: no locks, no allocation; silence where the ring is empty. */
static int play_block(void *data, int len, int nfx, float *fx[], int nout, float *out[])
{
    Ring *ring = data;
    guint64 played = __atomic_load_n(&ring->played, __ATOMIC_RELAXED);
    guint64 there = MIN(ring_fill(ring), (guint64)len);

    for (guint64 i = 0; i < (guint64)len; i++) {
        gsize at = 2 * ((played + i) % RING_FRAMES);
        for (int channel = 0; channel < nout && channel < 2; channel++)
            out[channel][i] = i < there ? ring->frames[at + (gsize)channel] : 0.0f;
    }
    __atomic_store_n(&ring->played, played + there, __ATOMIC_RELEASE);
    return FLUID_OK;
}

static void ring_put(Ring *ring, const float *block, gsize n)
{
    guint64 written = ring->written;

    for (gsize i = 0; i < n; i++) {
        gsize at = 2 * ((written + i) % RING_FRAMES);
        ring->frames[at] = block[2 * i];
        ring->frames[at + 1] = block[2 * i + 1];
    }
    __atomic_store_n(&ring->written, written + n, __ATOMIC_RELEASE);
}

typedef struct {
    fluid_settings_t *settings;
    fluid_audio_driver_t *driver;
} Card;

static void card_close(Card *card)
{
    if (card->driver != NULL)
        delete_fluid_audio_driver(card->driver);
    if (card->settings != NULL)
        delete_fluid_settings(card->settings);
}

static gboolean card_try(Card *card, const char *name, guint rate, Ring *ring)
{
    card->settings = new_fluid_settings();
    fluid_settings_setnum(card->settings, "synth.sample-rate", rate);
    if (name != NULL)
        fluid_settings_setstr(card->settings, "audio.driver", name);
    card->driver = new_fluid_audio_driver2(card->settings, play_block, ring);
    if (card->driver == NULL) {
        card_close(card);
        *card = (Card){NULL, NULL};
    }
    return card->driver != NULL;
}

static gboolean card_open(Card *card, const char *name, guint rate, Ring *ring, GError **error)
{
    static const char *const usual[] = {NULL, "pulseaudio", "alsa", "jack"};

    for (gint level = FLUID_PANIC; level < LAST_LOG_LEVEL; level++)
        fluid_set_log_function(level, NULL, NULL); /* the error below says it better */
    if (name != NULL) {
        if (card_try(card, name, rate, ring))
            return TRUE;
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                    "driver: the audio driver \"%s\" does not open; tunesmith doctor lists those "
                    "that FluidSynth has", name);
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(usual); i++)
        if (card_try(card, usual[i], rate, ring))
            return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                "no sound card answers; write a file with tunesmith generate -o FILE, or name a driver "
                "with --driver");
    return FALSE;
}

static gboolean fill_ring(TuneCli *cli, Ring *ring, TunePull pull, gpointer source, GError **error)
{
    float block[2 * BLOCK];
    gsize got;

    do {
        while (ring_fill(ring) > RING_FRAMES - BLOCK) {
            g_usleep(POLL_US);
            if (g_cancellable_set_error_if_cancelled(cli->cancellable, error))
                return FALSE;
        }
        if (!pull(source, block, BLOCK, &got, error))
            return FALSE;
        ring_put(ring, block, got);
    } while (got > 0 && !g_cancellable_is_cancelled(cli->cancellable));
    while (ring_fill(ring) > 0 && !g_cancellable_is_cancelled(cli->cancellable))
        g_usleep(POLL_US);
    g_usleep(LATENCY_US); /* what the card still holds */
    return !g_cancellable_set_error_if_cancelled(cli->cancellable, error);
}

static gboolean to_card(TuneCli *cli, const char *name, guint rate, TunePull pull, gpointer source,
                        GError **error)
{
    Card card = {NULL, NULL};
    g_autofree Ring *ring = g_new0(Ring, 1);

    if (!card_open(&card, name, rate, ring, error))
        return FALSE;
    gboolean good = fill_ring(cli, ring, pull, source, error);
    card_close(&card);
    return good;
}

static gboolean to_nowhere(TuneCli *cli, TuneEncoder *encoder, TunePull pull, gpointer source,
                           GError **error)
{
    float block[2 * BLOCK];
    gsize got;

    do {
        if (g_cancellable_set_error_if_cancelled(cli->cancellable, error) ||
            !pull(source, block, BLOCK, &got, error))
            return FALSE;
        if (encoder != NULL && got > 0 && !tune_encoder_write(encoder, block, got, error))
            return FALSE;
    } while (got > 0);
    return encoder == NULL || tune_encoder_finish(encoder, error);
}

gboolean tune_play(TuneCli *cli, guint rate, TunePull pull, gpointer source, GError **error)
{
    const char *name = tune_args_get(cli->args, OPTION_DRIVER);

    if (name == NULL)
        name = g_getenv("TUNESMITH_AUDIO_DRIVER");
    if (name != NULL && *name == '\0')
        name = NULL;
    if (g_strcmp0(name, "null") == 0)
        return to_nowhere(cli, NULL, pull, source, error);
    if (name == NULL || !g_str_has_prefix(name, "file:"))
        return to_card(cli, name, rate, pull, source, error);
    g_autoptr(TuneEncoder) encoder =
        tune_encoder_new(name + strlen("file:"), TUNE_AUDIO_WAV16, rate, 2, -1, NULL, error);
    return encoder != NULL && to_nowhere(cli, encoder, pull, source, error);
}

static gboolean pull_source(gpointer source, float *out, gsize n_frames, gsize *n_got,
                            GError **error)
{
    TuneSource *from = source;

    if (!tune_source_read(from, out, n_frames, n_got, error))
        return FALSE;
    for (gsize i = *n_got; from->n_channels == 1 && i-- > 0;) {
        out[2 * i + 1] = out[i];
        out[2 * i] = out[i];
    }
    return TRUE;
}

gboolean tune_play_file(TuneCli *cli, const char *path, GError **error)
{
    g_autoptr(TuneSource) source = tune_decoder_new(path, NULL, error);

    return source != NULL && tune_play(cli, source->rate, pull_source, source, error);
}
