/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes the tiny checkpoints of the golden tests:  make-checkpoint SOURCE TARGET
 *
 * For each folder of SOURCE with a weights.tsv: the folder's other files are copied, tokenizer.json
 * and spiece.model of SOURCE beside them, and the model's files are written.  A line of weights.tsv
 * is
 *
 *   name  file  type  shape  stream  mean  gain
 *
 * and value i of that tensor mean + gain * u, where u is made of the upper 24 bits of output i + 1
 * of splitmix64 (Steele, Lea and Flood, 2014) started at @stream: exact in double up to one
 * rounding of each operation, so that golden/make.py gets the same bits.  The stream "positions" is
 * the decoder's table of sines.
 */
#include "neural/kernels/kernels.h"
#include "neural/tensor.h"

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name, *file, *stream;
    TuneDtype dtype;
    GArray *shape; /* of guint64 */
    double mean, gain;
} Row;

static void row_free(gpointer data)
{
    Row *row = data;

    g_free(row->name);
    g_free(row->file);
    g_free(row->stream);
    g_array_unref(row->shape);
    g_free(row);
}

static TuneDtype dtype_named(const char *name)
{
    for (guint i = TUNE_DTYPE_F32; i <= TUNE_DTYPE_BF16; i++) {
        if (strcmp(tune_dtype_name((TuneDtype)i), name) == 0)
            return (TuneDtype)i;
    }
    g_error("weights.tsv: type \"%s\"", name);
}

static Row *row_new(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, "\t", 0);
    Row *row = g_new0(Row, 1);

    if (g_strv_length(fields) != 7)
        g_error("weights.tsv: not seven fields: %s", line);
    g_auto(GStrv) sizes = g_strsplit(fields[3], ",", 0);
    row->name = g_strdup(fields[0]);
    row->file = g_strdup(fields[1]);
    row->dtype = dtype_named(fields[2]);
    row->shape = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (guint i = 0; sizes[i] != NULL && strcmp(fields[3], "-") != 0; i++) {
        guint64 size = g_ascii_strtoull(sizes[i], NULL, 10);
        g_array_append_val(row->shape, size);
    }
    row->stream = g_strdup(fields[4]);
    row->mean = g_ascii_strtod(fields[5], NULL);
    row->gain = g_ascii_strtod(fields[6], NULL);
    return row;
}

static guint64 n_values(const Row *row)
{
    guint64 n = 1;

    for (guint i = 0; i < row->shape->len; i++)
        n *= g_array_index(row->shape, guint64, i);
    return n;
}

static double uniform(guint64 stream, guint64 i)
{
    guint64 x = stream + (i + 1) * 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    x ^= x >> 31;
    return ((double)(x >> 40) - 8388607.5) / 8388608.0;
}

/* Row p: cosines of p / 10000^(i / (half - 1)), then sines. */
static void fill_positions(const Row *row, float *out)
{
    guint64 rows = g_array_index(row->shape, guint64, 0),
            width = g_array_index(row->shape, guint64, 1);
    guint64 half = width / 2;
    float step = (float)(log(10000.0) / (double)(half - 1));

    for (guint64 i = 0; i < half; i++) {
        float frequency = expf((float)i * -step);
        for (guint64 p = 0; p < rows; p++) {
            out[p * width + i] = cosf((float)p * frequency);
            out[p * width + half + i] = sinf((float)p * frequency);
        }
    }
}

static void fill(const Row *row, float *out)
{
    guint64 stream = g_ascii_strtoull(row->stream, NULL, 16), n = n_values(row);

    if (strcmp(row->stream, "positions") == 0) {
        fill_positions(row, out);
        return;
    }
    for (guint64 i = 0; i < n; i++)
        out[i] = (float)(row->mean + row->gain * uniform(stream, i));
}

