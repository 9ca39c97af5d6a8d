/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tag parsers: whole files of every format, and each kind of block by itself (the first byte
 * chooses).
 */
#include "audio/intact.h"
#include "audio/tags-private.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void check(const TuneTags *tags)
{
    for (gsize i = 0; i < TUNE_N_TAG_FIELDS; i++) {
        const char *text = tune_tag_text(tags, &tune_tag_fields[i]);

        g_assert_true(text == NULL || g_utf8_validate(text, -1, NULL));
    }
    g_assert_true(tags->loop_start >= 0 && tags->loop_end >= tags->loop_start);
    g_assert_true(tags->bpm >= 0.0);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size < 2)
        return 0;
    g_autoptr(TuneTags) whole = tune_tags_new(), block = tune_tags_new();
    FILE *file = fmemopen((void *)data, size, "rb");

    tune_tags_read(whole, file);
    (void)tune_file_is_cut(file);
    fclose(file);
    check(whole);
    switch (data[0] % 4) {
    case 0:
        tune_tags_vorbis_parse(block, data + 1, size - 1);
        break;
    case 1:
        tune_tags_id3_parse(block, data + 1, size - 1);
        break;
    case 2:
        tune_tags_riff_parse(block, "LIST", data + 1, size - 1);
        break;
    default:
        tune_tags_riff_parse(block, "smpl", data + 1, size - 1);
    }
    check(block);
    /* What was read can be written, and says the same again. */
    g_autoptr(GByteArray) id3 = tune_tags_id3_write(whole);
    g_autoptr(TuneTags) again = tune_tags_new();
    if (id3 != NULL)
        tune_tags_id3_parse(again, id3->data, id3->len);
    g_assert_cmpstr(again->title, ==, whole->title);
    g_assert_cmpstr(again->recipe, ==, whole->recipe);
    return 0;
}
