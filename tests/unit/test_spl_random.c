/* test_spl_random.c - random searches from SPL's grammar on random events: what the compiled
 * matcher says is what the reference says. WEIR_SEED repeats a run. */
#include "tests/lib/grammar.h"
#include "tests/lib/test.h"

#if TEST_IS_SANITIZED
enum { QUERIES = 200 };
#else
enum { QUERIES = 800 };
#endif

/* clang-format off */
static const struct grammar_rule GRAMMAR[] = {
    {"query", "{search}\n{search}\n{search} | {commands}\n{search} | {commands}\n"
              "| tstats count from datamodel=Web where {search} by {field}\n"
              "{search} | stats {aggregate} by {field}\n{search} | transaction {field} | search {search}\n"
              "{search} | transaction {field} startswith=({search}) endswith=eval({condition})\n"
              "{search} [search {search} | fields {field}]\n"
              "{search} | dedup {field} {field} | stats {aggregate} by {field}\n"
              "{search} | spath input={field} | spath input={field} | search {search}\n"
              "{search} | streamstats {aggregate} by {field}\n"
              "{search} | eventstats {aggregate} by {field} | where {condition}\n"
              "{search} | {commands} | stats {aggregate} by {field}, {field} | where {after}"},
    {"commands", "{command}\n{command}\n{command} | {commands}"},

    /* search: OR binds tighter than AND. */
    {"search", "{term}\n{term}\n{term} {search}\n{term} AND {search}\n{term} OR {term}\n({search}) OR {term}"},
    {"term", "{field}={text}\n{field}={text}\n{field}={text}\n{field}!={text}\nNOT {term}\n({search})\n"
             "{field} IN ({text}, {text})\n{field}{order}{number}\n{field}{order}{text}\n{word}\nNOT {field}=*\n"
             "sourcetype={text} OR {field}={text}\n{field}=\"{pattern}\""},
    {"order", "<\n<=\n>\n>="},

    /* where and eval: AND before OR before XOR. */
    {"condition", "{value}{compare}{value}\n{value}{compare}{value}\n{condition} AND {condition}\n{condition} OR {condition}\n"
                  "{condition} XOR {condition}\nNOT {condition}\n({condition})\nisnull({value})\nisnotnull({value})\n"
                  "like({value}, \"{like}\")\nmatch({value}, \"{regex}\")\nin({value}, {value}, {value})\n"
                  "{value} IN ({value}, {value})\ncidrmatch(\"10.0.0.0/8\", {value})\nisnum({value})\nisstr({column})\n"
                  "if({condition}, {condition}, {condition})"},
    {"compare", "=\n==\n!=\n<\n>=\n=\n!="},
    {"value", "{column}\n{column}\n\"{plain}\"\n{number}\nlower({value})\nupper({value})\nlen({value})\n{value}+{value}\n"
              "{value}.{value}\ncoalesce({value}, {value})\nif({condition}, {value}, {value})\nmvindex({column}, {place})\n"
              "mvcount({column})\nmvfind({column}, \"{regex}\")\nsplit({column}, \",\")\nsubstr({value}, 1, 2)\n"
              "replace({value}, \"{regex}\", \"z\")\ncase({condition}, {value}, true(), {value})\nnull()\ntonumber({value})\n"
              "tostring({value})\nround({value})\nmvjoin({column}, \"-\")\ntrim({value})\nnullif({value}, {value})\n"
              "mvjoin(mvfilter(match({column}, \"{regex}\")), \"-\")\nmvmap(a, upper(a))\nmvzip({column}, {column})\n"
              "tostring({value}, \"hex\")\ntostring({value}, \"commas\")\nspath({column}, \"a{}\")"},
    {"after", "n>0\nn>0 AND {field}=\"{plain}\"\nn={number}"},
    {"aggregate", "count as n\ndc({field}) as n\nmax({field}) as n\nvalues({field}) as v count as n"},

    {"command", "search {search}\nwhere {condition}\nwhere {condition}\neval {field}={value}\neval x={value}\n"
                "rename {field} as {field}\nrename p.* as *\nrex field={field} \"(?<x>{regex})\"\n"
                "rex max_match=0 field={field} \"(?<x>{regex})\"\nfillnull value={plain} {field}\nfillnull\n"
                "makemv delim=\",\" {field}\nmvexpand {field}\nregex {field}=\"{regex}\"\nregex {field}!=\"{regex}\"\n"
                "fields {field}, {field}, {field}, x\nfields - {field}\ntable {field} {field} x\niplocation {field}\n"
                "lookup owners host AS {field} OUTPUT owner AS x\ndedup {field}\nsort - {field}\nspath output=x path={field}\n"
                "bin _time span=5m\nnomv {field}\nrangemap field={field} a=0-5 b=3-9\n"
                "foreach {field} b [eval <<FIELD>>=upper('<<FIELD>>')]\ndedup 1 {field} b\nstrcat {field} \"{plain}\" {field} x\n"
                "replace \"{pattern}\" WITH {plain} IN {field}\nrex mode=sed field={field} \"s/{regex}/z/g\""},

    {"field", "a\nb\nl{}\np.q\nx\nCountry"},
    {"column", "a\nb\n'l{}'\n'p.q'\nx"},
    {"text", "{plain}\n{plain}\n\"{plain}\"\n{pattern}\n{number}\n\"\"\n*"},
    {"pattern", "*b*\na*\n*b\n*\n1*\n*,*"},
    {"plain", "ab\nAB\nb\nweb1\n5\n05\ntrue\na,b\n192.0.2.7\nalice"},
    {"word", "ab\nweb1\n\"a b\"\na*"},
    {"like", "%b%\na_\n%\nab"},
    {"regex", "a\n^a.$\nb+\n[0-9]\n(?i)AB"},
    {"number", "5\n0\n-1\n2.5\n10"},
    {"place", "0\n1\n-1\n7"},

    /* Braces of JSON stand alone, so that they are no rules. */
    {"event", "{ \"t\":1{members}}"},
    {"members", ", \"a\":{json}, \"b\":{json}, \"l\":[{json},{json}], \"p\":{ \"q\":{json}}\n, \"a\":{json}, \"l\":{json}\n"
                ", \"b\":{json}, \"p.q\":{json}\n, \"a\":{json}, \"x\":{json}, \"sourcetype\":{json}\n"},
    {"json", "\"{plain}\"\n\"{plain}\"\n\"{plain}\"\n5\n2.5\ntrue\nnull\n\"\"\n\"a b\"\n[]\n{ }"},
};
/* clang-format on */

TEST(random_searches_are_read_the_same_by_both_engines)
{
    grammar_engines_agree("spl", GRAMMAR, ARRAY_LEN(GRAMMAR), QUERIES, 5);
}

TEST_MAIN(ENTRY(random_searches_are_read_the_same_by_both_engines))
