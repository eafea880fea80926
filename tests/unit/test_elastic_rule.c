/* test_elastic_rule.c - Elastic's rule files: what becomes of each part, what is refused and where.
 */
#include "lang/lang.h"

#include "base/buf.h"
#include "rule/correlation.h"
#include "rule/dump.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* ---- loading one text ------------------------------------------------------------------- */

struct loading {
    struct arena *a;
    struct loaded_rules loaded;
};

static struct loading load_text(const char *path, struct str text)
{
    struct loading l = {.a = arena_new(0)};
    struct rule_loader *loader = rule_loader_new(l.a, NULL, NULL);

    rule_loader_add(loader, str_from(path), text);
    rule_loader_finish(loader, &l.loaded);
    return l;
}

/* "status line:col text | ..." of all verdicts. */
static struct str told(struct loading *l)
{
    struct buf out = {0};

    for (size_t i = 0; i < l->loaded.n_verdicts; i++) {
        const struct verdict *v = &l->loaded.verdicts[i];
        buf_printf(&out, "%s%s", i ? "; " : "", verdict_status_name(v->status));
        for (size_t m = 0; m < v->n_messages; m++)
            buf_printf(&out, " | %u:%u%s %.*s", v->messages[m].line, v->messages[m].col,
                       v->messages[m].is_note ? " note:" : "", (int)v->messages[m].text.n,
                       v->messages[m].text.p);
    }
    struct str s = arena_str(l->a, buf_str(&out));
    buf_release(&out);
    return s;
}

static const char HEAD[] = "[metadata]\n"
                           "creation_date = \"2024/01/02\"\n"
                           "maturity = \"production\"\n"
                           "[rule]\n"
                           "name = \"N\"\n"
                           "rule_id = \"r1\"\n"
                           "risk_score = 47\n"
                           "severity = \"medium\"\n";

static struct str with_head(struct arena *a, const char *rest)
{
    return arena_printf(a, "%s%s", HEAD, rest);
}

static struct loading load_rest(struct arena *a, const char *rest)
{
    return load_text("x.toml", with_head(a, rest));
}

#define QUERY "type = \"query\"\nquery = 'a: b'\n"

/* ---- tables ------------------------------------------------------------------------------ */

struct row {
    const char *rest, *told; /* lines count from the one behind HEAD: 9 */
};

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(0);
        struct loading l = load_rest(a, rows[i].rest);
        CHECK_STR(told(&l), rows[i].told);
        arena_free(l.a);
        arena_free(a);
    }
}

