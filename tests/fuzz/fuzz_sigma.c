/* fuzz_sigma.c - any bytes as a rule file: every document gets a verdict, and what loads is a
 * formula within its bounds that can be dumped. */
#include "base/buf.h"
#include "lang/lang.h"
#include "rule/correlation.h"
#include "rule/dump.h"
#include "tests/lib/sigma_text.h"

static unsigned depth_of(const struct formula *f)
{
    unsigned depth = 0;

    for (size_t i = 0; i < f->n_children; i++) {
        unsigned d = depth_of(f->children[i]);
        depth = d > depth ? d : depth;
    }
    return depth + 1;
}

static void check_atom(const struct atom *atom, void *context)
{
    (void)context;
    ASSERT(atom->field.n > 0 || atom->field.p);
    ASSERT(atom->glob.n_parts <= GLOB_PARTS_MAX);
    for (size_t i = 0; i < atom->glob.n_parts; i++) {
        enum glob_kind kind = atom->glob.parts[i].kind;
        ASSERT(kind != GLOB_TEXT || atom->glob.parts[i].text.n > 0);
        ASSERT(i == 0 || kind != atom->glob.parts[i - 1].kind || kind == GLOB_ONE ||
               kind == GLOB_SET);
    }
}

static void check_correlation(const struct rule *rule, struct buf *out)
{
    const struct correlation *c = rule->correlation;

    ASSERT(c->window_ms > 0);
    ASSERT(c->n_group <= CORRELATION_GROUP_MAX && c->n_fields <= CORRELATION_FIELDS_MAX);
    ASSERT(c->n_inputs > 0 || c->kind == OPERATOR_RISK);
    for (size_t i = 0; i < c->n_inputs; i++) {
        ASSERT(c->inputs[i].rule && c->inputs[i].rule != rule);
        ASSERT(c->kind == OPERATOR_RISK || c->inputs[i].rule->state->is_referenced);
        for (size_t k = 0; k < c->n_group; k++)
            ASSERT(c->inputs[i].group_fields[k].n > 0);
    }
    correlation_dump(out, rule);
}

static void check_verdict(const struct verdict *v, struct buf *out)
{
    ASSERT(v->uid.n > 0);
    ASSERT((v->status >= VERDICT_UNSUPPORTED) == (v->n_messages > 0 && !v->rule && v->status > 1));
    for (size_t i = 0; i < v->n_messages; i++)
        verdict_message_format(out, v, &v->messages[i]);
    if (!v->rule)
        return;
    ASSERT(depth_of(v->rule->formula) <= FORMULA_DEPTH_MAX);
    formula_each_atom(v->rule->formula, check_atom, NULL);
    formula_dump(out, v->rule->formula);
    if (v->rule->correlation)
        check_correlation(v->rule, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, NULL);
    struct loaded_rules loaded;
    struct buf out = {0};

    rule_loader_add(l, STR("fuzz.yml"), (struct str){(const char *)data, size});
    rule_loader_finish(l, &loaded);
    ASSERT(loaded.n_verdicts > 0);
    for (size_t i = 0; i < loaded.n_verdicts; i++)
        check_verdict(&loaded.verdicts[i], &out);
    buf_release(&out);
    arena_free(a);
    return 0;
}
