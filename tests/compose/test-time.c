/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Keys, paces, feels, endings and variations that a form asks for.
 */
#include "brief-fixture.h"

#include <math.h>
#include <string.h>

/* Styles are immutable to everybody else: the tests write what a file would say. */
static StyleSection *section_of(BriefFixture *f, guint form, guint index)
{
    g_assert_true(tune_style_require(f->brief.style, NULL));
    const StyleForm *forms = &g_array_index(f->brief.style->forms, StyleForm, form);
    return (StyleSection *)&g_array_index(forms->sections, StyleSection, index);
}

/* Everything that plays: one form of four sections of eight bars, the same tune in all. */
static void set_form(BriefFixture *f)
{
    g_assert_true(tune_style_require(f->brief.style, NULL));
    GArray *forms = f->brief.style->forms;
    GArray *sections = g_array_index(forms, StyleForm, 0).sections;
    StyleSection plain = {.role = TUNE_SECTION_THEME, .bars = 8, .least = 8, .phrase_bars = 4,
                          .energy = 0.6, .material = 'A', .tempo = 1};

    for (guint i = 0; i < forms->len; i++)
        g_array_index(forms, StyleForm, i).weight = i == 0 ? 1 : 0;
    g_array_set_size(sections, 0);
    for (gint i = 0; i < 4; i++) {
        plain.role = i == 0 ? TUNE_SECTION_THEME : TUNE_SECTION_VARIATION;
        g_array_append_val(sections, plain);
    }
    f->brief.bars = 33;
    f->brief.ending = TUNE_ENDING_RING;
    f->brief.ending_origin = TUNE_ORIGIN_FIELD;
}

static const TuneSection *score_section(const TuneScore *score, guint i)
{
    g_assert_cmpuint(i, <, score->sections->len);
    return &g_array_index(score->sections, TuneSection, i);
}

static const TuneScoreChord *chord_before(const TuneScore *score, gint tick)
{
    return tune_score_chord_at(score, tick - 1);
}

static void test_keys_are_prepared_and_come_back(void)
{
    static const StyleKey keys[] = {STYLE_KEY_DOMINANT, STYLE_KEY_SUBDOMINANT, STYLE_KEY_RELATIVE,
                                    STYLE_KEY_PARALLEL};
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    set_form(f);
    for (guint64 seed = 0; seed < 12; seed++) {
        gboolean minor = seed % 2 == 1;
        brief_fixture_key(f, minor ? "A minor" : "D major");
        section_of(f, 0, 1)->key = keys[seed % 4];
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        TuneKey home = tune_score_key_at(score, 0);
        TuneKey away = tune_score_key_at(score, score_section(score, 1)->tick);
        TuneKey back = tune_score_key_at(score, score_section(score, 2)->tick);
        g_assert_cmpint(score->keys->len, ==, 3);
        g_assert_true(home.tonic != away.tonic || home.mode != away.mode);
        g_assert_true(back.tonic == home.tonic && back.mode == home.mode);
        g_assert_true(home.tonic == f->brief.key.tonic && home.mode == f->brief.key.mode);
        if (keys[seed % 4] >= STYLE_KEY_RELATIVE)
            g_assert_true(tune_mode_is_minor(away.mode) != minor);
        for (guint i = 1; i <= 2; i++) {
            gint tick = score_section(score, i)->tick;
            TuneKey key = tune_score_key_at(score, tick);
            TuneChord chord = chord_before(score, tick)->chord;
            gint fifth = (tune_fifths_pitch_class(key.tonic) + 7) % 12;
            g_assert_cmpint(tune_fifths_pitch_class(chord.root), ==, fifth);
            g_assert_false(tune_chord_is_minor(chord.quality));
        }
    }
}

