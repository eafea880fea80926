/* dead_reason.c - the names of the reasons why a record gave no event: one list for documents,
 * headers and metrics. The first are those of event_reject. */
#include "worker/dead_letter.h"

const char *dead_reason_name(uint32_t reason)
{
    ASSERT(reason < DEAD_REASONS);
    switch (reason) {
    case DEAD_UNKNOWN_TENANT:
        return "unknown_tenant";
    case DEAD_CRASHED:
        return "crashed";
    case DEAD_CODEC:
        return "codec";
    default:
        return event_reject_name((enum event_reject)reason);
    }
}
