/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/distance.h"
#include "cli/help.h"
#include "cli/option.h"

#include <string.h>

static TuneArgs *parse(const char *line, GError **error)
{
    g_autofree char *whole = g_strconcat("tunesmith ", line, NULL);
    g_auto(GStrv) argv = NULL;
    gint argc = 0;

    g_assert_true(g_shell_parse_argv(whole, &argc, &argv, NULL));
    return tune_args_parse(argc, argv, FALSE, error);
}

static void assert_usage(const char *line, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneArgs) args = parse(line, &error);

    g_assert_null(args);
    g_assert_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE);
    if (strstr(error->message, part) == NULL)
        g_error("\"%s\" does not say \"%s\"", error->message, part);
}

static void test_every_spelling(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneArgs) args =
        parse("generate 'a waltz' -o a.wav --bpm=120 --key 'F minor' -qy --no-intro --bridge "
              "--style sound:warm -s style:80s --mode simulate -d90 -- ", &error);

    g_assert_no_error(error);
    g_assert_cmpint(tune_args_command(args)->id, ==, COMMAND_GENERATE);
    g_assert_cmpstr(tune_args_word(args, 0), ==, "a waltz");
    g_assert_null(tune_args_word(args, 1));
    g_assert_cmpstr(tune_args_get(args, OPTION_OUTPUT), ==, "a.wav");
    g_assert_cmpstr(tune_args_get(args, OPTION_BPM), ==, "120");
    g_assert_cmpstr(tune_args_get(args, OPTION_KEY), ==, "F minor");
    g_assert_cmpstr(tune_args_get(args, OPTION_DURATION), ==, "90");
    g_assert_cmpstr(tune_args_get(args, OPTION_ENGINE), ==, "simulate");
    g_assert_true(tune_args_has(args, OPTION_QUIET));
    g_assert_true(tune_args_has(args, OPTION_YES));
    g_assert_false(tune_args_switch(args, OPTION_INTRO, TRUE));
    g_assert_true(tune_args_switch(args, OPTION_BRIDGE, FALSE));
    g_assert_true(tune_args_switch(args, OPTION_OUTRO, TRUE));
    g_assert_cmpuint(tune_args_list(args, OPTION_STYLE)->len, ==, 2);
}

static void test_words_after_two_dashes(void)
{
    g_autoptr(TuneArgs) args = parse("explain -- --bpm", NULL);

    g_assert_cmpstr(tune_args_word(args, 0), ==, "--bpm");
    g_assert_false(tune_args_has(args, OPTION_BPM));
}

static void test_refusals_name_the_option(void)
{
    assert_usage("generate x --tempoo 3", "--tempoo");
    assert_usage("generate x --seeed 3", "did you mean --seed?");
    assert_usage("generate x --bpm", "--bpm needs a value");
    assert_usage("generate x --loop=3", "--loop takes no value");
    assert_usage("generate x --ending sudden", "--ending");
    assert_usage("generate slow jazz -o x.wav", "quotation marks");
    assert_usage("genrate x", "did you mean generate?");
    assert_usage("convert a.mid", "convert needs");
    assert_usage("styles --bpm 120", "--bpm does not belong to styles");
    assert_usage("generate x -Z", "-Z");
    assert_usage("generate x --no-seed", "--no-seed");
    assert_usage("'slow jazz ballad'", "tunesmith generate");
}

static void test_numbers_are_checked(void)
{
    static const char *const bad[] = {"1.5", "x", "", "-1", "9007199254740992", "3 ",
                                      "99999999999999999999"};
    gint64 value = 5;

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *quoted = g_shell_quote(bad[i]);
        g_autofree char *line = g_strconcat("generate x --seed=", quoted, NULL);
        g_autoptr(TuneArgs) args = parse(line, NULL);
        g_assert_false(tune_args_int(args, OPTION_SEED, 0, 9007199254740991, &value, &error));
        g_assert_nonnull(strstr(error->message, "--seed"));
        g_assert_cmpint(value, ==, 5);
    }
    g_autoptr(TuneArgs) args = parse("generate x --seed 9007199254740991 --temperature nan", NULL);
    double real = 0.5;
    g_assert_true(tune_args_int(args, OPTION_SEED, 0, 9007199254740991, &value, NULL));
    g_assert_cmpint(value, ==, 9007199254740991);
    g_assert_false(tune_args_real(args, OPTION_TEMPERATURE, 0, 1, &real, NULL));
}

static void test_old_surface_has_its_commands_only(void)
{
    char *argv[] = {(char *)"music-gen", (char *)"inspect", (char *)"x.wav", NULL};
    g_autoptr(TuneArgs) args = tune_args_parse(3, argv, TRUE, NULL);

    g_assert_null(args);
    argv[1] = (char *)"show-preset";
    g_autoptr(TuneArgs) preset = tune_args_parse(3, argv, TRUE, NULL);
    g_assert_nonnull(preset);
}

static void test_distance(void)
{
    g_assert_cmpuint(tune_cli_distance("seed", "seed"), ==, 0);
    g_assert_cmpuint(tune_cli_distance("seed", "sead"), ==, 1);
    g_assert_cmpuint(tune_cli_distance("kitten", "sitting"), ==, 3);
    g_assert_cmpuint(tune_cli_distance("", "abc"), ==, 3);
}

/* Every option that is not hidden is in the help of each command it belongs to, in the manual, and in
 * each shell's completion. */
static void test_texts_hold_every_option(void)
{
    g_autofree char *man = tune_help_man();
    g_autofree char *bash = tune_help_completion("bash");
    g_autofree char *zsh = tune_help_completion("zsh");
    g_autofree char *fish = tune_help_completion("fish");

    for (guint i = 0; i < N_OPTIONS; i++) {
        const TuneOption *option = &tune_options[i];
        g_assert_cmpuint(option->id, ==, i);
        if (option->hidden)
            continue;
        g_autofree char *flag = g_strconcat("--", option->name, NULL);
        g_auto(GStrv) parts = g_strsplit(option->name, "-", -1);
        g_autofree char *troff = g_strjoinv("\\-", parts);
        g_assert_nonnull(strstr(man, troff));
        g_assert_nonnull(strstr(bash, flag));
        g_assert_nonnull(strstr(zsh, flag));
        g_assert_nonnull(strstr(fish, option->name));
        for (guint c = 0; c < N_COMMANDS; c++) {
            g_autofree char *help = tune_help_text(&tune_commands[c], FALSE);
            gboolean there = strstr(help, option->name) != NULL;
            if ((option->commands & (1u << c)) != 0)
                g_assert_true(there);
        }
    }
    for (guint c = 0; c < N_COMMANDS; c++) {
        g_assert_cmpuint(tune_commands[c].id, ==, c);
        g_assert_nonnull(tune_commands[c].examples[0].command);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cli/args/every-spelling", test_every_spelling);
    g_test_add_func("/cli/args/words-after-two-dashes", test_words_after_two_dashes);
    g_test_add_func("/cli/args/refusals-name-the-option", test_refusals_name_the_option);
    g_test_add_func("/cli/args/numbers-are-checked", test_numbers_are_checked);
    g_test_add_func("/cli/args/old-surface", test_old_surface_has_its_commands_only);
    g_test_add_func("/cli/distance", test_distance);
    g_test_add_func("/cli/help/texts-hold-every-option", test_texts_hold_every_option);
    return g_test_run();
}
