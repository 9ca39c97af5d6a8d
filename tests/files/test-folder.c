/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "files-test.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/hash.h"

static void stores_under_the_hash(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autofree guint8 *bytes = files_test_bytes(1, 200000);
    g_autofree char *sha256 = tune_hash_bytes(bytes, 200000);
    g_autoptr(GError) error = NULL;
    TuneStored stored = files_test_store(test->files, bytes, 200000);
    guint64 n;

    g_assert_cmpstr(stored.sha256, ==, sha256);
    g_assert_cmpuint(stored.bytes, ==, 200000);
    int fd = tune_files_read(test->files, sha256, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(n, ==, 200000);
    g_autofree guint8 *back = g_malloc(200000);
    g_assert_cmpint(read(fd, back, 200000), ==, 200000);
    g_assert_true(memcmp(back, bytes, 200000) == 0);
    close(fd);
    g_autofree char *expected = g_strdup_printf("%s/%.2s/%s", test->folder, sha256, sha256);
    g_autofree char *path = tune_files_path(test->files, sha256, &error);
    g_assert_cmpstr(path, ==, expected);
    g_assert_true(tune_files_has(test->files, sha256));
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 0);
}

static void an_empty_file_is_a_file(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneStored stored = files_test_store(test->files, "", 0);

    g_assert_cmpstr(stored.sha256, ==,
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    g_assert_true(tune_files_verify(test->files, stored.sha256, NULL));
}

static void the_same_bytes_twice_are_one_file(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneStored a = files_test_store(test->files, "abc", 3);
    TuneStored b = files_test_store(test->files, "abc", 3);
    TuneFilesStats stats;

    g_assert_cmpstr(a.sha256, ==, b.sha256);
    tune_files_stats(test->files, &stats);
    g_assert_cmpuint(stats.files, ==, 1);
    g_assert_cmpuint(stats.bytes, ==, 3);
    g_assert_true(tune_files_remove(test->files, a.sha256, NULL));
    g_assert_true(tune_files_remove(test->files, a.sha256, NULL));
    tune_files_stats(test->files, &stats);
    g_assert_cmpuint(stats.files, ==, 0);
    g_assert_cmpuint(stats.bytes, ==, 0);
}

static void refuses_names_that_are_no_hash(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneStored stored = files_test_store(test->files, "abc", 3);
    g_autofree char *upper = g_ascii_strup(stored.sha256, -1);
    g_autofree char *longer = g_strconcat(stored.sha256, "0", NULL);
    g_autofree char *path = g_strdup_printf("../%.61s", stored.sha256);
    const char *names[] = {"",
                           "..",
                           "../../etc/passwd",
                           "ba78",
                           upper,
                           longer,
                           path,
                           "ab/",
                           "\xff",
                           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(tune_files_read(test->files, names[i], NULL, &error), ==, -1);
        g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_MISSING);
        g_assert_false(tune_files_remove(test->files, names[i], NULL));
        g_assert_false(tune_files_verify(test->files, names[i], NULL));
        g_assert_null(tune_files_path(test->files, names[i], NULL));
    }
    g_assert_true(tune_files_has(test->files, stored.sha256));
}

static void what_is_not_there_is_missing(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autofree char *sha256 = tune_hash_bytes("never", 5);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(tune_files_read(test->files, sha256, NULL, &error), ==, -1);
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_MISSING);
    g_assert_true(tune_files_remove(test->files, sha256, NULL));
}

static void a_link_under_a_hash_is_not_followed(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneStored stored = files_test_store(test->files, "abc", 3);
    g_autofree char *path = tune_files_path(test->files, stored.sha256, NULL);
    g_autoptr(GError) error = NULL;

    g_unlink(path);
    g_assert_cmpint(symlink("/etc/passwd", path), ==, 0);
    g_assert_cmpint(tune_files_read(test->files, stored.sha256, NULL, &error), ==, -1);
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_MISSING);
}

static void takes_what_was_written_by_name(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneFileWriter) writer = tune_files_write(test->files, "job/1 2", &error);
    TuneStored stored;

    g_assert_no_error(error);
    const char *path = tune_file_writer_path(writer);
    g_autofree char *base = g_path_get_basename(path);
    g_assert_true(g_str_has_prefix(base, "job_1_2."));
    g_assert_true(g_file_set_contents(path, "hello", 5, NULL)); /* by a rename over it */
    g_assert_true(tune_file_writer_commit(writer, &stored, &error));
    g_assert_cmpstr(stored.sha256, ==,
                    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    g_assert_cmpuint(stored.bytes, ==, 5);
    g_assert_true(tune_files_verify(test->files, stored.sha256, &error));
}

