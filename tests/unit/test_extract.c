/* test_extract.c - the event path: shapes, fields, times, constants; and against the tree. */
#include "tests/lib/profile_text.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include <stdlib.h>

#include "base/arena.h"
#include "doc/doc.h"
#include "event/decode.h"
#include "event/extract.h"
#include "json/write.h"
#include "tests/lib/corpus.h"
#include "tests/lib/event_diff.h"
#include "tests/lib/json_random.h"
#include "tests/lib/lane.h"

#if TEST_IS_SANITIZED
enum { LANE_EVENTS = 40, RANDOM_ROUNDS = 3000 };
#else
enum { LANE_EVENTS = 500, RANDOM_ROUNDS = 30000 };
#endif

/* A worker with everything it needs, for the names of one line. */
struct fixture {
    struct arena *arena;
    const struct profile_set *profiles;
    struct field_table *fields;
    struct extract_worker *worker;
};

static struct fixture fixture_new(const char *user, const char *names, bool wants_leaves,
                                  const struct extract_options *options)
{
    struct fixture f = {.arena = arena_new(0)};
    struct str name, rest = str_from(names);

    f.profiles = profile_text_load(f.arena, user);
    f.fields = field_table_new(f.arena);
    while (rest.n) {
        (void)str_cut(rest, ' ', &name, &rest);
        (void)field_intern(f.fields, name);
    }
    f.worker =
        extract_worker_new(extractor_new(f.arena, f.profiles, f.fields, wants_leaves, options));
    return f;
}

static void fixture_free(struct fixture *f)
{
    extract_worker_free(f->worker);
    arena_free(f->arena);
}

/* ---- classification -------------------------------------------------------------------- */

static void print_facts(struct buf *out, const char *key, const struct logsource_values *v)
{
    if (!v->is_known)
        return;
    buf_printf(out, " %s=", key);
    for (uint32_t i = 0; i < v->n; i++)
        buf_printf(out, "%s%.*s", i ? "," : "", (int)v->values[i].n, v->values[i].p);
}

static struct str classified(struct fixture *f, const char *record, struct buf *out)
{
    struct event e;
    enum event_reject got = extract_event(f->worker, str_from(record), (struct event_ref){0}, &e);

    buf_clear(out);
    if (got != EVENT_OK) {
        buf_printf(out, "%s", event_reject_name(got));
        return buf_str(out);
    }
    const struct shape *shape = extract_shape(f->worker, e.shape);
    buf_printf(out, "%s", shape->profile ? profile_name(shape->profile).p : "-");
    print_facts(out, "p", &shape->facts.product);
    print_facts(out, "c", &shape->facts.category);
    print_facts(out, "s", &shape->facts.service);
    return buf_str(out);
}

#define SYSMON "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\""
#define EVTX(channel, id) \
    "{\"Event\":{\"System\":{\"Channel\":\"" channel "\",\"EventID\":" id "},\"EventData\":{}}}"

