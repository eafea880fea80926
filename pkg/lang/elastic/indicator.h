/* indicator.h - what the files about threat_match share. Private to the folder. */
#ifndef WEIR_LANG_ELASTIC_INDICATOR_H
#define WEIR_LANG_ELASTIC_INDICATOR_H

#include "lang/elastic/impl.h"

#define INDICATOR_LIST "threat_indicators"

/* The rows of the list (which there is) of which the query is certainly false, by number; NULL:
 * there are none. *unknown: a field that it asks and the list does not have as a column; empty:
 * none. False: the list is no table, and nothing is known of its rows. */
bool indicator_select(struct elastic_scope *s, const struct formula *query, bool **is_out,
                      struct str *unknown);

#endif
