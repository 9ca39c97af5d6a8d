/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A growing run of bytes that is kept between requests.
 */
#pragma once
#include <glib.h>

#include <string.h>

typedef struct {
    char *data;
    gsize size, capacity;
} TuneHttpBuffer;

/* Room for @more bytes behind what is there.  The data may move. */
static inline char *tune_http_buffer_room(TuneHttpBuffer *self, gsize more)
{
    if (G_UNLIKELY(self->capacity - self->size < more)) {
        self->capacity = MAX(self->size + more, self->capacity * 2);
        self->data = (char *)g_realloc(self->data, self->capacity);
    }
    return self->data + self->size;
}

static inline void tune_http_buffer_add(TuneHttpBuffer *self, const char *bytes, gsize size)
{
    if (size == 0)
        return; /* and perhaps no memory yet, which memcpy() must not be given */
    memcpy(tune_http_buffer_room(self, size), bytes, size);
    self->size += size;
}

static inline void tune_http_buffer_add_text(TuneHttpBuffer *self, const char *text)
{
    tune_http_buffer_add(self, text, strlen(text));
}

/* Empty it, and give back what one large request took. */
static inline void tune_http_buffer_reset(TuneHttpBuffer *self, gsize keep)
{
    self->size = 0;
    if (G_UNLIKELY(self->capacity > keep)) {
        self->data = (char *)g_realloc(self->data, keep);
        self->capacity = keep;
    }
}
