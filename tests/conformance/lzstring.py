"""compressToBase64 of lz-string, as old SDKs send it (spec capture.md 2.4)."""

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


class Bits:
    def __init__(self):
        self.bits = []

    def put(self, value, width):
        """Least significant bit first, as the format has it."""
        self.bits += [(value >> i) & 1 for i in range(width)]

    def text(self):
        # A terminating bit and zeros up to a whole character of six bits.
        bits = self.bits + [0] * (6 - len(self.bits) % 6)
        out = ""
        for i in range(0, len(bits), 6):
            value = 0
            for bit in bits[i : i + 6]:
                value = value * 2 + bit
            out += ALPHABET[value]
        return out + "=" * (-len(out) % 4)


def units(text):
    """UTF-16 code units: the characters of JavaScript."""
    raw = text.encode("utf-16-le")
    return [chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2)]


class Encoder:
    def __init__(self):
        self.bits = Bits()
        self.codes = {}
        self.new = set()
        self.width = 2
        self.enlarge_in = 2

    def count(self):
        self.enlarge_in -= 1
        if self.enlarge_in == 0:
            self.enlarge_in = 1 << self.width
            self.width += 1

    def write(self, word):
        if word in self.new:
            code = ord(word[0])
            self.bits.put(0 if code < 256 else 1, self.width)
            self.bits.put(code, 8 if code < 256 else 16)
            self.count()
            self.new.discard(word)
        else:
            self.bits.put(self.codes[word], self.width)
        self.count()

    def encode(self, text):
        word = ""
        for c in units(text):
            if c not in self.codes:
                self.codes[c] = len(self.codes) + 3
                self.new.add(c)
            if word + c in self.codes:
                word += c
                continue
            self.write(word)
            self.codes[word + c] = len(self.codes) + 3
            word = c
        if word:
            self.write(word)
        self.bits.put(2, self.width)
        return self.bits.text()


def compress_to_base64(text):
    return Encoder().encode(text)
