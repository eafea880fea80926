/* call_text.c - functions about texts. */
#include "lang/esql/call.h"

#include "base/str.h"

/* A literal whole number. */
static bool literal_whole(const struct expr *e, int64_t *n)
{
    struct expr_value v;

    if (!pipe_constant(e, &v) || v.type != EXPR_VALUE_INT)
        return false;
    *n = v.whole;
    return true;
}

static struct expr *lower(const struct esql_call *c)
{
    return esql_call_each(c, EXPR_LOWER, c->args[0]);
}

static struct expr *upper(const struct esql_call *c)
{
    return esql_call_each(c, EXPR_UPPER, c->args[0]);
}

static struct expr *concat(const struct esql_call *c)
{
    struct expr call = {.op = EXPR_CONCAT, .is_single = true};

    return pipe_call(c->p->pipe, c->at, &call, c->args, c->n);
}

/* From 1, from the end if it is negative; 0 is 1. As a place from 0. */
static struct expr *start_of(const struct esql_call *c, struct expr *start)
{
    int64_t n;

    if (literal_whole(start, &n))
        return esql_whole(c, n > 0 ? n - 1 : n);
    struct expr *before = esql_call2(c, EXPR_SUBTRACT, start, esql_whole(c, 1));
    struct expr *args[] = {esql_call2(c, EXPR_GT, start, esql_whole(c, 0)), before,
                           esql_call2(c, EXPR_LE, start, esql_whole(c, 0)), start};

    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, args, ARRAY_LEN(args));
}

/* The first n characters; of less than none null, as Elasticsearch has it with a warning. */
static struct expr *head(const struct esql_call *c, struct expr *text, struct expr *n)
{
    int64_t most;
    struct expr *e = esql_call3(c, EXPR_SUBSTRING, text, esql_whole(c, 0), n);

    if (literal_whole(n, &most))
        return most < 0 ? pipe_null(c->p->pipe) : e;
    return esql_call2(c, EXPR_CASE, esql_call2(c, EXPR_GE, n, esql_whole(c, 0)), e);
}

/* SUBSTRING(text, start[, length]) */
static struct expr *substring(const struct esql_call *c)
{
    struct expr *e = esql_call2(c, EXPR_SUBSTRING, c->args[0], start_of(c, c->args[1]));

    return c->n == 2 ? e : head(c, e, c->args[2]);
}

/* LEFT(text, n) */
static struct expr *left(const struct esql_call *c)
{
    return head(c, c->args[0], c->args[1]);
}

/* RIGHT(text, n): of none the empty text. */
static struct expr *right(const struct esql_call *c)
{
    struct expr *text = c->args[0], *n = c->args[1];
    struct expr *none = esql_call3(c, EXPR_SUBSTRING, text, esql_whole(c, 0), esql_whole(c, 0));
    struct expr *tail = esql_call2(c, EXPR_SUBSTRING, text, esql_call1(c, EXPR_NEGATE, n));
    struct expr *args[] = {esql_call2(c, EXPR_GT, n, esql_whole(c, 0)), tail,
                           esql_call2(c, EXPR_LE, n, esql_whole(c, 0)), none};
    int64_t most;

    if (literal_whole(n, &most))
        return most > 0 ? tail : none;
    return pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, args, ARRAY_LEN(args));
}

/* LOCATE(text, part[, start]): from 1; 0: it is not there. */
static struct expr *locate(const struct esql_call *c)
{
    struct expr *start = c->n > 2 ? start_of(c, c->args[2]) : NULL;
    struct expr *args[] = {c->args[0], c->args[1], start};
    struct expr *at = pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_INDEX_OF}, args, c->n);
    struct expr *place = esql_call2(c, EXPR_COALESCE, esql_call2(c, EXPR_ADD, at, esql_whole(c, 1)),
                                    esql_whole(c, 0));
    /* Known of two texts only. */
    struct expr *has = esql_call2(c, EXPR_HAS_TEXT, c->args[0], c->args[1]);
    struct expr *ways[] = {has, place, esql_call1(c, EXPR_NOT, has), esql_whole(c, 0)};
    struct expr *e =
        pipe_call(c->p->pipe, c->at, &(struct expr){.op = EXPR_CASE}, ways, ARRAY_LEN(ways));

    return start ? esql_call2(c, EXPR_CASE, esql_call1(c, EXPR_IS_THERE, start), e) : e;
}

/* REPLACE(text, regex, new): Java's regexes are near enough to PCRE's. */
static struct expr *replace(const struct esql_call *c)
{
    struct expr_value pattern;
    struct regex re = {0};

    if (!pipe_constant(c->args[1], &pattern) || pattern.type != EXPR_VALUE_TEXT) {
        diag_unsupported(c->p->s->diag, c->at, "REPLACE() with a regex that is no literal");
        return NULL;
    }
    re.pattern = pattern.text;
    struct expr *args[] = {c->args[0], c->args[2]};
    return pipe_regex(c->p->pipe, c->at, EXPR_REPLACE, &re, 0, args, 2);
}

/* A text n times. */
static struct expr *repeated(const struct esql_call *c, struct str text, struct expr *times,
                             const char *what)
{
    enum { BYTES_MAX = 1000 };
    int64_t n;

    if (!literal_whole(times, &n) || n < 0 || n > BYTES_MAX ||
        text.n * (uint64_t)n > (uint64_t)BYTES_MAX) {
        diag_unsupported(c->p->s->diag, c->at, "%s of more than %d or of no literal", what,
                         BYTES_MAX);
        return NULL;
    }
    char *out = arena_alloc(c->p->s->a, text.n * (size_t)n + 1);
    for (size_t i = 0; i < (size_t)n; i++)
        memcpy(out + i * text.n, text.p, text.n);
    return pipe_text(c->p->pipe, (struct str){out, text.n * (size_t)n});
}

