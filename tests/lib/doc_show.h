/* doc_show.h - a document tree on one line, for tables of tests. */
#ifndef WEIR_TESTS_LIB_DOC_SHOW_H
#define WEIR_TESTS_LIB_DOC_SHOW_H

#include "base/buf.h"
#include "doc/doc.h"

/* {key=value ...} [member ...] 'text' 5 f1.5 true null */
void doc_show(struct buf *out, const struct doc_node *n);

#endif
