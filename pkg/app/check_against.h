/* check_against.h - `weir check NEW --against OLD`: what becomes of each rule's state when the new
 * rules replace the old ones.
 *
 * kept: windows, counts and open findings go on; reset: they begin anew, and why; added; removed.
 * As lines for people correlations and what is not kept are listed, the rest is counted; as JSON
 * every rule with state is an object. Options about rules (lists, overlays, selection) hold for
 * both sides.
 */
#ifndef WEIR_APP_CHECK_AGAINST_H
#define WEIR_APP_CHECK_AGAINST_H

#include "app/output.h"
#include "app/rules.h"
#include "app/text_list.h"

struct check_against {
    const struct rule_options *options; /* of the new rules */
    const struct rule_book *book;       /* they themselves, without rules that do not load */
    const struct text_list *old;        /* paths */
    bool is_table;
};

MUST_USE enum weir_rc check_against(const struct check_against *c, struct output *out,
                                    struct weir_err *err);

#endif
