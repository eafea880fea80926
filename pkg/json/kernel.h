/* kernel.h - the vector parts of the package: one contract, three kernels each.
 *
 * Stage one of a scan (json_index_*): where are the tokens of a record? A token is one of
 * { } [ ] : , outside strings, each unescaped quote (so strings come as two tokens), and
 * the first byte of each run of other bytes outside strings (numbers, literals, rubbish).
 * Stage two (scan.c) judges the grammar over tokens; stage one judges the insides of
 * strings: control bytes, escapes, a missing closing quote.
 *
 * A backslash outside a string also counts as an escape here. It is a byte of a "run of
 * other bytes" then, which stage two refuses, so what follows it does not matter.
 *
 * No kernel reads outside [record.p, record.p + record.n). All give the same answer.
 */
#ifndef WEIR_JSON_KERNEL_H
#define WEIR_JSON_KERNEL_H

#include "base/base.h"

/* Entries that a kernel may write behind the last token, and whatever the walk reads. */
enum { JSON_INDEX_SLACK = 80 };

struct json_index {
    uint32_t *at;   /* positions of tokens, ascending; room for record.n + JSON_INDEX_SLACK */
    uint64_t *care; /* bit i: byte i is a backslash or beyond ASCII; room for n / 64 + 2 words */
    size_t n;       /* tokens */
    bool is_bad;    /* some string is bad or does not end */
};

typedef void json_index_fn(struct str record, struct json_index *out);
json_index_fn json_index_scalar, json_index_avx2, json_index_avx512;

/* The same for the bytes before the first newline, in strings or not: returns how many there are,
 * text.n if there is no newline. */
typedef size_t json_index_line_fn(struct str text, struct json_index *out);
json_index_line_fn json_index_line_scalar, json_index_line_avx2, json_index_line_avx512;

typedef size_t json_unescape_fn(struct str in, char *out, unsigned *flags);
json_unescape_fn json_unescape_scalar, json_unescape_avx2, json_unescape_avx512;

/* One escape at *p (which points at its backslash; p < end), written to out: returns the
 * bytes written and moves *p. A malformed one, which a scan lets nobody see, stays as is. */
size_t json_unescape_one(const char **p, const char *end, char *out, unsigned *flags);

/* Text into a JSON string: the bytes of `in` up to the first that is a control byte or beyond ASCII
 * (*used of them), quotes and backslashes escaped. Returns the bytes written; up to
 * 2 * in.n + JSON_ESCAPE_SLACK of out are overwritten. */
enum { JSON_ESCAPE_SLACK = 64 };
typedef size_t json_escape_fn(struct str in, char *out, size_t *used);
json_escape_fn json_escape_scalar, json_escape_avx2, json_escape_avx512;

/* All four are hex digits. */
bool json_is_hex4(const char *p);

#endif
