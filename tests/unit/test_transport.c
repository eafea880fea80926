/* test_transport.c - key and headers of a record beside it. */
#include "tests/lib/test.h"

#include "event/transport.h"

#include "base/str.h"

TEST(what_is_packed_is_found_by_its_exact_name)
{
    static const struct {
        const char *name, *value;
    } given[] = {{"@key", "pod-a"}, {"@header.source", "agent one"}, {"@header.empty", ""}};
    struct buf packed = {0};
    struct str value;

    for (size_t i = 0; i < ARRAY_LEN(given); i++)
        transport_add(&packed, str_from(given[i].name), str_from(given[i].value));
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        CHECK(transport_find(buf_str(&packed), str_from(given[i].name), &value));
        CHECK_STR(value, given[i].value);
    }
    CHECK(!transport_find(buf_str(&packed), STR("@header.Source"), &value));
    CHECK(!transport_find(buf_str(&packed), STR("@header.sourc"), &value));
    CHECK(!transport_find(STR(""), STR("@key"), &value));
    buf_release(&packed);
}

TEST(bytes_that_are_no_text_become_replacement_characters)
{
    struct buf packed = {0};
    struct str value;

    transport_add(&packed, STR("@key"), (struct str){"a\xff\xc3(\0b\xc3\xa4", 8});
    CHECK(transport_find(buf_str(&packed), STR("@key"), &value));
    CHECK_EQ(value.n, 12);
    CHECK(memcmp(value.p, "a\xef\xbf\xbd\xef\xbf\xbd(\0b\xc3\xa4", 12) == 0);
    buf_release(&packed);
}

TEST(names_are_those_that_rules_ask_about)
{
    struct arena *a = arena_new(0);
    struct field_table *fields = field_table_new(a);
    static const char *const asked[] = {"Image",       "@key",       "@topic",
                                        "@header.a.b", "@partition", "@file"};

    for (size_t i = 0; i < ARRAY_LEN(asked); i++)
        (void)field_intern(fields, str_from(asked[i]));
    struct transport_names names = transport_names_of(fields, a);
    CHECK_EQ(names.n, 2);
    CHECK_STR(names.names[0], "@key");
    CHECK_STR(names.names[1], "@header.a.b");
    arena_free(a);
}

TEST_MAIN(ENTRY(what_is_packed_is_found_by_its_exact_name),
          ENTRY(bytes_that_are_no_text_become_replacement_characters),
          ENTRY(names_are_those_that_rules_ask_about))
