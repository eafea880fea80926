/* broker.c - transactions as the broker sees them (broker.h). */
#include "broker.h"

#include <string.h>

void sim_broker_init(struct sim_broker *b)
{
    memset(b, 0, offsetof(struct sim_broker, output));
}

static void finish(struct sim_broker *b, uint32_t slot, bool is_commit)
{
    struct sim_transaction *t = &b->slots[slot];

    for (uint32_t i = t->first; i < b->n_output; i++)
        if (b->output[i].slot == slot && b->output[i].state == SIM_OPEN)
            b->output[i].state = is_commit ? SIM_COMMITTED : SIM_ABORTED;
    for (uint32_t i = t->first_fact; i < b->n_facts; i++)
        if (b->facts[i].slot == slot && b->facts[i].state == SIM_OPEN)
            b->facts[i].state = is_commit ? SIM_COMMITTED : SIM_ABORTED;
    for (uint32_t p = 0; p < SIM_PARTS_MAX; p++) {
        if (is_commit && t->offsets[p].has) {
            b->committed[p].has = true;
            b->committed[p].offset = t->offsets[p].offset;
            b->committed[p].n_metadata = t->offsets[p].n_metadata;
            memcpy(b->committed[p].metadata, t->offsets[p].metadata, t->offsets[p].n_metadata);
        }
        t->offsets[p].has = false;
    }
    t->is_open = false;
}

uint32_t sim_init_producer(struct sim_broker *b, uint32_t slot)
{
    if (b->slots[slot].is_open)
        finish(b, slot, false);
    return ++b->slots[slot].epoch;
}

static void open_transaction(struct sim_broker *b, uint32_t slot, int64_t now_ms)
{
    struct sim_transaction *t = &b->slots[slot];

    if (t->is_open)
        return;
    t->is_open = true;
    t->since_ms = now_ms;
    t->first = b->n_output;
    t->first_fact = b->n_facts;
}

enum protocol_outcome sim_produce(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                  int64_t now_ms, const struct sim_published *r)
{
    if (b->slots[slot].epoch != epoch)
        return PROTOCOL_FATAL;
    open_transaction(b, slot, now_ms);
    ASSERT(b->n_output < SIM_OUTPUT_MAX);
    b->output[b->n_output++] = (struct sim_output){*r, SIM_OPEN, slot};
    return PROTOCOL_DONE;
}

enum protocol_outcome sim_produce_fact(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                       int64_t now_ms, const struct fact *f)
{
    if (b->slots[slot].epoch != epoch)
        return PROTOCOL_FATAL;
    open_transaction(b, slot, now_ms);
    ASSERT(b->n_facts < SIM_FACTS_MAX);
    b->facts[b->n_facts++] = (struct sim_fact){*f, SIM_OPEN, slot};
    return PROTOCOL_DONE;
}

enum protocol_outcome sim_send_offset(struct sim_broker *b, uint32_t slot, uint32_t epoch,
                                      int64_t now_ms, uint32_t generation, uint32_t member,
                                      uint32_t partition, uint64_t offset, struct str metadata)
{
    if (b->slots[slot].epoch != epoch)
        return PROTOCOL_FATAL;
    if (generation != b->generation || b->owner[partition] != member)
        return PROTOCOL_ABORTABLE;
    ASSERT(metadata.n <= PROTOCOL_METADATA_MAX);
    open_transaction(b, slot, now_ms);
    struct sim_offset *o = &b->slots[slot].offsets[partition];
    o->has = true;
    o->offset = offset;
    o->n_metadata = (uint32_t)metadata.n;
    memcpy(o->metadata, metadata.p, metadata.n);
    return PROTOCOL_DONE;
}

enum protocol_outcome sim_end(struct sim_broker *b, uint32_t slot, uint32_t epoch, bool is_commit)
{
    if (b->slots[slot].epoch != epoch)
        return PROTOCOL_FATAL;
    if (b->slots[slot].is_open)
        finish(b, slot, is_commit);
    return PROTOCOL_DONE;
}

void sim_hold_up(struct sim_broker *b, uint32_t slot, uint32_t epoch, bool is_commit)
{
    if (b->n_late < SIM_LATE_MAX)
        b->late[b->n_late++] = (struct sim_late){slot, epoch, is_commit};
}

void sim_arrive(struct sim_broker *b, uint32_t i)
{
    struct sim_late late = b->late[i];

    b->late[i] = b->late[--b->n_late];
    (void)sim_end(b, late.slot, late.epoch, late.is_commit);
}

void sim_time_out(struct sim_broker *b, uint32_t slot)
{
    if (!b->slots[slot].is_open)
        return;
    finish(b, slot, false);
    b->slots[slot].epoch++;
}

bool sim_is_stable(const struct sim_broker *b, uint32_t partition)
{
    for (uint32_t i = 0; i < SIM_SLOTS; i++)
        if (b->slots[i].is_open && b->slots[i].offsets[partition].has)
            return false;
    return true;
}

bool sim_any_open(const struct sim_broker *b)
{
    for (uint32_t i = 0; i < SIM_SLOTS; i++)
        if (b->slots[i].is_open)
            return true;
    return false;
}
