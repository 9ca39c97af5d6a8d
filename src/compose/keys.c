/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys of sections: a couplet in the dominant, a second theme in the relative major, a variation in the
 * parallel minor, a last chorus lifted.
 */
#include "compose/compose-private.h"

/* Fifths that raise by so many semitones with the nearest spelling. */
static const gint8 lift[12] = {0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5};

static TuneKey respelled(TuneKey key)
{
    while (tune_key_signature(key) > 6)
        key.tonic = (TuneFifths)(key.tonic - 12);
    while (tune_key_signature(key) < -6)
        key.tonic = (TuneFifths)(key.tonic + 12);
    return key;
}

static TuneKey moved(TuneKey key, gint semitones)
{
    if (semitones == 0)
        return key;
    key.tonic = (TuneFifths)(key.tonic + lift[((semitones % 12) + 12) % 12]);
    return respelled(key);
}

/* Only major and the usual minors have a relative and a parallel key. */
static gboolean has_partner(TuneMode mode)
{
    return mode == TUNE_MODE_MAJOR || mode == TUNE_MODE_MINOR || mode == TUNE_MODE_HARMONIC_MINOR ||
           mode == TUNE_MODE_MELODIC_MINOR;
}

/* The key that has @relation to @home, and by how many semitones a tune moves there. */
static TuneKey related(TuneKey home, StyleKey relation, gint *semitones)
{
    gboolean minor = tune_mode_is_minor(home.mode);
    TuneKey key = home;

    *semitones = 0;
    if ((relation == STYLE_KEY_RELATIVE || relation == STYLE_KEY_PARALLEL) && !has_partner(home.mode))
        return home;
    switch (relation) {
    case STYLE_KEY_DOMINANT:
        *semitones = -5;
        break;
    case STYLE_KEY_SUBDOMINANT:
        *semitones = 5;
        break;
    case STYLE_KEY_RELATIVE:
        *semitones = minor ? 3 : -3;
        key.mode = minor ? TUNE_MODE_MAJOR : TUNE_MODE_MINOR;
        break;
    case STYLE_KEY_PARALLEL:
        key.mode = minor ? TUNE_MODE_MAJOR : TUNE_MODE_MINOR;
        return respelled(key);
    default:
        return home;
    }
    key.tonic = (TuneFifths)(home.tonic + lift[((*semitones % 12) + 12) % 12]);
    return respelled(key);
}

void plan_keys(Plan *plan, const StyleKey *relations)
{
    gboolean said = plan->brief->chords->len > 0; /* said chords stay where they are */

    for (gint i = 0; i < plan->n_sections; i++) {
        PlanSection *s = &plan->sections[i];
        gint semitones = 0;
        if (said)
            s->transpose = 0;
        s->key = related(plan->key, said ? STYLE_KEY_HOME : relations[i], &semitones);
        /* What begins and ends the piece is at home; only a lift may carry the end away. */
        if (i == 0 || (s->last && relations[i] != STYLE_KEY_HOME)) {
            s->key = plan->key;
            semitones = 0;
            if (i == 0)
                s->transpose = 0;
        }
        s->key = moved(s->key, s->transpose);
        s->transpose += semitones;
    }
}
