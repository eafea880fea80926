/* test_profile_shapes.c - what arrives in practice: each shape is recognised and read as it has to
 * be, by the event path and by the tree alike; and the labelled events of the shared data. */
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "event/extract.h"
#include "event/lookup.h"
#include "tests/lib/event_diff.h"
#include "tests/lib/lane.h"
#include "tests/lib/profile_shapes.h"

/* An event read both ways, for any field. */
struct reading {
    struct arena *arena;
    const struct profile_set *profiles;
    struct extract_worker *worker;
    struct event event;
    struct event_tree tree;
};

static struct reading reading_new(void)
{
    struct reading r = {.arena = arena_new(0)};
    struct weir_err err;
    char text[1200];

    if (profile_set_load(r.arena, STR(""), &r.profiles, &err) != WEIR_OK)
        fail_msg("%s", err_format(&err, text, sizeof text));
    struct field_table *fields = field_table_new(r.arena);
    r.worker = extract_worker_new(extractor_new(r.arena, r.profiles, fields, false, NULL));
    return r;
}

static void reading_free(struct reading *r)
{
    extract_worker_free(r->worker);
    arena_free(r->arena);
}

static void read_event(struct reading *r, struct str record)
{
    struct json_node *root;

    CHECK_EQ(extract_event(r->worker, record, (struct event_ref){0}, &r->event), EVENT_OK);
    CHECK_EQ(json_tree_parse(r->arena, r->event.record, &root, NULL), JSON_OK);
    event_tree_init(&r->tree, r->profiles, root, NULL);
}

static const char *profile_of(const struct reading *r)
{
    const struct profile *p = extract_shape(r->worker, r->event.shape)->profile;

    return p ? profile_name(p).p : "(unknown)";
}

static void put_values(struct buf *out, const struct logsource_values *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        buf_printf(out, "%s%.*s", i ? "," : "", (int)v->values[i].n, v->values[i].p);
}

static void check_source(const struct reading *r, const struct profile_shape *row)
{
    const struct logsource_facts *f = &extract_shape(r->worker, r->event.shape)->facts;
    struct buf out = {0};

    put_values(&out, &f->product);
    buf_add_char(&out, '/');
    put_values(&out, &f->category);
    buf_add_char(&out, '/');
    put_values(&out, &f->service);
    if (!str_eq_ci(buf_str(&out), str_from(row->source)))
        fail_msg("%s: %.*s, not %s", row->profile, (int)out.n, out.p, row->source);
    buf_release(&out);
}

static void check_fields(const struct reading *r, const struct profile_shape *row)
{
    struct str rest = str_from(row->fields), line, name, want;

    while (rest.n) {
        (void)str_cut(rest, '\n', &line, &rest);
        (void)str_cut(line, '=', &name, &want);
        struct field_values got = event_lookup(r->arena, &r->tree, name);
        struct str text = got.n ? got.items[0].text : STR("");
        if (!str_eq(text, want))
            fail_msg("%s: %.*s is '%.*s', not '%.*s'", row->profile, (int)name.n, name.p,
                     (int)text.n, text.p, (int)want.n, want.p);
    }
}

static void check_entity(const struct reading *r, const struct profile_shape *row)
{
    struct event_entity *list;
    size_t n = event_entities(r->arena, &r->tree, &list);
    struct str role, key;

    if (!row->entity[0])
        return;
    (void)str_cut(str_from(row->entity), '=', &role, &key);
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].role, role) && str_eq(list[i].key, key))
            return;
    fail_msg("%s: no entity %s", row->profile, row->entity);
}

TEST(each_shape_is_read_as_its_source_writes_it)
{
    struct reading r = reading_new();
    int64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(PROFILE_SHAPES); i++) {
        const struct profile_shape *row = &PROFILE_SHAPES[i];
        read_event(&r, str_from(row->record));
        CHECK_STR(str_from(profile_of(&r)), row->profile);
        check_source(&r, row);
        check_fields(&r, row);
        check_entity(&r, row);
        if (extract_time_ms(r.worker, &r.event, &ms) != row->has_time)
            fail_msg("%s: time", row->profile);
        extract_batch_reset(r.worker);
    }
    reading_free(&r);
}

/* Every profile that can be recognised has a row, here or in test_extract.c (Windows and the like).
 */
