/* redis_check.c - a session that looks, opened and closed. */
#include "state/redis_check.h"

#include "state/redis_session.h"

enum weir_rc redis_check_options(const struct store_redis_options *o, struct weir_err *err)
{
    struct redis_session s = {0};
    enum weir_rc rc = redis_session_configure(&s, o, err);

    redis_session_release(&s);
    return rc;
}

enum weir_rc redis_check(const struct store_redis_options *o, uint64_t total_bytes,
                         struct weir_err *err)
{
    struct redis_session s = {0};
    enum weir_rc rc = redis_session_configure(&s, o, err);

    s.is_looking = s.may_be_new = true;
    if (rc == WEIR_OK)
        rc = redis_session_open(&s, err);
    if (rc == WEIR_OK)
        rc = redis_session_check_budget(&s, total_bytes, err);
    redis_session_release(&s);
    return rc;
}