static void test_a_section_has_its_own_pace(void)
{
    g_autoptr(BriefFixture) f = brief_fixture_new("pop");

    set_form(f);
    section_of(f, 0, 2)->tempo = 0.75;
    for (guint64 seed = 0; seed < 4; seed++) {
        f->brief.bars = seed < 2 ? 33 : 0;
        f->brief.seconds = seed < 2 ? 0 : 90;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        double base = tune_score_tempo_at(score, 0);
        gint inside = score_section(score, 2)->tick;
        g_assert_cmpfloat(fabs(tune_score_tempo_at(score, inside) / base - 0.75), <, 1e-6);
        g_assert_cmpfloat(fabs(tune_score_tempo_at(score, inside - 1) / base - 1), <, 1e-6);
        if (seed >= 2)
            g_assert_cmpint(score->length_us, ==, 90000000);
        double end = tune_score_seconds(score, score->ticks);
        g_assert_cmpfloat(end, <, (double)score->length_us / 1e6 + 0.01);
        g_assert_cmpfloat(end, >, (double)score->length_us / 1e6 - 9);
    }
    /* A tempo said by number is the tempo of every bar. */
    brief_fixture_bpm(f, 100);
    g_autoptr(TuneScore) said = brief_fixture_compose(f, 1);
    g_assert_cmpfloat(fabs(tune_score_tempo_at(said, score_section(said, 2)->tick) - 100), <, 1e-6);
}

static guint hits(const TuneScore *score, const TuneSection *section, guint8 key)
{
    guint n = 0;

    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        for (guint i = 0; track->is_drums && i < track->notes->len; i++) {
            const TuneNote *note = &g_array_index(track->notes, TuneNote, i);
            n += note->pitch == key && note->velocity > 60 && note->onset >= section->tick &&
                 note->onset < section->tick + 6 * 4 * TUNE_PPQ;
        }
    }
    return n;
}

static void test_half_time_has_half_the_backbeats(void)
{
    guint plain = 0, half = 0, fast = 0;

    for (guint64 seed = 0; seed < 8; seed++) {
        g_autoptr(BriefFixture) f = brief_fixture_new("rock");
        set_form(f);
        section_of(f, 0, 1)->feel = TUNE_FEEL_HALF;
        section_of(f, 0, 2)->feel = TUNE_FEEL_DOUBLE;
        section_of(f, 0, 3)->feel = TUNE_FEEL_PLAIN;
        for (guint i = 0; i < 4; i++)
            section_of(f, 0, i)->role = TUNE_SECTION_CHORUS;
        brief_fixture_metre(f, "4/4");
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        plain += hits(score, score_section(score, 3), 38);
        half += hits(score, score_section(score, 1), 38);
        fast += hits(score, score_section(score, 2), 38);
    }
    g_assert_cmpuint(plain, >, 60);
    g_assert_cmpfloat((double)half / plain, <, 0.7);
    g_assert_cmpfloat((double)half / plain, >, 0.35);
    g_assert_cmpfloat((double)fast / plain, >, 1.5);
}

static void test_endings_close_in_their_own_way(void)
{
    static const char *const styles[] = {"pop", "classical", "folk", "jazz", "rock", "soul", "blues"};
    gint tags = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        g_autoptr(BriefFixture) f = brief_fixture_new(styles[i]);
        brief_fixture_key(f, i % 2 == 0 ? "C major" : "G minor");
        f->brief.seconds = 50;
        f->brief.ending = TUNE_ENDING_AMEN;
        g_autoptr(TuneScore) amen = brief_fixture_compose(f, i);
        gint final = g_array_index(amen->chords, TuneScoreChord, amen->chords->len - 1).tick;
        TuneKey key = tune_score_key_at(amen, final);
        gint fourth = (tune_fifths_pitch_class(key.tonic) + 5) % 12;
        g_assert_cmpint(tune_fifths_pitch_class(chord_before(amen, final)->chord.root), ==, fourth);
        g_assert_cmpint(amen->ending, ==, TUNE_ENDING_AMEN);
        g_assert_cmpint(amen->length_us, ==, 50000000);
        g_assert_cmpfloat(tune_score_tempo_at(amen, final - 1), <, tune_score_tempo_at(amen, 0));

        f->brief.ending = TUNE_ENDING_FERMATA;
        g_autoptr(TuneScore) held = brief_fixture_compose(f, i);
        final = g_array_index(held->chords, TuneScoreChord, held->chords->len - 1).tick;
        g_assert_cmpint(held->length_us, ==, 50000000);
        double base = tune_score_tempo_at(held, final - 3 * TUNE_PPQ);
        g_assert_cmpfloat(fabs(tune_score_tempo_at(held, final - 1) / base - 0.4), <, 1e-6);

        f->brief.ending = TUNE_ENDING_TAG;
        g_autoptr(TuneScore) tag = brief_fixture_compose(f, i);
        final = g_array_index(tag->chords, TuneScoreChord, tag->chords->len - 1).tick;
        gint two = 2 * tune_metre_bar_ticks(f->brief.metre);
        const TuneSection *last = score_section(tag, tag->sections->len - 1);
        gboolean room = final - last->tick >= 4 * two;
        tags += room;
        for (gint tick = final - two; room && tick < final; tick += TUNE_PPQ / 2)
            g_assert_cmpint(tune_score_chord_at(tag, tick)->chord.root, ==,
                            tune_score_chord_at(tag, tick - two)->chord.root);
    }
    g_assert_cmpint(tags, >=, 1);
}

