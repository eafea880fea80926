/* join.c - an inner join: rows of one pipeline that have a row of another one, by keys.
 *
 * On a stream the two are rules whose matches must both be there within the window, in whatever
 * order, with the same values: OPERATOR_SET. Filters behind the join that ask the rows themselves
 * are filters before it; groups behind it that nobody asks anything of only say how rows are shown,
 * and findings fold by the keys of the join.
 *
 * Linked pipelines are the same of any number, in an order (OPERATOR_ORDERED) or none.
 */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"

bool pipe_join(struct pipe *p, struct place at, struct pipe *sub, const struct pipe_key *keys,
               const struct pipe_key *sub_keys, size_t n)
{
    if (p->join || sub->join)
        return diag_unsupported(p->s->diag, at, "a second join: not in this version");
    if (p->n_cases || p->is_grouped || sub->is_grouped)
        return diag_unsupported(p->s->diag, at, "a join of groups, or inside a clause");
    if (n > CORRELATION_GROUP_MAX)
        return diag_error(p->s->diag, at, "more than %d keys", CORRELATION_GROUP_MAX);
    for (size_t i = 0; i < n; i++)
        if (!keys[i].value || !sub_keys[i].value)
            return false;
    p->join = ARENA_NEW(p->s->scratch, struct pipe_joined);
    *p->join = (struct pipe_joined){sub, keys, sub_keys, n, at};
    return true;
}

void pipe_set_source(struct pipe *p, const struct logsource *source)
{
    p->source = source;
}

static bool set_input(struct pipe *p, const struct rule *rule, unsigned number,
                      const struct pipe_key *keys, size_t n, struct correlation_input *out)
{
    struct str *names = ARENA_ARRAY(p->s->a, n + 1, struct str);
    struct rule *part = pipe_new_part(p, rule, number);

    if (!part)
        return false;
    for (size_t i = 0; i < n; i++)
        names[i] = pipe_name_of(p, keys[i].value, keys[i].name);
    pipe_set_evidence(p, part);
    *out = (struct correlation_input){.reference = part->uid,
                                      .line = p->s->at.line,
                                      .col = p->s->at.col,
                                      .rule = part,
                                      .group_fields = names};
    return !diag_failed(p->s->diag);
}

bool pipe_finish_join(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    const struct pipe_joined *j = p->join;
    struct correlation *c = ARENA_NEW(p->s->a, struct correlation);
    struct correlation_input *inputs = ARENA_ARRAY(p->s->a, 2, struct correlation_input);
    struct str *group = ARENA_ARRAY(p->s->a, j->n + 1, struct str);

    if (p->having.n || p->inner_having.n)
        return diag_unsupported(p->s->diag, j->at, "a condition on groups behind a join");
    if (p->is_grouped)
        diag_warn(p->s->diag, p->stats_at,
                  "groups behind a join: findings fold by the keys of the join");
    if (!set_input(p, rule, 1, j->keys, j->n, &inputs[0]) ||
        !set_input(j->sub, rule, 2, j->sub_keys, j->n, &inputs[1]))
        return false;
    for (size_t i = 0; i < j->n; i++)
        group[i] = j->keys[i].name;
    *c = (struct correlation){.kind = OPERATOR_SET,
                              .inputs = inputs,
                              .n_inputs = 2,
                              .group = group,
                              .n_group = j->n,
                              .window_ms = ending->window_ms,
                              .on_missing = MISSING_DROP,
                              .actor_field = STR(""),
                              .scope = STR(""),
                              .line = j->at.line,
                              .col = j->at.col};
    rule->correlation = c;
    rule->formula = formula_const(p->s->a, false);
    return true;
}

/* ---- several pipelines --------------------------------------------------------------------- */

bool pipe_link(struct pipe *p, struct place at, const struct pipe_member_rows *members, size_t n,
               size_t n_keys, bool is_ordered, int64_t window_ms)
{
    if (n > CORRELATION_INPUTS_MAX)
        return diag_error(p->s->diag, at, "more than %d queries", CORRELATION_INPUTS_MAX);
    if (n_keys > CORRELATION_GROUP_MAX)
        return diag_error(p->s->diag, at, "more than %d keys", CORRELATION_GROUP_MAX);
    for (size_t i = 0; i < n; i++)
        if (members[i].pipe->join || members[i].pipe->linked || members[i].pipe->is_grouped)
            return diag_unsupported(p->s->diag, at, "groups, or a join, in one of several queries");
    p->linked = ARENA_NEW(p->s->scratch, struct pipe_linked);
    *p->linked = (struct pipe_linked){members, n, n_keys, is_ordered, window_ms, at};
    return true;
}

bool pipe_finish_linked(struct pipe *p, const struct pipe_ending *ending, struct rule *rule)
{
    const struct pipe_linked *l = p->linked;
    struct correlation *c = ARENA_NEW(p->s->a, struct correlation);
    struct correlation_input *inputs = ARENA_ARRAY(p->s->a, l->n, struct correlation_input);
    struct str *group = ARENA_ARRAY(p->s->a, l->n_keys + 1, struct str);

    for (size_t i = 0; i < l->n; i++)
        if (!set_input(l->members[i].pipe, rule, (unsigned)i + 1, l->members[i].keys, l->n_keys,
                       &inputs[i]))
            return false;
    for (size_t i = 0; i < l->n_keys; i++)
        group[i] = l->members[0].keys[i].name;
    *c = (struct correlation){.kind = l->is_ordered ? OPERATOR_ORDERED : OPERATOR_SET,
                              .inputs = inputs,
                              .n_inputs = l->n,
                              .group = group,
                              .n_group = l->n_keys,
                              .window_ms = l->window_ms ? l->window_ms : ending->window_ms,
                              .on_missing = MISSING_DROP,
                              .actor_field = STR(""),
                              .scope = STR(""),
                              .line = l->at.line,
                              .col = l->at.col};
    rule->correlation = c;
    rule->formula = formula_const(p->s->a, false);
    return true;
}
