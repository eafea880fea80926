/* test_alert.c - alerts of every profile: valid OCSF, the same names every time, no planted
 * secret, never too long. */
#include "tests/lib/canary.h"
#include "tests/lib/profile_shapes.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include "alert/alert.h"
#include "alert/attack.h"
#include "alert/ocsf.h"
#include "alert/score.h"
#include "base/buf.h"
#include "json/tree.h"
#include "json/write.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena *arena, *scratch, *keep;
static const struct profile_set *profiles;
static struct alert_writer *writer;

/* ---- events of every profile; ~text~ is a place where a secret may be planted -------------- */

static const struct shape_row {
    const char *profile, *event;
} rows[] = {
    {"windows_flat",
     "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/"
     "Operational\",\"Computer\":\"~WS1.corp.example~\","
     "\"User\":\"~CORP\\\\bob~\",\"Image\":\"~C:\\\\Windows\\\\cmd.exe~\",\"CommandLine\":\"~cmd "
     "/c dir~\","
     "\"ProcessId\":\"0x1a4\",\"ParentImage\":\"~C:\\\\x.exe~\",\"ParentCommandLine\":\"~x.exe~\","
     "\"SourceIp\":\"~10.0.0.1~\",\"DestinationPort\":\"443\",\"TargetObject\":\"~HKLM\\\\x~\","
     "\"Details\":\"~y~\","
     "\"QueryName\":\"~a.example~\",\"Other\":[\"~p~\",{\"q\":\"~r~\"}],\"UtcTime\":\"2026-01-02 "
     "03:04:05.678\"}"},
    {"windows_flat_4688", "{\"EventID\":4688,\"Channel\":\"Security\",\"Computer\":\"~WS1~\","
                          "\"NewProcessName\":\"~C:\\\\a.exe~\","
                          "\"ProcessCommandLine\":\"~a.exe -x~\",\"CommandLine\":\"~a.exe "
                          "-y~\",\"SubjectUserName\":\"~bob~\","
                          "\"NewProcessId\":\"0x4\",\"TimeCreated\":\"2026-01-02T03:04:05Z\"}"},
    {"windows_structured", "{\"EventID\":1,\"product\":\"windows\",\"category\":\"process_"
                           "creation\",\"Computer\":\"~WS1~\","
                           "\"Image\":\"~C:\\\\a.exe~\",\"CommandLine\":\"~a.exe "
                           "-x~\",\"User\":\"~bob~\",\"ProcessId\":7,"
                           "\"UtcTime\":\"2026-01-02 03:04:05.678\"}"},
    {"windows_ecs", "{\"@timestamp\":\"2026-01-02T03:04:05Z\",\"host\":{\"name\":\"~ws1~\"},"
                    "\"winlog\":{\"channel\":\"Microsoft-Windows-Sysmon/Operational\","
                    "\"event_id\":1,\"computer_name\":\"~ws1~\",\"event_data\":{\"Image\":\"~C:"
                    "\\\\a.exe~\",\"CommandLine\":\"~a.exe~\",\"User\":\"~bob~\"}}}"},
    {"windows_ecs_4688", "{\"@timestamp\":\"2026-01-02T03:04:05Z\",\"winlog\":{\"channel\":"
                         "\"Security\",\"event_id\":4688,\"computer_name\":\"~ws1~\","
                         "\"event_data\":{\"NewProcessName\":\"~C:\\\\a.exe~\",\"CommandLine\":\"~"
                         "a.exe~\",\"SubjectUserName\":\"~bob~\"}}}"},
    {"windows_evtx", "{\"Event\":{\"System\":{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/"
                     "Operational\",\"Computer\":\"~ws1~\","
                     "\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2026-01-02T03:04:05Z\"}}},"
                     "\"EventData\":{\"Image\":\"~C:\\\\a.exe~\","
                     "\"CommandLine\":\"~a.exe~\",\"User\":\"~bob~\"}}}"},
    {"windows_evtx_4688", "{\"Event\":{\"System\":{\"EventID\":4688,\"Channel\":\"Security\","
                          "\"Computer\":\"~ws1~\"},\"EventData\":{"
                          "\"NewProcessName\":\"~C:\\\\a.exe~\",\"CommandLine\":\"~a.exe~\","
                          "\"SubjectUserName\":\"~bob~\"}}}"},
    {"sysmon_linux",
     "{\"EventID\":1,\"Channel\":\"Linux-Sysmon/Operational\",\"Computer\":\"~h1~\",\"Image\":\"~/"
     "bin/sh~\","
     "\"CommandLine\":\"~sh -c x~\",\"User\":\"~root~\",\"ProcessId\":12,\"UtcTime\":\"2026-01-02 "
     "03:04:05\"}"},
    {"sysmon_linux_evtx",
     "{\"Event\":{\"System\":{\"EventID\":1,\"Channel\":\"Linux-Sysmon/"
     "Operational\",\"Computer\":\"~h1~\"},"
     "\"EventData\":{\"Image\":\"~/bin/sh~\",\"CommandLine\":\"~sh -c x~\",\"User\":\"~root~\"}}}"},
    {"linux_auditd", "{\"type\":\"EXECVE\",\"node\":\"~h1~\",\"exe\":\"~/bin/"
                     "sh~\",\"comm\":\"~sh~\",\"a0\":\"~sh~\",\"a1\":\"~-c~\","
                     "\"auid\":\"~1000~\",\"pid\":\"77\",\"name\":\"~/etc/"
                     "x~\",\"timestamp\":\"2026-01-02T03:04:05Z\"}"},
    {"kubernetes_audit",
     "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/"
     "v1\",\"auditID\":\"~51d2a0c4~\",\"stage\":\"ResponseComplete\","
     "\"requestURI\":\"~/api/v1/"
     "secrets?limit=5~\",\"verb\":\"list\",\"user\":{\"username\":\"~bob@example.org~\",\"groups\":"
     "[\"~g1~\"]},"
     "\"sourceIPs\":[\"~203.0.113.7~\"],\"userAgent\":\"~curl/"
     "8~\",\"objectRef\":{\"resource\":\"secrets\",\"namespace\":\"~pay~\",\"name\":\"~n~\"},"
     "\"responseStatus\":{\"code\":200},\"requestReceivedTimestamp\":\"2026-01-02T03:04:05."
     "678901Z\"}"},
    {"aws_cloudtrail", "{\"eventVersion\":\"1.08\",\"eventSource\":\"s3.amazonaws.com\","
                       "\"eventName\":\"GetObject\",\"awsRegion\":\"~us-east-1~\","
                       "\"sourceIPAddress\":\"~198.51.100.7~\",\"userAgent\":\"~aws-cli~\","
                       "\"userIdentity\":{\"arn\":\"~arn:aws:iam::1:user/bob~\","
                       "\"userName\":\"~bob~\",\"accessKeyId\":\"~k~\"},\"requestParameters\":{"
                       "\"bucketName\":\"~b~\"},\"eventTime\":\"2026-01-02T03:04:05Z\"}"},
    {"message_only", "{\"product\":\"cisco\",\"message\":\"~%ASA-6-1: "
                     "built~\",\"host\":\"~fw1~\",\"timestamp\":\"2026-01-02T03:04:05Z\"}"},
    {"generic", "{\"product\":\"azure\",\"service\":\"signinlogs\",\"User\":\"~bob~\",\"Computer\":"
                "\"~h1~\",\"SourceIP\":\"~10.1.1.1~\","
                "\"CommandLine\":\"~x~\",\"eventName\":\"~op~\",\"cs-method\":\"get\",\"time\":"
                "\"2026-01-02T03:04:05Z\"}"},
    {NULL, "{\"what\":\"~ever~\",\"n\":1,\"deep\":{\"er\":[\"~x~\",\"~y~\"]}}"},
};

