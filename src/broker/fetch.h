#ifndef SLUICE_BROKER_FETCH_H
#define SLUICE_BROKER_FETCH_H

#include "broker/int.h"

/* A partition grew: parked fetches that wait for it go on. */
void broker_fetch_wake(struct broker *b, struct store_part *p);
void broker_fetch_wake_all(struct broker *b);
/* Answers all parked fetches with what they have. */
void broker_fetch_stop(struct broker *b);

#endif
