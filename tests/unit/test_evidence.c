/* test_evidence.c - the evidence of alerts is the reference evaluator's, on random rules and
 * events: fields with none, one and several members, texts that nearly meet, every fold.
 */
#include "match/evidence.h"

#include "json/tree.h"
#include "json/write.h"

#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

enum { ROUNDS = 4000, ATOMS = 24, DEPTH = 4 };

static const struct profile_set *profiles;

static const char *const words[] = {"",         "a",
                                    "Ab",       "aB",
                                    "abAb",     "b a",
                                    "x.EXE",    "exe",
                                    "\xc3\x84", "\xe2\x84\xaa",
                                    "k",        "a very long text with abab in its midst",
                                    "ABAB in",  "midst",
                                    "12",       "1.2.3.4"};
static const char *const fields[] = {"f", "g", "h.i", "gone", FIELD_ANY_NAME};

static struct str word(struct rng *r)
{
    return str_from(words[rng_below(r, ARRAY_LEN(words))]);
}

static struct atom random_atom(struct rng *r, struct glob_part *part)
{
    static const enum atom_op ops[] = {ATOM_EQ,       ATOM_PREFIX,    ATOM_SUFFIX,    ATOM_CONTAINS,
                                       ATOM_CONTAINS, ATOM_GLOB,      ATOM_EXISTS,    ATOM_IS_NULL,
                                       ATOM_NUM_EQ,   ATOM_FIELD_CMP, ATOM_HAS_VALUE, ATOM_WORDS,
                                       ATOM_TEXT_CMP, ATOM_SOME_FIELD};
    static const struct formula empty_is_there = {.kind = FORMULA_CONST, .value = true};
    struct atom atom = {.op = ops[rng_below(r, ARRAY_LEN(ops))],
                        .fold = (enum fold)rng_below(r, 3),
                        .miss = (enum miss)rng_below(r, 3),
                        .array = (enum array_rule)rng_below(r, 4),
                        .field = str_from(fields[rng_below(r, ARRAY_LEN(fields))]),
                        .other = STR("g"),
                        .cmp = ATOM_EQ,
                        .text = word(r)};

    part->kind = GLOB_TEXT;
    part->text = word(r);
    part[1] = (struct glob_part){.kind = GLOB_ANY};
    atom.glob = (struct glob){.parts = part, .n_parts = 2};
    atom.inner = &empty_is_there;
    if (atom.op == ATOM_TEXT_CMP)
        atom.cmp = ATOM_NUM_GT;
    if (atom.op == ATOM_NUM_EQ)
        atom.text = STR("12");
    if (str_eq(atom.field, STR(FIELD_ANY_NAME)) && atom.op <= ATOM_REGEX && rng_below(r, 2)) {
        static const struct str except[] = {{"f", 1}, {"h*", 2}};
        atom.miss = MISS_FALSE;
        atom.array = ARRAY_ANY;
        atom.except = (struct str_list){except, ARRAY_LEN(except)};
    }
    return atom;
}

static struct formula *random_formula(struct rng *r, struct arena *a, const struct atom *atoms,
                                      int depth)
{
    static const char *const labels[] = {"", "", "sel", "filter"};
    uint32_t kind = depth == 0 ? 4 : rng_below(r, 8);
    struct formula *f, *children[4];

    if (kind >= 4) {
        f = formula_atom(a, &atoms[rng_below(r, ATOMS)]);
    } else if (kind == 3) {
        f = formula_not(a, random_formula(r, a, atoms, depth - 1));
    } else {
        size_t n = 2 + rng_below(r, 3);
        for (size_t i = 0; i < n; i++)
            children[i] = random_formula(r, a, atoms, depth - 1);
        f = formula_join(a, kind == 0 ? FORMULA_AND : FORMULA_OR, children, n);
    }
    if (f->label.n == 0)
        f->label = str_from(labels[rng_below(r, ARRAY_LEN(labels))]);
    return f;
}

static void put_value(struct rng *r, struct json_writer *w)
{
    switch (rng_below(r, 6)) {
    case 0:
        json_put_null(w);
        break;
    case 1:
        json_put_i64(w, 12);
        break;
    case 2:
        json_open_array(w);
        for (uint32_t n = rng_below(r, 4); n > 0; n--)
            json_put_str(w, word(r));
        json_close_array(w);
        break;
    default:
        json_put_str(w, word(r));
    }
}

