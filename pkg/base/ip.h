/* ip.h - addresses and networks, v4 and v6.
 *
 * A v4-mapped v6 address (::ffff:a.b.c.d) is inside a v4 network too; a plain v4 address is
 * inside a v6 network only if that is a network of mapped addresses (::/0 holds no v4).
 * Text is parsed strictly (inet_pton: four decimal parts without leading zeros); a zone
 * ("%eth0"), a port or blanks make it no address.
 */
#ifndef WEIR_BASE_IP_H
#define WEIR_BASE_IP_H

#include "base/base.h"

struct ip_address {
    uint8_t bytes[16]; /* v4 as ::ffff:a.b.c.d */
    bool is_v4;
};

struct ip_network {
    struct ip_address address;
    uint8_t prefix_bits; /* 0 to 128, counted in the 16-byte form */
};

/* False: no parser takes it for an address, since it has another character than those of addresses,
 * or no dot and no colon. Most texts that are none, such as names of hosts, are told so by their
 * first characters. */
bool ip_looks_like(struct str text);
bool ip_parse(struct str text, struct ip_address *out);
/* "10.0.0.0/8", "fe80::/10", or a bare address (one host). False on host bits (a bit set behind
 * the prefix) or bad text. */
bool ip_network_parse(struct str text, struct ip_network *out);
bool ip_in_network(const struct ip_address *ip, const struct ip_network *net);

#endif
