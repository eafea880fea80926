/* findings.c - alerts folded by finding: an open hash table of indices into an array that
 * grows, keyed by the finding's uid. */
#include "app/findings.h"

#include <stdlib.h>
#include <string.h>

#include "app/table.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "event/time.h"

enum { SLOTS = 1 << 18 /* more than twice FINDINGS_MAX */ };

struct finding {
    char uid[37];
    const struct rule *rule;
    struct str entity;
    int64_t first_ms, last_ms;
    uint64_t count;
};

struct findings {
    struct arena *arena; /* texts */
    struct finding *items;
    size_t n, cap;
    uint64_t n_beyond; /* alerts of findings that found no room */
    uint32_t *slots;   /* index + 1; 0: free */
};

struct findings *findings_new(void)
{
    struct findings *f = calloc(1, sizeof *f);

    ASSERT(f);
    f->arena = arena_new(0);
    f->slots = calloc(SLOTS, sizeof *f->slots);
    ASSERT(f->slots);
    return f;
}

void findings_free(struct findings *f)
{
    if (!f)
        return;
    arena_free(f->arena);
    free(f->items);
    free(f->slots);
    free(f);
}

static struct finding *add(struct findings *f)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->items = reallocarray(f->items, f->cap, sizeof *f->items);
        ASSERT(f->items);
    }
    f->items[f->n] = (struct finding){.entity = STR("")};
    return &f->items[f->n++];
}

static void count_again(struct finding *x, int64_t time_ms)
{
    x->count++;
    if (time_ms < x->first_ms)
        x->first_ms = time_ms;
    if (time_ms > x->last_ms)
        x->last_ms = time_ms;
}

bool findings_count(struct findings *f, const char uid[37], const struct rule *rule,
                    int64_t time_ms)
{
    size_t slot = hash_bytes(uid, 36) % SLOTS;

    for (; f->slots[slot]; slot = (slot + 1) % SLOTS) {
        struct finding *x = &f->items[f->slots[slot] - 1];
        if (memcmp(x->uid, uid, 36) == 0) {
            count_again(x, time_ms);
            return true;
        }
    }
    if (f->n == FINDINGS_MAX) {
        f->n_beyond++;
        return true;
    }
    struct finding *x = add(f);
    f->slots[slot] = (uint32_t)f->n;
    memcpy(x->uid, uid, 36);
    x->rule = rule;
    x->first_ms = x->last_ms = time_ms;
    x->count = 1;
    return false;
}

void findings_name(struct findings *f, struct str entity)
{
    ASSERT(f->n > 0);
    f->items[f->n - 1].entity = arena_str(f->arena, entity);
}

static int by_time(const void *a, const void *b)
{
    const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;

    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms ? -1 : 1;
    return memcmp(x->uid, y->uid, 36);
}

static void add_row(struct table *t, const struct finding *x)
{
    char time[TIME_TEXT_MAX];
    size_t n = time_format_ms(x->first_ms, time);

    table_cell(t, (struct str){time, n});
    table_cell(t, str_from(rule_level_name(x->rule->level)));
    table_cellf(t, "%d", rule_level_score(x->rule->level));
    table_cell(t, x->rule->title);
    table_cell(t, x->entity);
    table_count(t, x->count);
    table_cell(t, x->rule->uid);
}

void findings_print(const struct findings *f, struct buf *out)
{
    static const struct table_column columns[] = {
        {"TIME", false, 0},    {"LEVEL", false, 0}, {"SCORE", true, 0},  {"TITLE", false, 72},
        {"ENTITY", false, 40}, {"COUNT", true, 0},  {"RULE", false, 40},
    };
    struct finding **sorted = calloc(f->n + 1, sizeof *sorted);
    struct table *t = table_new(columns, ARRAY_LEN(columns));

    ASSERT(sorted);
    for (size_t i = 0; i < f->n; i++)
        sorted[i] = &f->items[i];
    qsort(sorted, f->n, sizeof *sorted, by_time);
    for (size_t i = 0; i < f->n; i++)
        add_row(t, sorted[i]);
    table_print(t, 0, out);
    if (f->n_beyond)
        buf_printf(out, "... and %llu alerts of findings beyond the first %d\n",
                   (unsigned long long)f->n_beyond, FINDINGS_MAX);
    table_free(t);
    free(sorted);
}
