/* derive.h - fields that are made of a value: the file's name of a path, a part of a method's name.
 *
 * A profile says per path of a field which steps its value goes through. A step makes of
 * each text one text, several (split), or none: then the value counts as not there, and the field's
 * next path has its turn.
 *
 *   basename     what stands behind the last '/' or '\'; none if that is nothing
 *   extension    what stands behind the last '.' of the basename; none without one
 *   url_decode   "%2F" becomes "/" ('+' stays); what is no escape stays as it is
 *   lower        ASCII letters only
 *   hex_decode   the bytes that pairs of hex digits mean, NUL as a blank (auditd's proctitle);
 *                a text that is none stays as it is
 *   split        the parts between separators, without blanks around them and empty ones
 *   part         one of the parts between separators, from 0, or from the end: -1 is the last;
 *                `after`: only those behind the first that is one of these; `of`: only if there
 *                are so many
 *   prefix       a text put before it
 *
 * Memory   results in the arena, or slices of the value.
 */
#ifndef WEIR_EVENT_DERIVE_H
#define WEIR_EVENT_DERIVE_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

enum {
    DERIVE_STEPS_MAX = 8,
    DERIVE_VALUES_MAX = 64 /* of one value; the rest is left out */
};

enum derive_kind {
    DERIVE_BASENAME,
    DERIVE_EXTENSION,
    DERIVE_URL_DECODE,
    DERIVE_LOWER,
    DERIVE_HEX_DECODE,
    DERIVE_SPLIT,
    DERIVE_PART,
    DERIVE_PREFIX
};

struct derive_step {
    enum derive_kind kind;
    struct str by;         /* SPLIT, PART: the separator; PREFIX: the text */
    struct str_list after; /* PART: these, ASCII case aside; none: all parts count */
    int64_t at;            /* PART */
    int64_t of;            /* PART: 0: any number */
};

struct derive {
    const struct derive_step *steps;
    size_t n;
};

/* What becomes of a value; returns how many. */
size_t derive_apply(struct arena *a, const struct derive *d, struct str value,
                    struct str out[DERIVE_VALUES_MAX]);

#endif