TEST(no_profile_is_without_a_shape)
{
    static const char *const elsewhere[] = {"windows_flat",
                                            "windows_flat_4688",
                                            "windows_structured",
                                            "windows_ecs",
                                            "windows_ecs_4688",
                                            "windows_evtx",
                                            "windows_evtx_4688",
                                            "sysmon_linux",
                                            "sysmon_linux_evtx",
                                            "message_only",
                                            "generic"};
    struct reading r = reading_new();

    for (uint32_t i = 0; i < profile_count(r.profiles); i++) {
        struct str name = profile_name(profile_at(r.profiles, i));
        bool is_there = false;
        for (size_t k = 0; k < ARRAY_LEN(PROFILE_SHAPES); k++)
            is_there |= str_eq(name, str_from(PROFILE_SHAPES[k].profile));
        for (size_t k = 0; k < ARRAY_LEN(elsewhere); k++)
            is_there |= str_eq(name, str_from(elsewhere[k]));
        if (!is_there)
            fail_msg("no event for the profile %.*s", (int)name.n, name.p);
    }
    reading_free(&r);
}

TEST(shapes_are_read_as_the_tree_reads_them)
{
    struct reading r = reading_new();
    struct field_table *fields = field_table_new(r.arena);
    struct buf why = {0};

    for (uint32_t i = 0; i < profile_count(r.profiles); i++)
        for (uint32_t k = 0; k < profile_field_count(profile_at(r.profiles, i)); k++)
            (void)field_intern(fields, profile_field_at(profile_at(r.profiles, i), k));
    struct event_diff *diff = event_diff_new(r.profiles, fields, NULL);
    for (size_t i = 0; i < ARRAY_LEN(PROFILE_SHAPES); i++)
        if (!event_diff_agrees(diff, str_from(PROFILE_SHAPES[i].record), &why))
            fail_msg("%s: %.*s", PROFILE_SHAPES[i].profile, (int)why.n, why.p);
    CHECK(event_diff_values(diff) > 5 * ARRAY_LEN(PROFILE_SHAPES));
    event_diff_free(diff);
    buf_release(&why);
    reading_free(&r);
}

/* ---- the labelled events ------------------------------------------------------------- */

/* The log type that a rule's test names, and the profiles that are right for it. */
static const struct {
    const char *log_type, *right;
} LABELS[] = {
    {"AWS.ALB", "aws_alb"},
    {"AWS.CloudTrail", "aws_cloudtrail"},
    {"AWS.VPCFlow", "aws_vpcflow"},
    {"Amazon.EKS.Audit", "kubernetes_audit"},
    {"AppOmni.Alerts", "appomni"},
    {"Asana.Audit", "asana"},
    {"Auth0.Events", "auth0"},
    {"Azure.Audit", "azure_audit azure_signin"},
    {"Azure.MonitorActivity", "azure_activity kubernetes_audit_aks"},
    {"Box.Event", "box"},
    {"Cloudflare.HttpRequest", "cloudflare"},
    {"Crowdstrike.FDREvent", "crowdstrike_fdr"},
    {"GCP.AuditLog", "gcp_audit gcp_audit_bare kubernetes_audit_gke"},
    {"GSuite.ActivityEvent", "google_workspace"},
    {"GitHub.Audit", "github_audit github_audit_bare"},
    {"Okta.SystemLog", "okta"},
    {"OnePassword.SignInAttempt", "onepassword"},
    {"OneLogin.Events", "onelogin"},
    {"Salesforce.RealtimeEvent", "salesforce"},
    {"Slack.AuditLogs", "slack_audit"},
    {"Zendesk.Audit", "zendesk"},
};

static bool has_word(const char *words, struct str word)
{
    struct str rest = str_from(words), head;

    while (rest.n) {
        (void)str_cut(rest, ' ', &head, &rest);
        if (str_eq(head, word))
            return true;
    }
    return false;
}

struct labelled {
    struct reading reading;
    size_t n, n_kubernetes;
};

static struct str text_of(const struct json_node *object, const char *key)
{
    const struct json_node *node = json_tree_get(object, str_from(key));

    return node && node->type == JSON_T_STRING ? node->text : STR("");
}

