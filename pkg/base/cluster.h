/* cluster.h - where does what a reader sees as one character end?
 *
 * A cluster is a character (utf8.h) with the marks, joiners and modifiers that belong to it: an
 * accent of its own, a flag's two letters, an emoji of several that are joined, a Hangul syllable
 * in parts, CR LF. Nearly the extended grapheme clusters of Unicode (UAX 29): characters that
 * belong to the next one are clusters of their own, and jamo are not asked for their order.
 */
#ifndef WEIR_BASE_CLUSTER_H
#define WEIR_BASE_CLUSTER_H

#include "base/base.h"

/* Bytes of the cluster at `at` (< s.n): at least 1. */
size_t cluster_size(struct str s, size_t at);

#endif
