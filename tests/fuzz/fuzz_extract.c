/* fuzz_extract.c - any bytes as a record: the event path and the tree say the same of it. */
#include "base/arena.h"
#include "base/str.h"
#include "event/profile.h"
#include "tests/lib/event_diff.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct event_diff *start(void)
{
    static const char *const names[] = {"EventID",
                                        "Image",
                                        "CommandLine",
                                        "IntegrityLevel",
                                        "User",
                                        "Computer",
                                        "objectRef.resource",
                                        "a",
                                        "a.b",
                                        "a.b.c",
                                        "product",
                                        "@file",
                                        "userIdentity.type"};
    static struct arena *a;
    const struct profile_set *profiles;
    struct weir_err err;

    a = arena_new(0);
    struct field_table *fields = field_table_new(a);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        (void)field_intern(fields, str_from(names[i]));
    ASSERT(profile_set_load(a, STR(""), &profiles, &err) == WEIR_OK);
    return event_diff_new(profiles, fields, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct event_diff *diff;
    struct buf why = {0};

    if (!diff)
        diff = start();
    bool agrees = event_diff_agrees(diff, (struct str){(const char *)data, size}, &why);
    if (!agrees)
        fprintf(stderr, "%.*s\n", (int)why.n, why.p);
    ASSERT(agrees);
    buf_release(&why);
    return 0;
}
