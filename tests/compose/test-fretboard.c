/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "compose/fretboard.h"

static void test_knows_common_shapes(void)
{
    static const guint8 e[] = {40, 47, 52, 56, 59, 64}, f[] = {41, 48, 53, 57, 60, 65},
                        g[] = {43, 47, 50, 55, 59, 67}, c[] = {48, 52, 55, 60, 64},
                        d7[] = {50, 57, 60, 66}, b_minor[] = {47, 54, 59, 62, 66};

    g_assert_true(fretboard_can_hold(e, 6));
    g_assert_true(fretboard_can_hold(f, 6)); /* one finger across six strings */
    g_assert_true(fretboard_can_hold(g, 6));
    g_assert_true(fretboard_can_hold(c, 5));
    g_assert_true(fretboard_can_hold(d7, 4));
    g_assert_true(fretboard_can_hold(b_minor, 5));
}

static void test_refuses_what_no_hand_holds(void)
{
    static const guint8 low_cluster[] = {41, 42, 44}, wide[] = {41, 46, 75},
                        seven[] = {40, 45, 50, 55, 59, 64, 69}, below[] = {38, 50},
                        five_fingers[] = {41, 49, 53, 57, 63, 67};

    g_assert_false(fretboard_can_hold(low_cluster, 3));
    g_assert_false(fretboard_can_hold(wide, 3));
    g_assert_false(fretboard_can_hold(seven, 7));
    g_assert_false(fretboard_can_hold(below, 2));
    g_assert_false(fretboard_can_hold(five_fingers, 6));
}

/* Every chord on every root has a shape, with its bass note lowest unless it is for upper strings. */
static void test_every_chord_has_a_shape(void)
{
    for (gint quality = 0; quality < TUNE_N_CHORDS; quality++)
        for (gint root = -5; root <= 6; root++)
            for (gint upper = 0; upper <= 1; upper++) {
                TuneChord chord = {(TuneFifths)root, (TuneFifths)root, (TuneChordQuality)quality};
                FretboardShape shapes[FRETBOARD_MAX_SHAPES];
                gint n = fretboard_shapes(&chord, upper ? 52 : 40, 76,
                                          upper || quality == TUNE_CHORD_POWER ? 3 : 4,
                                          upper ? 4 : 6, upper, shapes, FRETBOARD_MAX_SHAPES);
                g_assert_cmpint(n, >, 0);
                for (gint i = 0; i < n; i++) {
                    const Voicing *v = &shapes[i].voicing;
                    g_assert_true(fretboard_can_hold(v->pitch, v->n));
                    if (!upper)
                        g_assert_cmpint(v->pitch[0] % 12, ==, tune_fifths_pitch_class((TuneFifths)root));
                    for (gint k = 0; k < v->n; k++)
                        g_assert_true((tune_chord_mask(chord) >> (v->pitch[k] % 12)) & 1);
                    g_assert_true(i == 0 || shapes[i].cost >= shapes[i - 1].cost);
                }
            }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/fretboard/knows-common-shapes", test_knows_common_shapes);
    g_test_add_func("/compose/fretboard/refuses-what-no-hand-holds", test_refuses_what_no_hand_holds);
    g_test_add_func("/compose/fretboard/every-chord-has-a-shape", test_every_chord_has_a_shape);
    return g_test_run();
}