static void what_is_not_committed_leaves_nothing(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    TuneFileWriter *writer = tune_files_write(test->files, "x", NULL);
    TuneFilesStats stats;

    g_assert_true(tune_file_writer_append(writer, "abc", 3, NULL));
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 1);
    tune_file_writer_free(writer);
    g_assert_cmpuint(files_test_n_temporary(test->folder), ==, 0);
    tune_files_stats(test->files, &stats);
    g_assert_cmpuint(stats.files, ==, 0);
}

static void verify_finds_every_flipped_bit(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autofree guint8 *bytes = files_test_bytes(2, 3000);
    TuneStored stored = files_test_store(test->files, bytes, 3000);
    g_autofree char *path = tune_files_path(test->files, stored.sha256, NULL);

    g_assert_true(tune_files_verify(test->files, stored.sha256, NULL));
    for (guint at = 0; at < 3000; at += 7) {
        g_autoptr(GError) error = NULL;
        guint8 flipped = bytes[at] ^ (guint8)(1u << (at % 8));
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        g_assert_cmpint(pwrite(fd, &flipped, 1, at), ==, 1);
        g_assert_false(tune_files_verify(test->files, stored.sha256, &error));
        g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_BROKEN);
        g_assert_cmpint(pwrite(fd, bytes + at, 1, at), ==, 1);
        close(fd);
    }
    g_assert_cmpint(truncate(path, 2999), ==, 0);
    g_assert_false(tune_files_verify(test->files, stored.sha256, NULL));
    files_test_store(test->files, bytes, 3000); /* the same bytes again heal it */
    g_assert_true(tune_files_verify(test->files, stored.sha256, NULL));
}

static void quota_of_1000(TuneFilesConfig *config)
{
    config->quota_bytes = 1000;
}

static void keeps_to_the_quota(void)
{
    g_autoptr(FilesTest) test = files_test_new(quota_of_1000);
    g_autofree guint8 *bytes = files_test_bytes(3, 2000);
    g_autoptr(GError) error = NULL;
    TuneStored first = files_test_store(test->files, bytes, 600);
    g_autoptr(TuneFileWriter) writer = tune_files_write(test->files, "x", &error);
    g_autoptr(TuneFileWriter) other = tune_files_write(test->files, "y", NULL);
    TuneStored stored;

    g_assert_no_error(error);
    g_assert_true(tune_file_writer_append(writer, bytes, 300, NULL));
    /* What is being written counts. */
    g_assert_false(tune_file_writer_append(other, bytes, 101, &error));
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL);
    g_assert_true(tune_file_writer_append(other, bytes, 100, NULL));
    g_assert_true(tune_file_writer_commit(writer, &stored, NULL));
    g_clear_pointer(&other, tune_file_writer_free);
    files_test_store(test->files, bytes, 100);
    g_assert_true(tune_files_remove(test->files, first.sha256, NULL));
    files_test_store(test->files, bytes + 7, 600);
}

static void the_quota_sees_what_is_written_by_name(void)
{
    g_autoptr(FilesTest) test = files_test_new(quota_of_1000);
    g_autofree guint8 *bytes = files_test_bytes(3, 2000);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneFileWriter) writer = tune_files_write(test->files, "x", &error);
    TuneStored stored;
    TuneFilesStats stats;

    g_file_set_contents(tune_file_writer_path(writer), (const char *)bytes, 1001, NULL);
    g_assert_false(tune_file_writer_commit(writer, &stored, &error));
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL);
    tune_files_stats(test->files, &stats);
    g_assert_cmpuint(stats.files, ==, 0);
}

