/* test_expr_table.c - each operator of computed values: on values of its kind, on null, on a value
 * of another kind. Arguments and results as text: null true 7 0.5 'text' [1,'a'].
 *
 * Operators about members, globs and regexes have their tests where a language makes them
 * (test_expr, test_esql, test_pipe). */
#include "rule/expr.h"

#include "base/str.h"
#include "tests/lib/test.h"

#include <stdlib.h>

enum { ARGS_MAX = 4, ITEMS_MAX = 8 };

struct row {
    enum expr_op op;
    const char *args; /* by blanks */
    const char *want;
};

static const struct row rows[] = {
    {EXPR_ADD, "2 3", "5"},
    {EXPR_ADD, "2 0.5", "2.5"},
    {EXPR_ADD, "2 'x'", "null"},
    {EXPR_ADD, "2 null", "null"},
    {EXPR_ADD, "9223372036854775807 1", "null"},
    {EXPR_SUBTRACT, "2 3", "-1"},
    {EXPR_SUBTRACT, "2.5 1", "1.5"},
    {EXPR_SUBTRACT, "'5' 1", "null"},
    {EXPR_SUBTRACT, "null 1", "null"},
    {EXPR_MULTIPLY, "2 3", "6"},
    {EXPR_MULTIPLY, "0.25 2", "0.5"},
    {EXPR_MULTIPLY, "true 2", "null"},
    {EXPR_MULTIPLY, "null 2", "null"},
    {EXPR_DIVIDE, "7 2", "3"},
    {EXPR_DIVIDE, "-7 2", "-3"},
    {EXPR_DIVIDE, "7 0", "null"},
    {EXPR_DIVIDE, "7 2.0", "3.5"},
    {EXPR_DIVIDE, "'7' 2", "null"},
    {EXPR_DIVIDE, "null 2", "null"},
    {EXPR_MODULO, "10 -6", "4"},
    {EXPR_MODULO, "-10 6", "-4"},
    {EXPR_MODULO, "7 0", "null"},
    {EXPR_MODULO, "'a' 2", "null"},
    {EXPR_MODULO, "7 null", "null"},
    {EXPR_NEGATE, "5", "-5"},
    {EXPR_NEGATE, "-0.5", "0.5"},
    {EXPR_NEGATE, "'a'", "null"},
    {EXPR_NEGATE, "null", "null"},
    {EXPR_CONCAT, "'a' 1 true", "'a1true'"},
    {EXPR_CONCAT, "'a' 'b'", "'ab'"},
    {EXPR_CONCAT, "'a' null", "null"},
    {EXPR_STRING, "42.5", "'42.5'"},
    {EXPR_STRING, "true", "'true'"},
    {EXPR_STRING, "'a'", "'a'"},
    {EXPR_STRING, "null", "null"},
    {EXPR_NUMBER_OF, "'0x1f' null", "31"},
    {EXPR_NUMBER_OF, "'052403' 8", "21763"},
    {EXPR_NUMBER_OF, "'zz' 10", "null"},
    {EXPR_NUMBER_OF, "7 10", "null"},
    {EXPR_NUMBER_OF, "null 10", "null"},
    {EXPR_LENGTH, "'abc'", "3"},
    {EXPR_LENGTH, "''", "0"},
    {EXPR_LENGTH, "7", "null"},
    {EXPR_LENGTH, "null", "null"},
    {EXPR_SUBSTRING, "'hello' 1 3", "'el'"},
    {EXPR_SUBSTRING, "'hello' -2 null", "null"},
    {EXPR_SUBSTRING, "'hello' 3 1", "''"},
    {EXPR_SUBSTRING, "7 0 1", "null"},
    {EXPR_SUBSTRING, "null 0 1", "null"},
    {EXPR_BETWEEN, "'a[b]c' '[' ']'", "'b'"},
    {EXPR_BETWEEN, "'abc' 'x' 'y'", "''"},
    {EXPR_BETWEEN, "7 'x' 'y'", "null"},
    {EXPR_BETWEEN, "null 'a' 'b'", "null"},
    {EXPR_INDEX_OF, "'abc' 'c' 0", "2"},
    {EXPR_INDEX_OF, "'abc' 'z' 0", "null"},
    {EXPR_INDEX_OF, "7 'a' 0", "null"},
    {EXPR_INDEX_OF, "null 'a' 0", "null"},
    {EXPR_STARTS, "'abc' 'ab'", "true"},
    {EXPR_STARTS, "'abc' 'b'", "false"},
    {EXPR_STARTS, "7 'a'", "null"},
    {EXPR_STARTS, "'abc' null", "null"},
    {EXPR_ENDS, "'abc' 'bc'", "true"},
    {EXPR_ENDS, "'abc' 'b'", "false"},
    {EXPR_ENDS, "7 'a'", "null"},
    {EXPR_ENDS, "null 'c'", "null"},
    {EXPR_CONTAINS, "'abc' 'b'", "true"},
    {EXPR_CONTAINS, "'abc' ''", "false"},
    {EXPR_CONTAINS, "7 'a'", "null"},
    {EXPR_CONTAINS, "null 'a'", "null"},
    {EXPR_IN_NETWORK, "'10.1.2.3' '10.0.0.0/8'", "true"},
    {EXPR_IN_NETWORK, "'11.1.2.3' '10.0.0.0/8'", "false"},
    {EXPR_IN_NETWORK, "'x' '10.0.0.0/8'", "false"},
    {EXPR_IN_NETWORK, "null '10.0.0.0/8'", "null"},
    {EXPR_EQ, "1 1.0", "true"},
    {EXPR_EQ, "'a' 'b'", "false"},
    {EXPR_EQ, "1 '1'", "true"},
    {EXPR_EQ, "null 1", "null"},
    {EXPR_LT, "1 2", "true"},
    {EXPR_LT, "'b' 'a'", "false"},
    {EXPR_LT, "1 'a'", "null"},
    {EXPR_LT, "null 1", "null"},
    {EXPR_LE, "2 2", "true"},
    {EXPR_LE, "'b' 'a'", "false"},
    {EXPR_LE, "true 1", "null"},
    {EXPR_LE, "1 null", "null"},
    {EXPR_GT, "2 1", "true"},
    {EXPR_GT, "'a' 'b'", "false"},
    {EXPR_GT, "1 'a'", "null"},
    {EXPR_GT, "null 1", "null"},
    {EXPR_GE, "2 2", "true"},
    {EXPR_GE, "1 2", "false"},
    {EXPR_GE, "'a' true", "null"},
    {EXPR_GE, "null 1", "null"},
    {EXPR_IS_NULL, "1", "false"},
    {EXPR_IS_NULL, "''", "false"},
    {EXPR_IS_NULL, "null", "true"},
    {EXPR_IS_THERE, "1", "true"},
    {EXPR_IS_THERE, "false", "true"},
    {EXPR_IS_THERE, "null", "false"},
    {EXPR_AND, "true true", "true"},
    {EXPR_AND, "true false", "false"},
    {EXPR_AND, "true null", "null"},
    {EXPR_AND, "false null", "false"},
    {EXPR_AND, "true 1", "null"},
    {EXPR_OR, "false true", "true"},
    {EXPR_OR, "false false", "false"},
    {EXPR_OR, "true null", "true"},
    {EXPR_OR, "false null", "null"},
    {EXPR_OR, "false 'a'", "null"},
    {EXPR_NOT, "true", "false"},
    {EXPR_NOT, "false", "true"},
    {EXPR_NOT, "null", "null"},
    {EXPR_NOT, "1", "null"},
    {EXPR_CASE, "true 'a' 'b'", "'a'"},
    {EXPR_CASE, "false 'a' 'b'", "'b'"},
    {EXPR_CASE, "null 'a' 'b'", "'b'"},
    {EXPR_CASE, "false 'a'", "null"},
    {EXPR_COALESCE, "null 'a'", "'a'"},
    {EXPR_COALESCE, "'a' 2", "'a'"},
    {EXPR_COALESCE, "1 2", "1"},
    {EXPR_COALESCE, "null null", "null"},
    {EXPR_IN, "2 1 2", "true"},
    {EXPR_IN, "'c' 'a' 'b'", "false"},
    {EXPR_IN, "null 1 2", "null"},
    {EXPR_IN, "1 'a' null", "null"},
    {EXPR_LOWER, "'AbC'", "'abc'"},
    {EXPR_LOWER, "'é'", "'é'"},
    {EXPR_LOWER, "'ÀÉ_ΠΣ_ДЖ_Ⱥ_𐐀'", "'àé_πσ_дж_ⱥ_𐐨'"},
    {EXPR_LOWER, "'日本_ß_İ_K'", "'日本_ß_İ_K'"}, /* the last one is that of Kelvin */
    {EXPR_LOWER, "7", "'7'"},
    {EXPR_LOWER, "null", "null"},
    {EXPR_UPPER, "'AbC'", "'ABC'"},
    {EXPR_UPPER, "''", "''"},
    {EXPR_UPPER, "'àé_πσς_дж_ⱥ_𐐨'", "'ÀÉ_ΠΣΣ_ДЖ_Ⱥ_𐐀'"},
    {EXPR_UPPER, "'straße_ı'", "'STRAßE_ı'"},
    {EXPR_UPPER, "7", "'7'"},
    {EXPR_UPPER, "null", "null"},
    {EXPR_TRIM, "'..a..' '.'", "'a'"},
    {EXPR_TRIM, "'a' '.'", "'a'"},
    {EXPR_TRIM, "7 '.'", "'7'"},
    {EXPR_TRIM, "null '.'", "null"},
    {EXPR_TRIM_LEFT, "'..a..' '.'", "'a..'"},
    {EXPR_TRIM_LEFT, "'a' '.'", "'a'"},
    {EXPR_TRIM_LEFT, "7 '.'", "'7'"},
    {EXPR_TRIM_LEFT, "null '.'", "null"},
    {EXPR_TRIM_RIGHT, "'..a..' '.'", "'..a'"},
    {EXPR_TRIM_RIGHT, "'a' '.'", "'a'"},
    {EXPR_TRIM_RIGHT, "7 '.'", "'7'"},
    {EXPR_TRIM_RIGHT, "null '.'", "null"},
    {EXPR_REPLACE_TEXT, "'abab' 'b' 'x'", "'axax'"},
    {EXPR_REPLACE_TEXT, "'a' 'z' 'x'", "'a'"},
    {EXPR_REPLACE_TEXT, "7 'a' 'b'", "'7'"},
    {EXPR_REPLACE_TEXT, "null 'a' 'b'", "null"},
    {EXPR_SPLIT, "'a/b/c' '/'", "['a','b','c']"},
    {EXPR_SPLIT, "'abc' '/'", "'abc'"},
    {EXPR_SPLIT, "7 '/'", "'7'"},
    {EXPR_SPLIT, "null '/'", "null"},
    {EXPR_URL_DECODE, "'a%2Fb'", "'a/b'"},
    {EXPR_URL_DECODE, "'a%zz'", "'a%zz'"},
    {EXPR_URL_DECODE, "7", "'7'"},
    {EXPR_URL_DECODE, "null", "null"},
    {EXPR_BASE64_DECODE, "'aGk='", "'hi'"},
    {EXPR_BASE64_DECODE, "'!!'", "null"},
    {EXPR_BASE64_DECODE, "7", "null"},
    {EXPR_BASE64_DECODE, "null", "null"},
    {EXPR_BASE64_DECODE, "'aGk=' 'utf-8'", "'hi'"},
    {EXPR_BASE64_DECODE, "'a-G\nk=!' 'utf-8'", "'hi'"},
    {EXPR_BASE64_DECODE, "'aP8=' 'utf-8'", "'h\xef\xbf\xbd'"},
    {EXPR_BASE64_DECODE, "'aP8=' 'iso-8859-1'", "'h\xc3\xbf'"},
    {EXPR_BASE64_DECODE, "'SQBFAFgA' 'utf-16le'", "'IEX'"},
    {EXPR_BASE64_DECODE, "'AEkARQBY' 'utf-16be'", "'IEX'"},
    {EXPR_BASE64_DECODE, "'PdgA3gDYQQBB' 'utf-16le'",
     "'\xf0\x9f\x98\x80\xef\xbf\xbd"
     "A\xef\xbf\xbd'"},
    {EXPR_BASE64_DECODE, "'a' 'utf-16le'", "null"},
    {EXPR_BASE64_DECODE, "null 'utf-8'", "null"},
    {EXPR_BYTES, "'a\xc3\xa9'", "3"},
    {EXPR_BYTES, "''", "0"},
    {EXPR_BYTES, "7", "null"},
    {EXPR_BYTES, "null", "null"},
    {EXPR_REVERSE, "'Some'", "'emoS'"},
    {EXPR_REVERSE, "''", "''"},
    {EXPR_REVERSE, "'a\u00e9b\r\nc'", "'c\r\nb\u00e9a'"},
    {EXPR_REVERSE, "'ae\u0301\u0323b'", "'be\u0301\u0323a'"},
    {EXPR_REVERSE, "'x\u0915\u093f\u092e'", "'\u092e\u0915\u093fx'"},
    {EXPR_REVERSE, "'\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7a'",
     "'a\U0001f1eb\U0001f1f7\U0001f1e9\U0001f1ea'"},
    {EXPR_REVERSE, "'a\U0001f468\u200d\U0001f469\u200d\U0001f467b\U0001f44d\U0001f3fd'",
     "'\U0001f44d\U0001f3fdb\U0001f468\u200d\U0001f469\u200d\U0001f467a'"},
    {EXPR_REVERSE, "'a\u200d\U0001f467'", "'\U0001f467a\u200d'"},
    {EXPR_REVERSE, "'a\xff\xc3z'",
     "'z\xc3\xff"
     "a'"},
    {EXPR_REVERSE, "'a\n\u0301'", "'\u0301\na'"},
    {EXPR_REVERSE, "[1,2]", "null"},
    {EXPR_REVERSE, "null", "null"},
    {EXPR_URL_ENCODE, "'a-Z.0_9~'", "'a-Z.0_9~'"},
    {EXPR_URL_ENCODE, "'/?x=%20+\xc3\xa9'", "'%2F%3Fx%3D%2520%2B%C3%A9'"},
    {EXPR_URL_ENCODE, "[1,2]", "null"},
    {EXPR_URL_ENCODE, "null", "null"},
    {EXPR_HASH, "'abc' 'MD5'", "'900150983cd24fb0d6963f7d28e17f72'"},
    {EXPR_HASH, "'' 'md5'", "'d41d8cd98f00b204e9800998ecf8427e'"},
    {EXPR_HASH, "'abc' 'sha'", "'a9993e364706816aba3e25717850c26c9cd0d89d'"},
    {EXPR_HASH, "'abc' 'SHA-224'", "'23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'"},
    {EXPR_HASH, "'abc' 'sha256'",
     "'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'"},
    {EXPR_HASH, "'abc' 'SHA-384'",
     "'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
     "8086072ba1e7cc2358baeca134c825a7'"},
    {EXPR_HASH, "'abc' 'SHA-512'",
     "'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f'"},
    {EXPR_HASH, "'abc' 'md6'", "null"},
    {EXPR_HASH, "'abc' 5", "null"},
    {EXPR_HASH, "null 'md5'", "null"},
    {EXPR_BASE64_ENCODE, "'hi'", "'aGk='"},
    {EXPR_BASE64_ENCODE, "''", "''"},
    {EXPR_BASE64_ENCODE, "null", "null"},
    {EXPR_LIST_MEDIAN, "[3,7,1,6]", "4"},
    {EXPR_LIST_MEDIAN, "[3,7,1]", "3"},
    {EXPR_LIST_MEDIAN, "[0,-1]", "-1"},
    {EXPR_LIST_MEDIAN, "[9223372036854775807,9223372036854775805]", "9223372036854775806"},
    {EXPR_LIST_MEDIAN, "[0.5,1,2]", "1"},
    {EXPR_LIST_MEDIAN, "[1,2.0]", "1.5"},
    {EXPR_LIST_MEDIAN, "['5',7]", "6"},
    {EXPR_LIST_MEDIAN, "['a',7]", "null"},
    {EXPR_LIST_MEDIAN, "7", "7"},
    {EXPR_LIST_MEDIAN, "null", "null"},
    {EXPR_LIST_PERCENTILE, "[5,1,3] 50", "3"},
    {EXPR_LIST_PERCENTILE, "[5,1,3] 75", "4"},
    {EXPR_LIST_PERCENTILE, "[1,2] 50", "1"},
    {EXPR_LIST_PERCENTILE, "[1,2.0] 50", "1.5"},
    {EXPR_LIST_PERCENTILE, "[1,2] 100", "2"},
    {EXPR_LIST_PERCENTILE, "7 99.9", "7"},
    {EXPR_LIST_PERCENTILE, "[-9223372036854775807,9223372036854775807] 75", "4611686018427387905"},
    {EXPR_LIST_PERCENTILE, "[-9223372036854775807,9223372036854775807] 99.999999999999999",
     "9223372036854775807"},
    {EXPR_LIST_PERCENTILE, "[1,'a'] 50", "null"},
    {EXPR_LIST_PERCENTILE, "[1,2] 101", "null"},
    {EXPR_LIST_PERCENTILE, "null 50", "null"},
    {EXPR_ENTROPY, "'abab'", "1.0"},
    {EXPR_ENTROPY, "'abcd'", "2.0"},
    {EXPR_ENTROPY, "'aaaa'", "0.0"},
    {EXPR_ENTROPY, "''", "0.0"},
    {EXPR_ENTROPY, "null", "null"},
    {EXPR_HAS_TEXT, "'abc' ''", "true"},
    {EXPR_HAS_TEXT, "'abc' 'z'", "false"},
    {EXPR_HAS_TEXT, "7 'a'", "false"},
    {EXPR_HAS_TEXT, "null 'a'", "null"},
    {EXPR_QUOTIENT, "3 2", "1.5"},
    {EXPR_QUOTIENT, "4 2", "2"},
    {EXPR_QUOTIENT, "1 0", "null"},
    {EXPR_QUOTIENT, "'a' 2", "null"},
    {EXPR_QUOTIENT, "null 2", "null"},
    {EXPR_ROUND, "2.5 0", "3"},
    {EXPR_ROUND, "-2.5 0", "-3"},
    {EXPR_ROUND, "2.25 1", "2.3"},
    {EXPR_ROUND, "'a' 0", "null"},
    {EXPR_ROUND, "null 0", "null"},
    {EXPR_FLOOR, "2.5", "2"},
    {EXPR_FLOOR, "-2.5", "-3"},
    {EXPR_FLOOR, "3", "3"},
    {EXPR_FLOOR, "'a'", "null"},
    {EXPR_FLOOR, "null", "null"},
    {EXPR_CEILING, "2.5", "3"},
    {EXPR_CEILING, "-2.5", "-2"},
    {EXPR_CEILING, "3", "3"},
    {EXPR_CEILING, "'a'", "null"},
    {EXPR_CEILING, "null", "null"},
    {EXPR_ABSOLUTE, "-5", "5"},
    {EXPR_ABSOLUTE, "-0.5", "0.5"},
    {EXPR_ABSOLUTE, "'a'", "null"},
    {EXPR_ABSOLUTE, "null", "null"},
    {EXPR_POWER, "2 10", "1024.0"},
    {EXPR_POWER, "2 -1", "0.5"},
    {EXPR_POWER, "2 0.5", "1.4142135623730951"},
    {EXPR_POWER, "'a' 2", "null"},
    {EXPR_POWER, "null 2", "null"},
    {EXPR_SQUARE_ROOT, "9", "3.0"},
    {EXPR_SQUARE_ROOT, "2", "1.4142135623730951"},
    {EXPR_SQUARE_ROOT, "-1", "null"},
    {EXPR_SQUARE_ROOT, "'a'", "null"},
    {EXPR_SQUARE_ROOT, "null", "null"},
    {EXPR_LOGARITHM, "8 2", "3.0"},
    {EXPR_LOGARITHM, "1", "0.0"},
    {EXPR_LOGARITHM, "0", "null"},
    {EXPR_LOGARITHM, "'a'", "null"},
    {EXPR_LOGARITHM, "null", "null"},
    {EXPR_LEAST, "3 1 2", "1"},
    {EXPR_LEAST, "[3,1] 2", "1"},
    {EXPR_LEAST, "'b' 'a'", "'a'"},
    {EXPR_LEAST, "null 2", "2"},
    {EXPR_GREATEST, "3 1 2", "3"},
    {EXPR_GREATEST, "[3,1] 2", "3"},
    {EXPR_GREATEST, "'b' 'a'", "'b'"},
    {EXPR_GREATEST, "null null", "null"},
    {EXPR_WHOLE, "2.9", "2"},
    {EXPR_WHOLE, "'-3.7'", "-3"},
    {EXPR_WHOLE, "'a'", "null"},
    {EXPR_WHOLE, "null", "null"},
    {EXPR_REAL, "2", "2.0"},
    {EXPR_REAL, "'2.5'", "2.5"},
    {EXPR_REAL, "'a'", "null"},
    {EXPR_REAL, "null", "null"},
    {EXPR_BOOLEAN, "'TRUE'", "true"},
    {EXPR_BOOLEAN, "0", "false"},
    {EXPR_BOOLEAN, "'x'", "null"},
    {EXPR_BOOLEAN, "null", "null"},
    {EXPR_DISTANCE, "0 0 0 1", "111195.0802335329"},
    {EXPR_DISTANCE, "0 0 0 0", "0.0"},
    {EXPR_DISTANCE, "'a' 0 0 0", "null"},
    {EXPR_DISTANCE, "null 0 0 0", "null"},
    {EXPR_MATH, "'sin' 0", "0.0"},
    {EXPR_MATH, "'cos' 0", "1.0"},
    {EXPR_MATH, "'atan2' 0 1", "0.0"},
    {EXPR_MATH, "'cbrt' '27'", "3.0"},
    {EXPR_MATH, "'acos' 2", "null"},
    {EXPR_MATH, "'degrees' 0", "0.0"},
    {EXPR_MATH, "'copysign' 5 -0.5", "-5.0"},
    {EXPR_MATH, "'scalb' 1.5 3", "12.0"},
    {EXPR_MATH, "'scalb' 1 99999999999", "null"},
    {EXPR_MATH, "'sin' [1,2]", "null"},
    {EXPR_MATH, "'sin' 1 2", "null"},
    {EXPR_MATH, "'none' 1", "null"},
    {EXPR_MATH, "'sin' null", "null"},
    {EXPR_TIME_OF, "'2026-01-01T00:00:00Z'", "1767225600000"},
    {EXPR_TIME_OF, "1767225600000", "1767225600000"},
    {EXPR_TIME_OF, "'x'", "null"},
    {EXPR_TIME_OF, "null", "null"},
    {EXPR_TIME_TEXT, "1767225600000", "'2026-01-01T00:00:00.000Z'"},
    {EXPR_TIME_TEXT, "0", "'1970-01-01T00:00:00.000Z'"},
    {EXPR_TIME_TEXT, "'x'", "null"},
    {EXPR_TIME_TEXT, "null", "null"},
    {EXPR_TIME_FORMAT, "1767225600000 '%Y/%m'", "'2026/01'"},
    {EXPR_TIME_FORMAT, "0 '%d'", "'01'"},
    {EXPR_TIME_FORMAT, "1767225600345 '%S.%3NZ'", "'00.345Z'"},
    {EXPR_TIME_FORMAT, "1767225600345 '%1N%9N'", "'3345000000'"},
    {EXPR_TIME_FORMAT, "1767225600345 '%%3N%'", "'%3N%'"},
    {EXPR_TIME_FORMAT, "1767225600345 '%N/%Q/%2Q'", "'345000000/345/34'"},
    {EXPR_TIME_FORMAT, "'x' '%Y'", "null"},
    {EXPR_TIME_FORMAT, "null '%Y'", "null"},
    {EXPR_TIME_TRUNC, "1767225661234 60000", "1767225660000"},
    {EXPR_TIME_TRUNC, "1767225600000 3600000", "1767225600000"},
    {EXPR_TIME_TRUNC, "1772360430500 1 'month'", "1772323200000"},
    {EXPR_TIME_TRUNC, "1772360430500 3 'month'", "1767225600000"},
    {EXPR_TIME_TRUNC, "1772360430500 12 'month'", "1767225600000"},
    {EXPR_TIME_TRUNC, "1772360430500 0 'month'", "null"},
    {EXPR_TIME_TRUNC, "'x' 1000", "null"},
    {EXPR_TIME_TRUNC, "null 1000", "null"},
    {EXPR_TIME_DIFF, "1767225600000 1767225720000 60000", "2"},
    {EXPR_TIME_DIFF, "1767225720000 1767225600000 60000", "-2"},
    {EXPR_TIME_DIFF, "1767225600000 1767225719999 60000", "1"},
    {EXPR_TIME_DIFF, "1772323200000 1774915200000 'month'", "0"}, /* 1 to 31 March */
    {EXPR_TIME_DIFF, "1772323200000 1775001600000 'month'", "1"}, /* ... to 1 April */
    {EXPR_TIME_DIFF, "1775001600000 1772323200001 'month'", "0"},
    {EXPR_TIME_DIFF, "1775001600000 1772323200000 'month'", "-1"},
    {EXPR_TIME_DIFF, "'x' 1767225600000 1000", "null"},
    {EXPR_TIME_DIFF, "null 1767225600000 1000", "null"},
    {EXPR_TIME_PART, "1767225600000 'year'", "2026"},
    {EXPR_TIME_PART, "1767225600000 'weekday'", "4"},
    {EXPR_TIME_PART, "1767225600000 'eon'", "null"},
    {EXPR_TIME_PART, "'x' 'year'", "null"},
    {EXPR_TIME_PART, "null 'year'", "null"},
    {EXPR_LIST, "1 [2,3]", "[1,2,3]"},
    {EXPR_LIST, "'a' 'b'", "['a','b']"},
    {EXPR_LIST, "null null", "null"},
    {EXPR_LIST_COUNT, "[1,2,3]", "3"},
    {EXPR_LIST_COUNT, "'a'", "1"},
    {EXPR_LIST_COUNT, "null", "null"},
    {EXPR_LIST_AT, "[1,2,3] 0", "1"},
    {EXPR_LIST_AT, "[1,2,3] -1", "3"},
    {EXPR_LIST_AT, "[1,2,3] 0 1", "[1,2]"},
    {EXPR_LIST_AT, "[1,2,3] 7", "null"},
    {EXPR_LIST_AT, "[1,2] 'a'", "null"},
    {EXPR_LIST_AT, "null 0", "null"},
    {EXPR_LIST_JOIN, "['a','b'] '-'", "'a-b'"},
    {EXPR_LIST_JOIN, "'a' '-'", "'a'"},
    {EXPR_LIST_JOIN, "[1,2] '-'", "'1-2'"},
    {EXPR_LIST_JOIN, "null '-'", "null"},
    {EXPR_LIST_SUM, "[1,2,3]", "6"},
    {EXPR_LIST_SUM, "[1,0.5]", "1.5"},
    {EXPR_LIST_SUM, "['a','b']", "null"},
    {EXPR_LIST_SUM, "null", "null"},
    {EXPR_LIST_AVERAGE, "[1,2]", "1.5"},
    {EXPR_LIST_AVERAGE, "3", "3.0"},
    {EXPR_LIST_AVERAGE, "['a','b']", "null"},
    {EXPR_LIST_AVERAGE, "null", "null"},
    {EXPR_LIST_DISTINCT, "[1,2,1]", "[1,2]"},
    {EXPR_KIND_OF, "'12'", "'text'"},
    {EXPR_KIND_OF, "12", "'whole'"},
    {EXPR_KIND_OF, "1.5", "'real'"},
    {EXPR_KIND_OF, "[1,2]", "'list'"},
    {EXPR_KIND_OF, "true", "'bool'"},
    {EXPR_KIND_OF, "null", "'null'"},
    {EXPR_NUMBER_TEXT, "255 'hex'", "'0xFF'"},
    {EXPR_NUMBER_TEXT, "-1 'hex'", "null"},
    {EXPR_NUMBER_TEXT, "1234567 'commas'", "'1,234,567'"},
    {EXPR_NUMBER_TEXT, "-123 'commas'", "'-123'"},
    {EXPR_NUMBER_TEXT, "-1234.5 'commas'", "'-1,234.50'"},
    {EXPR_NUMBER_TEXT, "615 'duration'", "'00:10:15'"},
    {EXPR_NUMBER_TEXT, "'183845' 'duration'", "'2+03:04:05'"},
    {EXPR_NUMBER_TEXT, "-1 'duration'", "null"},
    {EXPR_NUMBER_TEXT, "'x' 'commas'", "null"},
    {EXPR_NUMBER_TEXT, "null 'hex'", "null"},
    {EXPR_IS_JSON, "'[1]'", "true"},
    {EXPR_IS_JSON, "'[1'", "false"},
    {EXPR_IS_JSON, "7", "false"},
    {EXPR_IS_JSON, "null", "null"},
    {EXPR_JSON_AT, "'{\"a\":{\"b\":7}}' 'a.b'", "7"},
    {EXPR_JSON_AT, "'{\"a\":[{\"b\":1},{\"c\":2},{\"b\":3}]}' 'a{}.b'", "[1,3]"},
    {EXPR_JSON_AT, "'{\"a\":[\"x\",\"y\"]}' 'a{1}'", "'y'"},
    {EXPR_JSON_AT, "'{\"a\":[\"x\",\"y\"]}' 'a{2}'", "null"},
    {EXPR_JSON_AT, "'{\"a\":[1,2]}' 'a'", "'[1,2]'"},
    {EXPR_JSON_AT, "'{\"a\":true}' 'a'", "'true'"},
    {EXPR_JSON_AT, "'{\"a\":null}' 'a'", "null"},
    {EXPR_JSON_AT, "'{\"a\":1}' 'a.b'", "null"},
    {EXPR_JSON_AT, "'no' 'a'", "null"},
    {EXPR_JSON_AT, "null 'a'", "null"},
    {EXPR_TIME_READ, "'2026-01-01T00:00:10' '%Y-%m-%dT%H:%M:%S'", "1767225610000"},
    {EXPR_TIME_READ, "'2026-01-01T02:00+0200' '%Y-%m-%dT%H:%M%z'", "1767225600000"},
    {EXPR_TIME_READ, "'10:00' '%H:%M'", "36000000"},
    {EXPR_TIME_READ, "'x' '%Y'", "null"},
    {EXPR_TIME_READ, "null '%Y'", "null"},
    {EXPR_LIST_ZIP, "['a','b','c'] [1,2] '|'", "['a|1','b|2']"},
    {EXPR_LIST_ZIP, "'a' 'b' ','", "'a,b'"},
    {EXPR_LIST_ZIP, "null 'b' ','", "null"},
    {EXPR_IP_PREFIX, "'10.1.2.3' 24 0", "'10.1.2.0'"},
    {EXPR_IP_PREFIX, "'10.1.2.3' 0 0", "'0.0.0.0'"},
    {EXPR_IP_PREFIX, "'2001:db8:1::ff' 24 47", "'2001:db8::'"},
    {EXPR_IP_PREFIX, "'::ffff:10.1.2.3' 8 0", "'10.0.0.0'"},
    {EXPR_IP_PREFIX, "'10.1.2.3' 33 0", "null"},
    {EXPR_IP_PREFIX, "'x' 24 0", "null"},
    {EXPR_IP_PREFIX, "null 24 0", "null"},
    {EXPR_LIST_RANGE, "1 7 2", "[1,3,5]"},
    {EXPR_LIST_RANGE, "1 1 1", "null"},
    {EXPR_LIST_RANGE, "1 5 0", "null"},
    {EXPR_LIST_RANGE, "1 null 1", "null"},
    {EXPR_LIST_DISTINCT, "'a'", "'a'"},
    {EXPR_LIST_DISTINCT, "null", "null"},
    {EXPR_LIST_SORT, "[3,1,2]", "[1,2,3]"},
    {EXPR_LIST_SORT, "['b','a']", "['a','b']"},
    {EXPR_LIST_SORT, "[3,1,2] true", "[3,2,1]"},
    {EXPR_LIST_SORT, "[3,1,2] false", "[1,2,3]"},
    {EXPR_LIST_SORT, "null", "null"},
    {EXPR_LIST_INTERSECT, "[1,2,3] [2,3,4]", "[2,3]"},
    {EXPR_LIST_INTERSECT, "[1] [2]", "null"},
    {EXPR_LIST_INTERSECT, "null [1]", "null"},
};

