#include "tests.h"

#include <stdio.h>

#include "base/mem.h"

int
make_world(void **state)
{
	struct world *w = mem_xzalloc(1, sizeof(*w));

	world_make(w);
	*state = w;
	return 0;
}

int
remove_world(void **state)
{
	struct world *w = *state;

	world_stop(w);
	world_remove(w);
	mem_free(w);
	return 0;
}

int
times(const struct buf *text, const char *part)
{
	size_t len = strlen(part);
	int n = 0;

	for (size_t i = 0; i + len <= text->len; i++)
		n += memcmp(text->p + i, part, len) == 0;
	return n;
}

bool
holds(const struct buf *text, const char *part)
{
	return times(text, part) > 0;
}

const char *
uuid_of(int i, char out[37])
{
	snprintf(out, 37, "00000000-0000-4000-8000-%012d", i);
	return out;
}

int
main(void)
{
	int failed = run_part_tests();

	failed += run_flow_tests();
	failed += run_foreign_tests();
	failed += run_letter_tests();
	failed += run_poison_tests();
	failed += run_pg_state_tests();
	failed += run_same_tests();
	failed += run_memory_tests();
	return failed;
}
