/* fuzz_profile.c - any text as a user's profile: it loads, or fails with a place in it. */
#include "base/arena.h"
#include "event/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct embed_file file = {STR("fuzz.yml"), {(const char *)data, size}};
    const struct profile_set *set;
    struct weir_err err = {0};
    struct logsource source = {.product = STR("windows")};

    if (profile_set_load_texts(a, &file, 1, &set, &err) == WEIR_OK) {
        for (uint32_t i = 0; i < profile_count(set); i++)
            ASSERT(profile_find(set, profile_name(profile_at(set, i))));
        (void)profile_set_knows_field(set, &source, STR("CommandLine"));
    } else {
        ASSERT(err.code != WEIR_OK && err.text[0]);
    }
    arena_free(a);
    return 0;
}