TEST(what_is_wrong_is_told_with_its_place_and_a_hint)
{
    static const struct row ROWS[] = {
        {QUERY, "ok"},
        {"query = 'a: b'\n", "error | 4:1 'type' is missing"},
        {"type = \"querry\"\nquery = 'a: b'\n",
         "error | 9:8 unknown type of rule 'querry' (did you mean 'query'?)"},
        {"type = \"query\"\n", "error | 4:1 'query' is missing"},
        {"type = \"query\"\nquery = 5\n", "error | 10:9 'query' must be text, not a number"},
        {QUERY "tag = []\n", "error | 11:1 unknown key 'tag' of a rule (did you mean 'tags'?)"},
        {QUERY "investigation_fields = ['a']\n", "ok"}, /* as it was once written */
        {"type = 'query'\nfilters = [{meta = {type = 'exists', key = 'a'}}]\n", "ok"},
        {"type = 'threshold'\nquery = 'a: b'\n[rule.threshold]\nfield = []\nvalue = 3\n"
         "[[rule.threshold.cardinality]]\nfield = 'x'\nvalue = 0\n",
         "ok"},
        {"type = 'new_terms'\nquery = 'a: b'\nhistory_window_start = 'now-7d/d'\n"
         "new_terms_fields = ['x']\n",
         "ok"},
        {QUERY "zzz = 1\n", "ok | 11:1 note: the key 'zzz' of a rule means nothing to weir"},
        {QUERY "threshold = {field = ['a'], value = 5}\nnew_terms_fields = ['a']\n",
         "ok | 11:13 note: 'threshold' is not asked: it is of rules of the type 'threshold' | "
         "12:20 "
         "note: 'new_terms_fields' is not asked: it is of rules of the type 'new_terms'"},
        {QUERY "tags = 'x'\nauthor = 5\n",
         "error | 12:10 'author' must be a list of texts, not a number"},
        {QUERY "references = [1]\n", "error | 11:15 'references' holds texts, not a number"},
        {QUERY "building_block_type = 'defualt'\n",
         "error | 11:23 'building_block_type' cannot be 'defualt' (did you mean 'default'?): "
         "default"},
        {QUERY "max_signals = 0\n",
         "error | 11:15 'max_signals' must be a whole number from 1 to 1000000"},
        {QUERY "from = '9m'\n", "error | 11:8 'from' must look like now-9m, not '9m'"},
        {QUERY "from = 'now-36H/h'\ninterval = '119m'\n", "ok"},
        {QUERY "from = 'now-1y'\n", "ok"},
        {QUERY "from = 'now-9x'\n",
         "error | 11:8 'from' must be a time span like 5m, 12h or 7d, not '9x'"},
        {QUERY "interval = 5\n", "error | 11:12 'interval' must be text, not a number"},
        {QUERY "language = 'kueri'\n",
         "error | 11:12 unknown query language 'kueri' (did you mean 'kuery'?)"},
        {QUERY "timestamp_override = 'event.created'\n",
         "ok | 11:22 note: 'timestamp_override' is not asked: events are ordered by the time of "
         "their source and the order of their input"},
        {QUERY "timestamp_override = 'event.ingested'\n", "ok"},
        {"type = 'machine_learning'\nanomaly_threshold = 50\n",
         "unsupported | 9:8 machine_learning: it judges by the scores of a job in Elasticsearch"},
        {"type = 'saved_query'\nsaved_id = 'x'\n",
         "unsupported | 9:8 saved_query: the query is not in the rule but in Kibana"},
        /* Places inside of a query, however it is written. */
        {"type = 'eql'\nquery = '''\nprocess where x ==\n'''\n",
         "error | 12:1 expected a field, a value or '(', found the end of the query"},
        {"type = 'eql'\nquery = \"\"\"process where \\\n   x == \\\"a\\\" and == 1\"\"\"\n",
         "error | 11:19 expected a field, a value or '(', found '=='"},
        {"type = 'eql'\nquery = \"process where \\u00e9 == 1\"\n",
         "error | 10:24 '\xc3\xa9' has no meaning here"},
        {"type = 'eql'\nquery = 'process where x == \"\xc3\xa9\" nad y'\n",
         "error | 10:33 expected 'and', 'or' or the end of the query, found 'nad'"},
        {QUERY "[rule.alert_suppression]\nduration = {value = 5, unit = 'm'}\n",
         "error | 11:1 'group_by' is missing"},
        {QUERY "[rule.alert_suppression]\ngroup_by = ['a', 'b', 'c', 'd']\n",
         "error | 12:12 'group_by' has more than 3 entries"},
        {QUERY "[rule.alert_suppression]\ngroup_by = ['a']\nduration = {value = 5, unit = 'x'}\n",
         "error | 13:31 'unit' cannot be 'x': s, m, h, d"},
        {QUERY "[rule.alert_suppression]\ngroup_by = ['a']\n"
               "missing_fields_strategy = 'supress'\n",
         "error | 13:27 'missing_fields_strategy' cannot be 'supress' (did you mean 'suppress'?): "
         "suppress, doNotSuppress"},
        {QUERY "[[rule.severity_mapping]]\nfield = 'f'\nvalue = 'x'\nseverity = 'hihg'\n",
         "error | 14:12 'severity' cannot be 'hihg' (did you mean 'high'?): low, medium, high, "
         "critical"},
        {"type = 'threshold'\nquery = 'a: b'\n[rule.threshold]\nfield = ['x']\nvalue = 3\n"
         "[[rule.severity_mapping]]\nfield = 'x'\nvalue = 'v'\nseverity = 'low'\n"
         "[[rule.severity_mapping]]\nfield = 'y'\nvalue = 'v'\nseverity = 'high'\n"
         "[[rule.risk_score_mapping]]\nfield = 'y'\nvalue = ''\n",
         "ok | 14:1 note: 'severity_mapping': alerts of this rule have no field 'y' | 22:1 note: "
         "'risk_score_mapping': alerts of this rule have no field 'y'"},
        {"type = 'esql'\nquery = 'FROM a | STATS n = COUNT(*), m = MAX(y) BY x | WHERE n > m'\n"
         "[[rule.severity_mapping]]\nfield = 'm'\nvalue = 'v'\nseverity = 'low'\n"
         "[[rule.severity_mapping]]\nfield = 'y'\nvalue = 'v'\nseverity = 'high'\n",
         "ok | 11:1 note: 'severity_mapping': alerts of this rule have no field 'y'"},
        {"type = 'eql'\nquery = 'sequence with maxspan=1m [any where x==1] [any where x==2]'\n"
         "[[rule.severity_mapping]]\nfield = 'y'\nvalue = 'v'\nseverity = 'high'\n",
         "ok | 10:10 note: a sequence is decided at the watermark: when no event of its time is "
         "expected any more (emit: final)"},
        {"type = 'threshold'\nquery = 'a: b'\n", "error | 4:1 'threshold' is missing"},
        {"type = 'threshold'\nquery = 'a: b'\n[rule.threshold]\nfield = ['x']\nvalue = 0\n",
         "error | 13:9 'value' must be a whole number from 1 to 100000"},
        {"type = 'threshold'\nquery = 'a: b'\n[rule.threshold]\nfield = ['x']\nvalue = 3\n"
         "[[rule.threshold.cardinality]]\nvalue = 2\n",
         "error | 14:1 'field' is missing"},
        {"type = 'new_terms'\nquery = 'a: b'\n", "error | 4:1 'new_terms' is missing"},
        {"type = 'new_terms'\nquery = 'a: b'\n[rule.new_terms]\nfield = 'new_terms_fields'\n"
         "value = ['u']\n[[rule.new_terms.history_window_start]]\n"
         "field = 'history_window_start'\nvalue = '10d'\n",
         "error | 16:9 the start of the history must look like now-10d"},
        {"type = 'new_terms'\nquery = 'a: b'\n[rule.new_terms]\nfield = 'x'\nvalue = ['u']\n",
         "error | 12:9 'field' must be \"new_terms_fields\" here, not 'x'"},
        {QUERY "[[rule.exceptions_list]]\nlist_id = 'e'\n",
         "ok | 11:1 note: no item of the exceptions list 'e' is among the files: it excepts "
         "nothing"},
        {"type = 'threat_match'\nquery = 'a: b'\n", "error | 4:1 'threat_mapping' is missing"},
        {"type = 'threat_match'\nquery = 'a: b'\n[[rule.threat_mapping]]\nentries = [{field = 'a', "
         "type = 'mapping', value = 'i'}, {field = 'b', type = 'mapping', value = 'k'}]\n",
         "ok | 11:1 note: there is no list 'threat_indicators' (--list "
         "threat_indicators=FILE.csv): "
         "the rule matches nothing"},
        {"type = 'threat_match'\nquery = 'a: b'\n[[rule.threat_mapping]]\nentries = [{field = 'a', "
         "type = 'mapping', value = 'i', negate = true}]\n",
         "error | 12:11 a threat mapping needs an entry without 'negate'"},
        {"type = 'threat_match'\nquery = 'a: b'\nthreat_query = 'x: (y'\n[[rule.threat_mapping]]\n"
         "entries = [{field = 'a', type = 'mapping', value = 'i'}]\n",
         "error | 11:22 expected ')' or 'and', 'or', found the end of the query"},
    };

    check_rows(ROWS, ARRAY_LEN(ROWS));
}

