/* attack_table.h - the bundled table of ATT&CK techniques; use attack.h. */
#ifndef WEIR_ALERT_ATTACK_TABLE_H
#define WEIR_ALERT_ATTACK_TABLE_H

#include "base/base.h"

/* Tactics as bits, in the order of the matrix. */
enum {
    REC = 1 << 0,
    RES = 1 << 1,
    INI = 1 << 2,
    EXE = 1 << 3,
    PER = 1 << 4,
    PRI = 1 << 5,
    EVA = 1 << 6,
    DEI = 1 << 7,
    CRE = 1 << 8,
    DIS = 1 << 9,
    LAT = 1 << 10,
    COL = 1 << 11,
    C2 = 1 << 12,
    EXF = 1 << 13,
    IMP = 1 << 14
};

struct attack_row {
    const char *uid; /* "T1528", "T1552.007" */
    const char *name;
    uint16_t tactics;
    uint8_t version; /* major version of ATT&CK the row is from */
};

extern const struct attack_row attack_rows[];
extern const size_t n_attack_rows;

#endif
