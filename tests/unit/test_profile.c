/* test_profile.c - profiles: loading, messages, logsource facts, the lint's question. */
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/str.h"
#include "event/profile.h"

static const struct profile_set *load(struct arena *a, const char *text, struct weir_err *err)
{
    struct embed_file file = {STR("user.yml"), str_from(text)};
    const struct profile_set *set = NULL;

    *err = (struct weir_err){0};
    if (profile_set_load_texts(a, &file, text ? 1 : 0, &set, err) != WEIR_OK)
        return NULL;
    return set;
}

TEST(built_in_profiles_load)
{
    static const char *const names[] = {"appomni",
                                        "asana",
                                        "atlassian_audit",
                                        "auditbeat",
                                        "auth0",
                                        "aws_alb",
                                        "aws_cloudtrail",
                                        "aws_cloudtrail_ecs",
                                        "aws_route53",
                                        "aws_vpcflow",
                                        "azure_activity",
                                        "azure_audit",
                                        "azure_ecs",
                                        "azure_risk",
                                        "azure_signin",
                                        "bitbucket_audit",
                                        "box",
                                        "cloudflare",
                                        "crowdstrike_fdr",
                                        "defender",
                                        "defender_process",
                                        "dns",
                                        "ecs",
                                        "elastic_endpoint",
                                        "gcp_audit",
                                        "gcp_audit_bare",
                                        "gcp_audit_ecs",
                                        "generic",
                                        "github_audit",
                                        "github_audit_bare",
                                        "google_workspace",
                                        "kubernetes_audit",
                                        "kubernetes_audit_aks",
                                        "kubernetes_audit_ecs",
                                        "kubernetes_audit_gke",
                                        "linux_auditd",
                                        "linux_auditd_merged",
                                        "m365_audit",
                                        "m365_ecs",
                                        "macos_esf",
                                        "message_only",
                                        "ocsf",
                                        "okta",
                                        "okta_ecs",
                                        "onelogin",
                                        "onepassword",
                                        "opencanary",
                                        "osquery",
                                        "salesforce",
                                        "sentinelone",
                                        "sentinelone_process",
                                        "slack_audit",
                                        "sysmon_linux",
                                        "sysmon_linux_evtx",
                                        "web",
                                        "web_access",
                                        "windows_ecs",
                                        "windows_ecs_4688",
                                        "windows_evtx",
                                        "windows_evtx_4688",
                                        "windows_flat",
                                        "windows_flat_4688",
                                        "windows_structured",
                                        "zeek",
                                        "zendesk"};
    struct arena *a = arena_new(0);
    struct weir_err err;
    char text[1200];
    const struct profile_set *set = load(a, NULL, &err);

    if (!set)
        fail_msg("%s", err_format(&err, text, sizeof text));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!profile_find(set, str_from(names[i])))
            fail_msg("no profile %s", names[i]);
    CHECK_EQ(profile_count(set), ARRAY_LEN(names));
    CHECK(!profile_find(set, STR("windows"))); /* abstract */
    CHECK(!profile_find(set, STR("unknown")));
    arena_free(a);
}

