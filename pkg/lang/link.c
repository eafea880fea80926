/* link.c - depth first over the references, so that what a correlation listens to is settled
 * before it is. A reference that is met again while its own correlation is still open closes a
 * cycle; the open ones are the path.
 */
#include "lang/link.h"

#include "base/buf.h"
#include "base/str.h"
#include "event/profile.h"
#include "lang/rule_id.h"
#include "lang/settings.h"

struct linker {
    struct arena *a;
    const struct lang_options *options;
    struct verdict *verdicts;
    size_t n_verdicts;
    struct loaded_correlation *list;
    size_t n;
    struct loaded_correlation **path; /* those that are open, outermost first */
    size_t n_path;
};

/* The correlation at hand. */
struct subject {
    struct linker *l;
    struct loaded_correlation *loaded;
    struct verdict *verdict;
    const struct correlation *c;
};

static void append(struct arena *a, struct verdict *v, struct verdict_message message)
{
    struct verdict_message *messages = ARENA_ARRAY(a, v->n_messages + 1, struct verdict_message);

    for (size_t i = 0; i < v->n_messages; i++)
        messages[i] = v->messages[i];
    messages[v->n_messages] = message;
    v->messages = messages;
    v->n_messages++;
}

void verdict_note(struct arena *a, struct verdict *v, struct place at, struct str text)
{
    append(a, v, (struct verdict_message){at.line, at.col, text, .is_note = true});
}

void verdict_add(struct arena *a, struct verdict *v, struct place at, bool is_error,
                 struct str text)
{
    append(a, v, (struct verdict_message){at.line, at.col, text, .is_error = is_error});
    if (is_error) {
        v->status = VERDICT_ERROR;
        v->rule = NULL;
    } else if (v->status == VERDICT_OK) {
        v->status = VERDICT_WARNING;
    }
}

static bool refuse(const struct subject *s, struct place at, struct str text)
{
    verdict_add(s->l->a, s->verdict, at, true, text);
    return false;
}

/* ---- references --------------------------------------------------------------------- */

static struct place place_of(const struct correlation_input *input)
{
    return (struct place){input->line, input->col};
}

static bool unknown(const struct subject *s, const struct correlation_input *input)
{
    struct linker *l = s->l;
    struct str *names = ARENA_ARRAY(l->a, 2 * l->n_verdicts, struct str);
    size_t n = 0;

    for (size_t i = 0; i < l->n_verdicts; i++) {
        if (l->verdicts[i].name.n)
            names[n++] = l->verdicts[i].name;
        names[n++] = l->verdicts[i].uid;
    }
    struct str near = str_nearest(input->reference, names, n);
    struct str hint = near.n ? arena_printf(l->a, " (did you mean '%.*s'?)", SHOWN(near)) : STR("");
    return refuse(s, place_of(input),
                  arena_printf(l->a, "no rule has the id or name '%.*s'%.*s",
                               SHOWN(input->reference), SHOWN(hint)));
}

/* By id, else by name, which must then be one rule's alone. NULL: said. */
static struct verdict *find(const struct subject *s, const struct correlation_input *input)
{
    struct linker *l = s->l;
    struct verdict *found = NULL;

    for (size_t i = 0; i < l->n_verdicts; i++)
        if (rule_id_eq(l->verdicts[i].uid, input->reference))
            return &l->verdicts[i];
    for (size_t i = 0; i < l->n_verdicts; i++) {
        struct verdict *v = &l->verdicts[i];
        if (v->name.n == 0 || !str_eq(v->name, input->reference))
            continue;
        if (found) {
            refuse(s, place_of(input),
                   arena_printf(l->a, "two rules have the name '%.*s': %.*s:%u and %.*s:%u",
                                SHOWN(input->reference), SHOWN(found->path), found->line,
                                SHOWN(v->path), v->line));
            return NULL;
        }
        found = v;
    }
    if (!found)
        unknown(s, input);
    return found;
}

static struct loaded_correlation *correlation_of(const struct linker *l, const struct verdict *v)
{
    for (size_t i = 0; i < l->n; i++)
        if (&l->verdicts[l->list[i].verdict] == v)
            return &l->list[i];
    return NULL;
}

