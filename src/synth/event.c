/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "synth/event.h"
#include "synth/voice.h"

gint64 tune_event_frame(const TuneScore *score, gint tick, guint rate)
{
    double grid_points = tune_score_seconds(score, tick) * rate / TUNE_VOICE_GRID;

    return (gint64)(grid_points + 0.5) * TUNE_VOICE_GRID;
}

static void add(GArray *events, gint64 frame, gint64 length, TuneEventKind kind, guint8 number, gint value)
{
    TuneEvent event = {frame, (gint32)MIN(length, G_MAXINT32), (gint16)value, (guint8)kind, number};

    g_array_append_val(events, event);
}

static void add_notes(GArray *events, const TuneScore *score, const TuneTrack *track, guint rate)
{
    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        gint64 on = tune_event_frame(score, tune_note_sounding_onset(note), rate);
        gint64 off = tune_event_frame(score, tune_note_sounding_end(note), rate);

        off = MAX(off, on + TUNE_VOICE_GRID);
        add(events, on, off - on, TUNE_EVENT_ON, note->pitch, note->velocity);
        add(events, off, 0, TUNE_EVENT_OFF, note->pitch, 0);
    }
}

static gboolean is_playing(guint8 control)
{
    return control == 1 || control == 11 || control == 64 || control == 71 || control == 74 ||
           control == TUNE_CONTROL_BEND;
}

static void add_controls(GArray *events, const TuneScore *score, const TuneTrack *track, guint rate)
{
    for (guint i = 0; i < track->controls->len; i++) {
        const TuneControl *control = &g_array_index(track->controls, TuneControl, i);

        if (is_playing(control->control))
            add(events, tune_event_frame(score, control->tick, rate), 0, TUNE_EVENT_CONTROL,
                control->control, control->value);
    }
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const TuneEvent *x = a, *y = b;

    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (gint)x->number - (gint)y->number;
}

/* A pedal that the score leaves down would let the last chord sound for ever. */
static void lift_pedal(GArray *events, const TuneScore *score, guint rate)
{
    gboolean down = FALSE;
    gint64 end = tune_event_frame(score, score->ticks, rate);

    for (guint i = 0; i < events->len; i++) {
        const TuneEvent *event = &g_array_index(events, TuneEvent, i);

        if (event->kind == TUNE_EVENT_CONTROL && event->number == 64)
            down = event->value >= 64;
        end = MAX(end, event->frame);
    }
    if (down)
        add(events, end, 0, TUNE_EVENT_CONTROL, 64, 0);
}

GArray *tune_events_new(const TuneScore *score, guint index, guint rate)
{
    const TuneTrack *track = g_ptr_array_index(score->tracks, index);
    GArray *events = g_array_sized_new(FALSE, FALSE, sizeof(TuneEvent),
                                       2 * track->notes->len + track->controls->len + 1);

    add_controls(events, score, track, rate);
    add_notes(events, score, track, rate);
    g_array_sort(events, compare); /* stable: controllers of one kind keep their order */
    lift_pedal(events, score, rate);
    return events;
}