/* To the nearest, ties to even. */
static guint16 to_bf16(float value)
{
    guint32 bits;

    memcpy(&bits, &value, sizeof bits);
    return (guint16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static void append_values(const Row *row, GByteArray *data)
{
    gsize n = n_values(row), size = row->dtype == TUNE_DTYPE_F32 ? sizeof(float) : sizeof(guint16);
    g_autofree float *values = g_new(float, n);
    g_autofree guint16 *halves = g_new(guint16, n);

    fill(row, values);
    if (row->dtype == TUNE_DTYPE_F16)
        tune_kernels_scalar.to_f16(values, n, halves);
    for (gsize i = 0; row->dtype == TUNE_DTYPE_BF16 && i < n; i++)
        halves[i] = to_bf16(values[i]);
    g_byte_array_append(data,
                        size == sizeof(float) ? (const guint8 *)values : (const guint8 *)halves,
                        (guint)(n * size));
}

/* safetensors: u64 length, a JSON header, the values. */
static void write_file(const char *folder, const char *file, const GPtrArray *rows)
{
    g_autoptr(GString) header = g_string_new("{\"__metadata__\":{\"format\":\"pt\"}");
    g_autoptr(GByteArray) data = g_byte_array_new(), whole = g_byte_array_new();
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autoptr(GError) error = NULL;
    guint64 length;

    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];
        guint begin = data->len;

        if (strcmp(row->file, file) != 0)
            continue;
        append_values(row, data);
        g_string_append_printf(header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", row->name,
                               tune_dtype_name(row->dtype));
        for (guint k = 0; k < row->shape->len; k++)
            g_string_append_printf(header, "%s%" G_GUINT64_FORMAT, k > 0 ? "," : "",
                                   g_array_index(row->shape, guint64, k));
        g_string_append_printf(header, "],\"data_offsets\":[%u,%u]}", begin, data->len);
    }
    g_string_append_c(header, '}');
    while (header->len % 8 != 0)
        g_string_append_c(header, ' ');
    length = GUINT64_TO_LE(header->len);
    g_byte_array_append(whole, (const guint8 *)&length, sizeof length);
    g_byte_array_append(whole, (const guint8 *)header->str, (guint)header->len);
    g_byte_array_append(whole, data->data, data->len);
    if (!g_file_set_contents(path, (const char *)whole->data, whole->len, &error))
        g_error("%s", error->message);
}

/* model.safetensors, or shards and their index. */
static void write_model(const char *folder, const GPtrArray *rows)
{
    g_autoptr(GHashTable) written = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GString) index = g_string_new("{\"metadata\":{},\"weight_map\":{");
    g_autofree char *path = g_build_filename(folder, "model.safetensors.index.json", NULL);

    for (guint i = 0; i < rows->len; i++) {
        const Row *row = rows->pdata[i];

        g_string_append_printf(index, "%s\"%s\":\"%s\"", i > 0 ? ",\n" : "", row->name, row->file);
        if (g_hash_table_add(written, row->file))
            write_file(folder, row->file, rows);
    }
    g_string_append(index, "}}\n");
    if (g_hash_table_size(written) > 1 && !g_file_set_contents(path, index->str, -1, NULL))
        g_error("%s cannot be written", path);
}

static void copy(const char *from, const char *name, const char *to)
{
    g_autofree char *source = g_build_filename(from, name, NULL),
                    *target = g_build_filename(to, name, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;

    if (!g_file_get_contents(source, &bytes, &n, &error) ||
        !g_file_set_contents(target, bytes, (gssize)n, &error))
        g_error("%s", error->message);
}

static void make_folder(const char *source, const char *target, const char *name, const char *list)
{
    g_autofree char *from = g_build_filename(source, name, NULL),
                    *to = g_build_filename(target, name, NULL);
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    g_auto(GStrv) lines = g_strsplit(list, "\n", 0);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] != '\0')
            g_ptr_array_add(rows, row_new(lines[i]));
    }
    if (g_mkdir_with_parents(to, 0755) != 0)
        g_error("%s cannot be made", to);
    write_model(to, rows);
    copy(from, "config.json", to);
    copy(from, "generation_config.json", to);
    copy(from, "golden.json", to);
    copy(from, "golden.safetensors", to);
    copy(source, "tokenizer.json", to);
}

int main(int argc, char **argv)
{
    g_autoptr(GDir) folders = argc == 3 ? g_dir_open(argv[1], 0, NULL) : NULL;
    const char *name;

    if (folders == NULL)
        g_error("usage: make-checkpoint SOURCE TARGET");
    while ((name = g_dir_read_name(folders)) != NULL) {
        g_autofree char *path = g_build_filename(argv[1], name, "weights.tsv", NULL);
        g_autofree char *list = NULL;

        if (g_file_get_contents(path, &list, NULL, NULL))
            make_folder(argv[1], argv[2], name, list);
    }
    copy(argv[1], "spiece.model", argv[2]);
    return 0;
}