/* ---- values as text ------------------------------------------------------------------------ */

static struct expr_value scalar(struct str text)
{
    if (str_eq(text, STR("null")))
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    if (str_eq(text, STR("true")) || str_eq(text, STR("false")))
        return expr_value_bool(text.n == 4);
    if (text.p[0] == '\'')
        return expr_value_text(str_sub(text, 1, text.n - 2));
    return expr_value_number(text);
}

static struct expr_value value_of(struct arena *a, struct str text)
{
    struct expr_value items[ITEMS_MAX];
    size_t n = 0, at = 1;

    if (text.p[0] != '[')
        return scalar(text);
    while (at < text.n - 1 && n < ITEMS_MAX) {
        size_t end = str_find_char(text, ',', at);
        end = end == SIZE_MAX ? text.n - 1 : end;
        items[n++] = scalar(str_sub(text, at, end - at));
        at = end + 1;
    }
    return expr_value_list(a, items, n);
}

static void show(struct arena *a, const struct expr_value *v, struct buf *out)
{
    struct str text = STR("null");
    size_t n;
    const struct expr_value *items = expr_value_items(v, &n);

    if (v->type == EXPR_VALUE_LIST) {
        for (size_t i = 0; i < n; i++) {
            buf_add(out, i ? STR(",") : STR("["));
            show(a, &items[i], out);
        }
        buf_add(out, STR("]"));
        return;
    }
    (void)expr_value_string(a, v, &text);
    bool is_text = v->type == EXPR_VALUE_TEXT;
    buf_printf(out, "%s%.*s%s", is_text ? "'" : "", (int)text.n, text.p, is_text ? "'" : "");
}

