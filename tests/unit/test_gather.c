/* test_gather.c - from an event and the rules that match it to operations: keys, values, capsules.
 */
#include "correlate/gather.h"

#include "app/stream.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/first_seen.h"
#include "lang/lang.h"
#include "list/list.h"
#include "rule/correlation.h"
#include "state/capsule.h"
#include "state/key.h"
#include "tests/lib/test.h"

struct rig {
    struct arena *arena;
    const struct profile_set *profiles;
    struct loaded_rules loaded;
    const struct graph *graph;
    struct field_table *fields;
    struct extract_worker *worker;
    struct gatherer *gatherer;
    struct stream *stream;
    struct buf text; /* what was gathered */
};

static const struct origin_input INPUT = {.name = {"in", 2}};

static void print_op(struct rig *r, const struct gathered *g)
{
    struct unpack keys = unpack_from(g->hit.keys);
    struct str uid = r->graph->rules[g->rule].rule->uid, all[CORRELATION_GROUP_MAX];
    size_t n = unpack_u8(&keys);

    buf_printf(&r->text, "%.*s", (int)uid.n, uid.p);
    for (size_t i = 0; i < n; i++) {
        struct str key = all[i] = unpack_str(&keys);
        buf_printf(&r->text, "%c%.*s", i ? ',' : ' ', (int)key.n, key.p);
    }
    struct state_key key = state_key_of(&r->graph->options.secret, STR(""), all, n);
    if (g->space != SPACE_NONE) /* told from what was hashed, whoever else asked for it */
        CHECK(memcmp(&key, &g->hit.group_key, sizeof key) == 0);
    if (g->hit.value_text.n)
        buf_printf(&r->text, " %.*s", (int)g->hit.value_text.n, g->hit.value_text.p);
    buf_add_char(&r->text, '\n');
}

static void print_capsule(struct rig *r, const struct gathered *g)
{
    struct capsule c;

    CHECK(capsule_unpack(g->hit.capsule, &c));
    buf_printf(&r->text, "%.*s:", (int)c.profile.n, c.profile.p);
    for (uint32_t i = 0; i < c.n_fields; i++)
        buf_printf(&r->text, " %.*s=%.*s", (int)c.fields[i].name.n, c.fields[i].name.p,
                   (int)c.fields[i].value.n, c.fields[i].value.p);
    buf_add_char(&r->text, '\n');
}

/* A stream_fn: every rule that is no correlation matches. */
static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct rig *r = context;
    uint32_t rules[16];
    size_t n_rules = 0;
    struct buf gathered = {0};
    struct gathered g;

    (void)numbers;
    (void)err;
    CHECK_EQ(n, 1);
    for (uint32_t i = 0; i < r->graph->n_rules; i++)
        if (!r->graph->rules[i].rule->correlation)
            rules[n_rules++] = i;
    struct gather_event e = {.event = events,
                             .profile = extract_shape(r->worker, events->shape)->profile,
                             .input = INPUT.name};
    gather(r->gatherer, &e, rules, n_rules, &gathered);
    struct str rest = buf_str(&gathered);
    for (bool is_first = true; gathered_next(&rest, &g); is_first = false) {
        if (is_first)
            print_capsule(r, &g);
        print_op(r, &g);
    }
    buf_release(&gathered);
    return WEIR_OK;
}

/* n_before: fields that others ask for, and have the first numbers. */
static void rig_start_as(struct rig *r, const char *rules, bool is_once, int n_before)
{
    struct weir_err err;

    *r = (struct rig){.arena = arena_new(0)};
    struct list_source lists = list_set_source(list_set_new(r->arena), r->arena);
    CHECK_EQ(profile_set_load(r->arena, STR(""), &r->profiles, &err), WEIR_OK);
    struct rule_loader *l = rule_loader_new(r->arena, &lists, NULL);
    rule_loader_add(l, STR("r.yml"), str_from(rules));
    rule_loader_finish(l, &r->loaded);
    struct rule **all = ARENA_ARRAY(r->arena, r->loaded.n_verdicts, struct rule *);
    for (size_t i = 0; i < r->loaded.n_verdicts; i++) {
        all[i] = r->loaded.verdicts[i].rule;
        CHECK(all[i]);
    }
    struct graph_options options = {.profiles = r->profiles, .is_once = is_once};
    CHECK_EQ(graph_new(r->arena, all, r->loaded.n_verdicts, &options, &r->graph, &err), WEIR_OK);
    r->fields = field_table_new(r->arena);
    for (int i = 0; i < n_before; i++)
        (void)field_intern(r->fields, arena_printf(r->arena, "before%d", i));
    for (size_t i = 0; i < r->graph->n_fields; i++)
        (void)field_intern(r->fields, r->graph->fields[i]);
    r->worker = extract_worker_new(extractor_new(r->arena, r->profiles, r->fields, false, NULL));
    r->gatherer = gatherer_new(r->graph, r->fields, r->profiles);
    r->stream = stream_new(r->worker, r->profiles, &INPUT, on_batch, r);
}

