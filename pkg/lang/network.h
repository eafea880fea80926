/* network.h - networks as rules and lists write them: 10.0.0.0/8, fd00::/8, a bare address.
 *
 * Memory   the result is in the arena of the diag.
 */
#ifndef WEIR_LANG_NETWORK_H
#define WEIR_LANG_NETWORK_H

#include "base/base.h"
#include "lang/diag.h"

/* Bits behind the prefix: who set them meant another network or another prefix, unless the
 * language says that they do not count. */
enum host_bits { HOST_BITS_REFUSED, HOST_BITS_CLEARED };

/* The network `text` in its canonical form (a bare address is a network of one). False after an
 * error, which says `where` (may be empty) before it names the text. */
bool network_read(struct diag *d, struct place at, struct str where, struct str text,
                  enum host_bits host_bits, struct str *out);

/* 10.0.0.0/255.0.0.0 and 10.0.0.0/0.255.255.255 are 10.0.0.0/8 to Python's ipaddress, and so to
 * pySigma: the latter text, in the arena. Any other text as it is. */
struct str network_of_mask(struct arena *a, struct str text);

/* field > text: Elasticsearch orders addresses by their bits, which is not done: false after saying
 * so. Texts of versions ("1.2.3.4") look the same, so it is the field that says that it holds
 * addresses: they are called ip or something_ip. */
bool network_no_order(struct diag *d, struct place at, struct str field, struct str text);

#endif