TEST(records_are_recognised_for_what_they_are)
{
    static const struct {
        const char *record, *want;
    } cases[] = {
        /* flat Windows */
        {"{\"EventID\":1," SYSMON "}", "windows_flat p=windows c=process_creation s=sysmon"},
        {"{\"EventID\":\"1\"," SYSMON "}", "windows_flat p=windows c=process_creation s=sysmon"},
        {"{\"EventID\":12," SYSMON ",\"EventType\":\"CreateKey\"}",
         "windows_flat p=windows c=registry_add,registry_event s=sysmon"},
        {"{\"EventID\":12," SYSMON ",\"EventType\":\"INFO\",\"EventTypeOrignal\":\"DeleteKey\"}",
         "windows_flat p=windows c=registry_delete,registry_event s=sysmon"},
        {"{\"EventID\":12," SYSMON ",\"EventType\":\"INFO\"}",
         "windows_flat p=windows c=registry_add,registry_delete,registry_event s=sysmon"},
        {"{\"EventID\":13," SYSMON "}",
         "windows_flat p=windows c=registry_set,registry_event s=sysmon"},
        {"{\"EventID\":22," SYSMON "}", "windows_flat p=windows c=dns_query s=sysmon"},
        {"{\"EventID\":77," SYSMON "}", "windows_flat p=windows s=sysmon"},
        {"{\"EventID\":\"11\"," SYSMON ",\"product\":\"windows\",\"category\":\"file_event\"}",
         "windows_flat p=windows c=file_event s=sysmon"},
        {"{\"EventID\":4624,\"Channel\":\"security\"}", "windows_flat p=windows c= s=security"},
        {"{\"EventID\":4688,\"Channel\":\"Security\"}",
         "windows_flat p=windows c=process_creation s=security"},
        {"{\"EventID\":4688,\"Channel\":\"security\",\"NewProcessName\":\"x\"}",
         "windows_flat_4688 p=windows c=process_creation s=security"},
        {"{\"EventID\":4104,\"Channel\":\"Microsoft-Windows-PowerShell\\/Operational\"}",
         "windows_flat p=windows c=ps_script s=powershell"},
        {"{\"EventID\":400,\"Channel\":\"Windows PowerShell\"}",
         "windows_flat p=windows c=ps_classic_start s=powershell-classic"},
        {"{\"EventID\":7045,\"Channel\":\"System\"}", "windows_flat p=windows c= s=system"},
        {"{\"EventID\":1116,\"Channel\":\"Microsoft-Windows-Windows Defender/Operational\"}",
         "windows_flat p=windows c=antivirus s=windefend"},
        {"{\"EventID\":5,\"Channel\":\"Nobody-Knows/Operational\"}", "windows_flat p=windows"},
        {"{\"EventID\":5,\"SourceName\":\"x\"}", "windows_flat p=windows"},
        {"{\"EventID\":1,\"Channel\":\"Linux-Sysmon/Operational\"}",
         "sysmon_linux p=linux c=process_creation s=sysmon"},
        /* structured */
        {"{\"EventID\":1,\"product\":\"windows\",\"category\":\"process_creation\"}",
         "windows_structured p=windows c=process_creation s=sysmon"},
        {"{\"EventID\":1,\"product\":\"linux\"}", "generic p=linux"},
        /* ECS */
        {"{\"winlog\":{\"channel\":\"Security\",\"event_id\":4625}}",
         "windows_ecs p=windows c= s=security"},
        {"{\"winlog.channel\":\"Security\",\"event.code\":\"4625\"}",
         "windows_ecs p=windows c= s=security"},
        {"{\"winlog\":{\"channel\":\"Security\",\"event_data\":{\"NewProcessName\":\"x\"}},"
         "\"event\":{\"code\":\"4688\"}}",
         "windows_ecs_4688 p=windows c=process_creation s=security"},
        /* EVTX */
        {EVTX("Microsoft-Windows-Sysmon/Operational", "11"),
         "windows_evtx p=windows c=file_event s=sysmon"},
        {EVTX("Windows PowerShell", "{\"#attributes\":{\"Qualifiers\":0},\"#text\":600}"),
         "windows_evtx p=windows c=ps_classic_provider_start s=powershell-classic"},
        {EVTX("Linux-Sysmon/Operational", "3"),
         "sysmon_linux_evtx p=linux c=network_connection s=sysmon"},
        {"{\"Event\":{\"System\":{\"Channel\":\"Security\",\"EventID\":4688},\"EventData\":{"
         "\"NewProcessName\":\"x\"}}}",
         "windows_evtx_4688 p=windows c=process_creation s=security"},
        /* the others */
        {"{\"type\":\"SYSCALL\",\"syscall\":\"42\",\"exe\":\"/bin/sh\",\"product\":\"linux\"}",
         "linux_auditd p=linux s=auditd"},
        {"{\"type\":\"EXECVE\",\"a0\":\"ls\"}", "linux_auditd p=linux s=auditd"},
        {"{\"type\":\"login\",\"uid\":5,\"product\":\"okta\",\"service\":\"okta\"}",
         "linux_auditd p=okta s=okta"},
        {"{\"EventID\":1,\"Channel\":\"Directory Service\"}", "windows_flat p=windows"},
        {"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"verb\":\"get\"}",
         "kubernetes_audit p=kubernetes c=application s=audit"},
        {"{\"kind\":\"Event\",\"apiVersion\":\"v1\"}", "-"},
        {"{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"x\",\"awsRegion\":\"y\"}",
         "aws_cloudtrail p=aws s=cloudtrail"},
        {"{\"message\":\"<189>x\",\"product\":\"cisco\",\"service\":\"aaa\"}",
         "message_only p=cisco s=aaa"},
        {"{\"message\":\"<189>x\",\"product\":\"windows\"}", "message_only p=windows"},
        {"{\"c-ip\":\"1.2.3.4\",\"category\":\"webserver\"}", "generic c=webserver"},
        {"{\"product\":\"synthetic\"}", "generic p=synthetic"},
        {"{\"product\":null}", "-"},
        {"{\"product\":{\"a\":1}}", "generic"},
        {"{\"a\":1}", "-"},
        {"{}", "-"},
        {"[1]", "not_object"},
        {"{\"a\":", "truncated"},
        {"{\"a\":x}", "not_json"},
    };
    struct buf out = {0};

    for (int no_memo = 0; no_memo < 2; no_memo++) {
        struct extract_options options = {.no_memo = no_memo};
        struct fixture f = fixture_new(NULL, "Image", false, &options);
        for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) { /* twice: the memo knows the second */
            struct str got = classified(&f, cases[i / 2].record, &out);
            if (!str_eq(got, str_from(cases[i / 2].want)))
                fail_msg("%s: %.*s, not %s", cases[i / 2].record, (int)got.n, got.p,
                         cases[i / 2].want);
        }
        fixture_free(&f);
    }
    buf_release(&out);
}

TEST(shapes_are_numbered_in_the_order_met_and_the_last_is_for_too_many)
{
    struct fixture f = fixture_new(NULL, "Image", false, NULL);
    char record[64];
    struct event e;

    for (uint32_t i = 0; i < SHAPES_MAX + 100; i++) {
        int n = snprintf(record, sizeof record, "{\"product\":\"p%u\"}", i);
        struct str text = {record, (size_t)n};
        CHECK_EQ(extract_event(f.worker, text, (struct event_ref){0}, &e), EVENT_OK);
        CHECK_EQ(e.shape, i < SHAPES_MAX - 1 ? i : SHAPES_MAX - 1);
    }
    CHECK_EQ(extract_shape_count(f.worker), SHAPES_MAX);
    CHECK_EQ(extract_shapes_overflowed(f.worker), 101);
    CHECK(!extract_shape(f.worker, SHAPES_MAX - 1)->facts.product.is_known);
    CHECK_STR(extract_shape(f.worker, 7)->facts.product.values[0], "p7");
    /* Those met before still have theirs; case makes no other shape. */
    CHECK_EQ(extract_event(f.worker, STR("{\"product\":\"P7\"}"), (struct event_ref){0}, &e),
             EVENT_OK);
    CHECK_EQ(e.shape, 7);
    fixture_free(&f);
}

