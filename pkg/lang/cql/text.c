/* text.c - parts of texts, digests, base64, networks of addresses, and a field whose name is a
 * text.
 */
#include "lang/cql/value.h"

#include "base/str.h"

/* The text that stands behind `string=`: a field, or one in quotes. */
struct expr *cql_build_of_text(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    if (!call->bound[0])
        return cql_need(x, call, "a string");
    return pipe_call1(x->pipe, call->at, f->op, cql_expression_of(x, call->bound[0]));
}

/* text:substring(string, begin=, end=): characters from 0, the last one not included. */
struct expr *cql_build_substring(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct expr *args[3] = {NULL, pipe_whole(x->pipe, 0), NULL};
    size_t n = call->bound[2] ? 3 : 2;

    if (!call->bound[0])
        return cql_need(x, call, "a string");
    args[0] = cql_expression_of(x, call->bound[0]);
    for (size_t i = 1; i < n; i++) {
        if (call->bound[i])
            args[i] =
                pipe_call1(x->pipe, call->at, EXPR_WHOLE, cql_expression_of(x, call->bound[i]));
    }
    return pipe_call(x->pipe, call->at, &(struct expr){.op = f->op}, args, n);
}

/* text:positionOf(string, character=): from 0; -1 where it is not. */
struct expr *cql_build_position(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct str part;

    if (!call->bound[0] || !call->bound[1])
        return cql_need(x, call, "a string and a character");
    if (!cql_text_of(x, call->bound[1], &part))
        return NULL;
    struct expr *string = cql_expression_of(x, call->bound[0]);
    struct expr *found = pipe_call2(x->pipe, call->at, f->op, string, pipe_text(x->pipe, part));
    return pipe_call2(x->pipe, call->at, EXPR_CASE,
                      pipe_call1(x->pipe, call->at, EXPR_IS_THERE, string),
                      pipe_call2(x->pipe, call->at, EXPR_COALESCE, found, pipe_whole(x->pipe, -1)));
}

/* crypto:md5(field), crypto:sha1([a, b]): of one text, or of several, one behind the other. */
struct expr *cql_build_digest(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct str algorithm = str_sub(str_from(f->name), strlen("crypto:"), SIZE_MAX);
    struct str_list fields;

    if (!call->bound[0])
        return cql_need(x, call, "a field");
    if (!cql_fields_of(x, call->bound[0], &fields))
        return NULL;
    if (fields.n == 0)
        return cql_need(x, call, "a field");
    struct expr **items = ARENA_ARRAY(x->s->scratch, fields.n, struct expr *);
    for (size_t i = 0; i < fields.n; i++) {
        items[i] = cql_column(x, call->at, fields.items[i]);
        if (fields.n > 1)
            items[i] =
                pipe_call2(x->pipe, call->at, EXPR_COALESCE, items[i], pipe_text(x->pipe, STR("")));
    }
    struct expr *text =
        pipe_call(x->pipe, call->at, &(struct expr){.op = EXPR_CONCAT}, items, fields.n);
    return pipe_call2(x->pipe, call->at, f->op, text, pipe_text(x->pipe, algorithm));
}

/* base64Decode(field, charset="UTF-16LE") */
struct expr *cql_build_base64(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    static const struct str CHARSETS[] = {
        {"utf-8", 5}, {"utf-16le", 8}, {"utf-16be", 8}, {"iso-8859-1", 10}};
    struct str charset = CHARSETS[0];

    if (call->bound[2] && !cql_text_of(x, call->bound[2], &charset))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(CHARSETS); i++)
        if (str_eq_ci(charset, CHARSETS[i]))
            return pipe_call2(x->pipe, call->at, f->op, cql_subject(x, call),
                              pipe_text(x->pipe, CHARSETS[i]));
    return cql_refuse(x, call,
                      "of other character sets than UTF-8, UTF-16LE, UTF-16BE, ISO-8859-1");
}

/* subnet(field, bits=24): the first address of the network that an IPv4 address is in. */
struct expr *cql_build_subnet(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    enum { BITS_V4 = 32 };
    int64_t bits;

    if (!call->bound[1])
        return cql_need(x, call, "bits");
    if (!cql_whole_of(x, call->bound[1], 0, &bits))
        return NULL;
    if (bits < 0 || bits > BITS_V4)
        return cql_need(x, call, "bits between 0 and 32");
    return pipe_call3(x->pipe, call->at, f->op, cql_subject(x, call), pipe_whole(x->pipe, bits),
                      pipe_whole(x->pipe, -1)); /* none of IPv6 */
}

/* getField("name") */
struct expr *cql_build_get_field(struct cql *x, const struct cql_function *f, struct cql_call *call)
{
    struct expr_value name;

    (void)f;
    if (!call->bound[0])
        return cql_need(x, call, "the name of a field");
    struct expr *source = cql_expression_of(x, call->bound[0]);
    if (!source)
        return NULL;
    if (!pipe_constant(source, &name) || name.type != EXPR_VALUE_TEXT)
        return cql_refuse(x, call, "of a name that is computed");
    return cql_column(x, call->at, name.text);
}