/* Written by append, looked at by name: counted once. */
static void the_quota_counts_bytes_once(void)
{
    g_autoptr(FilesTest) test = files_test_new(quota_of_1000);
    g_autofree guint8 *bytes = files_test_bytes(3, 2000);
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneFileWriter) writer = tune_files_write(test->files, "x", &error);
    g_autofree char *seen = NULL;
    TuneStored stored;
    gsize n;

    g_assert_true(tune_file_writer_append(writer, bytes, 900, &error));
    g_assert_true(g_file_get_contents(tune_file_writer_path(writer), &seen, &n, NULL));
    g_assert_cmpuint(n, ==, 900);
    g_assert_true(tune_file_writer_commit(writer, &stored, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(stored.bytes, ==, 900);
    g_assert_true(tune_files_verify(test->files, stored.sha256, NULL));
}

static void counts_what_was_there_at_open(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autoptr(GError) error = NULL;
    TuneFilesConfig config = {.folder = test->folder, .quota_bytes = 1000};
    TuneFilesStats stats;

    files_test_store(test->files, "abc", 3);
    files_test_store(test->files, "defgh", 5);
    g_autoptr(TuneFiles) again = tune_files_open(&config, &error);
    g_assert_no_error(error);
    tune_files_stats(again, &stats);
    g_assert_cmpuint(stats.files, ==, 2);
    g_assert_cmpuint(stats.bytes, ==, 8);
    g_assert_cmpuint(stats.quota_bytes, ==, 1000);
    g_assert_cmpuint(stats.free_bytes, >, 0);
}

static void wants_much_room(TuneFilesConfig *config)
{
    config->min_free_bytes = G_MAXUINT64;
}

static void keeps_the_disk_s_last_bytes(void)
{
    g_autoptr(FilesTest) test = files_test_new(wants_much_room);
    g_autoptr(GError) error = NULL;

    g_assert_null(tune_files_write(test->files, "x", &error));
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL);
}

typedef struct {
    guint n;
    guint64 bytes;
} Sum;

static void count_one(const char *sha256, guint64 bytes, gint64 modified_us, gpointer user_data)
{
    Sum *sum = user_data;

    g_assert_cmpuint(strlen(sha256), ==, 64);
    g_assert_cmpint(ABS(modified_us - g_get_real_time()), <, 3600 * (gint64)G_USEC_PER_SEC);
    sum->n++;
    sum->bytes += bytes;
}

static void lists_what_is_stored(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autofree char *stray = g_build_filename(test->folder, "ab", NULL);
    g_autofree char *other = g_build_filename(stray, "notes.txt", NULL);
    Sum sum = {0};

    g_mkdir(stray, 0755);
    g_file_set_contents(other, "x", 1, NULL);
    for (guint i = 0; i < 40; i++)
        files_test_store(test->files, &i, sizeof i);
    tune_files_each(test->files, count_one, &sum);
    g_assert_cmpuint(sum.n, ==, 40);
    g_assert_cmpuint(sum.bytes, ==, 160);
}

/* ---- processes that die ---- */

static void age(const char *folder, gint64 seconds)
{
    g_autofree char *path = g_build_filename(folder, "tmp", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    struct timespec then = {.tv_sec = g_get_real_time() / G_USEC_PER_SEC - seconds};
    struct timespec times[2] = {then, then};

    for (const char *name; (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_assert_cmpint(utimensat(AT_FDCWD, file, times, 0), ==, 0);
    }
}

static void write_half_and_wait(const char *folder, int ready)
{
    TuneFilesConfig config = {.folder = folder};
    TuneFiles *files = tune_files_open(&config, NULL);
    TuneFileWriter *writer = tune_files_write(files, "half", NULL);

    if (tune_file_writer_append(writer, "half of it", 10, NULL) && write(ready, "r", 1) == 1)
        pause();
    _exit(1);
}

static guint n_temporary_after_opening(const char *folder)
{
    TuneFilesConfig config = {.folder = folder};
    g_autoptr(TuneFiles) files = tune_files_open(&config, NULL);

    return files_test_n_temporary(folder);
}

static void a_dead_writer_s_file_is_cleaned_away(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    int ready[2];
    char byte;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid_t child = fork();
    if (child == 0)
        write_half_and_wait(test->folder, ready[1]);
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    age(test->folder, 7200);
    g_assert_cmpuint(n_temporary_after_opening(test->folder), ==, 1); /* old, but being written */
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    age(test->folder, 60);
    g_assert_cmpuint(n_temporary_after_opening(test->folder), ==, 1); /* nobody's, but young */
    age(test->folder, 7200);
    g_assert_cmpuint(n_temporary_after_opening(test->folder), ==, 0);
    TuneFilesStats stats;
    tune_files_stats(test->files, &stats);
    g_assert_cmpuint(stats.files, ==, 0);
}

static void write_for_ever(const char *folder)
{
    TuneFilesConfig config = {.folder = folder};
    TuneFiles *files = tune_files_open(&config, NULL);

    for (guint i = 0;; i++) {
        g_autofree guint8 *bytes = files_test_bytes(i, 5000);
        TuneFileWriter *writer = tune_files_write(files, "loop", NULL);
        TuneStored stored;

        for (guint at = 0; at < 5000; at += 500)
            tune_file_writer_append(writer, bytes + at, 500, NULL);
        tune_file_writer_commit(writer, &stored, NULL);
        tune_file_writer_free(writer);
    }
}

static void verify_one(const char *sha256, guint64 bytes, gint64 modified_us, gpointer user_data)
{
    FilesTest *test = user_data;

    g_assert_cmpuint(bytes, ==, 5000);
    g_assert_true(tune_files_verify(test->files, sha256, NULL));
}

static void a_kill_leaves_whole_files_only(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);

    for (guint i = 0; i < 25; i++) {
        pid_t child = fork();

        if (child == 0)
            write_for_ever(test->folder);
        g_usleep(2000 + 977 * i);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    Sum sum = {0};
    tune_files_each(test->files, count_one, &sum);
    g_assert_cmpuint(sum.n, >, 0);
    tune_files_each(test->files, verify_one, test);
}

/* ---- a full disk ---- */

/* In a mount namespace of its own, so that nothing is left mounted. 77: not allowed here. */
static int fill_a_small_disk(const char *folder)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return 77;
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=1m") != 0)
        return 77;
    TuneFilesConfig config = {.folder = folder};
    g_autoptr(GError) error = NULL;
    g_autoptr(TuneFiles) files = tune_files_open(&config, &error);
    g_assert_no_error(error);
    TuneStored kept = files_test_store(files, "abc", 3);
    g_autofree guint8 *bytes = files_test_bytes(5, 100000);
    TuneFileWriter *writer = tune_files_write(files, "big", NULL);
    guint n = 0;

    while (n < 20 && tune_file_writer_append(writer, bytes, 100000, &error))
        n++;
    g_assert_cmpuint(n, <, 11);
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_FULL);
    tune_file_writer_free(writer);
    g_assert_cmpuint(files_test_n_temporary(folder), ==, 0);
    g_assert_true(tune_files_verify(files, kept.sha256, NULL));
    files_test_store(files, bytes, 100000); /* there is room again */
    config.min_free_bytes = 2 << 20;
    g_autoptr(TuneFiles) careful = tune_files_open(&config, NULL);
    g_assert_null(tune_files_write(careful, "x", NULL));
    return 0;
}

