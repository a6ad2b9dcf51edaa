#ifndef SLUICE_CLI_WORDS_H
#define SLUICE_CLI_WORDS_H

/* The nearest known word to one that was typed wrongly. */
struct words_best {
	const char *typed;
	const char *word; /* NULL: none is near */
	int distance;
};
void words_best_init(struct words_best *b, const char *typed);
void words_best_try(struct words_best *b, const char *known);

#endif
