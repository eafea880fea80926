/* stream.c - do a rule's streams and an event's have a name in common?
 *
 * Asked once per shape and logsource, never per event.
 */
#include "event/stream.h"

#include <string.h>

#include "base/str.h"

/* can[j]: what is left of a (from some place on) and what is left of b from j on can be the same.
 * Row by row from the end of a. Most names differ before the first star of either: that is asked
 * ahead. */
bool stream_names_meet(struct str a, struct str b)
{
    bool can[STREAM_NAME_MAX + 1];
    size_t same_n = 0;

    if (a.n > STREAM_NAME_MAX || b.n > STREAM_NAME_MAX)
        return true;
    for (; same_n < a.n && same_n < b.n && a.p[same_n] != '*' && b.p[same_n] != '*'; same_n++)
        if (ascii_lower(a.p[same_n]) != ascii_lower(b.p[same_n]))
            return false;
    a = str_sub(a, same_n, a.n);
    b = str_sub(b, same_n, b.n);
    can[b.n] = true;
    for (size_t j = b.n; j-- > 0;)
        can[j] = b.p[j] == '*' && can[j + 1];
    for (size_t i = a.n; i-- > 0;) {
        bool below = can[b.n]; /* of the row before: a from i + 1, b from j + 1 */
        can[b.n] = a.p[i] == '*' && can[b.n];
        for (size_t j = b.n; j-- > 0;) {
            bool same = can[j];
            if (a.p[i] == '*' || b.p[j] == '*')
                can[j] = can[j] || can[j + 1];
            else
                can[j] = ascii_lower(a.p[i]) == ascii_lower(b.p[j]) && below;
            below = same;
        }
    }
    return can[0];
}

/* Is every name that the pattern `name` stands for one of `by`? True is certain: `*` in `name` is a
 * character that only `*` of `by` stands for. */
static bool is_covered(struct str name, struct str by)
{
    size_t i = 0, j = 0, star = SIZE_MAX, from = 0;

    while (i < name.n) {
        if (j < by.n && by.p[j] == '*') {
            star = j++;
            from = i;
        } else if (j < by.n && ascii_lower(by.p[j]) == ascii_lower(name.p[i])) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            j = star + 1;
            i = ++from;
        } else {
            return false;
        }
    }
    while (j < by.n && by.p[j] == '*')
        j++;
    return j == by.n;
}

static bool is_exclusion(struct str wanted)
{
    return wanted.n > 1 && wanted.p[0] == '-';
}

/* Some exclusion behind wanted[i] takes the name away. */
static bool is_excluded(struct str name, const struct str_list *wanted, size_t i)
{
    for (; i < wanted->n; i++) {
        struct str by = str_trim(wanted->items[i]);
        if (is_exclusion(by) && str_find_char(by, ':', 0) == SIZE_MAX &&
            is_covered(name, str_sub(by, 1, SIZE_MAX)))
            return true;
    }
    return false;
}

/* What stands before '=': of which kind a name is; empty: an index. */
static struct str kind_of(struct str name)
{
    size_t at = str_find_char(name, '=', 0);

    return at == SIZE_MAX ? STR("") : str_sub(name, 0, at);
}

static struct str without_cluster(struct str name)
{
    size_t at = str_find_char(name, ':', 0);

    return at == SIZE_MAX || kind_of(name).n ? name : str_sub(name, at + 1, name.n);
}

/* The pattern's text with its value; false if it says nothing. */
static bool name_of(const struct stream_facts *facts, size_t i, bool any_value,
                    char out[STREAM_NAME_MAX], struct str *name)
{
    const struct stream_pattern *p = &facts->patterns[i];
    struct str value = any_value ? STR("*") : STR("");

    if (p->slot == STREAM_NO_SLOT) {
        *name = p->before;
        return true;
    }
    if (!any_value)
        value = facts->slots[p->slot];
    if (value.n == 0 || p->before.n + value.n + p->after.n > STREAM_NAME_MAX)
        return false;
    memcpy(out, p->before.p, p->before.n);
    memcpy(out + p->before.n, value.p, value.n);
    if (p->after.n)
        memcpy(out + p->before.n + value.n, p->after.p, p->after.n);
    *name = (struct str){out, p->before.n + value.n + p->after.n};
    return true;
}

struct asked {
    const struct str_list *wanted;
    size_t i; /* which of them */
    struct str name;
    bool any_value;
};

/* Is one of the event's names the wanted one? Names with a value or those without are asked;
 * *is_known if there is any of that kind. */
static bool has_name(const struct stream_facts *facts, const struct asked *a, bool with_value,
                     bool *is_known)
{
    char text[STREAM_NAME_MAX];
    struct str name;

    for (size_t i = 0; i < facts->n; i++) {
        if ((facts->patterns[i].slot != STREAM_NO_SLOT) != with_value ||
            !name_of(facts, i, a->any_value, text, &name) ||
            !str_eq_ci(kind_of(name), kind_of(a->name)))
            continue;
        if (stream_names_meet(name, a->name) && !is_excluded(name, a->wanted, a->i))
            return true;
        *is_known = true;
    }
    return false;
}

/* What the event says itself goes before what is generally so. */
static bool allows_one(const struct stream_facts *facts, const struct asked *a)
{
    bool is_known = false;

    if (has_name(facts, a, true, &is_known))
        return true;
    if (is_known && !a->any_value)
        return false;
    return has_name(facts, a, false, &is_known) || !is_known;
}

static bool allows(const struct stream_facts *facts, const struct str_list *wanted, bool any_value)
{
    bool says_something = false;

    for (size_t i = 0; i < wanted->n; i++) {
        struct str name = str_trim(wanted->items[i]);
        if (name.n == 0 || name.p[0] == '-')
            continue;
        struct asked a = {wanted, i, without_cluster(name), any_value};
        if (allows_one(facts, &a))
            return true;
        says_something = true;
    }
    return !says_something;
}

bool stream_allows(const struct stream_facts *facts, const struct str_list *wanted)
{
    return allows(facts, wanted, false);
}

bool stream_may_allow(const struct stream_facts *facts, const struct str_list *wanted)
{
    return allows(facts, wanted, true);
}

int stream_facts_cmp(const struct stream_facts *a, const struct stream_facts *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (size_t i = 0; i < STREAM_SLOTS_MAX; i++) {
        int c = str_cmp(a->slots[i], b->slots[i]);
        if (c)
            return c;
    }
    return 0;
}
