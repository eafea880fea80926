/* absent.c - functions of LogScale's that are not done here: what to write instead, where there is
 * something.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

static const char ORDER[] =
    "it depends on the order of all events: groupBy() or bucket() ask groups";
static const char GROUPS[] =
    "a groupBy() by the same fields, with a window, asks how many there are";
static const char FIELDS[] = "the fields of an event are those that its profile has; regex() reads "
                             "a text";
static const char LINKED[] = "selfJoinFilter(), join(), correlate()";

static const struct {
    const char *name, *instead;
} ABSENT[] = {
    {"accumulate", ORDER},    {"findTimestamp", FIELDS}, {"neighbor", ORDER},
    {"parseCEF", FIELDS},     {"parseCsv", FIELDS},      {"parseFixedWidth", FIELDS},
    {"parseLEEF", FIELDS},    {"parseUri", FIELDS},      {"parseUrl", FIELDS},
    {"parseXml", FIELDS},     {"partition", ORDER},      {"rare", GROUPS},
    {"selfJoin", LINKED},     {"series", ORDER},         {"session", GROUPS},
    {"slidingWindow", ORDER}, {"window", GROUPS},
};

const char *cql_instead_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ABSENT); i++)
        if (str_eq_ci(name, str_from(ABSENT[i].name)))
            return ABSENT[i].instead;
    return NULL;
}
