/* test_lookup.c - questions to a whole event: fields, time, id, entities, evidence. */
#include "tests/lib/profile_text.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "tests/lib/corpus.h"
#include "tests/lib/event_diff.h"

static void open_tree(struct arena *a, const struct profile_set *set, const char *record,
                      struct event_tree *t)
{
    struct json_node *root;

    CHECK_EQ(json_tree_parse(a, str_from(record), &root, NULL), JSON_OK);
    event_tree_init(t, set, root, NULL);
}

static struct str looked_up(struct arena *a, const struct event_tree *t, const char *field)
{
    struct field_values values = event_lookup(a, t, str_from(field));
    struct str out = STR("");

    for (size_t i = 0; i < values.n; i++)
        out = arena_printf(a, "%.*s%s%d:%.*s", (int)out.n, out.p, i ? " " : "",
                           (int)values.items[i].kind, (int)values.items[i].text.n,
                           values.items[i].text.p);
    return out;
}

/* The same meanings as in test_extract, once more: the tree must not be right by agreement only. */
TEST(fields_are_looked_up_by_the_profile)
{
    static const struct {
        const char *record, *field, *want; /* kind:text, kinds as in scan.h */
    } cases[] = {
        {"{\"a\":{\"b\":\"x\"}}", "a.b", "4:x"},
        {"{\"a\":{\"b\":\"x\"},\"a.b\":\"y\"}", "a.b", "4:y"},
        {"{\"a\":{\"b\":\"x\"},\"a.b\":null}", "a.b", "4:x"},
        {"{\"a.b\":{\"c\":1},\"a\":{\"b.c\":2}}", "a.b.c", "3:1 3:2"},
        {"{\"a\":[{\"b\":1},{\"b\":[2,[]]},3]}", "a.b", "3:1 3:2 6:"},
        {"{\"a\":null}", "a", "0:null"},
        {"{\"a\":\"\\u0041\\n\"}", "a", "4:A\n"},
        {"{\"a\":true}", "a", "1:true"},
        {"{\"a\":{}}", "a", "5:"},
        {"{\"a\":1}", "A", ""},
        {"{\"a\":1}", "a.b", ""},
        {"{\"a\":1}", "@file", ""},
        {"{\"a\":\"x\",\"b\":[{\"c\":\"y\"},5]}", "@any", "4:x 4:y"},
        {"{\"message\":\"m\",\"product\":\"p\"}", "@any", "4:m"},
        {"{\"EventID\":4688,\"NewProcessName\":\"n\",\"MandatoryLabel\":\"S-1-16-4096\"}",
         "IntegrityLevel", "4:Low"},
        {"{\"EventID\":4688,\"NewProcessName\":\"n\"}", "Image", "4:n"},
        {"{\"EventID\":1,\"Channel\":\"x\",\"NewProcessName\":\"n\"}", "Image", ""},
        {"{\"Event\":{\"System\":{\"EventID\":{\"#text\":\"7\"}}}}", "EventID", "4:7"},
        {"{\"Event\":{\"System\":{\"EventID\":7},\"EventData\":{\"Threat Name\":\"t\"}}}",
         "ThreatName", "4:t"},
        {"{\"Event\":{\"System\":{\"EventID\":7},\"EventData\":{\"Threat Name\":\"t\"}}}",
         "Threat Name", "4:t"},
        {"{\"Event\":{\"System\":{\"EventID\":7,\"Provider\":{\"#attributes\":{\"Name\":\"p\"}}}}}",
         "Provider_Name", "4:p"},
        {"{\"Event\":{\"System\":{\"EventID\":5858},\"UserData\":{\"Operation_ClientFailure\":{"
         "\"Operation\":\"o\"}}}}",
         "Operation", "4:o"},
        {"{\"winlog\":{\"channel\":\"c\",\"event_data\":{\"Foo\":1}},\"process\":{\"executable\":"
         "\"e\"}}",
         "Foo", "3:1"},
        {"{\"winlog\":{\"channel\":\"c\"},\"process\":{\"executable\":\"e\"}}", "Image", "4:e"},
    };
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, NULL);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_tree t;
        open_tree(a, set, cases[i].record, &t);
        struct str got = looked_up(a, &t, cases[i].field);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s, %s: '%.*s', not '%s'", cases[i].record, cases[i].field, (int)got.n, got.p,
                     cases[i].want);
    }
    arena_free(a);
}

