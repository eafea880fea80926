/* canary.c - see canary.h. The decoder here is its own: not that of pkg/alert. */
#include "tests/lib/canary.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

/* Texts are cut in two so that no scanner of repositories takes them for real. */
/* clang-format off */
const struct canary canaries[] = {
    /* shapes */
    {"eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ" ".eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50In0.c2lnbmF0dXJlLW9mLXRva2Vu", "c2lnbmF0dXJlLW9mLXRva2Vu"},
    {"eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ" ".eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ.c2ln", "eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQifQ"},
    {"AKIA" "IOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"},
    {"ASIA" "Y34FZKBOKMUTVV7A", "Y34FZKBOKMUTVV7A"},
    {"wJalrXUtnFEMI/K7MDENG/" "bPxRfiCYzEX4MPLEK3", "bPxRfiCYzEX4MPLEK3"},
    {"aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/" "bPxRfiCYEXAMPLEKEY", "bPxRfiCYEXAMPLEKEY"},
    {"IQoJb3JpZ2lu" "X2VjEAaCXVzLWVhc3QtMSJHMEUCIQDx7Qw9Zk3J5v8Yb2Nc4Md6Lf8Ah0", "X2VjEAaCXVzLWVhc3Qt"},
    {"AIza" "SyD4-k3yF0rG00gleAp1sThatAre39ch4rs", "SyD4-k3yF0rG00gleAp1sThatAre39ch4rs"},
    {"ya29." "a0AfH6SMBx3yF0rG00gleOAuthT0kens", "a0AfH6SMBx3yF0rG00gleOAuthT0kens"},
    {"GOCSPX-" "cL13ntS3cr3tOfG00gleOAuth", "cL13ntS3cr3tOfG00gleOAuth"},
    {"abc8Q~" "D3fGh1JkL4mNoP5qRsT6uVwX7yZ0aBcD2eF", "D3fGh1JkL4mNoP5qRsT6uVwX7yZ0aBcD2eF"},
    {"https://acct.blob.core.example/c?sv=2022-11-02&sig=" "q7hR2kVn0XyZaBcDeFgHiJkLmNoPqRsTuVwXyZ0123%3D&se=2027", "q7hR2kVn0XyZaBcDeFgHiJkLmNoPqRsTuVwXyZ0123"},
    {"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4==;EndpointSuffix=x", "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"},
    {"Endpoint=sb://x/;SharedAccessKey=" "U2hhcmVkQWNjZXNzS2V5Rm9yQnVz=", "U2hhcmVkQWNjZXNzS2V5Rm9yQnVz"},
    {"ghp_" "16C7e42F292c6912E7710c838347Ae178B4a", "16C7e42F292c6912E7710c838347Ae178B4a"},
    {"ghs_" "16C7e42F292c6912E7710c838347Ae178B4b", "16C7e42F292c6912E7710c838347Ae178B4b"},
    {"github_pat_" "11ABCDEFG0abcdefghijkl_mnopqrstuvwx", "11ABCDEFG0abcdefghijkl_mnopqrstuvwx"},
    {"glpat-" "Zx3kQ9wVr7Tn2Yb5Md1L", "Zx3kQ9wVr7Tn2Yb5Md1L"},
    {"xoxb-" "123456789012-abcdefGHIJKL", "123456789012-abcdefGHIJKL"},
    {"https://hooks.slack.com/services/" "T0AAAAAAA/B0BBBBBBB/x1y2z3x1y2z3x1y2z3x1y2z3", "x1y2z3x1y2z3x1y2z3x1y2z3"},
    {"sk_live_" "4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWDarjtT1zdp7dc"},
    {"sk-ant-" "api03-Qw3rTy7uI0pAsDfGhJkL", "Qw3rTy7uI0pAsDfGhJkL"},
    {"sk-proj-" "Qw3rTy7uI0pAsDfGhJkLzXcV", "Qw3rTy7uI0pAsDfGhJkLzXcV"},
    {"sk-" "Qw3rTy7uI0pAsDfGhJkLT3BlbkFJzXcVbNm", "T3BlbkFJzXcVbNm"},
    {"SK" "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"},
    {"npm_" "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789", "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"},
    {"pypi-" "AgEIcHlwaS5vcmcCJGFiY2RlZmdoLWlqa2wtbW5vcA", "AgEIcHlwaS5vcmcCJGFiY2RlZmdoLWlqa2wtbW5vcA"},
    {"SG." "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr", "TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr"},
    {"hvs." "CAESIJ3kQ9wVr7Tn2Yb5Md1LZx", "CAESIJ3kQ9wVr7Tn2Yb5Md1LZx"},
    {"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA75d\nx3kQ9wVr7Tn2Y\n-----END RSA PRIVATE KEY-----", "x3kQ9wVr7Tn2Y"},
    {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU"},
    /* headers and addresses */
    {"Authorization: Bearer c4n4ry-bearer-token", "c4n4ry-bearer-token"},
    {"Authorization: Basic Y2FuYXJ5OmJhc2lj", "Y2FuYXJ5OmJhc2lj"},
    {"Authorization: c4n4ryplainheader", "c4n4ryplainheader"},
    {"Authorization: Digest username=u, response=c4n4rydigest", "c4n4rydigest"},
    {"Bearer c4n4ry.bearer.alone", "c4n4ry.bearer.alone"},
    {"Basic Y2FuYXJ5OmJhc2ljMg==", "Y2FuYXJ5OmJhc2ljMg"},
    {"Cookie: session=c4n4rycookie; other=c4n4rysecond", "c4n4rysecond"},
    {"X-Api-Key: c4n4ryapikeyheader", "c4n4ryapikeyheader"},
    {"https://bob:c4n4ryurl@host.example/path", "c4n4ryurl"},
    {"https://c4n4rytokeninurl0123456789@host.example/r.git", "c4n4rytokeninurl0123456789"},
    /* names */
    {"password=c4n4rypw", "c4n4rypw"}, {"PASSWORD: c4n4rypw", "c4n4rypw"},
    {"Password = \"c4n4ry with blanks\"", "c4n4ry with blanks"},
    {"DB_PASSWORD=c4n4rydb", "c4n4rydb"}, {"smtp_pass=c4n4rysmtp", "c4n4rysmtp"},
    {"Server=x;Uid=sa;Pwd=c4n4rypwd;Database=y", "c4n4rypwd"},
    {"client_secret=c4n4rysecret", "c4n4rysecret"}, {"token: c4n4rytoken", "c4n4rytoken"},
    {"apikey=c4n4rykey", "c4n4rykey"}, {"api-key=c4n4rykey", "c4n4rykey"}, {"API_KEY: c4n4rykey", "c4n4rykey"},
    {"access_token=c4n4ryaccess&x=1", "c4n4ryaccess"}, {"{\"password\":\"c4n4ryinjson\"}", "c4n4ryinjson"},
    {"X-Amz-Signature=c4n4rysignature", "c4n4rysignature"},
    {"passphrase=c4n4ryphrase", "c4n4ryphrase"}, {"$secret => 'c4n4ryarrow'", "c4n4ryarrow"},
    /* options */
    {"--password c4n4ryopt", "c4n4ryopt"}, {"--password=c4n4ryopt", "c4n4ryopt"},
    {"--admin-password 'c4n4ry quoted'", "c4n4ry quoted"}, {"-Password c4n4ryps", "c4n4ryps"},
    {"--token c4n4ryopttoken", "c4n4ryopttoken"}, {"/password:c4n4ryslash", "c4n4ryslash"},
    {"/pass:c4n4rypass", "c4n4rypass"}, {"tool -p c4n4ryshort -x", "c4n4ryshort"},
    {"tool /p:c4n4ryslashp", "c4n4ryslashp"}, {"plink -pw c4n4ryplink host", "c4n4ryplink"},
    {"mysql -u root -pc4n4ryglued db", "c4n4ryglued"}, {"curl -u bob:c4n4rycurl https://x", "c4n4rycurl"},
    {"curl --user bob:c4n4rycurl https://x", "c4n4rycurl"}, {"net user bob c4n4rynet /add", "c4n4rynet"},
    {"net use \\\\host\\share c4n4rynetuse /user:bob", "c4n4rynetuse"},
    {"schtasks /create /ru bob /rp c4n4ryrp", "c4n4ryrp"},
    {"ConvertTo-SecureString 'c4n4rysecure' -AsPlainText -Force", "c4n4rysecure"},
    {"openssl rsa -passin pass:c4n4rypassin", "c4n4rypassin"},
    {"command=mysql&command=--password&command=c4n4ryexec", "c4n4ryexec"},
};
/* clang-format on */

const size_t n_canaries = ARRAY_LEN(canaries);

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str percent(struct arena *a, struct str s, bool all)
{
    char *out = arena_alloc(a, 3 * s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (is_plain(s.p[i]) && !all)
            out[n++] = s.p[i];
        else
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned)(uint8_t)s.p[i]);
    }
    out[n] = '\0';
    return (struct str){out, n};
}