/* ---- fields ------------------------------------------------------------------------------ */

static const char USER_PROFILE[] = "name: t\n"
                                   "priority: 99\n"
                                   "match: {all: [exists: t]}\n"
                                   "roots: ['', in]\n"
                                   "fields:\n"
                                   "  Two: [a.b, c]\n"
                                   "  Level: [lvl]\n"
                                   "values:\n"
                                   "  Level: {'1': Low, S-1-5: Sys\\tem}\n"
                                   "message: [msg]\n"
                                   "time: [t1, x.t2]\n";

/* "field=kind:text" of all values but those of t, in order. */
static struct str values_of(struct fixture *f, const char *record, struct buf *out)
{
    static const char kinds[] = {'0', 't', 'f', 'n', 's', 'o', 'e'};
    struct event e;

    buf_clear(out);
    CHECK_EQ(extract_event(f->worker, str_from(record), (struct event_ref){0}, &e), EVENT_OK);
    for (uint32_t i = 0; i < e.n_values; i++) {
        const struct event_value *v = &e.values[i];
        struct str name = field_name(f->fields, v->field);
        bool has_text = v->kind == JSON_STRING || v->kind == JSON_NUMBER;
        buf_printf(out, "%s%.*s=%c%s%.*s", i ? " " : "", (int)name.n, name.p, kinds[v->kind],
                   v->flags & JSON_ESCAPED ? "!" : ":", has_text ? (int)v->n : 0, v->p);
    }
    return buf_str(out);
}

TEST(fields_come_from_their_first_path_that_says_something)
{
    static const struct {
        const char *record, *want;
    } cases[] = {
        {"{\"t\":1,\"a\":{\"b\":\"x\"},\"c\":\"y\"}", "Two=s:x"},
        {"{\"t\":1,\"c\":\"y\",\"a\":{\"b\":\"x\"}}", "Two=s:x"},
        {"{\"t\":1,\"c\":\"y\",\"a\":{\"b\":null}}", "Two=s:y"},
        {"{\"t\":1,\"a\":{\"b\":null},\"c\":\"y\"}", "Two=s:y"},
        {"{\"t\":1,\"a\":{\"b\":null},\"c\":null}", "Two=0:"},
        {"{\"t\":1,\"c\":null}", "Two=0:"},
        /* the flat key before the nested one, unless it is null */
        {"{\"t\":1,\"a\":{\"b\":\"x\"},\"a.b\":\"flat\"}", "Two=s:flat"},
        {"{\"t\":1,\"a\":{\"b\":\"x\"},\"a.b\":null}", "Two=s:x"},
        /* members of arrays, and all of a repeated key */
        {"{\"t\":1,\"a\":[{\"b\":[1,null]},{\"b\":\"x\"}],\"c\":2}", "Two=n:1 Two=0: Two=s:x"},
        {"{\"t\":1,\"c\":null,\"c\":5,\"c\":[]}", "Two=0: Two=n:5 Two=e:"},
        {"{\"t\":1,\"a\":{\"b\":{}},\"c\":2}", "Two=o:"},
        /* roots */
        {"{\"t\":1,\"in\":{\"Own\":1},\"Own\":2}", "Own=n:2"},
        {"{\"t\":1,\"in\":{\"Own\":1},\"Own\":null}", "Own=n:1"},
        {"{\"t\":1,\"in.Own\":1}", "Own=n:1"},
        /* listed fields are only where they are listed */
        {"{\"t\":1,\"Two\":1,\"in\":{\"Level\":2}}", ""},
        /* value maps */
        {"{\"t\":1,\"lvl\":1}", "Level=s:Low"},
        {"{\"t\":1,\"lvl\":[\"1\",\"s-1-5\",\"x\",true]}",
         "Level=s:Low Level=s:Sys\\tem Level=s:x Level=t:"},
        {"{\"t\":1,\"lvl\":\"\\u0031\"}", "Level=s:Low"},
        {"{\"t\":1,\"lvl\":\"\\u0032\"}", "Level=s!\\u0032"},
        /* an unknown event has its fields under their own names */
        {"{\"Two\":1,\"in\":{\"Own\":1}}", "Two=n:1"},
        /* pseudo-fields are never the event's */
        {"{\"@file\":1,\"@header.x\":2,\"Own\":3}", "Own=n:3"},
    };
    struct fixture f = fixture_new(USER_PROFILE, "Two Own Level @file @header.x", false, NULL);
    struct buf out = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = values_of(&f, cases[i].record, &out);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: %.*s, not %s", cases[i].record, (int)got.n, got.p, cases[i].want);
    }
    buf_release(&out);
    fixture_free(&f);
}

