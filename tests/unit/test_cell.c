/* test_cell.c - parts of a cell grow, shrink and are filled as cell.h says. */
#include "state/cell.h"

#include "base/str.h"
#include "tests/lib/test.h"

enum { ROOM = 16 };

static uint8_t space[ROOM];

/* ROOM bytes at most, in one place. */
static bool grow(struct cell_memory *memory, struct cell_part *part, uint32_t room, bool is_side)
{
    (void)memory;
    (void)is_side;
    if (room > ROOM)
        return false;
    part->p = space;
    part->room = ROOM;
    return true;
}

static struct cell_memory memory = {grow};

static struct str main_of(const struct cell *c)
{
    return (struct str){(const char *)c->main.p, c->main.n};
}

TEST(bytes_are_inserted_before_those_that_stand_there)
{
    static const struct {
        uint32_t at;
        const char *bytes, *main;
        bool fits;
    } rows[] = {
        {0, "head", "head", true},           {4, "tail", "headtail", true}, /* behind the last */
        {4, "..", "head..tail", true},       {0, "<", "<head..tail", true},
        {1, "", "<head..tail", false}, /* nothing to insert */
        {1, "123456", "<head..tail", false}, {1, "12345", "<12345head..tail", true},
        {0, "x", "<12345head..tail", false}};
    struct cell c = {.memory = &memory};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_EQ(cell_insert(&c, rows[i].at, str_from(rows[i].bytes)), rows[i].fits);
        CHECK_STR(main_of(&c), rows[i].main);
    }
}

TEST(a_gap_is_zero_and_closes_again)
{
    struct cell c = {.memory = &memory};

    memset(space, 'x', sizeof(space));
    CHECK(cell_insert(&c, 0, STR("abcdef")));
    CHECK(cell_open(&c, 2, 3));
    CHECK_EQ(c.main.n, 9);
    CHECK_EQ(memcmp(c.main.p, "ab\0\0\0cdef", 9), 0);
    CHECK(!cell_open(&c, 2, ROOM - 8));
    CHECK(!cell_open(&c, 2, UINT32_MAX)); /* the sum does not wrap */
    CHECK_EQ(memcmp(c.main.p, "ab\0\0\0cdef", 9), 0);
    cell_close(&c, 2, 4);
    CHECK_STR(main_of(&c), "abdef");
    cell_close(&c, 3, 2); /* the last ones */
    CHECK_STR(main_of(&c), "abd");
    CHECK(cell_open(&c, 3, 1)); /* behind the last */
    CHECK_EQ(memcmp(c.main.p, "abd\0", 4), 0);
}

TEST(new_bytes_are_zero)
{
    struct cell c = {.memory = &memory};

    memset(space, 'x', sizeof(space));
    CHECK(cell_resize(&c, 3));
    CHECK_EQ(memcmp(c.main.p, "\0\0\0", 3), 0);
    memcpy(c.main.p, "abc", 3);
    CHECK(cell_resize(&c, 1));
    CHECK(cell_resize(&c, 3));
    CHECK_EQ(memcmp(c.main.p, "a\0\0", 3), 0);
    CHECK(!cell_resize(&c, CELL_BYTES_MAX + 1));
    CHECK_EQ(c.main.n, 3);
    CHECK(!cell_resize_side(&c, CELL_SIDE_MAX + 1));
}

TEST_MAIN(ENTRY(bytes_are_inserted_before_those_that_stand_there),
          ENTRY(a_gap_is_zero_and_closes_again), ENTRY(new_bytes_are_zero))