static void rig_start(struct rig *r, const char *rules)
{
    rig_start_as(r, rules, false, 0);
}

static struct str rig_event(struct rig *r, const char *event)
{
    struct weir_err err;

    buf_clear(&r->text);
    stream_begin(r->stream, 0);
    CHECK_EQ(stream_feed(r->stream, event, strlen(event), &err), WEIR_OK);
    CHECK_EQ(stream_end(r->stream, &err), WEIR_OK);
    return buf_str(&r->text);
}

static void rig_end(struct rig *r)
{
    gatherer_free(r->gatherer);
    stream_free(r->stream);
    extract_worker_free(r->worker);
    buf_release(&r->text);
    arena_free(r->arena);
}

#define BASE                                                                 \
    "title: a\nname: a\nid: a\nlogsource: {product: p}\nfields: [f, g, h]\n" \
    "detection: {s: {f: x, g: y, h: z}, condition: s}\n"
#define COUNT(keys)                                                                     \
    "---\ntitle: c\nid: c\ncorrelation: {type: event_count, rules: [a], timespan: 1h, " \
    "condition: {gte: 2}, " keys "}\n"

TEST(capsules_name_who_the_event_is_about)
{
    static const struct {
        const char *rules, *event, *want;
    } ROWS[] = {
        /* A correlation: from what extraction found. */
        {BASE COUNT("group-by: [g]"),
         "{\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\",\"f\":\"x\",\"g\":\"y\","
         "\"sourceIPAddress\":\"10.0.0.1\",\"userIdentity\":{\"arn\":\"-\",\"userName\":\"Ann\","
         "\"principalId\":\"P\"}}",
         "aws_cloudtrail: g=y userIdentity.userName=Ann sourceIPAddress=10.0.0.1 f=x\nc y\n"},
        /* None: from the event as a tree, and the same. */
        {BASE,
         "{\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\",\"f\":\"x\",\"g\":\"y\","
         "\"sourceIPAddress\":\"10.0.0.1\",\"userIdentity\":{\"arn\":\"-\",\"userName\":\"Ann\","
         "\"principalId\":\"P\"}}",
         "aws_cloudtrail: userIdentity.userName=Ann sourceIPAddress=10.0.0.1 f=x g=y\na ann\n"},
        /* More than there is room for: two places are the rule's own. */
        {BASE COUNT("group-by: [g]"),
         "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"c\","
         "\"User\":\"u\",\"Image\":\"i\",\"ParentImage\":\"p\",\"TargetImage\":\"t\","
         "\"TargetFilename\":\"n\",\"SourceIp\":\"s\",\"DestinationIp\":\"d\",\"f\":\"x\","
         "\"g\":\"y\",\"h\":\"z\"}",
         "windows_flat: g=y Computer=c User=u Image=i ParentImage=p TargetImage=t f=x h=z\nc y\n"},
        /* A field that is key and entity is there once. */
        {BASE COUNT("group-by: [sourceIPAddress]"),
         "{\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\","
         "\"sourceIPAddress\":\"10.0.0.1\"}",
         "aws_cloudtrail: sourceIPAddress=10.0.0.1\nc 10.0.0.1\n"},
        /* It is the first one, and others follow. */
        {BASE COUNT("group-by: [userIdentity.userName]"),
         "{\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\",\"f\":\"x\","
         "\"sourceIPAddress\":\"10.0.0.1\",\"userIdentity\":{\"userName\":\"Ann\"}}",
         "aws_cloudtrail: userIdentity.userName=Ann sourceIPAddress=10.0.0.1 f=x\nc Ann\n"},
        /* It is not the first one. */
        {BASE COUNT("group-by: [sourceIPAddress]"),
         "{\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\",\"f\":\"x\","
         "\"sourceIPAddress\":\"10.0.0.1\",\"userIdentity\":{\"userName\":\"Ann\"}}",
         "aws_cloudtrail: sourceIPAddress=10.0.0.1 userIdentity.userName=Ann f=x\nc 10.0.0.1\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct rig r;
        rig_start(&r, ROWS[i].rules);
        CHECK_STR(rig_event(&r, ROWS[i].event), ROWS[i].want);
        rig_end(&r);
    }
}

/* What is gathered behind the capsule's line. */
static void check_ops(struct rig *r, const char *event, const char *want)
{
    struct str first, ops;

    str_cut(rig_event(r, event), '\n', &first, &ops);
    CHECK_STR(ops, want);
}

/* Each byte that is no UTF-8 becomes three: there is room for them. */
TEST(values_that_are_no_utf8)
{
    struct rig r;
    char event[64] = "{\"g\":\"";

    memset(event + 6, 0xFF, 24);
    memcpy(event + 30, "\"}", 3);
    rig_start(&r, BASE COUNT("group-by: [g]"));
    struct str text = rig_event(&r, event);
    CHECK(str_starts(text, STR(": g=\xEF\xBF\xBD\xEF\xBF\xBD")));
    rig_end(&r);
}

/* A number of a field is not bounded by what fits into two bytes. */
TEST(more_fields_than_65536)
{
    enum { FIELDS = 70000 };
    struct rig r;

    rig_start_as(&r, BASE COUNT("group-by: [group]"), false, FIELDS);
    CHECK(field_find(r.fields, STR("group")) >= FIELDS);
    CHECK(str_ends(rig_event(&r, "{\"group\":\"Ann\"}"), STR("\nc Ann\n")));
    rig_end(&r);
}

TEST(groups_of_correlations)
{
    static const struct {
        const char *rules, *event, *want;
        struct gather_counts counts;
    } ROWS[] = {
        {BASE COUNT("group-by: [g]"), "{\"f\":\"x\"}", "", {.missing_group = 1}},
        {BASE COUNT("group-by: [g]"), "{\"g\":null}", "", {.missing_group = 1}},
        {BASE COUNT("group-by: [g]") "weir: {on_missing: group}\n",
         "{\"f\":\"x\"}",
         "c \n",
         {.operations = 1}},
        {BASE COUNT("group-by: [g, h]") "weir: {on_missing: group}\n",
         "{\"h\":1}",
         "c ,1\n",
         {.operations = 1}},
        {BASE COUNT("group-by: [g]"), "{\"g\":\"Ann\"}", "c Ann\n", {.operations = 1}},
        {BASE COUNT("group-by: [g]") "weir: {group_case: fold}\n",
         "{\"g\":\"ANn\\u00c4\"}",
         "c ann\xc3\x84\n", /* ASCII alone */
         {.operations = 1}},
        /* All combinations of several values, each once. */
        {BASE COUNT("group-by: [g, h]"),
         "{\"g\":[\"a\",\"b\"],\"h\":[\"1\",\"2\"]}",
         "c a,1\nc b,1\nc a,2\nc b,2\n",
         {.operations = 4}},
        {BASE COUNT("group-by: [g]"), "{\"g\":{\"k\":1}}", "", {.missing_group = 1}},
        /* One value among several. */
        {BASE COUNT("group-by: [g]"), "{\"g\":[null,\"a\",null]}", "c a\n", {.operations = 1}},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct rig r;
        rig_start(&r, ROWS[i].rules);
        check_ops(&r, ROWS[i].event, ROWS[i].want);
        struct gather_counts c = gather_counts(r.gatherer);
        CHECK_EQ(c.operations, ROWS[i].counts.operations);
        CHECK_EQ(c.missing_group, ROWS[i].counts.missing_group);
        CHECK_EQ(c.keys_cut, ROWS[i].counts.keys_cut);
        rig_end(&r);
    }
}

TEST(values_of_several_fields)
{
#define TUPLE(weir)                                                                     \
    "---\ntitle: c\nid: c\ncorrelation: {type: value_count, rules: [a], timespan: 1h, " \
    "condition: {field: [g, h], gte: 2}}\n" weir
    static const struct {
        const char *weir, *event;
        uint64_t operations, missing;
    } ROWS[] = {
        {BASE TUPLE(""), "{\"g\":\"a\",\"h\":1}", 1, 0},
        {BASE TUPLE(""), "{\"g\":\"a\"}", 0, 1},
        {BASE TUPLE("weir: {missing_value: drop}\n"), "{\"h\":1}", 0, 1},
        {BASE TUPLE("weir: {missing_value: empty}\n"), "{\"g\":[\"a\",\"b\"]}", 2, 0},
        {BASE TUPLE("weir: {missing_value: empty}\n"), "{\"g\":null,\"h\":1}", 1, 0},
        {BASE TUPLE("weir: {missing_value: empty}\n"), "{\"f\":\"x\"}", 0, 1}, /* none of them */
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct rig r;
        rig_start(&r, ROWS[i].weir);
        (void)rig_event(&r, ROWS[i].event);
        struct gather_counts c = gather_counts(r.gatherer);
        CHECK_EQ(c.operations, ROWS[i].operations);
        CHECK_EQ(c.missing_value, ROWS[i].missing);
        rig_end(&r);
    }
}

/* `form` for each number below n, a comma between. */
static void add_each(struct buf *out, unsigned n, const char *form)
{
    for (unsigned i = 0; i < n; i++) {
        buf_add(out, str_from(i ? "," : ""));
        buf_printf(out, form, i, i); /* the second where the form has one */
    }
}

/* The text of a term of n fields v0, v1 ...; `last` is the end of the last value. */
static struct str clear_term(unsigned n, const char *last, struct buf *rules)
{
    struct buf event = {0};
    struct rig r;

    buf_clear(rules);
    buf_add(rules, STR("title: a\nname: a\nid: a\ndetection: {s: {v0|exists: true}, condition: s}\n"
                       "---\ntitle: c\nid: c\ncorrelation: {type: first_seen, rules: [a], "
                       "timespan: 1h, condition: {field: ["));
    add_each(rules, n, "v%u");
    buf_add(rules, STR("]}}\nweir: {dedup: off}\n"));
    buf_add(rules, (struct str){"", 1}); /* a text of C */
    rig_start(&r, rules->p);
    buf_add_char(&event, '{');
    add_each(&event, n, "\"v%u\":\"a value longer than its room %u\"");
    event.n--; /* the last quote */
    buf_printf(&event, "%s\"}", last);
    buf_add(&event, (struct str){"", 1});
    struct str ops = rig_event(&r, event.p), op, capsule;
    CHECK(str_cut(ops, '\n', &capsule, &ops));
    CHECK(str_cut(ops, '\n', &op, &ops));
    CHECK(str_cut(op, ' ', &op, &ops)); /* the rule's id */
    buf_clear(rules);
    buf_add(rules, ops);
    buf_release(&event);
    rig_end(&r);
    return buf_str(rules);
}

TEST(terms_of_many_fields_are_told_apart_in_little_room)
{
    for (unsigned n = 2; n <= CORRELATION_FIELDS_MAX; n++) {
        struct buf rooms[2] = {0};
        struct str one = clear_term(n, "1", &rooms[0]), other = clear_term(n, "2", &rooms[1]);
        size_t n_between = 0;
        for (size_t i = 0; i < one.n; i++)
            n_between += one.p[i] == FIRST_SEEN_BETWEEN;
        CHECK(one.n > n);
        CHECK(one.n <= FIRST_SEEN_TEXT_MAX);
        CHECK_EQ(n_between, n - 1);
        CHECK(!str_eq(one, other));
        buf_release(&rooms[0]);
        buf_release(&rooms[1]);
    }
}

TEST(dedup_by_fields_takes_the_first_value_of_each)
{
    static const struct {
        const char *fields, *event, *want;
    } ROWS[] = {
        {"[g]", "{\"g\":[\"b\",\"a\"]}", "a b\n"},
        {"[g, h]", "{\"g\":[\"b\",\"a\"],\"h\":[1,2]}", "a b,1\n"},
        {"[g, h]", "{\"h\":1}", "a ,1\n"}, /* who lacks a field is apart */
        {"[h, g]", "{\"h\":1,\"g\":2}", "a 1,2\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        char rules[512];
        struct rig r;
        snprintf(rules, sizeof rules, "%sweir: {dedup: {fields: %s}}\n", BASE, ROWS[i].fields);
        rig_start(&r, rules);
        check_ops(&r, ROWS[i].event, ROWS[i].want);
        rig_end(&r);
    }
}

TEST(the_first_entity_is_the_same_from_fields_as_from_the_tree)
{
#define CLOUD "\"eventSource\":\"s\",\"eventName\":\"n\",\"awsRegion\":\"r\","
#define WINDOWS "\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
    static const char *const EVENTS[] = {
        "{" CLOUD "\"userIdentity\":{\"arn\":\"arn:aws:iam::1:user/Ann\"}}",
        "{" CLOUD "\"userIdentity\":{\"arn\":\" - \",\"userName\":\"\\u0041nn\"}}",
        "{" CLOUD "\"userIdentity\":{\"arn\":\"\",\"userName\":null,\"principalId\":17}}",
        "{" CLOUD "\"userIdentity\":{\"userName\":[\"-\",\"Bob\",\"Ann\"]}}",
        "{" CLOUD "\"userIdentity\":{\"userName\":true},\"sourceIPAddress\":\"::ffff:10.0.0.1\"}",
        "{" CLOUD "\"sourceIPAddress\":\"10.0.0.1\"}",
        "{" WINDOWS "\"Computer\":\"DC1.corp.example\",\"User\":\"u\"}",
        "{" WINDOWS "\"Computer\":\"\",\"User\":\"CORP\\\\ANN\"}",
        "{" WINDOWS "\"Computer\":[],\"User\":\"-\",\"SourceIp\":\"2001:DB8::1\"}",
        "{\"user\":{\"name\":\"Ann\"},\"host.name\":\"h\"}",
        "{\"f\":\"x\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(EVENTS); i++) {
        struct rig tree, fields;
        rig_start_as(&tree, BASE, false, 0);
        rig_start_as(&fields, BASE, true, 0);
        CHECK(!tree.graph->wants_entities && fields.graph->wants_entities);
        struct str want = rig_event(&tree, EVENTS[i]), head;
        str_cut(want, '\n', &head, &want);
        char text[512];
        snprintf(text, sizeof text, "%.*s", (int)want.n, want.p);
        check_ops(&fields, EVENTS[i], text);
        rig_end(&tree);
        rig_end(&fields);
    }
}

TEST(a_group_field_with_many_values_is_cut)
{
    struct rig r;
    struct buf event = {0};

    rig_start(&r, BASE COUNT("group-by: [g]"));
    buf_add(&event, STR("{\"g\":["));
    for (int i = 0; i < CORRELATION_KEYS_PER_EVENT + 1; i++)
        buf_printf(&event, "%s%d", i ? "," : "", i);
    buf_add(&event, STR("]}"));
    buf_add_char(&event, '\0');
    (void)rig_event(&r, event.p);
    CHECK_EQ(gather_counts(r.gatherer).operations, CORRELATION_KEYS_PER_EVENT);
    CHECK_EQ(gather_counts(r.gatherer).keys_cut, 1);
    buf_release(&event);
    rig_end(&r);
}

TEST_MAIN(ENTRY(capsules_name_who_the_event_is_about), ENTRY(groups_of_correlations),
          ENTRY(values_of_several_fields),
          ENTRY(terms_of_many_fields_are_told_apart_in_little_room),
          ENTRY(dedup_by_fields_takes_the_first_value_of_each),
          ENTRY(the_first_entity_is_the_same_from_fields_as_from_the_tree),
          ENTRY(a_group_field_with_many_values_is_cut), ENTRY(values_that_are_no_utf8),
          ENTRY(more_fields_than_65536))
