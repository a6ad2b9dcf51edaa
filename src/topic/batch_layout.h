#ifndef SLUICE_TOPIC_BATCH_LAYOUT_H
#define SLUICE_TOPIC_BATCH_LAYOUT_H

/*
 * Record batch v2, all integers big-endian:
 *
 *   offset bytes field
 *        0     8 base offset (outside the CRC)
 *        8     4 length of what follows this field
 *       12     4 partition leader epoch (outside the CRC)
 *       16     1 magic, 2
 *       17     4 CRC-32C of bytes 21 to the end
 *       21     2 attributes: bits 0-2 codec, bit 3 LogAppendTime,
 *                bit 4 transactional, bit 5 control, bit 6 delete horizon
 *       23     4 last offset delta
 *       27     8 base timestamp, ms
 *       35     8 greatest timestamp, ms
 *       43     8 producer id, -1 none
 *       51     2 producer epoch, -1 none
 *       53     4 base sequence, -1 none
 *       57     4 number of records
 *       61       records, as one compressed block unless the codec is 0
 *
 * Record: length varint; attributes i8; timestamp delta varlong; offset delta
 * varint; key length varint (-1 null) and key; value likewise; number of
 * headers varint, each key length varint and key, value length varint (-1
 * null) and value. Varints are zigzag.
 */
#define BATCH_AT_BASE 0
#define BATCH_AT_LENGTH 8
#define BATCH_AT_EPOCH 12
#define BATCH_AT_MAGIC 16
#define BATCH_AT_CRC 17
#define BATCH_AT_ATTRIBUTES 21
#define BATCH_AT_LAST_DELTA 23
#define BATCH_AT_BASE_TS 27
#define BATCH_AT_MAX_TS 35
#define BATCH_AT_PRODUCER 43
#define BATCH_AT_PRODUCER_EPOCH 51
#define BATCH_AT_SEQUENCE 53
#define BATCH_AT_COUNT 57
#define BATCH_CRC_FROM BATCH_AT_ATTRIBUTES

#define BATCH_CODEC_MASK 7
#define BATCH_LOG_APPEND_TIME 8
#define BATCH_RECORD_BYTES_MIN 7 /* of one uncompressed record */
#define BATCH_COMPRESSED_COUNT_MAX (1 << 24)

#endif