TEST(what_a_filter_is_not_is_told_by_name)
{
    static const struct row ROWS[] = {
        {QUERY "[[rule.filters]]\n[rule.filters.query.wildcat]\nf = 'x'\n",
         "unsupported | 12:21 the condition 'wildcat' in a filter (did you mean 'wildcard'?)"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.range.f]\ngte = '01/03/2026'\n"
               "format = 'strict_date||dd/MM/yyyy'\n",
         "unsupported | 14:10 the format 'dd/MM/yyyy' of times"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.range.f]\ngte = true\n",
         "error | 13:7 a range is between numbers, times or texts, not true or false"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.match.f]\nquery = 'x y'\noperator = 'adn'\n",
         "error | 14:12 'operator' cannot be 'adn' (did you mean 'and'?): or, and, OR, AND"},
        {QUERY
         "[[rule.filters]]\n[rule.filters.query.match.f]\nquery = 'x y'\nfuzziness = 'AUTO'\n",
         "unsupported | 14:1 'fuzziness' in the condition 'match'"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.match_phrase.f]\nquery = 'x y'\nslop = 2\n",
         "unsupported | 14:1 'slop' in the condition 'match_phrase'"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.query_string]\nquery = 'x:1 y:2'\n"
               "default_operator = 'and'\n",
         "unsupported | 14:1 'default_operator' in the condition 'query_string'"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.regexp.f]\nvalue = 'a~b'\nflags = 'NONE'\n",
         "unsupported | 14:1 'flags' in the condition 'regexp'"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.multi_match]\nquery = 'a'\n"
               "type = 'cross_fields'\n",
         "unsupported | 14:8 a multi_match of type 'cross_fields'"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.terms.f]\nindex = 'i'\n",
         "unsupported | 12:1 terms that stand in an index"},
        {QUERY "[[rule.filters]]\n[rule.filters.query.function_score]\nmin_score = 2\n",
         "unsupported | 13:13 'min_score' in a filter"},
        {QUERY "[[rule.filters]]\nmeta = {type = 'combined', relation = 'XOR', params = [{}]}\n",
         "error | 12:39 'relation' cannot be 'XOR' (did you mean 'OR'?): AND, OR"},
        {QUERY "[[rule.filters]]\nmeta = {negate = true}\n",
         "error | 11:1 a filter needs a 'query', or 'type' and 'key' in its 'meta'"},
    };

    check_rows(ROWS, ARRAY_LEN(ROWS));
}

