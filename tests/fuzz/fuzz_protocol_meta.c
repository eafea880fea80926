/* fuzz_protocol_meta.c - metadata of committed offsets are foreign bytes: whatever they are, they
 * are refused or read, and what was read is read again as the same. */
#include "worker/protocol_meta.h"

#include <string.h>

enum { ROUNDS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct store_at last[ROUNDS * STORE_SHARDS], again[ROUNDS * STORE_SHARDS];
    struct protocol_meta meta, back;
    struct buf text = {0};

    if (!protocol_meta_unpack((struct str){(const char *)data, n}, &meta, last, ROUNDS))
        return 0;
    protocol_meta_pack(&meta, last, ROUNDS, &text);
    ASSERT(protocol_meta_unpack(buf_str(&text), &back, again, ROUNDS));
    ASSERT(memcmp(last, again, sizeof last) == 0);
    buf_release(&text);
    return 0;
}