static const char DERIVING_PROFILE[] =
    "name: deriving\n"
    "priority: 99\n"
    "match: {all: [exists: kind]}\n"
    "embedded: [log, props.inner]\n"
    "fields:\n"
    "  Name: [{path: exe, apply: basename}, comm]\n"
    "  Uri: {path: uri, apply: url_decode}\n"
    "  Verb: {path: method, apply: {part: {by: '.', at: -1}}}\n"
    "  Resource: {path: method, apply: {part: {by: '.', after: [v1, v2], at: 0}}}\n"
    "  Sub: {path: method, apply: {part: {by: '.', after: [v1], at: 1, of: 3}}}\n"
    "  Tags: {path: tags, apply: [{split: ','}, lower]}\n"
    "  Deep: [log.a.b, props.inner.a.b]\n"
    "  CommandLine: [args, argv]\n"
    "  Stage: {constant: [done, 'yes']}\n"
    "join: {CommandLine: ' '}\n"
    "prefixes: {ecs.audit.: '', ecs.audit.old.: new.}\n"
    "aliases:\n"
    "  action: Verb\n"
    "  tool: [{field: Uri, apply: {part: {by: '=', at: 1}}}, Name]\n"
    "  line: CommandLine\n"
    "  state: Stage\n"
    "  Tags: Name\n"
    "  nothing: Unknown\n"
    "values:\n"
    "  Verb: {list: LIST}\n";

/* All values of a field, with '|' between them. */
static void print_field(const struct fixture *f, const struct event *e, const char *name,
                        struct buf *out)
{
    uint32_t field = field_find(f->fields, str_from(name));

    buf_clear(out);
    for (uint32_t i = 0; i < e->n_values; i++)
        if (e->values[i].field == field)
            buf_printf(out, "%.*s|", (int)e->values[i].n, e->values[i].p);
}

TEST(fields_are_made_of_values_by_steps)
{
    static const struct {
        const char *record, *field, *want;
    } cases[] = {
        {"{\"kind\":1,\"exe\":\"C:\\\\Windows\\\\x.exe\",\"comm\":\"c\"}", "Name", "x.exe|"},
        {"{\"kind\":1,\"exe\":\"/bin/\",\"comm\":\"c\"}", "Name", "c|"},
        {"{\"kind\":1,\"exe\":null,\"comm\":\"c\"}", "Name", "c|"},
        {"{\"kind\":1,\"uri\":\"/a?command=cat+%2Frun%2\"}", "Uri", "/a?command=cat+/run%2|"},
        {"{\"kind\":1,\"method\":\"io.k8s.core.v1.pods.exec.create\"}", "Verb", "create|"},
        {"{\"kind\":1,\"method\":\"io.k8s.core.v1.secrets.list\"}", "Verb", "LIST|"},
        {"{\"kind\":1,\"method\":\"io.k8s.core.v1.secrets.list\"}", "Resource", "secrets|"},
        {"{\"kind\":1,\"method\":\"io.k8s.core.v1.secrets.list\"}", "Sub", ""},
        {"{\"kind\":1,\"method\":\"io.k8s.core.v1.pods.exec.create\"}", "Sub", "exec|"},
        {"{\"kind\":1,\"method\":\"storage.objects.get\"}", "Resource", ""},
        {"{\"kind\":1,\"tags\":[\"A, b\",\"\",\"C\"]}", "Tags", "a|b|c|"},
        {"{\"kind\":1,\"log\":\"{\\\"a\\\":{\\\"b\\\":\\\"x\\\"}}\"}", "Deep", "x|"},
        {"{\"kind\":1,\"props\":[{\"inner\":\" "
         "{\\\"a\\\":{\\\"b\\\":1}}\"},{\"inner\":\"{\\\"a.b\\\":2}\"}]}",
         "Deep", "1|2|"},
        {"{\"kind\":1,\"log\":{\"a\":{\"b\":\"plain\"}}}", "Deep", "plain|"},
        {"{\"kind\":1,\"args\":[\"ls\",\"-l\\u0041\",7]}", "CommandLine", "ls -lA 7|"},
        {"{\"kind\":1,\"args\":[null],\"argv\":\"ls\"}", "CommandLine", "ls|"},
        {"{\"kind\":1}", "Stage", "done|yes|"},
        {"{\"kind\":1,\"verb\":\"get\",\"new\":{\"x\":2}}", "ecs.audit.verb", "get|"},
        {"{\"kind\":1,\"verb\":\"get\",\"new\":{\"x\":2}}", "ecs.audit.old.x", "2|"},
        {"{\"kind\":1,\"log\":\"{\\\"a\\\":{\\\"b\\\":\\\"cut\"}", "Deep", ""},
        {"{\"kind\":1,\"method\":\"a.list\"}", "action", "LIST|"},
        {"{\"kind\":1,\"uri\":\"x=%2F\",\"exe\":\"/y\"}", "tool", "/|"},
        {"{\"kind\":1,\"uri\":\"x\",\"exe\":\"/y\",\"tool\":\"z\"}", "tool", "y|"},
        {"{\"kind\":1,\"uri\":\"x\",\"tool\":\"z\"}", "tool", "z|"},
        {"{\"kind\":1,\"args\":[\"ls\",\"-l\"]}", "line", "ls -l|"},
        {"{\"kind\":1}", "state", "done|yes|"},
        {"{\"kind\":1,\"nothing\":\"x\"}", "nothing", "x|"},
    };
    struct fixture f = fixture_new(
        DERIVING_PROFILE,
        "Name Uri Verb Resource Sub Tags Deep CommandLine Stage ecs.audit.verb ecs.audit.old.x "
        "action tool line state nothing",
        false, NULL);
    struct buf out = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e;
        CHECK_EQ(extract_event(f.worker, str_from(cases[i].record), (struct event_ref){0}, &e),
                 EVENT_OK);
        print_field(&f, &e, cases[i].field, &out);
        if (!str_eq(buf_str(&out), str_from(cases[i].want)))
            fail_msg("%s: %s is %.*s", cases[i].record, cases[i].field, (int)out.n, out.p);
    }
    buf_release(&out);
    fixture_free(&f);
}

