#define BLOCK_PORTABLE
#include "base/block.h"
#include "block_kit.h"

void
block_ask_portable(const char *p, struct block_says *out)
{
	block b = block_load(p);

	out->high = block_first(block_high(b));
	out->control = block_first(block_control(b));
	out->control_or_high = block_first(block_control_or_high(b));
	out->quote = block_first(block_eq(b, '"'));
	out->stop = block_first(block_json_stop(b));
	out->escape = block_first(block_json_escape(b));
	out->nested = block_first(block_json_nested(b));
	block_store(out->copy, b);
}