/* Keys of the root, and of what the profile has for one, whatever it is that stands below them. */
TEST(texts_of_some_keys_can_be_left_out)
{
    static const struct str NAMES[] = {{"#*", 2}, {"id", 2}};
    static const struct {
        const char *record, *want;
    } cases[] = {
        {"{\"a\":\"x\",\"#b\":\"y\",\"#\":\"z\",\"b#\":\"u\"}", "x u"},
        {"{\"id\":\"x\",\"idea\":\"y\",\"#b\":[\"z\",{\"c\":\"u\"}]}", "y"},
        {"{\"a\":{\"#b\":\"x\",\"id\":\"y\"},\"c\":[{\"id\":\"z\"}]}", "x y z"},
        {"{\"\\u0023b\":\"x\",\"a\":5}", ""},
        {"{\"columns\":{\"#b\":\"x\",\"c\":\"y\"},\"calendarTime\":\"t\",\"hostIdentifier\":\"h\","
         "\"name\":\"n\",\"action\":\"a\",\"unixTime\":1,\"epoch\":0}",
         "y t h n a"},
        {"{\"message\":\"m\",\"product\":\"p\",\"#b\":\"x\"}", "m"},
    };
    const struct str_list except = {NAMES, ARRAY_LEN(NAMES)};
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, NULL);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_tree t;
        open_tree(a, set, cases[i].record, &t);
        struct field_values values = event_texts(a, &t, &except);
        struct str got = STR("");
        for (size_t k = 0; k < values.n; k++)
            got = arena_printf(a, "%.*s%s%.*s", (int)got.n, got.p, k ? " " : "",
                               (int)values.items[k].text.n, values.items[k].text.p);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: '%.*s', not '%s'", cases[i].record, (int)got.n, got.p, cases[i].want);
    }
    arena_free(a);
}

TEST(the_first_profile_by_priority_recognises_the_event)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(
        a, "name: mine\nextends: windows_flat\npriority: 100\nmatch: {all: [exists: EventID, "
           "in: {fleet: [one, two]}]}\n");
    struct event_tree t;

    open_tree(a, set, "{\"EventID\":1,\"Channel\":\"Security\",\"fleet\":\"TWO\"}", &t);
    CHECK_STR(profile_name(t.shape.profile), "mine");
    CHECK_STR(t.shape.facts.service.values[0], "security");
    open_tree(a, set, "{\"EventID\":1,\"Channel\":\"Security\",\"fleet\":\"three\"}", &t);
    CHECK_STR(profile_name(t.shape.profile), "windows_flat");
    open_tree(a, set, "{\"x\":1}", &t);
    CHECK(t.shape.profile == NULL);
    CHECK(!t.shape.facts.product.is_known);
    arena_free(a);
}

TEST(time_and_id_come_from_the_profiles_paths)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, NULL);
    struct event_tree t;
    int64_t ms = 0;

    open_tree(a, set,
              "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"x-1\","
              "\"requestReceivedTimestamp\":\"1970-01-01T00:00:05.5Z\"}",
              &t);
    CHECK(event_tree_time_ms(&t, &ms));
    CHECK_EQ(ms, 5500);
    CHECK_STR(event_tree_id(a, &t), "x-1");
    open_tree(a, set,
              "{\"Event\":{\"System\":{\"EventID\":1,\"TimeCreated\":{\"#attributes\":{"
              "\"SystemTime\":\"1970-01-01T00:00:07Z\"}}}}}",
              &t);
    CHECK(event_tree_time_ms(&t, &ms));
    CHECK_EQ(ms, 7000);
    CHECK_EQ(event_tree_id(a, &t).n, 0);
    open_tree(a, set, "{\"x\":1}", &t);
    CHECK(!event_tree_time_ms(&t, &ms));
    CHECK_EQ(ms, 7000);
    arena_free(a);
}

/* ---- entities and evidence ------------------------------------------------------------------ */