/* ---- conditions around the query --------------------------------------------------------------
 */

/* The formula of an export's rule; ' is a ". lines: behind the rule. */
static void check_formula(const char *keys, const char *lines, const char *want)
{
    struct arena *a = arena_new(0);
    struct str text =
        arena_printf(a,
                     "{'rule_id':'r','name':'n','risk_score':21,'severity':'low','type':'query',"
                     "'query':'*:*',%s}\n%s\n",
                     keys, lines);
    char *at = (char *)(uintptr_t)text.p;
    struct buf out = {0};

    for (size_t i = 0; i < text.n; i++)
        at[i] = at[i] == '\'' ? '"' : at[i];
    struct loading l = load_text("x.ndjson", text);
    if (l.loaded.n_rules)
        formula_dump(&out, l.loaded.rules[0]->formula);
    else
        buf_add(&out, told(&l));
    struct str got = buf_str(&out); /* and(true, ...): the query is true */
    if (str_starts(got, STR("and(true, ")))
        got = str_sub(got, 10, got.n - 11);
    CHECK_STR(got, want);
    buf_release(&out);
    arena_free(l.a);
    arena_free(a);
}

#define FILTER(text) "'filters':[" text "]"

TEST(filters_mean_what_they_do_beside_a_query_of_kibana)
{
    static const char *const ROWS[][2] = {
        {FILTER("{'query':{'match_phrase':{'f':'a b'}}}"), "f eq cased \"a b\""},
        {FILTER("{'meta':{'negate':true},'query':{'match_phrase':{'f':'a'}}}"),
         "not(f eq cased \"a\")"},
        {FILTER("{'meta':{'disabled':true},'query':{'match_phrase':{'f':'a'}}}"), "true"},
        {FILTER("{'query':{'match_phrase':{'message':{'query':'A b'}}}}"), "message words \"A b\""},
        {FILTER("{'query':{'match':{'message':'A b'}}}"),
         "or(message words \"A\", message words \"b\")"},
        {FILTER("{'query':{'match':{'f':{'query':'a b','type':'phrase'}}}}"), "f eq cased \"a b\""},
        {FILTER("{'query':{'term':{'ip':'10.0.0.0/8'}}}"),
         "or(ip eq cased \"10.0.0.0/8\", ip cidr 10.0.0.0/8)"},
        {FILTER("{'query':{'term':{'f':{'value':'A','case_insensitive':true}}}}"), "f eq \"A\""},
        {FILTER("{'query':{'range':{'f':{'gte':1,'lt':5}}}}"), "and(f gte 1, f lt 5)"},
        {FILTER("{'query':{'range':{'f':{'gte':'a','lt':null}}}}"), "f text >= \"a\""},
        {FILTER("{'query':{'range':{'f':{'gte':1772359200,'format':'epoch_second'}}}}"),
         "f time >= 2026-03-01T10:00:00.000Z"},
        {FILTER("{'query':{'range':{'f':{'gte':'1772359200000',"
                "'format':'strict_date_optional_time||epoch_millis'}}}}"),
         "f time >= 2026-03-01T10:00:00.000Z"},
        {FILTER("{'query':{'range':{'@timestamp':{'gte':1772359200000}}}}"),
         "@timestamp time >= 2026-03-01T10:00:00.000Z"},
        {FILTER("{'query':{'range':{'f':{'lt':5,'format':'strict_date_optional_time'}}}}"),
         "f lt 5"},
        {FILTER("{'query':{'regexp':{'f':'a.*'}}}"), "f re /a.*/s whole"},
        {FILTER("{'query':{'match_none':{}}}"), "false"},
        {FILTER("{'query':{'match':{'message':{'query':'A b','operator':'and'}}}}"),
         "and(message words \"A\", message words \"b\")"},
        {FILTER("{'query':{'match':{'message':{'query':'a b c','minimum_should_match':'67%'}}}}"),
         "or(and(message words \"a\", or(message words \"b\", message words \"c\")), and(message "
         "words \"b\", message words \"c\"))"},
        {FILTER("{'query':{'match':{'f':{'query':'a b','operator':'AND','boost':2}}}}"),
         "f eq cased \"a b\""},
        {FILTER("{'query':{'multi_match':{'query':'a','fields':['f^3','g']}}}"),
         "or(f eq cased \"a\", g eq cased \"a\")"},
        {FILTER("{'query':{'multi_match':{'query':'A b','type':'phrase','fields':['message']}}}"),
         "message words \"A b\""},
        {FILTER(
             "{'query':{'bool':{'should':[{'term':{'f':'a'}},{'term':{'g':'b'}},{'term':{'h':'c'}}"
             "],'minimum_should_match':-1,'boost':1}}}"),
         "or(and(f eq cased \"a\", or(g eq cased \"b\", h eq cased \"c\")), and(g eq cased \"b\", "
         "h "
         "eq cased \"c\"))"},
        {FILTER("{'query':{'bool':{'should':[{'term':{'f':'a'}},{'term':{'g':'b'}}],"
                "'minimum_should_match':'100%'}}}"),
         "and(f eq cased \"a\", g eq cased \"b\")"},
        {FILTER("{'query':{'bool':{'should':[{'term':{'f':'a'}}],'minimum_should_match':2}}}"),
         "false"},
        {FILTER("{'query':{'bool':{'must':{'term':{'g':'b'}},'should':[{'term':{'f':'a'}}]}}}"),
         "g eq cased \"b\""},
        {FILTER("{'query':{'constant_score':{'filter':{'term':{'f':'a'}},'boost':2}}}"),
         "f eq cased \"a\""},
        {FILTER("{'query':{'dis_max':{'queries':[{'term':{'f':'a'}},{'term':{'g':'b'}}]}}}"),
         "or(f eq cased \"a\", g eq cased \"b\")"},
        {FILTER(
             "{'query':{'boosting':{'positive':{'term':{'f':'a'}},'negative':{'term':{'f':'b'}}}}"
             "}"),
         "f eq cased \"a\""},
        {FILTER("{'query':{'terms':{'f':['a','b'],'boost':1}}}"),
         "or(f eq cased \"a\", f eq cased \"b\")"},
        {FILTER("{'query':{'range':{'f':{'from':1,'to':5,'include_upper':false}}}}"),
         "and(f gte 1, f lt 5)"},
        {FILTER("{'query':{'kql':{'query':'f: a and g: *'}}}"), "and(f eq cased \"a\", g value)"},
        {FILTER("{'query':{'nested':{'path':'a.b','query':{'bool':{'must':[{'term':{'a.b.c':'x'}},{"
                "'range':{'a.b.d':{'gt':5}}}]}}}}}"),
         "a.b some member (and(c eq cased \"x\", d gt 5))"},
        {FILTER(
             "{'query':{'nested':{'path':'a','score_mode':'none','query':{'nested':{'path':'a.b',"
             "'query':{'term':{'a.b.c':'x'}}}}}}}"),
         "a some member (b some member (c eq cased \"x\"))"},
        {FILTER("{'query':{'nested':{'path':'a','query':{'term':{'b':'x'}}}}}"),
         "unsupported | 1:139 nested: a regex, or what is not about fields below 'a'"},
        {FILTER("{'query':{'nested':{'path':'a','query':{'regexp':{'a.b':'x'}}}}}"),
         "unsupported | 1:139 nested: a regex, or what is not about fields below 'a'"},
        {FILTER("{'query':{'nested':{'path':'a','query':{'match_all':{}},'inner_hits':{}}}}"),
         "unsupported | 1:156 'inner_hits' in the condition 'nested'"},
        {FILTER("{'query':{'nested':{'path':'a'}}}"),
         "error | 1:119 nested without its 'path' and 'query'"},
        {FILTER("{'query':{'match_phrase_prefix':{'f':'a b'}}}"), "f startswith cased \"a b\""},
        {FILTER("{'query':{'match_phrase_prefix':{'message':{'query':'ab','slop':0}}}}"),
         "message words \"ab\" *"},
        {FILTER("{'query':{'match_phrase_prefix':{'message':' ab!'}}}"), "message words \"ab\" *"},
        {FILTER("{'query':{'match_phrase_prefix':{'message':'--'}}}"), "false"},
        {FILTER("{'query':{'match_phrase_prefix':{'message':'a b'}}}"),
         "unsupported | 1:143 match_phrase_prefix of several words in a field that is searched by "
         "word"},
        /* f.keyword is f, and what is searched by word is asked so. */
        {FILTER("{'query':{'exists':{'field':'f.keyword'}}}"), "or(f.keyword value, f value)"},
        {FILTER("{'query':{'prefix':{'f.keyword':'ab'}}}"),
         "or(f.keyword startswith cased \"ab\", f startswith cased \"ab\")"},
        {FILTER("{'query':{'prefix':{'message':'ab'}}}"), "message words \"ab\" *"},
        {FILTER("{'query':{'prefix':{'f':''}}}"), "f value"},
        {FILTER("{'query':{'wildcard':{'f.caseless':'a?c'}}}"),
         "or(f.caseless glob \"a\" ? \"c\", f glob \"a\" ? \"c\")"},
        {FILTER("{'query':{'wildcard':{'message':{'value':'a?c*'}}}}"),
         "message words \"a\" ? \"c\" *"},
        {FILTER("{'query':{'regexp':{'f.keyword':'a.'}}}"),
         "or(f.keyword re /a./s whole, f re /a./s whole)"},
        {FILTER("{'query':{'regexp':{'message':'a.'}}}"),
         "unsupported | 1:130 a regex of 'message', which is searched by word"},
        {FILTER("{'query':{'term':{'message':5}}}"), "message words \"5\""},
        {FILTER("{'query':{'term':{'message':{'value':'Ab','case_insensitive':true}}}}"),
         "message words \"Ab\""},
        {FILTER("{'query':{'range':{'f.keyword':{'gte':5}}}}"), "or(f.keyword gte 5, f gte 5)"},
        {FILTER("{'meta':{'type':'missing','key':'f'}}"), "not(f value)"},
        {FILTER("{'meta':{'type':'phrase','key':'f','params':{'query':'a'}},'query':null}"),
         "f eq cased \"a\""},
        {FILTER("{'meta':{'type':'match_all','key':'f'}}"), "true"},
        {FILTER("{'meta':{'key':'f'},'exists':{'field':'f'}}"), "f value"},
        {FILTER("{'meta':{},'bool':{'should':[{'term':{'f':'a'}},{'term':{'f':'b'}}]}}"),
         "or(f eq cased \"a\", f eq cased \"b\")"},
        {FILTER("{'meta':{'type':'combined','relation':'OR','params':[{'meta':{'negate':true},"
                "'query':{'match_phrase':{'f':'a'}}},{'meta':{'type':'exists','key':'g'}}]}}"),
         "or(not(f eq cased \"a\"), g value)"},
        {FILTER("{'query':{'query_string':{'query':'f:a AND NOT g:b*'}}}"),
         "and(f eq cased \"a\", not(g startswith cased \"b\"))"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        check_formula(ROWS[i][0], "", ROWS[i][1]);
}

#define ITEM(entries) "{'list_id':'e','name':'i','entries':[" entries "]}"

TEST(exceptions_are_asked_as_queries_ask)
{
    static const char *const ROWS[][2] = {
        {ITEM("{'field':'f','operator':'included','type':'match','value':'a'}"),
         "not(f eq cased \"a\")"},
        {ITEM("{'field':'ip','type':'match','value':'10.0.0.0/8'}"),
         "not(or(ip eq cased \"10.0.0.0/8\", ip cidr 10.0.0.0/8))"},
        {ITEM("{'field':'f.caseless','type':'match','value':'a'}"),
         "not(or(f.caseless eq \"a\", f eq \"a\"))"},
        {ITEM("{'field':'f.caseless','type':'wildcard','value':'a*'}"),
         "not(or(f.caseless startswith \"a\", f startswith \"a\"))"},
        {ITEM("{'field':'s','type':'nested','entries':[{'field':'n','type':'match','operator':"
              "'included','value':'a \\\\'},{'field':'t','type':'match_any','operator':'excluded',"
              "'value':['x','true']}]}"),
         "not(s some member (and(n eq cased \"a \\\", not(or(t eq cased \"x\", t eq cased "
         "\"true\")))))"},
        {"{'list_id':'e','name':'i','expire_time':'2026-03-01T00:00:00Z','entries':[{'field':'f',"
         "'type':'exists'}]}",
         "not(and(f value, @time before 2026-03-01T00:00:00.000Z))"},
    };

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++)
        check_formula("'exceptions_list':[{'list_id':'e'}]", ROWS[i][0], ROWS[i][1]);
}

/* An asset of a package holds its rule as attributes; connectors and lists in an export are none.
 */
TEST(what_stands_beside_rules_in_exports_is_no_rule)
{
    const struct str text =
        STR("{\"id\":\"r_1\",\"type\":\"security-rule\",\"attributes\":{\"rule_id\":\"r\",\"name\":"
            "\"n\","
            "\"risk_score\":21,\"severity\":\"low\",\"type\":\"query\",\"query\":\"a: b\"}}\n"
            "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{\"name\":\"x\"}}\n"
            "{\"list_id\":\"e\",\"type\":\"detection\",\"entries\":null}\n");
    struct loading l = load_text("x.ndjson", text);

    CHECK_STR(told(&l), "ok; skipped; skipped");
    CHECK_EQ(l.loaded.n_rules, 1);
    CHECK_STR(l.loaded.rules[0]->uid, "r");
    arena_free(l.a);
}

#define ITEM_OF(id, name)                                                                  \
    "[[exceptions.items]]\nitem_id = '" id "'\nname = 'i'\n[[exceptions.items.entries]]\n" \
    "field = 'f'\noperator = 'included'\ntype = 'match'\nvalue = '" name "'\n"

/* As the rules' repository keeps them: a file has lists with their items, which need not name them.
 */
TEST(a_file_of_exceptions_lists_is_its_items)
{
    const struct str text =
        STR("[metadata]\nlist_name = 'x'\n[[exceptions]]\n[exceptions.container]\n"
            "list_id = 'e'\n" ITEM_OF("i1", "a")
                ITEM_OF("i2", "b") "[[exceptions]]\n" ITEM_OF("i3", "c"));
    struct loading l = load_text("x.toml", text);

    CHECK_STR(told(&l), "ok; ok; error | 23:1 'list_id' is missing");
    CHECK_STR(l.loaded.verdicts[1].uid, "i2");
    arena_free(l.a);
}

TEST(what_stands_beside_rules_in_their_repository_is_no_rule)
{
    static const char *const ROWS[][2] = {
        {"[metadata]\n[[actions]]\nid = 'a'\n", "skipped"},
        {"[metadata]\n[[action_connectors]]\nid = 'a'\n", "skipped"},
        {"[[exceptions]]\n[exceptions.container]\nlist_id = 'e'\n", "skipped"},
        {"exceptions = [1, [2], 'x']\n", "skipped"},
        {"[hunt]\nquery = ['from x']\n",
         "error | 1:1 not a rule: the queries of a hunt are asked by hand (weir replay --query)"}};

    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        struct loading l = load_text("x.toml", str_from(ROWS[i][0]));
        CHECK_STR(told(&l), ROWS[i][1]);
        arena_free(l.a);
    }
}

