#ifndef SLUICE_BROKER_MSG_ROWS_H
#define SLUICE_BROKER_MSG_ROWS_H

#include "broker/msg.h"

/* Short names for the rows of msg_*.c. F: a field; A: an array of structs. */
#define F WIRE_FIELD
#define NULLABLE .null_from = WIRE_NULL_FROM(0)
#define NULL_FROM(v) .null_from = WIRE_NULL_FROM(v)
#define FROM(v) .from = (v)
#define UNTIL(v) .until = (v) /* first version without the field */
#define ABSENT(v) .def = (v)
#define OF(schema) .elem = &(schema)
#define ELEMENT(name)                                                          \
	static const struct wire_schema name##_schema =                        \
		WIRE_SCHEMA(name##_rows, name)
#define MESSAGE(name)                                                          \
	const struct wire_schema broker_msg_##name =                           \
		WIRE_SCHEMA(name##_rows, name)
#define ROWS(name) static const struct wire_field name##_rows[]

#endif
