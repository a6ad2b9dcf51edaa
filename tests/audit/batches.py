"""Record batches in the rows of a log, changed by hand in a copied folder."""

import sqlite3
import struct

HEADER = struct.Struct(">qiibIhiqqqhii")  # up to the count of records
ROW_BITS = 44


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def varint_end(data, at):
    """(value, offset after it) of a zigzag varint."""
    shift = value = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at


def split(batch):
    """The records of one uncompressed batch, each with its length before it."""
    at, records = HEADER.size, []
    while at < len(batch):
        length, body = varint_end(batch, at)
        records.append(batch[at : body + length])
        at = body + length
    return records


def varint(value):
    value, out = (value << 1) ^ (value >> 63), b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def again(records):
    """The records and the last one once more, at the next offset."""
    last = records[-1]
    _, body = varint_end(last, 0)
    _, delta = varint_end(last, body + 1)
    offset, rest = varint_end(last, delta)
    copy = last[body:delta] + varint(offset + 1) + last[rest:]
    return [*records, varint(len(copy)) + copy]


def join(batch, records):
    """The batch with other records: lengths, counts and CRC are made anew."""
    fields = list(HEADER.unpack_from(batch))
    assert fields[5] & 7 == 0, "a compressed batch"
    body = b"".join(records)
    fields[1] = HEADER.size - 12 + len(body)
    fields[6] = max(fields[6], len(records) - 1)
    fields[12] = len(records)
    made = HEADER.pack(*fields) + body
    fields[4] = crc32c(made[21:])
    return HEADER.pack(*fields) + body


def batches(data):
    at = 0
    while at < len(data):
        end = at + 12 + struct.unpack_from(">i", data, at + 8)[0]
        yield data[at:end]
        at = end


def change(path, topic, change_records):
    """Rewrites the first batch of the topic that has two records or more."""
    db = sqlite3.connect(path)
    (part,) = db.execute(
        "SELECT id FROM part WHERE topic = ? AND idx = 0 AND deleted = 0", (topic,)
    ).fetchone()
    rows = db.execute(
        "SELECT id, data FROM batch WHERE id >= ? AND id < ? ORDER BY id",
        (part << ROW_BITS, (part + 1) << ROW_BITS),
    ).fetchall()
    for row, data in rows:
        parts = list(batches(data))
        for i, batch in enumerate(parts):
            records = split(batch)
            if len(records) < 2:
                continue
            parts[i] = join(batch, change_records(records))
            data = b"".join(parts)
            count = sum(len(split(b)) for b in parts)
            db.execute(
                "UPDATE batch SET data = ?, bytes = ?, count = ?,"
                " last = max(last, (id & ((1 << 44) - 1)) + ? - 1) WHERE id = ?",
                (data, len(data), count, count, row),
            )
            db.commit()
            db.close()
            return
    raise AssertionError(f"no batch of {topic} has two records")
