/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/outputs.h"
#include "cli/option.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *temporary;
    char *shown;     /* as the user named it */
    char *target;    /* real path, links followed */
    gboolean device; /* copied into, not renamed */
    gboolean placed;
} Output;

struct TuneOutputs {
    GPtrArray *files;   /* Output */
    GPtrArray *folders; /* char*: created here */
    gboolean committed;
};

static void output_free(gpointer data)
{
    Output *output = data;

    if (!output->placed)
        g_unlink(output->temporary);
    g_free(output->temporary);
    g_free(output->shown);
    g_free(output->target);
    g_free(output);
}

TuneOutputs *tune_outputs_new(void)
{
    TuneOutputs *self = g_new0(TuneOutputs, 1);

    self->files = g_ptr_array_new_with_free_func(output_free);
    self->folders = g_ptr_array_new_with_free_func(g_free);
    return self;
}

void tune_outputs_free(TuneOutputs *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->files);
    for (guint i = 0; i < self->folders->len && !self->committed; i++)
        g_rmdir(self->folders->pdata[i]);
    g_ptr_array_unref(self->folders);
    g_free(self);
}

static gboolean fail(GError **error, TuneCliError code, const char *option, const char *path,
                     const char *reason)
{
    g_set_error(error, TUNE_CLI_ERROR, code, "%s %s: %s", option, path, reason);
    return FALSE;
}

/* realpath(), to be freed with g_free(). */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    char *copy = g_strdup(real);

    free(real);
    return copy;
}

/* Where @path really leads, links followed, also when the file is not there yet: "x.wav" and "./x.wav"
 * are one file. (transfer full) */
static char *real_target(const char *path)
{
    char *real = real_path(path);

    if (real != NULL)
        return real;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *real_folder = real_path(folder);
    return real_folder != NULL ? g_build_filename(real_folder, name, NULL) : g_strdup(path);
}

/* Create an empty file in @folder that nobody else has, named after @name. */
static char *create_temporary(const char *folder, const char *name, guint number, GError **error)
{
    const char *suffix = strrchr(name, '.');
    g_autofree char *file =
        g_strdup_printf(".tunesmith-%ld-%u%s", (long)getpid(), number, suffix != NULL ? suffix : "");
    char *path = g_build_filename(folder, file, NULL);
    int fd = g_open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);

    if (fd >= 0) {
        close(fd);
        return path;
    }
    g_set_error_literal(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, g_strerror(errno));
    g_free(path);
    return NULL;
}

static gboolean already_staged(const TuneOutputs *self, const char *target)
{
    for (guint i = 0; i < self->files->len; i++)
        if (strcmp(((const Output *)self->files->pdata[i])->target, target) == 0)
            return TRUE;
    return FALSE;
}

gboolean tune_outputs_check_file(const char *option, const char *path, GError **error)
{
    if (!g_str_has_suffix(path, "/") && !g_file_test(path, G_FILE_TEST_IS_DIR))
        return TRUE;
    return fail(error, TUNE_CLI_ERROR_USAGE, option, path, "it is a folder; give a file name");
}

