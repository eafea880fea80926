/* redis_url.c - takes a state URL apart; what it does not know it refuses by name. */
#include "state/redis_url.h"

#include "base/str.h"

#include <stdio.h>

static enum weir_rc keep(char *out, size_t max, struct str s, const char *what,
                         struct weir_err *err)
{
    if (s.n == 0 || s.n > max || memchr(s.p, '\0', s.n))
        return err_set(err, WEIR_SYNTAX, "state URL: %s is empty or longer than %zu bytes", what,
                       max);
    memcpy(out, s.p, s.n);
    out[s.n] = '\0';
    return WEIR_OK;
}

/* [v6]:port, host:port or host. */
static enum weir_rc parse_address(struct str s, struct redis_address *out, struct weir_err *err)
{
    struct str host = s, port = {0};
    bool has_port;

    if (s.n > 0 && s.p[0] == '[') {
        size_t end = str_find_char(s, ']', 0);
        if (end == SIZE_MAX)
            return err_set(err, WEIR_SYNTAX, "state URL: '[' without ']' in '%.*s'", (int)s.n, s.p);
        host = str_sub(s, 1, end - 1);
        struct str behind = str_sub(s, end + 1, s.n);
        has_port = behind.n > 0;
        port = str_sub(behind, 1, behind.n);
    } else {
        has_port = str_cut(s, ':', &host, &port);
    }
    uint64_t number = REDIS_PORT;
    if (has_port && (!str_to_u64(port, &number) || number == 0 || number > UINT16_MAX))
        return err_set(err, WEIR_SYNTAX, "state URL: '%.*s' is no port", (int)port.n, port.p);
    out->port = (uint16_t)number;
    return keep(out->host, REDIS_HOST_MAX, host, "a host", err);
}

static enum weir_rc parse_addresses(struct str s, struct redis_url *url, struct weir_err *err)
{
    bool has_more = true;

    while (has_more) {
        struct str one;
        has_more = str_cut(s, ',', &one, &s);
        if (url->n_addresses == REDIS_ADDRESSES_MAX)
            return err_set(err, WEIR_LIMIT, "state URL: more than %d addresses",
                           REDIS_ADDRESSES_MAX);
        TRY(parse_address(one, &url->addresses[url->n_addresses], err));
        url->n_addresses++;
    }
    return WEIR_OK;
}

static enum weir_rc parse_net(struct str s, struct redis_url *url, struct weir_err *err)
{
    struct str hosts, database, user, behind;
    uint64_t number = 0;

    bool has_path = str_cut(s, '/', &hosts, &database);
    if (has_path && database.n > 0 && (!str_to_u64(database, &number) || number > INT32_MAX))
        return err_set(err, WEIR_SYNTAX, "state URL: '%.*s' is no database number", (int)database.n,
                       database.p);
    url->database = (uint32_t)number;
    if (str_cut(hosts, '@', &user, &behind)) {
        if (str_find_char(user, ':', 0) != SIZE_MAX)
            return err_set(err, WEIR_SYNTAX,
                           "state URL: no password here; it stands in a file "
                           "(--state-password-file, state.password_file)");
        TRY(keep(url->user, REDIS_HOST_MAX, user, "the user", err));
        hosts = behind;
    }
    return parse_addresses(hosts, url, err);
}

enum weir_rc redis_url_parse(struct str text, struct redis_url *out, struct weir_err *err)
{
    struct redis_url url = {0};

    if (str_starts(text, STR("unix://"))) {
        url.is_unix = true;
        url.n_addresses = 1;
        TRY(keep(url.addresses[0].host, REDIS_PATH_MAX, str_sub(text, 7, text.n),
                 "the socket's path", err));
    } else if (str_starts(text, STR("rediss://"))) {
        url.is_tls = true;
        TRY(parse_net(str_sub(text, 9, text.n), &url, err));
    } else if (str_starts(text, STR("redis://"))) {
        TRY(parse_net(str_sub(text, 8, text.n), &url, err));
    } else {
        return err_set(err, WEIR_SYNTAX,
                       "state URL '%.*s': expected redis://, rediss:// or unix://",
                       (int)(text.n < 80 ? text.n : 80), text.p);
    }
    *out = url;
    return WEIR_OK;
}
