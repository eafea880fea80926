/* test_ip.c - addresses and networks. */
#include "base/ip.h"

#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
    const char *text;
    bool is_address;
} addresses[] = {
    {"10.0.0.1", true},
    {"255.255.255.255", true},
    {"10.0.0", false},
    {"10.0.0.1.2", false},
    {"256.0.0.1", false},
    {"010.0.0.1", false},
    {" 10.0.0.1", false},
    {"10.0.0.1 ", false},
    {"10.0.0.1:443", false},
    {"0x0a.0.0.1", false},
    {"167772161", false},
    {"", false},
    {"::", true},
    {"::1", true},
    {"fe80::1", true},
    {"fe80::1%eth0", false},
    {"[::1]", false},
    {"::ffff:10.0.0.1", true},
    {"2001:DB8::A", true},
    {"1:2:3:4:5:6:7:8", true},
    {"1:2:3:4:5:6:7:8:9", false},
    {"1::2::3", false},
    {"localhost", false},
    {"-", false},
    {"1111:2222:3333:4444:5555:6666:123.123.123.123", true},
    {"1111:2222:3333:4444:5555:6666:123.123.123.1234", false},
};

TEST(an_address_is_the_whole_text)
{
    struct ip_address ip;

    for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
        if (ip_parse(str_from(addresses[i].text), &ip) != addresses[i].is_address)
            fail_msg("%s", addresses[i].text);
    CHECK(!ip_parse(STR("10.0.0.1\0"), &ip));
}

static size_t n_taken, n_refused;

/* What does not look like an address must be none for the parser. */
static void check_look(const char *text)
{
    unsigned char bytes[16];
    bool is_taken = inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
    bool looks = ip_looks_like(str_from(text));

    if (is_taken && !looks)
        fail_msg("%s", text);
    n_taken += is_taken;
    n_refused += !looks;
}

/* Each address with one of its characters replaced by each other one. */
TEST(what_a_parser_takes_looks_like_an_address)
{
    char text[64];

    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        size_t n = strlen(addresses[i].text);
        memcpy(text, addresses[i].text, n + 1);
        check_look(text);
        for (size_t k = 0; k < n; k++) {
            for (int c = 1; c < 256; c++) {
                text[k] = (char)c;
                check_look(text);
            }
            text[k] = addresses[i].text[k];
        }
    }
    CHECK(n_taken > 500 && n_refused > 10000);
    CHECK(!ip_looks_like(STR("")) && !ip_looks_like(STR("dc01")) && !ip_looks_like(STR("1.1\0")));
}

static const struct {
    const char *text;
    bool is_network;
} networks[] = {
    {"10.0.0.0/8", true},
    {"10.0.0.1/8", false},
    {"10.0.0.1", true},
    {"10.0.0.1/32", true},
    {"0.0.0.0/0", true},
    {"10.0.0.0/33", false},
    {"10.0.0.0/", false},
    {"10.0.0.0/-1", false},
    {"10.0.0.0/08", false},
    {"10.0.0.0/ 8", false},
    {"10.0.0.0/8/8", false},
    {"/8", false},
    {"::/0", true},
    {"fe80::/10", true},
    {"fe80::1/10", false},
    {"::1", true},
    {"::1/128", true},
    {"::1/129", false},
    {"10.0.0.0/255.0.0.0", false},
    {"192.168.1.128/25", true},
    {"192.168.1.128/24", false},
};

TEST(a_network_has_no_host_bits)
{
    struct ip_network net;

    for (size_t i = 0; i < ARRAY_LEN(networks); i++)
        if (ip_network_parse(str_from(networks[i].text), &net) != networks[i].is_network)
            fail_msg("%s", networks[i].text);
}

/* The v4 and v6 rows without mapped addresses are what Python's ipaddress says. */
static const struct {
    const char *ip, *net;
    bool is_inside;
} insides[] = {
    {"10.255.255.255", "10.0.0.0/8", true},
    {"11.0.0.0", "10.0.0.0/8", false},
    {"9.255.255.255", "10.0.0.0/8", false},
    {"172.31.255.255", "172.16.0.0/12", true},
    {"172.32.0.0", "172.16.0.0/12", false},
    {"192.168.1.127", "192.168.1.128/25", false},
    {"192.168.1.200", "192.168.1.128/25", true},
    {"1.2.3.4", "0.0.0.0/0", true},
    {"1.2.3.4", "1.2.3.4", true},
    {"1.2.3.5", "1.2.3.4", false},
    {"febf:ffff::1", "fe80::/10", true},
    {"fec0::", "fe80::/10", false},
    {"2001:db8::1", "2001:db8::/32", true},
    {"2001:db9::1", "2001:db8::/32", false},
    {"::1", "::1", true},
    {"::2", "::1", false},
    {"::1", "::/0", true},
    {"1.2.3.4", "::/0", false},
    {"::1", "0.0.0.0/0", false},
    {"::ffff:10.1.2.3", "10.0.0.0/8", true},
    {"::ffff:11.1.2.3", "10.0.0.0/8", false},
    {"::10.1.2.3", "10.0.0.0/8", false},
    {"10.1.2.3", "::ffff:10.0.0.0/104", true},
    {"::ffff:10.1.2.3", "::/0", true},
};

TEST(inside_is_a_matter_of_leading_bits)
{
    for (size_t i = 0; i < ARRAY_LEN(insides); i++) {
        struct ip_address ip;
        struct ip_network net;
        CHECK(ip_parse(str_from(insides[i].ip), &ip));
        CHECK(ip_network_parse(str_from(insides[i].net), &net));
        if (ip_in_network(&ip, &net) != insides[i].is_inside)
            fail_msg("%s in %s", insides[i].ip, insides[i].net);
    }
}

/* Every prefix length: the address itself is inside its own network, the address with the last
 * network bit turned is not. */
TEST(every_prefix_length_splits_at_its_bit)
{
    struct ip_address host;

    CHECK(ip_parse(STR("a5a5:5a5a:c3c3:3c3c:f00f:0ff0:9669:6996"), &host));
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct ip_network net = {host, (uint8_t)bits};
        for (unsigned b = bits; b < 128; b++)
            net.address.bytes[b / 8] &= (uint8_t) ~(0x80 >> b % 8);
        CHECK(ip_in_network(&host, &net));
        if (bits == 0)
            continue;
        struct ip_address other = host;
        other.bytes[(bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
        CHECK(!ip_in_network(&other, &net));
    }
}

TEST_MAIN(ENTRY(an_address_is_the_whole_text), ENTRY(what_a_parser_takes_looks_like_an_address),
          ENTRY(a_network_has_no_host_bits), ENTRY(inside_is_a_matter_of_leading_bits),
          ENTRY(every_prefix_length_splits_at_its_bit))
