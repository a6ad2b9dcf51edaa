#include "tests.h"

int
main(void)
{
	return test_create() + test_update() + test_merge() +
	       test_personless() + test_group() + test_limits() + test_seen() +
	       test_batch();
}
