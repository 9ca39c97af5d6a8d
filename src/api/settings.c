/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "api/settings.h"
#include "base/yaml.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

G_DEFINE_QUARK(tune-settings-error-quark, tune_settings_error)

typedef struct {
    char *value;  /* (nullable) */
    char *origin; /* as tune_settings_origin() says it */
} Said;

struct TuneSettingOrigins {
    guint n;
    Said said[];
};

static gboolean is_text(const TuneSetting *setting)
{
    return setting->kind == TUNE_SETTING_TEXT || setting->kind == TUNE_SETTING_FILE ||
           setting->kind == TUNE_SETTING_FOLDER || setting->kind == TUNE_SETTING_CHOICE;
}

void tune_settings_free(TuneSettings *self)
{
    if (self == NULL)
        return;
    for (guint i = 0; i < tune_setting_count; i++) {
        const TuneSetting *setting = &tune_setting_table[i];
        gpointer field = (char *)self + setting->offset;
        if (setting->kind == TUNE_SETTING_LIST)
            g_strfreev(*(char ***)field);
        else if (is_text(setting))
            g_free(*(char **)field);
        g_free(self->origins->said[i].value);
        g_free(self->origins->said[i].origin);
    }
    g_free(self->origins);
    g_free(self);
}

/* ---- from text to the field ---- */

static gboolean bad(const TuneSetting *setting, const Said *said, const char *why, GError **error)
{
    gboolean secret = (setting->flags & TUNE_SETTING_SECRET) != 0;

    g_set_error(error, TUNE_SETTINGS_ERROR, TUNE_SETTINGS_ERROR_VALUE, "%s (%s): \"%s\" %s",
                setting->name, said->origin, secret ? "(hidden)" : said->value, why);
    return FALSE;
}

static gboolean set_integer(const TuneSetting *setting, const Said *said, gint64 *out,
                            GError **error)
{
    char *end = NULL;

    errno = 0;
    *out = g_ascii_strtoll(said->value, &end, 10);
    if (end == said->value || *end != '\0' || errno != 0 || *out < setting->low ||
        *out > setting->high) {
        g_autofree char *why =
            g_strdup_printf("is no whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                            setting->low, setting->high);
        return bad(setting, said, why, error);
    }
    return TRUE;
}

static gboolean set_switch(const TuneSetting *setting, const Said *said, gboolean *out,
                           GError **error)
{
    static const char *const yes[] = {"yes", "true", "on", "1", NULL};
    static const char *const no[] = {"no", "false", "off", "0", NULL};
    g_autofree char *word = g_ascii_strdown(said->value, -1);

    *out = g_strv_contains(yes, word);
    return *out || g_strv_contains(no, word) || bad(setting, said, "is neither yes nor no", error);
}

static gboolean set_choice(const TuneSetting *setting, const Said *said, char **out, GError **error)
{
    g_auto(GStrv) choices = g_strsplit(setting->choices, " ", -1);
    g_autofree char *all = g_strjoinv(", ", choices);
    g_autofree char *why = g_strconcat("is none of ", all, NULL);

    *out = g_strdup(said->value);
    return g_strv_contains((const char *const *)choices, said->value) ||
           bad(setting, said, why, error);
}

static void set_list(const Said *said, char ***out)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(said->value, ",", -1);

    for (guint i = 0; parts[i] != NULL; i++)
        if (*g_strstrip(parts[i]) != '\0')
            g_ptr_array_add(items, g_strdup(parts[i]));
    g_ptr_array_add(items, NULL);
    *out = (char **)g_ptr_array_steal(items, NULL);
}

/* "600/m burst 50".  Without a burst: what one unit of time gives, at least 1. */
static gboolean set_rate(const TuneSetting *setting, const Said *said, TuneRate *out, GError **error)
{
    static const char why[] = "is no rate: say N/s, N/m or N/h, then maybe \"burst N\", or off";
    char *end = NULL;
    const char *p = said->value;

    *out = (TuneRate){0, 0};
    if (strcmp(p, "off") == 0)
        return TRUE;
    double count = g_ascii_strtod(p, &end);
    if (end == p || *end != '/' || !(count > 0 && count < 1e9))
        return bad(setting, said, why, error);
    double unit = end[1] == 's' ? 1 : end[1] == 'm' ? 60 : end[1] == 'h' ? 3600 : 0;
    if (unit == 0)
        return bad(setting, said, why, error);
    out->rate = count / unit;
    out->burst = MAX(count, 1);
    p = end + 2;
    if (*p == '\0')
        return TRUE;
    if (!g_str_has_prefix(p, " burst "))
        return bad(setting, said, why, error);
    out->burst = g_ascii_strtod(p + 7, &end);
    return (end != p + 7 && *end == '\0' && out->burst >= 1 && out->burst < 1e9) ||
           bad(setting, said, why, error);
}

