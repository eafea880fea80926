/* redis_check.h - would a store in Redis do? For who asks before a worker starts.
 *
 * The checks of a start (redis_session.h) without what a start leaves behind: no mark, no library.
 * So a store that nobody has used is fine, and whether its user may write is not seen.
 *
 * Errors   one line each; WEIR_IO: nobody answers, another try may help.
 * Threads  any.
 */
#ifndef WEIR_STATE_REDIS_CHECK_H
#define WEIR_STATE_REDIS_CHECK_H

#include "state/store_redis.h"

/* The URL and the files alone: nobody is asked. */
MUST_USE enum weir_rc redis_check_options(const struct store_redis_options *o,
                                          struct weir_err *err);

/* Is it there, may we in, is it fit, is its state ours or nobody's, does a total of so many bytes
 * fit into it? */
MUST_USE enum weir_rc redis_check(const struct store_redis_options *o, uint64_t total_bytes,
                                  struct weir_err *err);

#endif
