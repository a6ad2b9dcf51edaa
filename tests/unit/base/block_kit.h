#ifndef SLUICE_TESTS_UNIT_BASE_BLOCK_KIT_H
#define SLUICE_TESTS_UNIT_BASE_BLOCK_KIT_H

/* What base/block.h says about 16 bytes, by one of its variants. */
struct block_says {
	unsigned high, control, control_or_high, quote, stop, escape, nested;
	char copy[16];
};

void block_ask_native(const char *p, struct block_says *out);
void block_ask_portable(const char *p, struct block_says *out);

#endif
