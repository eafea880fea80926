/* test_facts.c - what training taught comes back from its facts. */
#include "correlate/facts.h"

#include "base/str.h"
#include "correlate/first_seen.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/step_runner.h"
#include "tests/lib/test.h"

enum { DAY = 1000, HISTORY = 30 * DAY, TRAINING = 10 * DAY };

static struct correlation correlation = {
    .kind = OPERATOR_FIRST_SEEN, .history_ms = HISTORY, .training_ms = TRAINING};
static struct operator_spec spec = {.correlation = &correlation, .is_final = true};
static const uint8_t identity[FACT_IDENTITY_BYTES] = "0123456789abcde";

TEST(fact_comes_back_as_it_was_and_a_cut_one_is_none)
{
    struct fact f = {.term_key = {{1}},
                     .group_key = {{2}},
                     .term = 3,
                     .first_ms = -4,
                     .last_ms = 5,
                     .slot = 6,
                     .since_ms = -7,
                     .number = 8,
                     .with = 9,
                     .of = 10,
                     .with_day = 11,
                     .of_day = 12};
    struct fact got;
    struct buf b = {0}, again = {0};

    memcpy(f.identity, identity, sizeof identity);
    for (f.kind = FACT_TERM; f.kind <= FACT_WINDOW; f.kind++) {
        buf_clear(&b);
        buf_clear(&again);
        fact_pack(&f, &b);
        CHECK(fact_unpack(buf_str(&b), &got));
        fact_pack(&got, &again);
        CHECK(str_eq(buf_str(&b), buf_str(&again)));
        CHECK_EQ(got.with_day, f.kind == FACT_ACTOR ? 11 : 0);
        CHECK_EQ(got.slot, f.kind == FACT_TERM ? 0 : 6);
        for (size_t n = 0; n < b.n; n++)
            CHECK(!fact_unpack(str_sub(buf_str(&b), 0, n), &got));
        b.p[0] = (char)(FACT_WINDOW + 1);
        CHECK(!fact_unpack(buf_str(&b), &got));
    }
    buf_release(&b);
    buf_release(&again);
}

TEST(facts_of_a_term_have_names_by_their_slots)
{
    uint8_t term[FACT_NAME_BYTES], one[FACT_NAME_BYTES], other[FACT_NAME_BYTES];
    struct fact f = {.term_key = {{1, 2}}};

    fact_name(&f, term);
    CHECK(memcmp(term + FACT_IDENTITY_BYTES, f.term_key.bytes, STATE_KEY_BYTES) == 0);
    f.slot = 1;
    fact_name(&f, one);
    f.slot = UINT64_C(1) << 56;
    fact_name(&f, other);
    CHECK(memcmp(term, one, sizeof one) != 0);
    CHECK(memcmp(one, other, sizeof one) != 0);
}

/* The last fact of each term counts. */
struct learning {
    struct operator_run *run;
    struct fact facts[8];
    size_t n;
};

static void note_facts(struct learning *l)
{
    size_t n;
    const struct signal *told = operator_run_facts(l->run, &n);

    l->n = 0;
    for (size_t i = 0; i < n; i++) {
        struct fact f;
        CHECK(fact_of_signal(&told[i], identity, &f));
        size_t at = 0;
        while (at < l->n && memcmp(&l->facts[at].term_key, &f.term_key, sizeof f.term_key) != 0)
            at++;
        CHECK(at < ARRAY_LEN(l->facts));
        l->facts[at] = f;
        l->n = at == l->n ? l->n + 1 : l->n;
    }
}

static struct hit hit_of(uint32_t term)
{
    return (struct hit){.count = 1,
                        .value = term + 100,
                        .group_key = operator_run_key(1, 0),
                        .keys = STR("g"),
                        .value_text = STR("term")};
}

static void learn(struct learning *l, uint32_t term, int64_t t_ms)
{
    struct hit hit = hit_of(term);

    operator_run_hit(l->run, operator_run_key(1, term), t_ms, &hit);
    operator_run_watermark(l->run, t_ms + 1);
    note_facts(l);
}

static struct operator_run *restored(const struct learning *l)
{
    struct operator_run *run = operator_run_new(&operator_first_seen, &spec);

    for (size_t i = l->n; i-- > 0;) {
        struct state_op term, group;
        struct hit hit;
        fact_ops(&l->facts[i], true, &hit, &term, &group);
        group.space = 1;
        step_runner_apply(operator_run_steps(run), &term);
        step_runner_apply(operator_run_steps(run), &group);
    }
    return run;
}

static size_t met_by(struct operator_run *run, uint32_t term, int64_t t_ms)
{
    struct hit hit = hit_of(term);
    size_t before, after;

    operator_run_met(run, &before);
    operator_run_hit(run, operator_run_key(1, term), t_ms, &hit);
    operator_run_watermark(run, t_ms + 1);
    const struct met *met = operator_run_met(run, &after);
    CHECK(after == before || strcmp(met[after - 1].keys, "g") == 0);
    return after - before;
}