static struct str label_of(const struct verdict *v)
{
    return v->name.n ? v->name : v->uid;
}

static bool refuse_cycle(const struct subject *s, const struct correlation_input *input,
                         const struct loaded_correlation *again)
{
    struct linker *l = s->l;
    struct buf text = {0};
    size_t first = 0;

    while (l->path[first] != again)
        first++;
    buf_add(&text, STR("a cycle: "));
    for (size_t i = first; i < l->n_path; i++) {
        struct str label = label_of(&l->verdicts[l->path[i]->verdict]);
        buf_printf(&text, "%.*s -> ", SHOWN(label));
    }
    struct str label = label_of(&l->verdicts[again->verdict]);
    buf_printf(&text, "%.*s", SHOWN(label));
    refuse(s, place_of(input), arena_str(l->a, buf_str(&text)));
    buf_release(&text);
    return false;
}

static void link_one(struct linker *l, struct loaded_correlation *loaded);

static bool resolve(const struct subject *s, struct correlation_input *input)
{
    struct linker *l = s->l;
    struct verdict *v = find(s, input);

    if (!v)
        return false;
    struct loaded_correlation *inner = correlation_of(l, v);
    if (inner && inner->state == LINK_OPEN)
        return refuse_cycle(s, input, inner);
    if (inner)
        link_one(l, inner);
    if (!v->rule)
        return refuse(
            s, place_of(input),
            str_eq(v->kind, STR("filter"))
                ? arena_printf(l->a, "'%.*s' is a filter, not a rule", SHOWN(input->reference))
                : arena_printf(l->a, "the rule '%.*s' (%.*s:%u) did not load",
                               SHOWN(input->reference), SHOWN(v->path), v->line));
    input->rule = v->rule;
    if (v->rule->correlation && v->rule->correlation->kind == OPERATOR_RISK)
        return refuse(
            s, place_of(input),
            arena_printf(l->a, "'%.*s' is a risk: nothing listens to it", SHOWN(input->reference)));
    if (v->rule->channel == CHANNEL_OFF)
        verdict_add(l->a, s->verdict, place_of(input), false,
                    arena_printf(l->a, "the rule '%.*s' is off: nothing comes from it",
                                 SHOWN(input->reference)));
    if (inner && inner->depth + 1 > s->loaded->depth)
        s->loaded->depth = inner->depth + 1;
    if (s->loaded->depth > CORRELATION_DEPTH_MAX)
        return refuse(s, place_of(input),
                      arena_printf(l->a, "correlations over correlations: at most %d deep",
                                   CORRELATION_DEPTH_MAX));
    return true;
}

static bool resolve_inputs(const struct subject *s)
{
    bool is_good = true;

    for (size_t i = 0; i < s->c->n_inputs; i++)
        is_good &= resolve(s, &s->c->inputs[i]);
    for (size_t i = 0; is_good && i < s->c->n_inputs; i++)
        for (size_t k = 0; k < i; k++)
            if (s->c->inputs[i].rule == s->c->inputs[k].rule)
                is_good = refuse(s, place_of(&s->c->inputs[i]),
                                 arena_printf(s->l->a, "'%.*s' and '%.*s' are the same rule",
                                              SHOWN(s->c->inputs[k].reference),
                                              SHOWN(s->c->inputs[i].reference)));
    return is_good;
}

/* ---- names of inputs ------------------------------------------------------------------- */

/* A rule may be called by its id, its name, or as `rules` calls it. */
static size_t input_called(const struct correlation *c, struct str name)
{
    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct correlation_input *input = &c->inputs[i];
        if (rule_id_eq(name, input->reference) || rule_id_eq(name, input->rule->uid) ||
            (input->rule->name.n && str_eq(name, input->rule->name)))
            return i;
    }
    return SIZE_MAX;
}

static struct str hint_of_input(const struct subject *s, struct str wrong)
{
    struct str *names = ARENA_ARRAY(s->l->a, s->c->n_inputs, struct str);

