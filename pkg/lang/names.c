/* names.c - an open-addressing table of texts, grown at three quarters full. The outgrown
 * tables stay in the arena: together they are as large as the last one. */
#include "lang/names.h"

#include "base/hash.h"
#include "base/str.h"

struct names {
    struct arena *copies, *table;
    struct str *slots; /* p == NULL: free */
    size_t size;       /* a power of two */
    size_t n;
};

enum { FIRST_SIZE = 1024 };

struct names *names_new(struct arena *copies, struct arena *table)
{
    struct names *names = ARENA_NEW(table, struct names);

    names->copies = copies;
    names->table = table;
    names->size = FIRST_SIZE;
    names->slots = ARENA_ARRAY(table, FIRST_SIZE, struct str);
    return names;
}

static struct str *find(struct str *slots, size_t size, struct str text)
{
    size_t i = (size_t)hash_str(text) & (size - 1);

    while (slots[i].p && !str_eq(slots[i], text))
        i = (i + 1) & (size - 1);
    return &slots[i];
}

static void grow(struct names *names)
{
    size_t size = names->size * 2;
    struct str *slots = ARENA_ARRAY(names->table, size, struct str);

    for (size_t i = 0; i < names->size; i++)
        if (names->slots[i].p)
            *find(slots, size, names->slots[i]) = names->slots[i];
    names->slots = slots;
    names->size = size;
}

struct str names_intern(struct names *names, struct str text)
{
    if (text.n == 0)
        return STR("");
    struct str *slot = find(names->slots, names->size, text);
    if (slot->p)
        return *slot;
    struct str copy = arena_str(names->copies, text);
    *slot = copy;
    if (++names->n * 4 > names->size * 3)
        grow(names);
    return copy;
}