TEST(a_text_that_is_json_becomes_part_of_its_record)
{
    static const char record[] =
        "{\"kind\":1,\"log\":\"{\\\"a\\\":\\\"x\\\\ny\\\"}\",\"b\":\"{\\\"c\\\":1}\"}";
    struct fixture f = fixture_new(DERIVING_PROFILE, "log.a", true, NULL);
    struct event e;

    CHECK_EQ(extract_event(f.worker, str_from(record), (struct event_ref){0}, &e), EVENT_OK);
    CHECK_STR(e.record, "{\"kind\":1,\"log\":{\"a\":\"x\\ny\"},\"b\":\"{\\\"c\\\":1}\"}");
    /* A line is left to the splitter: who reads on behind the record must know where it ends. */
    CHECK(!extract_line(f.worker, f.profiles, STR("{\"kind\":1,\"log\":\"{}\"}\n"),
                        (struct event_ref){0}, &e));
    CHECK(extract_line(f.worker, f.profiles, STR("{\"kind\":1,\"log\":\"{\"}\n"),
                       (struct event_ref){0}, &e));
    fixture_free(&f);
}

TEST(keywords_are_asked_of_the_message_or_of_every_text)
{
    static const struct {
        const char *record, *want;
    } cases[] = {
        {"{\"t\":\"x\",\"msg\":\"m\",\"z\":[\"y\"]}", "@any=s:m"},
        {"{\"t\":\"x\",\"z\":[\"y\",5,{\"k\":\"v\"}],\"msg\":\"m\"}", "@any=s:m"},
        {"{\"t\":\"x\",\"msg\":null,\"z\":[\"y\",5,{\"k\":\"v\"}]}", "@any=s:x @any=s:y @any=s:v"},
        {"{\"t\":\"x\",\"z\":\"y\"}", "@any=s:x @any=s:y"},
        {"{\"z\":\"y\",\"msg\":\"m\"}", "@any=s:y @any=s:m"}, /* no profile, no message */
    };
    struct fixture f = fixture_new(USER_PROFILE, "Own", true, NULL);
    struct buf out = {0};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = values_of(&f, cases[i].record, &out);
        if (!str_eq(got, str_from(cases[i].want)))
            fail_msg("%s: %.*s, not %s", cases[i].record, (int)got.n, got.p, cases[i].want);
    }
    buf_release(&out);
    fixture_free(&f);
}

TEST(leaves_come_only_with_the_shapes_that_want_them)
{
    static const char web[] = "{\"category\":\"web\",\"z\":[\"y\"],\"Own\":\"o\"}";
    static const char dns[] = "{\"category\":\"dns\",\"z\":[\"y\"],\"Own\":\"o\"}";
    struct buf out = {0};

    for (int no_memo = 0; no_memo < 2; no_memo++) {
        struct extract_options options = {.no_memo = no_memo};
        struct fixture f = fixture_new(NULL, "Own", true, &options);
        CHECK_STR(values_of(&f, web, &out), "@any=s:web @any=s:y Own=s:o @any=s:o");
        extract_want_leaves(f.worker, 0, false);
        for (int round = 0; round < 2; round++) {
            (void)values_of(&f, web, &out); /* may still have them, the first time */
            if (!no_memo && round > 0)
                CHECK_STR(buf_str(&out), "Own=s:o");
            CHECK_STR(values_of(&f, dns, &out), "@any=s:dns @any=s:y Own=s:o @any=s:o");
            if (!no_memo)
                (void)values_of(&f, web, &out);
        }
        fixture_free(&f);
    }
    buf_release(&out);
}

/* A record may have more leaves than a record may have values, if nobody wants them. */
TEST(too_many_leaves_matter_only_where_they_are_wanted)
{
    struct fixture f = fixture_new(NULL, "Own", true, NULL);
    struct buf record = {0};
    struct event e;

    buf_add(&record, STR("{\"category\":\"web\",\"z\":[\"\""));
    for (int i = 0; i < JSON_HITS_MAX; i++)
        buf_add(&record, STR(",\"\""));
    buf_add(&record, STR("]}"));
    CHECK_EQ(extract_event(f.worker, buf_str(&record), (struct event_ref){0}, &e),
             EVENT_TOO_MANY_VALUES);
    CHECK_EQ(extract_event(f.worker, STR("{\"category\":\"web\"}"), (struct event_ref){0}, &e),
             EVENT_OK);
    extract_want_leaves(f.worker, e.shape, false);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(extract_event(f.worker, buf_str(&record), (struct event_ref){0}, &e), EVENT_OK);
    buf_release(&record);
    fixture_free(&f);
}

TEST(process_creation_of_the_security_log_has_sysmons_names)
{
    struct fixture f = fixture_new(
        NULL, "Image ParentImage CommandLine User ProcessId ParentProcessId IntegrityLevel", false,
        NULL);
    struct buf out = {0};

    CHECK_STR(values_of(&f,
                        "{\"EventID\":4688,\"Channel\":\"Security\",\"NewProcessName\":\"n\","
                        "\"ParentProcessName\":\"p\",\"CommandLine\":\"c\","
                        "\"SubjectUserName\":\"u\",\"NewProcessId\":\"0x5\","
                        "\"ProcessId\":\"0x4\",\"MandatoryLabel\":\"S-1-16-12288\"}",
                        &out),
              "Image=s:n ParentImage=s:p CommandLine=s:c User=s:u ProcessId=s:0x5 "
              "ParentProcessId=s:0x4 IntegrityLevel=s:High");
    buf_release(&out);
    fixture_free(&f);
}

