/* regex.c - two engines behind one question.
 *
 * PCRE2 says what a pattern means and whether it is one at all, and with its JIT it answers nearly
 * all of them: on values of a command line's size libhs is hardly faster (43 against 55 ns a
 * pattern and value over the 121 patterns of the shared Sigma rules) and takes 3 ms to compile
 * each. What PCRE2 cannot promise is time: patterns whose repeats can be tried in many ways get
 * libhs as well, which is linear, where its answer is the same. That holds for ASCII patterns on
 * ASCII values, checked pattern by pattern in tests, save for what linear_can() leaves out.
 *
 * It holds for other values too, once each character beyond ASCII is one byte that stands for it:
 * to a pattern of ASCII they are all alike, taken by `.` and by what a class leaves out. narrow()
 * makes such a value; save for two characters that fold to k and s, and for patterns that can name
 * one after all (narrow_can()).
 *
 * PCRE2 runs with UTF and MATCH_INVALID_UTF (no value is refused), newline is LF alone whatever the
 * library was built with, and \C, which would cut characters, is an error.
 */
#include "match/regex.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "match/regex_pcre.h"
#include "rule/regex_check.h"

#include <ctype.h>
#include <hs/hs.h>
#include <pthread.h>
#include <stdlib.h>

enum { JIT_STACK_MIN = 32 * 1024, JIT_STACK_MAX = 1024 * 1024, ERROR_TEXT_MAX = 256 };
/* Heap per step of depth: frames of ordinary patterns take less, so that the depth limit is the
 * one that is met. */
enum { HEAP_BYTES_PER_DEPTH = 1600 };

struct match_regex {
    pcre2_code *code;
    hs_database_t *linear; /* NULL: PCRE2 alone */
    bool is_narrow;        /* linear may be asked of narrowed values */
    bool is_jit_blind;     /* on values beyond ASCII the JIT misses matches */
    bool is_bounded;
    uint32_t n_min; /* characters of the shortest match, as far as PCRE2 can tell */
};

struct regex_scratch {
    hs_scratch_t *linear; /* NULL if no regex needs it */
    pcre2_match_data *data;
    pcre2_match_context *limits;
    pcre2_jit_stack *jit_stack;
    struct buf narrowed;
};

/* ---- compiling --------------------------------------------------------------- */

/* A flag group such as (?x) or (?i-x: names x: blanks and # mean something else then. */
static bool has_extended_flag(struct str pattern)
{
    for (size_t at = 0; (at = str_find(pattern, STR("(?"), at)) != SIZE_MAX;) {
        at += 2;
        for (size_t i = at; i < pattern.n; i++) {
            char c = pattern.p[i];
            if (c == 'x')
                return true;
            if (c != '-' && c != '^' && (c < 'a' || c > 'z'))
                break;
        }
    }
    return false;
}

/* What the two engines could read differently, or what our wrapping of it could. */
static bool linear_can(struct str pattern)
{
    if (!str_is_ascii(pattern) || memchr(pattern.p, '\0', pattern.n) ||
        str_starts(pattern, STR("(*")) || has_extended_flag(pattern))
        return false;
    for (size_t i = 0; i + 1 < pattern.n; i++) {
        if (pattern.p[i] != '\\')
            continue;
        if (memchr("pPQKG", pattern.p[++i], 5))
            return false;
    }
    return true;
}

/* Are all characters beyond ASCII alike to a pattern that linear_can() lets pass? Not if it can
 * name some: by number, or by a class that has some of them. */
static bool narrow_can(struct str pattern)
{
    static const char naming[] = "xouUNhHvVRX0123456789";

    if (str_find(pattern, STR("[:"), 0) != SIZE_MAX)
        return false;
    for (size_t i = 0; i + 1 < pattern.n; i++)
        if (pattern.p[i] == '\\' && memchr(naming, pattern.p[++i], sizeof(naming) - 1))
            return false;
    return true;
}

/* Does one character that is no blank, and may not be left out, stand here? A repeat of blanks
 * before it has but one way to match: all of them. `rest` begins behind the quantifier. */
static bool ends_blanks(struct str rest)
{
    if (rest.n && (rest.p[0] == '?' || rest.p[0] == '+'))
        rest = str_sub(rest, 1, rest.n);
    if (rest.n == 0)
        return false;
    char c = rest.p[0], escaped = rest.n > 1 ? rest.p[1] : '\0';
    bool is_escape = c == '\\';
    if (is_escape ? !ispunct((unsigned char)escaped) && escaped != 'd' && escaped != 'w'
                  : !isgraph((unsigned char)c) || memchr(".[](){}|^$*+?#", c, 14))
        return false;
    rest = str_sub(rest, is_escape ? 2 : 1, rest.n);
    if (rest.n >= 2 && rest.p[0] == '{')
        return rest.p[1] >= '1' && rest.p[1] <= '9';
    return rest.n == 0 || !memchr("*?{", rest.p[0], 3);
}

/* Can one value be tried in many ways? Then there are two repeats without end, or a repeat of a
 * group; unless all are blanks up to the next character. A wrong yes costs a compilation, a
 * wrong no the limits of PCRE2. */
