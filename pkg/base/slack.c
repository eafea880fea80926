/* slack.c - room that scratch has not needed of late: judged once a stretch of rounds. */
#include "base/slack.h"

bool slack_is_too_much(struct slack *s, size_t used, size_t held)
{
    if (s->most < used)
        s->most = used;
    if (++s->n_rounds < SLACK_ROUNDS)
        return false;
    size_t needed = s->most;
    *s = (struct slack){0};
    return held > SLACK_KEPT && held / SLACK_TIMES > needed;
}