TEST(names_of_streams_meet)
{
    static const struct {
        const char *a, *b;
        bool meet;
    } cases[] = {
        {"logs-a-x", "logs-a-x", true},
        {"logs-a-x", "LOGS-a-*", true},
        {"logs-a-x", "logs-b-*", false},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"logs-*", "*-x", true},
        {"logs-a*", "logs-ab-*c", true},
        {"logs-a*c", "logs-b*c", false},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxcyyb", false},
        {"logs-a.*-*", "filebeat-*", false},
        {"a*", "*b", true},
        {"a*a", "a", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str a = str_from(cases[i].a), b = str_from(cases[i].b);
        if (stream_names_meet(a, b) != cases[i].meet || stream_names_meet(b, a) != cases[i].meet)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

/* The event is in logs-okta.system-*, or, without its data set, in some of okta's. */
TEST(exclusions_take_what_they_cover)
{
    static const struct stream_pattern patterns[] = {{{"logs-", 5}, {"-*", 2}, 0},
                                                     {{"filebeat-*", 10}, {"", 0}, STREAM_NO_SLOT}};
    static const struct {
        const char *wanted[3];
        bool allowed, allowed_without;
    } cases[] = {
        {{"logs-*", "-logs-okta*"}, false, false},
        {{"*", "-logs-okta*"}, false, true},
        {{"*", "-LOGS-okta.sys*"}, false, true},
        {{"*", "-logs-*-*"}, false, true},
        {{"*", "-filebeat-*"}, true, false},
        {{"*", "-filebeat-8*"}, true, true}, /* which filebeat it is nobody knows */
        {{"logs-*", "-logs-okta.system-default"}, true, false},
        {{"-logs-okta*", "logs-*"}, true, false}, /* what comes behind it it leaves */
        {{"logs-*", "-logs-aws*"}, true, false},
        {{"*:logs-*", "logs-*", "-*elastic-cloud-logs-*"}, true, false},
        {{"logs-aws*", "-far:*"}, false, false}, /* a cluster says nothing, and is no pattern */
        {{"logs-*", "-far:logs-okta*"}, true, false},
        {{"logs-*", "-"}, true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str wanted[3] = {{NULL, 0}};
        struct str_list list = {wanted, 0};
        struct stream_facts facts = {.patterns = patterns, .n = 2, .slots = {STR("okta.system")}};
        for (; list.n < 3 && cases[i].wanted[list.n]; list.n++)
            wanted[list.n] = str_from(cases[i].wanted[list.n]);
        bool is_seen = stream_allows(&facts, &list);
        facts.slots[0] = (struct str){NULL, 0};
        if (is_seen != cases[i].allowed || stream_allows(&facts, &list) != cases[i].allowed_without)
            fail_msg("row %zu", i);
    }
}

TEST(a_rule_is_left_out_if_its_streams_are_others)
{
    static const struct stream_pattern patterns[] = {
        {{"logs-", 5}, {"-*", 2}, 0},
        {{"", 0}, {"-*", 2}, 1},
        {{"logs-aws.*", 10}, {"", 0}, STREAM_NO_SLOT},
        {{"sourcetype=aws:*", 16}, {"", 0}, STREAM_NO_SLOT},
    };
    static const struct {
        const char *dataset, *agent, *wanted;
        bool allowed;
    } cases[] = {
        {"aws.cloudtrail", NULL, "logs-aws.cloudtrail-*", true},
        {"aws.cloudtrail", NULL, "logs-aws.guard*", false}, /* its own name goes first */
        {NULL, NULL, "logs-aws.guard*", true},
        {NULL, NULL, "filebeat-*", false},
        {NULL, "filebeat", "filebeat-*", true},
        {NULL, "filebeat", "logs-aws.x-*", false},
        {"aws.cloudtrail", "filebeat", "filebeat-8*", true},
        {NULL, NULL, "far:logs-aws.x-*", true},
        {NULL, NULL, "far:filebeat-*", false},
        {NULL, NULL, "-logs-x*", true},
        {NULL, NULL, "sourcetype=AWS:cloudtrail", true},
        {NULL, NULL, "sourcetype=okta", false},
        {NULL, NULL, "source=okta", true}, /* nothing is known of that kind */
        {"aws.cloudtrail", NULL, "sourcetype=okta", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str wanted = str_from(cases[i].wanted);
        struct logsource source = {.streams = {&wanted, 1}};
        struct logsource_facts facts = {.streams = {.patterns = patterns, .n = 4}};
        if (cases[i].dataset)
            facts.streams.slots[0] = str_from(cases[i].dataset);
        if (cases[i].agent)
            facts.streams.slots[1] = str_from(cases[i].agent);
        if (logsource_allows(&facts, &source) != cases[i].allowed)
            fail_msg("%s", cases[i].wanted);
    }
    struct str both[] = {STR("filebeat-*"), STR("logs-aws.x")};
    struct str_list list = {both, 2};
    struct stream_facts facts = {.patterns = patterns, .n = 4};
    CHECK(stream_allows(&facts, &list));
    list.n = 1;
    CHECK(!stream_allows(&facts, &list));
    CHECK(stream_may_allow(&facts, &list)); /* some agent may be a filebeat */
    list.n = 0;
    CHECK(stream_allows(&facts, &list));
}

TEST(mistakes_are_told_with_place_and_hint)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"name: x\nmach: {}\n",
         "user.yml:2:1: error: unknown key of a profile 'mach' (did you mean 'match'?)"},
        {"name: x\n", "user.yml:1:1: error: a profile needs `match` (or `abstract: true`)"},
        {"match: {all: []}\n", "user.yml:1:1: error: a profile needs `name`"},
        {"- a\n", "user.yml:1:1: error: a profile file holds one map"},
        {"name: x\nextends: windows_fla\n",
         "user.yml:2:10: error: unknown profile 'windows_fla' (did you mean 'windows_flat'?)"},
        {"name: x\nextends: x\n", "user.yml:2:10: error: unknown profile 'x'"},
        {"name: x\nabstract: 5\n",
         "user.yml:2:11: error: abstract must be true or false, not a number"},
        {"name: x\nmatch:\n  all:\n    - exist: a\n",
         "user.yml:4:7: error: unknown test 'exist' (did you mean 'exists'?)"},
        {"name: x\nmatch: [a]\n",
         "user.yml:2:9: error: match must be a map with all, any, not text"},
        {"name: x\nmatch: []\n", "user.yml:2:8: error: match has 1 to 16 alternatives"},
        {"name: x\nmatch: {all: []}\n",
         "user.yml:2:8: error: match says nothing: it needs tests below all or any"},
        {"name: x\nabstract: true\nenvelope: {path: p, when: {a: 1, b: 1, c: 1, d: 1, e: 1}}\n",
         "user.yml:3:27: error: an envelope has at most 4 conditions"},
        {"name: x\nabstract: true\nprefixes: [a]\n",
         "user.yml:3:11: error: prefixes must be a map of prefix: prefix, not a list"},
        {"name: x\nabstract: true\njoin: {A: ''}\n",
         "user.yml:3:11: error: what joins values must be text of 1 to 16 bytes"},
        {"name: x\nabstract: true\nfields: {A: [b, {constant: c}]}\n",
         "user.yml:3:17: error: a constant stands alone: it leaves nothing to look for"},
        {"name: x\nabstract: true\nfields: {A: {constant: c, path: d}}\n",
         "user.yml:3:13: error: a constant has neither path nor apply"},
        {"name: x\nabstract: true\nlogsource:\n  prodct: y\n",
         "user.yml:4:3: error: unknown key of logsource 'prodct' (did you mean 'product'?)"},
        {"name: x\nabstract: true\nlogsource:\n  rules:\n    - {product: y}\n",
         "user.yml:5:7: error: `when` is missing"},
        {"name: x\nabstract: true\nlateness: 5\n",
         "user.yml:3:11: error: lateness must be a number with s, m, h or d, as 5m"},
        {"name: x\nabstract: true\nredact: {User: msk}\n",
         "user.yml:3:16: error: unknown redaction 'msk' (did you mean 'mask'?)"},
        {"name: x\nabstract: true\nentities:\n  - {role: a, ocsf: file, fields: [c], normalise: "
         "shorthost}\n",
         "user.yml:4:51: error: unknown normalise 'shorthost' (did you mean 'short_host'?)"},
        {"name: x\nabstract: true\nentities: [{role: a, ocsf: usr, fields: [c]}]\n",
         "user.yml:3:28: error: unknown OCSF type of an entity 'usr' (did you mean 'user'?)"},
        {"name: x\nabstract: true\nentities: [{role: a}]\n",
         "user.yml:3:12: error: an entity needs role, ocsf and fields"},
        {"name: x\nabstract: true\ntime: [1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8]\n",
         "user.yml:3:7: error: time has more than 16 entries"},
        {"name: x\nabstract: true\naliases: [a]\n",
         "user.yml:3:10: error: aliases must be a map of field: field, not a list"},
        {"name: x\nabstract: true\naliases: {A: [b, {fild: c}]}\n",
         "user.yml:3:18: error: an alias is a field, or {field: NAME, apply: STEPS}"},
        {"name: x\nabstract: true\naliases: {A: {field: b, apply: basname}}\n",
         "user.yml:3:32: error: unknown step 'basname' (did you mean 'basename'?)"},
        {"name: x\nmatch: {all: [exists: a]}\nvocabulary: cim_endpont\n",
         "user.yml:3:13: error: unknown vocabulary 'cim_endpont': it names a profile"},
        {"name: x\nabstract: true\nfields: {A: {b: c}}\n",
         "user.yml:3:14: error: unknown key of a path 'b'"},
        {"name: x\nabstract: true\nfields: {A: [a, {pth: c}]}\n",
         "user.yml:3:18: error: unknown key of a path 'pth' (did you mean 'path'?)"},
        {"name: x\nabstract: true\nfields: {A: {apply: lower}}\n",
         "user.yml:3:13: error: `path` is missing: a place is a path or {path: PATH, apply: "
         "STEPS}"},
        {"name: x\nabstract: true\nfields: {A: [[a]]}\n",
         "user.yml:3:14: error: the path must be text, not a list"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: basname}}\n",
         "user.yml:3:30: error: unknown step 'basname' (did you mean 'basename'?)"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: [lower, split]}}\n",
         "user.yml:3:38: error: this step needs a value, as {split: \",\"}"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: {lower: x}}}\n",
         "user.yml:3:31: error: this step stands alone, without a value"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: {split: ''}}}\n",
         "user.yml:3:38: error: must be text of at least one byte"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: {part: {by: '.'}}}}\n",
         "user.yml:3:37: error: part needs by and at"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: {part: {by: '.', at: x}}}}\n",
         "user.yml:3:51: error: must be a whole number"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: {part: {by: '.', aftr: x}}}}\n",
         "user.yml:3:47: error: unknown key of part 'aftr' (did you mean 'after'?)"},
        {"name: x\nabstract: true\nfields: {A: {path: a, apply: []}}\n",
         "user.yml:3:30: error: apply has 1 to 8 steps"},
        {"name: x\nabstract: true\nembedded: {a: b}\n",
         "user.yml:3:11: error: embedded must be text or a list of texts, not a map"},
        {"name: x\nabstract: true\nstreams: [\"a-{b\"]\n",
         "user.yml:3:11: error: a stream's name holds at most one {field}"},
        {"name: x\nabstract: true\nstreams: {a: b}\n",
         "user.yml:3:10: error: streams must be text or a list of texts, not a map"},
        {"name: x\nabstract: true\nstreams: [a, '']\n",
         "user.yml:3:14: error: a stream's name has 1 to 256 bytes"},
        {"name: unknown\nextends: unknown\nmatch: {al: []}\n",
         "user.yml:3:9: error: unknown key of match 'al' (did you mean 'all'?)"},
    };
    char text[1200];

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *a = arena_new(0);
        struct weir_err err;
        if (load(a, cases[i].text, &err))
            fail_msg("accepted: %s", cases[i].text);
        CHECK_STR(str_from(err_format(&err, text, sizeof text)), cases[i].message);
        arena_free(a);
    }
}

