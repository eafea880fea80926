/* test_kql_meaning.c - KQL from text to verdict: a query, an event, does it match?
 *
 * Every vector and trap of the language; each row is asked of the reference and of the compiled
 * matcher. Names without a profile, so fields are the event's own.
 */
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

static const struct query_case comparing[] = {
    {"", "{}", true},
    {"*", "{}", true},
    {"*:*", "{}", true},
    {"f: abc", "{'f':'abc'}", true},
    {"f: abc", "{'f':'Abc'}", false}, /* keywords are case-sensitive */
    {"f: 'Get'", "{'f':'get'}", false},
    {"f: 'a b'", "{'f':'a b'}", true},
    {"f: a b", "{'f':'a b'}", true},
    {"f: 'a b'", "{'f':'x a b'}", false},
    {"f: a*c", "{'f':'abbc'}", true},
    {"f: a*c", "{'f':'Abbc'}", false},
    {"f: a*", "{'f':'a'}", true},
    {"f: a?c", "{'f':'abc'}", false}, /* ? is a plain character */
    {"f: a?c", "{'f':'a?c'}", true},
    {"f: 'a*'", "{'f':'abc'}", false}, /* a star in quotes is one */
    {"f: 'a*'", "{'f':'a*'}", true},
    {"f: '*'", "{'f':'x'}", false}, /* the verb * of a role */
    {"f: '*'", "{'f':'*'}", true},
    {"f: a\\*c", "{'f':'abc'}", false},
    {"f: system\\:node\\:*", "{'f':'system:node:n1'}", true},
    {"f: 5", "{'f':5}", true},
    {"f: 5", "{'f':'5'}", true},
    {"f: '5'", "{'f':5}", true},
    {"f: '5'", "{'f':5.0}", true},
    {"f: 5", "{'f':6}", false},
    {"f: true", "{'f':true}", true},
    {"f: true", "{'f':'true'}", true},
    {"f: 'true'", "{'f':true}", true},
    {"f: false", "{'f':true}", false},
    {"f: null", "{}", true},
    {"f: null", "{'f':null}", true},
    {"f: null", "{'f':'null'}", false},
    {"f: 'null'", "{'f':'null'}", true},
    {"f: '10.0.0.0/8'", "{'f':'10.1.2.3'}", true},
    {"f: 10.0.0.0/8", "{'f':'11.1.2.3'}", false},
    {"f: '10.0.0.0/8'", "{'f':['x','10.9.9.9']}", true},
    {"f: '::1'", "{'f':'0:0:0:0:0:0:0:1'}", true},
    {"f: '2001:db8::/32'", "{'f':'2001:DB8::7'}", true},
    {"f: 10.0.0.1", "{'f':'10.0.0.1'}", true},
    {"a.b: 1", "{'a':{'b':1}}", true},
    {"a.b: 1", "{'a.b':1}", true},
    {"'a b': 1", "{'a b':1}", true},
    {"f: C\\:\\\\Windows\\\\*", "{'f':'C:\\\\Windows\\\\x'}", true},
    {"f: 'C:\\\\Windows\\\\x'", "{'f':'C:\\\\Windows\\\\x'}", true},
    {"process.name.caseless: CMD.exe", "{'process':{'name':'cmd.EXE'}}", true},
    {"process.name.caseless: C*.exe", "{'process':{'name':'cmd.EXE'}}", true},
    {"process.name: CMD.exe", "{'process':{'name':'cmd.EXE'}}", false},
    {"process.name.keyword: cmd", "{'process':{'name':'cmd'}}", true},
    {"process.name.keyword: cmd", "{'process':{'name':{'keyword':'cmd'}}}", true},
};

static const struct query_case existing[] = {
    {"f: *", "{'f':'x'}", true},
    {"f: *", "{'f':''}", true},
    {"f: *", "{'f':0}", true},
    {"f: *", "{'f':false}", true},
    {"f: *", "{}", false},
    {"f: *", "{'f':null}", false},
    {"f: *", "{'f':[]}", false},
    {"f: *", "{'f':[null]}", false},
    {"f: *", "{'f':[null,1]}", true},
    {"f: *", "{'f':{'g':1}}", true},
    {"not f: *", "{'f':[]}", true},
    {"not f: *", "{'f':'x'}", false},
};