static bool can_explode(struct str pattern)
{
    bool is_class = false;
    int n_endless = 0, n_blanks = 0;
    size_t blank_end = 0; /* behind the last \s */

    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        bool is_after_group = i > 0 && pattern.p[i - 1] == ')';
        if (c == '\\') {
            i++;
            if (!is_class && i < pattern.n && pattern.p[i] == 's')
                blank_end = i + 1;
        } else if (is_class)
            is_class = c != ']';
        else if (c == '[')
            is_class = true;
        else if (c == '*' || c == '+' || (c == '{' && is_after_group)) {
            n_endless += is_after_group ? 2 : 1;
            n_blanks += i == blank_end && ends_blanks(str_sub(pattern, i + 1, pattern.n));
        } else if (c == ',' && i + 1 < pattern.n && pattern.p[i + 1] == '}')
            n_endless++;
    }
    return n_endless >= 2 && n_endless != n_blanks;
}

static hs_database_t *compile_linear(const struct regex *regex)
{
    unsigned flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY;
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;

    flags |= regex->is_caseless ? HS_FLAG_CASELESS : 0;
    flags |= regex->is_multiline ? HS_FLAG_MULTILINE : 0;
    flags |= regex->is_dotall ? HS_FLAG_DOTALL : 0;

    struct arena *a = arena_new(2 * REGEX_PATTERN_MAX);
    const char *open = regex->is_whole_value ? "\\A(?:" : "";
    const char *close = regex->is_whole_value ? ")\\z" : "";
    struct str z =
        arena_printf(a, "%s%.*s%s", open, (int)regex->pattern.n, regex->pattern.p, close);
    if (hs_compile(z.p, flags, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS) {
        hs_free_compile_error(error);
        db = NULL;
    }
    arena_free(a);
    return db;
}

pcre2_code *regex_pcre_compile(const struct regex *regex, int *error, size_t *offset)
{
    uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);

    ASSERT(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    flags |= regex->is_caseless ? PCRE2_CASELESS : 0;
    flags |= regex->is_multiline ? PCRE2_MULTILINE : 0;
    flags |= regex->is_dotall ? PCRE2_DOTALL : 0;
    flags |= regex_looks_ahead(regex->pattern) ? PCRE2_NO_START_OPTIMIZE : 0;
    flags |= regex->is_whole_value ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;
    const char *pattern = regex->pattern.n ? regex->pattern.p : "";
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, regex->pattern.n, flags, error, offset, context);
    pcre2_compile_context_free(context);
    return code;
}

static bool is_jit_sound;

static void ask_jit(void)
{
    static const struct regex no_digit = {.pattern = STR("\\D")};
    int error, rc = 0;
    size_t offset;
    pcre2_code *code = regex_pcre_compile(&no_digit, &error, &offset);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);

    ASSERT(code && data);
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0)
        rc = pcre2_match(code, (PCRE2_SPTR) "\xc3\xa9", 2, 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    is_jit_sound = rc >= 0;
}

/* The JIT of PCRE2 before 10.43 takes no character beyond ASCII for \D, \W or \S if values may have
 * bad bytes (PCRE2Project/pcre2, issue 224). The interpreter does. Asked once. */
static bool jit_is_sound(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, ask_jit);
    return is_jit_sound;
}

static bool names_what_is_not(struct str pattern)
{
    for (size_t i = 0; i + 1 < pattern.n; i++)
        if (pattern.p[i] == '\\' && memchr("DWS", pattern.p[++i], 3))
            return true;
    return false;
}

enum weir_rc regex_compile(const struct regex *regex, struct match_regex **out,
                           struct weir_err *err)
{
    char text[ERROR_TEXT_MAX] = "";
    size_t offset = 0;
    int error = 0;

    if (regex->pattern.n > REGEX_PATTERN_MAX)
        return err_set(err, WEIR_LIMIT, "regular expression of %zu bytes, the limit is %d",
                       regex->pattern.n, REGEX_PATTERN_MAX);
    pcre2_code *code = regex_pcre_compile(regex, &error, &offset);
    if (!code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)text, sizeof(text));
        return err_set(err, WEIR_SYNTAX, "regular expression: %s (at byte %zu of it)", text,
                       offset);
    }
    struct match_regex *re = malloc(sizeof(*re));
    ASSERT(re);
    re->code = code;
    bool needs_linear = can_explode(regex->pattern);
    bool is_possible = needs_linear && linear_can(regex->pattern);
    bool is_sound = is_possible && regex_library_is_sound();
    re->linear = is_sound ? compile_linear(regex) : NULL;
    re->is_narrow = re->linear && narrow_can(regex->pattern);
    re->is_bounded = !needs_linear || (is_sound ? re->linear != NULL : is_possible);
    ASSERT(pcre2_pattern_info(code, PCRE2_INFO_MINLENGTH, &re->n_min) == 0);
    /* Refusal is no fault: pcre2_match() then interprets. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    re->is_jit_blind = names_what_is_not(regex->pattern) && !jit_is_sound();
    *out = re;
    return WEIR_OK;
}

void regex_free(struct match_regex *re)
{
    if (!re)
        return;
    pcre2_code_free(re->code);
    hs_free_database(re->linear);
    free(re);
}

bool regex_has_fast_path(const struct match_regex *re)
{
    return re->is_bounded;
}

bool regex_is_linear(const struct match_regex *re)
{
    return re->linear != NULL;
}

/* ---- matching ---------------------------------------------------------------- */

