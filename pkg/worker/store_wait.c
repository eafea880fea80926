/* store_wait.c - told once, then tried again in even pauses: there is nothing to be woken by. */
#include "worker/store_wait.h"

#include "base/now.h"
#include "base/str.h"
#include "worker/log.h"

#include <poll.h>

bool store_wait_again(struct store_wait *w, enum weir_rc *rc, struct weir_err *err)
{
    uint32_t ms = w->ms ? w->ms : STORE_WAIT_MS;
    int64_t now_ms = now_monotonic_ms();

    if (*rc != WEIR_IO)
        return false;
    if (!w->end_ms) {
        w->end_ms = now_ms + ms;
        LOG(LOG_WARN, "the store does not answer: waiting for it",
            LOG_S("error", str_from(err->text)), LOG_U("at_most_ms", ms));
    }
    if (now_ms >= w->end_ms)
        return false;
    if (w->must_end(w->context)) {
        *rc = err_set(err, WEIR_CLOSED, "asked to end while the store did not answer");
        return false;
    }
    poll(NULL, 0, STORE_WAIT_PAUSE_MS);
    return true;
}
