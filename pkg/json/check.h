/* check.h - is this JSON, and if not, why and where: a byte at a time.
 *
 * The plain checker behind the scanner's refusals and json_document_length(). Never on
 * the path of a good record.
 */
#ifndef WEIR_JSON_CHECK_H
#define WEIR_JSON_CHECK_H

#include "json/scan.h"

/* The whole text as one JSON value with blanks around it, under all limits of a record.
 * *at: where it goes wrong (JSON_TRUNCATED: text.n). */
MUST_USE enum json_reason json_check(struct str text, size_t *at);

#endif