/* ---- one row ------------------------------------------------------------------------------- */

static struct expr_value argument(void *context, uint32_t slot)
{
    return ((const struct expr_value *)context)[slot];
}

static size_t read_args(struct arena *a, const char *text, struct expr_value *values)
{
    struct str rest = str_from(text);
    size_t n = 0, at = 0;

    while (at < rest.n && n < ARGS_MAX) {
        size_t end = str_find_char(rest, ' ', at);
        end = end == SIZE_MAX ? rest.n : end;
        values[n++] = value_of(a, str_sub(rest, at, end - at));
        at = end + 1;
    }
    return n;
}

static void compute(const struct row *row, struct arena *a, struct buf *out)
{
    struct expr_value values[ARGS_MAX];
    struct expr fields[ARGS_MAX], *args[ARGS_MAX];
    size_t n = read_args(a, row->args, values);
    struct expr call = {.kind = EXPR_CALL, .op = row->op, .args = args, .n_args = n};

    for (size_t i = 0; i < n; i++) {
        fields[i] = (struct expr){.kind = EXPR_MEMBERS, .slot = (uint32_t)i};
        args[i] = &fields[i];
    }
    struct expr_value v = expr_value_of(
        &call, &(struct expr_scope){
                   .field = argument, .members = argument, .context = values, .space = a});
    show(a, &v, out);
}

