/* test_output.c - an output file appears whole or not at all. */
#include "tests/lib/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/output.h"

static char dir[] = "/tmp/weir-output-XXXXXX";
static char path[64];

static void make_dir(void)
{
    memcpy(dir, "/tmp/weir-output-XXXXXX", sizeof dir);
    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/out", dir);
}

static size_t n_entries(void)
{
    DIR *d = opendir(dir);
    size_t n = 0;

    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.' || e->d_name[1] == 'o'; /* ".out.PID.tmp" counts */
    closedir(d);
    return n;
}

static void check_content(const char *want)
{
    char got[64] = "";
    FILE *f = fopen(path, "rb");

    CHECK(f);
    got[fread(got, 1, sizeof got - 1, f)] = '\0';
    fclose(f);
    CHECK_STR(str_from(got), want);
}

TEST(a_file_appears_at_commit_and_replaces_the_old_one)
{
    struct output *o;
    struct weir_err err;

    make_dir();
    for (int round = 0; round < 2; round++) {
        CHECK_EQ(output_open(str_from(path), &o, &err), WEIR_OK);
        CHECK_EQ(output_line(o, round ? STR("two") : STR("one"), &err), WEIR_OK);
        CHECK_EQ(n_entries(), (size_t)round);
        CHECK_EQ(output_commit(o, &err), WEIR_OK);
        CHECK_EQ(output_lines(o), 1);
        output_free(o);
        check_content(round ? "two\n" : "one\n");
        CHECK_EQ(n_entries(), 1);
    }
    unlink(path);
    rmdir(dir);
}

TEST(without_commit_nothing_is_left_and_an_old_file_stays)
{
    struct output *o;
    struct weir_err err;

    make_dir();
    CHECK_EQ(output_open(str_from(path), &o, &err), WEIR_OK);
    CHECK_EQ(output_line(o, STR("kept"), &err), WEIR_OK);
    CHECK_EQ(output_commit(o, &err), WEIR_OK);
    output_free(o);
    CHECK_EQ(output_open(str_from(path), &o, &err), WEIR_OK);
    CHECK_EQ(output_line(o, STR("lost"), &err), WEIR_OK);
    output_free(o);
    check_content("kept\n");
    CHECK_EQ(n_entries(), 1);
    unlink(path);
    rmdir(dir);
}

TEST(a_full_device_is_an_error_and_stays_a_device)
{
    struct output *o;
    struct weir_err err;
    struct stat st;

    CHECK_EQ(output_open(STR("/dev/full"), &o, &err), WEIR_OK);
    CHECK_EQ(output_line(o, STR("x"), &err), WEIR_OK); /* buffered */
    CHECK_EQ(output_commit(o, &err), WEIR_IO);
    CHECK_STR(str_from(err.text), "cannot write: No space left on device");
    CHECK_STR(str_from(err.file), "/dev/full");
    output_free(o);
    CHECK(stat("/dev/full", &st) == 0 && S_ISCHR(st.st_mode));
}

TEST(places_that_cannot_be_written_are_refused_at_once)
{
    struct output *o;
    struct weir_err err;

    CHECK_EQ(output_open(STR("/nowhere/x"), &o, &err), WEIR_IO);
    CHECK_STR(str_from(err.file), "/nowhere/x");
    CHECK_EQ(output_open(STR("/tmp"), &o, &err), WEIR_IO);
    CHECK_STR(str_from(err.text), "cannot write: Is a directory");
}

TEST(lines_written_in_place_follow_those_that_are_copied)
{
    enum { LINES = 20000 };
    struct weir_err err = {0};
    struct output *o;
    char line[32];

    make_dir();
    CHECK_EQ(output_open(str_from(path), &o, &err), WEIR_OK);
    for (int i = 0; i < LINES; i++) {
        int n = snprintf(line, sizeof line, "%07d", i);
        if (i % 3) {
            buf_add(output_begin_line(o), (struct str){line, (size_t)n});
            CHECK_EQ(output_end_line(o, &err), WEIR_OK);
        } else {
            CHECK_EQ(output_line(o, (struct str){line, (size_t)n}, &err), WEIR_OK);
        }
    }
    CHECK_EQ(output_lines(o), LINES);
    CHECK_EQ(output_bytes(o), LINES * 8);
    CHECK_EQ(output_commit(o, &err), WEIR_OK);
    output_free(o);
    FILE *f = fopen(path, "rb");
    CHECK(f);
    for (int i = 0; i < LINES; i++) {
        char want[32];
        snprintf(want, sizeof want, "%07d\n", i);
        CHECK(fgets(line, sizeof line, f));
        CHECK_STR(str_from(line), want);
    }
    CHECK_EQ(fgetc(f), EOF);
    fclose(f);
    unlink(path);
    rmdir(dir);
}

TEST_MAIN(ENTRY(lines_written_in_place_follow_those_that_are_copied),
          ENTRY(a_file_appears_at_commit_and_replaces_the_old_one),
          ENTRY(without_commit_nothing_is_left_and_an_old_file_stays),
          ENTRY(a_full_device_is_an_error_and_stays_a_device),
          ENTRY(places_that_cannot_be_written_are_refused_at_once))
