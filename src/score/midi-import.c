/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * MIDI events become a score.  A part is what one channel of one track chunk plays with one
 * program; when that gives more than 15 pitched parts, tracks and then programs are no longer told
 * apart. Channel 10 is one drum part.
 */
#include "score/format.h"
#include "score/import.h"
#include "score/midi-events.h"
#include "score/midi-private.h"
#include "score/quantise.h"
#include "score/score-private.h"

#include <string.h>

#define N_CHANNELS 16

/* Where an event came from. */
typedef struct {
    guint chunk;
    guint8 channel, program, bank;
} Source;

typedef struct {
    Source source;
    gint start, end;
    guint8 pitch, velocity;
} Sound;

typedef struct {
    Source source;
    TuneControl control;
} Setting;

typedef struct {
    gint tick;
    guint chunk;
    const char *text;
} Word;

/* What a channel is set to while the events go by. */
typedef struct {
    guint8 program, bank;
    guint8 rpn_high, rpn_low;
    gint bend_cents;
} Channel;

typedef struct {
    Source source;
    TuneTrack *track;
    gint first_onset;
    gboolean has_volume, has_pan, has_reverb, has_chorus;
} Part;

typedef struct {
    const TuneMidiFile *file;
    TuneScore *score;
    Channel channels[N_CHANNELS];
    GArray *sounds;       /* Sound */
    GArray *settings;     /* Setting */
    GArray *words;        /* Word: lyrics */
    GArray *parts;        /* Part */
    GHashTable *sounding; /* chunk, channel, pitch -> index of the sound + 1 */
    char **chunk_names;
    gint end;
} Import;

/* ---- notes and controllers ---- */

static gpointer sounding_key(guint chunk, guint channel, guint pitch)
{
    return GUINT_TO_POINTER(chunk << 11 | channel << 7 | pitch);
}

static void note_off(Import *self, guint chunk, guint channel, guint pitch, gint tick)
{
    gpointer key = sounding_key(chunk, channel, pitch);
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(self->sounding, key));

    if (index == 0)
        return;
    g_array_index(self->sounds, Sound, index - 1).end = tick;
    g_hash_table_remove(self->sounding, key);
}

static void note_on(Import *self, const TuneMidiEvent *event, guint channel)
{
    const Channel *state = &self->channels[channel];
    Sound sound = {{event->chunk, (guint8)channel, state->program, state->bank},
                   event->tick,
                   -1,
                   event->a,
                   event->b};

    note_off(self, event->chunk, channel, event->a, event->tick);
    g_array_append_val(self->sounds, sound);
    g_hash_table_insert(self->sounding, sounding_key(event->chunk, channel, event->a),
                        GUINT_TO_POINTER(self->sounds->len));
}

static void all_notes_off(Import *self, guint channel, gint tick)
{
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, self->sounding);
    while (g_hash_table_iter_next(&iter, &key, &value))
        if ((GPOINTER_TO_UINT(key) >> 7 & 15) == channel) {
            g_array_index(self->sounds, Sound, GPOINTER_TO_UINT(value) - 1).end = tick;
            g_hash_table_iter_remove(&iter);
        }
}

static void add_setting(Import *self, const TuneMidiEvent *event, guint channel, guint8 control,
                        gint value)
{
    const Channel *state = &self->channels[channel];
    Setting setting = {{event->chunk, (guint8)channel, state->program, state->bank},
                       {event->tick, control, (gint16)value}};

    g_array_append_val(self->settings, setting);
}

static void control_change(Import *self, const TuneMidiEvent *event, guint channel)
{
    Channel *state = &self->channels[channel];
    gboolean is_range = state->rpn_high == 0 && state->rpn_low == 0;

    switch (event->a) {
    case TUNE_MIDI_BANK:
        state->bank = event->b;
        break;
    case TUNE_MIDI_RPN_HIGH:
        state->rpn_high = event->b;
        break;
    case TUNE_MIDI_RPN_LOW:
        state->rpn_low = event->b;
        break;
    case TUNE_MIDI_DATA:
        if (is_range)
            state->bend_cents = MIN(event->b, 96) * 100;
        break;
    case TUNE_MIDI_DATA_LOW:
        if (is_range)
            state->bend_cents = state->bend_cents / 100 * 100 + MIN(event->b, 99);
        break;
    case TUNE_MIDI_BANK_LOW:
    case 96: /* data increment and decrement, unregistered parameters */
    case 97:
    case 98:
    case 99:
        break;
    default:
        if (event->a >= 120) {
            if (event->a == 120 || event->a >= 123)
                all_notes_off(self, channel, event->tick);
        } else
            add_setting(self, event, channel, event->a, event->b);
    }
}

