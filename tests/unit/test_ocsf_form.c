/* test_ocsf_form.c - what forms write is what the tree of the same leaves gives. */
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

#include "alert/ocsf.h"
#include "base/buf.h"
#include "base/str.h"

/* Paths and a text that each takes; NULL: none. */
static const struct {
    const char *path, *good;
} paths[] = {{"device.hostname", "text"},
             {"actor.user.name", "text"},
             {"process.file.path", "C:\\a\\b \"c\".exe"},
             {"process.cmd_line", "text"},
             {"process.pid", "0x1a4"},
             {"process.parent_process.pid", "77"},
             {"process.parent_process.file.path", "C:\\a\\b \"c\".exe"},
             {"process.environment_variables[].name", "text"},
             {"file.path", "C:\\a\\b \"c\".exe"},
             {"file.name", "text"},
             {"src_endpoint.ip", "10.0.0.1"},
             {"src_endpoint.port", "443"},
             {"dst_endpoint.ip", "::1"},
             {"query.hostname", "text"},
             {"reg_key.path", "C:\\a\\b \"c\".exe"},
             {"reg_value.data", "text"},
             {"api.operation", "text"},
             {"http_request.http_method", "get"},
             {"url.url_string", "text"},
             {"no.such.path", NULL}};
static const char *const texts[] = {
    "4", "0x1a4", "10.0.0.1",  "C:\\a\\b \"c\".exe", "get", "caf\xc3\xa9\n/x",
    "/", "70000", "a.example", "bad \xff byte",      "",    "::1"};

/* The members of an evidence and all observables, from the tree. */
static size_t by_tree(struct arena *a, struct ocsf_ways *ways, const struct ocsf_leaf *leaves,
                      size_t n, struct json_writer *w)
{
    struct ocsf_leaf rejected[OCSF_LEAVES_MAX];
    struct ocsf_observable list[OCSF_FORM_OBSERVABLES];
    size_t n_rejected;
    const struct ocsf_node *root = ocsf_build(a, ways, leaves, n, rejected, &n_rejected);

    if (!root || n_rejected)
        return n_rejected + 1;
    ocsf_write(w, root);
    size_t n_list = ocsf_observables(a, root, list, ARRAY_LEN(list));
    if (n_list > 0) {
        json_key_name(w, STR("observables"));
        json_open_array(w);
    }
    for (size_t i = 0; i < n_list; i++) {
        json_open_object(w);
        json_kv_str(w, "name",
                    arena_printf(a, "evidences[0].%.*s", (int)list[i].name.n, list[i].name.p));
        json_kv_i64(w, "type_id", list[i].type_id);
        json_kv_str(w, "type", (struct str){list[i].type, strlen(list[i].type)});
        json_kv_str(w, "value", list[i].value);
        json_close_object(w);
    }
    if (n_list > 0)
        json_close_array(w);
    return 0;
}

static void begin(struct json_writer *w, struct buf *out)
{
    buf_clear(out);
    json_writer_init(w, out);
    json_open_object(w);
    json_kv_str(w, "name", STR("trigger"));
}

/* True: there was a form. */
static bool compare(struct arena *a, struct ocsf_ways *ways, const struct ocsf_leaf *leaves,
                    size_t n)
{
    struct ocsf_value values[OCSF_LEAVES_MAX];
    struct buf want = {0}, got = {0};
    struct json_writer w;

    begin(&w, &want);
    size_t n_rejected = by_tree(a, ways, leaves, n, &w);
    const struct ocsf_form *form = ocsf_form_of(a, ways, leaves, n, values);
    if (form) {
        CHECK_EQ(n_rejected, 0);
        begin(&w, &got);
        ocsf_form_members(form, values, &w);
        ocsf_form_observables(form, values, &w);
        if (!str_eq(buf_str(&got), buf_str(&want)))
            fail_msg("got %.*s\nwanted %.*s", (int)got.n, got.p, (int)want.n, want.p);
    } else if (n > 0 && n_rejected == 0) {
        for (size_t i = 0; i < n; i++)
            if (leaves[i].text.n == 0) /* a name cannot be filled in from nothing: no form */
                n_rejected = 1;
        CHECK(n_rejected > 0);
    }
    buf_release(&want);
    buf_release(&got);
    return form != NULL;
}

TEST(forms_write_what_the_tree_gives)
{
    struct rng rng = rng_start("test_ocsf_form");
    struct ocsf_ways *ways = ocsf_ways_new();
    size_t n_forms = 0;

    for (int round = 0; round < 4000; round++) {
        struct arena *a = arena_new(0);
        struct ocsf_leaf leaves[8];
        size_t n = rng_below(&rng, ARRAY_LEN(leaves) + 1);
        size_t at = rng_below(&rng, 6); /* few lists of paths, so that they come again */
        for (size_t i = 0; i < n; i++) {
            at += 1 + rng_below(&rng, 2);
            size_t k = at % ARRAY_LEN(paths);
            bool is_good = paths[k].good && rng_below(&rng, 8) > 0;
            leaves[i].path = str_from(paths[k].path);
            leaves[i].text =
                str_from(is_good ? paths[k].good : texts[rng_below(&rng, ARRAY_LEN(texts))]);
        }
        n_forms += compare(a, ways, leaves, n);
        arena_free(a);
    }
    CHECK(n_forms > 300);
    ocsf_ways_free(ways);
}

TEST_MAIN(ENTRY(forms_write_what_the_tree_gives))
