/* secrets_table.c - the patterns, in the order in which they are tried, and the classes of bytes
 * that they are made of. docs/alert.md has an example of each.
 */
#include "alert/secrets_impl.h"

const uint8_t secret_classes[256] = {
    ['0' ... '9'] = DIGIT | HEX,
    ['a' ... 'f'] = LOWER | HEX,
    ['g' ... 'z'] = LOWER,
    ['A' ... 'F'] = UPPER | HEX,
    ['G' ... 'Z'] = UPPER,
    ['_'] = UNDER,
    ['-'] = DASH,
    ['.'] = DOT,
    ['+'] = BASE64,
    ['/'] = BASE64,
    ['='] = BASE64,
};

#define TOKEN(prefix, kind_, classes_, min)                                              \
    {                                                                                    \
        .anchor = prefix, .check = secret_check_token, .is_closed = true, .kind = kind_, \
        .classes = classes_, .n_min = min, .is_cased = true                              \
    }
#define VENDOR(prefix, min) TOKEN(prefix, SECRET_VENDOR_TOKEN, WORD, min)
#define NAMED(word)                                                       \
    {                                                                     \
        .anchor = word, .check = secret_check_named, .kind = SECRET_NAMED \
    }
#define AZURE(digit)                                                                 \
    {                                                                                \
        .anchor = digit "Q~", .check = secret_check_azure_secret, .is_closed = true, \
        .is_cased = true, .kind = SECRET_CLOUD_TOKEN, .n_min = 28                    \
    }
#define TWILIO(digit)                                                                            \
    {                                                                                            \
        .anchor = "SK" digit, .check = secret_check_twilio, .is_closed = true, .is_cased = true, \
        .kind = SECRET_VENDOR_TOKEN                                                              \
    }
#define SHORT_P(before)                                                               \
    {                                                                                 \
        .anchor = before "-p", .check = secret_check_short_p, .kind = SECRET_PASSWORD \
    }
#define USER(option)                                                          \
    {                                                                         \
        .anchor = option, .check = secret_check_user, .kind = SECRET_PASSWORD \
    }
#define OPTION(option, tool)                                                                   \
    {                                                                                          \
        .anchor = option, .check = secret_check_option, .kind = SECRET_PASSWORD, .n_min = tool \
    }
#define NET(text, before)                                                                   \
    {                                                                                       \
        .anchor = text, .check = secret_check_net, .kind = SECRET_PASSWORD, .n_min = before \
    }

