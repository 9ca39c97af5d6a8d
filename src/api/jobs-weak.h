/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The queue is linked when it is built: until then these are NULL and what needs it answers 503.
 */
#pragma once
#include "jobs/jobs.h"

#pragma weak tune_jobs_error_quark
#pragma weak tune_jobs_new
#pragma weak tune_jobs_start
#pragma weak tune_jobs_drain
#pragma weak tune_jobs_free
#pragma weak tune_jobs_submit
#pragma weak tune_jobs_stats
