/* lucene_impl.h - what the files behind lucene.h share: a regex as a tree.
 *
 *     lucene.c        Lucene's syntax to a tree
 *     lucene_write.c  a tree in the internal syntax
 */
#ifndef WEIR_LANG_LUCENE_IMPL_H
#define WEIR_LANG_LUCENE_IMPL_H

#include "base/buf.h"
#include "lang/lucene.h"

#define LENGTH_UNBOUNDED UINT32_MAX

enum lucene_kind {
    LUCENE_PIECE,      /* `text` in the internal syntax; nothing can be taken from it */
    LUCENE_GROUP,      /* of its child */
    LUCENE_REPEAT,     /* of its child, `text` times: "*", "{2,3}" */
    LUCENE_SEQUENCE,   /* one behind the other */
    LUCENE_UNION,      /* a|b */
    LUCENE_BOTH,       /* a&b */
    LUCENE_COMPLEMENT, /* ~a: every text that its child does not match */
};

struct lucene_node {
    enum lucene_kind kind;
    struct str text;
    struct lucene_node *first, *last; /* children */
    struct lucene_node *next;
    size_t at;            /* byte of the pattern */
    uint32_t least, most; /* characters of what it matches, as far as that is known */
};

/* False: a part has no counterpart where it stands; *fault is that part. */
bool lucene_write(struct buf *out, const struct lucene_node *tree,
                  const struct lucene_node **fault);

/* Whole numbers of least to most: written with exactly `digits` digits, or, if that is 0, with any
 * zeros before. */
void lucene_write_numbers(struct buf *out, uint32_t least, uint32_t most, size_t digits);

#endif