pcre2_match_context *regex_pcre_limits(uint32_t match_limit, uint32_t depth_limit)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);

    ASSERT(limits);
    pcre2_set_match_limit(limits, match_limit);
    pcre2_set_depth_limit(limits, depth_limit);
    pcre2_set_heap_limit(limits, (uint32_t)((uint64_t)depth_limit * HEAP_BYTES_PER_DEPTH / 1024));
    return limits;
}

struct regex_scratch *regex_scratch_new(struct match_regex *const *all, size_t n)
{
    struct regex_scratch *s = calloc(1, sizeof(*s));

    ASSERT(s);
    for (size_t i = 0; i < n; i++)
        if (all[i] && all[i]->linear)
            ASSERT(hs_alloc_scratch(all[i]->linear, &s->linear) == HS_SUCCESS);
    s->data = pcre2_match_data_create(1, NULL);
    s->limits = regex_pcre_limits(REGEX_MATCH_LIMIT, REGEX_DEPTH_LIMIT);
    ASSERT(s->data);
    s->jit_stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);
    if (s->jit_stack)
        pcre2_jit_stack_assign(s->limits, NULL, s->jit_stack);
    return s;
}

void regex_scratch_free(struct regex_scratch *s)
{
    if (!s)
        return;
    hs_free_scratch(s->linear);
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->limits);
    pcre2_jit_stack_free(s->jit_stack);
    buf_release(&s->narrowed);
    free(s);
}

/* One match is enough: a return other than 0 ends the scan. */
static int on_match(UNUSED unsigned id, UNUSED unsigned long long from,
                    UNUSED unsigned long long to, UNUSED unsigned flags, void *context)
{
    *(bool *)context = true;
    return 1;
}

static enum regex_result test_linear(const struct match_regex *re, struct regex_scratch *s,
                                     struct str value)
{
    bool is_match = false;
    hs_error_t rc = hs_scan(re->linear, value.n ? value.p : "", (unsigned)value.n, 0, s->linear,
                            on_match, &is_match);

    ASSERT(rc == HS_SUCCESS || rc == HS_SCAN_TERMINATED);
    return is_match ? REGEX_YES : REGEX_NO;
}

/* U+212A folds to k and U+017F to s, which are ASCII. */
static bool folds_to_ascii(struct str character)
{
    return str_eq(character, STR("\xe2\x84\xaa")) || str_eq(character, STR("\xc5\xbf"));
}

static size_t ascii_run(struct str s, size_t at)
{
    const uint64_t high = 0x8080808080808080u;
    size_t from = at;

    for (uint64_t eight; at + sizeof(eight) <= s.n; at += sizeof(eight)) {
        memcpy(&eight, s.p + at, sizeof(eight));
        if (eight & high)
            break;
    }
    while (at < s.n && (uint8_t)s.p[at] < 0x80)
        at++;
    return at - from;
}

/* The value with STANDIN for each character beyond ASCII. False if one of them is not like the
 * others, a byte is part of none, or there is none at all: then PCRE2 knows. */
static bool narrow(struct buf *out, struct str value)
{
    enum { STANDIN = 0xff };

    buf_clear(out);
    for (size_t at = 0; at < value.n;) {
        size_t run = ascii_run(value, at);
        buf_add(out, (struct str){value.p + at, run});
        at += run;
        if (at == value.n)
            break;
        size_t n = utf8_sequence(value, at);
        if (n == 0 || folds_to_ascii((struct str){value.p + at, n}))
            return false;
        buf_add_char(out, (char)STANDIN);
        at += n;
    }
    return out->n < value.n;
}

enum regex_result regex_test_pcre(const struct match_regex *re, struct regex_scratch *s,
                                  struct str value, bool value_is_ascii)
{
    uint32_t options = re->is_jit_blind && !value_is_ascii ? PCRE2_NO_JIT : 0;
    int rc = pcre2_match(re->code, (PCRE2_SPTR)(value.n ? value.p : ""), value.n, 0, options,
                         s->data, s->limits);

    if (rc >= 0)
        return REGEX_YES;
    /* What is left beside "no" are limits: of matching, depth, heap, JIT stack. */
    return rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_OVER_LIMIT;
}

enum regex_result regex_test(const struct match_regex *re, struct regex_scratch *s,
                             struct str value, bool value_is_ascii)
{
    if (value.n < re->n_min) /* a character has a byte at least */
        return REGEX_NO;
    if (!re->linear || !s->linear || value.n > UINT32_MAX)
        return regex_test_pcre(re, s, value, value_is_ascii);
    if (value_is_ascii)
        return test_linear(re, s, value);
    if (re->is_narrow && narrow(&s->narrowed, value))
        return test_linear(re, s, buf_str(&s->narrowed));
    return regex_test_pcre(re, s, value, value_is_ascii);
}
