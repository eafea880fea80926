/* corpus.h - the files of a .tar.zst of the shared data, one after the other. */
#ifndef WEIR_TESTS_LIB_CORPUS_H
#define WEIR_TESTS_LIB_CORPUS_H

#include "base/base.h"

/* Call fn for every regular file in DATA/name, with its path in the archive and its text (both
 * only valid during the call). False if the archive is absent or broken. */
bool corpus_each(const char *name, void (*fn)(struct str path, struct str text, void *context),
                 void *context);

#endif
