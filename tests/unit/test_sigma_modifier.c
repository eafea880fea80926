/* test_sigma_modifier.c - every modifier: what it makes of values, what it refuses. */
#include "tests/lib/sigma_rows.h"

#define CHECK_ROWS(rows) sigma_check_rows(sigma_item, rows, ARRAY_LEN(rows))

TEST(contains_startswith_and_endswith_open_the_ends)
{
    static const struct sigma_row ROWS[] = {
        {"f|contains: a", "f contains \"a\""},
        {"f|startswith: a", "f startswith \"a\""},
        {"f|endswith: '\\x.exe'", "f endswith \"\\x.exe\""},
        {"f|contains: '*a'", "f contains \"a\""},
        {"f|contains|startswith: a", "f contains \"a\""},
        {"f|startswith|endswith: a", "f contains \"a\""},
        {"f|startswith: '*a'", "f contains \"a\""},
        {"f|endswith: 'a?'", "f glob * \"a\" ?"},
        {"f|contains: ''", "f contains \"\" ! 5:17: always matches an event that has the field"},
        {"f|contains: 5",
         "f contains \"5\" ! 5:17: 'contains' takes text: the number 5 is taken as its text"},
        {"f|contains: null", "error: 5:17: 'contains' takes text, not nothing (null)"},
        {"f|endswith: true", "error: 5:17: 'endswith' takes text, not true or false"},
        {"f|cidr|contains: 10.0.0.0/8", "error: 5:22: 'contains' takes text, not a network"},
        {"f|re|contains: a",
         "f re /a/ ! 5:20: 'contains' does nothing behind 're', which searches anyway"},
    };
    CHECK_ROWS(ROWS);
}

TEST(all_and_neq_are_about_the_whole_item)
{
    static const struct sigma_row ROWS[] = {
        {"f|contains|all: [a, b]", "and(f contains \"a\", f contains \"b\")"},
        {"f|all|contains: [a, b]", "and(f contains \"a\", f contains \"b\")"},
        {"f|contains|all: a", "f contains \"a\" ! 5:5: 'all' with a single value does nothing"},
        {"f|all: [a, b]", "and(f eq \"a\", f eq \"b\") ! 5:5: hardly matches: with 'all' the field "
                          "must equal 2 values at once"},
        {"f|all: [a, null]", "and(f eq \"a\", f null) ! 5:5: hardly matches: with 'all' the field "
                             "must be null and have a value"},
        {"f|neq: a", "not(f eq \"a\")"},
        {"f|neq: [a, 5]", "not(or(f eq \"a\", f eq 5))"},
        {"f|contains|neq|all: [a, b]", "not(and(f contains \"a\", f contains \"b\"))"},
        {"f|neq|re: a", "not(f re /a/)"},
        {"f|all|re: [a, b]", "and(f re /a/, f re /b/)"},
        {"f|contains|all|base64offset: [foo, bar]",
         "error: 5:35: 'base64offset' takes text without "
         "wildcards (\\* is a literal star); 5:40: 'base64offset' takes text without wildcards "
         "(\\* is a literal star)"},
        {"f|base64offset|contains|all: [foo, bar]",
         "and(or(f contains \"Zm9v\", f contains \"Zvb\", f contains \"mb2\"), "
         "or(f contains \"YmFy\", f contains \"Jhc\", f contains \"iYX\"))"},
        {"f|contains|all|windash: ['-a', '-b']",
         "and(f glob * [-/–—―] \"a\" *, f glob * [-/–—―] \"b\" *)"},
    };
    CHECK_ROWS(ROWS);
}

TEST(cased_keeps_letters_apart)
{
    static const struct sigma_row ROWS[] = {
        {"f|cased: Abc", "f eq cased \"Abc\""},
        {"f|contains|cased: Abc", "f contains cased \"Abc\""},
        {"f|cased|contains: Abc", "f contains cased \"Abc\""},
        {"f|cased: 'A*b'", "f glob cased \"A\" * \"b\""},
        {"f|re|cased: a", "error: 5:17: 'cased' does not go with 're', which is cased"},
        {"f|cased: 5", "error: 5:14: 'cased' takes text, not a number"},
    };
    CHECK_ROWS(ROWS);
}