/* Bends of other ranges are brought to the score's two semitones, as far as they go. */
static void pitch_bend(Import *self, const TuneMidiEvent *event, guint channel)
{
    gint value = (event->b << 7 | event->a) - 8192;

    value = value * self->channels[channel].bend_cents / 200;
    add_setting(self, event, channel, TUNE_CONTROL_BEND, CLAMP(value, -8192, 8191));
}

static void channel_event(Import *self, const TuneMidiEvent *event)
{
    guint channel = event->status & 15;

    switch (event->status & 0xf0) {
    case 0x90:
        if (event->b > 0) {
            note_on(self, event, channel);
            break;
        }
        note_off(self, event->chunk, channel, event->a, event->tick);
        break;
    case 0x80:
        note_off(self, event->chunk, channel, event->a, event->tick);
        break;
    case 0xb0:
        control_change(self, event, channel);
        break;
    case 0xc0:
        self->channels[channel].program = event->a;
        break;
    case 0xe0:
        pitch_bend(self, event, channel);
        break;
    default:
        break;
    }
}

/* ---- words and maps ---- */

static void chord_text(Import *self, gint tick, const char *symbol)
{
    TuneChord chord;

    if (strcmp(symbol, TUNE_MIDI_NO_CHORD) == 0)
        tune_import_add_chord(self->score, tick, NULL);
    else if (tune_chord_parse(symbol, &chord))
        tune_import_add_chord(self->score, tick, &chord);
}

static void text_event(Import *self, const TuneMidiEvent *event, const char *text)
{
    TuneScore *score = self->score;
    Word word = {event->tick, event->chunk, text};

    switch (event->a) {
    case 0x01:
        if (g_str_has_prefix(text, TUNE_MIDI_CHORD_PREFIX))
            chord_text(self, event->tick, text + strlen(TUNE_MIDI_CHORD_PREFIX));
        else if (g_str_has_prefix(text, TUNE_MIDI_CREATOR_PREFIX) && *score->creator == '\0')
            tune_score_set_text(&score->creator, text + strlen(TUNE_MIDI_CREATOR_PREFIX));
        break;
    case 0x02:
        if (*score->rights == '\0')
            tune_score_set_text(&score->rights, text);
        break;
    case 0x03:
        if (self->chunk_names[event->chunk] == NULL)
            self->chunk_names[event->chunk] = g_strdup(text);
        break;
    case 0x05:
        word.text += strspn(text, "/\\"); /* karaoke files mark new lines so */
        if (*word.text != '\0')
            g_array_append_val(self->words, word);
        break;
    case 0x06:
        if (*text != '\0')
            tune_import_add_section(score, event->tick, text);
        break;
    default:
        break;
    }
}

static void metre_event(Import *self, const TuneMidiEvent *event)
{
    gint beats = event->value >> 8, power = event->value & 0xff;
    TuneMetre metre = {4, 4, 0}, like = {4, (guint8)(power >= 1 && power <= 4 ? 1 << power : 4), 0};

    if (power <= 7 && tune_import_metre_of_ticks(beats * (4 * TUNE_PPQ >> power), like, &metre))
        tune_import_add_metre(self->score, event->tick, metre);
}

static void meta_event(Import *self, const TuneMidiEvent *event)
{
    switch (event->a) {
    case 0x2f:
        if (event->chunk == 0)
            self->end = MAX(self->end, event->tick);
        break;
    case 0x51:
        tune_import_add_tempo(self->score, event->tick, 60e6 / MAX(event->value, 1));
        break;
    case 0x58:
        metre_event(self, event);
        break;
    case 0x59: {
        gint sharps = (gint8)(event->value >> 8);
        if (sharps >= -7 && sharps <= 7)
            tune_import_add_key(self->score, event->tick,
                                tune_import_key_of_signature(sharps, event->value & 0xff
                                                                         ? TUNE_MODE_MINOR
                                                                         : TUNE_MODE_MAJOR));
        break;
    }
    default:
        text_event(self, event, self->file->texts->pdata[event->value]);
    }
}

static void walk(Import *self)
{
    gint last = 0;

    for (guint i = 0; i < self->file->events->len; i++) {
        const TuneMidiEvent *event = &g_array_index(self->file->events, TuneMidiEvent, i);
        last = event->tick;
        if (event->status == 0xff)
            meta_event(self, event);
        else
            channel_event(self, event);
    }
    for (guint i = 0; i < self->sounds->len; i++) {
        Sound *sound = &g_array_index(self->sounds, Sound, i);
        if (sound->end < 0)
            sound->end = last; /* never ended: until the music does */
        sound->end = MAX(sound->end, sound->start + 1);
    }
}

