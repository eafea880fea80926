/* attack.h - ATT&CK tactics and techniques from the tags of a rule.
 *
 * Tags as in Sigma: attack.t1552.007, attack.credential-access (or credential_access). Names come
 * from the bundled table (attack_table.c); a technique that it does not hold keeps its id alone.
 * A technique is shown with the first of the rule's tactics that it serves; a tactic that no
 * technique of the rule serves stands alone.
 *
 * Version 19 of ATT&CK renamed TA0005 (Defense Evasion) to Stealth and split off Defense
 * Impairment (TA0112): both namings are known.
 */
#ifndef WEIR_ALERT_ATTACK_H
#define WEIR_ALERT_ATTACK_H

#include "base/base.h"
#include "rule/rule.h"

enum { ATTACKS_MAX = 32 };

struct attack_name {
    struct str uid, name; /* empty: unknown */
};

struct attack {
    const char *version; /* of ATT&CK, where the names are from */
    struct attack_name tactic, technique, sub_technique;
};

/* Returns how many, at most ATTACKS_MAX; texts point into the table or the tags' upper-case
 * copies in the arena. */
size_t attack_of_tags(struct arena *a, struct str_list tags, struct attack out[static ATTACKS_MAX]);

/* Names of the rule's tactics, each once, in the order of the tags. */
size_t attack_tactics(struct str_list tags, struct str out[static ATTACKS_MAX]);

/* True if the tag names a tactic or a technique. */
bool attack_is_tag(struct str tag);

#endif
