/* fuzz_http_answer.c - what answers to `weir status` may be anything: it is refused, or its body is
 * the end of it. */
#include "app/http_get.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str bytes = {(const char *)data, n};
    struct http_answer answer;

    if (!http_answer_parse(bytes, &answer))
        return 0;
    ASSERT(answer.status >= 100 && answer.status <= 599);
    ASSERT(answer.body.n <= n && answer.body.p + answer.body.n == bytes.p + n);
    return 0;
}
