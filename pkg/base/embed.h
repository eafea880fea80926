/* embed.h - files of the source tree that travel inside the program.
 *
 * tools/embed turns files into a table at build time (build/gen/NAME.c), so that the program runs
 * without the tree it was built from. A new set needs a line in the Makefile and two here.
 *
 * Memory   constant data of the program; text is followed by a NUL that n does not count.
 */
#ifndef WEIR_BASE_EMBED_H
#define WEIR_BASE_EMBED_H

#include "base/base.h"

struct embed_file {
    struct str path; /* as in the source tree: "detections/profiles/generic.yml" */
    struct str text;
};

extern const struct embed_file embed_profiles[];
extern const size_t embed_profiles_n;
extern const struct embed_file embed_lists[];
extern const size_t embed_lists_n;
extern const struct embed_file embed_libraries[]; /* of Lua, for Redis */
extern const size_t embed_libraries_n;

#endif
