/* message.c - a template part by part; checking is reading it to its end. */
#include "rule/message.h"

#include "base/str.h"

static const struct {
    struct str name;
    enum message_slot slot;
} WORDS[] = {{{"title", 5}, MESSAGE_TITLE},   {{"rule", 4}, MESSAGE_RULE},
             {{"level", 5}, MESSAGE_LEVEL},   {{"count", 5}, MESSAGE_COUNT},
             {{"tenant", 6}, MESSAGE_TENANT}, {{"first", 5}, MESSAGE_FIRST},
             {{"last", 4}, MESSAGE_LAST}};

#define FIELD_PREFIX "event:"

static bool fail(struct message_fault *fault, size_t offset, const char *text)
{
    *fault = (struct message_fault){offset, text};
    return false;
}

/* What stands between braces; `at` is that of its first byte. */
static bool read_slot(struct str inner, size_t at, struct message_part *out,
                      struct message_fault *fault)
{
    struct str name;

    out->other = STR("-");
    if (str_cut(inner, '|', &name, &out->other))
        out->other = str_trim(out->other);
    else
        out->other = STR("-");
    name = str_trim(name);
    if (name.n == 0)
        return fail(fault, at, "an empty slot: {FIELD}, or {{ for a brace");
    out->slot = MESSAGE_FIELD;
    out->text = name;
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq(name, WORDS[i].name))
            out->slot = WORDS[i].slot;
    if (str_starts(name, STR(FIELD_PREFIX)))
        out->text = str_sub(name, sizeof FIELD_PREFIX - 1, name.n);
    if (out->text.n == 0)
        return fail(fault, at, "'event:' names a field");
    return true;
}

/* One part, at least a byte long; *at goes behind it. */
static bool read_part(struct str s, size_t *at, struct message_part *out,
                      struct message_fault *fault)
{
    char c = s.p[*at];
    size_t start = *at;

    *out = (struct message_part){.slot = MESSAGE_TEXT};
    if ((c == '{' || c == '}') && start + 1 < s.n && s.p[start + 1] == c) {
        out->text = str_sub(s, start, 1);
        *at = start + 2;
        return true;
    }
    if (c == '}')
        return fail(fault, start, "a closing brace without an opening one: write }}");
    if (c == '{') {
        size_t end = str_find_char(s, '}', start);
        size_t inner = str_find_char(s, '{', start + 1);
        if (end == SIZE_MAX || inner < end)
            return fail(fault, start, "a slot that does not end: {FIELD}, or {{ for a brace");
        *at = end + 1;
        return read_slot(str_sub(s, start + 1, end - start - 1), start + 1, out, fault);
    }
    while (*at < s.n && s.p[*at] != '{' && s.p[*at] != '}')
        ++*at;
    out->text = str_sub(s, start, *at - start);
    return true;
}

bool message_check(struct str message, struct message_fault *fault)
{
    struct message_part part;
    size_t n_slots = 0;

    for (size_t at = 0; at < message.n;) {
        size_t start = at;
        if (!read_part(message, &at, &part, fault))
            return false;
        if (part.slot != MESSAGE_TEXT && ++n_slots > MESSAGE_SLOTS_MAX)
            return fail(fault, start, "more than 32 slots in a message");
    }
    return true;
}

bool message_next(struct str message, size_t *at, struct message_part *out)
{
    struct message_fault fault;

    return *at < message.n && read_part(message, at, out, &fault);
}
