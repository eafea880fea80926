/* reopen.h - findings that were told and not closed when the store came back empty.
 *
 * A Create says that a Close will follow, and what owes it is a cell. A store that is empty has
 * none, and a replay makes it again only if it reaches back so far. So each Create and Update
 * carries what its cell needs to owe the Close, in the header `weir-cell` (docs/topics.md); a
 * recovery gives it back to the cells of findings that have a Create and no Close.
 *
 *     START END FIRST LAST COUNT SEQUENCE LEVEL MEASURED KEYS ADDENDS
 *
 * in decimal (milliseconds, millionths), the last two in hex: packed key values (hit.h) and score
 * addends. A finding whose keys are too long for REOPEN_TEXT_MAX carries no such header: its
 * Close is lost with the store. Addends alone are left out.
 *
 * Threads  pure functions.
 */
#ifndef WEIR_CORRELATE_REOPEN_H
#define WEIR_CORRELATE_REOPEN_H

#include "base/base.h"
#include "base/buf.h"
#include "correlate/book.h"
#include "correlate/graph.h"
#include "state/finding.h"
#include "state/store.h"

#define REOPEN_HEADER "weir-cell"
enum { REOPEN_TEXT_MAX = 1536 };

/* The header's value. False: nothing will be owed (a Close, a finding of one event or about the
 * rule itself), or it is too long. */
bool reopen_format(const struct finding *f, struct buf *out);

struct reopen {
    struct book_restored told;
    int64_t end_ms;
    struct str keys, addends; /* packed, slices of bytes */
    struct buf bytes;
};
/* False: damaged, or not ours. To be released in either case; may be used again. */
MUST_USE bool reopen_parse(struct str header, struct reopen *out);
void reopen_release(struct reopen *r);

/* From when on things come again, so that a count is exact: INT64_MIN: all of them. */
struct reopen_reach {
    int64_t events_ms; /* events are read again */
    int64_t facts_ms;  /* facts are not restored, but learnt again (worker/recover.h) */
};
/* The operation that gives the finding its cell; order and position are the caller's. `hit` is its
 * payload and points to *r. False: by this rule set the finding `uid` would not be this one (it
 * tells nothing, its buckets are of another length, a key value was cut). */
MUST_USE bool reopen_op(const struct graph *g, uint32_t rule, const uint8_t uid[16],
                        struct reopen_reach reach, struct reopen *r, struct hit *hit,
                        struct state_op *op);

#endif
