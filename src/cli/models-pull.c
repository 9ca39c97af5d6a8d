/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models from the public hub, by its HTTP interface:
 * /api/models/OWNER/NAME/revision/main?blobs=true tells commit, licence, files with sizes and
 * hashes; /OWNER/NAME/resolve/COMMIT/FILE gives a file.
 */
#include "cli/exit.h"
#include "cli/fetch.h"
#include "cli/models-private.h"
#include "cli/progress.h"
#include "neural/library.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define HUB        "https://huggingface.co"
#define MAX_ANSWER ((gsize)8 << 20)
#define NOTE       "tunesmith-model.json"

static const char *const known[] = {"musicgen-small",
                                    "musicgen-medium",
                                    "musicgen-large",
                                    "musicgen-melody",
                                    "musicgen-melody-large",
                                    "musicgen-stereo-small",
                                    "musicgen-stereo-medium",
                                    "musicgen-stereo-large",
                                    "musicgen-stereo-melody",
                                    "musicgen-stereo-melody-large",
                                    NULL};

typedef struct {
    char *name;
    TuneAnnounced announced; /* its texts belong to the hub's answer */
} Remote;

typedef struct {
    TuneCli *cli;
    const char *hub;
    char *repository; /* "facebook/musicgen-small" */
    char *name;       /* of the entry */
    char *folder;     /* where parts are: .NAME.partial */
    char *target;
    json_t *answer;
    const char *commit;
    char *licence;
    GArray *files;       /* Remote */
    guint64 bytes, done; /* of all files; of those before the one at hand */
    TuneFetcher *fetcher;
    TuneProgressBar *bar;
    int lock;
} Pull;

static void pull_clear(Pull *self)
{
    tune_progress_bar_free(self->bar);
    tune_fetcher_free(self->fetcher);
    for (guint i = 0; i < self->files->len; i++)
        g_free(g_array_index(self->files, Remote, i).name);
    g_array_unref(self->files);
    json_decref(self->answer);
    if (self->lock >= 0)
        close(self->lock);
    g_free(self->repository);
    g_free(self->name);
    g_free(self->folder);
    g_free(self->target);
    g_free(self->licence);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pull, pull_clear)

/* ---- what to fetch ---- */

static gboolean choose_repository(Pull *self, const char *model, GError **error)
{
    const char *slash = strchr(model, '/');
    const char *said = tune_args_get(self->cli->args, OPTION_NAME);

    if (slash != NULL) {
        g_autofree char *owner = g_strndup(model, (gsize)(slash - model));
        if (!tune_models_name_is_good(owner) || !tune_models_name_is_good(slash + 1)) {
            g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                        "models pull: \"%s\" is not OWNER/NAME", model);
            return FALSE;
        }
        self->repository = g_strdup(model);
    } else if (g_strv_contains(known, model)) {
        self->repository = g_strconcat("facebook/", model, NULL);
    } else {
        g_autofree char *all = g_strjoinv(", ", (char **)known);
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                    "models pull: \"%s\" is not known; there are %s, and OWNER/NAME of the hub",
                    model, all);
        return FALSE;
    }
    self->name = g_strdup(said != NULL ? said : slash != NULL ? slash + 1 : model);
    return TRUE;
}

static gboolean choose_hub(Pull *self, GError **error)
{
    const char *const said[] = {tune_args_get(self->cli->args, OPTION_HUB),
                                g_getenv("TUNESMITH_HUB"), g_getenv("HF_ENDPOINT"), HUB};

    for (gsize i = 0; i < G_N_ELEMENTS(said) && self->hub == NULL; i++)
        self->hub = said[i] != NULL && *said[i] != '\0' ? said[i] : NULL;
    if (g_str_has_prefix(self->hub, "https://") || g_str_has_prefix(self->hub, "http://"))
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "--hub: \"%s\" does not begin with https:// or http://", self->hub);
    return FALSE;
}

static gboolean odd_answer(const Pull *self, const char *what, GError **error)
{
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_REMOTE, "%s: %s: %s", self->hub,
                self->repository, what);
    return FALSE;
}

static char *join_url(const Pull *self, const char *rest)
{
    return g_strconcat(self->hub, g_str_has_suffix(self->hub, "/") ? "" : "/", rest, NULL);
}

static char *read_licence(const json_t *answer)
{
    const char *licence =
        json_string_value(json_object_get(json_object_get(answer, "cardData"), "license"));
    size_t i;
    json_t *tag;

    json_array_foreach(json_object_get(answer, "tags"), i, tag)
    {
        const char *text = json_string_value(tag);
        if (licence == NULL && text != NULL && g_str_has_prefix(text, "license:"))
            licence = text + strlen("license:");
    }
    return tune_licence_canonical(licence);
}

static gboolean is_hex(const char *text, gsize n)
{
    return text != NULL && strlen(text) == n && strspn(text, "0123456789abcdefABCDEF") == n;
}

