/* ip.c - both kinds of address become 16 bytes, so that "inside" is one comparison of
 * leading bits. */
#include "base/ip.h"

#include "base/str.h"

#include <arpa/inet.h>

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS };

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* What an address may be made of, and what every one has some of. */
enum { OF_ADDRESS = 1, SEPARATOR = 2 };

static const uint8_t kinds[256] = {
    ['0' ... '9'] = OF_ADDRESS,     ['A' ... 'F'] = OF_ADDRESS,     ['a' ... 'f'] = OF_ADDRESS,
    ['.'] = OF_ADDRESS | SEPARATOR, [':'] = OF_ADDRESS | SEPARATOR,
};

bool ip_looks_like(struct str text)
{
    unsigned seen = 0;

    for (size_t i = 0; i < text.n; i++) {
        unsigned kind = kinds[(unsigned char)text.p[i]];
        if (!kind)
            return false;
        seen |= kind;
    }
    return seen & SEPARATOR;
}

bool ip_parse(struct str text, struct ip_address *out)
{
    char z[INET6_ADDRSTRLEN];

    if (text.n >= sizeof(z) || !ip_looks_like(text))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    out->is_v4 = inet_pton(AF_INET, z, out->bytes + sizeof(mapped_prefix)) == 1;
    if (!out->is_v4)
        return inet_pton(AF_INET6, z, out->bytes) == 1;
    memcpy(out->bytes, mapped_prefix, sizeof(mapped_prefix));
    return true;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned n)
{
    unsigned whole = n / 8, rest = n % 8;

    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (uint8_t)((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool has_host_bits(const struct ip_network *net)
{
    for (unsigned bit = net->prefix_bits; bit < V6_BITS; bit++)
        if (net->address.bytes[bit / 8] & (0x80 >> bit % 8))
            return true;
    return false;
}

bool ip_network_parse(struct str text, struct ip_network *out)
{
    struct str host, bits_text;
    bool has_prefix = str_cut(text, '/', &host, &bits_text);

    if (!ip_parse(host, &out->address))
        return false;
    uint64_t most = out->address.is_v4 ? V4_BITS : V6_BITS, bits = most;
    if (has_prefix) {
        bool has_leading_zero = bits_text.n > 1 && bits_text.p[0] == '0';
        if (has_leading_zero || !str_to_u64(bits_text, &bits) || bits > most)
            return false;
    }
    out->prefix_bits = (uint8_t)(bits + (V6_BITS - most));
    return !has_host_bits(out);
}

bool ip_in_network(const struct ip_address *ip, const struct ip_network *net)
{
    if (ip->is_v4 && net->prefix_bits < MAPPED_BITS)
        return false;
    return same_bits(ip->bytes, net->address.bytes, net->prefix_bits);
}