/* The event with the k-th place filled with `planted`. Returns the number of places. */
static size_t render(struct buf *out, const char *event, size_t k, struct str planted)
{
    size_t n = 0;

    buf_clear(out);
    for (const char *p = event; *p; p++) {
        const char *end;
        if (*p != '~') {
            buf_add_char(out, *p);
            continue;
        }
        end = strchr(p + 1, '~');
        if (n++ == k)
            json_escape(out, planted);
        else
            buf_add(out, (struct str){p + 1, (size_t)(end - p - 1)});
        p = end;
    }
    return n;
}

/* A text value begins here, of a key of the record (not of a text that is JSON itself). */
static bool begins_text(const char *record, const char *p)
{
    return p - record >= 3 && memcmp(p - 3, "\":\"", 3) == 0 && (p - record == 3 || p[-4] != '\\');
}

/* The record with its k-th text value replaced. Returns the number of such values. */
static size_t plant_text(struct buf *out, const char *record, size_t k, struct str planted)
{
    size_t n = 0;

    buf_clear(out);
    for (const char *p = record; *p; p++) {
        if (begins_text(record, p) && n++ == k) {
            json_escape(out, planted);
            while (*p != '"')
                p += 1 + (*p == '\\');
        }
        buf_add_char(out, *p);
    }
    return n;
}