static const TuneTrack *lead_of(const TuneScore *score)
{
    for (guint i = 0; i < score->tracks->len; i++)
        if (((const TuneTrack *)score->tracks->pdata[i])->role == TUNE_ROLE_LEAD)
            return score->tracks->pdata[i];
    g_assert_not_reached();
}

static guint count_notes(const TuneTrack *track, const TuneSection *s)
{
    guint n = 0;

    for (guint i = 0; i < track->notes->len; i++) {
        gint onset = g_array_index(track->notes, TuneNote, i).onset;
        n += onset >= s->tick && onset < s->tick + s->ticks - 4 * TUNE_PPQ;
    }
    return n;
}

/* Notes of @a that stand in @b at the same place with the same pitch class. */
static guint common(const TuneTrack *track, const TuneSection *a, const TuneSection *b)
{
    guint n = 0;

    for (guint i = 0; i < track->notes->len; i++) {
        const TuneNote *x = &g_array_index(track->notes, TuneNote, i);
        if (x->onset < a->tick || x->onset >= a->tick + a->ticks - 4 * TUNE_PPQ)
            continue;
        for (guint k = 0; k < track->notes->len; k++) {
            const TuneNote *y = &g_array_index(track->notes, TuneNote, k);
            if (y->onset - b->tick == x->onset - a->tick && y->pitch % 12 == x->pitch % 12) {
                n++;
                break;
            }
        }
    }
    return n;
}

/* Each kind has its figure, and through it the tune is heard. */
static void test_variations_keep_the_tune(void)
{
    guint tune = 0, kept[STYLE_N_VARIATIONS] = {0}, notes[STYLE_N_VARIATIONS] = {0};

    for (guint64 seed = 0; seed < 9; seed++)
        for (gint kind = STYLE_VARIATION_ORNAMENTED; kind < STYLE_N_VARIATIONS; kind++) {
            g_autoptr(BriefFixture) f = brief_fixture_new("pop");
            set_form(f);
            section_of(f, 0, 1)->variation = (StyleVariation)kind;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
            const TuneTrack *lead = lead_of(score);
            tune += kind == 1 ? count_notes(lead, score_section(score, 0)) : 0;
            notes[kind] += count_notes(lead, score_section(score, 1));
            kept[kind] += common(lead, score_section(score, 0), score_section(score, 1));
        }
    g_assert_cmpuint(tune, >, 100);
    for (gint kind = STYLE_VARIATION_ORNAMENTED; kind < STYLE_N_VARIATIONS; kind++)
        g_assert_cmpfloat((double)kept[kind] / tune, >,
                          kind == STYLE_VARIATION_CHORALE      ? 0.25
                          : kind == STYLE_VARIATION_SYNCOPATED ? 0.4
                                                               : 0.75);
    g_assert_cmpfloat((double)notes[STYLE_VARIATION_RUNNING] / tune, >, 1.4);
    g_assert_cmpfloat((double)notes[STYLE_VARIATION_ORNAMENTED] / tune, >, 1.1);
    g_assert_cmpfloat((double)notes[STYLE_VARIATION_CHORALE] / tune, <, 0.8);
}

static gboolean plays_in(const TuneScore *score, const char *instrument, const TuneSection *s)
{
    for (guint t = 0; t < score->tracks->len; t++) {
        const TuneTrack *track = score->tracks->pdata[t];
        for (guint i = 0; strcmp(track->instrument, instrument) == 0 && i < track->notes->len; i++) {
            gint onset = g_array_index(track->notes, TuneNote, i).onset;
            if (onset >= s->tick && onset < s->tick + s->ticks)
                return TRUE;
        }
    }
    return FALSE;
}

