/* fuzz_time.c - any text as a time: both readers agree, and what is read formats and reads back. */
#include "base/base.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct time_fields f;
    char out[TIME_TEXT_MAX];
    int64_t ms, back;

    bool is_time = time_parse_ms(text, &ms);
    ASSERT(time_parse_fields(text, &f) == is_time);
    if (!is_time)
        return 0;
    ASSERT(f.month >= 1 && f.month <= 12 && f.day >= 1 && f.day <= 31);
    ASSERT(f.week >= 1 && f.week <= 53 && f.hour <= 23 && f.minute <= 59 && f.second <= 60);
    size_t n = time_format_ms(ms, out);
    ASSERT(time_parse_ms((struct str){out, n}, &back) && back == ms);
    return 0;
}