static struct json_node *random_event(struct rng *r, struct arena *a)
{
    struct buf text = {0};
    struct json_writer w;
    struct json_node *root = NULL;

    json_writer_init(&w, &text);
    json_open_object(&w);
    for (size_t i = 0; i < 3; i++)
        if (rng_below(r, 4)) {
            json_key(&w, str_from(fields[i]));
            put_value(r, &w);
        }
    json_close_object(&w);
    CHECK_EQ(json_tree_parse(a, buf_str(&text), &root, NULL), JSON_OK);
    buf_release(&text);
    return root;
}

static void check_same(const struct match_evidence *got, size_t n_got,
                       const struct match_evidence *want, size_t n_want)
{
    CHECK_EQ(n_got, n_want);
    for (size_t i = 0; i < n_want; i++) {
        CHECK(got[i].atom == want[i].atom);
        CHECK(str_eq(got[i].selection, want[i].selection));
        CHECK(str_eq(got[i].field, want[i].field));
        CHECK(str_eq(got[i].value, want[i].value));
        CHECK_EQ(got[i].is_missing, want[i].is_missing);
    }
}

TEST(evidence_is_that_of_the_reference)
{
    struct rng r = rng_start(__func__);
    struct arena *a = arena_new(0);
    struct reference *reference = reference_new();
    struct evidence_finder *finder = evidence_finder_new();
    struct atom atoms[ATOMS];
    struct glob_part parts[ATOMS][2];
    size_t n_true = 0;

    for (int round = 0; round < ROUNDS; round++) {
        struct match_evidence *got, *want;
        struct event_tree event;

        arena_reset(a);
        for (size_t i = 0; i < ATOMS; i++)
            atoms[i] = random_atom(&r, parts[i]);
        event_tree_init(&event, profiles, random_event(&r, a), NULL);
        evidence_begin(finder, &event);
        for (int k = 0; k < 3; k++) { /* several rules on one event */
            struct rule rule = {.formula = random_formula(&r, a, atoms, DEPTH)};
            size_t n_want = reference_evidence(reference, a, &rule, &event, &want);
            size_t n_got = evidence_of(finder, &rule, &got);
            check_same(got, n_got, want, n_want);
            n_true += n_want > 1;
        }
    }
    CHECK(n_true > ROUNDS / 8); /* or this asks nothing; usual is about a quarter */
    evidence_finder_free(finder);
    reference_free(reference);
    arena_free(a);
}

TEST(what_was_taken_back_does_not_count_towards_the_limit)
{
    enum { FILLERS = EVIDENCE_MAX, ALL = FILLERS + 3 };
    static struct atom atoms[ALL];
    struct formula *children[ALL];
    struct arena *a = arena_new(0);
    struct reference *reference = reference_new();
    struct evidence_finder *finder = evidence_finder_new();
    struct match_evidence *got, *want;
    struct event_tree event;
    struct json_node *root = NULL;

    CHECK_EQ(json_tree_parse(a, STR("{\"f\":1}"), &root, NULL), JSON_OK);
    event_tree_init(&event, profiles, root, NULL);
    for (size_t i = 0; i < ALL; i++) {
        atoms[i] = (struct atom){.op = ATOM_EXISTS, .field = STR("f")};
        children[i] = formula_atom(a, &atoms[i]);
    }
    atoms[FILLERS].field = STR("gone");
    struct formula *branches[] = {formula_join(a, FORMULA_AND, children, FILLERS + 1),
                                  children[FILLERS + 1], children[FILLERS + 2]};
    struct rule rule = {.formula = formula_join(a, FORMULA_OR, branches, 3)};
    size_t n_want = reference_evidence(reference, a, &rule, &event, &want);
    evidence_begin(finder, &event);
    CHECK_EQ(n_want, 2);
    size_t n_got = evidence_of(finder, &rule, &got);
    check_same(got, n_got, want, n_want);
    evidence_finder_free(finder);
    reference_free(reference);
    arena_free(a);
}

int main(void)
{
    struct arena *a = arena_new(0);
    const struct CMUnitTest tests[] = {ENTRY(evidence_is_that_of_the_reference),
                                       ENTRY(what_was_taken_back_does_not_count_towards_the_limit)};

    if (profile_set_load(a, STR(""), &profiles, NULL) != WEIR_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