TEST(regexes_keep_their_backslashes_and_are_checked)
{
    static const struct sigma_row ROWS[] = {
        {"f|re: 'a{,3}b{,2}?[{,3}]\\{,3}(?:x|y){,10}'",
         "f re /a{0,3}b{0,2}?[{,3}]\\{,3}(?:x|y){0,10}/"},
        {"f|re: '\\Qa{,3}\\Ea{,1}a{,}a{,x}a{,2'", "f re /\\Qa{,3}\\Ea{0,1}a{,}a{,x}a{,2/"},
        {"f|re: '[]{,3}\\]{,3}]{,1}'", "f re /[]{,3}\\]{,3}]{0,1}/"},
        {"f|re: '{,3}a'",
         "error: 5:11: not a valid regex: quantifier does not follow a repeatable item"},
        {"f|re: 'a{,65536}'", "error: 5:11: not a valid regex: number too big in {} quantifier"},
        {"f|re: 'a\\\\b\\*'", "f re /a\\\\b\\*/"},
        {"f|re|i: a", "f re /a/i"},
        {"f|re|ignorecase|multiline|dotall: a", "f re /a/ims"},
        {"f|re|i|m|s: a", "f re /a/ims"},
        {"f|re: '(?i)a{2,3}.*?\\s(?:x|y)'", "f re /(?i)a{2,3}.*?\\s(?:x|y)/"},
        {"f|re: 5", "f re /5/ ! 5:11: 're' takes text: the number 5 is taken as its text"},
        {"f|re: '.*'", "f re /.*/ ! 5:11: always matches: the regex '.*' is in every value"},
        {"f|re: 'a(?=b)'",
         "f re /a(?=b)/ ! 5:11: the regex uses look-around: no fast path, matched by backtracking"},
        {"f|re: '(a)\\1'", "f re /(a)\\1/ ! 5:11: the regex uses a back reference: no fast path, "
                           "matched by backtracking"},
        {"f|re: '[(?=]\\(?=x(?<n>y)'", "f re /[(?=]\\(?=x(?<n>y)/"},
        {"f|re: '[a]++b'", "f re /[a]++b/ ! 5:11: the regex uses a possessive quantifier: no fast "
                           "path, matched by backtracking"},
        {"f|re: 'a\\++(?:b)?[*+]\\d'", "f re /a\\++(?:b)?[*+]\\d/"},
        {"f|re: '(?>a)'", "f re /(?>a)/ ! 5:11: the regex uses an atomic group: no fast path, "
                          "matched by backtracking"},
        {"f|re: 'a(b'", "error: 5:15: not a valid regex: missing closing parenthesis"},
        {"f|re: \"a[b\"",
         "error: 5:15: not a valid regex: missing terminating ] for character class"},
        {"f|re: null", "error: 5:11: 're' takes text, not nothing (null)"},
        {"f|contains|re: a", "error: 5:16: 're' must be the first modifier"},
        {"f|i: a", "error: 5:10: 'i' only goes behind 're'"},
    };
    CHECK_ROWS(ROWS);
}

