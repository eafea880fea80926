/* sim.c - the simulator's program.
 *
 *   build/sim --runs N [--seed S] [--without NAME]   N schedules; the figures, and the bad seeds
 *   build/sim --seconds T                            as many as fit
 *   build/sim --seed S --trace                       one of them, told step by step
 *   build/sim --check [--runs N]                     N clean ones, then each defence switched off
 *   ... --calm                                       nothing goes wrong: what the rules alone do
 *   ... --real                                       real.c instead of small.c
 *   ... --learned                                    its form for all that learn
 */
#include "schedule.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BAD_SHOWN = 10 };

struct options {
    uint64_t seed, runs;
    double seconds;
    const char *without;
    bool is_traced, is_check, is_calm;
    const struct sim_form *form;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add(struct sim_result *sum, const struct sim_result *r)
{
    sum->lost += r->lost;
    sum->doubled += r->doubled;
    sum->wrong += r->wrong;
    sum->stuck += r->stuck;
    sum->early += r->early;
    sum->expected += r->expected;
    sum->records += r->records;
}

static void tell_bad(uint64_t seed, const struct sim_result *r)
{
    printf("bad: seed %llu: lost %u doubled %u wrong %u stuck %u early %u%s\n",
           (unsigned long long)seed, r->lost, r->doubled, r->wrong, r->stuck, r->early,
           r->is_inexact ? " (inexact)" : "");
}

static void tell_counts(const struct sim_counts *c)
{
    const struct {
        const char *name;
        uint64_t n;
    } all[] = {
        {"steps", c->steps},
        {"batches", c->batches},
        {"kills", c->kills},
        {"zombies", c->pauses},
        {"rebalances", c->rebalances},
        {"twin slots", c->twin_slots},
        {"transactions timed out", c->time_outs},
        {"aborts", c->aborts},
        {"held-up EndTxn", c->late_ends},
        {"producers made", c->recycled},
        {"slots fenced", c->fenced_slots},
        {"lost requests and answers", c->lost_answers},
        {"conflicts", c->conflicts},
        {"store restarts", c->restarts},
        {"store fall-backs", c->rollbacks},
        {"FLUSHALL", c->flushes},
        {"recoveries", c->recoveries},
        {"replays", c->replays},
        {"logs trimmed", c->trims},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        printf("  %-26s %llu\n", all[i].name, (unsigned long long)all[i].n);
}

/* Bad schedules among n from seed on; stop_at: that many are enough. */
static uint64_t run_many(const struct options *o, const struct sim_without *without, uint64_t n,
                         uint64_t stop_at, bool is_quiet, uint64_t *done)
{
    struct sim_counts counts = {0};
    struct sim_result sum = {0};
    uint64_t bad = 0, inexact = 0;
    double start = now_s();

    for (*done = 0; *done < n && bad < stop_at; ++*done) {
        if (o->seconds > 0 && now_s() - start > o->seconds)
            break;
        struct sim_result r =
            sim_run_schedule(o->form, o->seed + *done, without, &counts, o->is_traced);
        add(&sum, &r);
        inexact += r.is_inexact;
        if (sim_is_bad(&r) && bad++ < BAD_SHOWN && !is_quiet)
            tell_bad(o->seed + *done, &r);
    }
    if (is_quiet)
        return bad;
    printf("%llu schedules (%llu inexact: state lost with part of its log), seeds %llu to %llu, "
           "%.1f s: %llu bad; lost %u doubled %u wrong %u stuck %u early %u; findings expected %u, "
           "records published %u\n",
           (unsigned long long)*done, (unsigned long long)inexact, (unsigned long long)o->seed,
           (unsigned long long)(o->seed + *done - 1), now_s() - start, (unsigned long long)bad,
           sum.lost, sum.doubled, sum.wrong, sum.stuck, sum.early, sum.expected, sum.records);
    tell_counts(&counts);
    return bad;
}

static int check_defences(const struct options *o)
{
    struct sim_without none = {0};
    uint64_t done;
    int failed = run_many(o, &none, o->runs, UINT64_MAX, false, &done) != 0;
    int passed = !failed;

    for (size_t i = 0; sim_defence_name(i); i++) {
        struct sim_without without;
        if (!sim_defence_is_of(i, o->form))
            continue;
        bool is_known = sim_without(sim_defence_name(i), &without);
        bool fails = is_known && run_many(o, &without, sim_defence_seeds(i), 1, true, &done) > 0;
        printf("%-4s without %-10s %s within %llu schedules\n", fails ? "ok" : "FAIL",
               sim_defence_name(i), fails ? "goes wrong" : "nothing goes wrong",
               (unsigned long long)done);
        passed += fails;
        failed += !fails;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"seed", required_argument, NULL, 's'},    {"runs", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'}, {"without", required_argument, NULL, 'w'},
        {"trace", no_argument, NULL, 'v'},         {"check", no_argument, NULL, 'c'},
        {"calm", no_argument, NULL, 'q'},          {"real", no_argument, NULL, 'r'},
        {"learned", no_argument, NULL, 'l'},       {NULL, 0, NULL, 0},
    };

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 's':
            o->seed = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            o->runs = strtoull(optarg, NULL, 10);
            break;
        case 't':
            o->seconds = strtod(optarg, NULL);
            break;
        case 'w':
            o->without = optarg;
            break;
        case 'v':
            o->is_traced = true;
            break;
        case 'q':
            o->is_calm = true;
            break;
        case 'r':
            o->form = &sim_real;
            break;
        case 'l':
            o->form = &sim_learned;
            break;
        case 'c':
            o->is_check = true;
            break;
        default:
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .form = &sim_small};
    struct sim_without without;
    uint64_t done;

    if (!read_options(argc, argv, &o) || !sim_without(o.without, &without)) {
        fprintf(stderr, "sim: no such option or defence; see the head of tests/sim/sim.c\n");
        return 3;
    }
    without.is_calm = o.is_calm;
    if (o.runs == 0)
        o.runs = o.is_traced ? 1 : o.seconds > 0 ? UINT64_MAX : 2000;
    if (o.is_check)
        return check_defences(&o);
    return run_many(&o, &without, o.runs, UINT64_MAX, false, &done) != 0;
}