TEST(entities_are_found_and_normalised)
{
    static const struct {
        const char *record, *want; /* role field key; ... */
    } cases[] = {
        {"{\"EventID\":1,\"Channel\":\"x\",\"Hostname\":\"DC01.Corp.Local\",\"User\":"
         "\"CORP\\\\Bob\","
         "\"Image\":\"C:\\\\A.exe\",\"SourceIp\":\"::FFFF:10.0.0.1\"}",
         "host Computer dc01; user User corp\\bob; process Image c:\\a.exe; source_ip SourceIp "
         "10.0.0.1; "},
        /* nothing is said by "-" or a blank: the next field is asked */
        {"{\"EventID\":1,\"Channel\":\"x\",\"Computer\":\"-\",\"User\":\" "
         "\",\"TargetUserName\":\"A\"}",
         "user TargetUserName a; "},
        {"{\"EventID\":1,\"Channel\":\"x\",\"Computer\":\"10.1.2.3\","
         "\"TargetUserSid\":\"s-1-5-18\"}",
         "host Computer 10.1.2.3; user_sid TargetUserSid S-1-5-18; "},
        {"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"user\":{\"username\":\"U\"},"
         "\"sourceIPs\":[\"10.0.0.1\",\"10.0.0.1\",\"2001:DB8:0:0::1\",\"not an ip\"]}",
         "user user.username u; source_ip sourceIPs 10.0.0.1; source_ip sourceIPs 2001:db8::1; "
         "source_ip sourceIPs not an ip; "},
        {"{\"product\":\"x\",\"SourceIP\":\"1.2.3.4\",\"User\":\"a\",\"Computer\":5}",
         "user User a; host Computer 5; source_ip SourceIP 1.2.3.4; "},
        {"{\"User\":\"a\"}", ""}, /* no profile */
    };
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, NULL);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event_entity *list;
        struct event_tree t;
        struct buf out = {0};
        open_tree(a, set, cases[i].record, &t);
        size_t n = event_entities(a, &t, &list);
        for (size_t k = 0; k < n; k++)
            buf_printf(&out, "%.*s %.*s %.*s; ", (int)list[k].role.n, list[k].role.p,
                       (int)list[k].field.n, list[k].field.p, (int)list[k].key.n, list[k].key.p);
        struct str got = buf_str(&out);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].record, (int)got.n, got.p);
        buf_release(&out);
    }
    arena_free(a);
}

TEST(entities_are_bounded)
{
    struct arena *a = arena_new(0);
    struct buf record = {0};
    struct event_entity *list;
    struct event_tree t;

    buf_printf(&record, "{\"product\":\"x\",\"User\":[\"u\"");
    for (int i = 0; i < 500; i++)
        buf_printf(&record, ",\"u%d\"", i);
    buf_printf(&record, "]}");
    buf_add_char(&record, '\0');
    open_tree(a, profile_text_load(a, NULL), record.p, &t);
    CHECK_EQ(event_entities(a, &t, &list), ENTITIES_MAX);
    buf_release(&record);
    arena_free(a);
}

TEST(names_are_those_of_the_event_and_of_its_profile)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(
        a, "name: named\npriority: 1000\nmatch: {all: [{exists: named}]}\n"
           "roots: ['', in]\nfields: {canonical: [in.b]}\nprefixes: {x.y.: \"\", z.: b.}\n");
    struct event_tree t;
    struct str all = STR("");

    open_tree(a, set,
              "{\"named\":1,\"in\":{\"b\":[{\"c\":\"x\"},{\"c\":null,\"d\":{}}]},\"e.f\":[],"
              "\"named\":2,\"in.g\":0}",
              &t);
    struct str_list names = event_names(a, &t);
    for (size_t i = 0; i < names.n; i++)
        all = arena_printf(a, "%.*s%.*s ", (int)all.n, all.p, (int)names.items[i].n,
                           names.items[i].p);
    CHECK_STR(all, "named x.y.named in.b.c x.y.in.b.c b.c x.y.b.c z.c in.g x.y.in.g g x.y.g "
                   "canonical ");
    CHECK(event_profile_may_name(set, t.reader, STR("canon")));
    CHECK(event_profile_may_name(set, t.reader, STR("y")));
    CHECK(!event_profile_may_name(set, t.reader, STR("g")));
    arena_free(a);
}

TEST(an_object_inside_is_an_event_of_its_own)
{
    struct arena *a = arena_new(0);
    const struct profile_set *set = profile_text_load(a, NULL);
    struct event_tree t, part;
    int64_t ms = 0;

    open_tree(a, set, "{\"@timestamp\":\"2026-01-31T10:00:00Z\",\"a\":[{\"b\":{\"c\":1}},2]}", &t);
    struct field_values values = event_lookup(a, &t, STR("a"));
    CHECK_EQ(values.n, 2);
    CHECK_EQ(values.items[0].kind, JSON_OBJECT);
    event_tree_init_part(&part, &t, values.items[0].object);
    CHECK_STR(looked_up(a, &part, "b.c"), "3:1");
    CHECK_STR(looked_up(a, &part, "a"), "");
    CHECK(event_tree_time_ms(&part, &ms));
    CHECK_EQ(ms, 1769853600000);
    arena_free(a);
}

