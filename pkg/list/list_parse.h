/* list_parse.h - the two formats of list files. Private to pkg/list. */
#ifndef WEIR_LIST_LIST_PARSE_H
#define WEIR_LIST_LIST_PARSE_H

#include "list/list.h"

/* text lives in the arena a; entries are slices of it where they can be. Fill mode and entries of
 * *out; errors have line and column, no file. */
MUST_USE enum weir_rc list_parse_txt(struct arena *a, struct str text, struct list *out,
                                     struct weir_err *err);
MUST_USE enum weir_rc list_parse_csv(struct arena *a, struct str text, struct str column,
                                     struct list *out, struct weir_err *err);

#endif
