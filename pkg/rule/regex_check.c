/* regex_check.c - syntax by PCRE2; the slow constructs by a small scan of our own, since
 * PCRE2 tells of back references but not of look-around. */
#include "rule/regex_check.h"

#include "base/buf.h"
#include "base/str.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

static enum weir_rc fail(struct regex_fault *fault, enum weir_rc rc, size_t offset,
                         const char *text)
{
    fault->offset = offset;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return rc;
}

enum weir_rc regex_check(const struct regex *re, struct regex_fault *fault)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
    int code;
    PCRE2_SIZE offset;
    PCRE2_UCHAR text[sizeof fault->text];

    if (re->pattern.n > REGEX_LENGTH_MAX)
        return fail(fault, WEIR_LIMIT, REGEX_LENGTH_MAX, "the regex is longer than 8192 bytes");
    options |= re->is_caseless ? PCRE2_CASELESS : 0;
    options |= re->is_multiline ? PCRE2_MULTILINE : 0;
    options |= re->is_dotall ? PCRE2_DOTALL : 0;
    PCRE2_SPTR p = (PCRE2_SPTR)(re->pattern.n ? re->pattern.p : "");
    pcre2_code *compiled = pcre2_compile(p, re->pattern.n, options, &code, &offset, NULL);
    if (compiled) {
        pcre2_code_free(compiled);
        return WEIR_OK;
    }
    pcre2_get_error_message(code, text, sizeof text);
    return fail(fault, WEIR_SYNTAX, offset < re->pattern.n ? offset : re->pattern.n,
                (const char *)text);
}

bool regex_looks_ahead(struct str pattern)
{
    static const char *const OPENINGS[] = {"(?=", "(?*", "(*"};

    for (size_t i = 0; i < ARRAY_LEN(OPENINGS); i++)
        if (str_find(pattern, str_from(OPENINGS[i]), 0) != SIZE_MAX)
            return true;
    return false;
}

/* What stands behind "(": most groups are harmless. */
static const char *group_construct(struct str rest)
{
    static const struct {
        const char *opening, *name;
    } SLOW[] = {
        {"(?=", "look-around"},       {"(?!", "look-around"},     {"(?<=", "look-around"},
        {"(?<!", "look-around"},      {"(?>", "an atomic group"}, {"(?(", "a conditional group"},
        {"(?R", "recursion"},         {"(?&", "recursion"},       {"(?P>", "recursion"},
        {"(?P=", "a back reference"}, {"(?|", "a branch reset"},  {"(*", "a verb"}};

    for (size_t i = 0; i < ARRAY_LEN(SLOW); i++)
        if (str_starts(rest, str_from(SLOW[i].opening)))
            return SLOW[i].name;
    bool is_call = rest.n > 2 && rest.p[1] == '?' &&
                   ((rest.p[2] >= '0' && rest.p[2] <= '9') ||
                    (rest.n > 3 && (rest.p[2] == '+' || rest.p[2] == '-') && rest.p[3] >= '0' &&
                     rest.p[3] <= '9'));
    return is_call ? "recursion" : NULL;
}

static bool is_quantifier(char c)
{
    return c == '*' || c == '+' || c == '?' || c == '}';
}

/* Past a character class that opens at `i`. */
static size_t skip_class(struct str s, size_t i)
{
    i++;
    if (i < s.n && s.p[i] == '^')
        i++;
    if (i < s.n && s.p[i] == ']') /* a leading ] is a member */
        i++;
    for (; i < s.n && s.p[i] != ']'; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '[' && i + 1 < s.n && s.p[i + 1] == ':')
            i = str_find(s, STR(":]"), i) == SIZE_MAX ? i : str_find(s, STR(":]"), i) + 1;
    }
    return i;
}

/* Behind what stands at `i`, if that is no single character: an escape, a \Q...\E, a class. */
static size_t skip_quoted(struct str s, size_t i)
{
    if (s.p[i] == '[')
        return skip_class(s, i) + 1;
    if (s.p[i] != '\\')
        return i;
    if (i + 1 == s.n || s.p[i + 1] != 'Q')
        return i + 2;
    size_t end = str_find(s, STR("\\E"), i + 2);
    return end == SIZE_MAX ? s.n : end + 2;
}

/* {,n} */
static bool lacks_least(struct str s)
{
    size_t i = 2;

    if (!str_starts(s, STR("{,")))
        return false;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i > 2 && i < s.n && s.p[i] == '}';
}

struct str regex_with_least_counts(struct arena *a, struct str s)
{
    struct buf out = {0};
    size_t taken = 0;

    for (size_t i = 0; i < s.n;) {
        size_t behind = skip_quoted(s, i);
        if (behind > i) {
            i = behind;
            continue;
        }
        i++;
        if (!lacks_least(str_sub(s, i - 1, SIZE_MAX)))
            continue;
        buf_add(&out, str_sub(s, taken, i - taken));
        buf_add_char(&out, '0');
        taken = i;
    }
    if (taken == 0)
        return s;
    buf_add(&out, str_sub(s, taken, SIZE_MAX));
    struct str written = arena_str(a, buf_str(&out));
    buf_release(&out);
    return written;
}

const char *regex_slow_construct(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n) {
            char c = s.p[++i];
            if ((c >= '1' && c <= '9') || c == 'k' || c == 'g')
                return "a back reference";
            if (c == 'K' || c == 'G')
                return "a match reset";
            if (c == 'Q') {
                size_t end = str_find(s, STR("\\E"), i);
                i = end == SIZE_MAX ? s.n : end + 1;
            }
        } else if (s.p[i] == '[') {
            i = skip_class(s, i);
        } else if (s.p[i] == '(') {
            const char *name = group_construct(str_sub(s, i, SIZE_MAX));
            if (name)
                return name;
            i += i + 1 < s.n && s.p[i + 1] == '?'; /* (?: is no quantifier */
        } else if (s.p[i] == '+' && i > 0 && is_quantifier(s.p[i - 1]) && i > 1 &&
                   s.p[i - 2] != '\\') {
            return "a possessive quantifier";
        }
    }
    return NULL;
}
