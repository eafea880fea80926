/* secrets_impl.h - patterns of secrets and what their checks share: for secrets*.c.
 *
 * A pattern has an anchor of at least three bytes; its check gets the anchor's place in the text
 * and says which span around it is secret, or that nothing is.
 */
#ifndef WEIR_ALERT_SECRETS_IMPL_H
#define WEIR_ALERT_SECRETS_IMPL_H

#include "alert/secrets.h"
#include "base/str.h"

#include <string.h>

/* ---- classes of bytes ----------------------------------------------------------- */

enum { UPPER = 1, LOWER = 2, DIGIT = 4, UNDER = 8, DASH = 16, DOT = 32, BASE64 = 64, HEX = 128 };
enum { ALNUM = UPPER | LOWER | DIGIT, WORD = ALNUM | UNDER | DASH };

extern const uint8_t secret_classes[256];

static inline uint8_t class_of(char c)
{
    return secret_classes[(uint8_t)c];
}

static inline bool is_alnum(char c)
{
    return (class_of(c) & ALNUM) != 0;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool is_break(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static inline bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* ---- one search ------------------------------------------------------------------- */

struct secret_search {
    struct str text;
    size_t jwt_dead_end; /* no JWT begins before this: its first part was walked over already */
    size_t header_end;   /* no header begins before this: all up to here is taken already */
    size_t scheme_end;
    size_t value_from, value_end; /* the last unquoted value: all that begin in it end with it */
    uint8_t tools;                /* TOOL_*: which programs the text names, once asked */
    bool knows_tools;
    size_t grams_from, grams_end; /* bit i of grams: a candidate at grams_from + i */
    uint64_t grams;
};

struct secret_pattern {
    const char *anchor;
    bool (*check)(struct secret_search *s, const struct secret_pattern *p, size_t at,
                  struct secret_span *out);
    enum secret_kind kind;
    uint8_t classes;  /* of the body of a token */
    uint16_t n_min;   /* bytes of the body */
    bool is_cased;    /* the anchor's case counts */
    bool is_closed;   /* what it found can hold no other pattern: go on behind it */
    bool wants_start; /* no letter or digit before it */
};

/* The table: secrets_table.c. */
enum { SECRET_PATTERNS_MAX = 256 };
extern const struct secret_pattern secret_patterns[];
extern const size_t n_secret_patterns;

static inline size_t run_end(struct str text, size_t at, uint8_t classes)
{
    while (at < text.n && (class_of(text.p[at]) & classes))
        at++;
    return at;
}

/* ---- checks ---------------------------------------------------------------------------- */

/* Programs that a short option is a password for. */
enum { TOOL_ASKED_PASSWORD = 1, TOOL_GLUED = 2, TOOL_REDIS = 4, TOOL_LDAP = 8 };

typedef bool secret_check_fn(struct secret_search *s, const struct secret_pattern *p, size_t at,
                             struct secret_span *out);
/* By the shape of the secret: secrets_shape.c. */
secret_check_fn secret_check_token, secret_check_mixed_token, secret_check_jwt, secret_check_twilio,
    secret_check_azure_secret, secret_check_pem, secret_check_url;
/* By what stands before it: secrets_context.c. */
secret_check_fn secret_check_named, secret_check_header, secret_check_scheme, secret_check_short_p,
    secret_check_user, secret_check_slash_p, secret_check_option, secret_check_glued,
    secret_check_net;

/* The next run of exactly 40 bytes at or after `at` that look like a key of AWS without any name;
 * SIZE_MAX if there is none. */
enum { AWS_KEY_BYTES = 40 };
size_t secret_next_aws_key(struct str text, size_t at);

#endif