/* ---- a rule that matches all and tells every value ----------------------------------------- */

static struct formula *asks(const char *field)
{
    struct atom *atom = ARENA_NEW(keep, struct atom);

    *atom = (struct atom){.op = ATOM_CONTAINS, .fold = FOLD_ASCII, .field = str_from(field)};
    return formula_atom(keep, atom);
}

static struct rule *rule_new(void)
{
    static const char *const fields[] = {FIELD_ANY_NAME,
                                         "Computer",
                                         "User",
                                         "Image",
                                         "CommandLine",
                                         "Details",
                                         "requestURI",
                                         "message",
                                         "what",
                                         "Other",
                                         "userAgent",
                                         "sourceIPs",
                                         "auditID",
                                         "a1",
                                         "user.groups",
                                         "deep.er",
                                         "userIdentity.accessKeyId",
                                         "SubjectUserName"};
    static const struct str tags[] = {
        STR("attack.t1528"), STR("attack.t1552.007"), STR("attack.credential_access"),
        STR("attack.t9999"), STR("attack.impact"),    STR("cve.2021-44228"),
        STR("odd")};
    static const struct str references[] = {STR("https://example.org/a")};
    struct formula *children[ARRAY_LEN(fields)];
    struct rule *rule = ARENA_NEW(keep, struct rule);

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        children[i] = asks(fields[i]);
    rule->formula = formula_join(keep, FORMULA_OR, children, ARRAY_LEN(fields));
    rule->formula->label = STR("selection");
    rule->uid = STR("a1b0c3de-0002-4f00-8a00-000000001528");
    rule->language = STR("sigma");
    rule->path = STR("rules/x.yml");
    rule->title = STR("Something \"odd\"");
    rule->description = STR("Why it matters.");
    rule->author = STR("weir contributors");
    rule->date = STR("2026-01-01");
    rule->level = LEVEL_HIGH;
    rule->has_level = true;
    rule->status = STATUS_STABLE;
    rule->tags = (struct str_list){tags, ARRAY_LEN(tags)};
    rule->references = (struct str_list){references, ARRAY_LEN(references)};
    rule->logsource.product = STR("windows");
    rule->logsource.category = STR("process_creation");
    memset(rule->sha256, 'a', 64);
    return rule;
}

static struct rule *rule;

static const struct alert_match plain_match = {.input = {"events.ndjson", 13},
                                               .offset = 42,
                                               .time_ms = 1767323045678,
                                               .now_ms = 1767323050000};

static void write_with(struct alert_writer *w, const struct alert_match *like, struct str record,
                       struct buf *out)
{
    struct alert_match m = *like;
    struct json_node *root;
    struct event_tree tree;

    arena_reset(arena);
    CHECK_EQ(json_tree_parse_lent(arena, record, &root, NULL), JSON_OK);
    event_tree_init(&tree, profiles, root, NULL);
    m.event = &tree;
    m.record = record;
    if (!m.rule)
        m.rule = rule;
    m.time_is_standin = !event_tree_time_ms(&tree, &m.time_ms);
    buf_clear(out);
    alert_write(w, &m, out);
}

static struct alert_writer *writer_new(void)
{
    return alert_writer_new(&(struct alert_options){.is_deterministic = true,
                                                    .raw = ALERT_RAW_FULL,
                                                    .generation = STR("test"),
                                                    .version = STR("0.1.0")});
}

/* ---- OCSF ---------------------------------------------------------------------------------- */

static const char SCHEMA[] = "ocsf/detection_finding-1.8.0.json";

/* Documents go to the validator of the end-to-end tests: one validator for both. */
static int validate(const struct buf *documents, char *report, size_t size)
{
    char path[] = "/tmp/weir-alerts-XXXXXX", schema[SHARED_PATH_MAX], command[2048];
    int fd = mkstemp(path);

    CHECK(fd >= 0 && write(fd, documents->p, documents->n) == (ssize_t)documents->n);
    close(fd);
    shared_path(schema, SCHEMA);
    snprintf(command, sizeof(command), "python3 tests/e2e/ocsf.py '%s' %s", schema, path);
    FILE *f = popen(command, "r");
    CHECK(f != NULL);
    size_t n = fread(report, 1, size - 1, f);
    report[n] = '\0';
    int rc = pclose(f);
    unlink(path);
    return rc;
}

static bool has_schema(void)
{
    char path[SHARED_PATH_MAX];

    shared_path(path, SCHEMA);
    if (access(path, R_OK) == 0)
        return true;
    shared_absent();
    return false;
}

