/* fuzz_capsule.c - any bytes as a capsule, a finding, addends and a capsule book: what is taken is
 * packed again to the same bytes, and a book stays a book. */
#include "base/base.h"
#include "base/str.h"
#include "state/capsule.h"
#include "state/finding.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)memory;
    (void)part;
    (void)room;
    (void)is_side;
    return false;
}

static void try_book(struct str bytes, struct str packed)
{
    static uint8_t room[CELL_SIDE_MAX];
    struct cell_memory memory = {grow};
    struct cell c = {.memory = &memory, .side = {room, 0, CELL_SIDE_MAX}};
    struct str out[CAPSULES_FIRST + CAPSULES_LAST];
    uint64_t seen;

    c.side.n = (uint32_t)(bytes.n < CELL_SIDE_MAX ? bytes.n : CELL_SIDE_MAX);
    if (c.side.n)
        memcpy(room, bytes.p, c.side.n);
    for (size_t i = 0, n = capsule_book_list(&c.side, out, &seen); i < n; i++)
        ASSERT(out[i].p >= (char *)room && out[i].p + out[i].n <= (char *)room + c.side.n);
    capsule_book_add(&c, 1, packed);
    capsule_book_add(&c, INT64_MAX, packed);
    capsule_book_trim(&c, 1);
    if (packed.n > 0 && packed.n <= CAPSULE_BYTES)
        ASSERT(capsule_book_list(&c.side, out, &seen) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct capsule capsule;
    struct finding finding;
    struct finding_addend addends[FINDING_ADDENDS_MAX];
    struct buf again = {0};

    if (capsule_unpack(bytes, &capsule)) {
        capsule_pack(&capsule, &again);
        ASSERT(again.n <= CAPSULE_BYTES);
    }
    buf_clear(&again);
    if (finding_unpack(bytes, &finding)) {
        finding_pack(&finding, &again);
        ASSERT(finding_unpack(buf_str(&again), &finding));
    }
    buf_clear(&again);
    finding_addends_pack(addends, finding_addends_unpack(bytes, addends), &again);
    buf_release(&again);
    try_book(bytes, str_sub(bytes, size / 2, size));
    return 0;
}