/* ---- constants ----------------------------------------------------------------------------- */

TEST(constants_win_and_pseudo_fields_come_from_outside)
{
    struct constant_field constants[] = {{STR("cluster"), STR("eu\\1")},
                                         {STR("Own"), STR("set")},
                                         {STR("product"), STR("linux")},
                                         {STR("nobody_asks"), STR("x")}};
    struct constant_field around[] = {{STR("@file"), STR("a.json")}, {STR("@key"), STR("k")}};
    struct extract_options options = {.constants = constants, .n_constants = 4};
    struct fixture f = fixture_new(NULL, "cluster Own @file product", false, &options);
    struct buf out = {0};

    CHECK_STR(values_of(&f, "{\"Own\":\"event\",\"product\":\"windows\"}", &out),
              "cluster=s:eu\\1 Own=s:set product=s:linux");
    CHECK_STR(classified(&f, "{\"Own\":\"event\",\"product\":\"windows\"}", &out),
              "generic p=linux");
    extract_set_pseudo_fields(f.worker, around, 2);
    CHECK_STR(values_of(&f, "{\"@file\":\"mine\"}", &out),
              "cluster=s:eu\\1 Own=s:set product=s:linux @file=s:a.json");
    extract_set_pseudo_fields(f.worker, NULL, 0);
    CHECK_STR(values_of(&f, "{\"@file\":\"mine\"}", &out),
              "cluster=s:eu\\1 Own=s:set product=s:linux");
    buf_release(&out);
    fixture_free(&f);
}

TEST(a_pinned_profile_is_not_asked_about)
{
    struct arena *a = arena_new(0);
    struct extract_options options = {
        .pinned = profile_find(profile_text_load(a, NULL), STR("windows_flat"))};
    struct fixture f = fixture_new(NULL, "Computer", false, &options);
    struct buf out = {0};

    CHECK_STR(classified(&f, "{\"product\":\"linux\",\"Channel\":\"Security\"}", &out),
              "windows_flat p=windows c= s=security");
    CHECK_STR(values_of(&f, "{\"Hostname\":\"h\"}", &out), "Computer=s:h");
    buf_release(&out);
    fixture_free(&f);
    arena_free(a);
}

/* ---- time ------------------------------------------------------------------------------------ */

TEST(the_first_time_that_parses_is_the_events)
{
    static const struct {
        const char *record;
        bool has_time;
        int64_t ms;
        int rule;
        const char *text;
    } cases[] = {
        {"{\"t\":1,\"t1\":\"1970-01-01T00:00:01Z\",\"x\":{\"t2\":5}}", true, 1000, 0,
         "1970-01-01T00:00:01Z"},
        {"{\"t\":1,\"x\":{\"t2\":5},\"t1\":\"bad\"}", true, 5000, 1, "5"},
        {"{\"t\":1,\"x\":{\"t2\":5},\"t1\":null}", true, 5000, 1, "5"},
        {"{\"t\":1,\"x\":{\"t2\":[{},\"7\"]}}", true, 7000, 1, "7"},
        {"{\"t\":1,\"x.t2\":6,\"x\":{\"t2\":5}}", true, 6000, 1, "6"},
        {"{\"t\":1,\"t1\":\"1970-01-01T00\\u003a00:01Z\"}", true, 1000, 0, "1970-01-01T00:00:01Z"},
        {"{\"t\":1,\"t1\":\"bad\",\"x\":{\"t2\":\"worse\"}}", false, 0, 0, "bad"},
        {"{\"t\":1}", false, 0, 0, ""},
        {"{\"@timestamp\":3}", true, 3000, 0, "3"}, /* an unknown event */
    };
    struct fixture f = fixture_new(USER_PROFILE, "Own", false, NULL);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event e;
        int64_t ms = 0;
        CHECK_EQ(extract_event(f.worker, str_from(cases[i].record), (struct event_ref){0}, &e),
                 EVENT_OK);
        CHECK_EQ(extract_time_ms(f.worker, &e, &ms), cases[i].has_time);
        CHECK_EQ(ms, cases[i].ms);
        CHECK_EQ(e.time_rule, cases[i].rule);
        CHECK_STR(e.time_text, cases[i].text);
    }
    fixture_free(&f);
}

/* ---- against the tree ---------------------------------------------------------------------- */

static const char RANDOM_PROFILE[] =
    "name: random\n"
    "priority: 99\n"
    "match:\n"
    "  all: [exists: a, absent: e.f]\n"
    "  any: [exists: b.c, in: {b: [a, Z, '0', 'true']}, absent: c]\n"
    "roots: ['', a, a.b]\n"
    "fields:\n"
    "  X: [a.b, b.c, a.b.c]\n"
    "  Y: [c, a, d]\n"
    "  Z: [b]\n"
    "  W: [{path: a, apply: {part: {by: a, at: 0}}}, {path: b, apply: [lower, {split: a}]}, c]\n"
    "  V: {path: a.b, apply: {split: ' '}}\n"
    "  U: [{path: c, apply: url_decode}, {path: d, apply: basename}]\n"
    "  K: {constant: [one, two]}\n"
    "prefixes: {'a.': 'b.', 'd': 'a'}\n"
    "join: {J: '+', X: ' ', b: '-'}\n"
    "embedded: [c, e.f]\n"
    "values:\n"
    "  Z: {a: mapped, '0': zero, 'true': 'yes', '': nothing}\n"
    "  c: {a: mapped}\n"
    "logsource:\n"
    "  product: {from: [b, X], default: windows}\n"
    "  service: {from: d}\n"
    "  rules:\n"
    "    - {when: {Y: [a, '0', '']}, category: [one, two]}\n"
    "    - {when: {Y: '*', b: '*'}, category: [], service: both}\n"
    "message: [d, e.f, a.b]\n"
    "time: [a, b.c, c]\n";