static void add_document(struct buf *documents, const char *profile, struct str record,
                         bool is_whole)
{
    struct buf out = {0};
    char label[80];

    snprintf(label, sizeof(label), "pipeline:%s\"", profile ? profile : "unknown");
    write_with(writer, &plain_match, record, &out);
    if (is_whole && str_find(buf_str(&out), str_from(label), 0) == SIZE_MAX)
        fail_msg("%s not in %.*s", label, (int)out.n, out.p);
    buf_add(documents, buf_str(&out));
    buf_add_char(documents, '\n');
    buf_release(&out);
}

static bool has_row(struct str profile)
{
    for (size_t k = 0; k < ARRAY_LEN(rows); k++)
        if (rows[k].profile && str_eq(str_from(rows[k].profile), profile))
            return true;
    for (size_t k = 0; k < ARRAY_LEN(PROFILE_SHAPES); k++)
        if (str_eq(str_from(PROFILE_SHAPES[k].profile), profile))
            return true;
    return false;
}

/* Values that fit no type of OCSF must not make it invalid. */
#define UNFIT STR("\x01 no-\xff@type")

TEST(alerts_of_every_profile_are_valid_ocsf)
{
    static char report[8192];
    struct buf documents = {0}, record = {0};

    if (!has_schema())
        skip();
    for (uint32_t i = 0; i < profile_count(profiles); i++) {
        struct str name = profile_name(profile_at(profiles, i));
        if (!has_row(name))
            fail_msg("no event for profile %.*s", (int)name.n, name.p);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t places = render(&record, rows[i].event, SIZE_MAX, STR(""));
        for (size_t k = 0; k <= places; k++) {
            render(&record, rows[i].event, k == places ? SIZE_MAX : k, UNFIT);
            add_document(&documents, rows[i].profile, buf_str(&record), k == places);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(PROFILE_SHAPES); i++) {
        size_t places = plant_text(&record, PROFILE_SHAPES[i].record, SIZE_MAX, STR(""));
        for (size_t k = 0; k <= places; k++) {
            plant_text(&record, PROFILE_SHAPES[i].record, k == places ? SIZE_MAX : k, UNFIT);
            add_document(&documents, PROFILE_SHAPES[i].profile, buf_str(&record), k == places);
        }
    }
    if (validate(&documents, report, sizeof(report)) != 0)
        fail_msg("%s", report);
    buf_release(&documents);
    buf_release(&record);
}

/* ---- redaction ----------------------------------------------------------------------------- */

static size_t plant(const struct shape_row *row, size_t k, const struct canary *c,
                    enum canary_form form, struct buf *record, struct buf *out)
{
    arena_reset(scratch);
    struct str text = canary_render(scratch, c, form);

    render(record, row->event, k, text);
    write_with(writer, &plain_match, buf_str(record), out);
    if (!canary_is_visible(scratch, c, buf_str(out)))
        return 0;
    print_error("place %zu of %s, form %d: %s\n%.*s\n", k, row->profile ? row->profile : "-",
                (int)form, c->text, (int)out->n, out->p);
    return 1;
}

TEST(no_canary_in_any_field_is_visible_in_an_alert)
{
    struct buf record = {0}, out = {0};
    size_t bad = 0, turn = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows) && bad < 5; i++) {
        size_t places = render(&record, rows[i].event, SIZE_MAX, STR(""));
        for (size_t c = 0; c < n_canaries; c++)
            for (size_t k = 0; k < places && bad < 5; k++, turn++)
                bad += plant(&rows[i], k, &canaries[c], (enum canary_form)(turn * 7 % CANARY_FORMS),
                             &record, &out);
    }
    CHECK_EQ(bad, 0);
    buf_release(&record);
    buf_release(&out);
}

/* A user's profile in a directory of its own. */
static const struct profile_set *user_profiles(const char *text)
{
    const struct profile_set *set;
    struct weir_err err = {0};
    char dir[] = "/tmp/weir-profiles-XXXXXX", path[64];

    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/own.yml", dir);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    if (profile_set_load(keep, str_from(dir), &set, &err) != WEIR_OK)
        fail_msg("%s", err.text);
    unlink(path);
    rmdir(dir);
    return set;
}

