/* expand.c - one value to several: lists for placeholders, members for sets.
 *
 * Both are the same walk: the results so far are multiplied by the choices of each part. The
 * product is checked against EXPAND_VALUES_MAX before it is built. What stands in a list is
 * meant as the list's mode says, whatever the rule's author expected of it.
 */
#include "lang/sigma/modifier.h"

#include "base/letter.h"
#include "base/str.h"

/* What a part can become: n alternatives, each a run of parts. */
struct choices {
    const struct sigma_string *items;
    size_t n;
};

struct results {
    struct sigma_string *items;
    size_t n;
};

static struct sigma_string append(struct arena *a, struct sigma_string x, struct sigma_string y)
{
    struct sigma_part *parts = ARENA_ARRAY(a, x.n + y.n, struct sigma_part);

    for (size_t i = 0; i < x.n; i++)
        parts[i] = x.parts[i];
    for (size_t i = 0; i < y.n; i++)
        parts[x.n + i] = y.parts[i];
    return (struct sigma_string){parts, x.n + y.n};
}

static bool multiply(struct sigma_scope *s, const struct sigma_value *v, struct results *r,
                     struct choices by)
{
    if (by.n && r->n > EXPAND_VALUES_MAX / by.n)
        return diag_error(s->diag, v->at, "'%.*s' expands to more than %d values", SHOWN(v->raw),
                          EXPAND_VALUES_MAX);
    struct results next = {ARENA_ARRAY(s->scratch, r->n * by.n, struct sigma_string), 0};
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < by.n; k++)
            next.items[next.n++] = append(s->scratch, r->items[i], by.items[k]);
    *r = next;
    return true;
}

struct named_list {
    struct str name;
    struct str_list entries;
    enum list_mode mode;
};

static bool no_list(struct sigma_scope *s, const struct sigma_value *v, struct str name)
{
    struct str near = STR("");
    if (s->lists && s->lists->nearest)
        near = s->lists->nearest(s->lists->context, name);
    if (near.n)
        return diag_error(s->diag, v->at,
                          "no list '%.*s' for the placeholder %%%.*s%% (did you mean '%.*s'?)",
                          SHOWN(name), SHOWN(name), SHOWN(near));
    return diag_error(s->diag, v->at,
                      "no list '%.*s' for the placeholder %%%.*s%%: give it with --list %.*s=FILE",
                      SHOWN(name), SHOWN(name), SHOWN(name));
}

static bool look_up(struct sigma_scope *s, const struct sigma_value *v, struct str name,
                    struct named_list *out)
{
    out->name = name;
    if (!s->lists || !s->lists->lookup(s->lists->context, name, &out->entries, &out->mode))
        return no_list(s, v, name);
    if (out->entries.n == 0)
        diag_warn(s->diag, v->at, "the list '%.*s' is empty: '%%%.*s%%' never matches", SHOWN(name),
                  SHOWN(name));
    if (out->entries.n > EXPAND_VALUES_MAX)
        return diag_error(s->diag, v->at, "'%.*s' expands to more than %d values", SHOWN(v->raw),
                          EXPAND_VALUES_MAX);
    return true;
}

/* ---- in a regex: entries are quoted, their wildcards become .* and . ---------------------- */

static char *quote(char *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x80 && c > ' ' && !letter_is_word(c))
            *out++ = '\\';
        *out++ = (char)c;
    }
    return out;
}

/* A list entry as a regex, in a group so that a quantifier behind it means all of it. The case
 * is that of the regex around it, unless the list is exact: then no `i` reaches it. */
static struct str pattern_of(struct arena *a, struct sigma_string s, bool is_exact)
{
    size_t size = sizeof "(?-i:)" - 1;

    for (size_t i = 0; i < s.n; i++)
        size += s.parts[i].text.n * 2 + 2;
    char *p = arena_alloc(a, size), *out = p;
    *out++ = '(', *out++ = '?';
    if (is_exact)
        *out++ = '-', *out++ = 'i';
    *out++ = ':';
    for (size_t i = 0; i < s.n; i++) {
        if (s.parts[i].kind == SIGMA_TEXT) {
            out = quote(out, s.parts[i].text);
        } else {
            *out++ = '.';
            if (s.parts[i].kind == SIGMA_ANY)
                *out++ = '*';
        }
    }
    *out++ = ')';
    return (struct str){p, (size_t)(out - p)};
}

