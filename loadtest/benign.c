/* benign.c - the telemetry around the attacks. */
#include "loadtest/benign.h"

#include "tests/lib/lane.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void keep_line(struct str line, void *context)
{
    struct benign *b = context;

    if (b->n_lines == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 1024;
        b->ends = reallocarray(b->ends, b->cap, sizeof *b->ends);
        ASSERT(b->ends);
    }
    buf_add(&b->lane, line);
    b->ends[b->n_lines++] = b->lane.n;
}

bool benign_init(struct benign *b, uint64_t seed, const char *lane)
{
    char name[256];

    *b = (struct benign){.rng = {seed ^ 0xbe9196}};
    if (!lane)
        return true;
    snprintf(name, sizeof name, "events/lane-%s.ndjson.zst", lane);
    return lane_each(name, 1, SIZE_MAX, keep_line, b) && b->n_lines > 0;
}

void benign_release(struct benign *b)
{
    buf_release(&b->lane);
    buf_release(&b->made);
    free(b->ends);
}

static struct str from_lane(struct benign *b)
{
    size_t i = b->next++ % b->n_lines, from = i ? b->ends[i - 1] : 0;

    return (struct str){b->lane.p + from, b->ends[i] - from};
}

static struct str made_up(struct benign *b, int64_t t_ms)
{
    static const char *const programs[] = {"chrome.exe", "svchost.exe", "OUTLOOK.EXE", "code.exe",
                                           "msedge.exe", "backup.exe",  "python.exe",  "git.exe"};
    struct rng *r = &b->rng;
    const char *program = programs[rng_below(r, 8)];

    buf_clear(&b->made);
    buf_printf(&b->made,
               "{\"product\":\"benign\",\"category\":\"process_creation\",\"timestamp\":%" PRId64
               ",\"Computer\":\"ws-%03u.corp.example\",\"User\":\"CORP\\\\user%u\",",
               t_ms, rng_below(r, 400), rng_below(r, 900));
    buf_printf(
        &b->made,
        "\"Image\":\"C:\\\\Program Files\\\\Vendor\\\\%s\",\"CommandLine\":\"\\\"C:\\\\Program "
        "Files\\\\Vendor\\\\%s\\\" --type=renderer --channel=%u --handle=%u\",",
        program, program, rng_below(r, 100000), rng_below(r, 100000));
    buf_printf(
        &b->made,
        "\"ProcessId\":%u,\"ParentImage\":\"C:\\\\Windows\\\\explorer.exe\",\"ParentProcessId\":"
        "%u,\"LogonId\":\"0x%05x\",\"IntegrityLevel\":\"Medium\",\"CurrentDirectory\":\"C:\\\\"
        "Users\\\\user%u\\\\\"}",
        rng_below(r, 65536), rng_below(r, 65536), rng_below(r, 1u << 20), rng_below(r, 900));
    return buf_str(&b->made);
}

struct str benign_next(struct benign *b, int64_t t_ms)
{
    return b->n_lines > 0 ? from_lane(b) : made_up(b, t_ms);
}