TEST(fields_that_the_profile_lists_are_masked_hashed_or_dropped_everywhere)
{
    const struct profile_set *built_in = profiles;
    static const char *const hidden[] = {"Maskable", "maskable", "Hashable", "hashable",
                                         "Droppable"};
    static const char *const shown[] = {"[redacted:profile]", "[sha256:", "[dropped]", "Visible"};
    struct buf out = {0};

    profiles = user_profiles(
        "name: own\npriority: 99\nroots: [\"\"]\nmatch:\n  all:\n    - exists: own\n"
        "fields:\n  Computer: [own.who]\n"
        "entities:\n  - {role: user, ocsf: user, fields: [Computer], normalise: lower}\n"
        "  - {role: host, ocsf: device, fields: [what], normalise: lower}\n"
        "evidence:\n  actor.user.name: Computer\n  device.hostname: what\n"
        "  process.cmd_line: Details\n"
        "redact: {Computer: hash, what: mask, Details: drop}\n");
    write_with(
        writer, &plain_match,
        STR("{\"own\":{\"who\":\"Hashable\"},\"what\":\"Maskable\",\"Details\":\"Droppable\","
            "\"User\":\"Visible\",\"copy\":\"x Hashable x Maskable x Droppable\"}"),
        &out);
    CHECK(str_find(buf_str(&out), STR("pipeline:own"), 0) != SIZE_MAX);
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
        if (str_find(buf_str(&out), str_from(hidden[i]), 0) != SIZE_MAX)
            fail_msg("%s in %.*s", hidden[i], 300,
                     out.p + str_find(buf_str(&out), str_from(hidden[i]), 0) - 150);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++)
        if (str_find(buf_str(&out), str_from(shown[i]), 0) == SIZE_MAX)
            fail_msg("no %s in %.*s", shown[i], (int)out.n, out.p);
    CHECK(str_find(buf_str(&out), STR("cmd_line"), 0) == SIZE_MAX);
    profiles = built_in;
    buf_release(&out);
}

/* ---- size ---------------------------------------------------------------------------------- */

static size_t cut_paths(const struct buf *out)
{
    struct json_node *root;
    size_t at = 0, n = 0;

    arena_reset(scratch);
    if (json_tree_parse(scratch, buf_str(out), &root, &at) != JSON_OK)
        fail_msg("no JSON at %zu: %.*s", at, 80, out->p + at);
    const struct json_node *cut = json_tree_path(root, STR("unmapped.weir.truncated"));
    CHECK(cut != NULL);
    for (const struct json_node *m = cut->first; m; m = m->next)
        n++;
    return n;
}

static void check_size(const struct rule *r, struct str record, bool wants_cut)
{
    struct buf out = {0};
    struct alert_match m = plain_match;

    m.rule = r;
    write_with(writer, &m, record, &out);
    CHECK(out.n <= ALERT_BYTES_MAX);
    CHECK((cut_paths(&out) > 0) == wants_cut);
    buf_release(&out);
}

TEST(atoms_beyond_those_shown_are_listed_as_cut)
{
    enum { ATOMS = EVIDENCE_MAX + 6 };
    struct formula *children[ATOMS];
    struct rule many = *rule;

    for (size_t i = 0; i < ATOMS; i++)
        children[i] = asks("Computer"); /* each an atom of its own */
    many.formula = formula_join(keep, FORMULA_OR, children, ATOMS);
    check_size(&many, STR("{\"Computer\":\"ws1\",\"EventID\":1}"), true);
    many.formula = formula_join(keep, FORMULA_OR, children, 10);
    check_size(&many, STR("{\"Computer\":\"ws1\",\"EventID\":1}"), false);
}

static struct str big_event(struct buf *out, size_t n_text, char fill, size_t n_members)
{
    buf_clear(out);
    buf_add(out, STR("{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\""));
    static const char *const fields[] = {"Computer",       "User",
                                         "Image",          "CommandLine",
                                         "Details",        "what",
                                         "requestURI",     "userAgent",
                                         "ParentImage",    "ParentCommandLine",
                                         "TargetFilename", "ScriptBlockText",
                                         "QueryName",      "CurrentDirectory"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        buf_printf(out, ",\"%s\":\"", fields[i]);
        for (size_t k = 0; k < n_text; k++)
            buf_add(out, fill < 0x20 ? STR("\\u0001") : (struct str){&fill, 1});
        buf_add_char(out, '"');
    }
    buf_add(out, STR(",\"Other\":["));
    for (size_t i = 0; i < n_members; i++)
        buf_printf(out, "%s\"member %zu\"", i ? "," : "", i);
    buf_add(out, STR("]}"));
    return buf_str(out);
}