static struct str json(struct arena *a, struct str s, bool all)
{
    char *out = arena_alloc(a, 6 * s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (all || (uint8_t)s.p[i] < 0x20) {
            n += (size_t)snprintf(out + n, 7, "\\u%04x", (unsigned)(uint8_t)s.p[i]);
            continue;
        }
        if (s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == '/')
            out[n++] = '\\';
        out[n++] = s.p[i];
    }
    return (struct str){out, n};
}

struct str canary_render(struct arena *a, const struct canary *c, enum canary_form form)
{
    struct str s = str_from(c->text);

    switch (form) {
    case FORM_COMMAND:
        return arena_printf(a, "C:\\bin\\tool.exe run %s --verbose x", c->text);
    case FORM_PERCENT:
        return arena_printf(a, "/api?command=run&command=%s&stdin=true", percent(a, s, false).p);
    case FORM_PERCENT_ALL:
        return percent(a, s, true);
    case FORM_PERCENT_TWICE:
        return percent(a, percent(a, s, false), false);
    case FORM_JSON:
        return arena_printf(a, "{\"log\":\"run %.*s now\"}", (int)json(a, s, false).n,
                            json(a, s, false).p);
    case FORM_JSON_UNICODE:
        return json(a, s, true);
    case FORM_JSON_TWICE:
        return json(a, json(a, s, false), false);
    case FORM_LINES:
        return arena_printf(a, "first line\r\n%s\r\nlast line", c->text);
    case FORM_PLAIN:
    case CANARY_FORMS:
        break;
    }
    return s;
}

