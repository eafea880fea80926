/* names.c - an open-addressing table of texts, grown at three quarters full. */
#include "lang/names.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdlib.h>

struct names {
    struct arena *a;
    struct str *slots; /* p == NULL: free */
    size_t size;       /* a power of two */
    size_t n;
};

enum { FIRST_SIZE = 1024 };

static struct str *slots_new(size_t size)
{
    struct str *slots = calloc(size, sizeof *slots);

    ASSERT(slots != NULL);
    return slots;
}

struct names *names_new(struct arena *a)
{
    struct names *names = calloc(1, sizeof *names);

    ASSERT(names != NULL);
    names->a = a;
    names->size = FIRST_SIZE;
    names->slots = slots_new(FIRST_SIZE);
    return names;
}

void names_free(struct names *names)
{
    if (!names)
        return;
    free(names->slots);
    free(names);
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
    struct str *slots = slots_new(size);

    for (size_t i = 0; i < names->size; i++)
        if (names->slots[i].p)
            *find(slots, size, names->slots[i]) = names->slots[i];
    free(names->slots);
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
    struct str copy = arena_str(names->a, text);
    *slot = copy;
    if (++names->n * 4 > names->size * 3)
        grow(names);
    return copy;
}
