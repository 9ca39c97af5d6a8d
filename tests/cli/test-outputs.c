/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/option.h"
#include "cli/outputs.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *folder;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("tune-outputs-XXXXXX", NULL);
}

static guint count_files(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name(dir) != NULL)
        n++;
    return n;
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(f->folder, name, NULL);
        if (g_unlink(path) != 0)
            g_rmdir(path);
    }
    g_rmdir(f->folder);
    g_free(f->folder);
}

static void test_nothing_is_left_without_a_commit(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->folder, "a.wav", NULL);
    g_autofree char *stems = g_build_filename(f->folder, "stems", NULL);
    g_autoptr(GError) error = NULL;
    TuneOutputs *outputs = tune_outputs_new();

    g_assert_nonnull(tune_outputs_stage(outputs, "--output", path, &error));
    g_assert_true(tune_outputs_stage_folder(outputs, "--stems", stems, &error));
    g_assert_cmpuint(count_files(f->folder), ==, 2);
    tune_outputs_free(outputs);
    g_assert_cmpuint(count_files(f->folder), ==, 0);
}

static void test_one_file_by_two_names_is_refused(Fixture *f, gconstpointer data)
{
    g_autofree char *a = g_build_filename(f->folder, "a.wav", NULL);
    g_autofree char *same = g_build_filename(f->folder, ".", "a.wav", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();

    g_assert_nonnull(tune_outputs_stage(outputs, "--output", a, &error));
    g_assert_null(tune_outputs_stage(outputs, "--midi", same, &error));
    g_assert_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE);
    g_clear_error(&error);
    g_assert_null(tune_outputs_stage(outputs, "--midi", "-", &error));
    g_assert_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE);
}

static void test_commit_puts_all_in_place(Fixture *f, gconstpointer data)
{
    g_autofree char *a = g_build_filename(f->folder, "a.wav", NULL);
    g_autofree char *b = g_build_filename(f->folder, "b.mid", NULL);
    g_autofree char *c = g_build_filename(f->folder, "c.mid", NULL);
    g_autofree char *text = NULL;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();

    g_assert_true(g_file_set_contents(a, "old", -1, NULL));
    const char *first = tune_outputs_stage(outputs, "--output", a, NULL);
    const char *second = tune_outputs_stage(outputs, "--midi", b, NULL);
    g_assert_true(g_str_has_suffix(first, ".wav"));
    g_assert_true(g_file_set_contents(first, "new", -1, NULL));
    g_assert_true(g_file_set_contents(second, "midi", -1, NULL));
    g_assert_true(g_file_get_contents(a, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old");
    tune_outputs_retarget(outputs, second, c);
    g_assert_true(tune_outputs_commit(outputs, NULL));
    g_free(g_steal_pointer(&text));
    g_assert_true(g_file_get_contents(a, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "new");
    g_assert_true(g_file_test(c, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(count_files(f->folder), ==, 2);
}

static void assert_refused(const char *path, gint code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();

    g_assert_null(tune_outputs_stage(outputs, "--midi", path, &error));
    g_assert_error(error, TUNE_CLI_ERROR, code);
    g_assert_nonnull(strstr(error->message, "--midi"));
}

static void test_bad_places_are_refused_at_once(Fixture *f, gconstpointer data)
{
    g_autofree char *nowhere = g_build_filename(f->folder, "no", "such", "a.mid", NULL);
    g_autofree char *a = g_build_filename(f->folder, "a.mid", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();

    assert_refused(nowhere, TUNE_CLI_ERROR_MISSING);
    assert_refused(f->folder, TUNE_CLI_ERROR_USAGE);
    assert_refused("", TUNE_CLI_ERROR_USAGE);
    assert_refused("/proc/a.mid", TUNE_CLI_ERROR_MISSING);
    g_assert_nonnull(tune_outputs_stage(outputs, "--output", a, NULL));
    g_assert_null(tune_outputs_stage(outputs, "--midi", a, &error));
    g_assert_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE);
}

static void test_a_link_is_followed(Fixture *f, gconstpointer data)
{
    g_autofree char *real = g_build_filename(f->folder, "real.wav", NULL);
    g_autofree char *link = g_build_filename(f->folder, "link.wav", NULL);
    g_autofree char *text = NULL;
    g_autoptr(TuneOutputs) outputs = tune_outputs_new();

    g_assert_true(g_file_set_contents(real, "old", -1, NULL));
    g_assert_cmpint(symlink(real, link), ==, 0);
    const char *temporary = tune_outputs_stage(outputs, "--output", link, NULL);
    g_assert_true(g_file_set_contents(temporary, "new", -1, NULL));
    g_assert_true(tune_outputs_commit(outputs, NULL));
    g_assert_true(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    g_assert_true(g_file_get_contents(real, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "new");
}

static void test_devices_get_bytes_and_stay_devices(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    TuneOutputs *outputs = tune_outputs_new();
    const char *temporary = tune_outputs_stage(outputs, "--output", "/dev/null", &error);

    g_assert_no_error(error);
    g_assert_true(g_file_set_contents(temporary, "bytes", -1, NULL));
    g_assert_true(tune_outputs_commit(outputs, &error));
    tune_outputs_free(outputs);
    g_assert_false(g_file_test("/dev/null", G_FILE_TEST_IS_REGULAR));

    outputs = tune_outputs_new();
    temporary = tune_outputs_stage(outputs, "--output", "/dev/full", &error);
    g_assert_true(g_file_set_contents(temporary, "bytes", -1, NULL));
    g_assert_false(tune_outputs_commit(outputs, &error));
    g_assert_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING);
    tune_outputs_free(outputs);
}

#define ADD(name, test) g_test_add("/cli/outputs/" name, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("nothing-is-left-without-a-commit", test_nothing_is_left_without_a_commit);
    ADD("commit-puts-all-in-place", test_commit_puts_all_in_place);
    ADD("bad-places-are-refused-at-once", test_bad_places_are_refused_at_once);
    ADD("a-link-is-followed", test_a_link_is_followed);
    ADD("one-file-by-two-names", test_one_file_by_two_names_is_refused);
    ADD("devices", test_devices_get_bytes_and_stay_devices);
    return g_test_run();
}
