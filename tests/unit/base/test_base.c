#include "tests.h"

int
main(void)
{
	int failed = 0;

	failed += run_memory_tests();
	failed += run_text_tests();
	failed += run_hash_tests();
	failed += run_clock_tests();
	failed += run_thread_tests();
	failed += run_file_tests();
	failed += run_fault_tests();
	failed += run_net_tests();
	failed += run_log_tests();
	failed += run_json_read_tests();
	failed += run_json_write_tests();
	failed += run_block_tests();
	failed += run_zip_tests();
	failed += run_zip_fast_tests();
	return failed == 0 ? 0 : 1;
}
