/* fuzz_finding.c - any bytes as a finding out of a store, written as an alert without its event:
 * JSON that is not too long comes out. */
#include "alert/alert.h"
#include "base/base.h"
#include "json/tree.h"
#include "rule/correlation.h"
#include "state/finding.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *arena, *keep;
static struct alert_writer *writer;
static struct rule rules[2];

static void prepare(void)
{
    static const struct str field = STR("User");
    static struct correlation correlation = {
        .kind = OPERATOR_DISTINCT, .group = &field, .n_group = 1, .fields = &field, .n_fields = 1};
    const struct profile_set *profiles;

    keep = arena_new(0);
    ASSERT(profile_set_load(keep, (struct str){0}, &profiles, NULL) == WEIR_OK);
    arena = arena_new(0);
    writer = alert_writer_new(&(struct alert_options){.raw = ALERT_RAW_FULL,
                                                      .generation = STR("g"),
                                                      .worker = STR("w"),
                                                      .version = STR("v"),
                                                      .profiles = profiles});
    for (size_t i = 0; i < 2; i++)
        rules[i] = (struct rule){.uid = STR("r-1"),
                                 .title = STR("Title"),
                                 .language = STR("sigma"),
                                 .formula = formula_const(keep, false)};
    rules[1].correlation = &correlation;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf out;
    struct finding f;
    struct json_node *root;

    if (!writer)
        prepare();
    if (!finding_unpack((struct str){(const char *)data, size}, &f))
        return 0;
    buf_clear(&out);
    alert_write_finding(writer,
                        &(struct alert_finding){.rule = &rules[f.sequence % 2],
                                                .finding = &f,
                                                .now_ms = 1767323045678,
                                                .tenant = STR("t")},
                        &out);
    ASSERT(out.n <= ALERT_BYTES_MAX);
    arena_reset(arena);
    ASSERT(json_tree_parse(arena, buf_str(&out), &root, NULL) == JSON_OK);
    return 0;
}
