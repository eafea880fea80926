/* list_index.h - is a value on a list? One look-up in a hash table, whatever the list's length.
 *
 * The index refers to the list's own bytes: it adds 4 to 8 bytes a row (exact, ci), a copy of the
 * key for types number and ip, networks, and entries with capitals outside ASCII.
 *
 * Modes    exact  byte by byte
 *          ci     ASCII letters case aside; an entry with cased letters outside ASCII by Unicode
 *                 simple folding. So it is what the same texts mean in a Sigma rule.
 *          cidr   the value is a string, an address, and inside a network; the longest prefix wins
 *          glob   Sigma's wildcards, letters as ci. Patterns with a wildcard at one end only are
 *                 look-ups by length; of all others there may be LIST_GLOBS_MAX, tried in order
 * Types    number  equal as numbers; ip  the same address (a v4-mapped one is that v4 address)
 * Rows     an entry that stands there twice is the row that expires last
 * Expiry   a row is not there from its expiry on; `at_ms` is the event's time, INT64_MIN: it has
 *          none, so that nothing has expired
 * Memory   in the arena; the list must live as long.
 * Threads  immutable.
 */
#ifndef WEIR_MATCH_LIST_INDEX_H
#define WEIR_MATCH_LIST_INDEX_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "json/scan.h"
#include "list/list.h"

enum { LIST_GLOBS_MAX = 2000, LIST_NO_ROW = UINT32_MAX };

struct list_index;

/* WEIR_LIMIT: too many patterns. */
MUST_USE enum weir_rc list_index_new(struct arena *a, const struct list *list,
                                     const struct list_index **out, struct weir_err *err);
const struct list *list_index_list(const struct list_index *x);

/* A value that has a text, ready: valid UTF-8; folded by ASCII. */
struct list_value {
    enum json_kind kind;
    struct str text, folded;
    bool is_ascii;
};

/* The row that the value is on at that time, LIST_NO_ROW if it is on none. */
uint32_t list_index_find(const struct list_index *x, const struct list_value *v, int64_t at_ms);

#endif
