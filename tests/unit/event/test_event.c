#include "tests.h"

int
main(void)
{
	return test_props() + test_names() + test_time() + test_elements() +
	       test_read() + test_check() + test_normalise() + test_heatmap();
}