TEST(restored_group_is_trained_and_knows_its_terms)
{
    struct learning l = {.run = operator_run_new(&operator_first_seen, &spec)};

    for (int64_t day = 0; day < 60; day++)
        learn(&l, 1, day * DAY);
    learn(&l, 2, 60 * DAY);
    CHECK_EQ(l.n, 2);
    CHECK_EQ(l.facts[0].first_ms, 0);
    CHECK(l.facts[0].last_ms >= 59 * DAY - HISTORY / FACT_PARTS);

    struct operator_run *run = restored(&l);
    CHECK_EQ(met_by(run, 1, 61 * DAY), 0);
    CHECK_EQ(met_by(run, 2, 61 * DAY + 1), 0);
    CHECK_EQ(met_by(run, 3, 61 * DAY + 2), 1); /* trained since day 0 */
    CHECK_EQ(met_by(run, 2, 92 * DAY), 1);     /* forgotten after the history */
    operator_run_free(run);
    operator_run_free(l.run);
}

static struct state_key group_key(void)
{
    return operator_run_key(1, 0);
}

/* To the group alone, as its term's stage says it. */
static void tell_group(struct step_runner *steps, uint32_t label, uint32_t term, int64_t from_ms,
                       int64_t to_ms)
{
    struct hit hit = hit_of(term);
    struct state_op op = {.key = group_key(), .t_ms = to_ms, .payload = &hit};

    hit.label = label;
    hit.number_micro = from_ms;
    hit.group_key = operator_run_key(1, term);
    step_runner_apply(steps, &op);
}

/* What the group has said: 'm' for each condition that was met, 'f' for each fact. */
static const char *said(struct step_runner *steps)
{
    static char text[16];
    size_t n, k = 0;
    const struct emission *told = step_runner_take(steps, &n);

    for (size_t i = 0; i < n && k + 1 < sizeof text; i++) {
        struct signal s;
        CHECK(signal_unpack(told[i].bytes, &s));
        text[k++] = s.stage == SIGNAL_MET ? 'm' : s.stage == SIGNAL_FACT ? 'f' : '?';
    }
    text[k] = '\0';
    return text;
}

TEST(a_fact_is_told_with_the_judgement_and_not_before)
{
    struct step_runner *steps = step_runner_new();
    int64_t t = TRAINING + DAY;

    step_runner_add(steps, first_seen_group_step, &spec);
    tell_group(steps, FIRST_SEEN_NEW, 1, 0, 0);
    step_runner_watermark(steps, 1);
    CHECK_STR(str_from(said(steps)), "f"); /* in training */

    tell_group(steps, FIRST_SEEN_NEW, 2, t, t);
    CHECK_STR(str_from(said(steps)), "");
    tell_group(steps, FIRST_SEEN_STILL, 2, t, t + 5 * DAY); /* overtakes the judgement */
    CHECK_STR(str_from(said(steps)), "");
    tell_group(steps, FIRST_SEEN_STILL, 1, 0, t); /* has nothing to wait for */
    CHECK_STR(str_from(said(steps)), "f");
    step_runner_watermark(steps, t);
    CHECK_STR(str_from(said(steps)), "");
    step_runner_watermark(steps, t + 1);
    CHECK_STR(str_from(said(steps)), "mff");
    tell_group(steps, FIRST_SEEN_STILL, 2, t, t + 9 * DAY);
    CHECK_STR(str_from(said(steps)), "f");
    step_runner_free(steps);
}

TEST(a_term_too_many_is_a_fact_at_once_for_nobody_will_judge_it)
{
    struct step_runner *steps = step_runner_new();

    step_runner_add(steps, first_seen_group_step, &spec);
    for (uint32_t i = 0; i < FIRST_SEEN_PENDING_MAX; i++)
        tell_group(steps, FIRST_SEEN_NEW, i + 1, 0, 0);
    CHECK_STR(str_from(said(steps)), "");
    tell_group(steps, FIRST_SEEN_NEW, FIRST_SEEN_PENDING_MAX + 1, 0, 0);
    CHECK_STR(str_from(said(steps)), "f");
    step_runner_free(steps);
}

TEST(group_that_nothing_restored_is_silent)
{
    struct operator_run *run = operator_run_new(&operator_first_seen, &spec);

    CHECK_EQ(met_by(run, 3, 61 * DAY), 0);
    operator_run_free(run);
}

TEST_MAIN(ENTRY(fact_comes_back_as_it_was_and_a_cut_one_is_none),
          ENTRY(facts_of_a_term_have_names_by_their_slots),
          ENTRY(restored_group_is_trained_and_knows_its_terms),
          ENTRY(a_fact_is_told_with_the_judgement_and_not_before),
          ENTRY(a_term_too_many_is_a_fact_at_once_for_nobody_will_judge_it),
          ENTRY(group_that_nothing_restored_is_silent))
