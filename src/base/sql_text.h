#ifndef SLUICE_BASE_SQL_TEXT_H
#define SLUICE_BASE_SQL_TEXT_H

/* One SQL file compiled in; arrays end with a row whose name is NULL. */
struct sql_text {
	const char *name;
	const char *text;
};

#endif