/* The object as the text of a key of another. */
static void wrap_as_text(struct buf *record)
{
    struct buf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_open_object(&w);
    json_kv_str(&w, "a", STR("%41/a"));
    json_kv_str(&w, "c", buf_str(record));
    json_close_object(&w);
    buf_release(record);
    *record = out;
}

static void run_random(const char *name, const struct extract_options *options)
{
    static const char *const names[] = {
        "a",     "b", "c", "d", "a.b", "b.c", "a.b.c", "e.f",
        "X",     "Y", "Z", "",  ".",   "a.",  ".b",    "a.b.c.d.e.f.g.h.i",
        "@file", "U", "V", "W", "J",   "K"};
    struct arena *a = arena_new(0);
    struct field_table *fields = field_table_new(a);
    struct rng rng = rng_start(name);
    struct buf record = {0}, why = {0};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)field_intern(fields, str_from(names[i]));
    struct event_diff *diff = event_diff_new(profile_text_load(a, RANDOM_PROFILE), fields, options);
    for (int i = 0; i < RANDOM_ROUNDS; i++) {
        buf_clear(&record);
        json_random_object(&rng, &record, false);
        if (i % 8 == 3)
            wrap_as_text(&record);
        if (i % 8 == 7)
            json_random_damage(&rng, &record);
        if (!event_diff_agrees(diff, buf_str(&record), &why))
            fail_msg("round %d: %.*s\n%.*s", i, (int)why.n, why.p, (int)record.n, record.p);
    }
    CHECK(event_diff_events(diff) > RANDOM_ROUNDS / 2);
    CHECK(event_diff_values(diff) > RANDOM_ROUNDS);
    event_diff_free(diff);
    buf_release(&record);
    buf_release(&why);
    arena_free(a);
}

TEST(random_records_are_read_as_the_tree_reads_them)
{
    struct constant_field constants[] = {{STR("b"), STR("fixed")}, {STR("@file"), STR("f\\n")}};
    struct extract_options options = {.constants = constants, .n_constants = 2};

    run_random("extract", NULL);
    run_random("extract with constants", &options);
    options.no_memo = true;
    run_random("extract with constants and without a memo", &options);
}

struct events_of {
    struct fixture *f;
    struct buf out;
    size_t n_lines;
};

static void print_event(struct events_of *o, const struct event *e)
{
    buf_printf(&o->out, "%u %.*s", e->shape, (int)e->record.n, e->record.p);
    for (uint32_t i = 0; i < e->n_values; i++)
        buf_printf(&o->out, " %u=%u:%.*s", e->values[i].field, e->values[i].kind,
                   (int)e->values[i].n, e->values[i].p);
    buf_add_char(&o->out, '\n');
}

static void take_event(void *context, struct str text, uint32_t index)
{
    struct events_of *o = context;
    struct event e;
    enum event_reject got =
        extract_event(o->f->worker, text, (struct event_ref){.index = index}, &e);

    if (got != EVENT_OK)
        buf_printf(&o->out, "%s\n", event_reject_name(got));
    else
        print_event(o, &e);
}

/* All events of a text, one line each: record, shape and values. */
static void events_of(struct events_of *o, struct str text, bool by_line)
{
    struct splitter *s = splitter_new();
    enum splitter_result got;
    struct str record;
    uint32_t index;
    bool is_new;
    enum event_reject why = EVENT_OK;

    splitter_feed(s, text.p, text.n);
    splitter_end(s);
    do {
        struct str rest = splitter_rest(s);
        struct event e;
        if (by_line && rest.n && rest.p[0] == '{' &&
            extract_line(o->f->worker, o->f->profiles, rest, (struct event_ref){0}, &e)) {
            splitter_took(s, (size_t)(e.record.p + e.record.n - rest.p));
            o->n_lines++;
            print_event(o, &e);
            got = SPLIT_RECORD;
            continue;
        }
        got = splitter_next(s, &record, &index, &is_new, &why);
        if (got == SPLIT_RECORD)
            why = decode_record(o->f->arena, o->f->profiles, record, take_event, o);
        if (got == SPLIT_BAD || (got == SPLIT_RECORD && why != EVENT_OK))
            buf_printf(&o->out, "%s\n", event_reject_name(why));
    } while (got == SPLIT_RECORD || got == SPLIT_BAD);
    splitter_free(s);
    extract_batch_reset(o->f->worker);
}

static const char LINES_PROFILE[] = "name: lines\n"
                                    "priority: 99\n"
                                    "match: {all: [exists: a]}\n"
                                    "roots: ['', b]\n"
                                    "envelope: b\n";