TEST(networks_are_validated_and_normalised)
{
    static const struct sigma_row ROWS[] = {
        {"f|cidr: 10.0.0.0/8", "f cidr 10.0.0.0/8"},
        {"f|cidr: 10.1.2.3", "f cidr 10.1.2.3/32"},
        {"f|cidr: ::1", "f cidr ::1/128"},
        {"f|cidr: 'FD00:0:0::/8'", "f cidr fd00::/8"},
        {"f|cidr: '::/0'", "f cidr ::/0"},
        {"f|cidr: [127.0.0.0/8, '::1/128']", "or(f cidr 127.0.0.0/8, f cidr ::1/128)"},
        {"f|cidr: 10.0.0.1/8",
         "error: 5:13: '10.0.0.1/8' has bits set behind its prefix (did you mean '10.0.0.0/8'?)"},
        {"f|cidr: 10.0.0.0/255.0.0.0", "f cidr 10.0.0.0/8"},
        {"f|cidr: 10.32.0.0/0.31.255.255", "f cidr 10.32.0.0/11"},
        {"f|cidr: 10.0.0.1/255.255.255.255", "f cidr 10.0.0.1/32"},
        {"f|cidr: 0.0.0.0/0.0.0.0", "f cidr 0.0.0.0/0"},
        {"f|cidr: 10.0.0.0/128.0.0.0",
         "error: 5:13: '10.0.0.0/1' has bits set behind its prefix (did you mean '0.0.0.0/1'?)"},
        {"f|cidr: 10.0.0.0/255.0.255.0",
         "error: 5:13: '10.0.0.0/255.0.255.0' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 10.0.0.0/255.0.0",
         "error: 5:13: '10.0.0.0/255.0.0' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 'fd00::/ff00::'",
         "error: 5:13: 'fd00::/ff00::' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 'fd00::/255.0.0.0'",
         "error: 5:13: 'fd00::/255.0.0.0' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 10.0.0.0/33", "error: 5:13: '10.0.0.0/33' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 10.0.0.0/", "error: 5:13: '10.0.0.0/' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 10.0.*", "error: 5:13: '10.0.*' is no network (10.0.0.0/8, fd00::/8)"},
        {"f|cidr: 5", "error: 5:13: 'cidr' takes text, not a number"},
        {"f|contains|cidr: 10.0.0.0/8", "error: 5:16: 'cidr' must be the first modifier"},
    };
    CHECK_ROWS(ROWS);
}

TEST(numbers_compare_and_times_have_parts)
{
    static const struct sigma_row ROWS[] = {
        {"f|gt: 5", "f gt 5"},
        {"f|gte: -1.5", "f gte -1.5"},
        {"f|lt: 0x10", "f lt 16"},
        {"f|lte: [1, 2]", "or(f lte 1, f lte 2)"},
        {"f|gt: '5'", "error: 5:11: 'gt' takes a number, not text"},
        {"f|gt: true", "error: 5:11: 'gt' takes a number, not true or false"},
        {"f|hour: 8", "f time hour = 8"},
        {"f|hour|gte: 8", "f time hour >= 8"},
        {"f|minute|lt: 30", "f time minute < 30"},
        {"f|day: 1", "f time day = 1"},
        {"f|week: 53", "f time week = 53"},
        {"f|month|gt: 6", "f time month > 6"},
        {"f|year|lte: 2024", "f time year <= 2024"},
        {"f|hour: 24", "f time hour = 24 ! 5:13: no time has the hour 24"},
        {"f|gte|hour: 8", "error: 5:17: 'hour' must stand before the comparison"},
        {"f|hour: '8'", "error: 5:13: 'hour' takes a number, not text"},
    };
    CHECK_ROWS(ROWS);
}

TEST(exists_and_fieldref_are_about_fields)
{
    static const struct sigma_row ROWS[] = {
        {"f|exists: true", "f exists"},
        {"f|exists: no", "not(f exists)"},
        {"f|exists: 'true'", "error: 5:15: 'exists' takes true or false, not text"},
        {"f|exists|all: true", "error: 5:5: 'exists' stands alone (use 'exists: false' to negate)"},
        {"f|contains|exists: true", "error: 5:16: 'exists' must be the first modifier"},
        {"f|fieldref: g", "f fieldref unicode eq g"},
        {"f|fieldref|startswith: g", "f fieldref unicode startswith g"},
        {"f|fieldref|endswith: g", "f fieldref unicode endswith g"},
        {"f|fieldref|contains: g", "f fieldref unicode contains g"},
        {"f|fieldref|neq: g", "not(f fieldref unicode eq g)"},
        {"f|cased|fieldref: g", "f fieldref cased eq g"},
        {"f|fieldref: 'g\\\\h'", "f fieldref unicode eq g\\h"},
        {"f|fieldref: 'g*'",
         "error: 5:17: 'fieldref' takes text without wildcards (\\* is a literal star)"},
        {"f|fieldref: ''", "error: 5:17: 'fieldref' takes the name of a field"},
        {"f|fieldref: 5", "error: 5:17: 'fieldref' takes text, not a number"},
    };
    CHECK_ROWS(ROWS);
}

