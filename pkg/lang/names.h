/* names.h - one copy of each text: rules repeat field names, labels and values.
 *
 * Memory   copies live in one arena, the table in another, so that the copies can outlive it.
 * Threads  belongs to one loader.
 */
#ifndef WEIR_LANG_NAMES_H
#define WEIR_LANG_NAMES_H

#include "base/arena.h"
#include "base/base.h"

struct names;

struct names *names_new(struct arena *copies, struct arena *table);

/* The one copy of this text. */
struct str names_intern(struct names *names, struct str text);

#endif
