/* sigma_text.h - Sigma text in, readable formula or messages out: the shape of all Sigma tables.
 *
 * A good document gives its dumped formula (rule/dump.h), then " ! line:col: text" for each
 * warning. A bad one gives "status: line:col: text; line:col: text" (errors only). */
#ifndef WEIR_TESTS_LIB_SIGMA_TEXT_H
#define WEIR_TESTS_LIB_SIGMA_TEXT_H

#include "base/arena.h"
#include "lang/lang.h"

/* The lists that the tests' rules may name: one (1 entry), two (2), wild (globs `*x` and `y?`),
 * none (0), dotted (`a.b`), many (EXPAND_VALUES_MAX / 50 entries), precise (exact: `Alpha`, `b*`),
 * nets (cidr: 10.0.0.0/8, fd00::1), badnets, hostnets (cidr with bad entries), nonets (cidr, 0). */
extern const struct list_source SIGMA_TEST_LISTS;

/* A whole document. */
struct str sigma_document(struct arena *a, struct str yaml);

/* The same with options of the loader. */
struct str sigma_document_with(struct arena *a, struct str yaml,
                               const struct lang_options *options);

/* The body of `detection:`, indented by two; it starts at line 4. */
struct str sigma_detection(struct arena *a, const char *yaml);

/* One item of a selection, such as `f|contains: x`; it starts at 5:5. */
struct str sigma_item(struct arena *a, const char *yaml);

#endif
