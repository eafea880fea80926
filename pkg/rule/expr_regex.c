/* expr_regex.c - PCRE2 with an arena for its memory. */
#include "rule/expr_regex.h"

#include "base/str.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

enum { EXPR_HEAP_KIB = 4096 }; /* for going back; as much again is left behind in the arena */

struct expr_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    uint32_t n_groups;
    struct str names[EXPR_GROUPS_MAX + 1];
};

static void *take(size_t n, void *arena)
{
    return arena_alloc(arena, n);
}

/* The arena goes as a whole. */
static void give(UNUSED void *p, UNUSED void *arena)
{
}

static uint32_t options_of(const struct regex *re)
{
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_INVALID_UTF;

    options |= re->is_caseless ? PCRE2_CASELESS : 0;
    options |= re->is_multiline ? PCRE2_MULTILINE : 0;
    options |= re->is_dotall ? PCRE2_DOTALL : 0;
    options |= regex_looks_ahead(re->pattern) ? PCRE2_NO_START_OPTIMIZE : 0;
    return options | (re->is_whole_value ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0);
}

static void read_names(struct arena *a, struct expr_regex *re)
{
    uint32_t n = 0, entry = 0;
    PCRE2_SPTR table = NULL;

    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &n);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &entry);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < n; i++, table += entry)
        re->names[table[0] << 8 | table[1]] = arena_str(a, str_from((const char *)table + 2));
}

enum weir_rc expr_regex_new(struct arena *a, const struct regex *re, const struct expr_regex **out,
                            struct regex_fault *fault)
{
    enum weir_rc rc = regex_check(re, fault);
    int code;
    PCRE2_SIZE offset;

    if (rc != WEIR_OK)
        return rc;
    pcre2_general_context *memory = pcre2_general_context_create(take, give, a);
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    struct expr_regex *made = ARENA_NEW(a, struct expr_regex);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(context, PCRE2_BSR_UNICODE);
    PCRE2_SPTR p = (PCRE2_SPTR)(re->pattern.n ? re->pattern.p : "");
    made->code = pcre2_compile(p, re->pattern.n, options_of(re), &code, &offset, context);
    ASSERT(made->code); /* it was checked */
    pcre2_pattern_info(made->code, PCRE2_INFO_CAPTURECOUNT, &made->n_groups);
    if (made->n_groups > EXPR_GROUPS_MAX) {
        *fault = (struct regex_fault){.text = "more than 64 groups"};
        return WEIR_LIMIT;
    }
    for (uint32_t i = 0; i <= made->n_groups; i++)
        made->names[i] = STR("");
    read_names(a, made);
    made->limits = pcre2_match_context_create(memory);
    pcre2_set_match_limit(made->limits, EXPR_MATCH_LIMIT);
    pcre2_set_depth_limit(made->limits, EXPR_DEPTH_LIMIT);
    pcre2_set_heap_limit(made->limits, EXPR_HEAP_KIB);
    *out = made;
    return WEIR_OK;
}

uint32_t expr_regex_groups(const struct expr_regex *re)
{
    return re->n_groups;
}

struct str expr_regex_group_name(const struct expr_regex *re, uint32_t i)
{
    ASSERT(i <= re->n_groups);
    return re->names[i];
}

static void copy_groups(const struct expr_regex *re, struct str text, pcre2_match_data *data,
                        struct expr_match *out)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

    for (uint32_t i = 0; i <= re->n_groups; i++) {
        bool took_part = at[2 * i] != PCRE2_UNSET && at[2 * i] <= at[2 * i + 1];
        out->groups[i] =
            took_part ? str_sub(text, at[2 * i], at[2 * i + 1] - at[2 * i]) : (struct str){NULL, 0};
        if (took_part && !out->groups[i].p)
            out->groups[i] = STR("");
    }
    out->end = at[1];
}

enum expr_regex_result expr_regex_match(const struct expr_regex *re, struct arena *space,
                                        struct str text, size_t from, struct expr_match *out)
{
    if (from > text.n)
        return EXPR_REGEX_NO;
    pcre2_general_context *memory = pcre2_general_context_create(take, give, space);
    pcre2_match_data *data = pcre2_match_data_create(re->n_groups + 1, memory);
    PCRE2_SPTR p = (PCRE2_SPTR)(text.n ? text.p : "");
    int rc = pcre2_match(re->code, p, text.n, from, 0, data, re->limits);

    if (rc == PCRE2_ERROR_NOMATCH)
        return EXPR_REGEX_NO;
    if (rc < 0)
        return EXPR_REGEX_OVER_LIMIT;
    if (out)
        copy_groups(re, text, data, out);
    return EXPR_REGEX_YES;
}