const char *tune_outputs_stage(TuneOutputs *self, const char *option, const char *path,
                               GError **error)
{
    g_autofree char *target = real_target(path);
    g_autofree char *folder = g_path_get_dirname(target);
    g_autofree char *name = g_path_get_basename(target);
    gboolean exists = g_file_test(target, G_FILE_TEST_EXISTS);
    gboolean device = exists && !g_file_test(target, G_FILE_TEST_IS_REGULAR);

    if (strcmp(path, "-") == 0) {
        fail(error, TUNE_CLI_ERROR_USAGE, option, path,
             "only the sound of -o can go to standard output");
        return NULL;
    }
    if (*path == '\0') {
        fail(error, TUNE_CLI_ERROR_USAGE, option, path, "a file name is needed");
        return NULL;
    }
    if (!tune_outputs_check_file(option, path, error))
        return NULL;
    if (!device && already_staged(self, target)) {
        fail(error, TUNE_CLI_ERROR_USAGE, option, path, "is written twice");
        return NULL;
    }
    if (exists && access(target, W_OK) != 0) {
        fail(error, TUNE_CLI_ERROR_MISSING, option, path, g_strerror(errno));
        return NULL;
    }
    char *temporary = create_temporary(device ? g_get_tmp_dir() : folder, name, self->files->len,
                                       error);
    if (temporary == NULL) {
        g_prefix_error(error, "%s %s: ", option, path);
        return NULL;
    }
    Output *output = g_new0(Output, 1);
    output->temporary = temporary;
    output->shown = g_strdup(path);
    output->target = g_steal_pointer(&target);
    output->device = device;
    g_ptr_array_add(self->files, output);
    return temporary;
}

gboolean tune_outputs_stage_folder(TuneOutputs *self, const char *option, const char *path,
                                   GError **error)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        if (access(path, W_OK) == 0)
            return TRUE;
        return fail(error, TUNE_CLI_ERROR_MISSING, option, path, g_strerror(errno));
    }
    if (g_mkdir(path, 0777) != 0)
        return fail(error, TUNE_CLI_ERROR_MISSING, option, path, g_strerror(errno));
    g_ptr_array_add(self->folders, g_strdup(path));
    return TRUE;
}

void tune_outputs_retarget(TuneOutputs *self, const char *temporary, const char *path)
{
    for (guint i = 0; i < self->files->len; i++) {
        Output *output = self->files->pdata[i];
        if (strcmp(output->temporary, temporary) != 0)
            continue;
        g_free(output->shown);
        g_free(output->target);
        output->shown = g_strdup(path);
        output->target = real_target(path);
    }
}

void tune_outputs_rename_error(const TuneOutputs *self, GError **error)
{
    if (error == NULL || *error == NULL)
        return;
    for (guint i = 0; i < self->files->len; i++) {
        const Output *output = self->files->pdata[i];
        const char *place = strstr((*error)->message, output->temporary);
        if (place == NULL)
            continue;
        char *message = g_strdup_printf(
            "%.*s%s%s", (gint)(place - (*error)->message), (*error)->message, output->shown,
            place + strlen(output->temporary));
        g_free((*error)->message);
        (*error)->message = message;
    }
}

static gboolean copy_into(const Output *output, GError **error)
{
    FILE *in = fopen(output->temporary, "rb");
    FILE *out = in != NULL ? fopen(output->target, "wb") : NULL;
    char block[65536];
    gsize got;
    gboolean good = out != NULL;

    while (good && (got = fread(block, 1, sizeof block, in)) > 0)
        good = fwrite(block, 1, got, out) == got;
    gint saved = errno;
    if (out != NULL && fclose(out) != 0 && good) {
        saved = errno;
        good = FALSE;
    }
    if (in != NULL)
        fclose(in);
    if (!good)
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", output->shown,
                    g_strerror(saved));
    return good;
}

static gboolean place(Output *output, GError **error)
{
    if (output->device)
        return copy_into(output, error);
    if (g_rename(output->temporary, output->target) != 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", output->shown,
                    g_strerror(errno));
        return FALSE;
    }
    output->placed = TRUE;
    return TRUE;
}

gboolean tune_outputs_commit(TuneOutputs *self, GError **error)
{
    /* Devices first: only they can still fail in an ordinary way. */
    for (guint i = 0; i < self->files->len; i++) {
        Output *output = self->files->pdata[i];
        if (output->device && !place(output, error))
            return FALSE;
    }
    for (guint i = 0; i < self->files->len; i++) {
        Output *output = self->files->pdata[i];
        if (!output->device && !place(output, error))
            return FALSE;
    }
    self->committed = TRUE;
    return TRUE;
}