static void test_asked_players_open(void)
{
    static const char *const styles[] = {"folk", "pop", "rock", "ambient", "jazz"};
    static const char *const players[] = {"harp", "acoustic-piano", "church-organ", "warm-pad"};

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++)
        for (gsize k = 0; k < G_N_ELEMENTS(players); k++) {
            g_autoptr(BriefFixture) f = brief_fixture_new(styles[i]);
            brief_fixture_instrument(f, players[k]);
            f->brief.seconds = 70;
            g_autoptr(TuneScore) score = brief_fixture_compose(f, 10 * i + k);
            g_assert_true(plays_in(score, players[k], score_section(score, 0)) ||
                          plays_in(score, players[k], score_section(score, 1)));
            if (strcmp(lead_of(score)->instrument, players[k]) != 0)
                g_assert_true(plays_in(score, players[k], score_section(score, 0)));
        }
}

/* Six players of one line each on top of the style: every one of them has something to play. */
static void test_nobody_asked_is_silent(void)
{
    static const char *const styles[] = {"folk", "pop", "rock", "jazz", "ambient"};
    static const char *const players[] = {"oboe", "ocarina", "flute", "glockenspiel", "clarinet"};

    for (guint64 seed = 0; seed < 10; seed++) {
        g_autoptr(BriefFixture) f = brief_fixture_new(styles[seed % 5]);
        for (gsize k = 0; k < G_N_ELEMENTS(players); k++)
            brief_fixture_instrument(f, players[k]);
        f->brief.seconds = 60;
        g_autoptr(TuneScore) score = brief_fixture_compose(f, seed);
        for (gsize k = 0; k < G_N_ELEMENTS(players); k++) {
            guint n = 0;
            for (guint t = 0; t < score->tracks->len; t++) {
                const TuneTrack *track = score->tracks->pdata[t];
                n += strcmp(track->instrument, players[k]) == 0 ? track->notes->len : 0;
            }
            g_assert_cmpuint(n, >=, 4);
        }
    }
}

static const char words[] = "[Verse]\nOver the hills and far away\nThe river runs to meet the day\n"
                            "[Chorus]\nGlory to the morning light\nShining through the night\n"
                            "[Verse]\nUnder the moon the water gleams\nThe valley slumbers in its dreams\n"
                            "[Chorus]\nGlory to the morning light\nShining through the night\n";

/* A saxophone was asked for, but words are sung by a voice; the second stanza has the first one's tune. */
static void test_words_are_sung_by_a_voice(void)
{
    guint same = 0, all = 0;

    for (guint64 seed = 0; seed < 6; seed++) {
        g_autoptr(BriefFixture) f = brief_fixture_new("jazz");
        g_autoptr(GError) error = NULL;
        g_autoptr(TuneBrief) brief = tune_brief_new();
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "genre", seed % 2 ? "pop" : "jazz", &error));
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "lyrics", words, &error));
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "instruments", "tenor-sax", &error));
        g_assert_true(tune_brief_set_field(brief, f->vocabulary, "structure",
                                           "verse, chorus, verse, chorus", &error));
        g_assert_true(tune_brief_complete(brief, f->vocabulary, &error));
        g_autoptr(TuneScore) score = tune_compose(brief, f->vocabulary, seed, NULL, &error);
        g_assert_no_error(error);
        const TuneTrack *singer = NULL;
        for (guint t = 0; t < score->tracks->len; t++) {
            const TuneTrack *track = score->tracks->pdata[t];
            if (track->syllables->len > 0)
                singer = track;
        }
        g_assert_nonnull(singer);
        const TuneInstrument *voice =
            tune_instruments_find(tune_vocabulary_instruments(f->vocabulary), singer->instrument);
        g_assert_cmpstr(voice->family, ==, "voice");
        g_assert_true(plays_in(score, "tenor-sax", score_section(score, 0)) ||
                      plays_in(score, "tenor-sax", score_section(score, 1)));
        same += common(singer, score_section(score, 0), score_section(score, 2));
        all += count_notes(singer, score_section(score, 0));
    }
    g_assert_cmpfloat((double)same / all, >, 0.6);
}

