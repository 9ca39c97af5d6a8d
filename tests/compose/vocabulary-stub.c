/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/data.h"
#include "brief/brief.h"

struct TuneVocabulary {
    TuneInstruments *instruments;
    TuneStyles *styles;
};

TuneVocabulary *tune_vocabulary_load(GError **error)
{
    TuneVocabulary *self = g_new0(TuneVocabulary, 1);
    g_autofree char *path = tune_data_find("instruments.yaml", error);
    self->instruments = tune_instruments_load(path, error);
    self->styles = tune_styles_load(error);
    if (self->styles == NULL || self->instruments == NULL)
        return NULL;
    return self;
}
void tune_vocabulary_unref(TuneVocabulary *self)
{
    tune_instruments_unref(self->instruments);
    tune_styles_unref(self->styles);
    g_free(self);
}
TuneInstruments *tune_vocabulary_instruments(const TuneVocabulary *self)
{
    return self->instruments;
}
TuneStyles *tune_vocabulary_styles(const TuneVocabulary *self)
{
    return self->styles;
}
