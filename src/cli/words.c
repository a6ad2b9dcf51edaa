#include "cli/words.h"

#include <string.h>

#define WORD_MAX 40

static int
least(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein distance of two words of at most WORD_MAX characters. */
static int
distance(const char *a, size_t n, const char *b, size_t m)
{
	int row[WORD_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= n; i++) {
		int corner = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= m; j++) {
			int above = row[j];

			row[j] = least(row[j - 1] + 1, above + 1,
				corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[m];
}

void
words_best_init(struct words_best *b, const char *typed)
{
	/* More than a third of the letters wrong is another word. */
	*b = (struct words_best){typed, NULL, (int)strlen(typed) / 3 + 1};
}

void
words_best_try(struct words_best *b, const char *known)
{
	size_t n = strlen(b->typed);
	size_t m = strlen(known);
	int d;

	if (n > WORD_MAX || m > WORD_MAX)
		return;
	d = distance(b->typed, n, known, m);
	if (d < b->distance || (b->word == NULL && d <= b->distance)) {
		b->distance = d;
		b->word = known;
	}
}
