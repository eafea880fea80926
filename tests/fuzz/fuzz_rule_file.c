/* fuzz_rule_file.c - any bytes as a rule file of Elastic's: TOML by the first byte's lowest bit, an
 * export otherwise. Every document gets a verdict, and what is bad has a message. */
#include "base/arena.h"
#include "base/str.h"
#include "lang/lang.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena *a = arena_new(0);
    struct rule_loader *l = rule_loader_new(a, NULL, NULL);
    struct loaded_rules loaded;
    struct str text = {(const char *)data + 1, size - 1};

    rule_loader_add(l, data[0] & 1 ? STR("x.toml") : STR("x.ndjson"), text);
    rule_loader_finish(l, &loaded);
    for (size_t i = 0; i < loaded.n_verdicts; i++)
        ASSERT(!verdict_is_bad(loaded.verdicts[i].status) || loaded.verdicts[i].n_messages > 0);
    arena_free(a);
    return 0;
}
