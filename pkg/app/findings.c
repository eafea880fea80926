/* findings.c - alerts folded by finding: an open hash table of indices into an array that
 * grows, keyed by the finding's uid. */
#include "app/findings.h"

#include <stdlib.h>
#include <string.h>

#include "alert/attack.h"
#include "alert/score.h"
#include "app/table.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/time.h"

enum { SLOTS = 1 << 18 /* more than twice FINDINGS_MAX */, UID_BYTES = 16 };

struct row {
    uint8_t uid[UID_BYTES];
    const struct rule *rule;
    struct str entity;
    uint64_t secret; /* same for the same value that `entity` does not show; 0: it shows all */
    int64_t first_ms, last_ms;
    uint64_t count;
    const char *level; /* of the worst record, as the score is */
    int severity;      /* its number */
    int score;
};

struct findings {
    struct arena *arena; /* texts */
    struct row *items;
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

static struct row *add(struct findings *f)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->items = reallocarray(f->items, f->cap, sizeof *f->items);
        ASSERT(f->items);
    }
    f->items[f->n] = (struct row){.entity = STR("")};
    return &f->items[f->n++];
}

static void note_record(struct row *x, const struct finding *f)
{
    int score = score_of(x->rule, f).total;
    struct severity severity = score_severity(x->rule, f);

    if (score > x->score)
        x->score = score;
    if (!x->level || severity.id > x->severity) {
        x->level = severity.id ? rule_level_name((enum rule_level)(severity.id - 1)) : "unknown";
        x->severity = severity.id;
    }
    if (f->hits > x->count)
        x->count = f->hits;
    if (f->first_ms < x->first_ms)
        x->first_ms = f->first_ms;
    if (f->last_ms > x->last_ms)
        x->last_ms = f->last_ms;
}

bool findings_note(struct findings *f, const struct rule *rule, const struct finding *finding)
{
    size_t slot = hash_bytes(finding->uid, UID_BYTES) % SLOTS;

    for (; f->slots[slot]; slot = (slot + 1) % SLOTS) {
        struct row *x = &f->items[f->slots[slot] - 1];
        if (memcmp(x->uid, finding->uid, UID_BYTES) == 0) {
            note_record(x, finding);
            return true;
        }
    }
    if (f->n == FINDINGS_MAX) {
        f->n_beyond++;
        return true;
    }
    struct row *x = add(f);
    f->slots[slot] = (uint32_t)f->n;
    memcpy(x->uid, finding->uid, UID_BYTES);
    x->rule = rule;
    x->first_ms = finding->first_ms;
    x->last_ms = finding->last_ms;
    note_record(x, finding);
    return false;
}

void findings_name(struct findings *f, struct str entity, uint64_t secret)
{
    ASSERT(f->n > 0);
    f->items[f->n - 1].secret = secret;
    f->items[f->n - 1].entity = arena_str(f->arena, entity);
}

static int by_time(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms ? -1 : 1;
    return memcmp(x->uid, y->uid, UID_BYTES);
}

/* The techniques that the rule's tags name, with commas between; "-": none. */
static struct str techniques_of(struct arena *a, const struct rule *rule)
{
    struct attack attacks[ATTACKS_MAX];
    size_t n = attack_of_tags(a, rule->tags, attacks);
    struct str all = STR("");

    for (size_t i = 0; i < n; i++) {
        struct str id = attacks[i].sub_technique.uid.n ? attacks[i].sub_technique.uid
                                                       : attacks[i].technique.uid;
        if (id.n)
            all =
                arena_printf(a, "%.*s%s%.*s", (int)all.n, all.p, all.n ? "," : "", (int)id.n, id.p);
    }
    return all.n ? all : STR("-");
}

/* Values that are not shown, by the order in which they come: two rows with the same number are
 * about the same one, and the number tells nothing else of it. */
struct numbers {
    struct arena *arena;
    struct {
        uint64_t secret; /* 0: free */
        uint32_t number;
    } * slots;
    size_t mask;
    uint32_t n;
};

static void numbers_init(struct numbers *s, struct arena *a, size_t n_rows)
{
    *s = (struct numbers){.arena = a, .mask = 1};
    while (s->mask < 2 * n_rows)
        s->mask = s->mask * 2 + 1;
    s->slots = calloc(s->mask + 1, sizeof *s->slots);
    ASSERT(s->slots);
}

static struct str numbered(struct numbers *s, const struct row *x)
{
    size_t at = x->secret & s->mask;

    if (x->secret == 0)
        return x->entity;
    while (s->slots[at].secret != 0 && s->slots[at].secret != x->secret)
        at = (at + 1) & s->mask;
    if (s->slots[at].secret == 0) {
        s->slots[at].secret = x->secret;
        s->slots[at].number = ++s->n;
    }
    return arena_printf(s->arena, "%.*s #%u", (int)x->entity.n, x->entity.p, s->slots[at].number);
}

static void add_row(struct table *t, const struct row *x, struct numbers *numbers, struct arena *a)
{
    char time[TIME_TEXT_MAX];
    size_t n = time_format_ms(x->first_ms, time);

    table_cell(t, (struct str){time, n});
    table_cell(t, str_from(x->level));
    table_cellf(t, "%d", x->score);
    table_cell(t, techniques_of(a, x->rule));
    table_cell(t, x->rule->title);
    table_cell(t, numbered(numbers, x));
    table_count(t, x->count);
    table_cell(t, x->rule->uid);
}

void findings_print(const struct findings *f, struct buf *out)
{
    static const struct table_column columns[] = {
        {"TIME", false, 0},   {"LEVEL", false, 0},   {"SCORE", true, 0}, {"TECHNIQUE", false, 20},
        {"TITLE", false, 80}, {"ENTITY", false, 40}, {"COUNT", true, 0}, {"RULE", false, 40},
    };
    struct row **sorted = calloc(f->n + 1, sizeof *sorted);
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    struct numbers numbers;

    ASSERT(sorted);
    numbers_init(&numbers, f->arena, f->n);
    for (size_t i = 0; i < f->n; i++)
        sorted[i] = &f->items[i];
    qsort(sorted, f->n, sizeof *sorted, by_time);
    for (size_t i = 0; i < f->n; i++)
        add_row(t, sorted[i], &numbers, f->arena);
    table_print(t, 0, out);
    if (f->n_beyond)
        buf_printf(out, "... and %llu alerts of findings beyond the first %d\n",
                   (unsigned long long)f->n_beyond, FINDINGS_MAX);
    table_free(t);
    free(numbers.slots);
    free(sorted);
}