TEST(an_alert_never_exceeds_its_cap)
{
    static const struct {
        size_t text, members;
        char fill;
        bool is_cut;
    } sizes[] = {{10, 3, 'x', false},       {1000, 3, 'x', true},  {6000, 1000, 'x', true},
                 {100000, 1000, '"', true}, {100000, 10, 1, true}, {3000, 5000, '\\' + 1, true},
                 {400000, 0, 'y', true}};
    struct buf record = {0};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char fill = sizes[i].fill == '"' ? '\'' : sizes[i].fill;
        check_size(rule, big_event(&record, sizes[i].text, fill, sizes[i].members),
                   sizes[i].is_cut);
    }
    buf_release(&record);
}

TEST(a_wordy_rule_is_cut_too)
{
    struct rule wordy = *rule;
    struct str items[200];
    char *text = arena_alloc(keep, 100000);
    struct buf record = {0};

    memset(text, 1, 100000);
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        items[i] = (struct str){text, 3000};
    wordy.uid = STR("wordy");
    wordy.title = wordy.description = wordy.author = wordy.path = (struct str){text, 100000};
    wordy.references = wordy.falsepositives = wordy.tags =
        (struct str_list){items, ARRAY_LEN(items)};
    check_size(&wordy, big_event(&record, 100000, 1, 1000), true);
    check_size(&wordy, STR("{\"what\":\"x\"}"), true);
    buf_release(&record);
}

/* Texts of control characters, each of which takes six bytes. */
TEST(the_minimal_form_has_a_bound_of_its_own)
{
    struct alert_writer *w = writer_new();
    struct rule wordy = *rule;
    struct alert_match m = plain_match;
    char *text = arena_alloc(keep, 10000);
    struct buf record = {0}, out = {0};

    memset(text, 1, 10000);
    wordy.title = wordy.uid = m.tenant = (struct str){text, 10000};
    m.rule = &wordy;
    alert_writer_limit(w, 1);
    write_with(w, &m, big_event(&record, 10000, 1, 100), &out);
    CHECK(out.n <= ALERT_MINIMAL_BYTES);
    CHECK(str_find(buf_str(&out), STR("\"truncated\":[\"*\"]"), 0) != SIZE_MAX);
    buf_release(&record);
    buf_release(&out);
    alert_writer_free(w);
}

TEST(text_is_cut_between_characters)
{
    struct buf record = {0}, out = {0};

    for (size_t shift = 0; shift < 4; shift++) {
        buf_clear(&record);
        buf_add(&record, STR("{\"what\":\""));
        for (size_t i = 0; i < shift; i++)
            buf_add_char(&record, 'x');
        for (size_t i = 0; i < 5000; i++)
            buf_add(&record, STR("\xf0\x9f\x98\x80"));
        buf_add(&record, STR("\"}"));
        write_with(writer, &plain_match, buf_str(&record), &out);
        CHECK(str_find(buf_str(&out), STR("\xef\xbf\xbd"), 0) == SIZE_MAX); /* no U+FFFD */
        CHECK(cut_paths(&out) > 0);
    }
    buf_release(&record);
    buf_release(&out);
}

/* ---- names --------------------------------------------------------------------------------- */

/* finding_info.uid of the alert that the event gives. */
static struct str uid_for(const struct alert_match *like, const char *event)
{
    struct buf out = {0};
    struct json_node *root;

    write_with(writer, like, str_from(event), &out);
    CHECK_EQ(json_tree_parse(keep, arena_str(keep, buf_str(&out)), &root, NULL), JSON_OK);
    buf_release(&out);
    return json_tree_path(root, STR("finding_info.uid"))->text;
}

TEST(a_match_without_state_is_a_finding_of_its_own)
{
    struct alert_match with_rule = plain_match, other_place = plain_match;
    struct rule other_rule = *rule;
    struct str first = uid_for(&plain_match, "{\"what\":\"x\"}");

    CHECK(!str_eq(uid_for(&plain_match, "{\"what\":\"y\"}"), first));
    other_place.offset = 7;
    other_place.input = STR("other");
    CHECK(str_eq(uid_for(&other_place, "{\"what\":\"x\"}"), first)); /* by its bytes */
    other_place.index = 1;
    CHECK(!str_eq(uid_for(&other_place, "{\"what\":\"x\"}"), first));
    other_rule.uid = STR("other");
    with_rule.rule = &other_rule;
    CHECK(!str_eq(uid_for(&with_rule, "{\"what\":\"x\"}"), first));
}

