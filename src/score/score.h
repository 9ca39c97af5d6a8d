/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The score: what a composer writes and every renderer, reader and writer shares.
 *
 * All times are ticks, TUNE_PPQ (960) to the quarter note, from the start of the piece.  A note has
 * a notated place (onset, duration: what a page shows) and, beside it, performance offsets (what a
 * player does): it sounds from onset + onset_offset for duration + duration_offset ticks.
 *
 *     TuneScore *score = tune_score_new();
 *     ... fill the arrays; tune_score_finish(score) sorts and checks ...
 *     const TuneScore *shared = score;   // from here on nobody writes
 *     tune_score_unref(score);
 *
 * A score is built by one thread, finished once, then immutable and shared by any number of threads
 * (atomic reference count).  Strings and arrays belong to the score.
 */
#pragma once
#include "base/chord.h"
#include "base/music.h"

#define TUNE_SCORE_ERROR (tune_score_error_quark())
GQuark tune_score_error_quark(void);
typedef enum {
    TUNE_SCORE_ERROR_SYNTAX,      /* a file that is not what it says; message has the position */
    TUNE_SCORE_ERROR_UNSUPPORTED, /* well-formed, but beyond what we read or write */
    TUNE_SCORE_ERROR_INVALID,     /* values out of range, overlapping notes, ... */
    TUNE_SCORE_ERROR_IO,
} TuneScoreError;

#define TUNE_SCORE_MAX_TRACKS 16   /* at most 15 pitched and one drum part */
#define TUNE_SCORE_MAX_TICKS (40 * 60 * 8 * TUNE_PPQ)
#define TUNE_SCORE_MAX_NOTES 400000

typedef struct {
    gint tick;
    double bpm; /* quarter notes a minute from here on, 10..1000; MIDI's microseconds are exact */
} TuneTempo;

typedef struct {
    gint tick; /* at a bar line */
    TuneMetre metre;
} TuneMetreChange;

typedef struct {
    gint tick;
    TuneKey key;
} TuneKeyChange;

typedef struct {
    gint tick;
    gint ticks; /* length */
    TuneSectionRole role;
    double energy; /* 0..1 */
    gint material; /* sections of the same material share harmony and melody; 0 = first kind */
    char *name;    /* "verse 2" */
} TuneSection;

typedef struct {
    gint tick;
    gint ticks;
    TuneChord chord;
} TuneScoreChord;

/* Articulations, as bits of TuneNote.articulation. */
enum {
    TUNE_ARTICULATION_STACCATO = 1 << 0,
    TUNE_ARTICULATION_ACCENT = 1 << 1,
    TUNE_ARTICULATION_TENUTO = 1 << 2,
    TUNE_ARTICULATION_SLUR = 1 << 3, /* legato into the next note */
    TUNE_ARTICULATION_FERMATA = 1 << 4,
    TUNE_ARTICULATION_GHOST = 1 << 5,
};

typedef struct {
    gint onset;             /* notated */
    gint duration;          /* notated, > 0 */
    gint16 onset_offset;    /* performance: ticks late (positive) or early */
    gint16 duration_offset; /* performance: ticks longer or shorter than notated */
    gint32 syllable;        /* index into track->syllables, or -1 */
    guint8 pitch;           /* MIDI; on the drum track a General MIDI drum key */
    TuneFifths spelling;    /* spelled pitch class of pitch; 0 on the drum track */
    guint8 velocity;        /* 1..127 */
    guint8 voice;           /* notation voice within the part, 1..4 */
    guint8 articulation;    /* TUNE_ARTICULATION_* */
} TuneNote;

/* A continuous controller or the pitch bend, at performance time. */
#define TUNE_CONTROL_BEND 128
typedef struct {
    gint tick;
    guint8 control; /* 0..127 the MIDI controller number, or TUNE_CONTROL_BEND */
    gint16 value;   /* 0..127; bend -8192..8191 (range ±2 semitones) */
} TuneControl;

/* What the mix should do with a track: the style's and the arranger's wish. */
typedef struct {
    double level_db;     /* relative to the other parts once each is at its own loudness; 0 = as loud
                            as the lead, typically -12..+3 */
    double pan;          /* -1 left .. 1 right */
    double reverb;       /* 0..1 send */
    double delay;        /* 0..1 send */
    double chorus;       /* 0..1 */
    double high_pass_hz; /* 0 = none */
    double duck;         /* 0..1 side-chained by the kick */
    double drive;        /* 0..1 saturation */
    double low_db;       /* tone: a shelf below 160 Hz, -18..18 */
    double mid_db;       /* a bell at mid_hz */
    double mid_hz;       /* 0 = 1000 */
    double high_db;      /* a shelf above 5 kHz */
    double compress;     /* 0..1 how evenly it plays */
} TuneTrackMix;