static struct choices list_choices(struct sigma_scope *s, const struct named_list *list,
                                   bool is_regex)
{
    struct str_list entries = list->entries;
    struct sigma_string *items = ARENA_ARRAY(s->scratch, entries.n, struct sigma_string);

    for (size_t i = 0; i < entries.n; i++) {
        items[i] = list->mode == LIST_GLOB
                       ? sigma_string_parse(s->scratch, entries.items[i], false, NULL)
                       : sigma_string_of(s->scratch, entries.items[i]);
        if (is_regex)
            items[i] = sigma_string_of(s->scratch,
                                       pattern_of(s->scratch, items[i], list->mode == LIST_EXACT));
    }
    return (struct choices){items, entries.n};
}

static struct choices set_choices(struct sigma_scope *s, struct str set)
{
    struct sigma_string *items = ARENA_ARRAY(s->scratch, set.n, struct sigma_string);
    size_t count = 0, n;

    for (size_t i = 0; i < set.n; i += n) {
        letter_at(set, i, &n);
        items[count++] = sigma_string_of(s->scratch, str_sub(set, i, n));
    }
    return (struct choices){items, count};
}

static void set_result(struct sigma_scope *s, struct sigma_value *v, struct sigma_string result)
{
    v->string = sigma_string_tidy(s->scratch, result);
    if (v->kind == SIGMA_REGEX)
        v->text = v->string.n ? v->string.parts[0].text : STR("");
}

/* The first result stays in *v, so that a caller's place for it is filled. */
static void give_results(struct sigma_scope *s, struct sigma_value *v, const struct results *r,
                         struct sigma_values *more)
{
    v->is_expanded = true;
    if (r->n == 0) {
        v->kind = SIGMA_NEVER;
        return;
    }
    for (size_t i = 1; i < r->n; i++) {
        struct sigma_value copy = *v;
        set_result(s, &copy, r->items[i]);
        sigma_values_push(s->scratch, more, &copy);
    }
    set_result(s, v, r->items[0]);
}

/* What the list's mode asks of the value around it. An atom has one case for all of its text:
 * an exact list makes all of it exact, so a list that ignores case cannot stand beside it. */
static bool fit_mode(struct sigma_scope *s, struct sigma_value *v, const struct named_list *list,
                     const struct named_list *before)
{
    if (list->mode == LIST_CIDR)
        return diag_error(
            s->diag, v->at,
            "the list '%.*s' holds networks (mode cidr): '%%%.*s%%' must be the whole "
            "value and 'expand' the only modifier",
            SHOWN(list->name), SHOWN(list->name));
    if (v->kind == SIGMA_REGEX)
        return true;
    if (before->name.n && (before->mode == LIST_EXACT) != (list->mode == LIST_EXACT))
        return diag_error(s->diag, v->at,
                          "the lists '%.*s' and '%.*s' cannot share a value: only one of them is "
                          "of mode exact",
                          SHOWN(before->name), SHOWN(list->name));
    v->is_cased |= list->mode == LIST_EXACT;
    return true;
}

static bool expand_parts(struct sigma_scope *s, struct sigma_value *v, enum sigma_part_kind kind,
                         struct sigma_values *more)
{
    struct named_list before = {.name = STR("")};
    struct sigma_string start = {NULL, 0};
    struct results r = {&start, 1};

    for (size_t i = 0; i < v->string.n; i++) {
        const struct sigma_part *part = &v->string.parts[i];
        struct sigma_string self = {part, 1};
        struct choices by = {&self, 1};
        if (part->kind == kind && kind == SIGMA_SET) {
            by = set_choices(s, part->text);
        } else if (part->kind == kind) {
            struct named_list list;
            if (!look_up(s, v, part->text, &list) || !fit_mode(s, v, &list, &before))
                return false;
            by = list_choices(s, &list, v->kind == SIGMA_REGEX);
            before = list;
        }
        if (!multiply(s, v, &r, by))
            return false;
    }
    give_results(s, v, &r, more);
    return true;
}