    for (size_t i = 0; i < s->c->n_inputs; i++)
        names[i] = s->c->inputs[i].reference;
    struct str near = str_nearest(wrong, names, s->c->n_inputs);
    return near.n ? arena_printf(s->l->a, " (did you mean '%.*s'?)", SHOWN(near)) : STR("");
}

static bool not_an_input(const struct subject *s, struct place at, const char *who, struct str name)
{
    struct str hint = hint_of_input(s, name);

    return refuse(s, at,
                  arena_printf(s->l->a, "%s '%.*s', which is not among its 'rules'%.*s", who,
                               SHOWN(name), SHOWN(hint)));
}

static bool resolve_seen(const struct subject *s)
{
    const struct sigma_correlation *sigma = &s->loaded->sigma;
    bool is_used[CORRELATION_INPUTS_MAX] = {false}, is_good = true;

    for (size_t i = 0; i < sigma->n_seen; i++) {
        size_t input = input_called(s->c, sigma->seen[i].name);
        if (input == SIZE_MAX) {
            is_good =
                not_an_input(s, sigma->seen[i].at, "the condition names", sigma->seen[i].name);
            continue;
        }
        sigma->seen[i].atom->input = (uint32_t)input;
        is_used[input] = true;
    }
    for (size_t i = 0; is_good && sigma->n_seen && i < s->c->n_inputs; i++)
        if (!is_used[i])
            verdict_add(s->l->a, s->verdict, place_of(&s->c->inputs[i]), false,
                        arena_printf(s->l->a, "the condition does not use the rule '%.*s'",
                                     SHOWN(s->c->inputs[i].reference)));
    return is_good;
}

/* ---- groups ------------------------------------------------------------------------------ */

static struct str field_for(const struct subject *s, struct str name,
                            const struct correlation_input *input)
{
    const struct sigma_correlation *sigma = &s->loaded->sigma;

    for (size_t i = 0; i < sigma->n_aliases; i++) {
        const struct alias *alias = &sigma->aliases[i];
        for (size_t k = 0; str_eq(alias->name, name) && k < alias->n_fields; k++)
            if (&s->c->inputs[input_called(s->c, alias->fields[k].rule)] == input)
                return alias->fields[k].field;
    }
    return name;
}

static bool check_aliases(const struct subject *s)
{
    const struct sigma_correlation *sigma = &s->loaded->sigma;
    bool is_good = true;

    for (size_t i = 0; i < sigma->n_aliases; i++)
        for (size_t k = 0; k < sigma->aliases[i].n_fields; k++) {
            const struct alias_field *f = &sigma->aliases[i].fields[k];
            if (input_called(s->c, f->rule) == SIZE_MAX)
                is_good = not_an_input(s, f->at, "the alias names the rule", f->rule);
        }
    return is_good;
}

static void resolve_groups(const struct subject *s)
{
    for (size_t i = 0; i < s->c->n_inputs; i++) {
        struct correlation_input *input = &s->c->inputs[i];
        struct str *fields = ARENA_ARRAY(s->l->a, s->c->n_group, struct str);
        for (size_t k = 0; k < s->c->n_group; k++)
            fields[k] = field_for(s, s->c->group[k], input);
        input->group_fields = fields;
    }
}

/* ---- fields -------------------------------------------------------------------------------- */

static bool is_constant(const struct lang_options *o, struct str field)
{
    for (size_t i = 0; i < o->constants.n; i++)
        if (str_eq(o->constants.items[i], field))
            return true;
    return false;
}

/* What an inner correlation tells: its group, and the fields of its last event. */
static bool can_have(const struct linker *l, const struct rule *rule, struct str field)
{
    const struct correlation *c = rule->correlation;

    if (!c)
        return profile_set_knows_field(l->options->profiles, &rule->logsource, field) ||
               profile_set_names_anywhere(l->options->profiles, field);
    for (size_t i = 0; i < c->n_group; i++)
        if (str_eq(c->group[i], field))
            return true;
    for (size_t i = 0; i < c->n_inputs; i++)
        if (can_have(l, c->inputs[i].rule, field))
            return true;
    return c->n_inputs == 0;
}

