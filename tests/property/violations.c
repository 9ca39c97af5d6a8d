/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "violations.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

#define MAX_PRINTED 4

typedef struct {
    guint index;
    guint64 seed;
    char *what, *command;
} Breach;

typedef struct {
    char *name;
    guint checked;
    GArray *breaches;
} Property;

struct Violations {
    GMutex mutex;          /* guards properties */
    GPtrArray *properties; /* in the order of their first look */
};

static void clear_breach(gpointer data)
{
    Breach *breach = data;

    g_free(breach->what);
    g_free(breach->command);
}

static void free_property(gpointer data)
{
    Property *property = data;

    g_free(property->name);
    g_array_unref(property->breaches);
    g_free(property);
}

Violations *violations_new(void)
{
    Violations *self = g_new0(Violations, 1);

    g_mutex_init(&self->mutex);
    self->properties = g_ptr_array_new_with_free_func(free_property);
    return self;
}

void violations_free(Violations *self)
{
    g_mutex_clear(&self->mutex);
    g_ptr_array_unref(self->properties);
    g_free(self);
}

/* The mutex is held. */
static Property *find(Violations *self, const char *name)
{
    Property *property;

    for (guint i = 0; i < self->properties->len; i++) {
        property = self->properties->pdata[i];
        if (strcmp(property->name, name) == 0)
            return property;
    }
    property = g_new0(Property, 1);
    property->name = g_strdup(name);
    property->breaches = g_array_new(FALSE, TRUE, sizeof(Breach));
    g_array_set_clear_func(property->breaches, clear_breach);
    g_ptr_array_add(self->properties, property);
    return property;
}

void violations_checked(Violations *self, const char *property, guint n)
{
    g_mutex_lock(&self->mutex);
    find(self, property)->checked += n;
    g_mutex_unlock(&self->mutex);
}

void violations_add(Violations *self, const char *property, const Ask *ask, const char *format, ...)
{
    Breach breach = {0};
    va_list args;

    va_start(args, format);
    breach.what = g_strdup_vprintf(format, args);
    va_end(args);
    if (ask != NULL) {
        breach.index = ask->index;
        breach.seed = ask->seed;
        breach.command = ask_command(ask);
    }
    g_mutex_lock(&self->mutex);
    g_array_append_val(find(self, property)->breaches, breach);
    g_mutex_unlock(&self->mutex);
}

void violations_assert(Violations *self, const char *name, double allowed_share)
{
    Property *property;

    g_mutex_lock(&self->mutex);
    property = find(self, name);
    g_mutex_unlock(&self->mutex);
    g_test_message("%s: looked at %u times, %u breaches", name, property->checked,
                   property->breaches->len);
    for (guint i = 0; i < MIN(property->breaches->len, MAX_PRINTED); i++) {
        const Breach *breach = &g_array_index(property->breaches, Breach, i);
        g_test_message("  request %u: %s\n#   %s", breach->index, breach->what,
                       breach->command ? breach->command : "");
    }
    if (property->checked == 0)
        g_test_fail_printf("%s was never looked at", name);
    else if (property->breaches->len > (allowed_share > 0 ? fmax(1, allowed_share * property->checked) : 0))
        g_test_fail_printf("%s: %u of %u", name, property->breaches->len, property->checked);
}

guint violations_count(Violations *self, const char *property)
{
    guint n;

    g_mutex_lock(&self->mutex);
    n = find(self, property)->breaches->len;
    g_mutex_unlock(&self->mutex);
    return n;
}

char *violations_table(Violations *self)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < self->properties->len; i++) {
        const Property *property = self->properties->pdata[i];
        g_string_append_printf(text, "%-28s looked at %6u, breaches %5u\n", property->name,
                               property->checked, property->breaches->len);
    }
    return g_string_free(text, FALSE);
}

gboolean violations_save(Violations *self, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < self->properties->len; i++) {
        const Property *property = self->properties->pdata[i];

        for (guint k = 0; k < property->breaches->len; k++) {
            const Breach *breach = &g_array_index(property->breaches, Breach, k);
            g_autoptr(json_t) line =
                json_pack("{s:s, s:i, s:I, s:s?, s:s}", "property", property->name, "request",
                          (int)breach->index, "seed", (json_int_t)breach->seed, "command",
                          breach->command, "what", breach->what);
            g_autofree char *bytes = tune_json_canonical(line);
            g_string_append_printf(text, "%s\n", bytes);
        }
    }
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}