/* Weights, unless @skip_shards, and the texts that belong to them. */
static gboolean is_wanted(const char *name, gboolean skip_shards)
{
    static const char *const texts[] = {"config.json",
                                        "generation_config.json",
                                        "preprocessor_config.json",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "spiece.model",
                                        "README.md",
                                        "model.safetensors",
                                        NULL};

    if (g_strv_contains(texts, name))
        return TRUE;
    return !skip_shards && (strcmp(name, "model.safetensors.index.json") == 0 ||
                            (g_str_has_prefix(name, "model-") &&
                             g_str_has_suffix(name, ".safetensors") && strchr(name, '/') == NULL));
}

static gboolean add_file(Pull *self, const json_t *entry, const char *name, GError **error)
{
    const json_t *lfs = json_object_get(entry, "lfs");
    const json_t *size = json_object_get(json_is_object(lfs) ? lfs : entry, "size");
    Remote file = {.announced = {.bytes = (guint64)json_integer_value(size),
                                 .sha256 = json_string_value(json_object_get(lfs, "sha256")),
                                 .blob = json_string_value(json_object_get(entry, "blobId"))}};

    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        (json_is_object(lfs) && !is_hex(file.announced.sha256, 64)) ||
        (!json_is_object(lfs) && !is_hex(file.announced.blob, 40))) {
        g_autofree char *what = g_strdup_printf("size and hash of %s are not told", name);
        return odd_answer(self, what, error);
    }
    if (!g_uint64_checked_add(&self->bytes, self->bytes, file.announced.bytes))
        return odd_answer(self, "the files are too large", error);
    file.name = g_strdup(name);
    g_array_append_val(self->files, file);
    return TRUE;
}