static struct str nearest_field(const struct subject *s, struct str field)
{
    for (size_t i = 0; i < s->c->n_inputs; i++) {
        const struct rule *rule = s->c->inputs[i].rule;
        struct str near = rule->correlation ? STR("")
                                            : profile_set_nearest_field(s->l->options->profiles,
                                                                        &rule->logsource, field);
        if (near.n)
            return arena_printf(s->l->a, " (did you mean '%.*s'?)", SHOWN(near));
    }
    return STR("");
}

/* Names of one field for each input: nobody having it is an error, somebody lacking it is not. */
static bool check_field(const struct subject *s, struct place at, const struct str *per_input,
                        const char *what)
{
    const struct correlation_input *lacking = NULL;
    size_t n_having = 0, i_lacking = 0;

    for (size_t i = 0; i < s->c->n_inputs; i++) {
        if (is_constant(s->l->options, per_input[i]) ||
            can_have(s->l, s->c->inputs[i].rule, per_input[i])) {
            n_having++;
        } else if (!lacking) {
            lacking = &s->c->inputs[i];
            i_lacking = i;
        }
    }
    if (!lacking)
        return true;
    struct str field = per_input[i_lacking];
    if (n_having == 0) {
        struct str hint = nearest_field(s, field);
        return refuse(s, at,
                      arena_printf(s->l->a,
                                   "%s: no profile of the rules' sources has the field "
                                   "'%.*s'%.*s",
                                   what, SHOWN(field), SHOWN(hint)));
    }
    verdict_add(s->l->a, s->verdict, at, false,
                arena_printf(s->l->a,
                             "%s: no profile of the sources of '%.*s' has the field '%.*s'", what,
                             SHOWN(lacking->reference), SHOWN(field)));
    return true;
}

static bool check_fields(const struct subject *s)
{
    const struct sigma_correlation *sigma = &s->loaded->sigma;
    struct str per_input[CORRELATION_INPUTS_MAX] = {{NULL, 0}};
    bool is_good = true;

    if (!s->l->options->profiles || s->c->n_inputs == 0)
        return true;
    for (size_t k = 0; k < s->c->n_group; k++) {
        for (size_t i = 0; i < s->c->n_inputs; i++)
            per_input[i] = s->c->inputs[i].group_fields[k];
        is_good &= check_field(s, sigma->group_at[k], per_input, "group-by");
    }
    for (size_t f = 0; f < s->c->n_fields; f++) {
        for (size_t i = 0; i < s->c->n_inputs; i++)
            per_input[i] = s->c->fields[f];
        is_good &= check_field(s, sigma->field_at, per_input, "condition");
    }
    for (size_t i = 0; s->c->actor_field.n && i < s->c->n_inputs; i++)
        per_input[i] = s->c->actor_field;
    if (s->c->actor_field.n)
        is_good &= check_field(s, sigma->actor_at, per_input, "actor");
    return is_good;
}

/* ---- numbers of texts ------------------------------------------------------------------------ */

struct text_search {
    struct linker *l;
    struct str field;
    bool is_text, is_number;
};

static void look_at_atom(const struct atom *atom, void *context);

static void look_at_rule(struct text_search *t, const struct rule *rule)
{
    const struct profile_set *profiles = t->l->options->profiles;
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        look_at_rule(t, c->inputs[i].rule);
    if (c)
        return;
    if (profiles && profile_set_names_entity(profiles, &rule->logsource, t->field))
        t->is_text = true;
    formula_each_atom(rule->formula, look_at_atom, t);
}

static void look_at_atom(const struct atom *atom, void *context)
{
    struct text_search *t = context;

    if (!str_eq(atom->field, t->field))
        return;
    switch (atom->op) {
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
    case ATOM_GLOB:
    case ATOM_REGEX:
    case ATOM_CIDR:
    case ATOM_EQ:
        t->is_text = true;
        break;
    case ATOM_NUM_EQ:
    case ATOM_NUM_LT:
    case ATOM_NUM_LE:
    case ATOM_NUM_GT:
    case ATOM_NUM_GE:
        t->is_number = true;
        break;
    default:
        break;
    }
}

/* Known to be text: a rule compares the field with texts only, or a profile says that it names
 * an entity. Elsewhere a text is found, and counted, when it comes. */