/* clang-format off */
const struct secret_pattern secret_patterns[] = {
    {.anchor = "eyJ", .check = secret_check_jwt, .is_closed = true, .kind = SECRET_JWT, .n_min = 8, .is_cased = true},
    {.anchor = "-----BEGIN", .check = secret_check_pem, .is_closed = true, .kind = SECRET_PRIVATE_KEY, .is_cased = true},
    {.anchor = "://", .check = secret_check_url, .kind = SECRET_URL_PASSWORD, .n_min = 20},
    TOKEN("AKIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16), TOKEN("ASIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16),
    TOKEN("ABIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16), TOKEN("ACCA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16),
    TOKEN("IQoJb3JpZ2lu", SECRET_CLOUD_TOKEN, ALNUM | BASE64, 40),
    TOKEN("FwoGZXIvYXdz", SECRET_CLOUD_TOKEN, ALNUM | BASE64, 40),
    TOKEN("AIza", SECRET_CLOUD_TOKEN, WORD, 35), TOKEN("ya29.", SECRET_CLOUD_TOKEN, WORD | DOT, 20),
    TOKEN("GOCSPX-", SECRET_CLOUD_TOKEN, WORD, 20), TOKEN("1//0", SECRET_CLOUD_TOKEN, WORD, 30),
    TOKEN("dapi", SECRET_CLOUD_TOKEN, HEX, 32), TOKEN("dop_v1_", SECRET_CLOUD_TOKEN, HEX, 40),
    TOKEN("doo_v1_", SECRET_CLOUD_TOKEN, HEX, 40),
    AZURE("0"), AZURE("1"), AZURE("2"), AZURE("3"), AZURE("4"), AZURE("5"), AZURE("6"), AZURE("7"),
    AZURE("8"), AZURE("9"),
    VENDOR("ghp_", 30), VENDOR("gho_", 30), VENDOR("ghu_", 30), VENDOR("ghs_", 30), VENDOR("ghr_", 30),
    VENDOR("github_pat_", 22), VENDOR("glpat-", 18), VENDOR("glptt-", 18), VENDOR("gldt-", 18),
    VENDOR("glrt-", 18), VENDOR("glsoat-", 18), VENDOR("glcbt-", 18),
    VENDOR("xoxb-", 10), VENDOR("xoxa-", 10), VENDOR("xoxp-", 10), VENDOR("xoxe-", 10),
    VENDOR("xoxe.", 10), VENDOR("xoxo-", 10), VENDOR("xoxr-", 10), VENDOR("xoxs-", 10),
    VENDOR("xoxc-", 10), VENDOR("xoxd-", 10), VENDOR("xapp-", 10),
    TOKEN("hooks.slack.com/services/", SECRET_VENDOR_TOKEN, ALNUM | BASE64, 20),
    VENDOR("sk_live_", 16), VENDOR("sk_test_", 16), VENDOR("rk_live_", 16), VENDOR("rk_test_", 16),
    VENDOR("whsec_", 20), VENDOR("sk-ant-", 16), VENDOR("sk-proj-", 16), VENDOR("sk-svcacct-", 16),
    VENDOR("sk-admin-", 16), VENDOR("sk-or-", 16),
    {.anchor = "sk-", .check = secret_check_mixed_token, .is_closed = true, .kind = SECRET_VENDOR_TOKEN, .classes = WORD,
     .n_min = 20, .is_cased = true, .wants_start = true},
    VENDOR("npm_", 30), VENDOR("pypi-", 40), VENDOR("rubygems_", 30), VENDOR("dckr_pat_", 20),
    VENDOR("hvs.", 20), VENDOR("hvb.", 20), VENDOR("hf_", 30), VENDOR("gsk_", 30), VENDOR("xai-", 40),
    VENDOR("pplx-", 30), VENDOR("shpat_", 30), VENDOR("shpss_", 30), VENDOR("shpca_", 30),
    VENDOR("glsa_", 30), VENDOR("NRAK-", 20), VENDOR("PMAK-", 30), VENDOR("lin_api_", 30),
    VENDOR("sntrys_", 30), VENDOR("AGE-SECRET-KEY-1", 30),
    TOKEN("SG.", SECRET_VENDOR_TOKEN, WORD | DOT, 50),
    TWILIO("0"), TWILIO("1"), TWILIO("2"), TWILIO("3"), TWILIO("4"), TWILIO("5"), TWILIO("6"),
    TWILIO("7"), TWILIO("8"), TWILIO("9"), TWILIO("a"), TWILIO("b"), TWILIO("c"), TWILIO("d"),
    TWILIO("e"), TWILIO("f"),
    {.anchor = "authorization", .check = secret_check_header, .kind = SECRET_AUTHORIZATION},
    {.anchor = "cookie", .check = secret_check_header, .kind = SECRET_AUTHORIZATION, .n_min = 1},
    {.anchor = "bearer", .check = secret_check_scheme, .kind = SECRET_AUTHORIZATION, .n_min = 8},
    {.anchor = "basic", .check = secret_check_scheme, .kind = SECRET_AUTHORIZATION, .n_min = 8},
    NAMED("password"), NAMED("passwd"), NAMED("passphrase"), NAMED("passwort"), NAMED("pwd"),
    {.anchor = "pass", .check = secret_check_named, .kind = SECRET_PASSWORD, .wants_start = true},
    NAMED("secret"), NAMED("token"), NAMED("key"), NAMED("credential"), NAMED("credentials"),
    NAMED("signature"), {.anchor = "sig", .check = secret_check_named, .kind = SECRET_NAMED, .wants_start = true},
    SHORT_P(" "), SHORT_P("\t"), SHORT_P("+"), SHORT_P("="), SHORT_P("\""), SHORT_P("'"),
    {.anchor = "/p:", .check = secret_check_slash_p, .kind = SECRET_PASSWORD},
    USER(" -u"), USER("+-u"), USER("=-u"), USER("\"-u"), USER("'-u"), USER("--user"), USER("--proxy-user"),
    OPTION("/rp", 0), OPTION("-asplaintext", 0), OPTION("convertto-securestring", 0),
    {.anchor = " -hp", .check = secret_check_glued, .kind = SECRET_PASSWORD}, OPTION(" -a", TOOL_REDIS), OPTION(" -w", TOOL_LDAP),
    NET("net user ", 1), NET("net1 user ", 1), NET("net.exe user ", 1), NET("net1.exe user ", 1),
    NET("net.exe\" user ", 1), NET("net1.exe\" user ", 1),
    NET("net use ", 1), NET("net.exe use ", 1), NET("net.exe\" use ", 1),
};
/* clang-format on */

const size_t n_secret_patterns = ARRAY_LEN(secret_patterns);
_Static_assert(ARRAY_LEN(secret_patterns) <= SECRET_PATTERNS_MAX, "tables by pattern have room");
