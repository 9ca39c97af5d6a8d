/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The run as text for a terminal, as JSON, and as one page with plots that needs nothing else.
 */
#include "cli/profile-private.h"

#include <math.h>
#include <string.h>

#define MIB (1024.0 * 1024.0)

/* ---- text ---- */

static void text_times(const Profile *self, GString *out)
{
    g_string_append_printf(out, "%-44s %6s %5s %9s %8s %8s %8s %8s\n", "endpoint", "n", "bad",
                           "a second", "mean ms", "p50", "p95", "p99");
    for (guint i = 0; i < self->times->len; i++) {
        const ProfileTimes *times = self->times->pdata[i];
        g_string_append_printf(out, "%-44s %6u %5u %9.0f %8.2f %8.2f %8.2f %8.2f\n",
                               times->probe->name, times->ms->len, times->errors,
                               profile_rate(times), profile_mean(times),
                               profile_percentile(times, 0.5), profile_percentile(times, 0.95),
                               profile_percentile(times, 0.99));
    }
}

static void memory_range(const Profile *self, double *low, double *high)
{
    *low = G_MAXDOUBLE;
    *high = 0;
    for (guint i = 0; i < self->samples->len; i++) {
        double rss = g_array_index(self->samples, ProfileSample, i).rss_bytes;
        *low = MIN(*low, rss);
        *high = MAX(*high, rss);
    }
}

static void text_rest(const Profile *self, GString *out)
{
    const json_t *cache = json_object_get(self->after, "cache");
    const json_t *database = json_object_get(self->after, "database");
    double low, high;

    memory_range(self, &low, &high);
    if (high > 0)
        g_string_append_printf(out, "\nmemory   %.1f to %.1f MiB\n", low / MIB, high / MIB);
    if (cache != NULL)
        g_string_append_printf(out, "cache    %.1f %% hits since its start\n",
                               100 * json_number_value(json_object_get(cache, "hit_rate")));
    if (database != NULL)
        g_string_append_printf(out, "database %.2f ms a query, %lld of %lld connections in use\n",
                               json_number_value(json_object_get(database, "avg_query_ms")),
                               (long long)json_integer_value(
                                   json_object_get(database, "active")),
                               (long long)json_integer_value(json_object_get(database, "pool_size")));
}

char *profile_text(const Profile *self)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gsize i;
    json_t *finding;

    g_string_append_printf(out, "%s, %u clients\n\n", self->url, self->n_clients);
    text_times(self, out);
    text_rest(self, out);
    g_string_append(out, json_array_size(self->findings) > 0 ? "\nWhat stands out\n"
                                                             : "\nNothing stands out.\n");
    json_array_foreach(self->findings, i, finding)
        g_string_append_printf(out, "- %s: %s\n  %s\n",
                               json_string_value(json_object_get(finding, "what")),
                               json_string_value(json_object_get(finding, "evidence")),
                               json_string_value(json_object_get(finding, "advice")));
    return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- JSON ---- */

json_t *profile_json(const Profile *self)
{
    json_t *endpoints = json_array(), *memory = json_array();

    for (guint i = 0; i < self->times->len; i++) {
        const ProfileTimes *times = self->times->pdata[i];
        json_array_append_new(
            endpoints,
            json_pack("{s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "endpoint", times->probe->name,
                      "answers", (int)times->ms->len, "errors", (int)times->errors, "per_second",
                      tune_json_real(profile_rate(times), 1), "mean_ms",
                      tune_json_real(profile_mean(times), 3), "p50_ms",
                      tune_json_real(profile_percentile(times, 0.5), 3), "p95_ms",
                      tune_json_real(profile_percentile(times, 0.95), 3), "p99_ms",
                      tune_json_real(profile_percentile(times, 0.99), 3)));
    }
    for (guint i = 0; i < self->samples->len; i++) {
        const ProfileSample *sample = &g_array_index(self->samples, ProfileSample, i);
        json_array_append_new(memory, json_pack("{s:o, s:I, s:I}", "at_s",
                                                tune_json_real(sample->at_s, 2), "rss_bytes",
                                                (json_int_t)sample->rss_bytes, "queued",
                                                (json_int_t)sample->queued));
    }
    return json_pack("{s:s, s:i, s:o, s:o, s:O?, s:O?, s:O}", "url", self->url, "clients",
                     (int)self->n_clients, "endpoints", endpoints, "memory", memory, "stats",
                     self->after, "slow_queries", self->slow, "findings", self->findings);
}

/* ---- the page ---- */

static void escaped(GString *out, const char *text)
{
    g_autofree char *safe = g_markup_escape_text(text != NULL ? text : "", -1);

    g_string_append(out, safe);
}

