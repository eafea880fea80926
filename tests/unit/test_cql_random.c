/* test_cql_random.c - random queries from CQL's grammar, the lenient dialect too, on random events:
 * what the compiled matcher says is what the reference says. WEIR_SEED repeats a run. */
#include "tests/lib/grammar.h"
#include "tests/lib/test.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_UNDEFINED__)
enum { QUERIES = 200 };
#else
enum { QUERIES = 800 };
#endif

/* clang-format off */
static const struct grammar_rule GRAMMAR[] = {
    {"query", "{filter}\n{filter}\n{filter} | {steps}\n{filter} | {steps}\n{steps}\n"
              "{filter} | groupBy([{name}, {name}], function={aggregate})\n"
              "{filter} | {steps} | groupBy({name}, function=[{aggregate}, count(as=n)]) | n {order} {number}"},
    {"steps", "{step}\n{step}\n{step} | {steps}"},

    /* Filters: OR before AND. */
    {"filter", "{term}\n{term}\n{term} {filter}\n{term} AND {filter}\n{term} OR {term}\n({filter}) OR {term}"},
    {"term", "{name}={text}\n{name}={text}\n{name}={text}\n{name}!={text}\nNOT {term}\n!{term}\n({filter})\n"
             "{name} {order} {number}\n{name} like {plain}\n{name}=/{regex}/\n{name}=/{regex}/i\n{name}!=/{regex}/\n"
             "{name}=/(?<x>{regex})/\n{name}=*\n{name}!=*\n{function}\n!{function}\n{name} =~ in(values=[{text}, {text}])\n"
             "{name} =~ wildcard({text}, ignoreCase=true)\n{word}\n/{regex}/\n{name} in ({text}, {text})\n{name} not in ({text})\n"
             "{name}=?p\ntest({condition})"},
    {"function", "in({name}, values=[{text}, {text}])\nin({name}, values=[{text}], ignoreCase=true)\n"
                 "cidr({name}, subnet=\"192.0.2.0/24\")\nwildcard(field={name}, pattern={text})\nregex(\"{regex}\", field={name})\n"
                 "regex(\"(?<x>{regex})\", field={name}, strict=false)\ntext:contains(string={value}, substring={value})\n"
                 "text:startsWith(string={name}, substring=\"{plain}\")\narray:contains(\"l[]\", value={plain})"},
    {"order", "<\n<=\n>\n>="},

    {"condition", "{value} {compare} {value}\n{value} {compare} {value}\n!({value} == {value})\n{function}"},
    {"compare", "==\n!=\n<\n<=\n>\n>="},
    {"value", "{name}\n{name}\n\"{plain}\"\n{number}\nlower({name})\nupper({name})\nlength({name})\n{value} + {value}\n"
              "{value} * {number}\n({value}) / {value}\n{value} % {number}\n-{name}\nif({condition}, then={value}, else={value})\n"
              "coalesce([{value}, {value}])\nconcat([{name}, {name}])\nformat(\"%s-%s\", field=[{name}, {name}])\n"
              "splitString({name}, by=\",\", index={place})\nreplace(\"{regex}\", with=\"z\", field={name})\n"
              "case({term}, {value}, {term}, {value}, {value})\nround({name})"},

    {"step", "{filter}\n{filter}\nwhere {filter}\n{name} := {value}\nx := {value}\n{choice}\n{match}\nrename({name}, as={name})\n"
             "rename([[{name}, {name}]])\ndefault(value={plain}, field=[{name}, {name}])\n"
             "default(field={name}, value=\"-\", replaceEmpty=true)\ndrop([{name}])\nselect([{name}, {name}, x])\n"
             "table([{name}, {name}])\nsort({name})\nregex(\"(?<x>{regex})\", field={name})\nlower({name}, as=x)\n"
             "split(l)\neval(x = {value})"},
    {"choice", "case { {filter} | x := {value}; * }\ncase { {filter} | {step}; {filter} | x := \"{plain}\"; * | x := {value} }\n"
               "case { {filter}; {filter} | y := {value} }\ncase { {filter} | dropEvent(); {filter} | drop(); * }"},
    {"match", "{name} match { {plain} => x := {value}; * => *; }\n"
              "{name} match { /{regex}/ => x := \"{plain}\"; {text} => {step}; in(values=[{text}]) => y := 1 }"},
    {"aggregate", "count()\nmax({name}, as=m)\nsum({name})\ncollect({name}, limit=3)\nselectLast({name})\ncount({name}, distinct=true)"},

    {"name", "a\na\nb\nl\np.q\nx\n#t\nl[0]"},
    {"text", "{plain}\n{plain}\n\"{plain}\"\n\"{pattern}\"\n{pattern}\n{number}\n\"\""},
    {"pattern", "*b*\na*\n*b\n1*\nA*B\nw*1"},
    {"plain", "ab\nAB\nb\nweb1\n5\n05\ntrue\n192.0.2.7\nalice"},
    {"word", "ab\nweb1\n\"a b\"\nali*e"},
    {"regex", "a\n^a.$\nb+\n[0-9]\n(?i)AB\n^(ab|5)$"},
    {"number", "5\n0\n2.5\n10"},
    {"place", "0\n1\n-1\n7"},

    /* Braces of JSON stand alone, so that they are no rules. */
    {"event", "{ \"t\":1{members}}"},
    {"members", ", \"a\":{json}, \"b\":{json}, \"l\":[{json},{json}], \"p\":{ \"q\":{json}}\n, \"a\":{json}, \"l\":{json}, \"#t\":{json}\n"
                ", \"b\":{json}, \"p.q\":{json}\n, \"a\":{json}, \"x\":{json}, \"l[0]\":{json}\n"},
    {"json", "\"{plain}\"\n\"{plain}\"\n\"{plain}\"\n5\n2.5\ntrue\nnull\n\"\"\n\"a b\"\n\"ab,b\"\n[]\n{ }"},
};
/* clang-format on */

TEST(random_queries_are_read_the_same_by_both_engines)
{
    grammar_engines_agree("cql", GRAMMAR, ARRAY_LEN(GRAMMAR), QUERIES, 5);
}

TEST_MAIN(ENTRY(random_queries_are_read_the_same_by_both_engines))
