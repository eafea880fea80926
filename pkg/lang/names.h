/* names.h - one copy of each text: rules repeat field names, labels and values.
 *
 * Memory   copies live in the arena given to names_new(); the table is malloc'd and goes with
 *          names_free(), which leaves the copies alone.
 */
#ifndef WEIR_LANG_NAMES_H
#define WEIR_LANG_NAMES_H

#include "base/arena.h"
#include "base/base.h"

struct names;

struct names *names_new(struct arena *a);
void names_free(struct names *names);

/* The one copy of this text. */
struct str names_intern(struct names *names, struct str text);

#endif