static void a_full_disk_is_said_and_survived(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(fill_a_small_disk(test->folder));
    waitpid(child, &status, 0);
    g_assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        g_test_skip("mounting a small tmpfs is refused here");
    else
        g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void says_what_is_wrong_with_the_folder(void)
{
    g_autoptr(FilesTest) test = files_test_new(NULL);
    g_autofree char *file = g_build_filename(test->folder, "plain", NULL);
    g_autoptr(GError) error = NULL;
    TuneFilesConfig config = {.folder = file};

    g_file_set_contents(file, "x", 1, NULL);
    g_assert_null(tune_files_open(&config, &error));
    g_assert_error(error, TUNE_FILES_ERROR, TUNE_FILES_ERROR_IO);
    g_assert_nonnull(strstr(error->message, file));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/files/folder/stores-under-the-hash", stores_under_the_hash);
    g_test_add_func("/files/folder/empty-file", an_empty_file_is_a_file);
    g_test_add_func("/files/folder/same-bytes-one-file", the_same_bytes_twice_are_one_file);
    g_test_add_func("/files/folder/refuses-other-names", refuses_names_that_are_no_hash);
    g_test_add_func("/files/folder/missing", what_is_not_there_is_missing);
    g_test_add_func("/files/folder/follows-no-link", a_link_under_a_hash_is_not_followed);
    g_test_add_func("/files/folder/written-by-name", takes_what_was_written_by_name);
    g_test_add_func("/files/folder/not-committed", what_is_not_committed_leaves_nothing);
    g_test_add_func("/files/folder/verify-flipped-bits", verify_finds_every_flipped_bit);
    g_test_add_func("/files/folder/quota", keeps_to_the_quota);
    g_test_add_func("/files/folder/quota-by-name", the_quota_sees_what_is_written_by_name);
    g_test_add_func("/files/folder/quota-once", the_quota_counts_bytes_once);
    g_test_add_func("/files/folder/counts-at-open", counts_what_was_there_at_open);
    g_test_add_func("/files/folder/least-free", keeps_the_disk_s_last_bytes);
    g_test_add_func("/files/folder/lists", lists_what_is_stored);
    g_test_add_func("/files/folder/dead-writer", a_dead_writer_s_file_is_cleaned_away);
    g_test_add_func("/files/folder/killed", a_kill_leaves_whole_files_only);
    g_test_add_func("/files/folder/full-disk", a_full_disk_is_said_and_survived);
    g_test_add_func("/files/folder/bad-folder", says_what_is_wrong_with_the_folder);
    return g_test_run();
}
