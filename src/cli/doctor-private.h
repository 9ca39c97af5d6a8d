/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the doctor's files share: the list of findings.
 */
#pragma once
#include "cli/cli.h"

typedef enum {
    DOCTOR_OK,
    DOCTOR_MISSING,   /* the program works without it */
    DOCTOR_ESSENTIAL, /* nothing can be made without it */
} DoctorState;

typedef struct {
    json_t *entries; /* {"what", "state", "found", "would_give"} */
    gboolean essential_missing;
} Doctor;

/* @gives: what it would give if it were there, and how to get it. */
void doctor_note(Doctor *doctor, DoctorState state, const char *what, const char *found,
                 const char *gives);

/* doctor-installed.c */
void doctor_check_libraries(Doctor *doctor);
void doctor_check_sounds(Doctor *doctor);
void doctor_check_data(Doctor *doctor);
