/* test_cql_seed.c - the query for T1528 as its document has it, on events of each of its vectors
 * and of what it leaves out: by the reference and by the compiled matcher.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/shared.h"
#include "tests/lib/test.h"

#include "base/arena.h"
#include "base/err.h"
#include "app/files.h"
#include "base/str.h"

#define NETWORK "'#event_simpleName':'NetworkConnectIP4','RemoteAddressIP4':'169.254.169.254'"
#define TOKEN "'TargetFileName':'/var/run/secrets/kubernetes.io/serviceaccount/token'"
#define OPEN "'#event_simpleName':'FileOpenInfo',"
#define SECRET OPEN "'TargetFileName':'/home/u/.git-credentials'"

static const struct {
    const char *event;
    bool fires;
} rows[] = {
    {"{" NETWORK ",'ImageFileName':'\\\\Device\\\\curl.exe'}", true},
    {"{" NETWORK "}", true}, /* `not` holds of what is missing */
    {"{" NETWORK ",'ImageFileName':'\\\\Device\\\\WAAGENT.exe'}", false},
    {"{" NETWORK ",'ImageFileName':'/x/AzureCLI.exe.bak'}", false},
    {"{'#event_simpleName':'NetworkConnectIP4','RemoteAddressIP4':'169.254.169.25'}", false},
    {"{" OPEN TOKEN ",'ImageFileName':'/bin/cat'}", true},
    {"{'#event_simpleName':'SuspiciousFileOpenInfo'," TOKEN "}", true},
    {"{'event_simpleName':'FileOpenInfo','aid':'a'," TOKEN "}",
     true}, /* as the replicator says it */
    {"{" OPEN TOKEN ",'ImageFileName':'/bin/kubelet'}", false},
    {"{" OPEN TOKEN ",'ImageFileName':'/tmp/runcat'}", false}, /* a part of the name does */
    {"{'#event_simpleName':'FileWritten'," TOKEN "}", false},
    {"{" OPEN "'TargetFileName':'/etc/passwd'}", false},
    {"{" SECRET ",'ImageFileName':'/bin/cat'}", true},
    {"{" SECRET ",'ImageFileName':'/bin/code'}", true}, /* ^code$ is no path */
    {"{" SECRET ",'ImageFileName':'/bin/topaz'}", false},
    {"{" SECRET ",'ImageFileName':'C:\\\\Code.exe'}", false},
    {"{" OPEN "'TargetFileName':'/home/u/.CONFIG/gcloud/x/y.json'}", true},
    {"{'a':1}", false},
};

TEST(the_query_for_t1528_matches_its_vectors_and_not_what_it_excludes)
{
    char path[SHARED_PATH_MAX];
    struct arena *a = arena_new(0);
    struct weir_err err;
    struct str text;

    shared_path(path, "../seeds/t1528.cql");
    if (file_read(a, str_from(path), 1 << 20, &text, &err) != WEIR_OK)
        shared_absent();
    struct str query = arena_printf(a, "%.*s%c", (int)text.n, text.p, '\0');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (query_fires("cql", query.p, rows[i].event) != rows[i].fires)
            fail_msg("row %zu: %s: expected %d", i, rows[i].event, rows[i].fires);
    arena_free(a);
}

TEST_MAIN(ENTRY(the_query_for_t1528_matches_its_vectors_and_not_what_it_excludes))