TEST(profiles_that_extend_each_other_in_a_circle_are_refused)
{
    struct arena *a = arena_new(0);
    struct embed_file files[] = {
        {STR("a.yml"), STR("name: a\nextends: b\nabstract: true\n")},
        {STR("b.yml"), STR("name: b\nextends: a\nabstract: true\n")},
        {STR("c.yml"), STR("name: c\nabstract: true\n")},
        {STR("d.yml"), STR("name: c\nabstract: true\n")},
    };
    const struct profile_set *set;
    struct weir_err err = {0};
    char text[1200];

    CHECK_EQ(profile_set_load_texts(a, files, 2, &set, &err), WEIR_SYNTAX);
    CHECK(strstr(err.text, "circle") != NULL);
    CHECK_EQ(profile_set_load_texts(a, files + 2, 2, &set, &err), WEIR_SYNTAX);
    CHECK_STR(str_from(err_format(&err, text, sizeof text)),
              "d.yml:1:7: error: profile 'c' is already defined in c.yml");
    CHECK_EQ(profile_set_load(a, STR("/nowhere/at/all"), &set, &err), WEIR_IO);
    CHECK_STR(str_from(err.file), "/nowhere/at/all");
    arena_free(a);
}

TEST(a_users_profile_replaces_the_built_in_of_its_name)
{
    struct arena *a = arena_new(0);
    struct weir_err err;
    const struct profile_set *set =
        load(a,
             "name: generic\nextends: generic\ndescription: mine\nmatch: {any: [exists: a]}\n"
             "lateness: 2h\nredact: {secret: drop}\n",
             &err);

    CHECK(set != NULL);
    const struct profile *p = profile_find(set, STR("generic"));
    CHECK_STR(profile_description(p), "mine");
    CHECK_EQ(profile_lateness_ms(p), 7200000);
    CHECK_EQ(profile_redact_of(p, STR("secret")), REDACT_DROP);
    CHECK_EQ(profile_redact_of(p, STR("other")), REDACT_NONE);
    arena_free(a);
}