/* What nobody asks of [metadata] cannot make a rule an error. */
TEST(metadata_that_is_misspelt_is_a_note)
{
    struct arena *a = arena_new(0);
    struct loading l = load_text("x.toml", arena_printf(a,
                                                        "[metadata]\nmaturty = \"x\"\n[rule]\n"
                                                        "name = \"N\"\nrule_id = \"r1\"\n"
                                                        "risk_score = 47\nseverity = \"medium\"\n"
                                                        "%s",
                                                        QUERY));

    CHECK_STR(told(&l), "ok | 2:1 note: the key 'maturty' of 'metadata' means nothing to weir (did "
                        "you mean 'maturity'?)");
    arena_free(l.a);
    arena_free(a);
}

TEST_MAIN(ENTRY(what_a_filter_is_not_is_told_by_name),
          ENTRY(what_stands_beside_rules_in_exports_is_no_rule),
          ENTRY(a_file_of_exceptions_lists_is_its_items),
          ENTRY(what_stands_beside_rules_in_their_repository_is_no_rule),
          ENTRY(metadata_that_is_misspelt_is_a_note),
          ENTRY(filters_mean_what_they_do_beside_a_query_of_kibana),
          ENTRY(exceptions_are_asked_as_queries_ask),
          ENTRY(what_is_wrong_is_told_with_its_place_and_a_hint))