/* With a serial the writer keeps what the rules of one event have in common. */
TEST(several_rules_of_one_event_are_told_as_alone)
{
    static const char *const planted[] = {"plain", "ghp_0123456789abcdefghijABCDEFGHIJ012345"};
    struct alert_writer *keeps = writer_new();
    struct buf record = {0}, want = {0}, got = {0};
    struct rule *second = rule_new();
    uint64_t serial = 0;

    second->uid = STR("another");
    second->title = STR("Another");
    second->formula = second->formula->children[0];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t k = 0; k < ARRAY_LEN(planted); k++) {
            struct json_node *root;
            struct event_tree tree; /* stands in one place for all events */
            struct arena *a = arena_new(0);
            (void)render(&record, rows[i].event, 1, str_from(planted[k]));
            CHECK_EQ(json_tree_parse(a, buf_str(&record), &root, NULL), JSON_OK);
            event_tree_init(&tree, profiles, root, NULL);
            tree.serial = ++serial;
            for (int turn = 0; turn < 3; turn++) {
                struct alert_match m = plain_match;
                m.rule = turn == 1 ? second : rule;
                m.event = &tree;
                m.record = buf_str(&record);
                m.time_is_standin = !event_tree_time_ms(&tree, &m.time_ms);
                buf_clear(&got);
                alert_write(keeps, &m, &got);
                write_with(writer, &m, m.record, &want);
                if (!str_eq(buf_str(&got), buf_str(&want)))
                    fail_msg("got %.*s\nwanted %.*s", (int)got.n, got.p, (int)want.n, want.p);
            }
            arena_free(a);
        }
    buf_release(&record);
    buf_release(&want);
    buf_release(&got);
    alert_writer_free(keeps);
}

TEST(a_deterministic_writer_repeats_itself)
{
    struct buf a = {0}, b = {0}, record = {0};
    struct alert_match late = plain_match;
    struct alert_options options = {.is_deterministic = true, .raw = ALERT_RAW_FULL};
    struct alert_writer *one = alert_writer_new(&options);
    options.worker = STR("weir-3");
    struct alert_writer *two = alert_writer_new(&options);

    late.now_ms += 5000;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        render(&record, rows[i].event, SIZE_MAX, STR(""));
        write_with(one, &plain_match, buf_str(&record), &a);
        write_with(two, &late, buf_str(&record), &b);
        CHECK_EQ(a.n, b.n);
        CHECK(memcmp(a.p, b.p, a.n) == 0);
    }
    alert_writer_free(one);
    alert_writer_free(two);
    buf_release(&a);
    buf_release(&b);
    buf_release(&record);
}

TEST(raw_evidence_is_shown_as_asked)
{
    static const struct {
        enum alert_raw raw;
        bool has_raw, has_value;
    } modes[] = {{ALERT_RAW_NONE, false, false},
                 {ALERT_RAW_MATCHED, false, true},
                 {ALERT_RAW_FULL, true, true}};

    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct alert_writer *w = alert_writer_new(&(struct alert_options){.raw = modes[i].raw});
        struct buf out = {0};
        write_with(w, &plain_match, STR("{\"what\":\"this\"}"), &out);
        CHECK((str_find(buf_str(&out), STR("\"raw\":"), 0) != SIZE_MAX) == modes[i].has_raw);
        CHECK((str_find(buf_str(&out), STR("\"value\":\"this\""), 0) != SIZE_MAX) ==
              modes[i].has_value);
        buf_release(&out);
        alert_writer_free(w);
    }
}

/* ---- parts --------------------------------------------------------------------------------- */

TEST(tags_become_attacks)
{
    struct attack out[ATTACKS_MAX];
    size_t n = attack_of_tags(keep, rule->tags, out);

    CHECK_EQ(n, 4);
    CHECK_STR(out[0].technique.name, "Steal Application Access Token");
    CHECK_STR(out[0].tactic.uid, "TA0006");
    CHECK_STR(out[1].technique.uid, "T1552");
    CHECK_STR(out[1].sub_technique.name, "Container API");
    CHECK_STR(out[2].technique.uid, "T9999"); /* not in the table: the id alone */
    CHECK_STR(out[2].technique.name, "");
    CHECK_STR(out[3].tactic.name, "Impact"); /* served by no technique: alone */
    CHECK_EQ(out[3].technique.uid.n, 0);
}

TEST(both_namings_of_tactics_are_known)
{
    static const struct {
        const char *tag, *name, *uid;
    } tags[] = {{"attack.defense-evasion", "Defense Evasion", "TA0005"},
                {"attack.stealth", "Stealth", "TA0005"},
                {"attack.defense_impairment", "Defense Impairment", "TA0112"},
                {"Attack.TA0040", "Impact", "TA0040"}};

    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        struct attack out[ATTACKS_MAX];
        struct str tag = str_from(tags[i].tag);
        CHECK_EQ(attack_of_tags(keep, (struct str_list){&tag, 1}, out), 1);
        CHECK_STR(out[0].tactic.name, tags[i].name);
        CHECK_STR(out[0].tactic.uid, tags[i].uid);
    }
}

