/* helper.c - saved queries that weir brings along, since people's queries call them and packages
 * come without them.
 *
 * They are our own words for what their authors say of them: what the package's guide says of the
 * file that names hosts, what a tutorial prints, what a comment says of a link. Whoever has the
 * original names its file, which goes before.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

static const struct {
    const char *name, *query;
} HELPERS[] = {
    /* The guide of the package fltr-core: fdr_aidmaster.csv says which host has which agent. */
    {"zComputerName",
     "match(file=\"fdr_aidmaster.csv\", field=aid, include=ComputerName, ignoreCase=true, "
     "strict=false)"},
    /* Queries that call it: "a link back to Process Explorer". */
    {"zUrlFalconPid", "case { aid=* TargetProcessId=* "
                      "| \"Process Explorer\":=format(\"[Process Explorer]"
                      "(https://falcon.crowdstrike.com/investigate/process-explorer/%s/%s)\", "
                      "field=[aid, TargetProcessId]); * }"},
    /* The tutorial about saved queries. */
    {"UserIsAdmin", "case { UserIsAdmin=1 | UserIsAdmin_Readable:=\"True\"; "
                    "UserIsAdmin=0 | UserIsAdmin_Readable:=\"False\"; * }"},
};

struct str cql_helper(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(HELPERS); i++)
        if (str_eq(name, str_from(HELPERS[i].name)))
            return str_from(HELPERS[i].query);
    return STR("");
}