static bool check_numbers(const struct subject *s)
{
    if ((s->c->kind != OPERATOR_AGGREGATE && s->c->kind != OPERATOR_VOLUME) || s->c->n_fields == 0)
        return true;
    struct text_search t = {.l = s->l, .field = s->c->fields[0]};
    for (size_t i = 0; i < s->c->n_inputs; i++)
        look_at_rule(&t, s->c->inputs[i].rule);
    if (!t.is_text || t.is_number)
        return true;
    return refuse(s, s->loaded->sigma.field_at,
                  arena_printf(s->l->a,
                               "'%.*s' is text: this type needs numbers (how many values: "
                               "value_count; how rare one is: rarity)",
                               SHOWN(t.field)));
}

/* ---- one correlation ----------------------------------------------------------------------- */

static void settle_level(const struct subject *s, struct rule *rule)
{
    if (rule->has_level)
        return;
    rule->level = s->c->n_inputs ? LEVEL_INFORMATIONAL : LEVEL_MEDIUM;
    for (size_t i = 0; i < s->c->n_inputs; i++)
        if (s->c->inputs[i].rule->level > rule->level)
            rule->level = s->c->inputs[i].rule->level;
}

/* What pipelines do needs the rules that it listens to. */
static bool apply_pipelines(struct subject *s)
{
    const struct sigma_pipelines *pipelines = s->l->options->pipelines;
    struct rule *rule = s->verdict->rule;
    struct str why;

    if (!pipelines || !str_eq(rule->language, STR("sigma")))
        return true;
    if (!sigma_pipelines_correlation(pipelines, s->l->a, rule, &s->loaded->sigma, &why)) {
        (void)refuse(s, (struct place){s->c->line, s->c->col}, why);
        s->verdict->status = VERDICT_UNSUPPORTED;
        return false;
    }
    s->c = rule->correlation;
    return true;
}

static bool settle(struct subject *s)
{
    if (!resolve_inputs(s) || !resolve_seen(s) || !check_aliases(s) || !apply_pipelines(s))
        return false;
    resolve_groups(s);
    return check_fields(s) && check_numbers(s);
}

static void link_one(struct linker *l, struct loaded_correlation *loaded)
{
    struct verdict *v = &l->verdicts[loaded->verdict];

    if (loaded->state != LINK_NEW || !v->rule) /* a double id */
        return;
    struct rule *rule = v->rule;
    struct subject s = {l, loaded, v, rule->correlation};
    loaded->state = LINK_OPEN;
    loaded->depth = 1;
    l->path[l->n_path++] = loaded;
    if (settle(&s))
        settle_level(&s, rule);
    l->n_path--;
    loaded->state = LINK_DONE;
}

/* What is listened to is silent by itself, unless somebody wants it told all the same. A risk
 * hears the alerts themselves: they must be told. */
static void mark_inputs(struct linker *l, const struct loaded_correlation *loaded)
{
    const struct rule *rule = l->verdicts[loaded->verdict].rule;

    if (!rule || rule->correlation->kind == OPERATOR_RISK)
        return;
    for (size_t i = 0; i < l->n_verdicts; i++)
        for (size_t k = 0; k < rule->correlation->n_inputs; k++) {
            struct rule *input = l->verdicts[i].rule;
            if (!input || input != rule->correlation->inputs[k].rule)
                continue;
            struct rule_state *state = rule_state_of(l->a, input);
            state->is_referenced = true;
            state->is_generated |= loaded->sigma.generates;
        }
}

void link_correlations(struct arena *a, const struct lang_options *options,
                       struct verdict *verdicts, size_t n_verdicts, struct loaded_correlation *list,
                       size_t n)
{
    struct linker l = {.a = a,
                       .options = options,
                       .verdicts = verdicts,
                       .n_verdicts = n_verdicts,
                       .list = list,
                       .n = n,
                       .path = ARENA_ARRAY(a, n, struct loaded_correlation *)};

    for (size_t i = 0; i < n; i++)
        link_one(&l, &list[i]);
    for (size_t i = 0; i < n; i++)
        mark_inputs(&l, &list[i]);
}
