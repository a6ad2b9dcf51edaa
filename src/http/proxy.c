#include "http/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/hash.h"
#include "base/limits.h"

#define V1_MAX_BYTES 107 /* with its line end */
#define V2_FIXED_BYTES 16
#define V2_V4_BYTES 12
#define V2_V6_BYTES 36
#define V2_UNIX_BYTES 216
#define TLV_CRC32C 0x03
#define TLV_HEAD_BYTES 3

enum v2_family { V2_UNSPEC, V2_V4, V2_V6, V2_UNIX };

static const char v1_start[] = "PROXY ";
static const unsigned char v2_start[12] = {
	'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static bool
starts(struct slice in, const void *with, size_t n)
{
	return memcmp(in.p, with, in.len < n ? in.len : n) == 0;
}

/* Takes the text up to the next blank; false when there is none of it. */
static bool
next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (n < rest->len && rest->p[n] != ' ')
		n++;
	*word = slice_of(rest->p, n);
	*rest = n < rest->len ? slice_of(rest->p + n + 1, rest->len - n - 1)
			      : slice_of(rest->p + n, 0);
	return n > 0;
}

static bool
read_port(struct slice s, uint16_t *out)
{
	unsigned v = 0;

	if (s.len == 0 || s.len > 5 || (s.p[0] == '0' && s.len > 1))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s.p[i] - '0');
	}
	*out = (uint16_t)v;
	return v <= UINT16_MAX;
}

/* The plain form of the named family, nothing around it. */
static bool
read_address(struct slice s, bool is_v6, struct net_addr *out)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (s.len >= sizeof(text) || memchr(s.p, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	if (is_v6) {
		if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
			return false;
		net_addr_from_sockaddr((const struct sockaddr *)&v6, out);
		return true;
	}
	if (inet_pton(AF_INET, text, &v4.sin_addr) != 1)
		return false;
	net_addr_from_sockaddr((const struct sockaddr *)&v4, out);
	return true;
}

/* line: without PROXY and its blank, without the line end. */
static bool
read_v1_line(struct slice line, struct proxy_header *out)
{
	struct slice word[5];
	struct net_addr to;
	uint16_t to_port;
	bool is_v6;

	if (!next_word(&line, &word[0]))
		return false;
	if (slice_eq_str(word[0], "UNKNOWN"))
		return true; /* whatever follows is of no meaning */
	is_v6 = slice_eq_str(word[0], "TCP6");
	if (!is_v6 && !slice_eq_str(word[0], "TCP4"))
		return false;
	for (int i = 1; i < 5; i++)
		if (!next_word(&line, &word[i]))
			return false;
	if (line.len > 0 || line.p != word[4].p + word[4].len)
		return false;
	if (!read_address(word[1], is_v6, &out->client) ||
		!read_address(word[2], is_v6, &to) ||
		!read_port(word[3], &out->client_port) ||
		!read_port(word[4], &to_port))
		return false;
	out->has_client = true;
	return true;
}

static enum proxy_result
read_v1(struct slice in, struct proxy_header *out)
{
	size_t max = in.len < V1_MAX_BYTES ? in.len : V1_MAX_BYTES;
	const char *lf = memchr(in.p, '\n', max);
	size_t start = sizeof(v1_start) - 1, n;

	if (lf == NULL)
		return in.len < V1_MAX_BYTES ? PROXY_SHORT : PROXY_BAD;
	n = (size_t)(lf - in.p);
	if (n <= start || in.p[n - 1] != '\r')
		return PROXY_BAD;
	out->len = n + 1;
	return read_v1_line(slice_of(in.p + start, n - 1 - start), out)
		       ? PROXY_V1
		       : PROXY_BAD;
}

static unsigned
two_bytes(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (unsigned)b[0] << 8 | b[1];
}

/* The sum is over the whole header with zeros in the sum's own place. */
static bool
sum_is_right(struct slice header, size_t at)
{
	static const char zeros[4];
	const unsigned char *b = (const unsigned char *)header.p + at;
	uint32_t told = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			(uint32_t)b[2] << 8 | b[3];
	uint32_t sum = hash_crc32c(0, header.p, at);

	sum = hash_crc32c(sum, zeros, sizeof(zeros));
	sum = hash_crc32c(
		sum, header.p + at + 4, header.len - at - sizeof(zeros));
	return sum == told;
}

/* What follows the addresses: type, length, value. Types not known here are
 * stepped over. */
static bool
tlvs_are_right(struct slice header, size_t at)
{
	while (at < header.len) {
		size_t len;

		if (header.len - at < TLV_HEAD_BYTES)
			return false;
		len = two_bytes(header.p + at + 1);
		if (header.len - at - TLV_HEAD_BYTES < len)
			return false;
		if (header.p[at] == TLV_CRC32C &&
			(len != 4 ||
				!sum_is_right(header, at + TLV_HEAD_BYTES)))
			return false;
		at += TLV_HEAD_BYTES + len;
	}
	return true;
}

static void
set_client(struct proxy_header *out, enum v2_family family, const char *p)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	out->has_client = true;
	if (family == V2_V4) {
		memcpy(&v4.sin_addr, p, 4);
		net_addr_from_sockaddr(
			(const struct sockaddr *)&v4, &out->client);
		out->client_port = (uint16_t)two_bytes(p + 8);
	} else {
		memcpy(&v6.sin6_addr, p, 16);
		net_addr_from_sockaddr(
			(const struct sockaddr *)&v6, &out->client);
		out->client_port = (uint16_t)two_bytes(p + 32);
	}
}