/* A number as the page's language writes it: never with the locale's comma. */
static void number(GString *out, double value, int decimals)
{
    char format[8], text[G_ASCII_DTOSTR_BUF_SIZE];

    g_snprintf(format, sizeof format, "%%.%df", decimals);
    g_string_append(out, g_ascii_formatd(text, sizeof text, format, value));
}

/* Bars of p50, p95 and p99, all on one scale by the square root, so that short ones are seen too. */
static void page_bars(const Profile *self, GString *out)
{
    static const double shares[] = {0.99, 0.95, 0.5};
    static const char *const colours[] = {"#f2c6b8", "#e08a6d", "#a63d1f"};
    double most = 1;

    for (guint i = 0; i < self->times->len; i++)
        most = MAX(most, profile_percentile(self->times->pdata[i], 0.99));
    g_string_append_printf(out, "<svg viewBox='0 0 860 %u' role='img' aria-label='Response times'>",
                           self->times->len * 26 + 10);
    for (guint i = 0; i < self->times->len; i++) {
        const ProfileTimes *times = self->times->pdata[i];
        guint y = i * 26 + 6;
        g_string_append_printf(out, "<text x='300' y='%u' text-anchor='end'>", y + 14);
        escaped(out, times->probe->name);
        g_string_append(out, "</text>");
        for (guint k = 0; k < 3; k++) {
            double width = 480 * sqrt(profile_percentile(times, shares[k]) / most);
            g_string_append_printf(out, "<rect x='310' y='%u' height='18' fill='%s' width='", y,
                                   colours[k]);
            number(out, width, 1);
            g_string_append(out, "'/>");
        }
        g_string_append_printf(out, "<text x='800' y='%u'>", y + 14);
        number(out, profile_percentile(times, 0.95), 1);
        g_string_append(out, " ms</text>");
    }
    g_string_append(out, "</svg><p class='key'>dark: median, middle: p95 (the figure), light: p99; "
                         "square-root scale</p>");
}

static void page_memory(const Profile *self, GString *out)
{
    double low, high;

    memory_range(self, &low, &high);
    if (self->samples->len < 2 || high <= 0)
        return;
    double span = g_array_index(self->samples, ProfileSample, self->samples->len - 1).at_s;
    g_string_append(out, "<h2>Memory</h2><svg viewBox='0 0 860 170' role='img' "
                         "aria-label='Resident memory'><polyline fill='none' stroke='#1f6fa6' "
                         "stroke-width='2' points='");
    for (guint i = 0; i < self->samples->len; i++) {
        const ProfileSample *sample = &g_array_index(self->samples, ProfileSample, i);
        number(out, 60 + 780 * sample->at_s / MAX(span, 0.001), 1);
        g_string_append_c(out, ',');
        number(out, 150 - 140 * sample->rss_bytes / high, 1);
        g_string_append_c(out, ' ');
    }
    g_string_append_printf(out, "'/><text x='55' y='14' text-anchor='end'>%.0f MiB</text>"
                                "<text x='55' y='154' text-anchor='end'>0</text>"
                                "<text x='840' y='168' text-anchor='end'>%.0f s</text></svg>",
                           high / MIB, span);
}

static void page_findings(const Profile *self, GString *out)
{
    static const char *const members[] = {"what", "evidence", "advice"};
    gsize i;
    json_t *finding;

    g_string_append(out, "<h2>What stands out</h2>");
    if (json_array_size(self->findings) == 0) {
        g_string_append(out, "<p>Nothing.</p>");
        return;
    }
    g_string_append(out, "<table><tr><th>where</th><th>evidence</th><th>what to do</th></tr>");
    json_array_foreach(self->findings, i, finding) {
        g_string_append(out, "<tr>");
        for (guint k = 0; k < G_N_ELEMENTS(members); k++) {
            g_string_append(out, "<td>");
            escaped(out, json_string_value(json_object_get(finding, members[k])));
            g_string_append(out, "</td>");
        }
        g_string_append(out, "</tr>");
    }
    g_string_append(out, "</table>");
}

char *profile_page(const Profile *self)
{
    g_autoptr(GString) out = g_string_new(
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>tunesmith profile</title>"
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:900px;margin:2rem auto;"
        "padding:0 1rem;color:#222}svg{width:100%}svg text{font-size:12px}table{border-collapse:"
        "collapse}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem;border-bottom:1px "
        "solid #ddd}pre{overflow:auto;background:#f6f6f4;padding:1rem}.key{color:#666}</style>"
        "<h1>Profile of ");
    g_autofree char *text = profile_text(self);

    escaped(out, self->url);
    g_string_append(out, "</h1><h2>Response times</h2>");
    page_bars(self, out);
    page_memory(self, out);
    page_findings(self, out);
    g_string_append(out, "<h2>Figures</h2><pre>");
    escaped(out, text);
    g_string_append(out, "</pre></html>\n");
    return g_string_free(g_steal_pointer(&out), FALSE);
}
