/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/musicxml-private.h"

#include <string.h>

gint tune_musicxml_transpose_fifths(gint semitones)
{
    static const gint8 fifths[12] = {0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5};

    return fifths[((semitones % 12) + 12) % 12];
}

gint tune_musicxml_transpose_steps(gint semitones)
{
    static const gint8 up[12] = {0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6};
    gint within = semitones % 12;

    if (within >= 0)
        return up[within];
    return within == 0 ? 0 : up[within + 12] - 7;
}

/* General MIDI level 1 percussion map, placed as is usual in drum-set notation (the PAS guide). */
static const struct {
    guint8 key;
    TuneDrumLook look;
} drums[] = {
    {35, {'F', 4, FALSE, "Acoustic Bass Drum"}},
    {36, {'F', 4, FALSE, "Bass Drum"}},
    {37, {'C', 5, TRUE, "Side Stick"}},
    {38, {'C', 5, FALSE, "Snare"}},
    {39, {'C', 5, TRUE, "Hand Clap"}},
    {40, {'C', 5, FALSE, "Electric Snare"}},
    {41, {'G', 4, FALSE, "Low Floor Tom"}},
    {42, {'G', 5, TRUE, "Closed Hi-Hat"}},
    {43, {'A', 4, FALSE, "High Floor Tom"}},
    {44, {'D', 4, TRUE, "Pedal Hi-Hat"}},
    {45, {'B', 4, FALSE, "Low Tom"}},
    {46, {'G', 5, TRUE, "Open Hi-Hat"}},
    {47, {'B', 4, FALSE, "Low-Mid Tom"}},
    {48, {'D', 5, FALSE, "High-Mid Tom"}},
    {49, {'A', 5, TRUE, "Crash Cymbal"}},
    {50, {'E', 5, FALSE, "High Tom"}},
    {51, {'F', 5, TRUE, "Ride Cymbal"}},
    {52, {'B', 5, TRUE, "Chinese Cymbal"}},
    {53, {'F', 5, TRUE, "Ride Bell"}},
    {54, {'E', 5, TRUE, "Tambourine"}},
    {55, {'B', 5, TRUE, "Splash Cymbal"}},
    {56, {'E', 5, TRUE, "Cowbell"}},
    {57, {'A', 5, TRUE, "Crash Cymbal 2"}},
    {59, {'F', 5, TRUE, "Ride Cymbal 2"}},
    {69, {'E', 5, TRUE, "Cabasa"}},
    {70, {'E', 5, TRUE, "Maracas"}},
    {80, {'B', 5, TRUE, "Mute Triangle"}},
    {81, {'B', 5, TRUE, "Open Triangle"}},
};

TuneDrumLook tune_musicxml_drum_look(guint8 key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(drums); i++)
        if (drums[i].key == key)
            return drums[i].look;
    return (TuneDrumLook){'D', 5, FALSE, "Percussion"};
}

static const struct {
    const char *mark;
    guint8 velocity;
} dynamics[] = {{"ppp", 16}, {"pp", 33}, {"p", 49},   {"mp", 64},
                {"mf", 80},  {"f", 96},  {"ff", 112}, {"fff", 126}};

guint8 tune_musicxml_velocity_of(const char *mark)
{
    for (gsize i = 0; i < G_N_ELEMENTS(dynamics); i++)
        if (strcmp(dynamics[i].mark, mark) == 0)
            return dynamics[i].velocity;
    return 0;
}

const char *tune_musicxml_mark_of(gint velocity)
{
    gsize best = 0;

    for (gsize i = 1; i < G_N_ELEMENTS(dynamics); i++)
        if (ABS(dynamics[i].velocity - velocity) < ABS(dynamics[best].velocity - velocity))
            best = i;
    return dynamics[best].mark;
}