TEST(evidence_is_what_is_there)
{
    struct arena *a = arena_new(0);
    struct event_evidence *list;
    struct event_tree t;

    open_tree(a, profile_text_load(a, NULL),
              "{\"EventID\":1,\"Channel\":\"x\",\"Image\":\"i\","
              "\"ProcessId\":[null,{},7],\"CommandLine\":null}",
              &t);
    CHECK_EQ(event_evidence(a, &t, &list), 2);
    CHECK_STR(list[0].ocsf_path, "process.file.path");
    CHECK_STR(list[0].field, "Image");
    CHECK_STR(list[0].value.text, "i");
    CHECK_STR(list[1].ocsf_path, "process.pid");
    CHECK_STR(list[1].value.text, "7");
    CHECK_EQ(list[1].value.kind, JSON_NUMBER);
    arena_free(a);
}

/* ---- EVTX as JSON -------------------------------------------------------------------------- */

struct regression {
    struct arena *arena;
    const struct profile_set *set;
    struct event_diff *diff;
    size_t n;
};

/* Every event is a Windows event of a known service that has a host and a time. */
static void check_one(struct regression *r, struct str path, struct str record)
{
    struct json_node *root;
    struct event_tree t;
    struct buf why = {0};
    int64_t ms;

    CHECK_EQ(json_tree_parse(r->arena, record, &root, NULL), JSON_OK);
    event_tree_init(&t, r->set, root, NULL);
    if (!t.shape.profile || !str_eq(profile_name(t.shape.profile), STR("windows_evtx")))
        fail_msg("%.*s is not recognised", (int)path.n, path.p);
    CHECK(t.shape.facts.service.is_known && t.shape.facts.service.n == 1);
    CHECK_EQ(event_lookup(r->arena, &t, STR("EventID")).n, 1);
    CHECK_EQ(event_lookup(r->arena, &t, STR("Computer")).n, 1);
    CHECK_EQ(event_lookup(r->arena, &t, STR("Provider_Name")).n, 1);
    CHECK(event_tree_time_ms(&t, &ms));
    if (!event_diff_agrees(r->diff, record, &why))
        fail_msg("%.*s: %.*s", (int)path.n, path.p, (int)why.n, why.p);
    buf_release(&why);
    r->n++;
}

static void check_file(struct str path, struct str text, void *context)
{
    struct regression *r = context;
    enum json_reason reason;
    size_t n;

    if (!str_ends(path, STR(".json")))
        return;
    /* Some files hold several events. */
    for (; (n = json_document_length(text, &reason)) > 0; text = str_sub(text, n, text.n))
        check_one(r, path, str_trim(str_sub(text, 0, n)));
}

TEST(shared_evtx_events_are_read_in_full)
{
    static const char *const names[] = {"EventID",    "Image",     "CommandLine",
                                        "Channel",    "User",      "Details",
                                        "ThreatName", "Operation", "Provider_Name"};
    struct regression r = {.arena = arena_new(0)};
    struct field_table *fields = field_table_new(r.arena);

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)field_intern(fields, str_from(names[i]));
    r.set = profile_text_load(r.arena, NULL);
    r.diff = event_diff_new(r.set, fields, NULL);
    if (!corpus_each("verdicts/sigma-regression.tar.zst", check_file, &r))
        shared_absent();
    else
        CHECK(r.n >= 106);
    event_diff_free(r.diff);
    arena_free(r.arena);
}

TEST_MAIN(ENTRY(names_are_those_of_the_event_and_of_its_profile),
          ENTRY(an_object_inside_is_an_event_of_its_own),
          ENTRY(fields_are_looked_up_by_the_profile), ENTRY(texts_of_some_keys_can_be_left_out),
          ENTRY(the_first_profile_by_priority_recognises_the_event),
          ENTRY(time_and_id_come_from_the_profiles_paths), ENTRY(entities_are_found_and_normalised),
          ENTRY(entities_are_bounded), ENTRY(evidence_is_what_is_there),
          ENTRY(shared_evtx_events_are_read_in_full))
