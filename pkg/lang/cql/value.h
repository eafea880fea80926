/* value.h - functions that make a value: what the table of value.c has of each, and those of
 * text.c.
 *
 * All give NULL after an error in the diag. */
#ifndef WEIR_LANG_CQL_VALUE_H
#define WEIR_LANG_CQL_VALUE_H

#include "lang/cql/scan.h"

struct cql_function {
    const char *name, *parameters;
    const char *as; /* where the value goes if nobody says; NULL: to the field it is made of */
    enum expr_op op;
    struct expr *(*build)(struct cql *x, const struct cql_function *f, struct cql_call *call);
};

/* "f() without WHAT", "unsupported: f() WHAT" */
struct expr *cql_need(struct cql *x, const struct cql_call *call, const char *what);
struct expr *cql_refuse(struct cql *x, const struct cql_call *call, const char *what);
/* The field of the first parameter. */
struct expr *cql_subject(struct cql *x, const struct cql_call *call);
/* A whole number that a parameter is; `otherwise` if it is not given. */
bool cql_whole_of(struct cql *x, const struct cql_argument *a, int64_t otherwise, int64_t *out);

/* zone.c */
enum cql_zone {
    CQL_ZONE_FIXED,
    CQL_ZONE_OF_PLACE, /* the value stays empty, and is said to be only shown */
    CQL_ZONE_BAD       /* after an error */
};
/* a: NULL: UTC. *ms: what clocks there are ahead of UTC. */
enum cql_zone cql_zone_of(struct cql *x, const struct cql_call *call, const struct cql_argument *a,
                          int64_t *ms);

/* timestamp.c: the ms since 1970 that the text says in a format of Java's. */
struct expr *cql_read_time(struct cql *x, const struct cql_call *call, struct expr *e,
                           struct str format, int64_t offset_ms);

/* text.c */
struct expr *cql_build_digest(struct cql *x, const struct cql_function *f, struct cql_call *call);
struct expr *cql_build_substring(struct cql *x, const struct cql_function *f,
                                 struct cql_call *call);
struct expr *cql_build_position(struct cql *x, const struct cql_function *f, struct cql_call *call);
struct expr *cql_build_of_text(struct cql *x, const struct cql_function *f, struct cql_call *call);
struct expr *cql_build_base64(struct cql *x, const struct cql_function *f, struct cql_call *call);
struct expr *cql_build_subnet(struct cql *x, const struct cql_function *f, struct cql_call *call);
struct expr *cql_build_get_field(struct cql *x, const struct cql_function *f,
                                 struct cql_call *call);

#endif
