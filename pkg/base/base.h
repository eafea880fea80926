/* base.h - what every file of weir starts from: integers, result codes, checks, text.
 *
 * Only types and macros that the whole program agrees on live here. Anything with
 * an algorithm has a header of its own (str.h, arena.h, buf.h, hash.h ...).
 */
#ifndef WEIR_BASE_BASE_H
#define WEIR_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a function that the world can say no to returns. Details for people go to
 * struct weir_err (err.h); the code tells a caller what to do next. */
enum weir_rc {
    WEIR_OK = 0,
    WEIR_BADARG,      /* a value is outside its stated range */
    WEIR_SYNTAX,      /* text does not follow its grammar: a rule, a profile, a flag */
    WEIR_UNSUPPORTED, /* the text is valid, weir does not do this: named, never guessed */
    WEIR_LIMIT,       /* a named bound was reached */
    WEIR_NOTFOUND,    /* a file, a rule, a list that was asked for is absent */
    WEIR_IO,          /* the system says no: unreadable, disk full */
    WEIR_CLOSED,      /* the reader of our output went away (EPIPE): a quiet end */
    WEIR_LATE,        /* older than the window; counted, not a fault */
    WEIR_BUSY         /* it answers, but others are quicker each time: again later */
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Have the line at p on its way, to be read or written soon; p may be anything. Not the bare
 * builtin: gcc 12 takes a function that does nothing but prefetch for one that does nothing, and
 * leaves out its calls. */
#define PREFETCH(p)            \
    (__extension__({           \
        __builtin_prefetch(p); \
        __asm__ volatile("");  \
    }))
#define PREFETCH_WRITE(p)           \
    (__extension__({                \
        __builtin_prefetch((p), 1); \
        __asm__ volatile("");       \
    }))

/* Demands on ourselves: always compiled in; prints the place and aborts. No input
 * may ever reach one. DASSERT is for measured hot loops: absent when NDEBUG is set. */
#define ASSERT(x) ((x) ? (void)0 : weir_assert_failed(#x, __FILE__, __LINE__))
#ifdef NDEBUG
#define DASSERT(x) ((void)0)
#else
#define DASSERT(x) ASSERT(x)
#endif

NORETURN void weir_assert_failed(const char *what, const char *file, int line);

/* Return the code of a failed step to the caller. The only macro that jumps; a
 * function with an `out:` label does not use it. */
#define TRY(step)                      \
    do {                               \
        enum weir_rc try_rc_ = (step); \
        if (try_rc_ != WEIR_OK)        \
            return try_rc_;            \
    } while (0)

/* Text is a slice: not owned, not terminated, may hold any byte. */
struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

#endif