static gboolean set_field(TuneSettings *self, guint index, GError **error)
{
    const TuneSetting *setting = &tune_setting_table[index];
    const Said *said = &self->origins->said[index];
    gpointer field = (char *)self + setting->offset;

    if (said->value == NULL)
        return TRUE;
    if (!g_utf8_validate(said->value, -1, NULL))
        return bad(setting, said, "is not UTF-8", error);
    switch (setting->kind) {
    case TUNE_SETTING_INTEGER:
        return set_integer(setting, said, field, error);
    case TUNE_SETTING_SWITCH:
        return set_switch(setting, said, field, error);
    case TUNE_SETTING_CHOICE:
        return set_choice(setting, said, field, error);
    case TUNE_SETTING_LIST:
        set_list(said, field);
        return TRUE;
    case TUNE_SETTING_RATE:
        return set_rate(setting, said, field, error);
    case TUNE_SETTING_TEXT:
    case TUNE_SETTING_FILE:
    case TUNE_SETTING_FOLDER:
        break;
    }
    *(char **)field = g_strdup(said->value);
    return TRUE;
}

/* ---- where a value is said ---- */

static void say(TuneSettings *self, guint index, const char *value, const char *origin)
{
    Said *said = &self->origins->said[index];

    g_free(said->value);
    g_free(said->origin);
    /* Nothing said is nothing set: an empty key would let everybody in. */
    said->value = value != NULL && *value != '\0' ? g_strdup(value) : NULL;
    said->origin = g_strdup(origin);
}

static char *key_of(const TuneSetting *setting)
{
    return g_strdelimit(g_strdup(setting->name), "-", '_');
}

static char *yaml_value(const TuneYamlNode *node)
{
    if (tune_yaml_kind(node) != TUNE_YAML_LIST)
        return g_strdup(tune_yaml_text(node));
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < tune_yaml_size(node); i++)
        g_string_append_printf(out, "%s%s", i > 0 ? "," : "", tune_yaml_text(tune_yaml_at(node, i)));
    return g_strdup(out->str);
}

static gboolean read_file(TuneSettings *self, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(TuneYaml) doc = tune_yaml_load(path, &why);
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < tune_setting_count; i++)
        g_ptr_array_add(keys, key_of(&tune_setting_table[i]));
    g_ptr_array_add(keys, NULL);
    if (doc != NULL && tune_yaml_kind(tune_yaml_root(doc)) != TUNE_YAML_MAP)
        tune_yaml_fail(tune_yaml_root(doc), &why, "settings are a map: \"port: 8080\"");
    if (why != NULL || !tune_yaml_check_keys(tune_yaml_root(doc),
                                             (const char *const *)keys->pdata, &why)) {
        g_set_error_literal(error, TUNE_SETTINGS_ERROR, TUNE_SETTINGS_ERROR_FILE, why->message);
        return FALSE;
    }
    for (guint i = 0; i < tune_setting_count; i++) {
        const TuneYamlNode *node = tune_yaml_get(tune_yaml_root(doc), keys->pdata[i]);
        if (node == NULL)
            continue;
        g_autofree char *origin = g_strdup_printf("%s:%d", path, tune_yaml_line(node));
        g_autofree char *value = yaml_value(node);
        say(self, i, value, origin);
    }
    return TRUE;
}

