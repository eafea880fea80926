/* lex.h - EQL text to tokens.
 *
 * Literals are decoded: a string is its text without quotes and escapes, a number is in JSON's
 * spelling. Words are not told apart from keywords: that is the parser's business.
 *
 * Memory   tokens point into the query or into the arena given.
 */
#ifndef WEIR_LANG_EQL_LEX_H
#define WEIR_LANG_EQL_LEX_H

#include "base/base.h"
#include "lang/query.h"

enum eql_token_kind {
    EQL_T_END,
    EQL_T_WORD,   /* a_b, @timestamp; a function's or operator's name may end in ~ */
    EQL_T_QUOTED, /* `a.b` */
    EQL_T_STRING,
    EQL_T_NUMBER,
    EQL_T_SIGN /* ( ) [ ] , . : ? | ! and the operators: its text */
};

struct eql_token {
    enum eql_token_kind kind;
    struct str text; /* decoded */
    struct str raw;  /* as written */
    struct place at;
};

struct eql_lexer {
    struct arena *a;
    struct diag *diag;
    struct query_reader r;
};

/* False if the text is too large. */
bool eql_lexer_init(struct eql_lexer *l, struct query_scope *s, struct str text);

/* False after an error (unclosed, unknown escape, a character that means nothing). */
bool eql_lex(struct eql_lexer *l, struct eql_token *out);

#endif
