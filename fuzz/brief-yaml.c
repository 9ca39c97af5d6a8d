/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The data files of the brief: the first byte says which loader gets the rest (p preset, i instruments,
 * s style, l lexicon).
 */
#include "base/data.h"
#include "brief/lexicon.h"
#include "brief/preset.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* The loaders of files get one that lives in memory. */
static char *as_file(const char *text, gsize size, int *fd)
{
    *fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert_cmpint(*fd, >=, 0);
    g_assert_cmpint(write(*fd, text, size), ==, (gssize)size);
    return g_strdup_printf("/proc/self/fd/%d", *fd);
}

static void load_file(char which, const char *text, gsize size)
{
    int fd = -1;
    g_autofree char *path = as_file(text, size, &fd);

    if (which == 'i') {
        g_autoptr(TuneInstruments) instruments = tune_instruments_load(path, NULL);
        if (instruments != NULL)
            tune_instruments_by_word(instruments, "piano");
    } else {
        tune_style_validate(path, NULL);
    }
    close(fd);
}

static void load_lexicon(const char *text, gsize size)
{
    static TuneInstruments *instruments;
    g_autoptr(TuneVocabulary) vocabulary = tune_vocabulary_new_empty();

    if (instruments == NULL) {
        g_autofree char *path = tune_data_find("instruments.yaml", NULL);
        instruments = tune_instruments_load(path, NULL);
        g_assert_nonnull(instruments);
    }
    vocabulary->instruments = tune_instruments_ref(instruments);
    tune_lexicon_read_file(vocabulary, "fuzz.yaml", text, size, NULL);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size == 0)
        return 0;
    g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
    switch (data[0]) {
    case 'p': {
        g_autoptr(TunePreset) preset = tune_preset_parse("p", "fuzz.yaml", text, size - 1, NULL);
        if (preset != NULL) {
            g_autofree char *yaml = tune_preset_to_yaml(preset);
            g_autoptr(TunePreset) again =
                tune_preset_parse("p", "again.yaml", yaml, strlen(yaml), NULL);
            g_assert_nonnull(again);
        }
        break;
    }
    case 'i':
    case 's':
        load_file((char)data[0], text, size - 1);
        break;
    default:
        load_lexicon(text, size - 1);
    }
    return 0;
}
