/* http_address.c - HOST:PORT taken apart. */
#include "worker/http_address.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

enum { PORT_MAX = 65535 };

static enum weir_rc refuse(struct str text, struct weir_err *err)
{
    return err_set(err, WEIR_SYNTAX, "'%.*s' is no address (as in 127.0.0.1:9464 or [::1]:9464)",
                   (int)(text.n < HTTP_HOST_MAX ? text.n : HTTP_HOST_MAX), text.p);
}

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.n; i++)
        if ((unsigned char)host.p[i] <= ' ' || (unsigned char)host.p[i] >= 0x7F ||
            host.p[i] == '/' || host.p[i] == '[' || host.p[i] == ']')
            return false;
    return host.n <= HTTP_HOST_MAX;
}

/* Before the last colon; an IPv6 address has brackets round it, for it has colons of its own. */
static bool split(struct str text, struct str *host, struct str *port)
{
    size_t colon = text.n;

    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return false;
    *host = (struct str){text.p, colon - 1};
    *port = (struct str){text.p + colon, text.n - colon};
    if (host->n >= 2 && host->p[0] == '[' && host->p[host->n - 1] == ']') {
        *host = (struct str){host->p + 1, host->n - 2};
        return host->n > 0;
    }
    return str_find_char(*host, ':', 0) == SIZE_MAX;
}

enum weir_rc http_address_parse(struct str text, struct http_address *out, struct weir_err *err)
{
    struct str host, port;
    uint64_t number;

    if (!split(text, &host, &port) || !is_host(host) || !str_to_u64(port, &number) ||
        number > PORT_MAX)
        return refuse(text, err);
    if (!host.n)
        host = STR("127.0.0.1");
    memcpy(out->host, host.p, host.n);
    out->host[host.n] = '\0';
    snprintf(out->port, sizeof out->port, "%" PRIu16, (uint16_t)number);
    snprintf(out->text, sizeof out->text, strchr(out->host, ':') ? "[%s]:%s" : "%s:%s", out->host,
             out->port);
    return WEIR_OK;
}
