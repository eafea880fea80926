/* test_message.c - templates of messages: parts, and what is refused. */
#include "rule/message.h"

#include "base/buf.h"
#include "tests/lib/test.h"

static const struct {
    const char *message, *parts; /* text as it is, slots as <number:text|other> */
} good[] = {
    {"", ""},
    {"plain text", "plain text"},
    {"{user.name}", "<1:user.name|->"},
    {"a {x} b{ y | none }", "a <1:x|-> b<1:y|none>"},
    {"{x|}", "<1:x|>"},
    {"{{x}} {{{x}}}", "{x} {<1:x|->}"},
    {"{title} {rule} {level} {count} {tenant|t} {first} {last}",
     "<2:title|-> <3:rule|-> <4:level|-> <5:count|-> <6:tenant|t> <7:first|-> <8:last|->"},
    {"{event:count}", "<1:count|->"},
    {"{a|b|c}", "<1:a|b|c>"},
};

TEST(a_template_is_text_and_slots)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct str message = str_from(good[i].message);
        struct message_fault fault;
        struct message_part part;
        struct buf got = {0};
        CHECK(message_check(message, &fault));
        for (size_t at = 0; message_next(message, &at, &part);)
            if (part.slot == MESSAGE_TEXT)
                buf_add(&got, part.text);
            else
                buf_printf(&got, "<%d:%.*s|%.*s>", part.slot, (int)part.text.n, part.text.p,
                           (int)part.other.n, part.other.p);
        CHECK_STR(got.n ? buf_str(&got) : STR(""), good[i].parts);
        buf_release(&got);
    }
}

static const struct {
    const char *message;
    size_t offset;
    const char *text;
} bad[] = {
    {"a {x", 2, "a slot that does not end: {FIELD}, or {{ for a brace"},
    {"a {x {y}", 2, "a slot that does not end: {FIELD}, or {{ for a brace"},
    {"a } b", 2, "a closing brace without an opening one: write }}"},
    {"{}", 1, "an empty slot: {FIELD}, or {{ for a brace"},
    {"ab{ |x}", 3, "an empty slot: {FIELD}, or {{ for a brace"},
    {"{event:}", 1, "'event:' names a field"},
};

TEST(a_bad_template_is_refused_with_its_place)
{
    char many[5 * (MESSAGE_SLOTS_MAX + 1)];
    struct message_fault fault;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CHECK(!message_check(str_from(bad[i].message), &fault));
        CHECK_EQ(fault.offset, bad[i].offset);
        CHECK_STR(str_from(fault.text), bad[i].text);
    }
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = "{abc}"[i % 5];
    CHECK(!message_check((struct str){many, sizeof many}, &fault));
    CHECK_EQ(fault.offset, 5 * MESSAGE_SLOTS_MAX);
    CHECK(message_check((struct str){many, sizeof many - 5}, &fault));
}

TEST_MAIN(ENTRY(a_template_is_text_and_slots), ENTRY(a_bad_template_is_refused_with_its_place))