/* ---- parts ---- */

/* @level 0 tells apart chunk, channel and program; 1 channel and program; 2 channel only. */
static gboolean same_part(const Source *a, const Source *b, gint level)
{
    if (a->channel != b->channel)
        return FALSE;
    if (a->channel == TUNE_MIDI_DRUM_CHANNEL || level == 2)
        return TRUE;
    return a->program == b->program && a->bank == b->bank && (level == 1 || a->chunk == b->chunk);
}

static Part *find_part(const Import *self, const Source *source, gint level)
{
    for (guint i = 0; i < self->parts->len; i++) {
        Part *part = &g_array_index(self->parts, Part, i);
        if (same_part(&part->source, source, level))
            return part;
    }
    return NULL;
}

static gint compare_parts(gconstpointer a, gconstpointer b)
{
    const Part *x = a, *y = b;

    if (x->source.chunk != y->source.chunk)
        return x->source.chunk < y->source.chunk ? -1 : 1;
    if (x->source.channel != y->source.channel)
        return (gint)x->source.channel - (gint)y->source.channel;
    return x->first_onset < y->first_onset ? -1 : x->first_onset > y->first_onset;
}

/* FALSE when there are too many at this level. */
static gboolean list_parts(Import *self, gint level)
{
    gboolean drums = FALSE;

    g_array_set_size(self->parts, 0);
    for (guint i = 0; i < self->sounds->len; i++) {
        const Sound *sound = &g_array_index(self->sounds, Sound, i);
        if (find_part(self, &sound->source, level) != NULL)
            continue;
        Part part = {.source = sound->source, .first_onset = sound->start};
        drums |= sound->source.channel == TUNE_MIDI_DRUM_CHANNEL;
        g_array_append_val(self->parts, part);
        if (self->parts->len > TUNE_SCORE_MAX_TRACKS - (drums ? 0 : 1))
            return FALSE;
    }
    g_array_sort(self->parts, compare_parts);
    return TRUE;
}

static void create_tracks(Import *self)
{
    for (guint i = 0; i < self->parts->len; i++) {
        Part *part = &g_array_index(self->parts, Part, i);
        g_autofree char *number = g_strdup_printf("Part %u", i + 1);
        const char *name = self->chunk_names[part->source.chunk];
        if (self->file->format == 0 || name == NULL)
            name = number;
        part->track = tune_score_add_track(self->score, name, name);
        part->track->program = part->source.program;
        part->track->bank = part->source.bank;
        part->track->is_drums = part->source.channel == TUNE_MIDI_DRUM_CHANNEL;
    }
}

static void add_sounds(Import *self, gint level)
{
    for (guint i = 0; i < self->sounds->len; i++) {
        const Sound *sound = &g_array_index(self->sounds, Sound, i);
        TuneTrack *track = find_part(self, &sound->source, level)->track;
        TuneNote note = {.onset = sound->start,
                         .duration = sound->end - sound->start,
                         .syllable = -1,
                         .pitch = sound->pitch,
                         .velocity = sound->velocity,
                         .voice = 1};
        g_array_append_val(track->notes, note);
    }
}

/* The first volume, pan, reverb and chorus before a part's first note are its mix. */
static gboolean take_mix(Part *part, const TuneControl *control)
{
    TuneTrackMix *mix = &part->track->mix;
    gboolean *taken = control->control == TUNE_MIDI_VOLUME   ? &part->has_volume
                      : control->control == TUNE_MIDI_PAN    ? &part->has_pan
                      : control->control == TUNE_MIDI_REVERB ? &part->has_reverb
                      : control->control == TUNE_MIDI_CHORUS ? &part->has_chorus
                                                             : NULL;

    if (taken == NULL || *taken || control->tick > part->first_onset)
        return FALSE;
    *taken = TRUE;
    if (taken == &part->has_volume)
        mix->level_db = tune_midi_db_of_volume((guint8)control->value);
    else if (taken == &part->has_pan)
        mix->pan = control->value == 127 ? 1.0 : (control->value - 64) / 64.0;
    else if (taken == &part->has_reverb)
        mix->reverb = control->value / 127.0;
    else
        mix->chorus = control->value / 127.0;
    return TRUE;
}

static void add_settings(Import *self)
{
    for (guint i = 0; i < self->settings->len; i++) {
        const Setting *setting = &g_array_index(self->settings, Setting, i);
        Part *part = NULL;
        for (gint level = 0; level < 3 && part == NULL; level++)
            part = find_part(self, &setting->source, level);
        if (part != NULL && !take_mix(part, &setting->control))
            g_array_append_val(part->track->controls, setting->control);
    }
}

