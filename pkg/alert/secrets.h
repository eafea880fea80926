/* secrets.h - where in a text are tokens, keys and passwords?
 *
 * Finds spans of plain text; redact.h decodes, replaces and knows about fields. Two ways in:
 *   shape     the text of the secret gives it away: JWT, AKIA..., ghp_..., -----BEGIN PRIVATE KEY
 *   context   the text before it does: password=X, --token X, Authorization: Bearer X, u:p@host
 * The list with an example each is docs/alert.md. It errs on the side of masking.
 *
 * Cost     one pass; a candidate is looked at where three letters could begin a pattern. Linear
 *          in the length of the text for any text: looks back and ahead are bounded, and what a
 *          look ahead without bound has walked over is not walked over again.
 * Threads  the pattern index is built before main(); the rest is pure.
 */
#ifndef WEIR_ALERT_SECRETS_H
#define WEIR_ALERT_SECRETS_H

#include "base/base.h"

enum secret_kind {
    SECRET_JWT,
    SECRET_AWS_KEY_ID,
    SECRET_AWS_KEY,
    SECRET_CLOUD_TOKEN,  /* Google, Azure, AWS session, Databricks ... */
    SECRET_VENDOR_TOKEN, /* GitHub, Slack, npm, Stripe ... */
    SECRET_PRIVATE_KEY,
    SECRET_AUTHORIZATION, /* header */
    SECRET_URL_PASSWORD,
    SECRET_PASSWORD,
    SECRET_NAMED, /* token=, secret=, api_key= ... */
    SECRET_KINDS
};

struct secret_span {
    size_t from, to;
    enum secret_kind kind;
};

/* Called for each span, in no order; spans may overlap. */
typedef void secret_fn(void *context, struct secret_span span);
void secrets_find(struct str text, secret_fn *fn, void *context);

/* False: neither the text nor anything that decoding makes of it (percent escapes, those of JSON,
 * nested: redact.h) holds a span. True says nothing. Much cheaper than the search, where the vector
 * level allows. */
bool secrets_possible(struct str text);

/* Where in a text spans are possible in this sense, in ascending order. */
enum { SECRET_PLACES_MAX = 16 };
struct secret_places {
    uint32_t at[SECRET_PLACES_MAX];
    size_t n;
    size_t known_to; /* nothing is said about what stands from here on */
    size_t next;     /* in at[]: what stands before it was asked about already */
    size_t asked_to;
};
void secrets_places(struct str text, struct secret_places *out);
/* True: neither the part, nor anything that decoding makes of it however often, holds a span. Parts
 * are asked about in order, and begin and end where no letter, digit, + or / has one beside it: at
 * quotes, say. False says nothing. */
bool secrets_ruled_out(struct secret_places *p, size_t from, size_t to);

/* "jwt", "password" ...: the word in [redacted:word]. */
const char *secret_kind_name(enum secret_kind kind);

/* A field or JSON key whose whole value is a secret: "password", "client_secret", "X-Api-Key". */
bool secret_name(struct str name, enum secret_kind *kind);
/* The value of such a name is really one: no trivial word, no directory behind a shell's PWD. */
bool secret_named_value(struct str name, struct str value, enum secret_kind *kind);
/* An option whose next argument is a secret: "--password", "-p", "/pass". */
bool secret_option(struct str argument, enum secret_kind *kind);
/* Words that stand where a secret could and are none: "", "true", "null", "%%1842", "***". */
bool secret_is_trivial(struct str value);

#endif
