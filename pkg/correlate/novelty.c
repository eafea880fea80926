/* novelty.c - the first finding of a rule for a key: a cell that remembers when the last one was.
 */
#include "correlate/novelty.h"

#include <string.h>

#include "base/str.h"
#include "correlate/brake.h"
#include "state/finding.h"

enum { NOVELTY_VERSION = 1 };

struct novelty {
    uint8_t version, unused[7];
    int64_t last_ms;
};

/* When the last finding was; INT64_MIN: there was none, or the cell is not ours. */
static int64_t last_of(const struct cell *c)
{
    struct novelty n;

    if (c->main.n != sizeof n)
        return INT64_MIN;
    memcpy(&n, c->main.p, sizeof n);
    return n.version == NOVELTY_VERSION ? n.last_ms : INT64_MIN;
}

static void remember(struct cell *c, int64_t last_ms)
{
    struct novelty n = {.version = NOVELTY_VERSION, .last_ms = last_ms};

    if (!cell_resize(c, sizeof n)) /* counted by the store; the next one looks like the first */
        return;
    memcpy(c->main.p, &n, sizeof n);
    c->idle_ms =
        last_ms > INT64_MAX - NOVELTY_HISTORY_MS ? CELL_NEVER : last_ms + NOVELTY_HISTORY_MS;
    c->weight = 1;
}

void novelty_step(void *context, const struct state_op *op, struct cell *cell,
                  const struct step_clock *clock, struct emissions *out)
{
    const struct novelty_spec *spec = context;
    struct finding f;
    struct buf bytes = {0};

    (void)clock;
    if (!op)
        return; /* it asks for no timer */
    const struct brake_hit *hit = op->payload;
    if (!finding_unpack(hit->record, &f))
        return;
    int64_t last = last_of(cell);
    bool is_first = last == INT64_MIN || (op->t_ms > last && op->t_ms - last > NOVELTY_HISTORY_MS);
    if (is_first)
        finding_add(
            &f, &(struct finding_addend){STR("first_seen"), spec->points,
                                         STR("the rule's first finding of this key in 30 days")});
    remember(cell, op->t_ms > last ? op->t_ms : last);
    finding_pack(&f, &bytes);
    emissions_add(out, buf_str(&bytes));
    buf_release(&bytes);
}
