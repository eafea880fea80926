/* secrets_name.c - names whose values are secret: the ending of a field, a key or an option.
 *
 * A name is read from its end, letters folded and separators left out; most are told by their last
 * two letters.
 */
#include "alert/secrets.h"

#include "base/str.h"

struct name_ending {
    struct str text; /* lower case, without _ - . and blanks */
    enum secret_kind kind;
    bool is_whole; /* the whole name, not its ending */
};

static const struct name_ending endings[] = {
    {{"password", sizeof("password") - 1}, SECRET_PASSWORD, false},
    {{"passwd", sizeof("passwd") - 1}, SECRET_PASSWORD, false},
    {{"passphrase", sizeof("passphrase") - 1}, SECRET_PASSWORD, false},
    {{"passwort", sizeof("passwort") - 1}, SECRET_PASSWORD, false},
    {{"pwd", sizeof("pwd") - 1}, SECRET_PASSWORD, false},
    {{"pass", sizeof("pass") - 1}, SECRET_PASSWORD, true},
    {{"dbpass", sizeof("dbpass") - 1}, SECRET_PASSWORD, true},
    {{"userpass", sizeof("userpass") - 1}, SECRET_PASSWORD, true},
    {{"secret", sizeof("secret") - 1}, SECRET_NAMED, false},
    {{"token", sizeof("token") - 1}, SECRET_NAMED, false},
    {{"apikey", sizeof("apikey") - 1}, SECRET_NAMED, false},
    {{"accesskey", sizeof("accesskey") - 1}, SECRET_NAMED, false},
    {{"secretkey", sizeof("secretkey") - 1}, SECRET_NAMED, false},
    {{"privatekey", sizeof("privatekey") - 1}, SECRET_NAMED, false},
    {{"accountkey", sizeof("accountkey") - 1}, SECRET_NAMED, false},
    {{"storagekey", sizeof("storagekey") - 1}, SECRET_NAMED, false},
    {{"sharedkey", sizeof("sharedkey") - 1}, SECRET_NAMED, false},
    {{"masterkey", sizeof("masterkey") - 1}, SECRET_NAMED, false},
    {{"encryptionkey", sizeof("encryptionkey") - 1}, SECRET_NAMED, false},
    {{"signingkey", sizeof("signingkey") - 1}, SECRET_NAMED, false},
    {{"authkey", sizeof("authkey") - 1}, SECRET_NAMED, false},
    {{"subscriptionkey", sizeof("subscriptionkey") - 1}, SECRET_NAMED, false},
    {{"licensekey", sizeof("licensekey") - 1}, SECRET_NAMED, false},
    {{"credential", sizeof("credential") - 1}, SECRET_NAMED, false},
    {{"credentials", sizeof("credentials") - 1}, SECRET_NAMED, false},
    {{"amzsignature", sizeof("amzsignature") - 1}, SECRET_NAMED, false},
    {{"googsignature", sizeof("googsignature") - 1}, SECRET_NAMED, false},
    {{"sig", sizeof("sig") - 1}, SECRET_NAMED, true},
    {{"authorization", sizeof("authorization") - 1}, SECRET_AUTHORIZATION, false},
    {{"cookie", sizeof("cookie") - 1}, SECRET_AUTHORIZATION, false},
};

/* Names that end so and hold no secret. */
static const char *const harmless[] = {"publickeytoken", "elevatedtoken", "continuationtoken",
                                       "nexttoken", "pagetoken"};

enum { NAME_TAIL = 24 };

/* The last letters of a name, lower case, separators left out. Returns how many. */
static size_t name_tail(struct str name, char tail[static NAME_TAIL], bool *is_whole)
{
    size_t n = 0;

    *is_whole = true;
    for (size_t i = name.n; i > 0; i--) {
        char c = name.p[i - 1];
        if (c == '_' || c == '-' || c == ' ' || c == '/' || c == '@')
            continue;
        if (c == '.') /* only the last part of a dotted name counts as "whole" */
            break;
        if (n == NAME_TAIL) {
            *is_whole = false;
            break;
        }
        n++;
        tail[NAME_TAIL - n] = ascii_lower(c);
    }
    return n;
}

static bool ends_in_pass(struct str name)
{
    struct str tail = name.n > 5 ? str_sub(name, name.n - 5, 5) : name;

    return str_eq_ci(tail, STR("_pass")) || str_eq_ci(tail, STR("-pass"));
}

/* Bit b of pairs[a]: an ending of the table ends in the letters b, a. Built before main(). */
static uint32_t pairs['z' - 'a' + 1];

static __attribute__((constructor)) void build_pairs(void)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct str text = endings[i].text;
        pairs[text.p[text.n - 1] - 'a'] |= 1u << (text.p[text.n - 2] - 'a');
    }
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Most names are told by their last two letters. A separator before the last says nothing yet. */
static bool may_end_so(struct str name)
{
    char last = name.n > 0 ? ascii_lower(name.p[name.n - 1]) : '\0';
    char other = name.n > 1 ? ascii_lower(name.p[name.n - 2]) : '\0';

    if (!is_letter(last) || pairs[last - 'a'] == 0)
        return false;
    return !is_letter(other) || (pairs[last - 'a'] >> (other - 'a') & 1);
}

bool secret_name(struct str name, enum secret_kind *kind)
{
    char space[NAME_TAIL];
    bool is_whole;

    if (!may_end_so(name))
        return false;
    size_t n = name_tail(name, space, &is_whole);
    struct str tail = {space + NAME_TAIL - n, n};

    if (ends_in_pass(name)) {
        *kind = SECRET_PASSWORD;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct name_ending *e = &endings[i];
        struct str text = e->text;
        if (tail.n < text.n || tail.p[tail.n - 1] != text.p[text.n - 1])
            continue;
        if (e->is_whole ? !(is_whole && str_eq(tail, text)) : !str_ends(tail, text))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(harmless); k++)
            if (str_ends(tail, str_from(harmless[k])))
                return false;
        *kind = e->kind;
        return true;
    }
    return false;
}

bool secret_named_value(struct str name, struct str value, enum secret_kind *kind)
{
    if (value.n > 0 && value.p[0] == '/' && str_eq_ci(name, STR("pwd")))
        return false;
    return secret_name(name, kind) && !secret_is_trivial(value);
}

bool secret_option(struct str argument, enum secret_kind *kind)
{
    static const char *const options[] = {"-p", "-pw", "/p", "/rp", "-asplaintext"};

    if (argument.n < 2 || (argument.p[0] != '-' && argument.p[0] != '/'))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (str_eq_ci(argument, str_from(options[i]))) {
            *kind = SECRET_PASSWORD;
            return true;
        }
    }
    /* a path such as /etc/passwd is no option */
    if (argument.p[0] == '/' && str_find_char(argument, '/', 1) != SIZE_MAX)
        return false;
    return secret_name(argument, kind);
}
