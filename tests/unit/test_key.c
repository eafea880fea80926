/* test_key.c - SipHash against published vectors and against libcrypto's; names of keys. */
#include "base/siphash.h"
#include "state/key.h"

#include "tests/lib/test.h"

#include <openssl/evp.h>
#include <openssl/params.h>

enum { INPUT_MAX = 200 };

static uint8_t input[INPUT_MAX];
static uint8_t key[16];

static void fill(void)
{
    for (unsigned i = 0; i < INPUT_MAX; i++)
        input[i] = (uint8_t)i;
    memcpy(key, input, sizeof key);
}

/* In two pieces, cut at every place. */
static void sip128(size_t n, size_t cut, uint8_t out[static 16])
{
    struct siphash h;

    siphash_init(&h, key, true);
    siphash_add(&h, (struct str){(const char *)input, cut});
    siphash_add(&h, (struct str){(const char *)input + cut, n - cut});
    siphash_end128(&h, out);
}

/* Paper, appendix A: key 00..0f, input 00..0e. The 128-bit ones: the authors' reference code. */
TEST(siphash_gives_the_published_vectors)
{
    static const uint8_t wide[3][16] = {
        {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
         0x93},
        {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
         0x45},
        {0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7, 0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff,
         0xe4},
    };
    struct siphash h;
    uint8_t out[16];

    fill();
    siphash_init(&h, key, false);
    siphash_add(&h, (struct str){(const char *)input, 15});
    CHECK_EQ(siphash_end64(&h), 0xa129ca6149be45e5U);
    for (size_t n = 0; n < ARRAY_LEN(wide); n++) {
        sip128(n, 0, out);
        CHECK(memcmp(out, wide[n], 16) == 0);
    }
}

static void libcrypto_sip128(EVP_MAC *mac, size_t n, uint8_t out[static 16])
{
    EVP_MAC_CTX *c = EVP_MAC_CTX_new(mac);
    unsigned size = 16;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint("size", &size), OSSL_PARAM_construct_end()};
    size_t got = 0;

    CHECK(c && EVP_MAC_init(c, key, 16, params) == 1);
    CHECK(EVP_MAC_update(c, input, n) == 1 && EVP_MAC_final(c, out, &got, 16) == 1);
    CHECK_EQ(got, 16);
    EVP_MAC_CTX_free(c);
}

TEST(siphash_in_pieces_is_that_of_libcrypto)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    uint8_t want[16], got[16];

    CHECK(mac != NULL);
    fill();
    for (size_t n = 0; n < INPUT_MAX; n++) {
        libcrypto_sip128(mac, n, want);
        for (size_t cut = 0; cut <= n; cut++) {
            sip128(n, cut, got);
            CHECK(memcmp(got, want, 16) == 0);
        }
    }
    EVP_MAC_free(mac);
}

static bool same_key(struct str tenant, struct str a, struct str b, struct str c, struct str d)
{
    struct str one[] = {a, b}, two[] = {c, d};
    struct state_key x = state_key_of(&state_secret_test, tenant, one, 2);
    struct state_key y = state_key_of(&state_secret_test, tenant, two, 2);

    return memcmp(&x, &y, sizeof x) == 0;
}

TEST(values_of_a_key_stay_apart)
{
    struct str none = {0}, v[] = {STR("v"), STR("")};

    CHECK(same_key(none, STR("ab"), STR("c"), STR("ab"), STR("c")));
    CHECK(!same_key(none, STR("ab"), STR("c"), STR("a"), STR("bc")));
    CHECK(!same_key(none, STR(""), STR("c"), STR("c"), STR("")));
    struct state_key a = state_key_of(&state_secret_test, STR("t"), v, 1);
    struct state_key b = state_key_of(&state_secret_test, STR("u"), v, 1);
    struct state_key c = state_key_of(&state_secret_test, STR("t"), v, 2);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK(memcmp(&a, &c, sizeof a) != 0);
    struct siphash begun = state_key_begin(&state_secret_test, STR("t"));
    struct state_key a2 = state_key_end(&begun, v, 1), c2 = state_key_end(&begun, v, 2);
    CHECK(memcmp(&a, &a2, sizeof a) == 0);
    CHECK(memcmp(&c, &c2, sizeof c) == 0); /* begun was not changed */
    struct state_key d = state_key_of(&state_secret_test, STR("t"), NULL, 0);
    struct state_key d2 = state_key_end(&begun, NULL, 0);
    CHECK(memcmp(&d, &d2, sizeof d) == 0);
    CHECK(state_value_of(&state_secret_test, v, 1) != state_value_of(&state_secret_test, v, 2));
}

TEST(secrets_come_from_texts_and_have_fingerprints)
{
    struct state_secret a, b;
    char x[17], y[17];

    CHECK_EQ(state_secret_from(STR("too short 15 b."), &a), WEIR_BADARG);
    CHECK_EQ(state_secret_from(STR("too short 15 b.\n"), &a), WEIR_BADARG);
    CHECK_EQ(state_secret_from(STR("0123456789abcdef"), &a), WEIR_OK);
    CHECK_EQ(state_secret_from(STR("0123456789abcdef\n"), &b), WEIR_OK);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_EQ(state_secret_from(STR("0123456789abcdeF"), &b), WEIR_OK);
    state_secret_fingerprint(&a, x);
    state_secret_fingerprint(&b, y);
    CHECK_EQ(strlen(x), 16);
    CHECK(strcmp(x, y) != 0);
    state_secret_fingerprint(&state_secret_test, x);
    CHECK_STR(str_from(x), "a16bad5b74811c9a");
}

TEST_MAIN(ENTRY(siphash_gives_the_published_vectors), ENTRY(siphash_in_pieces_is_that_of_libcrypto),
          ENTRY(values_of_a_key_stay_apart), ENTRY(secrets_come_from_texts_and_have_fingerprints))
