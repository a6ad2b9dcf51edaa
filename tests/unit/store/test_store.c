#include "fixture.h"

int
main(void)
{
	return run_append_tests() + run_job_tests() + run_read_tests() +
	       run_retain_tests() + run_open_tests() + run_prepare_tests() +
	       run_wipe_tests() + run_turn_tests();
}
