#include "clickhouse/frame.h"

static void
clean_text(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
	text[len] = '\0';
}

int
frame_take(struct buf *in, struct frame *out, bool *got, struct err *e)
{
	const unsigned char *p = (const unsigned char *)in->p;
	size_t len;

	*got = false;
	if (in->len < FRAME_HEAD_BYTES)
		return 0;
	if (p[0] != 'S' || p[1] != 'C' || p[2] != FRAME_VERSION)
		return err_set(e, ERR_INVALID,
			"the child speaks another protocol (%02x%02x%02x)",
			p[0], p[1], p[2]);
	if (p[3] < FRAME_READY || p[3] > FRAME_FAILED)
		return err_set(e, ERR_INVALID,
			"the child sent a frame of type %u", p[3]);
	len = (size_t)p[4] << 24 | (size_t)p[5] << 16 | (size_t)p[6] << 8 |
	      p[7];
	if (len > FRAME_TEXT_MAX)
		return err_set(e, ERR_INVALID,
			"the child sent a frame of %zu bytes", len);
	if (in->len < FRAME_HEAD_BYTES + len)
		return 0;
	out->type = (enum frame_type)p[3];
	memcpy(out->text, p + FRAME_HEAD_BYTES, len);
	clean_text(out->text, len);
	in->len -= FRAME_HEAD_BYTES + len;
	memmove(in->p, in->p + FRAME_HEAD_BYTES + len, in->len);
	*got = true;
	return 0;
}

void
frame_put(struct buf *out, enum frame_type type, const char *text)
{
	size_t len = strlen(text);
	unsigned char head[FRAME_HEAD_BYTES] = {
		'S', 'C', FRAME_VERSION, (unsigned char)type};

	if (len > FRAME_TEXT_MAX)
		len = FRAME_TEXT_MAX;
	head[6] = (unsigned char)(len >> 8);
	head[7] = (unsigned char)(len & 0xff);
	buf_append(out, head, sizeof(head));
	buf_append(out, text, len);
}
