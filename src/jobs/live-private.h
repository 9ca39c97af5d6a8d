/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A live sound's inside: live.c feeds it, rendition.c encodes it.
 */
#pragma once
#include "jobs/jobs-private.h"

typedef struct {
    TuneLive *live;
    TuneAudioFormat format;
    /* TuneLive.lock: */
    TuneGrowing *growing; /* (nullable) until somebody wants it; then its encoder's to append to */
    gboolean queued;      /* with the encoders, or at work */
    gboolean done, failed;
    gboolean recorded;    /* in the result's files, or about to be */
    TuneStored stored;    /* done */
    GError *error;        /* failed */
} TuneRendition;

struct TuneLive {
    gint refs; /* atomic; the last goes under TuneJobs.lock */
    TuneJobs *jobs;
    char *identity;
    GMutex lock;
    GCond changed;
    /* lock: */
    TuneGrowing *spool;  /* (nullable) of the present attempt */
    gint64 spool_frames; /* in it */
    gboolean spool_done;
    guint rate;          /* 0: not known yet */
    gint64 n_frames;
    TuneTags *tags;
    char *master;        /* (nullable) SHA-256 of the stored master */
    gboolean failed;
    gboolean recorded;
    TuneRendition renditions[TUNE_N_AUDIO_FORMATS];
};

/* For the encoders' pool: @rendition holds a reference to its live. */
void tune_rendition_run(gpointer rendition, gpointer jobs);
/* Add it to the result's files; called unlocked. */
void tune_rendition_record(TuneRendition *self);

/* The live's PCM from its first frame, as a source that waits.  Its errors: the live failed. */
TuneSource *tune_live_pcm_new(TuneLive *live, GError **error);
