/* network.c - the system reads the address, its bits behind the prefix are ours to judge. */
#include "lang/network.h"

#include "base/ip.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdio.h>

/* Clear the bits behind the prefix; true if any was set. */
static bool clear_host_bits(unsigned char *bytes, size_t n, uint64_t prefix)
{
    bool had_any = false;

    for (size_t i = 0; i < n; i++) {
        uint64_t first = i * 8;
        unsigned keep = prefix <= first ? 0 : prefix - first >= 8 ? 8 : (unsigned)(prefix - first);
        unsigned char mask = (unsigned char)(0xff00u >> keep);
        had_any |= (bytes[i] & (unsigned char)~mask) != 0;
        bytes[i] &= mask;
    }
    return had_any;
}

static bool bad_network(struct diag *d, struct place at, struct str where, struct str text)
{
    return diag_error(d, at, "%.*s'%.*s' is no network (10.0.0.0/8, fd00::/8)", SHOWN(where),
                      SHOWN(text));
}

struct str network_of_mask(struct arena *a, struct str text)
{
    struct str address, mask;
    char shown[INET_ADDRSTRLEN];
    struct in_addr in;

    if (!str_cut(text, '/', &address, &mask) || mask.n >= sizeof shown ||
        str_find_char(address, ':', 0) != SIZE_MAX)
        return text;
    snprintf(shown, sizeof shown, "%.*s", (int)mask.n, mask.p);
    if (strlen(shown) != mask.n || inet_pton(AF_INET, shown, &in) != 1)
        return text;
    uint32_t bits = ntohl(in.s_addr), ones = (uint32_t)__builtin_popcount(bits);
    /* All ones first, or all of them last. 0.0.0.0 is a mask, 255.255.255.255 too. */
    bool is_mask = (~bits & (~bits + 1)) == 0, is_host_mask = (bits & (bits + 1)) == 0;
    if (!is_mask && !is_host_mask)
        return text;
    return arena_printf(a, "%.*s/%u", (int)address.n, address.p, is_mask ? ones : 32 - ones);
}

bool network_read(struct diag *d, struct place at, struct str where, struct str text,
                  enum host_bits host_bits, struct str *out)
{
    char shown[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    struct str address, length;
    uint64_t prefix;

    bool has_length = str_cut(text, '/', &address, &length);
    if (address.n == 0 || address.n >= sizeof shown)
        return bad_network(d, at, where, text);
    snprintf(shown, sizeof shown, "%.*s", (int)address.n, address.p);
    int family = str_find_char(address, ':', 0) != SIZE_MAX ? AF_INET6 : AF_INET;
    size_t n = family == AF_INET6 ? 16 : 4;
    if (strlen(shown) != address.n || inet_pton(family, shown, bytes) != 1)
        return bad_network(d, at, where, text);
    prefix = n * 8;
    if (has_length && (!str_to_u64(length, &prefix) || prefix > n * 8))
        return bad_network(d, at, where, text);
    bool has_host_bits = clear_host_bits(bytes, n, prefix);
    inet_ntop(family, bytes, shown, sizeof shown);
    if (has_host_bits && host_bits == HOST_BITS_REFUSED)
        return diag_error(d, at,
                          "%.*s'%.*s' has bits set behind its prefix (did you mean '%s/%u'?)",
                          SHOWN(where), SHOWN(text), shown, (unsigned)prefix);
    *out = arena_printf(d->a, "%s/%u", shown, (unsigned)prefix);
    return true;
}

bool network_no_order(struct diag *d, struct place at, struct str field, struct str text)
{
    struct ip_address ip;
    bool is_address = str_ends(field, STR("ip")) &&
                      (field.n == 2 || field.p[field.n - 3] == '.' || field.p[field.n - 3] == '_');

    if (!is_address || !ip_parse(text, &ip))
        return true;
    return diag_unsupported(
        d, at, "an order of addresses: name the networks between the bounds (10.0.0.0/8)");
}