TEST(each_operator_gives_what_the_table_says)
{
    size_t n_bad = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *a = arena_new(0);
        struct buf got = {0};
        compute(&rows[i], a, &got);
        if (!str_eq(buf_str(&got), str_from(rows[i].want)))
            print_error("%s(%s) is %.*s, not %s\n", expr_op_name(rows[i].op), rows[i].args,
                        (int)got.n, got.p, rows[i].want);
        n_bad += !str_eq(buf_str(&got), str_from(rows[i].want));
        buf_release(&got);
        arena_free(a);
    }
    CHECK_EQ(n_bad, 0);
}

static bool is_made_elsewhere(enum expr_op op)
{
    static const enum expr_op OPS[] = {
        EXPR_GLOB,   EXPR_REGEX, EXPR_CAPTURE,   EXPR_REPLACE,      EXPR_GEO,        EXPR_ANY_OF,
        EXPR_FILTER, EXPR_MAP,   EXPR_LIST_FIND, EXPR_LIST_CAPTURE, EXPR_LIST_LOOKUP};

    for (size_t i = 0; i < ARRAY_LEN(OPS); i++)
        if (OPS[i] == op)
            return true;
    return false;
}

TEST(each_operator_is_in_the_table_with_a_value_and_with_null)
{
    for (int op = 0; op < EXPR_OPS; op++) {
        size_t n_values = 0, n_nulls = 0;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            bool has_null = str_find(str_from(rows[i].args), STR("null"), 0) != SIZE_MAX;
            n_nulls += rows[i].op == (enum expr_op)op && has_null;
            n_values += rows[i].op == (enum expr_op)op && !has_null;
        }
        if (!is_made_elsewhere((enum expr_op)op) && (n_values < 2 || n_nulls == 0))
            fail_msg("%s: %zu rows with values, %zu with null", expr_op_name((enum expr_op)op),
                     n_values, n_nulls);
    }
}

TEST_MAIN(ENTRY(each_operator_gives_what_the_table_says),
          ENTRY(each_operator_is_in_the_table_with_a_value_and_with_null))
