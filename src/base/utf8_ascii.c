#include "base/utf8_ascii.h"

#include <stdint.h>

#include "base/block.h"

/* 64 bytes at a time: bodies are almost always ASCII to their end. */
#define STEP_BYTES 64

size_t
utf8_ascii_blocks_portable(const char *p, size_t n)
{
	size_t i = 0;

	for (; i + STEP_BYTES <= n; i += STEP_BYTES) {
		block a = block_or(block_load(p + i), block_load(p + i + 16));
		block b = block_or(
			block_load(p + i + 32), block_load(p + i + 48));

		if (block_first(block_high(block_or(a, b))) < BLOCK_BYTES)
			break;
	}
	return i;
}

#ifdef __x86_64__

#include <immintrin.h>

__attribute__((target("avx2"))) static size_t
blocks_avx2(const char *p, size_t n)
{
	size_t i = 0;

	for (; i + STEP_BYTES <= n; i += STEP_BYTES) {
		const char *at = p + i;
		__m256i v =
			_mm256_loadu_si256((const __m256i *)(const void *)at);
		__m256i w = _mm256_loadu_si256(
			(const __m256i *)(const void *)(at + 32));

		if (_mm256_movemask_epi8(_mm256_or_si256(v, w)) != 0)
			break;
	}
	return i;
}

bool
utf8_ascii_blocks_avx2(const char *p, size_t n, size_t *out)
{
	if (!__builtin_cpu_supports("avx2"))
		return false;
	*out = blocks_avx2(p, n);
	return true;
}

#else

bool
utf8_ascii_blocks_avx2(const char *p, size_t n, size_t *out)
{
	(void)p;
	(void)n;
	(void)out;
	return false;
}

#endif

size_t
utf8_ascii_blocks(const char *p, size_t n)
{
	size_t out;

	if (utf8_ascii_blocks_avx2(p, n, &out))
		return out;
	return utf8_ascii_blocks_portable(p, n);
}
