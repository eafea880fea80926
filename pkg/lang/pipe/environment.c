/* environment.c - what each column is, in terms of the event's fields.
 *
 * Columns that were set stand in a list, the last of a name counts. Renames with a wildcard are
 * kept as they are: a name that fits what they make is looked up under the name that it had, among
 * the columns of that time. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"
#include "base/vec.h"
#include "rule/expr_regex.h"

/* ---- patterns ------------------------------------------------------------------ */

struct pipe_pattern pipe_pattern_of(struct str text)
{
    size_t star = str_find_char(text, '*', 0);

    if (star == SIZE_MAX)
        return (struct pipe_pattern){text, STR(""), false};
    return (struct pipe_pattern){str_sub(text, 0, star), str_sub(text, star + 1, SIZE_MAX), true};
}

/* `again`: where the pattern goes on behind its last star so far; SIZE_MAX: there was none. */
static bool is_like(struct str pattern, struct str name, size_t again)
{
    size_t at = 0, i = 0, mark = 0;

    while (i < name.n) {
        if (at < pattern.n && pattern.p[at] == '*') {
            again = ++at;
            mark = i;
        } else if (at < pattern.n && pattern.p[at] == name.p[i]) {
            at++;
            i++;
        } else if (again != SIZE_MAX) {
            at = again;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (at < pattern.n && pattern.p[at] == '*')
        at++;
    return at == pattern.n;
}

bool pipe_name_is_like(struct str pattern, struct str name)
{
    return is_like(pattern, name, SIZE_MAX);
}

bool pipe_pattern_has(const struct pipe_pattern *p, struct str name)
{
    if (!p->has_star)
        return str_eq(p->head, name);
    return str_starts(name, p->head) && is_like(p->tail, str_sub(name, p->head.n, SIZE_MAX), 0);
}

/* The name that becomes `name` by the rename; empty: none does. */
static struct str name_before(struct pipe *p, const struct pipe_rename_entry *r, struct str name)
{
    if (!pipe_pattern_has(&r->to, name))
        return STR("");
    struct str middle = str_sub(name, r->to.head.n, name.n - r->to.head.n - r->to.tail.n);
    return names_intern(p->s->names,
                        arena_printf(p->s->scratch, "%.*s%.*s%.*s", (int)r->from.head.n,
                                     r->from.head.p, (int)middle.n, middle.p, (int)r->from.tail.n,
                                     r->from.tail.p));
}

/* ---- looking up ------------------------------------------------------------------ */

struct expr *pipe_field(struct pipe *p, struct str name)
{
    return pipe_node(p, (struct place){0, 0},
                     (struct expr){.kind = EXPR_MEMBERS, .text = names_intern(p->s->names, name)});
}

/* As it was when there were so many columns and renames. */
static struct expr *get(struct pipe *p, const struct pipe_env *env, struct str name,
                        size_t n_renames, size_t n_columns)
{
    size_t from = n_renames ? env->renames[n_renames - 1].n_columns : 0;

    for (size_t i = n_columns; i > from; i--)
        if (str_eq(env->columns[i - 1].name, name))
            return env->columns[i - 1].value;
    if (n_renames == 0)
        return pipe_field(p, name);
    const struct pipe_rename_entry *r = &env->renames[n_renames - 1];
    struct str before = name_before(p, r, name);
    bool is_gone = pipe_pattern_has(&r->from, name);
    struct expr *old = is_gone ? NULL : get(p, env, name, n_renames - 1, from);
    struct expr *renamed = before.n ? get(p, env, before, n_renames - 1, from) : NULL;
    if (!old || !renamed)
        return renamed ? renamed : old;
    return pipe_call2(p, (struct place){0, 0}, EXPR_COALESCE, renamed, old);
}

static bool is_known(const struct pipe_env *env, struct str name)
{
    for (size_t i = 0; i < env->n; i++)
        if (str_eq(env->columns[i].name, name))
            return true;
    for (size_t i = 0; i < env->n_kept; i++)
        if (pipe_pattern_has(&env->kept[i], name))
            return true;
    return false;
}

struct expr *pipe_env_get(struct pipe *p, const struct pipe_env *env, struct str name)
{
    if (env->is_closed && !is_known(env, name))
        return NULL;
    return get(p, env, name, env->n_renames, env->n);
}

struct expr *pipe_column(struct pipe *p, struct place at, struct str name)
{
    struct expr *e = pipe_env_get(p, &p->env, name);

    if (!e)
        e = pipe_null(p);
    if (e->line)
        return e;
    struct expr *placed = ARENA_NEW(p->s->a, struct expr);
    *placed = *e;
    placed->line = at.line;
    placed->col = at.col;
    return placed;
}

bool pipe_has_column(const struct pipe *p, struct str name)
{
    for (size_t i = p->env.n; i > 0; i--)
        if (str_eq(p->env.columns[i - 1].name, name))
            return p->env.columns[i - 1].value != NULL;
    return !p->env.is_closed || is_known(&p->env, name);
}

static bool was_column(const struct pipe_env *env, struct str name)
{
    for (size_t i = 0; i < env->n; i++)
        if (str_eq(env->columns[i].name, name))
            return true;
    return false;
}

bool pipe_was_column(const struct pipe *p, struct str name)
{
    return was_column(&p->env, name);
}

bool pipe_was_row_column(const struct pipe *p, struct str name)
{
    return was_column(&p->ungrouped, name);
}

bool pipe_columns(const struct pipe *p, struct str *names, size_t room, size_t *n)
{
    const struct pipe_env *env = &p->env;

    *n = 0;
    for (size_t i = 0; i < env->n_kept; i++) {
        if (env->kept[i].has_star || *n == room)
            return false;
        names[(*n)++] = env->kept[i].head;
    }
    for (size_t i = 0; i < env->n; i++) {
        if (*n == room)
            return false;
        if (pipe_has_column(p, env->columns[i].name))
            names[(*n)++] = env->columns[i].name;
    }
    return env->is_closed;
}

size_t pipe_columns_gone(const struct pipe *p, struct str *names, size_t room)
{
    const struct pipe_env *env = &p->env;
    size_t n = 0;

    for (size_t i = 0; i < env->n && n < room; i++)
        if (!pipe_has_column(p, env->columns[i].name))
            names[n++] = env->columns[i].name;
    return n;
}

/* ---- changing --------------------------------------------------------------------- */

struct pipe_env pipe_env_copy(struct pipe *p, const struct pipe_env *env)
{
    struct pipe_env out = *env;

    out.columns = ARENA_ARRAY(p->s->scratch, env->n + 1, struct pipe_column_entry);
    out.cap = env->n + 1;
    if (env->n)
        memcpy(out.columns, env->columns, env->n * sizeof *env->columns);
    return out;
}

bool pipe_env_set(struct pipe *p, struct place at, struct pipe_env *env, struct str name,
                  struct expr *value)
{
    size_t from = env->n_renames ? env->renames[env->n_renames - 1].n_columns : 0;

    for (size_t i = env->n; i > from; i--)
        if (str_eq(env->columns[i - 1].name, name)) {
            env->columns[i - 1].value = value;
            return true;
        }
    if (env->n >= PIPE_COLUMNS_MAX)
        return diag_error(p->s->diag, at, "more than %d columns", PIPE_COLUMNS_MAX);
    env->columns = vec_room(p->s->scratch, env->columns, env->n, &env->cap, sizeof *env->columns);
    env->columns[env->n++] = (struct pipe_column_entry){names_intern(p->s->names, name), value};
    return true;
}

bool pipe_set(struct pipe *p, struct place at, struct str name, struct expr *value)
{
    if (!value)
        return false;
    value = pipe_without_conditions(p, value);
    if (!value)
        return false;
    if (p->dialect.is_null_no_set) {
        struct expr *old = pipe_env_get(p, &p->env, name);
        if (old && !pipe_is_literal(value))
            value = pipe_call2(p, at, EXPR_COALESCE, value, old);
        else if (old && value->kind == EXPR_NULL)
            value = old;
    }
    return value && pipe_env_set(p, at, &p->env, name, value);
}

static bool rename_all(struct pipe *p, struct place at, struct pipe_pattern from,
                       struct pipe_pattern to)
{
    struct pipe_env *env = &p->env;

    if (from.has_star != to.has_star)
        return diag_error(p->s->diag, at, "a rename with '*' on one side only");
    if (env->n_renames == PIPE_RENAMES_MAX)
        return diag_error(p->s->diag, at, "more than %d renames with '*'", PIPE_RENAMES_MAX);
    env->renames[env->n_renames++] = (struct pipe_rename_entry){from, to, env->n};
    return true;
}

bool pipe_rename(struct pipe *p, struct place at, struct str from, struct str to)
{
    struct pipe_pattern a = pipe_pattern_of(names_intern(p->s->names, from));
    struct pipe_pattern b = pipe_pattern_of(names_intern(p->s->names, to));

    if (a.has_star || b.has_star)
        return rename_all(p, at, a, b);
    struct expr *value = pipe_env_get(p, &p->env, from);
    if (str_eq(from, to))
        return true;
    return pipe_env_set(p, at, &p->env, to, value ? value : pipe_null(p)) &&
           pipe_env_set(p, at, &p->env, from, NULL);
}

static void add_evidence(struct pipe *p, struct str name)
{
    struct str *items = ARENA_ARRAY(p->s->a, p->evidence.n + 1, struct str);

    if (p->evidence.n)
        memcpy(items, p->evidence.items, p->evidence.n * sizeof *items);
    items[p->evidence.n] = names_intern(p->s->names, name);
    p->evidence = (struct str_list){items, p->evidence.n + 1};
}

bool pipe_keep(struct pipe *p, UNUSED struct place at, const struct str *names, size_t n)
{
    struct pipe_env *env = &p->env, was = pipe_env_copy(p, env);
    struct pipe_pattern *kept = ARENA_ARRAY(p->s->scratch, n, struct pipe_pattern);

    p->evidence.n = 0;
    p->has_keep = true;
    for (size_t i = 0; i < n; i++) {
        kept[i] = pipe_pattern_of(names_intern(p->s->names, names[i]));
        if (!kept[i].has_star)
            add_evidence(p, names[i]);
    }
    for (size_t i = 0; i < env->n; i++) {
        bool is_kept = false;
        for (size_t k = 0; k < n; k++)
            is_kept |= pipe_pattern_has(&kept[k], env->columns[i].name);
        if (!is_kept)
            env->columns[i].value = NULL;
        else if (was.columns[i].value)
            continue;
    }
    env->is_closed = true;
    env->kept = kept;
    env->n_kept = was.is_closed && !was.n_kept ? 0 : n; /* behind groups patterns find no fields */
    return true;
}

bool pipe_drop(struct pipe *p, struct place at, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct pipe_pattern pattern = pipe_pattern_of(names[i]);
        if (!pattern.has_star && !pipe_env_set(p, at, &p->env, names[i], NULL))
            return false;
        for (size_t k = 0; pattern.has_star && k < p->env.n; k++)
            if (pipe_pattern_has(&pattern, p->env.columns[k].name))
                p->env.columns[k].value = NULL;
    }
    return true;
}

/* Group i of the regex; of all matches, at most so many, if `most` is not NULL. */
static struct expr *captured(struct pipe *p, struct place at, struct expr *subject,
                             const struct regex *re, uint32_t i, const int64_t *most)
{
    if (!most)
        return pipe_regex(p, at, EXPR_CAPTURE, re, i, &subject, 1);
    struct expr *all = pipe_regex(p, at, EXPR_LIST_CAPTURE, re, i, &subject, 1);
    return *most ? pipe_call3(p, at, EXPR_LIST_AT, all, pipe_whole(p, 0), pipe_whole(p, *most - 1))
                 : all;
}

static bool capture(struct pipe *p, struct place at, struct expr *subject, const struct regex *re,
                    bool keeps_old, const int64_t *most, size_t *n_groups)
{
    const struct expr_regex *compiled;
    struct regex_fault fault;
    size_t n = 0;

    if (!subject)
        return false;
    if (expr_regex_new(p->s->a, re, &compiled, &fault) != WEIR_OK)
        return diag_error(p->s->diag, at, "not a valid regex: %s", fault.text);
    for (uint32_t i = 1; i <= expr_regex_groups(compiled); i++) {
        struct str name = expr_regex_group_name(compiled, i);
        if (!name.n)
            continue;
        n++;
        struct expr *value = captured(p, at, subject, re, i, most);
        struct expr *old = keeps_old ? pipe_env_get(p, &p->env, name) : NULL;
        if (value && old)
            value = pipe_call2(p, at, EXPR_COALESCE, value, old);
        if (!value || !pipe_env_set(p, at, &p->env, name, value))
            return false;
    }
    if (n_groups)
        *n_groups = n;
    return true;
}

bool pipe_capture(struct pipe *p, struct place at, struct expr *subject, const struct regex *re,
                  bool keeps_old, size_t *n_groups)
{
    return capture(p, at, subject, re, keeps_old, NULL, n_groups);
}

bool pipe_capture_all(struct pipe *p, struct place at, struct expr *subject, const struct regex *re,
                      int64_t most, size_t *n_groups)
{
    return capture(p, at, subject, re, true, &most, n_groups);
}

/* ---- rows for members ---------------------------------------------------------------
 *
 * Of one column the row's member is EXPR_MEMBER itself. Where several may come the rows are
 * numbered, the first column's members changing fastest, and EXPR_MEMBER is the number: row r has
 * of a column with n members, behind columns that make m rows, the member r / m % n. A column
 * without a value has one row, in which it is null.
 */

static struct expr *count_of(struct pipe *p, struct place at, struct expr *list)
{
    return pipe_call2(p, at, EXPR_COALESCE, pipe_call1(p, at, EXPR_LIST_COUNT, list),
                      pipe_whole(p, 1));
}

/* before: rows that the columns before make; NULL: there are none. */
static struct expr *member_at(struct pipe *p, struct place at, struct expr *list,
                              struct expr *before, struct expr *count)
{
    struct expr *row = pipe_member(p);

    if (before)
        row = pipe_call2(p, at, EXPR_DIVIDE, row, before);
    return pipe_call2(p, at, EXPR_LIST_AT, list, pipe_call2(p, at, EXPR_MODULO, row, count));
}

static struct expr *member_of_next(struct pipe *p, struct place at, struct expr *list)
{
    if (!p->is_numbered)
        return p->n_expanded ? NULL : pipe_member(p);
    struct expr *count = count_of(p, at, list);
    struct expr *member = member_at(p, at, list, p->n_rows, count);
    p->n_rows = p->n_rows ? pipe_call2(p, at, EXPR_MULTIPLY, p->n_rows, count) : count;
    list = pipe_call3(p, at, EXPR_LIST_RANGE, pipe_whole(p, 0), p->n_rows, pipe_whole(p, 1));
    p->list = list ? list : p->list;
    return list ? member : NULL;
}

void pipe_number_rows(struct pipe *p)
{
    ASSERT(!p->n_expanded);
    p->is_numbered = true;
}

/* The member of each row of the list; NULL after an error. */
static struct expr *expand(struct pipe *p, struct place at, struct expr *list)
{
    if (p->n_cases)
        return diag_unsupported(p->s->diag, at, "rows for members inside of a case"), NULL;
    if (pipe_has_member(list))
        return diag_unsupported(p->s->diag, at,
                                "rows for the members of what is made of another column's member"),
               NULL;
    if (p->n_expanded == (p->is_numbered ? PIPE_EXPANDED_MAX : 1))
        return diag_unsupported(p->s->diag, at, "rows for the members of more than %d columns",
                                (int)p->n_expanded),
               NULL;
    p->list = list;
    struct expr *member = member_of_next(p, at, list);
    if (member)
        p->expanded[p->n_expanded++] = (struct pipe_expanded){member, list};
    return member;
}

struct expr_value pipe_rows_without_event(struct pipe *p, struct arena *a)
{
    struct expr_scope nothing = {.space = a};

    return p->list ? expr_value_of(p->list, &nothing)
                   : (struct expr_value){.type = EXPR_VALUE_NULL};
}

bool pipe_expand(struct pipe *p, struct place at, struct str name)
{
    struct expr *list = pipe_column(p, at, name);

    for (size_t i = 0; i < p->n_expanded; i++)
        if (p->expanded[i].member == list)
            return true; /* it has one value in each row */
    struct expr *member = expand(p, at, list);
    return member && pipe_env_set(p, at, &p->env, name, member);
}

bool pipe_expand_values(struct pipe *p, struct place at, struct expr *list)
{
    ASSERT(!p->is_numbered);
    if (list && p->is_grouped)
        return diag_unsupported(p->s->diag, at, "rows for members behind groups");
    list = pipe_without_conditions(p, list);
    return list && expand(p, at, list);
}

bool pipe_dedup(struct pipe *p, UNUSED struct place at, const struct str *names, size_t n)
{
    struct str *items = ARENA_ARRAY(p->s->a, n, struct str);

    for (size_t i = 0; i < n; i++)
        items[i] = names_intern(p->s->names, names[i]);
    p->dedup = (struct str_list){items, n};
    p->has_dedup = true;
    return true;
}

/* ---- conditions -------------------------------------------------------------------- */

void pipe_conditions_add(struct pipe *p, struct pipe_conditions *c, struct expr *e)
{
    c->items = vec_room(p->s->scratch, c->items, c->n, &c->cap, sizeof(struct expr *));
    c->items[c->n++] = e;
}

struct expr *pipe_conditions_all(struct pipe *p, const struct pipe_conditions *c)
{
    if (c->n < 2)
        return c->n ? c->items[0] : NULL;
    return pipe_call_exactly(p, pipe_place(c->items[0]), &(struct expr){.op = EXPR_AND}, c->items,
                             c->n);
}

size_t pipe_n_filters(const struct pipe *p)
{
    return p->filters.n;
}

bool pipe_where(struct pipe *p, UNUSED struct place at, struct expr *condition)
{
    if (!condition)
        return false;
    struct pipe_conditions *to = &p->filters;
    if (p->is_grouped)
        to = &p->having;
    if (p->n_cases) {
        struct pipe_case *c = &p->cases[p->n_cases - 1];
        ASSERT(c->n);
        to = &c->clauses[c->n - 1].conditions;
    }
    pipe_conditions_add(p, to, condition);
    return true;
}