TEST(levels_become_severity_and_score)
{
    static const struct {
        enum rule_level level;
        int severity, score, risk;
    } table[] = {{LEVEL_INFORMATIONAL, 1, 10, 0},
                 {LEVEL_LOW, 2, 21, 1},
                 {LEVEL_MEDIUM, 3, 47, 2},
                 {LEVEL_HIGH, 4, 73, 3},
                 {LEVEL_CRITICAL, 5, 99, 4}};

    struct finding none = {0};

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct rule r = {.level = table[i].level, .has_level = true};
        CHECK_EQ(score_severity(&r, &none).id, table[i].severity);
        CHECK_EQ(score_of(&r, &none).total, table[i].score);
        CHECK_EQ(score_risk_level(table[i].score).id, table[i].risk);
    }
    CHECK_EQ(score_severity(&(struct rule){0}, &none).id, 0);
    CHECK_EQ(score_risk_level(91).id, 3);
    CHECK_EQ(score_risk_level(0).id, 0);
}

TEST(evidence_that_ocsf_does_not_allow_is_handed_back)
{
    static const struct ocsf_leaf leaves[] = {
        {STR("actor.user.name"), STR("bob")},
        {STR("process.file.path"), STR("/bin/sh")},
        {STR("process.pid"), STR("0x1f")},
        {STR("process.parent_process.file.path"), STR("/x")}, /* no pid: no process */
        {STR("src_endpoint.ip"), STR("not an address")},
        {STR("dst_endpoint.port"), STR("70000")},
        {STR("reg_key.path"), STR("HKLM")},
        {STR("http_request.http_method"), STR("get")},
        {STR("resources[].name"), STR("r")},
        {STR("actor.user.name"), STR("second")},
        {STR("actor"), STR("x")},
        {STR(""), STR("x")},
    };
    struct ocsf_leaf rejected[ARRAY_LEN(leaves)];
    size_t n;
    struct ocsf_ways *ways = ocsf_ways_new();
    const struct ocsf_node *root = ocsf_build(keep, ways, leaves, ARRAY_LEN(leaves), rejected, &n);
    struct buf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_open_object(&w);
    ocsf_write(&w, root);
    json_close_object(&w);
    CHECK_STR(
        buf_str(&out),
        "{\"actor\":{\"user\":{\"name\":\"bob\"}},\"process\":{\"file\":{\"path\":\"/bin/sh\","
        "\"name\":\"sh\",\"type_id\":0},\"pid\":31},\"http_request\":{\"http_method\":\"GET\"},"
        "\"resources\":[{\"name\":\"r\"}]}");
    CHECK_EQ(n, 7);
    buf_release(&out);
    ocsf_ways_free(ways);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(alerts_of_every_profile_are_valid_ocsf),
        ENTRY(no_canary_in_any_field_is_visible_in_an_alert),
        ENTRY(fields_that_the_profile_lists_are_masked_hashed_or_dropped_everywhere),
        ENTRY(an_alert_never_exceeds_its_cap),
        ENTRY(a_wordy_rule_is_cut_too),
        ENTRY(the_minimal_form_has_a_bound_of_its_own),
        ENTRY(text_is_cut_between_characters),
        ENTRY(atoms_beyond_those_shown_are_listed_as_cut),
        ENTRY(a_match_without_state_is_a_finding_of_its_own),
        ENTRY(a_deterministic_writer_repeats_itself),
        ENTRY(several_rules_of_one_event_are_told_as_alone),
        ENTRY(raw_evidence_is_shown_as_asked),
        ENTRY(tags_become_attacks),
        ENTRY(both_namings_of_tactics_are_known),
        ENTRY(levels_become_severity_and_score),
        ENTRY(evidence_that_ocsf_does_not_allow_is_handed_back),
    };
    struct weir_err err = {0};

    arena = arena_new(0);
    scratch = arena_new(0);
    keep = arena_new(0);
    if (profile_set_load(keep, (struct str){0}, &profiles, &err) != WEIR_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    rule = rule_new();
    writer = writer_new();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    alert_writer_free(writer);
    arena_free(keep);
    arena_free(scratch);
    arena_free(arena);
    return rc;
}
