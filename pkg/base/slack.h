/* slack.h - room that scratch holds and has not needed of late.
 *
 * Scratch that is filled in each round (a batch, a call of the store) keeps its room, so that a
 * round asks for no memory. But one large round would keep its room for good, and each place that
 * does so meets its largest round at another time: a process that grows for hours. So rounds are
 * looked at in stretches of SLACK_ROUNDS: where none of a stretch needed a SLACK_TIMES-th of the
 * room, it goes back whole, and grows anew with what comes. Room that doubled to fit a round
 * stays as long as there is such a round in each stretch.
 *
 *     if (slack_is_too_much(&b->slack, b->text.n, b->text.cap))    behind each round
 *         buf_release(&b->text);
 *
 * Memory   a plain value; zeros are a valid one.
 * Threads  belongs to whoever has the scratch.
 */
#ifndef WEIR_BASE_SLACK_H
#define WEIR_BASE_SLACK_H

#include "base/base.h"

enum { SLACK_ROUNDS = 32, SLACK_TIMES = 4, SLACK_KEPT = 8 * 1024 /* bytes that may stay */ };

struct slack {
    size_t most;       /* bytes that a round of this stretch needed */
    uint32_t n_rounds; /* of this stretch */
};

/* A round is over that needed `used` bytes of the `held`: should they be given back? */
bool slack_is_too_much(struct slack *s, size_t used, size_t held);

#endif
