/* shown.c - functions that only add what people look at: owners of addresses, names of hosts, JSON
 * with line breaks, spans in words; places of addresses where no database knows them; words for
 * codes. What they would add stays empty and may
 * not be asked; a warning says so. And transpose(), behind which there is nothing to ask.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

struct addition {
    const char *name, *parameters;
    const char *as;     /* NULL: the name of the field */
    const char *parts;  /* names behind the name and a dot; empty: the name itself */
    const char *source; /* for messages */
};

/* The parameter `field` is the first one, `as` the second. */
static const struct addition ADDITIONS[] = {
    {"asn", "field as", NULL, "asn org", "asn()"},
    {"formatDuration", "field as from precision", NULL, "", "formatDuration()"},
    {"json:prettyPrint", "field as step strict", NULL, "", "json:prettyPrint()"},
    {"rdns", "field as server strict limit", "hostname", "", "rdns()"},
};

static const struct addition *addition_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ADDITIONS); i++)
        if (str_eq_ci(name, str_from(ADDITIONS[i].name)))
            return &ADDITIONS[i];
    return NULL;
}

bool cql_is_addition(struct str name)
{
    return addition_of(name) != NULL;
}

static void add(struct cql *x, const struct addition *a, struct str as)
{
    struct str rest = str_from(a->parts), part;

    if (!rest.n)
        cql_add_unknown(x, as, str_from(a->source), CQL_NOT_COMPUTED);
    while (rest.n) {
        (void)str_cut(rest, ' ', &part, &rest);
        cql_add_unknown(
            x,
            names_intern(x->s->names, arena_printf(x->s->scratch, "%.*s.%.*s", (int)as.n, as.p,
                                                   (int)part.n, part.p)),
            str_from(a->source), CQL_NOT_COMPUTED);
    }
}

static bool run(struct cql *x, const struct addition *a, struct cql_call *call, struct str as)
{
    struct str_list fields = {NULL, 0};

    if (!cql_bind(x, call, a->parameters, SIZE_MAX) ||
        (call->bound[0] && !cql_fields_of(x, call->bound[0], &fields)))
        return false;
    if (!as.n && call->bound[1]) {
        if (!cql_field_of(x, call->bound[1], &as))
            return false;
    } else if (!as.n) {
        as = a->as ? str_from(a->as) : fields.n ? fields.items[0] : STR("@rawstring");
    }
    diag_warn(x->s->diag, call->at, "%s is not computed: what it would add stays empty", a->source);
    add(x, a, names_intern(x->s->names, as));
    return true;
}

bool cql_addition(struct cql *x, struct cql_call *call, struct str as)
{
    const struct addition *a = addition_of(call->name);

    ASSERT(a);
    return run(x, a, call, as);
}

bool cql_no_places(struct cql *x, struct cql_call *call)
{
    static const struct addition PLACES = {"ipLocation", "field as", "ip", "country city lat lon",
                                           "ipLocation() without a GeoIP database (--geoip FILE)"};

    return run(x, &PLACES, call, STR(""));
}

/* falcon/helper:enrich(field=f) puts words in the place of the codes that f has. */
bool cql_is_enrich(struct str name)
{
    return str_eq(name, STR("falcon/helper:enrich"));
}

bool cql_enrich(struct cql *x, const struct cql_call *call)
{
    static const struct addition WORDS = {"falcon/helper:enrich", "field", NULL, "",
                                          "$falcon/helper:enrich()"};
    struct cql_call own = *call;

    return run(x, &WORDS, &own, STR(""));
}

/* Rows as columns: names that nobody knows before. */
bool cql_transpose(struct cql *x, struct cql_call *call)
{
    if (!cql_bind(x, call, "header column limit pivot", SIZE_MAX))
        return false;
    return cql_is_end(x) || diag_unsupported(x->s->diag, call->at, "steps behind transpose()");
}