/* The bytes of the member "event", which is the last of its line. */
static struct str event_of(struct str line)
{
    size_t at = str_find(line, STR("\"event\":"), 0);

    CHECK(at != SIZE_MAX);
    line = str_trim(str_sub(line, at + 8, line.n));
    return str_sub(line, 0, line.n - 1);
}

static void check_labelled(struct str line, void *context)
{
    struct labelled *l = context;
    struct arena *a = arena_new(0);
    struct json_node *root;
    const char *right = NULL;

    CHECK_EQ(json_tree_parse(a, line, &root, NULL), JSON_OK);
    const struct json_node *types = json_tree_get(root, STR("log_types"));
    struct str type = types->first->text;
    if (types->first->next) /* a rule for several: the event says which it is */
        type = text_of(json_tree_get(root, STR("event")), "p_log_type");
    for (size_t i = 0; i < ARRAY_LEN(LABELS); i++)
        if (str_eq(str_from(LABELS[i].log_type), type))
            right = LABELS[i].right;
    if (!right)
        fail_msg("no profile for %.*s", (int)type.n, type.p);
    read_event(&l->reading, event_of(line));
    if (!has_word(right, str_from(profile_of(&l->reading))))
        fail_msg("%.*s read as %s: %.*s", (int)type.n, type.p, profile_of(&l->reading), (int)line.n,
                 line.p);
    if (types->first->next && !types->first->next->next->next) /* EKS, AKS, GKE */
        l->n_kubernetes += has_word("kubernetes_audit kubernetes_audit_aks kubernetes_audit_gke",
                                    str_from(profile_of(&l->reading)));
    l->n++;
    extract_batch_reset(l->reading.worker);
    arena_free(a);
}

TEST(labelled_events_are_of_the_profile_that_their_label_names)
{
    struct labelled l = {.reading = reading_new()};

    if (!lane_each("verdicts/panther-rule-tests.ndjson.zst", 1, SIZE_MAX, check_labelled, &l))
        shared_absent();
    else
        CHECK_EQ(l.n, 854);
    print_message("%zu labelled events, %zu of them of Kubernetes\n", l.n, l.n_kubernetes);
    reading_free(&l.reading);
}

struct lane_profiles {
    struct reading reading;
    const char *right;
    size_t n;
};

static void check_lane_line(struct str line, void *context)
{
    struct lane_profiles *l = context;

    read_event(&l->reading, line);
    if (!has_word(l->right, str_from(profile_of(&l->reading))))
        fail_msg("read as %s, not %s: %.*s", profile_of(&l->reading), l->right, (int)line.n,
                 line.p);
    l->n++;
    extract_batch_reset(l->reading.worker);
}

TEST(each_lane_is_of_its_profile)
{
    static const struct {
        const char *lane, *right;
        size_t stride;
    } lanes[] = {
        {"lane-structured_windows", "windows_structured", 25},
        {"lane-diverse_windows", "windows_structured", 25},
        {"lane-low_match", "windows_structured", 25},
        {"lane-match_heavy", "windows_structured", 25},
        {"lane-raw_windows", "message_only", 25},
        {"lane-cisco_syslog", "message_only", 25},
        {"lane-sysmon_file_event", "windows_flat", 25},
        {"lane-mixed_schema", "windows_structured linux_auditd web aws_cloudtrail", 13},
        {"lane-correlation", "generic", 25},
        {"lane-no_match", "generic", 25},
        {"windows-otrf", "windows_flat windows_flat_4688", 500},
        {"k8s-audit-benign", "kubernetes_audit", 50},
        {"cloudtrail-invictus", "aws_cloudtrail", 10},
    };
    struct lane_profiles l = {.reading = reading_new()};
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        l.right = lanes[i].right;
        snprintf(path, sizeof path, "events/%s.ndjson.zst", lanes[i].lane);
        if (!lane_each(path, lanes[i].stride, 500, check_lane_line, &l)) {
            shared_absent();
            break;
        }
    }
    reading_free(&l.reading);
}

TEST_MAIN(ENTRY(each_shape_is_read_as_its_source_writes_it), ENTRY(no_profile_is_without_a_shape),
          ENTRY(shapes_are_read_as_the_tree_reads_them),
          ENTRY(labelled_events_are_of_the_profile_that_their_label_names),
          ENTRY(each_lane_is_of_its_profile))
