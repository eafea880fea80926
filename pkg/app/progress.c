/* progress.c - a line on stderr that is drawn over itself. */
#include "app/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/measure.h"
#include "base/buf.h"
#include "base/str.h"

enum { BAR_CELLS = 24 };

#define BEGIN "\r\033[K" /* go to the first column, clear the line */

struct progress {
    uint64_t total;
    double start, drawn;
    bool is_on, is_visible, is_second;
    struct buf line;
};

struct progress *progress_new(uint64_t total_bytes, bool is_wanted)
{
    struct progress *p = calloc(1, sizeof *p);

    ASSERT(p);
    p->total = total_bytes;
    p->start = p->drawn = now_seconds();
    p->is_on = is_wanted && isatty(STDERR_FILENO);
    return p;
}

static void add_bar(struct progress *p, uint64_t done, uint64_t total, double elapsed)
{
    double share = (double)done / (double)total;

    share = share > 1 ? 1 : share;
    buf_add_char(&p->line, '[');
    for (int i = 0; i < BAR_CELLS; i++)
        buf_add_char(&p->line, i < (int)(share * BAR_CELLS) ? '#' : '.');
    buf_printf(&p->line, "] %3d%%  ", (int)(share * 100));
    if (share > 0.01)
        buf_printf(&p->line, "%.0f s left  ", elapsed / share - elapsed);
}

/* True: it is time to draw, and the line has been begun. */
static bool begin_line(struct progress *p)
{
    double now = now_seconds();

    if (!p->is_on || now - p->drawn < 1.0 / PROGRESS_PER_SECOND)
        return false;
    p->drawn = now;
    p->is_visible = true;
    buf_clear(&p->line);
    buf_add(&p->line, STR(BEGIN));
    return true;
}

/* A line that wraps could not be drawn over. All of it is ASCII. */
static size_t fitting(const struct progress *p)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return p->line.n;
    size_t max = sizeof BEGIN - 1 + (size_t)size.ws_col - 1;
    return p->line.n < max ? p->line.n : max;
}

static void draw(const struct progress *p)
{
    fwrite(p->line.p, 1, fitting(p), stderr);
    fflush(stderr);
}

void progress_step(struct progress *p, const char *what, uint64_t done, uint64_t total)
{
    if (!p->is_second) {
        p->is_second = true;
        p->start = now_seconds();
    }
    if (!begin_line(p))
        return;
    add_bar(p, done, total, p->drawn - p->start);
    buf_printf(&p->line, "%s", what);
    draw(p);
}

void progress_update(struct progress *p, uint64_t bytes, uint64_t events)
{
    if (!begin_line(p))
        return;
    if (p->total)
        add_bar(p, bytes, p->total, p->drawn - p->start);
    add_count(&p->line, events);
    buf_add(&p->line, STR(" events  "));
    add_count(&p->line, (uint64_t)((double)events / (p->drawn - p->start)));
    buf_add(&p->line, STR(" events/s"));
    draw(p);
}

void progress_hide(struct progress *p)
{
    if (!p->is_visible)
        return;
    p->is_visible = false;
    fputs(BEGIN, stderr);
    fflush(stderr);
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    progress_hide(p);
    buf_release(&p->line);
    free(p);
}