TEST(base64_and_utf16_encode_bytes)
{
    static const struct sigma_row ROWS[] = {
        {"f|base64: foo", "f eq \"Zm9v\""},
        {"f|base64: fo", "f eq \"Zm8=\""},
        {"f|base64: f", "f eq \"Zg==\""},
        {"f|base64: ''", "f eq \"\""},
        {"f|base64: 'a\\*'", "f eq \"YSo=\""},
        {"f|base64offset|contains: foo",
         "or(f contains \"Zm9v\", f contains \"Zvb\", f contains \"mb2\")"},
        {"f|base64offset|contains: foob",
         "or(f contains \"Zm9vY\", f contains \"Zvb2\", f contains \"mb29i\")"},
        {"f|base64offset|contains: é",
         "or(f contains \"w6\", f contains \"Op\", f contains \"Dq\")"},
        {"f|wide|base64offset|contains: foo",
         "or(f contains \"ZgBvAG8A\", f contains \"YAbwBvA\", f contains \"mAG8Abw\")"},
        {"f|utf16le|base64: é", "f eq \"6QA=\""},
        {"f|utf16be|base64: é", "f eq \"AOk=\""},
        {"f|utf16|base64: a", "f eq \"//5hAA==\""},
        {"f|wide|base64: '😀'", "f eq \"PdgA3g==\""},
        {"f|base64: 'a*'",
         "error: 5:15: 'base64' takes text without wildcards (\\* is a literal star)"},
        {"f|base64: 5", "error: 5:15: 'base64' takes text, not a number"},
        {"f|base64offset: a", "error: 5:21: 'base64offset' needs at least 2 bytes"},
        {"f|wide: 'a*'",
         "error: 5:13: 'wide' takes text without wildcards (\\* is a literal star)"},
    };
    CHECK_ROWS(ROWS);
}

TEST(windash_opens_the_dashes_that_start_a_word)
{
    static const struct sigma_row ROWS[] = {
        {"f|windash: '-foo'", "f glob [-/–—―] \"foo\""},
        {"f|windash: '--foo'", "f glob \"-\" [-/–—―] \"foo\""},
        {"f|windash: 'x-y'", "f eq \"x-y\""},
        {"f|windash: 'a -'", "f eq \"a -\""},
        {"f|windash: 'a -b /c'", "f glob \"a \" [-/–—―] \"b \" [-/–—―] \"c\""},
        {"f|windash: '*-b'", "f glob * [-/–—―] \"b\""},
        {"f|windash: '-*b'", "f glob \"-\" * \"b\""},
        {"f|windash: 'é-b'", "f eq unicode \"é-b\""},
        {"f|windash: '-é'", "f glob unicode [-/–—―] \"é\""},
        {"f|contains|windash: ' -f '", "f glob * \" \" [-/–—―] \"f \" *"},
        {"f|windash|contains: ' -f '", "f glob * \" \" [-/–—―] \"f \" *"},
        {"f|windash|endswith: ' -f'", "f glob * \" \" [-/–—―] \"f\""},
        {"f|windash|base64: '-f'", "or(f eq \"LWY=\", f eq \"L2Y=\", f eq \"4oCTZg==\", f eq "
                                   "\"4oCUZg==\", f eq \"4oCVZg==\")"},
        {"f|windash: 5", "error: 5:16: 'windash' takes text, not a number"},
        {"f|re|windash: a", "error: 5:19: 'windash' takes text, not a regex"},
    };
    CHECK_ROWS(ROWS);
}

