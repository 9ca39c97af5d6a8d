/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/strip.h"
#include "synth/channel.h"
#include "synth/chorus.h"
#include "synth/duck.h"
#include "synth/echo.h"
#include "synth/low-cut.h"
#include "synth/reverb.h"
#include "synth/stem.h"
#include <math.h>
#include <string.h>

#define LOWEST_HZ 20.0     /* every stem: what is below is only offset and rumble */
#define SEND_LOW_CUT_HZ 160.0
#define REST_SECONDS 0.35  /* for filters and chorus to ring out */
#define ECHO_FEEDBACK 0.38
#define DRIVE_LEVEL 0.25f  /* where the saturation has its knee, full scale = 1 */

struct TuneStrip {
    float gain;
    TuneLowCut low_cut;
    float drive; /* 1 = none */
    TuneLowCut offset_cut; /* what saturation makes of a lopsided wave has an offset */
    TuneChannel *channel; /* (nullable) */
    TuneChorus *chorus;
    float pan_left, pan_right, width;
    TuneDuck *duck;
    TuneReverb *hall, *room;
    TuneEcho *echo;
    float hall_send, room_send, echo_send;
    TuneLowCut send_cut;
    gboolean cuts_send; /* the dry sound still has lows that rooms would only muddle */
    gint64 quiet, rest; /* frames of silence at the input; after how many the strip is empty */
    gboolean empty;
    float send[2][TUNE_STEM_BLOCK], scaled[2][TUNE_STEM_BLOCK];
};

/* Drums and percussion stand in a small room, the others in the hall, which drums hear as well when
 * their send is high. */
static void make_rooms(TuneStrip *self, const TuneScore *score, const TuneTrack *track, guint rate)
{
    double send = CLAMP(track->mix.reverb, 0.0, 1.0);
    double decay = score->mix.reverb_seconds > 0 ? score->mix.reverb_seconds : 1.4;
    gboolean is_beat = track->is_drums || track->role == TUNE_ROLE_PERC;
    double hall_send = is_beat ? MAX(0.0, send - 0.3) : send;
    TuneReverbConfig hall = {decay, CLAMP(0.55 + 0.2 * decay, 0.6, 1.2), score->mix.brightness};
    TuneReverbConfig room = {CLAMP(0.3 * decay, 0.25, 0.9), 0.32, score->mix.brightness};

    if (hall_send > 0)
        self->hall = tune_reverb_new(rate, &hall);
    if (is_beat && send > 0)
        self->room = tune_reverb_new(rate, &room);
    self->hall_send = (float)hall_send;
    self->room_send = (float)send;
}

static void make_echo(TuneStrip *self, const TuneScore *score, const TuneTrack *track, guint rate)
{
    TuneMetre metre = tune_score_metre_at(score, 0);
    double beat = 60.0 / tune_metre_beat_bpm(metre, tune_score_tempo_at(score, 0));
    double seconds = score->mix.delay_beats * beat, feedback = score->mix.delay_feedback;

    if (track->mix.delay <= 0 || seconds <= 0)
        return;
    while (seconds > 1.0)
        seconds /= 2;
    self->echo = tune_echo_new(rate, seconds, feedback > 0 ? MIN(feedback, 0.8) : ECHO_FEEDBACK);
    self->echo_send = (float)MIN(track->mix.delay, 1.0);
}

TuneStrip *tune_strip_new(const TuneScore *score, guint index, guint rate, double gain)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    TuneStrip *self = g_new0(TuneStrip, 1);
    double pan = CLAMP(track->mix.pan, -1.0, 1.0);

    self->gain = (float)gain;
    tune_low_cut_init(&self->low_cut, rate, MAX(LOWEST_HZ, track->mix.high_pass_hz));
    tune_low_cut_init(&self->send_cut, rate, SEND_LOW_CUT_HZ);
    self->cuts_send = track->mix.high_pass_hz < 0.75 * SEND_LOW_CUT_HZ;
    self->drive = (float)(1.0 + 6.0 * CLAMP(track->mix.drive, 0.0, 1.0));
    tune_low_cut_init(&self->offset_cut, rate, LOWEST_HZ);
    self->channel = tune_channel_new(&track->mix, rate);
    if (track->mix.chorus > 0)
        self->chorus = tune_chorus_new(rate, track->mix.chorus);
    /* Equal power: the squares always add up to 2. */
    self->pan_left = (float)sqrt(1.0 - pan);
    self->pan_right = (float)sqrt(1.0 + pan);
    self->width = (float)(1.0 - fabs(pan));
    self->duck = tune_duck_new(score, rate, track->mix.duck);
    make_rooms(self, score, track, rate);
    make_echo(self, score, track, rate);
    self->rest = (gint64)(REST_SECONDS * rate);
    self->quiet = self->rest;
    self->empty = TRUE;
    return self;
}

