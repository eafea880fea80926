/* config_value.c - values with a unit, by two tables of units, largest first. */
#include "worker/config_value.h"

#include <regex.h>

#include "base/str.h"

struct unit {
    const char *name;
    int64_t worth;
};

static const struct unit spans[] = {
    {"w", INT64_C(7) * 24 * 3600 * 1000},
    {"d", INT64_C(24) * 3600 * 1000},
    {"h", 3600 * 1000},
    {"m", 60 * 1000},
    {"s", 1000},
    {"ms", 1},
};
static const struct unit sizes[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", 1 << 20},
    {"KiB", 1 << 10},
    {"B", 1},
};

static bool amount_parse(struct str text, const struct unit *units, size_t n_units, int64_t *out)
{
    size_t digits = 0;
    uint64_t number;

    while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
        digits++;
    if (!str_to_u64(str_sub(text, 0, digits), &number))
        return false;
    struct str name = str_sub(text, digits, text.n);
    for (size_t i = 0; i < n_units; i++) {
        if (!str_eq(name, str_from(units[i].name)))
            continue;
        if (number > (uint64_t)(INT64_MAX / units[i].worth))
            return false;
        *out = (int64_t)number * units[i].worth;
        return true;
    }
    return false;
}

static void amount_write(struct buf *out, int64_t amount, const struct unit *units, size_t n_units)
{
    size_t i = 0;

    /* None of anything is written in the smallest unit. */
    while (i + 1 < n_units && (amount == 0 || amount % units[i].worth))
        i++;
    buf_printf(out, "%lld%s", (long long)(amount / units[i].worth), units[i].name);
}

bool config_span_parse(struct str text, int64_t *ms)
{
    return amount_parse(text, spans, ARRAY_LEN(spans), ms);
}

bool config_size_parse(struct str text, int64_t *bytes)
{
    return amount_parse(text, sizes, ARRAY_LEN(sizes), bytes);
}

void config_span_write(struct buf *out, int64_t ms)
{
    amount_write(out, ms, spans, ARRAY_LEN(spans));
}

void config_size_write(struct buf *out, int64_t bytes)
{
    amount_write(out, bytes, sizes, ARRAY_LEN(sizes));
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

bool config_name_is_legal(struct str name)
{
    if (name.n == 0 || name.n > CONFIG_NAME_MAX || str_eq(name, STR(".")) ||
        str_eq(name, STR("..")))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!is_alnum(name.p[i]) && name.p[i] != '.' && name.p[i] != '_' && name.p[i] != '-')
            return false;
    return true;
}

bool config_topic_matches(const char *name_or_pattern, const char *topic)
{
    regex_t regex;

    if (name_or_pattern[0] != '^')
        return strcmp(name_or_pattern, topic) == 0;
    if (regcomp(&regex, name_or_pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false; /* refused when it was set */
    bool does = regexec(&regex, topic, 0, NULL, 0) == 0;
    regfree(&regex);
    return does;
}

/* YAML 1.1's words for true, false and nothing. */
static bool is_reserved(struct str text)
{
    static const char *const words[] = {"y",   "n",    "yes",   "no",  "on",
                                        "off", "true", "false", "null"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_ci(text, str_from(words[i])))
            return true;
    return false;
}

/* Plain text must not look like another kind of value, nor hold what YAML gives a meaning: a
 * letter, slash or underscore first, then only what never has one. */
static bool is_plain(struct str text)
{
    if (text.n == 0 || !(is_alnum(text.p[0]) || text.p[0] == '/' || text.p[0] == '_') ||
        (text.p[0] >= '0' && text.p[0] <= '9') || is_reserved(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (!is_alnum(text.p[i]) && (text.p[i] == '\0' || !strchr("._-/", text.p[i])))
            return false;
    return true;
}

void config_text_write(struct buf *out, struct str text)
{
    if (is_plain(text)) {
        buf_add(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if ((unsigned char)c < ' ' || c == 0x7f)
            buf_printf(out, "\\x%02x", (unsigned)c);
        else
            buf_add_char(out, c);
    }
    buf_add_char(out, '"');
}