TEST(expand_asks_the_lists)
{
    static const struct sigma_row ROWS[] = {
        {"f|expand: '%one%'", "f eq \"alpha\""},
        {"f|expand: '%two%'", "or(f eq \"alpha\", f eq \"be*a\")"},
        {"f|expand: '%wild%'", "or(f endswith \"x\", f glob \"y\" ?)"},
        {"f|expand: 'a%one%b%one%'", "f eq \"aalphabalpha\""},
        {"f|expand: '%two%-%two%'",
         "or(f eq \"alpha-alpha\", f eq \"alpha-be*a\", f eq \"be*a-alpha\", "
         "f eq \"be*a-be*a\")"},
        {"f|contains|expand: '%one%'", "f contains \"alpha\""},
        {"f|expand|contains: '%one%'", "f contains \"alpha\""},
        {"f|expand|contains|all: ['%two%', c]",
         "and(or(f contains \"alpha\", f contains \"be*a\"), f contains \"c\")"},
        {"f|expand|base64: '%one%'", "f eq \"YWxwaGE=\""},
        {"f|expand: '\\%one\\%'", "f eq \"%one%\""},
        {"f|expand: '\\\\%one%'", "f eq \"\\alpha\""},
        {"f|expand: '100% %one%'", "f eq \"100% alpha\""},
        {"f|expand: 'a%%b'", "f eq \"a%%b\""},
        {"f: '%one%'", "f eq \"%one%\""},
        {"f|expand: '%none%'", "false ! 5:15: the list 'none' is empty: '%none%' never matches"},
        {"f|expand: ['%none%', b]",
         "or(false, f eq \"b\") ! 5:16: the list 'none' is empty: '%none%' never matches"},
        {"f|re|expand: '^%dotted%+\\%'", "f re /^(?:a\\.b)+\\%/"},
        {"f|re|expand: '%wild%$'", "or(f re /(?:.*x)$/, f re /(?:y.)$/)"},
        {"f|expand: '%absent%'",
         "error: 5:15: no list 'absent' for the placeholder %absent%: give it "
         "with --list absent=FILE"},
        {"f|expand: '%many%%many%'",
         "error: 5:15: '%many%%many%' expands to more than 10000 values"},
        {"f|base64|expand: '%one%'", "error: 5:22: 'expand' must stand before 'base64'"},
        {"f|expand|re: '%one%'", "error: 5:14: 're' must be the first modifier"},
    };
    CHECK_ROWS(ROWS);
}

TEST(an_exact_list_makes_the_value_cased)
{
    static const struct sigma_row ROWS[] = {
        {"f|expand: '%precise%'", "or(f eq cased \"Alpha\", f eq cased \"b*\")"},
        {"f|expand: ['%precise%', c]", "or(f eq cased \"Alpha\", f eq cased \"b*\", f eq \"c\")"},
        {"f|expand|endswith: 'x%precise%'",
         "or(f endswith cased \"xAlpha\", f endswith cased \"xb*\")"},
        {"f|re|expand: '^%precise%'", "or(f re /^(?-i:Alpha)/, f re /^(?-i:b\\*)/)"},
        {"f|expand: '%one%%precise%'", "error: 5:15: the lists 'one' and 'precise' cannot share a "
                                       "value: only one of them is of mode exact"},
        {"f|expand: '%precise%%wild%'", "error: 5:15: the lists 'precise' and 'wild' cannot share "
                                        "a value: only one of them is of mode exact"},
        {"f|re|expand: '%dotted%%precise%'",
         "or(f re /(?:a\\.b)(?-i:Alpha)/, f re /(?:a\\.b)(?-i:b\\*)/)"},
    };
    CHECK_ROWS(ROWS);
}