typedef struct {
    char *id;         /* [a-z0-9-]{1,32}, unique, names the stem file: "upright-bass" */
    char *name;       /* for people: "Upright bass" */
    char *instrument; /* key in data/instruments.yaml, "" when it came from outside */
    TuneRole role;
    guint8 program;   /* General MIDI program 0..127; drum kit on the drum track */
    guint8 bank;      /* 0 melodic; the SoundFont's bank 128 is implied by is_drums */
    gboolean is_drums;
    gint8 transpose;  /* written pitch = sounding pitch - transpose (a B flat clarinet: -2) */
    TuneTrackMix mix;
    GArray *notes;         /* TuneNote, sorted by onset, then pitch */
    GArray *controls;      /* TuneControl, sorted by tick */
    GPtrArray *syllables;  /* char*: "glo-", "ry"; a trailing '-' says that the word goes on */
} TuneTrack;

/* Mix wishes for the whole piece. */
typedef struct {
    double reverb_seconds; /* decay time of the room, 0.2..8 */
    double delay_beats;    /* echo time in felt beats: 0.5, 0.75 ...; 0 = none */
    double bus_drive;      /* 0..1 how hard the bus compressor works */
    double brightness;     /* -1..1 */
    double delay_feedback; /* what is left from one repeat to the next, 0..0.8; 0 = the usual 0.38 */
} TuneScoreMix;

typedef struct TuneScore {
    char *title;
    char *style;        /* style that composed it, "" when from outside */
    char *creator;      /* "tunesmith 0.1.0", or the author of an imported file */
    char *rights;
    GArray *tempos;     /* TuneTempo, first at tick 0 */
    GArray *metres;     /* TuneMetreChange, first at tick 0 */
    GArray *keys;       /* TuneKeyChange, first at tick 0 */
    GArray *sections;   /* TuneSection, in order, may be empty */
    GArray *chords;     /* TuneScoreChord, in order, without overlap, may be empty */
    GPtrArray *tracks;  /* TuneTrack */
    TuneScoreMix mix;
    TuneEnding ending;
    gint ticks;         /* length of the music in whole bars: last bar line */
    gint64 length_us;   /* exact length of the sound; 0 = until the last sound has decayed */
    gint64 fade_us;     /* fade-out over the last so many microseconds; 0 = none */
    gboolean loop;      /* the tail folds into the head; length_us is exactly `ticks` */
} TuneScore;

TuneScore *tune_score_new(void);                                   /* (transfer full) */
TuneScore *tune_score_ref(const TuneScore *self);                  /* (transfer full) */
void tune_score_unref(TuneScore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TuneScore, tune_score_unref)

/* Appends an empty track; it belongs to the score.  @id is made unique and safe. */
TuneTrack *tune_score_add_track(TuneScore *self, const char *id, const char *name);

/* Appends @syllable to the track and returns its index. */
gint tune_track_add_syllable(TuneTrack *track, const char *syllable);

/* Sort everything, then check every range and invariant of this header (no zero-length notes, no two
 * notes of the same pitch sounding together in a track, spelling agrees with pitch, first tempo,
 * metre and key at 0, metre changes on bar lines).  TUNE_SCORE_ERROR_INVALID names track and bar. */
gboolean tune_score_finish(TuneScore *self, GError **error);

/* Orders TuneNotes by onset, then pitch; those alike in both keep their order.  Cheap where they are in
 * order already. */
void tune_notes_sort(GArray *notes);

/* Shorten or drop notes so that no two of one pitch overlap in a track, as performed and as notated.
 * Composers and importers call it before tune_score_finish(). */
void tune_track_resolve_overlaps(TuneTrack *track);

/* ---- reading ---- */

/* Seconds from the start at @tick, by the tempo map; and the tick at a time. */
double tune_score_seconds(const TuneScore *self, gint tick);
gint tune_score_tick_at(const TuneScore *self, double seconds);

TuneMetre tune_score_metre_at(const TuneScore *self, gint tick);
TuneKey tune_score_key_at(const TuneScore *self, gint tick);
double tune_score_tempo_at(const TuneScore *self, gint tick);
/* (nullable) (transfer none) */
const TuneScoreChord *tune_score_chord_at(const TuneScore *self, gint tick);
const TuneSection *tune_score_section_at(const TuneScore *self, gint tick);

/* Bar number from 0 at @tick, and the tick of its bar line. */
gint tune_score_bar_at(const TuneScore *self, gint tick, gint *bar_tick);

/* Notes of all tracks. */
gsize tune_score_n_notes(const TuneScore *self);

static inline gint tune_note_sounding_onset(const TuneNote *note)
{
    return MAX(0, note->onset + note->onset_offset);
}
static inline gint tune_note_sounding_end(const TuneNote *note)
{
    return MAX(tune_note_sounding_onset(note) + 1,
               note->onset + note->onset_offset + note->duration + note->duration_offset);
}