TEST(lines_taken_the_short_way_are_the_same_events)
{
    static const char *const between[] = {"\n", "\n", "\n",   "\r\n", "\n\n",
                                          "",   " ",  " \n ", "\n\t", "\n]\n"};
    struct rng rng = rng_start(__func__);
    struct buf text = {0};
    struct fixture f = fixture_new(LINES_PROFILE, "a b c d a.b X Y", true, NULL);
    struct events_of plain = {.f = &f}, lines = {.f = &f};

    for (int i = 0; i < RANDOM_ROUNDS / 8; i++) {
        buf_clear(&text);
        buf_clear(&plain.out);
        buf_clear(&lines.out);
        for (int n = 0; n < 6; n++) {
            json_random_object(&rng, &text, false);
            if (rng_below(&rng, 16) == 0)
                json_random_damage(&rng, &text);
            buf_add(&text, str_from(between[rng_below(&rng, ARRAY_LEN(between))]));
        }
        events_of(&plain, buf_str(&text), false);
        events_of(&lines, buf_str(&text), true);
        if (!str_eq(buf_str(&plain.out), buf_str(&lines.out)))
            fail_msg("round %d:\n%.*s\nnot\n%.*s\nof\n%.*s", i, (int)lines.out.n, lines.out.p,
                     (int)plain.out.n, plain.out.p, (int)text.n, text.p);
    }
    CHECK(lines.n_lines > RANDOM_ROUNDS / 16);
    buf_release(&text);
    buf_release(&plain.out);
    buf_release(&lines.out);
    fixture_free(&f);
}

static void add_names(const struct doc_node *node, struct field_table *fields)
{
    struct str name, modifiers;

    for (size_t i = 0; i < node->n_items; i++) {
        if (node->type == DOC_MAP) {
            (void)str_cut(node->keys[i].text, '|', &name, &modifiers);
            (void)field_intern(fields, name);
        }
        if (!doc_is_scalar(&node->items[i]))
            add_names(&node->items[i], fields);
    }
}

/* The names that a rule asks about, and a few more (its selections'). */
static void add_rule(struct str path, struct str text, void *context)
{
    struct arena *a = arena_new(0);
    struct doc_node *docs;
    struct weir_err err;
    size_t n;

    if (str_ends(path, STR(".yml")) && doc_parse_yaml(a, text, &docs, &n, &err) == WEIR_OK)
        for (size_t i = 0; i < n; i++) {
            const struct doc_node *detection = doc_get(&docs[i], STR("detection"));
            if (detection)
                add_names(detection, context);
        }
    arena_free(a);
}

struct lane_run {
    struct event_diff *diff;
    const char *name;
};

static void compare_line(struct str line, void *context)
{
    struct lane_run *run = context;
    struct buf why = {0};

    if (!event_diff_agrees(run->diff, line, &why))
        fail_msg("%s: %.*s\n%.*s", run->name, (int)why.n, why.p, (int)line.n, line.p);
    buf_release(&why);
}

TEST(shared_events_are_read_as_the_tree_reads_them)
{
    static const struct {
        const char *name;
        size_t stride;
    } lanes[] = {
        {"lane-cisco_syslog", 20},      {"lane-correlation", 20},  {"lane-diverse_windows", 20},
        {"lane-low_match", 20},         {"lane-match_heavy", 20},  {"lane-mixed_schema", 19},
        {"lane-no_match", 20},          {"lane-raw_windows", 20},  {"lane-structured_windows", 20},
        {"lane-sysmon_file_event", 20}, {"windows-otrf", 201},     {"k8s-audit-benign", 33},
        {"cloudtrail-invictus", 5},     {"cloudtrail-stratus", 1},
    };
    struct arena *a = arena_new(0);
    struct field_table *fields = field_table_new(a);

    if (!corpus_each("rules/sigma.tar.zst", add_rule, fields)) {
        shared_absent();
        arena_free(a);
        return;
    }
    CHECK(field_count(fields) > 400);
    struct event_diff *diff = event_diff_new(profile_text_load(a, NULL), fields, NULL);
    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        struct lane_run run = {diff, lanes[i].name};
        char path[128];
        snprintf(path, sizeof path, "events/%s.ndjson.zst", lanes[i].name);
        CHECK(lane_each(path, lanes[i].stride, LANE_EVENTS, compare_line, &run));
    }
    CHECK(event_diff_events(diff) >= ARRAY_LEN(lanes) * LANE_EVENTS / 2);
    event_diff_free(diff);
    arena_free(a);
}

TEST_MAIN(ENTRY(records_are_recognised_for_what_they_are),
          ENTRY(shapes_are_numbered_in_the_order_met_and_the_last_is_for_too_many),
          ENTRY(fields_come_from_their_first_path_that_says_something),
          ENTRY(fields_are_made_of_values_by_steps),
          ENTRY(a_text_that_is_json_becomes_part_of_its_record),
          ENTRY(keywords_are_asked_of_the_message_or_of_every_text),
          ENTRY(leaves_come_only_with_the_shapes_that_want_them),
          ENTRY(too_many_leaves_matter_only_where_they_are_wanted),
          ENTRY(process_creation_of_the_security_log_has_sysmons_names),
          ENTRY(constants_win_and_pseudo_fields_come_from_outside),
          ENTRY(a_pinned_profile_is_not_asked_about),
          ENTRY(the_first_time_that_parses_is_the_events),
          ENTRY(random_records_are_read_as_the_tree_reads_them),
          ENTRY(lines_taken_the_short_way_are_the_same_events),
          ENTRY(shared_events_are_read_as_the_tree_reads_them))