TEST(a_list_of_networks_is_a_value_of_its_own)
{
    static const struct sigma_row ROWS[] = {
        {"f|expand: '%nets%'", "or(f cidr 10.0.0.0/8, f cidr fd00::1/128)"},
        {"f|expand: ['%nets%', a]", "or(f cidr 10.0.0.0/8, f cidr fd00::1/128, f eq \"a\")"},
        {"f|expand|neq: '%nets%'", "not(or(f cidr 10.0.0.0/8, f cidr fd00::1/128))"},
        {"f|expand: '%nonets%'",
         "false ! 5:15: the list 'nonets' is empty: '%nonets%' never matches"},
        {"f|expand: '%badnets%'", "error: 5:15: in the list 'badnets' (mode cidr) 'jump01' is no "
                                  "network (10.0.0.0/8, fd00::/8)"},
        {"f|expand: '%hostnets%'", "error: 5:15: in the list 'hostnets' (mode cidr) '10.0.0.1/8' "
                                   "has bits set behind its prefix (did you mean '10.0.0.0/8'?)"},
        {"f|expand: '%nets%:80'",
         "error: 5:15: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|expand: '%one%%nets%'",
         "error: 5:15: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|contains|expand: '%nets%'",
         "error: 5:24: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|startswith|expand: '%nets%'",
         "error: 5:26: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|endswith|expand: '%nets%'",
         "error: 5:24: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|cased|expand: '%nets%'",
         "error: 5:21: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|re|expand: '%nets%'",
         "error: 5:18: the list 'nets' holds networks (mode cidr): '%nets%' must be the whole "
         "value and 'expand' the only modifier"},
        {"f|expand|contains: '%nets%'", "error: 5:24: 'contains' takes text, not a network: a list "
                                        "of mode cidr goes with 'expand' alone"},
        {"f|expand|base64: '%nets%'", "error: 5:22: 'base64' takes text, not a network: a list of "
                                      "mode cidr goes with 'expand' alone"},
        {"f|expand|cidr: '%nets%'", "error: 5:14: 'cidr' must be the first modifier"},
        {"f|cidr|expand: '%nets%'", "error: 5:20: 'cidr' does not go with 'expand': a list of "
                                    "networks says so itself (mode cidr), write 'expand' alone"},
    };
    CHECK_ROWS(ROWS);
}

TEST(keys_with_bad_modifiers_are_refused_at_their_place)
{
    static const struct sigma_row ROWS[] = {
        {"f|contain: a", "error: 5:7: unknown modifier 'contain' (did you mean 'contains'?)"},
        {"'f|endwith': a", "error: 5:8: unknown modifier 'endwith' (did you mean 'endswith'?)"},
        {"f|contains|xyzzy: a", "error: 5:16: unknown modifier 'xyzzy'"},
        {"f|: a", "error: 5:7: a modifier is missing behind '|'"},
        {"f||all: a", "error: 5:7: a modifier is missing behind '|'"},
        {"f|Contains: a", "error: 5:7: unknown modifier 'Contains' (did you mean 'contains'?)"},
        {"f|contain: a\n    g|contain: b",
         "error: 5:7: unknown modifier 'contain' (did you mean "
         "'contains'?); 6:7: unknown modifier 'contain' (did you mean 'contains'?)"},
    };
    CHECK_ROWS(ROWS);
}

TEST_MAIN(ENTRY(contains_startswith_and_endswith_open_the_ends),
          ENTRY(all_and_neq_are_about_the_whole_item), ENTRY(cased_keeps_letters_apart),
          ENTRY(regexes_keep_their_backslashes_and_are_checked),
          ENTRY(networks_are_validated_and_normalised), ENTRY(numbers_compare_and_times_have_parts),
          ENTRY(exists_and_fieldref_are_about_fields), ENTRY(base64_and_utf16_encode_bytes),
          ENTRY(windash_opens_the_dashes_that_start_a_word), ENTRY(expand_asks_the_lists),
          ENTRY(an_exact_list_makes_the_value_cased),
          ENTRY(a_list_of_networks_is_a_value_of_its_own),
          ENTRY(keys_with_bad_modifiers_are_refused_at_their_place))