/* Only streams come through a stream. */
static bool
read_family(unsigned byte, enum v2_family *family, size_t *bytes)
{
	static const size_t sizes[] = {[V2_UNSPEC] = 0,
		[V2_V4] = V2_V4_BYTES,
		[V2_V6] = V2_V6_BYTES,
		[V2_UNIX] = V2_UNIX_BYTES};
	unsigned high = byte >> 4, low = byte & 15;

	if (high > V2_UNIX || low != (high == V2_UNSPEC ? 0 : 1))
		return false;
	*family = (enum v2_family)high;
	*bytes = sizes[high];
	return true;
}

static enum proxy_result
read_v2(struct slice in, struct proxy_header *out)
{
	enum v2_family family;
	size_t bytes, len;
	unsigned command;

	if (in.len < V2_FIXED_BYTES)
		return PROXY_SHORT;
	command = (unsigned char)in.p[12];
	len = V2_FIXED_BYTES + two_bytes(in.p + 14);
	if ((command != 0x20 && command != 0x21) ||
		len > LIMIT_PROXY_HEADER_BYTES)
		return PROXY_BAD;
	if (in.len < len)
		return PROXY_SHORT;
	out->len = len;
	if (command == 0x20)
		return PROXY_LOCAL;
	if (!read_family((unsigned char)in.p[13], &family, &bytes) ||
		len - V2_FIXED_BYTES < bytes ||
		!tlvs_are_right(slice_of(in.p, len), V2_FIXED_BYTES + bytes))
		return PROXY_BAD;
	if (family == V2_V4 || family == V2_V6)
		set_client(out, family, in.p + V2_FIXED_BYTES);
	return PROXY_V2;
}

enum proxy_result
proxy_read(struct slice in, struct proxy_header *out)
{
	*out = (struct proxy_header){.len = 0};
	if (in.len == 0)
		return PROXY_SHORT;
	if (starts(in, v1_start, sizeof(v1_start) - 1))
		return in.len < sizeof(v1_start) - 1 ? PROXY_SHORT
						     : read_v1(in, out);
	if (starts(in, v2_start, sizeof(v2_start)))
		return read_v2(in, out);
	return PROXY_NONE;
}
