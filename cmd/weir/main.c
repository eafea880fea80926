/* main.c - the program `weir`: a table of subcommands.
 *
 * Each subcommand has a file of its own here with its flags and wiring; what it does
 * lives in pkg/app.
 */
#include <stdio.h>

int main(void)
{
    fputs("weir: no subcommands yet\n", stderr);
    return 3;
}
