/* gathered.c - operations as they lie one behind the other.
 *
 * A fixed head per operation, then its texts. Operations of one matched rule share the capsule,
 * which stands once in front of them behind a short head of its own.
 */
#include "correlate/gather.h"

#include <stddef.h>
#include <string.h>

#include "base/pack.h"
#include "base/str.h"
#include "correlate/gather_impl.h"
#include "state/capsule.h"

_Static_assert(offsetof(struct packed_capsule, no_rule) == offsetof(struct packed_op, rule),
               "a reader tells one from the other");

/* What stands there is a capsule: *n bytes with its head. */
static bool is_capsule(const char *p, size_t *n)
{
    const struct packed_capsule *c = (const struct packed_capsule *)p;

    *n = sizeof *c + c->n;
    return c->no_rule == NO_RULE;
}

/* Bytes behind the head. */
static size_t texts_of(const struct packed_op *op)
{
    return (size_t)op->keys_n + op->value_n + op->addends_n + op->place_n;
}

static void put_capsule(struct gatherer *w, struct group *group)
{
    struct packed_capsule head = {.no_rule = NO_RULE};
    char *to = buf_reserve(group->out, sizeof head + CAPSULE_BYTES);

    head.n = (uint32_t)gather_capsule(w, group->rule, to + sizeof head);
    memcpy(to, &head, sizeof head);
    group->capsule_at = group->out->n + sizeof head;
    group->capsule_n = head.n;
    group->out->n += sizeof head + head.n;
}

void gather_put(struct gatherer *w, struct group *group, struct packed_op *op, struct str keys,
                struct str value, const struct place *place)
{
    if (group->capsule_at == SIZE_MAX) {
        put_capsule(w, group);
        gather_addends(w, group->rule);
    }
    struct str addends = gather_addends_for(w, group->rule, op->rule, keys);
    op->keys_n = (uint32_t)keys.n;
    op->value_n = (uint32_t)value.n;
    op->addends_n = (uint32_t)addends.n;
    op->capsule_n = group->capsule_n;
    op->capsule_back = (uint32_t)(group->out->n - group->capsule_at);
    op->level = gather_level(w, group->rule, op->rule, keys);
    op->place_n = place->has ? (uint8_t)sizeof *place : 0;
    pack_bytes(group->out, op, sizeof *op);
    buf_add(group->out, keys);
    buf_add(group->out, value);
    buf_add(group->out, addends);
    pack_bytes(group->out, place, op->place_n);
    w->counts.operations++;
}

void gathered_add_index(char *gathered, size_t n, uint32_t add)
{
    enum { HEAD = sizeof(struct packed_capsule) };

    for (size_t at = 0, bytes; at + HEAD <= n; at += bytes) {
        if (is_capsule(gathered + at, &bytes)) {
            capsule_add_index(gathered + at + HEAD, bytes - HEAD, add);
            continue;
        }
        struct packed_op *op = (struct packed_op *)(gathered + at);
        op->value += op->is_ordered ? add : 0;
        bytes = sizeof *op + texts_of(op);
    }
}

void gathered_set_order(char *gathered, size_t n, uint64_t order)
{
    for (size_t at = 0, bytes; at + sizeof(struct packed_capsule) <= n; at += bytes) {
        if (is_capsule(gathered + at, &bytes))
            continue;
        struct packed_op *op = (struct packed_op *)(gathered + at);
        op->value = op->is_ordered ? order : op->value;
        bytes = sizeof *op + texts_of(op);
    }
}

struct str gathered_name(struct arena *a, const struct gathered *g)
{
    struct unpack u = unpack_from(g->hit.keys);
    struct str name = unpack_u8(&u) ? unpack_str(&u) : STR("");
    struct capsule capsule;

    if (!str_starts(name, STR(SOLE_RAW)) || !capsule_unpack(g->hit.capsule, &capsule))
        return name;
    return arena_printf(a, "%.*s:%u", (int)name.n, name.p, capsule.index);
}

/* What another thread has written comes line by line from its cache: operations lie one behind the
 * other, so those to come are asked for in time. A prefetch past the end does no harm. */
static void expect(const char *p, size_t n)
{
    enum { LINE = 64, AHEAD = 1024 };

    for (size_t at = 0; at < n; at += LINE)
        PREFETCH(p + AHEAD + at);
}

bool gathered_next(struct str *p, struct gathered *out)
{
    while (p->n >= sizeof(struct packed_capsule)) {
        const struct packed_op *op = (const struct packed_op *)p->p;
        const char *at = p->p, *text = at + sizeof *op;
        size_t bytes;
        if (is_capsule(p->p, &bytes)) { /* of those that follow */
            expect(p->p, bytes);
            *p = str_sub(*p, bytes, p->n);
            continue;
        }
        out->space = op->space;
        out->rule = op->rule;
        out->key = op->key;
        out->hit = (struct hit){.label = op->label,
                                .count = 1,
                                .value = op->value,
                                .actor = op->actor,
                                .event_id = op->event_id,
                                .number_micro = op->number_micro,
                                .level = op->level,
                                .group_key = op->group_key,
                                .keys = {text, op->keys_n},
                                .value_text = {text + op->keys_n, op->value_n},
                                .capsule = {at - op->capsule_back, op->capsule_n},
                                .addends = {text + op->keys_n + op->value_n, op->addends_n}};
        text += op->keys_n + op->value_n + op->addends_n;
        if (op->place_n)
            memcpy(&out->hit.place, text, op->place_n);
        bytes = sizeof *op + texts_of(op);
        expect(p->p, bytes);
        *p = str_sub(*p, bytes, p->n);
        return true;
    }
    return false;
}
