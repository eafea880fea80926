/* overwrite.h - an output never takes the place of what it was made from.
 *
 *     struct overwrite w;
 *     overwrite_init(&w, "--output", path);
 *     TRY(overwrite_refuse_rules(&w, &book, options, err));
 *     TRY(overwrite_refuse_file(&w, event_file, err));
 *
 * Files are compared as files, so that a link or another way to write the path changes nothing.
 *
 * Memory   a plain value; the path stays the caller's.
 * Errors   WEIR_BADARG with the output's name. An output that is not there yet, or is no regular
 *          file (a device, a pipe), is never refused.
 */
#ifndef WEIR_APP_OVERWRITE_H
#define WEIR_APP_OVERWRITE_H

#include <sys/types.h>

#include "app/rules.h"
#include "base/base.h"
#include "base/err.h"

struct overwrite {
    const char *flag; /* that names the output */
    struct str path;
    dev_t device;
    ino_t number;
    bool is_there; /* a regular file has the output's name now */
};

void overwrite_init(struct overwrite *w, const char *flag, struct str path);

/* Is it this file? */
MUST_USE enum weir_rc overwrite_refuse_file(const struct overwrite *w, struct str file,
                                            struct weir_err *err);

/* Is it a file that the book was made from: a rule, a list, an overlay, a pipeline, places? */
MUST_USE enum weir_rc overwrite_refuse_rules(const struct overwrite *w, const struct rule_book *b,
                                             const struct rule_options *o, struct weir_err *err);

#endif
