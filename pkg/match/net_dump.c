/* net_dump.c - a rule's place in the net, for people: `weir check --plan`. */
#include "match/net.h"

#include "base/str.h"

static const char *place_of(const struct atom *x)
{
    bool is_sole = x->miss != MISS_FALSE || x->array != ARRAY_ANY;

    if (x->op == ATOM_EQ && x->fold != FOLD_SIMPLE)
        return is_sole ? "value look-up, then tested" : "value look-up";
    if (is_sole)
        return "tested value by value";
    if (x->except.n)
        return "texts of all keys, then without those left out";
    switch (x->op) {
    case ATOM_EXPR:
        return "computed";
    case ATOM_WORDS:
        return "literal, then words";
    case ATOM_SOME_FIELD:
        return "all fields of the event, one by one";
    case ATOM_SOME_MEMBER:
        return "objects of the field, one by one";
    case ATOM_NUM_EQ:
        return "number look-up";
    case ATOM_EQ:
        return "literal, then tested";
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        return x->fold == FOLD_ASCII && x->text.n ? "literal scan" : "literal, then tested";
    case ATOM_GLOB:
        return "literal, then glob";
    case ATOM_REGEX:
        return "literal, then regex";
    case ATOM_EXISTS:
    case ATOM_IS_NULL:
        return "presence of the field";
    case ATOM_LIST:
        return "list look-up where the field is present";
    case ATOM_BEFORE:
        return "time of the event";
    default:
        return "tested where the field is present";
    }
}

struct dump {
    const struct plan *plan;
    struct buf *out;
};

static void dump_atom(const struct atom *x, void *context)
{
    struct dump *d = context;
    struct str text = x->op == ATOM_REGEX  ? x->regex.pattern
                      : x->op == ATOM_LIST ? x->list->name
                                           : x->text;

    buf_printf(d->out, "  atom      %.*s %s", (int)x->field.n, x->field.p, atom_op_name(x->op));
    if (text.n)
        buf_printf(d->out, " \"%.*s\"", (int)text.n, text.p);
    buf_printf(d->out, "  [%s]\n", place_of(x));
}

static void dump_wakers(const struct net *net, uint32_t rule, struct buf *out)
{
    uint32_t n = 0;
    double weight = 0;

    if (net->always[rule / 64] >> (rule % 64) & 1) {
        buf_add(out, STR("  woken by  nothing: looked at for every event of its sources\n"));
        return;
    }
    for (uint32_t s = 0; s < net->n_signals; s++)
        for (uint32_t i = net->wakes.first[s]; i < net->wakes.first[s + 1]; i++)
            if (net->wakes.at[i] == rule) {
                n++;
                weight += net->signal_weight[s];
            }
    buf_printf(out, "  woken by  %u signal%s, guessed share of values %.4f\n", n, n == 1 ? "" : "s",
               weight);
}

void net_dump_rule(const struct net *net, uint32_t rule, struct buf *out)
{
    const struct rule *r = net->plan->rules[rule].rule;
    struct dump d = {net->plan, out};

    buf_printf(out, "rule        %.*s\n  title     %.*s\n", (int)r->uid.n, r->uid.p,
               (int)r->title.n, r->title.p);
    buf_printf(out, "  source    product=%.*s category=%.*s service=%.*s\n",
               (int)r->logsource.product.n, r->logsource.product.p, (int)r->logsource.category.n,
               r->logsource.category.p, (int)r->logsource.service.n, r->logsource.service.p);
    dump_wakers(net, rule, out);
    formula_each_atom(r->formula, dump_atom, &d);
}
