#ifndef SLUICE_TESTS_UNIT_CLICKHOUSE_FAKE_LIB_H
#define SLUICE_TESTS_UNIT_CLICKHOUSE_FAKE_LIB_H

#include <stdatomic.h>

#include "clickhouse/lib.h"

/*
 * A libchdb that only looks at the words of a statement:
 *   bad      an error, code 62      stream N   N pieces of FAKE_PIECE_BYTES
 *   broken   an error after the pieces of a stream
 * Any other statement gives its own text back.
 */
#define FAKE_PIECE_BYTES 300000

struct fake_state {
	atomic_int connections, results, streams, inserts, cancelled;
	char inserted[4096]; /* data of the last INSERT */
	char prepared[4096]; /* statements run on the side, one a line */
};
extern struct fake_state fake;
extern const struct chdb fake_lib;

#endif
