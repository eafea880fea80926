/* fuzz_pipeline.c - any text as a processing pipeline: it reads and then changes rules, each of
 * which has one verdict, or it fails with a place in it. */
#include "base/str.h"
#include "lang/sigma/pipeline.h"
#include "tests/lib/sigma_text.h"

static const char RULES[] =
    "title: a\nlevel: high\ntags: [attack.t1059]\nlogsource: {product: windows, category: "
    "process_creation}\ndetection:\n  s:\n    CommandLine|contains|all: [a, b]\n    Image|neq: "
    "'C:\\x'\n    Hashes|contains: 'MD5=ab'\n    User|expand: '%admins%'\n    C|re: x+\n"
    "  k: [word, 5]\n  condition: s or k\n"
    "---\ntitle: b\nlogsource: {product: linux}\ndetection: {s: [{a: 1}, {a: null}], condition: "
    "s}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct pipeline_file file = {STR("fuzz.yml"), {(const char *)data, size}};
    struct lang_options options = {0};
    struct loaded_rules loaded;
    struct weir_err err = {0};

    if (sigma_pipelines_read(a, &file, 1, &options.pipelines, &err) == WEIR_OK) {
        struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, &options);
        rule_loader_add(l, STR("r.yml"), str_from(RULES));
        rule_loader_finish(l, &loaded);
        ASSERT(loaded.n_verdicts == 2);
        for (size_t i = 0; i < loaded.n_verdicts; i++)
            ASSERT(!loaded.verdicts[i].rule == verdict_is_bad(loaded.verdicts[i].status));
    } else {
        ASSERT(err.code != WEIR_OK && err.text[0]);
    }
    arena_free(a);
    return 0;
}