/* ---- a list of networks: values of their own, there is nothing to multiply ------------------ */

static bool is_only_placeholder(const struct sigma_value *v)
{
    return v->kind == SIGMA_STRING && !v->is_cased && v->string.n == 1 &&
           v->string.parts[0].kind == SIGMA_PLACEHOLDER;
}

static bool is_network_list(struct sigma_scope *s, struct str name)
{
    struct str_list entries;
    enum list_mode mode;

    return s->lists && s->lists->lookup(s->lists->context, name, &entries, &mode) &&
           mode == LIST_CIDR;
}

static bool expand_networks(struct sigma_scope *s, struct sigma_value *v, struct sigma_values *more)
{
    struct named_list list;

    if (!look_up(s, v, v->string.parts[0].text, &list))
        return false;
    struct str where =
        arena_printf(s->scratch, "in the list '%.*s' (mode cidr) ", SHOWN(list.name));
    v->is_expanded = true;
    v->kind = list.entries.n ? SIGMA_CIDR : SIGMA_NEVER;
    for (size_t i = 0; i < list.entries.n; i++) {
        struct sigma_value network = *v;
        if (!network_read(s->diag, v->at, where, list.entries.items[i], HOST_BITS_REFUSED,
                          &network.text))
            return false;
        if (i == 0)
            v->text = network.text;
        else
            sigma_values_push(s->scratch, more, &network);
    }
    return true;
}

/* A pattern cut at its placeholders. A backslash takes the next character with it. */
static struct sigma_string cut_pattern(struct arena *a, struct str pattern)
{
    struct sigma_part *parts = ARENA_ARRAY(a, pattern.n + 1, struct sigma_part);
    size_t n = 0, from = 0;

    for (size_t i = 0; i < pattern.n; i++) {
        struct str name;
        if (pattern.p[i] == '\\') {
            i++;
        } else if ((name = sigma_placeholder_at(pattern, i)).n) {
            parts[n++] = (struct sigma_part){SIGMA_TEXT, str_sub(pattern, from, i - from)};
            parts[n++] = (struct sigma_part){SIGMA_PLACEHOLDER, name};
            i += name.n + 1;
            from = i + 1;
        }
    }
    parts[n++] = (struct sigma_part){SIGMA_TEXT, str_sub(pattern, from, SIZE_MAX)};
    return (struct sigma_string){parts, n};
}

static bool ask_at_run_time(struct sigma_scope *s, struct sigma_value *v)
{
    struct str name = v->string.parts[0].text;

    if (!s->lists || !s->lists->slot)
        return false;
    v->list = s->lists->slot(s->lists->context, name, STR(""));
    if (!v->list)
        return false;
    if (v->list->sample.n == 0)
        diag_warn(s->diag, v->at,
                  "the list '%.*s' is empty: '%%%.*s%%' matches nothing as it stands", SHOWN(name),
                  SHOWN(name));
    v->kind = SIGMA_LIST;
    v->is_expanded = true;
    return true;
}

bool sigma_placeholders_expand(struct sigma_scope *s, struct sigma_value *v, bool is_all,
                               struct sigma_values *more)
{
    if (v->kind == SIGMA_REGEX)
        v->string = cut_pattern(s->scratch, v->text);
    if (!sigma_string_has(v->string, SIGMA_PLACEHOLDER))
        return true;
    if (is_all && is_only_placeholder(v) && ask_at_run_time(s, v))
        return true;
    if (is_only_placeholder(v) && is_network_list(s, v->string.parts[0].text))
        return expand_networks(s, v, more);
    return expand_parts(s, v, SIGMA_PLACEHOLDER, more);
}

bool sigma_sets_expand(struct sigma_scope *s, struct sigma_value *v, struct sigma_values *more)
{
    if (!sigma_string_has(v->string, SIGMA_SET))
        return true;
    return expand_parts(s, v, SIGMA_SET, more);
}