TEST(a_rule_conflicts_only_with_what_is_known)
{
    struct logsource_facts facts = {
        .product = {.values = {STR("windows")}, .n = 1, .is_known = true},
        .category = {
            .values = {STR("registry_set"), STR("registry_event")}, .n = 2, .is_known = true}};
    static const struct {
        const char *product, *category, *service;
        bool is_allowed;
    } cases[] = {
        {"", "", "", true},
        {"windows", "", "", true},
        {"WINDOWS", "registry_event", "", true},
        {"linux", "", "", false},
        {"windows", "registry_add", "", false},
        {"windows", "registry_set", "security", true}, /* service unknown */
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct logsource wanted = {str_from(cases[i].product),
                                   str_from(cases[i].category),
                                   str_from(cases[i].service),
                                   {NULL, 0}};
        CHECK_EQ(logsource_allows(&facts, &wanted), cases[i].is_allowed);
    }
    facts.service.is_known = true; /* known to be none */
    struct logsource wanted = {.service = STR("security")};
    CHECK(!logsource_allows(&facts, &wanted));
}

TEST(the_lint_knows_the_fields_of_a_rules_sources)
{
    struct arena *a = arena_new(0);
    struct weir_err err;
    const struct profile_set *set = load(a, NULL, &err);
    static const struct {
        const char *product, *field;
        bool is_known;
    } cases[] = {
        {"windows", "CommandLine", true},
        {"windows", "Comandline", false},
        {"windows", "commandline", false},
        {"windows", "winlog.event_data.Foo", true}, /* a shape that has it */
        {"windows", "@any", true},
        {"windows", "@file", true},
        {"linux", "a0", true},
        {"linux", "Image", true}, /* Sysmon for Linux */
        {"linux", "Imgae", false},
        {"kubernetes", "objectRef.resource", true},
        {"kubernetes", "objectref.resource", false},
        {"aws", "requestParameters.bucketName", true},
        {"aws", "eventname", false},
        {"nobody", "whatever", true}, /* no profile is about it */
        {"", "whatever", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct logsource source = {.product = str_from(cases[i].product)};
        if (profile_set_knows_field(set, &source, str_from(cases[i].field)) != cases[i].is_known)
            fail_msg("%s %s", cases[i].product, cases[i].field);
    }
    arena_free(a);
}

TEST(the_lint_asks_the_profiles_of_the_rules_own_source)
{
    struct arena *a = arena_new(0);
    struct weir_err err;
    const struct profile_set *set = load(a, NULL, &err);
    static const struct {
        const char *product, *category, *service, *stream, *field;
        bool is_known;
    } cases[] = {
        {"azure", "", "signinlogs", "", "AuthenticationRequirement", true},
        {"azure", "", "auditlogs", "", "DeviceDetail.isCompliant", false},
        {"zeek", "", "dns", "", "qtype_name", true},
        {"", "proxy", "", "", "c-uri-extension", true},
        {"", "proxy", "", "", "c-useragnet", true}, /* below c-* */
        {"", "proxy", "", "", "useragent", false},
        {"", "nonsense", "", "", "whatever", true},
        {"", "", "", "logs-kubernetes.audit_logs-*", "kubernetes.audit.verb", true},
        {"", "", "", "logs-aws.cloudtrail-*", "event.action", true},
        {"", "", "", "logs-aws.cloudtrail-*", "evnt.action", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str stream = str_from(cases[i].stream);
        struct logsource source = {.product = str_from(cases[i].product),
                                   .category = str_from(cases[i].category),
                                   .service = str_from(cases[i].service),
                                   .streams = {&stream, stream.n > 0}};
        if (profile_set_knows_field(set, &source, str_from(cases[i].field)) != cases[i].is_known)
            fail_msg("%zu: %s", i, cases[i].field);
    }
    arena_free(a);
}

TEST_MAIN(ENTRY(the_lint_asks_the_profiles_of_the_rules_own_source), ENTRY(built_in_profiles_load),
          ENTRY(names_of_streams_meet), ENTRY(exclusions_take_what_they_cover),
          ENTRY(a_rule_is_left_out_if_its_streams_are_others),
          ENTRY(mistakes_are_told_with_place_and_hint),
          ENTRY(profiles_that_extend_each_other_in_a_circle_are_refused),
          ENTRY(a_users_profile_replaces_the_built_in_of_its_name),
          ENTRY(a_rule_conflicts_only_with_what_is_known),
          ENTRY(the_lint_knows_the_fields_of_a_rules_sources))
