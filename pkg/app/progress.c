/* progress.c - a line on stderr that is drawn over itself. */
#include "app/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/measure.h"
#include "base/buf.h"
#include "base/str.h"

enum { BAR_CELLS = 24 };

struct progress {
    uint64_t total;
    double start, drawn;
    bool is_on, is_visible;
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

static void add_bar(struct progress *p, uint64_t bytes, double elapsed)
{
    double share = (double)bytes / (double)p->total;

    share = share > 1 ? 1 : share;
    buf_add_char(&p->line, '[');
    for (int i = 0; i < BAR_CELLS; i++)
        buf_add_char(&p->line, i < (int)(share * BAR_CELLS) ? '#' : '.');
    buf_printf(&p->line, "] %3d%%  ", (int)(share * 100));
    if (share > 0.01)
        buf_printf(&p->line, "%.0f s left  ", elapsed / share - elapsed);
}

void progress_update(struct progress *p, uint64_t bytes, uint64_t events)
{
    if (!p->is_on)
        return;
    double now = now_seconds();
    if (now - p->drawn < 1.0 / PROGRESS_PER_SECOND)
        return;
    p->drawn = now;
    p->is_visible = true;
    buf_clear(&p->line);
    buf_add(&p->line, STR("\r\033[K"));
    if (p->total)
        add_bar(p, bytes, now - p->start);
    add_count(&p->line, events);
    buf_add(&p->line, STR(" events  "));
    add_count(&p->line, (uint64_t)((double)events / (now - p->start)));
    buf_add(&p->line, STR(" events/s"));
    fwrite(p->line.p, 1, p->line.n, stderr);
    fflush(stderr);
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    if (p->is_visible) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    buf_release(&p->line);
    free(p);
}