static gboolean has_file(const json_t *siblings, const char *wanted)
{
    size_t i;
    json_t *entry;

    json_array_foreach(siblings, i, entry)
    {
        if (g_strcmp0(json_string_value(json_object_get(entry, "rfilename")), wanted) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean ask_hub(Pull *self, GError **error)
{
    g_autofree char *rest =
        g_strdup_printf("api/models/%s/revision/main?blobs=true", self->repository);
    g_autofree char *url = join_url(self, rest);
    g_autoptr(GError) problem = NULL;
    gsize length;
    g_autofree char *text = tune_fetcher_text(self->fetcher, url, MAX_ANSWER, &length, error);
    size_t i;
    json_t *entry;

    if (text == NULL)
        return FALSE;
    self->answer = tune_json_parse("the answer", text, length, &problem);
    if (self->answer == NULL)
        return odd_answer(self, problem->message, error);
    self->commit = json_string_value(json_object_get(self->answer, "sha"));
    const json_t *siblings = json_object_get(self->answer, "siblings");
    if (!is_hex(self->commit, 40) || !json_is_array(siblings))
        return odd_answer(self, "the answer is not that of a hub of models", error);
    if (!has_file(siblings, "model.safetensors") &&
        !has_file(siblings, "model.safetensors.index.json"))
        return odd_answer(
            self, "there is no model.safetensors, and other forms of weights are not read", error);
    self->licence = read_licence(self->answer);
    const gboolean skip_shards = has_file(siblings, "model.safetensors");
    json_array_foreach(siblings, i, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "rfilename"));
        if (name != NULL && is_wanted(name, skip_shards) && !add_file(self, entry, name, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- leave to fetch it ---- */

static void tell_what(const Pull *self)
{
    g_autofree char *size = g_format_size(self->bytes);

    if (!self->cli->quiet)
        fprintf(stderr, "%s: %u files, %s\nlicence: %s%s\n%s/%s says more.\n", self->repository,
                self->files->len, size, self->licence,
                tune_licence_is_non_commercial(self->licence) ? " (not for commercial use)" : "",
                self->hub, self->repository);
}

static gboolean accept_licence(const Pull *self, GError **error)
{
    char line[16] = "";

    tell_what(self);
    if (tune_args_has(self->cli->args, OPTION_ACCEPT_LICENCE))
        return TRUE;
    if (isatty(STDIN_FILENO) && self->cli->terminal) {
        fprintf(stderr, "Do you accept this licence? [y/N] ");
        if (fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y'))
            return TRUE;
    }
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_USAGE,
                "models pull: the licence %s of %s was not accepted; --accept-licence does",
                self->licence, self->repository);
    return FALSE;
}

/* The folder of parts, ours alone; and room for what is missing. */
static gboolean prepare_folder(Pull *self, GError **error)
{
    g_autofree char *models = g_path_get_dirname(self->target);
    guint64 there = 0;

    self->folder = g_strdup_printf("%s/.%s.partial", models, self->name);
    if (g_mkdir_with_parents(self->folder, 0777) != 0 ||
        (self->lock = open(self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", self->folder,
                    g_strerror(errno));
        return FALSE;
    }
    if (flock(self->lock, LOCK_EX | LOCK_NB) != 0) {
        g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING,
                    "%s is being fetched by another program", self->name);
        return FALSE;
    }
    for (guint i = 0; i < self->files->len; i++) {
        const Remote *file = &g_array_index(self->files, Remote, i);
        g_autofree char *path = g_build_filename(self->folder, file->name, NULL);
        there += MIN(tune_fetcher_has(path), file->announced.bytes);
    }
    return tune_models_has_room(self->folder, self->bytes - there, error);
}

/* ---- fetching ---- */

static void tell(guint64 bytes, gpointer data)
{
    const Pull *self = data;

    tune_progress_bar_tell((double)(self->done + bytes) / (double)MAX(self->bytes, 1), "fetching",
                           0, self->bar);
}

/* A file that was whole in an earlier run, of this commit or another: believed when its hash is
 * right. */
static gboolean is_there(const char *path, const TuneAnnounced *announced)
{
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    GStatBuf info;

    /* As a part that has all bytes it is compared like any other. */
    return g_stat(path, &info) == 0 && (guint64)info.st_size == announced->bytes &&
           g_rename(path, part) == 0;
}

static gboolean fetch_all(Pull *self, GError **error)
{
    for (guint i = 0; i < self->files->len; i++) {
        const Remote *file = &g_array_index(self->files, Remote, i);
        g_autofree char *path = g_build_filename(self->folder, file->name, NULL);
        g_autofree char *rest =
            g_strdup_printf("%s/resolve/%s/%s", self->repository, self->commit, file->name);
        g_autofree char *url = join_url(self, rest);

        (void)is_there(path, &file->announced);
        if (!tune_fetcher_file(self->fetcher, url, path, &file->announced, error))
            return FALSE;
        self->done += file->announced.bytes;
    }
    return TRUE;
}

static gboolean write_note(const Pull *self, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format_iso8601(now);
    g_autofree char *source = join_url(self, self->repository);
    g_autofree char *path = g_build_filename(self->folder, NOTE, NULL);
    g_autoptr(json_t) note = json_pack("{s:s, s:s, s:s, s:s}", "source", source, "commit",
                                       self->commit, "licence", self->licence, "accepted", when);
    g_autofree char *text = tune_json_pretty(note);

    return g_file_set_contents(path, text, -1, error);
}

/* What came must be a model before it gets its name. */
static gboolean put_in_place(Pull *self, GError **error)
{
    if (!write_note(self, error))
        return FALSE;
    g_autoptr(TuneCheckpoint) checkpoint = tune_checkpoint_open(self->folder, error);
    g_autoptr(TuneTokenizer) tokenizer =
        checkpoint == NULL ? NULL : tune_checkpoint_new_tokenizer(checkpoint, error);
    if (tokenizer == NULL)
        return FALSE;
    if (g_rename(self->folder, self->target) == 0)
        return TRUE;
    g_set_error(error, TUNE_CLI_ERROR, TUNE_CLI_ERROR_MISSING, "%s: %s", self->target,
                g_strerror(errno));
    return FALSE;
}

static void report(const Pull *self, GError **error)
{
    g_autofree char *line = g_strdup_printf("%s: fetched into %s\n", self->name, self->target);

    if (self->cli->json) {
        g_autoptr(json_t) json = json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", self->name, "path",
                                           self->target, "licence", self->licence, "commit",
                                           self->commit, "bytes", (json_int_t)self->bytes);
        tune_cli_print_json(json, error);
    } else if (!self->cli->quiet) {
        tune_cli_print(line, error);
    }
}

gint tune_models_pull(TuneCli *cli, const char *model, GError **error)
{
    g_auto(Pull)
        self = {.cli = cli, .files = g_array_new(FALSE, FALSE, sizeof(Remote)), .lock = -1};

    if (!choose_repository(&self, model, error) || !choose_hub(&self, error))
        return TUNE_EXIT_USAGE;
    self.target = tune_models_new_path(self.name, FALSE, error);
    if (self.target == NULL)
        return TUNE_EXIT_USAGE;
    self.fetcher = tune_fetcher_new(self.hub, cli->cancellable);
    if (!ask_hub(&self, error))
        return TUNE_EXIT_REMOTE;
    /* Until here, and at the question, Ctrl-C simply ends the program. */
    if (!accept_licence(&self, error) || !prepare_folder(&self, error))
        return TUNE_EXIT_USAGE;
    tune_cli_catch_signals(cli);
    self.bar = tune_progress_bar_new(cli->terminal, cli->quiet || cli->json);
    tune_fetcher_watch(self.fetcher, tell, &self);
    if (!fetch_all(&self, error) || !put_in_place(&self, error))
        return TUNE_EXIT_REMOTE;
    g_clear_pointer(&self.bar, tune_progress_bar_free);
    report(&self, error);
    return TUNE_EXIT_DONE;
}
