#ifndef SLUICE_CLICKHOUSE_CONSOLE_H
#define SLUICE_CLICKHOUSE_CONSOLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * What a query of the console may not do although the role and readonly let it
 * (clickhouse-10). The text must be canonical: as formatQuerySingleLine writes
 * it, with key words in capitals, strings in single quotes with backslashes, no
 * comments and no heredocs. What is run is this text and not the one that was
 * sent, so that what was checked and what runs are the same.
 */
#define CONSOLE_ROLE "sluice_console"
#define CONSOLE_WHY_MAX 200

/* false: refused, and why in words for the one who wrote it. */
bool sql_console_allows(struct slice canonical, char why[CONSOLE_WHY_MAX]);

#endif