static struct expr *space(const struct esql_call *c)
{
    return repeated(c, STR(" "), c->args[0], "SPACE()");
}

static struct expr *repeat(const struct esql_call *c)
{
    struct expr_value v;

    if (pipe_constant(c->args[0], &v) && v.type == EXPR_VALUE_TEXT)
        return repeated(c, v.text, c->args[1], "REPEAT()");
    /* As many characters, of which each becomes the text. */
    struct expr *places = repeated(c, STR("x"), c->args[1], "REPEAT()");
    return places ? esql_call3(c, EXPR_REPLACE_TEXT, places, pipe_text(c->p->pipe, STR("x")),
                               c->args[0])
                  : NULL;
}

/* HASH(algorithm, text) */
static struct expr *hash(const struct esql_call *c)
{
    struct expr_value name;

    if (pipe_constant(c->args[0], &name) && name.type == EXPR_VALUE_TEXT &&
        !expr_has_hash(name.text)) {
        diag_unsupported(c->p->s->diag, c->at, "HASH() with the algorithm '%.*s'",
                         SHOWN(name.text));
        return NULL;
    }
    return esql_call2(c, EXPR_HASH, c->args[1], c->args[0]);
}

static struct expr *hash_by(const struct esql_call *c, struct str name)
{
    return esql_call2(c, EXPR_HASH, c->args[0], pipe_text(c->p->pipe, name));
}

static struct expr *md5(const struct esql_call *c)
{
    return hash_by(c, STR("md5"));
}

static struct expr *sha1(const struct esql_call *c)
{
    return hash_by(c, STR("sha1"));
}

static struct expr *sha256(const struct esql_call *c)
{
    return hash_by(c, STR("sha256"));
}

static struct expr *bit_length(const struct esql_call *c)
{
    return esql_call2(c, EXPR_MULTIPLY, esql_call1(c, EXPR_BYTES, c->args[0]), esql_whole(c, 8));
}

/* As URL_ENCODE_COMPONENT(), but a blank is a plus. A % of the text itself is %25 there. */
static struct expr *url_encode(const struct esql_call *c)
{
    return esql_call3(c, EXPR_REPLACE_TEXT, esql_call1(c, EXPR_URL_ENCODE, c->args[0]),
                      pipe_text(c->p->pipe, STR("%20")), pipe_text(c->p->pipe, STR("+")));
}

static const struct esql_function FUNCTIONS[] = {
    {"to_lower", EXPR_LOWER, 1, 1, lower, "t"},
    {"to_upper", EXPR_UPPER, 1, 1, upper, "t"},
    {"trim", EXPR_TRIM, 1, 1, NULL, "t"},
    {"ltrim", EXPR_TRIM_LEFT, 1, 1, NULL, "t"},
    {"rtrim", EXPR_TRIM_RIGHT, 1, 1, NULL, "t"},
    {"length", EXPR_LENGTH, 1, 1, NULL, "t"},
    {"byte_length", EXPR_BYTES, 1, 1, NULL, "t"},
    {"bit_length", EXPR_BYTES, 1, 1, bit_length, "t"},
    {"concat", EXPR_CONCAT, 2, ESQL_ARGS_MAX, concat, "t"},
    {"substring", EXPR_SUBSTRING, 2, 3, substring, "tn"},
    {"left", EXPR_SUBSTRING, 2, 2, left, "tn"},
    {"right", EXPR_SUBSTRING, 2, 2, right, "tn"},
    {"locate", EXPR_INDEX_OF, 2, 3, locate, "ttn"},
    {"space", EXPR_STRING, 1, 1, space, "n"},
    {"repeat", EXPR_STRING, 2, 2, repeat, "tn"},
    {"starts_with", EXPR_STARTS, 2, 2, NULL, "t"},
    {"ends_with", EXPR_ENDS, 2, 2, NULL, "t"},
    {"contains", EXPR_HAS_TEXT, 2, 2, NULL, "t"},
    {"replace", EXPR_REPLACE, 3, 3, replace, "t"},
    {"split", EXPR_SPLIT, 2, 2, NULL, "t"},
    {"hash", EXPR_HASH, 2, 2, hash, "t"},
    {"md5", EXPR_HASH, 1, 1, md5, "t"},
    {"sha1", EXPR_HASH, 1, 1, sha1, "t"},
    {"sha256", EXPR_HASH, 1, 1, sha256, "t"},
    {"reverse", EXPR_REVERSE, 1, 1, NULL, "t"},
    {"url_encode", EXPR_URL_ENCODE, 1, 1, url_encode, "t"},
    {"url_encode_component", EXPR_URL_ENCODE, 1, 1, NULL, "t"},
    {"url_decode", EXPR_URL_DECODE, 1, 1, NULL, "t"},
    {"to_base64", EXPR_BASE64_ENCODE, 1, 1, NULL, "t"},
    {"from_base64", EXPR_BASE64_DECODE, 1, 1, NULL, "t"},
};

const struct esql_functions ESQL_TEXT_FUNCTIONS = {FUNCTIONS, ARRAY_LEN(FUNCTIONS)};
