/* absent.c - commands of Splunk's that are not done here: why, and the way round where there is
 * one.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

static const char GROUPS[] = "`stats ... by` the same fields tells each group";
static const char ROWS[] = "it depends on the order of all rows: `bin _time span=...` and "
                           "`stats ... by`, or eventstats, ask groups";
static const char UNION[] = "(one search) OR (the other) before `stats` asks the events of both";
static const char OWN[] = "its rows are no events; `lookup` asks a list about events";
static const char LEARNS[] = "docs/state.md has rarity, first_seen and volume, which learn";
static const char FIELDS[] = "fields come with the event and its profile; rex and spath read a "
                             "field";
static const struct {
    const char *name, *instead;
} ABSENT[] = {
    {"accum", ROWS},
    {"addcoltotals", ROWS},
    {"addinfo", "earliest= says how far back groups look"},
    {"analyzefields", LEARNS},
    {"anomalies", LEARNS},
    {"anomalousvalue", LEARNS},
    {"anomalydetection", LEARNS},
    {"append", UNION},
    {"appendcols", UNION},
    {"appendpipe", ROWS},
    {"apply", LEARNS},
    {"arules", LEARNS},
    {"associate", LEARNS},
    {"autoregress", ROWS},
    {"cluster", LEARNS},
    {"concurrency", ROWS},
    {"contingency", GROUPS},
    {"dbxlookup", OWN},
    {"dbxquery", OWN},
    {"delta", ROWS},
    {"erex", "rex, with a regex"},
    {"extract", FIELDS},
    {"filldown", ROWS},
    {"fit", LEARNS},
    {"geostats", GROUPS},
    {"inputcsv", OWN},
    {"inputlookup", OWN},
    {"kmeans", LEARNS},
    {"kv", FIELDS},
    {"kvform", FIELDS},
    {"loadjob", OWN},
    {"makeresults", OWN},
    {"map", "join, by the fields that it puts in"},
    {"mcatalog", OWN},
    {"metadata", OWN},
    {"metasearch", OWN},
    {"mstats", "metrics are no events"},
    {"multikv", FIELDS},
    {"multisearch", UNION},
    {"mvcombine", "`stats values() by` the other fields"},
    {"outlier", LEARNS},
    {"predict", LEARNS},
    {"rare", LEARNS},
    {"relevancy", NULL},
    {"reltime", NULL},
    {"rest", OWN},
    {"savedsearch", OWN},
    {"script", NULL},
    {"selfjoin", "`stats ... by` its fields"},
    {"set", UNION},
    {"sichart", GROUPS},
    {"sistats", GROUPS},
    {"sitimechart", GROUPS},
    {"sitop", GROUPS},
    {"tags", "tags are Splunk's knowledge: ask what they stand for"},
    {"transpose", NULL},
    {"trendline", ROWS},
    {"tscollect", NULL},
    {"typeahead", NULL},
    {"typelearner", NULL},
    {"typer", "event types are Splunk's knowledge: ask what they stand for"},
    {"union", UNION},
    {"uniq", "dedup by fields"},
    {"untable", NULL},
    {"walklex", OWN},
    {"x11", LEARNS},
    {"xmlkv", FIELDS},
    {"xmlunescape", FIELDS},
    {"xpath", FIELDS},
    {"xyseries", GROUPS},
};

bool spl_absent(struct spl *x, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(ABSENT); i++) {
        if (!str_eq_ci(name, str_from(ABSENT[i].name)))
            continue;
        const char *instead = ABSENT[i].instead;
        (void)diag_unsupported(x->s->diag, x->at, "command '%.*s'%s%s%s", SHOWN(name),
                               instead ? " (" : "", instead ? instead : "", instead ? ")" : "");
        return true;
    }
    return false;
}
