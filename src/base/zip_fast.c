#include "base/zip_fast.h"

#include "config.h"

#ifdef HAVE_LIBDEFLATE

#include <libdeflate.h>
#include <pthread.h>
#include <stdint.h>

#include "base/mem.h"

/* Output beyond so many times the input is left to zlib: texts come to 2 to
 * 20 times, bombs to 1,000. */
#define RATIO_MAX 64
#define HEAD_BYTES 10
#define TAIL_BYTES 8
#define FLAG_HEAD_CRC 0x02 /* zlib checks it, libdeflate does not */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void
free_one(void *d)
{
	libdeflate_free_decompressor(d);
}

static void
init_once(void)
{
	libdeflate_set_memory_allocator(mem_alloc, mem_free);
	has_key = pthread_key_create(&key, free_one) == 0;
}

/* One for each thread that ever unpacked; freed when it ends. */
static struct libdeflate_decompressor *
get_decompressor(void)
{
	struct libdeflate_decompressor *d;

	pthread_once(&once, init_once);
	if (!has_key)
		return NULL;
	d = pthread_getspecific(key);
	if (d != NULL)
		return d;
	d = libdeflate_alloc_decompressor();
	if (d != NULL && pthread_setspecific(key, d) != 0) {
		libdeflate_free_decompressor(d);
		d = NULL;
	}
	return d;
}

/* What the last bytes say about the length; right if no bytes follow. */
static size_t
length_told(struct slice in)
{
	const unsigned char *p =
		(const unsigned char *)in.p + in.len - sizeof(uint32_t);

	return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 |
	       (size_t)p[3] << 24;
}

bool
zip_fast_gunzip(struct slice in, struct buf *out)
{
	struct libdeflate_decompressor *d;
	size_t room, used, got;
	char *to;

	if (in.len < HEAD_BYTES + TAIL_BYTES || out->failed ||
		(in.p[3] & FLAG_HEAD_CRC) != 0)
		return false;
	room = length_told(in);
	if (room > out->max_bytes - out->len || room / RATIO_MAX > in.len)
		return false;
	d = get_decompressor();
	if (d == NULL)
		return false;
	to = buf_reserve(out, room);
	if (to == NULL)
		return false; /* out has failed; zlib's way says so */
	if (libdeflate_gzip_decompress_ex(d, in.p, in.len, to, room, &used,
		    &got) != LIBDEFLATE_SUCCESS)
		return false;
	out->len += got;
	return true;
}

#else

bool
zip_fast_gunzip(struct slice in, struct buf *out)
{
	(void)in;
	(void)out;
	return false;
}

#endif
