/* lex.h - KQL text to tokens.
 *
 * A literal without quotes goes on over blanks up to a sign or a keyword, so `a b` is one text. Of
 * its characters only * is a wildcard. Escapes are resolved.
 *
 * Memory   tokens point into the query or into the arenas of the scope.
 */
#ifndef WEIR_LANG_KQL_LEX_H
#define WEIR_LANG_KQL_LEX_H

#include "lang/query.h"

enum kql_token_kind {
    KQL_T_END,
    KQL_T_TEXT,   /* without quotes */
    KQL_T_QUOTED, /* in quotes: no wildcards */
    KQL_T_AND,
    KQL_T_OR,
    KQL_T_NOT,
    KQL_T_SIGN /* ( ) { } : < <= > >= */
};

struct kql_token {
    enum kql_token_kind kind;
    struct str text;  /* escapes resolved; wildcards are a * in it */
    struct glob glob; /* KQL_T_TEXT with wildcards: n_parts is not 0; in scope->a */
    struct str raw;   /* as written */
    struct place at;
    bool has_break; /* KQL_T_TEXT: a line ends inside it */
};

struct kql_lexer {
    struct query_scope *s;
    struct query_reader r;
};

/* False if the text is too large. */
bool kql_lexer_init(struct kql_lexer *l, struct query_scope *s, struct str text);

/* False after an error (unclosed, unknown escape, a keyword that nothing separates). */
bool kql_lex(struct kql_lexer *l, struct kql_token *out);

#endif