static struct str decode(struct arena *a, struct str s)
{
    char *out = arena_alloc(a, s.n + 1);
    char hex[5] = {0};
    size_t n = 0;

    for (size_t i = 0; i < s.n; n++) {
        if (s.p[i] == '%' && i + 2 < s.n) {
            memcpy(hex, s.p + i + 1, 2);
            hex[2] = '\0';
            out[n] = (char)strtol(hex, NULL, 16);
            i += 3;
        } else if (s.p[i] == '\\' && i + 5 < s.n && s.p[i + 1] == 'u') {
            memcpy(hex, s.p + i + 2, 4);
            out[n] = (char)strtol(hex, NULL, 16);
            i += 6;
        } else if (s.p[i] == '\\' && i + 1 < s.n && strchr("\"\\/", s.p[i + 1])) {
            out[n] = s.p[i + 1];
            i += 2;
        } else {
            out[n] = s.p[i++];
        }
    }
    return (struct str){out, n};
}

static struct str lower(struct arena *a, struct str s)
{
    char *out = arena_alloc(a, s.n + 1);

    for (size_t i = 0; i < s.n; i++)
        out[i] = ascii_lower(s.p[i]);
    return (struct str){out, s.n};
}

/* Case aside: keys are shown in lower case. */
bool canary_is_visible(struct arena *a, const struct canary *c, struct str text)
{
    struct str secret = lower(a, str_from(c->secret));

    for (int round = 0; round < 4; round++) {
        if (str_find(lower(a, text), secret, 0) != SIZE_MAX)
            return true;
        text = decode(a, text);
    }
    return false;
}
