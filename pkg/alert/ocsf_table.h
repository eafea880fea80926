/* ocsf_table.h - the compiled part of the OCSF schema that evidence can hold; use ocsf.h. */
#ifndef WEIR_ALERT_OCSF_TABLE_H
#define WEIR_ALERT_OCSF_TABLE_H

#include "base/base.h"

enum ocsf_kind {
    OCSF_NONE, /* never written from an event */
    OCSF_TEXT,
    OCSF_METHOD, /* HTTP verb in capitals */
    OCSF_IP,
    OCSF_MAC,
    OCSF_EMAIL,
    OCSF_UUID,
    OCSF_INT,
    OCSF_TIME,
    OCSF_PORT,
    OCSF_BOOL,
    OCSF_FLOAT,
    OCSF_OBJECT
};

enum { OCSF_ARRAY = 1, OCSF_REQUIRED = 2, OCSF_ENUM = 4 };

struct ocsf_attr {
    const char *name;
    uint8_t kind;       /* enum ocsf_kind */
    uint8_t flags;      /* OCSF_ARRAY ... */
    uint16_t object;    /* OCSF_OBJECT: index into ocsf_objects */
    uint8_t observable; /* observable.type_id, 0: none */
};

struct ocsf_object {
    const char *name;
    uint16_t first, n;        /* attributes, sorted by name */
    const char *at_least_one; /* names, separated by blanks; one of them must be there */
};

extern const struct ocsf_attr ocsf_attrs[];
extern const struct ocsf_object ocsf_objects[];
extern const size_t ocsf_objects_n;
extern const size_t ocsf_evidences; /* index of the object that evidence begins at */

#endif
