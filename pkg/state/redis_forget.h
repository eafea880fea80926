/* redis_forget.h - takes the keys of groups out of a Redis: of groups that were made to be thrown
 * away (a rule test has one each), never of a worker's.
 *
 * One walk over all key names of the database for all groups, so it is done once at the end.
 *
 * Errors   as store_redis.h: WEIR_IO where Redis does not answer or says no.
 */
#ifndef WEIR_STATE_REDIS_FORGET_H
#define WEIR_STATE_REDIS_FORGET_H

#include "state/store_redis.h"

/* `o` says where; its group is not asked. An empty name is none of a group and refused by ASSERT.
 */
MUST_USE enum weir_rc redis_forget_groups(const struct store_redis_options *o,
                                          const struct str *groups, size_t n, struct weir_err *err);

#endif
