/* field.c - names of fields as small numbers.
 *
 * An open-addressed table of numbers over an array of names. It doubles at half full; what it
 * outgrows stays in the arena, which lives as long as the rule set anyway.
 */
#include "event/field.h"

#include "base/hash.h"
#include "base/str.h"
#include "rule/rule.h"

enum { SLOTS_START = 1024 }; /* a power of two, as every later size */

struct field_table {
    struct arena *arena;
    struct str *names;
    uint64_t *hashes;
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t n_names, n_slots;
};

/* The slot that holds the name, or the free one where it belongs. */
static uint32_t slot_of(const struct field_table *t, struct str name, uint64_t hash)
{
    uint32_t mask = t->n_slots - 1;
    uint32_t slot = (uint32_t)hash & mask;

    while (t->slots[slot]) {
        uint32_t number = t->slots[slot] - 1;
        if (t->hashes[number] == hash && str_eq(t->names[number], name))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void table_grow(struct field_table *t, uint32_t n_slots)
{
    struct str *names = ARENA_ARRAY(t->arena, n_slots / 2, struct str);
    uint64_t *hashes = ARENA_ARRAY(t->arena, n_slots / 2, uint64_t);

    for (uint32_t i = 0; i < t->n_names; i++) {
        names[i] = t->names[i];
        hashes[i] = t->hashes[i];
    }
    t->names = names;
    t->hashes = hashes;
    t->n_slots = n_slots;
    t->slots = ARENA_ARRAY(t->arena, n_slots, uint32_t);
    for (uint32_t i = 0; i < t->n_names; i++)
        t->slots[slot_of(t, names[i], hashes[i])] = i + 1;
}

struct field_table *field_table_new(struct arena *a)
{
    struct field_table *t = ARENA_NEW(a, struct field_table);

    t->arena = a;
    table_grow(t, SLOTS_START);
    uint32_t any = field_intern(t, str_from(FIELD_ANY_NAME));
    ASSERT(any == FIELD_ANY);
    return t;
}

uint32_t field_intern(struct field_table *t, struct str name)
{
    uint64_t hash = hash_str(name);
    uint32_t slot = slot_of(t, name, hash);

    if (t->slots[slot])
        return t->slots[slot] - 1;

    if (t->n_names == t->n_slots / 2) {
        table_grow(t, t->n_slots * 2);
        slot = slot_of(t, name, hash);
    }
    uint32_t number = t->n_names++;
    t->names[number] = arena_str(t->arena, name);
    t->hashes[number] = hash;
    t->slots[slot] = number + 1;
    return number;
}

uint32_t field_find(const struct field_table *t, struct str name)
{
    uint32_t slot = slot_of(t, name, hash_str(name));

    return t->slots[slot] ? t->slots[slot] - 1 : (uint32_t)FIELD_NONE;
}

struct str field_name(const struct field_table *t, uint32_t field)
{
    ASSERT(field < t->n_names);
    return t->names[field];
}

uint32_t field_count(const struct field_table *t)
{
    return t->n_names;
}

bool field_is_pseudo(struct str name)
{
    static const struct str names[] = {
        {"@file", 5}, {"@topic", 6}, {"@partition", 10}, {"@key", 4}};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(names[i], name))
            return true;
    return str_starts(name, STR("@header."));
}