/* The highest note without words that begins at @tick; its index or -1.  Notes are by onset. */
static gint find_sung(const TuneTrack *track, gint tick)
{
    gint low = 0, high = (gint)track->notes->len, best = -1;

    while (low < high) {
        gint middle = low + (high - low) / 2;
        if (g_array_index(track->notes, TuneNote, middle).onset < tick)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < (gint)track->notes->len; low++) {
        const TuneNote *note = &g_array_index(track->notes, TuneNote, low);
        if (note->onset != tick)
            break;
        if (note->syllable < 0)
            best = low;
    }
    return best;
}

/* Words belong to the notes of their own chunk, or of any when theirs has none there. */
static void add_words(Import *self)
{
    for (guint w = 0; w < self->words->len; w++) {
        const Word *word = &g_array_index(self->words, Word, w);
        for (guint i = 0; i < 2 * self->parts->len; i++) {
            const Part *part = &g_array_index(self->parts, Part, i % self->parts->len);
            if (part->track->is_drums ||
                (i < self->parts->len && part->source.chunk != word->chunk))
                continue;
            gint at = find_sung(part->track, word->tick);
            if (at < 0)
                continue;
            g_array_index(part->track->notes, TuneNote, at).syllable =
                tune_track_add_syllable(part->track, word->text);
            break;
        }
    }
}

static void spell(const TuneScore *score, TuneTrack *track)
{
    for (guint i = 0; i < track->notes->len && !track->is_drums; i++) {
        TuneNote *note = &g_array_index(track->notes, TuneNote, i);
        note->spelling = tune_key_spell(tune_score_key_at(score, note->onset), note->pitch);
    }
}

static void build(Import *self)
{
    gint level = 0;

    while (!list_parts(self, level) && level < 2)
        level++;
    create_tracks(self);
    add_sounds(self, level);
    add_settings(self);
    for (guint i = 0; i < self->score->tracks->len; i++)
        tune_track_resolve_overlaps(self->score->tracks->pdata[i]);
    add_words(self);
    for (guint i = 0; i < self->score->tracks->len; i++) {
        TuneTrack *track = self->score->tracks->pdata[i];
        tune_track_quantise(self->score, track);
        spell(self->score, track);
    }
}

static void import_init(Import *self, const TuneMidiFile *file, TuneScore *score)
{
    *self = (Import){.file = file, .score = score};
    for (guint i = 0; i < N_CHANNELS; i++)
        self->channels[i] = (Channel){.rpn_high = 127, .rpn_low = 127, .bend_cents = 200};
    self->sounds = g_array_new(FALSE, FALSE, sizeof(Sound));
    self->settings = g_array_new(FALSE, FALSE, sizeof(Setting));
    self->words = g_array_new(FALSE, FALSE, sizeof(Word));
    self->parts = g_array_new(FALSE, FALSE, sizeof(Part));
    self->sounding = g_hash_table_new(NULL, NULL);
    self->chunk_names = g_new0(char *, file->n_chunks + 1);
}

static void import_clear(Import *self)
{
    g_array_unref(self->sounds);
    g_array_unref(self->settings);
    g_array_unref(self->words);
    g_array_unref(self->parts);
    g_hash_table_unref(self->sounding);
    for (guint i = 0; i < self->file->n_chunks; i++)
        g_free(self->chunk_names[i]);
    g_free(self->chunk_names);
}

TuneScore *tune_score_read_midi(const char *name, const guint8 *data, gsize size, GError **error)
{
    g_autoptr(TuneMidiFile) file = tune_midi_file_parse(name, data, size, error);

    if (file == NULL)
        return NULL;
    g_autoptr(TuneScore) score = tune_score_new();
    Import self;
    import_init(&self, file, score);
    walk(&self);
    gboolean ok = self.sounds->len <= TUNE_SCORE_MAX_NOTES ||
                  tune_score_fail(error, TUNE_SCORE_ERROR_UNSUPPORTED, "%s: more than %d notes",
                                  name, TUNE_SCORE_MAX_NOTES);
    if (ok) {
        if (file->n_chunks > 0 && self.chunk_names[0] != NULL)
            tune_score_set_text(&score->title, self.chunk_names[0]);
        build(&self);
    }
    import_clear(&self);
    if (!ok)
        return NULL;
    if (!tune_import_finish(score, self.end, error)) {
        g_prefix_error(error, "%s: ", name);
        return NULL;
    }
    return g_steal_pointer(&score);
}
