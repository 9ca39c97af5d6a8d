/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tracks as answers; what the routes of tracks, of users and of generations share.
 */
#pragma once
#include "api/api.h"

extern const TuneShape tune_shape_track;

/* @tracks (store/tracks.h) as everybody may see them: without what leads to how they were ordered. */
void tune_tracks_publish(json_t *tracks);
/* Answer with @track as this caller may see it. */
void tune_track_show(TuneCall *call, guint status, json_t *track);
/* A track came, went or changed: lists, searches and the caller's own pages are made anew. */
void tune_tracks_changed(TuneCall *call);
/* Make what is asked for first after a start: trending tracks and topics. */
void tune_tracks_warm(TuneApi *api);
