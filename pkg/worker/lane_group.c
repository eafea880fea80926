/* lane_group.c - the partitions that the group has given to a lane, and their numbers in the store.
 */
#include "worker/lane_impl.h"

#include "worker/log.h"

#include <stdlib.h>
#include <string.h>

static void *grown(void *list, size_t n, size_t size)
{
    list = reallocarray(list, n, size);
    ASSERT(list);
    return list;
}

static void room_for(struct lane *l, size_t n)
{
    if (n > l->cap) {
        l->owned = grown(l->owned, n, sizeof *l->owned);
        l->parts = grown(l->parts, n, sizeof *l->parts);
        l->taken = grown(l->taken, n, sizeof *l->taken);
        l->offsets = grown(l->offsets, n, sizeof *l->offsets);
        l->numbers = grown(l->numbers, n, sizeof *l->numbers);
        l->begins = grown(l->begins, n, sizeof *l->begins);
        l->cap = n;
    }
    l->n = n;
    if (n)
        memset(l->parts, 0, n * sizeof *l->parts);
}

enum weir_rc lane_number_owned(struct lane *l, const char *incarnation, struct weir_err *err)
{
    for (size_t i = 0; i < l->n; i++)
        TRY(partition_book_number(l->book, incarnation, l->owned[i].topic, l->owned[i].partition,
                                  &l->numbers[i], err));
    return WEIR_OK;
}

void lane_assign(struct lane *l)
{
    protocol_grow(l->protocol, partition_book_count(l->book));
    for (size_t i = 0; i < l->n; i++)
        l->parts[i].number = l->numbers[i];
    protocol_assign(l->protocol, l->numbers, l->n);
    l->owes_assignment = false;
    l->has_plan = false;
    post_plan_size(&l->plan, l->n);
}

static void tell_metrics_partitions(struct lane *l)
{
    struct metric_owned *owned = calloc(l->n + 1, sizeof *owned);

    ASSERT(owned);
    for (size_t i = 0; i < l->n; i++)
        owned[i] = (struct metric_owned){l->owned[i].topic, l->owned[i].partition};
    metric_partitions(l->metrics, owned, l->n);
    metric_add(l->metrics, METRIC_REBALANCES, 1);
    free(owned);
}

/* What the group has said since. Its partitions are nobody's until they have numbers: the protocol
 * lets go of the old ones at once. */
void lane_learn_group(struct lane *l)
{
    const struct kafka_partition *list;
    size_t n;

    if (post_group(l->post, &l->group, &list, &n)) {
        room_for(l, n);
        if (n)
            memcpy(l->owned, list, n * sizeof *list);
        lane_make_scene(l);
        tell_metrics_partitions(l);
        l->owes_assignment = true;
        if (n == 0)
            lane_assign(l);
        else
            protocol_assign(l->protocol, NULL, 0);
        LOG(LOG_INFO, "partitions assigned", LOG_U("lane", l->options.number), LOG_U("n", n));
    }
    if (!l->owes_assignment)
        return;
    if (lane_number_owned(l, NULL, &l->err) == WEIR_OK)
        lane_assign(l);
    else
        LOG(LOG_WARN, "partitions wait for the store", LOG_S("error", str_from(l->err.text)),
            LOG_U("lane", l->options.number));
}
