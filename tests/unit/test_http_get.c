/* test_http_get.c - which bytes are an answer, and which are not. */
#include "app/http_get.h"

#include "tests/lib/test.h"

TEST(an_answer_is_a_status_fields_and_a_body)
{
    static const struct {
        const char *text;
        int status; /* 0: refused */
        const char *body;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}"},
        {"HTTP/1.0 503 Service Unavailable\r\n\r\nno", 503, "no"},
        {"HTTP/1.1 200\r\n\r\n", 200, ""},
        {"HTTP/1.1 200 OK\r\ncontent-length:  2 \r\nX: y\r\n\r\n{}", 200, "{}"},
        {"HTTP/1.1 200 OK\r\nX-Empty:\r\n\r\na\r\n\r\nb", 200, "a\r\n\r\nb"},
        {"", 0, NULL},
        {"\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\n", 0, NULL}, /* no end of the head */
        {"HTTP/1.1 200 OK\r\nX: y\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\n\n{}", 0, NULL}, /* bare line feeds */
        {"HTTP/2 200 OK\r\n\r\n", 0, NULL},
        {"HTTP/1.1 099 X\r\n\r\n", 0, NULL},
        {"HTTP/1.1 600 X\r\n\r\n", 0, NULL},
        {"HTTP/1.1 2000 X\r\n\r\n", 0, NULL},
        {"HTTP/1.1 20x X\r\n\r\n", 0, NULL},
        {"HTTP/1.1 -20 X\r\n\r\n", 0, NULL},
        {"HTTP/1.1 20", 0, NULL},
        {"HTTP/1.1  200 OK\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", 0, NULL}, /* cut off */
        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 0, NULL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\nno field\r\n\r\n", 0, NULL},
        {"HTTP/1.1 200 OK\r\n: x\r\n\r\n", 0, NULL},
        {"SSH-2.0-OpenSSH_9.2\r\n", 0, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_answer a = {0};
        bool is_one = http_answer_parse(str_from(rows[i].text), &a);
        if (is_one != (rows[i].status != 0))
            print_error("row %zu: %s\n", i, rows[i].text);
        CHECK_EQ(is_one, rows[i].status != 0);
        CHECK_EQ(a.status, rows[i].status);
        if (is_one)
            CHECK_STR(a.body, rows[i].body);
    }
}

TEST_MAIN(ENTRY(an_answer_is_a_status_fields_and_a_body))