/* Two-valued: what is missing is false, and true under `not`. */
static const struct query_case missing[] = {
    {"not f: a", "{}", true},
    {"not f: a", "{'f':null}", true},
    {"not f: a", "{'f':'b'}", true},
    {"not f: a", "{'f':'a'}", false},
    {"not f: a*", "{}", true},
    {"f < 5", "{}", false},
    {"not f < 5", "{}", true},
    {"not f < 5", "{'f':4}", false},
    {"not f < 5", "{'f':'x'}", true},
    {"not (f: a and g: b)", "{}", true},
    {"f: (not a)", "{}", true},
    {"f: * and not f: a", "{}", false},
    {"not f > '2020-01-01'", "{}", true},
    {"not f: {g: 1}", "{}", true},
    {"not f*: 1", "{}", true},
};

static const struct query_case lists[] = {
    {"f: (a or b)", "{'f':'b'}", true},
    {"f: (a or b)", "{'f':'c'}", false},
    {"f: (a and b)", "{'f':['b','a']}", true}, /* in different members */
    {"f: (a and b)", "{'f':'a'}", false},
    {"f: (a* and *b)", "{'f':'ab'}", true},
    {"f: (not a)", "{'f':['b','a']}", false}, /* no member is a */
    {"f: (not a)", "{'f':['b','c']}", true},
    {"f: (a or b and not c)", "{'f':['b']}", true},
    {"f: (a or b and not c)", "{'f':['b','c']}", false},
    {"f: (a or b and not c)", "{'f':['a','c']}", true},
    {"f: ((a or b) and not c)", "{'f':['a','c']}", false},
    {"f: a", "{'f':['b','a']}", true},
    {"f > 5", "{'f':[1,9]}", true},
    {"f > 5 and f < 3", "{'f':[1,9]}", true},
    {"a: 1 or b: 2 and c: 3", "{'a':1}", true},
    {"(a: 1 or b: 2) and c: 3", "{'a':1}", false},
    {"not a: 1 and b: 2", "{'b':2}", true},
    {"not (a: 1 or b: 2)", "{'b':2}", false},
};

/* S: the field of scripts, of which '-' is part of a word. */
#define S "powershell.file.script_block_text"
#define SCRIPT                                                                 \
    "{'powershell':{'file':{'script_block_text':'Invoke-Mimikatz -DumpCerts; " \
    "New-Object Net.WebClient\\nfoo'}}}"
static const struct query_case scripts[] = {
    {S ": 'invoke-mimikatz'", SCRIPT, true},
    {S ": 'Mimikatz'", SCRIPT, false},
    {S ": 'dumpcerts'", SCRIPT, false},
    {S ": '-dumpcerts'", SCRIPT, true},
    {S ": 'Invoke-Mimikatz -DumpCerts'", SCRIPT, true},
    {S ": 'Invoke-Mimikatz New-Object'", SCRIPT, false},
    {S ": '(New-Object).Net.WebClient'", SCRIPT, true}, /* signs stand between words */
    {S ": '...'", SCRIPT, false},
    {S ": foo", SCRIPT, true},
    {S ": fo", SCRIPT, false},
    {S ": fo*", SCRIPT, true},
    {S ": *mimi*", SCRIPT, true},
    {S ": *net.web*", SCRIPT, false}, /* in no word */
    {S ": bar webclient", SCRIPT, true},
    {S ": (bar or 'net webclient')", SCRIPT, true},
    {S ": (foo and 'new-object')", SCRIPT, true},
    {S ": *", SCRIPT, true},
    {"not " S ": bar", SCRIPT, true},
    {"not " S ": bar", "{}", true},
    {S ": FOO", "{'" S "':['x','foo']}", true},
};