static void read_environment(TuneSettings *self, guint index)
{
    const TuneSetting *setting = &tune_setting_table[index];
    g_autofree char *key = key_of(setting);
    g_autofree char *upper = g_ascii_strup(key, -1);
    const char *others = setting->variables != NULL ? setting->variables : "";
    /* $TUNESMITH_DATA is where styles and presets are: a setting may have another name of ours instead. */
    gboolean renamed = g_str_has_prefix(others, "TUNESMITH_");
    g_autofree char *all = g_strconcat(renamed ? "" : "TUNESMITH_", renamed ? "" : upper, " ", others,
                                       NULL);
    g_auto(GStrv) names = g_strsplit(all, " ", -1);

    for (guint i = 0; names[i] != NULL; i++) {
        const char *value = *names[i] != '\0' ? g_getenv(names[i]) : NULL;
        if (value == NULL || *value == '\0')
            continue;
        g_autofree char *origin = g_strconcat("environment ", names[i], NULL);
        say(self, index, value, origin);
        return;
    }
}

/* A file that was named must be there, the usual one need not. */
static gboolean read_files(TuneSettings *self, TuneSettingGiven given, gpointer user_data,
                           GError **error)
{
    const char *flag = given != NULL ? given("config", user_data) : NULL;

    read_environment(self, 0);
    if (flag != NULL)
        say(self, 0, flag, "flag");
    if (self->origins->said[0].value != NULL) {
        g_autofree char *path = g_strdup(self->origins->said[0].value);
        return read_file(self, path, error);
    }
    g_autofree char *path =
        g_build_filename(g_get_user_config_dir(), "tunesmith", "config.yaml", NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    say(self, 0, path, "default");
    return read_file(self, path, error);
}

TuneSettings *tune_settings_load(TuneSettingGiven given, gpointer user_data, GError **error)
{
    g_autoptr(TuneSettings) self = g_new0(TuneSettings, 1);

    self->origins =
        g_malloc0(sizeof(struct TuneSettingOrigins) + tune_setting_count * sizeof(Said));
    for (guint i = 0; i < tune_setting_count; i++)
        say(self, i, tune_setting_table[i].otherwise, "default");
    if (!read_files(self, given, user_data, error))
        return NULL;
    for (guint i = 0; i < tune_setting_count; i++) {
        const char *flag = given != NULL ? given(tune_setting_table[i].name, user_data) : NULL;
        read_environment(self, i);
        if (flag != NULL)
            say(self, i, flag, "flag");
        if (!set_field(self, i, error))
            return NULL;
    }
    if (self->data == NULL)
        self->data = g_build_filename(g_get_user_data_dir(), "tunesmith", "service", NULL);
    if (self->database == NULL)
        self->database = g_build_filename(self->data, "tunesmith.db", NULL);
    return g_steal_pointer(&self);
}

void tune_settings_keep(TuneSettings *self, const TuneSettings *old)
{
    for (guint i = 0; i < tune_setting_count; i++) {
        const TuneSetting *setting = &tune_setting_table[i];
        gpointer field = (char *)self + setting->offset;
        gconstpointer kept = (const char *)old + setting->offset;
        if ((setting->flags & TUNE_SETTING_RELOADED) != 0)
            continue;
        if (setting->kind == TUNE_SETTING_LIST) {
            g_strfreev(*(char ***)field);
            *(char ***)field = g_strdupv(*(char **const *)kept);
        } else if (is_text(setting)) {
            g_free(*(char **)field);
            *(char **)field = g_strdup(*(char *const *)kept);
        } else if (setting->kind == TUNE_SETTING_INTEGER) {
            *(gint64 *)field = *(const gint64 *)kept;
        } else if (setting->kind == TUNE_SETTING_SWITCH) {
            *(gboolean *)field = *(const gboolean *)kept;
        }
        say(self, i, old->origins->said[i].value, old->origins->said[i].origin);
    }
}

char *tune_settings_text(const TuneSettings *self, guint index)
{
    const TuneSetting *setting = &tune_setting_table[index];
    const char *value = self->origins->said[index].value;

    if ((setting->flags & TUNE_SETTING_SECRET) != 0 && value != NULL)
        return g_strdup("(hidden)");
    if (setting->offset == G_STRUCT_OFFSET(TuneSettings, data))
        return g_strdup(self->data);
    return g_strdup(value != NULL ? value : "");
}

const char *tune_settings_origin(const TuneSettings *self, guint index)
{
    return self->origins->said[index].origin;
}

gboolean tune_settings_host_is_public(const char *host)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);

    if (address != NULL)
        return !g_inet_address_get_is_loopback(address);
    return g_ascii_strcasecmp(host, "localhost") != 0;
}
