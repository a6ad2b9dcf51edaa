#ifndef SLUICE_BROKER_HANDLE_H
#define SLUICE_BROKER_HANDLE_H

#include "broker/int.h"

/* The handlers of broker_apis, one handle_*.c each family: each answers the
 * request now or later, exactly once. @thread broker @locks broker (held) */
#define HANDLE_DECLARE(name)                                                   \
	void broker_handle_##name(struct broker *b, struct request *r);
MSG_ALL(HANDLE_DECLARE)
#undef HANDLE_DECLARE

#endif