static const struct query_case ranges[] = {
    {"f < 5", "{'f':4}", true},
    {"f < 5", "{'f':'4'}", true},
    {"f <= 5", "{'f':5.0}", true},
    {"f > 5", "{'f':5}", false},
    {"f >= 0.98", "{'f':0.99}", true},
    {"f >= -1", "{'f':-1}", true},
    {"f > b", "{'f':'c'}", true}, /* keywords by their bytes */
    {"f > b", "{'f':'C'}", false},
    {"f <= 'b'", "{'f':'b'}", true},
    {"agent.version >= '8.10.0.1'", "{'agent':{'version':'8.9.0.0'}}", true}, /* no address */
    {"f >= b", "{'f':['a','b']}", true},
    {"f > '2026-01-31'", "{'f':'2026-01-31T10:00:00Z'}", false}, /* its last millisecond */
    {"f > '2026-01-31'", "{'f':'2026-02-01T00:00:00Z'}", true},
    {"f >= '2026-01-31'", "{'f':'2026-01-31T00:00:00Z'}", true},
    {"f <= '2026-01-31'", "{'f':'2026-01-31T10:00:00Z'}", true},
    {"f < '2026-01-31'", "{'f':'2026-01-30T23:59:59.999Z'}", true},
    {"f < '2026-01-31'", "{'f':'2026-01-31T00:00:00Z'}", false},
    {"f > '2026-01-31T10:00'", "{'f':'2026-01-31T10:00:59.999Z'}", false},
    {"f > '2026-01-31T10:00:00.000Z'", "{'f':'2026-01-31T10:00:00.001Z'}", true},
    {"f >= '2026-01'", "{'f':'2026-01-01'}", true},
    {"f <= '2026-01'", "{'f':'2026-01-02'}", false}, /* the day is not rounded up */
    {"f >= '2026-01-31||+1M/d'", "{'f':'2026-02-28T00:00:00Z'}", true},
    {"f >= '2026-01-31||+1M/d'", "{'f':'2026-02-27T23:00:00Z'}", false},
    {"f >= '2026-01-15||-1y/M'", "{'f':'2025-01-01T00:00:00Z'}", true},
    {"f >= '2026-01-15||-1y/M'", "{'f':'2024-12-31T23:59:59Z'}", false},
    {"f >= '2026-01-31'", "{'f':1769817600000}", true},
    {"f >= '2026-01-31'", "{'f':'x'}", false},
    /* Fields that are times: numbers are milliseconds since 1970, a day is all of it. */
    {"@timestamp >= 1769817600000", "{'@timestamp':'2026-01-31T00:00:00Z'}", true},
    {"@timestamp > 1769817600000", "{'@timestamp':'2026-01-31T00:00:00Z'}", false},
    {"@timestamp < '1769817600000'", "{'@timestamp':'2026-01-30T23:59:59Z'}", true},
    {"event.created >= 1769817600000", "{'event':{'created':1769817600001}}", true},
    {"@timestamp >= 2026 and @timestamp < 2027", "{'@timestamp':'2026-01-31T00:00:00Z'}", true},
    {"f >= 1769817600000", "{'f':'2026-01-31T00:00:00Z'}", false},
    {"@timestamp: 2026-01-31", "{'@timestamp':'2026-01-31T23:59:59.999Z'}", true},
    {"@timestamp: '2026-01-31'", "{'@timestamp':'2026-02-01T00:00:00Z'}", false},
    {"not @timestamp: '2026-01-31'", "{'@timestamp':'2026-02-01T00:00:00Z'}", true},
    {"@timestamp: '2026-01-31T10:00'", "{'@timestamp':'2026-01-31T10:00:59Z'}", true},
    {"event.ingested: (2026-01-30 or 2026-01-31)", "{'event':{'ingested':'2026-01-31T01:00:00Z'}}",
     true},
    {"@timestamp: '2026-01-31T10:00:00.000Z'", "{'@timestamp':'2026-01-31T10:00:00Z'}", true},
    {"f: '2026-01-31'", "{'f':'2026-01-31T10:00:00Z'}", false},
    /* now is the time of the event */
    {"f >= now-5m", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T09:56:00Z'}", true},
    {"f >= now-5m", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T09:54:00Z'}", false},
    {"f < now", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T10:00:00Z'}", false},
    {"f <= now", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T10:00:00Z'}", true},
    {"f >= now/d", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T00:00:00Z'}", true},
    {"f > now/d", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T23:00:00Z'}", false},
    {"f <= now/d", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-31T23:00:00Z'}", true},
    {"f >= now-1w/w", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-19T00:00:00Z'}", true},
    {"f >= now-1w/w", "{'@timestamp':'2026-01-31T10:00:00Z','f':'2026-01-18T23:59:59Z'}", false},
    {"f >= 'now-1d'", "{'f':'2026-01-31T10:00:00Z'}", false}, /* the event has no time */
    {"f > nowhere", "{'f':'o'}", true},                       /* a text */
};

static const struct query_case nested[] = {
    {"f: {g: x and h: y}", "{'f':[{'g':'x','h':'y'}]}", true},
    {"f: {g: x and h: y}", "{'f':[{'g':'x','h':'z'},{'g':'w','h':'y'}]}", false},
    {"f.g: x and f.h: y", "{'f':[{'g':'x','h':'z'},{'g':'w','h':'y'}]}", true},
    {"f: {g: x and h: y}", "{'f':{'g':'x','h':'y'}}", true},
    {"f: {g: x or h: y}", "{'f':[{'g':'a'},{'h':'y'}]}", true},
    {"f: {g: x and not h: y}", "{'f':[{'g':'x','h':'y'},{'g':'x'}]}", true},
    {"f: {g: x and not h: y}", "{'f':[{'g':'x','h':'y'}]}", false},
    {"f: {not g: x}", "{'f':[{'g':'x'}]}", false},
    {"f: {not g: x}", "{'f':[]}", false},
    {"f: {not g: x}", "{'f':[{}]}", true},
    {"f: {g: (x and y)}", "{'f':[{'g':['x','y']}]}", true},
    {"f: {g: (x and y)}", "{'f':[{'g':'x'},{'g':'y'}]}", false},
    {"f: {g > 5 and h: *}", "{'f':[{'g':6,'h':null},{'g':6,'h':1}]}", true},
    {"f: {g: {h: 1 and i: 2}}", "{'f':[{'g':[{'h':1},{'i':2}]},{'g':[{'h':1,'i':2}]}]}", true},
    {"f: {g: {h: 1 and i: 2}}", "{'f':[{'g':[{'h':1},{'i':2}]},{'g':[{'h':2,'i':2}]}]}", false},
    {"f: {g.h: 1}", "{'f':[{'g':{'h':1}}]}", true},
    {"f: {g.h: 1}", "{'f':[{'g.h':1}]}", true},
    {"a.f: {g: x}", "{'a':[{'f':{'g':'y'}},{'f':[{'g':'x'}]}]}", true},
    {"a.f: {g: x}", "{'a.f':[{'g':'x'}]}", true},
    {"f: {g: x}", "{'f':'x'}", false},
    {"f: {g*: x}", "{'f':[{'gg':'x'}]}", true},
    {"f: {g*: x}", "{'f':[{'h':'x'}],'gg':'x'}", false},
    {"f: {x}", "{'f':[{'g':'an x'}]}", true},
    {"f: {x}", "{'f':[{'g':'y'}],'h':'x'}", false},
    {"f: {g >= now-1h}", "{'@timestamp':'2026-01-31T10:00:00Z','f':[{'g':'2026-01-31T09:30:00Z'}]}",
     true},
    {"f: {g >= now-1h}", "{'@timestamp':'2026-01-31T10:00:00Z','f':[{'g':'2026-01-31T08:30:00Z'}]}",
     false},
};

static const struct query_case names[] = {
    {"kubernetes.*: x", "{'kubernetes':{'a':'y','b':{'c':'x'}}}", true},
    {"kubernetes.*: x", "{'kubernetes.a':'x'}", true},
    {"kubernetes.*: x", "{'kubernetes':'x'}", false},
    {"kubernetes.*: x", "{'k':'x'}", false},
    {"kubernetes.*: x", "{'kub\\u0065rnetes':{'a':'x'}}", true},
    {"a\\\\bcd*: x", "{'a\\\\bcde':'x'}", true}, /* written in JSON with two backslashes */
    {"a/bcd*: x", "{'a\\/bcde':'x'}", true},
    {"a\xef\xbf\xbd"
     "bcd*: x",
     "{'a\xff"
     "bcde':'x'}",
     true},
    {"a.*.c: x", "{'a':{'0':{'c':'x'}}}", true},
    {"a.*.c: x", "{'a':{'0':{'1':{'c':'x'}}}}", true}, /* a star goes over dots */
    {"a.*.c: x", "{'a':{'c':'x'}}", false},
    {"a.*.c: x", "{'a':[{'b':{'c':'x'}}]}", true}, /* a list is no part of a name */
    {"a*: (x and y)", "{'a1':'x','a2':'y'}", true},
    {"a*: (not x)", "{'a1':'x','a2':'y'}", false},
    {"not a*: x", "{'a1':'x','a2':'y'}", false},
    {"a*: *", "{'a1':null}", false},
    {"a*: *", "{'a1':null,'a2':1}", true},
    {"a*: null", "{'a1':null}", true},
    {"a*: b*", "{'a1':'abc','a2':'bcd'}", true},
    {"a* > 5", "{'a1':1,'a2':7}", true},
    {"a* > 5", "{'a1':1,'a2':2}", false},
    {"a*: 5", "{'a1':['x',5]}", true},
    {"A*: x", "{'a1':'x'}", false},
    {"'a*': x", "{'a1':'x'}", false},
    {"'a*': x", "{'a*':'x'}", true},
    {"a\\*: x", "{'a*':'x'}", true},
    {"*: x", "{'b':{'c':'x'}}", true},
    {"*: x", "{'b':{'c':'y'}}", false},
    {"file.hash.*: *", "{'file':{'hash':{'sha256':'ab'}}}", true},
    {"file.hash.*: *", "{'file':{'name':'ab'}}", false},
};

static const struct query_case words[] = {
    {"message: 'started with executable stack'", "{'message':'x started with Executable stack.'}",
     true},
    {"message: 'started with executable stack'", "{'message':'started executable stack'}", false},
    {"message: segfault", "{'message':'a Segfault at 0'}", true},
    {"message: segfault", "{'message':'segfaults'}", false},
    {"message: a b", "{'message':'only b here'}", true}, /* any word */
    {"message: 'a b'", "{'message':'b a'}", false},
    {"message: seg*", "{'message':'a Segfault at 0'}", true},
    {"message: *fault", "{'message':'a Segfault at 0'}", true},
    {"message: seg*", "{'message':'misegfault'}", false},
    {"message: x seg*", "{'message':'a Segfault at 0'}", true},
    {"message: *", "{'message':'a'}", true},
    {"message: '--'", "{'message':'--'}", false},
    {"not message: '--'", "{'message':'--'}", true},
    {"message: '[CVE-2020-0601]'", "{'message':'about cve 2020 0601'}", true},
    {"message: 5", "{'message':'at 5 o'}", true},
    {"message: '\xC3\x89t\xC3\xA9'", "{'message':'un \xC3\xA9T\xC3\x89'}", true},
    {"url.text: login", "{'url':'https://x/login'}", true},
    {"url.text: login", "{'url':{'text':'to login'}}", true},
    {"gcp.message: a*", "{'gcp':{'message':'b a'}}", false}, /* a keyword: only `message` */
    {"segfault", "{'a':{'b':'Segfault at 0'}}", true},
    {"segfault", "{'a':{'b':'segfaults'}}", false},
    {"4625", "{'a':4625}", true},
    {"'a b'", "{'c':['x','x a b']}", true},
    {"'a b'", "{'c':['x','x b a']}", false},
    {"seg*", "{'a':'a segfault'}", true},
    {"C\\:\\\\x", "{'a':'C:\\\\x'}", true},
    {"not segfault", "{'a':'x'}", true},
    {"segfault and a: x", "{'a':'x','b':'segfault'}", true},
};

TEST(values_compare_as_keywords)
{
    query_cases_check("kql", comparing, ARRAY_LEN(comparing));
}

TEST(a_star_asks_whether_there_is_a_value)
{
    query_cases_check("kql", existing, ARRAY_LEN(existing));
}

TEST(what_is_missing_is_false)
{
    query_cases_check("kql", missing, ARRAY_LEN(missing));
}

TEST(lists_are_logic_over_members)
{
    query_cases_check("kql", lists, ARRAY_LEN(lists));
}

TEST(ranges_are_of_numbers_texts_and_times)
{
    query_cases_check("kql", ranges, ARRAY_LEN(ranges));
}

TEST(scripts_have_words_of_their_own)
{
    query_cases_check("kql", scripts, ARRAY_LEN(scripts));
}

TEST(nested_wants_one_object)
{
    query_cases_check("kql", nested, ARRAY_LEN(nested));
}

TEST(names_may_be_patterns)
{
    query_cases_check("kql", names, ARRAY_LEN(names));
}

TEST(texts_are_searched_by_word)
{
    query_cases_check("kql", words, ARRAY_LEN(words));
}

TEST_MAIN(ENTRY(values_compare_as_keywords), ENTRY(a_star_asks_whether_there_is_a_value),
          ENTRY(what_is_missing_is_false), ENTRY(lists_are_logic_over_members),
          ENTRY(ranges_are_of_numbers_texts_and_times), ENTRY(scripts_have_words_of_their_own),
          ENTRY(nested_wants_one_object), ENTRY(names_may_be_patterns),
          ENTRY(texts_are_searched_by_word))