void tune_strip_free(TuneStrip *self)
{
    if (self == NULL)
        return;
    tune_channel_free(self->channel);
    tune_chorus_free(self->chorus);
    tune_duck_free(self->duck);
    tune_reverb_free(self->hall);
    tune_reverb_free(self->room);
    tune_echo_free(self->echo);
    g_free(self);
}

/* x (27 + x^2) / (27 + 9 x^2): close to tanh, without libm. */
static void saturate(float drive, float *restrict x, gsize n)
{
    /* Quiet passages get louder by the drive; half of that (in decibel) is taken back. */
    float in = drive / DRIVE_LEVEL, out = DRIVE_LEVEL / sqrtf(drive);

    for (gsize i = 0; i < n; i++) {
        float y = CLAMP(x[i] * in, -3.0f, 3.0f), square = y * y;

        x[i] = out * y * (27.0f + square) / (27.0f + 9.0f * square);
    }
}

/* The middle moves, the difference of the channels shrinks on the way to the side. */
static void place(const TuneStrip *self, float *restrict left, float *restrict right, gsize n)
{
    float l = self->pan_left, r = self->pan_right, width = self->width;

    if (l == r)
        return;
    for (gsize i = 0; i < n; i++) {
        float middle = 0.5f * (left[i] + right[i]), side = 0.5f * width * (left[i] - right[i]);

        left[i] = l * middle + side;
        right[i] = r * middle - side;
    }
}

static void dry(TuneStrip *self, gint64 frame, float *restrict left, float *restrict right, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        left[i] *= self->gain;
        right[i] *= self->gain;
    }
    tune_low_cut_process(&self->low_cut, left, right, left, right, n);
    if (self->channel != NULL)
        tune_channel_process(self->channel, left, right, n);
    if (self->drive > 1.0f) {
        saturate(self->drive, left, n);
        saturate(self->drive, right, n);
        tune_low_cut_process(&self->offset_cut, left, right, left, right, n);
    }
    if (self->chorus != NULL)
        tune_chorus_process(self->chorus, left, right, n);
    place(self, left, right, n);
    if (self->duck != NULL)
        tune_duck_process(self->duck, frame, left, right, n);
}

static void scale(const float *restrict from, float gain, float *restrict to, gsize n)
{
    for (gsize i = 0; i < n; i++)
        to[i] = gain * from[i];
}

static void send_to_room(TuneStrip *self, TuneReverb *room, float gain, float *left, float *right,
                         gsize n, gboolean silent)
{
    if (room == NULL || (silent && tune_reverb_is_asleep(room)))
        return;
    scale(self->send[0], gain, self->scaled[0], n);
    scale(self->send[1], gain, self->scaled[1], n);
    tune_reverb_process(room, self->scaled[0], self->scaled[1], left, right, n, silent);
}

/* The returns, added to the dry sound they come from. */
static void wet(TuneStrip *self, float *left, float *right, gsize n, gboolean silent)
{
    if (silent || !self->cuts_send) {
        memcpy(self->send[0], left, n * sizeof *left);
        memcpy(self->send[1], right, n * sizeof *right);
    } else {
        tune_low_cut_process(&self->send_cut, left, right, self->send[0], self->send[1], n);
    }
    if (self->echo != NULL) {
        scale(self->send[0], self->echo_send, self->scaled[0], n);
        scale(self->send[1], self->echo_send, self->scaled[1], n);
        tune_echo_process(self->echo, self->scaled[0], self->scaled[1], left, right, n, silent);
    }
    send_to_room(self, self->room, self->room_send, left, right, n, silent);
    send_to_room(self, self->hall, self->hall_send, left, right, n, silent);
}

static gboolean returns_asleep(const TuneStrip *self)
{
    return (self->hall == NULL || tune_reverb_is_asleep(self->hall)) &&
           (self->room == NULL || tune_reverb_is_asleep(self->room)) &&
           (self->echo == NULL || tune_echo_is_asleep(self->echo));
}

gboolean tune_strip_process(TuneStrip *self, gint64 frame, float *left, float *right, gsize n,
                            gboolean silent_in)
{
    self->quiet = silent_in ? self->quiet + (gint64)n : 0;
    /* After long silence the filters hold nothing worth computing. */
    gboolean silent = self->quiet > self->rest;

    if (silent && !self->empty) {
        tune_low_cut_clear(&self->low_cut);
    tune_low_cut_clear(&self->offset_cut);
        tune_low_cut_clear(&self->send_cut);
        memset(left, 0, n * sizeof *left);
        memset(right, 0, n * sizeof *right);
    } else if (!silent) {
        dry(self, frame, left, right, n);
    }
    self->empty = silent;
    if (silent && returns_asleep(self))
        return FALSE;
    if (self->hall != NULL || self->room != NULL || self->echo != NULL)
        wet(self, left, right, n, silent);
    return TRUE;
}