static TuneBrief *brief_of(const BriefFixture *f, const char *sentence)
{
    g_autoptr(GError) error = NULL;
    TuneBrief *brief = tune_brief_new();

    g_assert_true(tune_brief_read_sentence(brief, f->vocabulary, sentence, &error));
    g_assert_true(tune_brief_complete(brief, f->vocabulary, &error));
    return brief;
}

static void test_half_time_is_understood(void)
{
    static const char *const sentences[] = {"rock, 100 bpm, with a half-time chorus",
                                            "rock, 100 bpm, verse, chorus in half time, outro"};
    g_autoptr(BriefFixture) f = brief_fixture_new("rock");

    for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
        g_autoptr(TuneBrief) brief = brief_of(f, sentences[i]);
        gboolean found = FALSE;
        for (guint k = 0; k < brief->sections->len; k++) {
            const TuneBriefSection *s = &g_array_index(brief->sections, TuneBriefSection, k);
            g_assert_cmpint(s->feel, ==, s->role == TUNE_SECTION_CHORUS ? TUNE_FEEL_HALF : TUNE_FEEL_PLAIN);
            found |= s->role == TUNE_SECTION_CHORUS;
        }
        g_assert_true(found);
        g_assert_cmpint(brief->tempo_curve, ==, TUNE_TEMPO_STEADY);
    }
}

/* Moments said by the clock are met to half a bar at a said tempo, to a beat at an open one; what comes
 * first begins the piece only when it is said to. */
static void test_moments_are_met(void)
{
    static const struct {
        const char *sentence;
        TuneSectionRole role;
        double at;
    } cases[] = {
        {"electronic, drop at 0:45, 90 seconds", TUNE_SECTION_DROP, 45},
        {"electronic, 128 bpm, drop at 1:00, breakdown at 1:30, 2:30", TUNE_SECTION_DROP, 60},
        {"electronic, 128 bpm, drop at 1:00, breakdown at 1:30, 2:30", TUNE_SECTION_BREAKDOWN, 90},
        {"rock, 138 bpm, chorus at 0:40, bridge at 1:20, two minutes", TUNE_SECTION_CHORUS, 40},
        {"rock, chorus at 0:40, bridge at 1:20, two minutes", TUNE_SECTION_BRIDGE, 80},
        {"jazz, 150 bpm, sax solo at 0:50, 1:45", TUNE_SECTION_SOLO, 50},
    };
    g_autoptr(BriefFixture) f = brief_fixture_new("rock");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        for (guint64 seed = 0; seed < 3; seed++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(TuneBrief) brief = brief_of(f, cases[i].sentence);
            g_autoptr(TuneScore) score = tune_compose(brief, f->vocabulary, seed, NULL, &error);
            g_assert_no_error(error);
            double off = 1000;
            for (guint k = 0; k < score->sections->len; k++)
                if (score_section(score, k)->role == cases[i].role)
                    off = MIN(off, fabs(tune_score_seconds(score, score_section(score, k)->tick) -
                                        cases[i].at));
            double beat = 60.0 / tune_metre_beat_bpm(brief->metre, tune_score_tempo_at(score, 0));
            g_assert_cmpfloat(off, <=, brief->bpm_hard ? 2 * beat + 0.01 : beat);
            g_assert_cmpint(score_section(score, 0)->role, !=, cases[i].role);
        }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/time/keys-are-prepared", test_keys_are_prepared_and_come_back);
    g_test_add_func("/compose/time/own-pace", test_a_section_has_its_own_pace);
    g_test_add_func("/compose/time/half-time", test_half_time_has_half_the_backbeats);
    g_test_add_func("/compose/time/endings", test_endings_close_in_their_own_way);
    g_test_add_func("/compose/time/variations", test_variations_keep_the_tune);
    g_test_add_func("/compose/time/asked-players-open", test_asked_players_open);
    g_test_add_func("/compose/time/nobody-asked-is-silent", test_nobody_asked_is_silent);
    g_test_add_func("/compose/time/words-are-sung-by-a-voice", test_words_are_sung_by_a_voice);
    g_test_add_func("/compose/time/half-time-is-understood", test_half_time_is_understood);
    g_test_add_func("/compose/time/moments-are-met", test_moments_are_met);
    return g_test_run();
}
