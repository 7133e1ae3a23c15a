#!/usr/bin/env python3
"""Checks what a bucketlog hands out, without trusting whoever handed it out.

    python3 verify_export.py FILE --key VKEY [--checkpoint NOTE]...

FILE is an exported log, a proof of one event, or the folder of a backup. VKEY is the key of the log,
as text or as a file that holds it; it must have come to you by another way than FILE did. Each NOTE
is a checkpoint that you kept from earlier: the log of today must still contain it.

Python 3.9 or newer, its standard library alone. Written from the description of the format
(src/eventstore/format.md); it shares no code with the program that writes these files.

Exit status: 0 everything holds, 4 something does not, 2 the question could not be asked.
"""

import argparse
import base64
import binascii
import bisect
import gzip
import hashlib
import json
import os
import re
import sqlite3
import sys
from collections import namedtuple
from pathlib import Path

ROW_KEYS = [
    "position", "stream", "version", "namespace", "bucket_id", "event_id", "transaction_id",
    "type", "schema_version", "recorded_at", "meta", "meta_salt", "meta_commitment", "body",
    "salt", "commitment", "hash",
]  # fmt: skip
INTEGERS = {"position", "version", "schema_version", "recorded_at"}
BYTES = {"meta_salt", "meta_commitment", "salt", "commitment", "hash"}
ERASABLE = {"meta", "meta_salt", "body", "salt"}
KEY_LINE_KEYS = {"scope", "key", "fingerprint", "recorded_at", "results", "position"}
EXPORT_FORMAT = "bucketlog-export/1"
BACKUP_FORMAT = "bucketlog-backup/1"
PROOF_HEADER = "c2sp.org/tlog-proof@v1"
LINE_MAX = 40 * 1024 * 1024
GZIP_RATIO_MAX = 200
INTEGER_MAX = 2**63 - 1
LOG_ID = re.compile(r"log_[A-Za-z0-9_-]{1,200}")


class Refused(Exception):
    """What is checked does not hold; the text says where and why."""


class Unusable(Exception):
    """The question itself cannot be understood: a missing file, a key that is none."""


# --- Ed25519 (RFC 8032, section 5.1; the names are those of the text) ---------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_times(scalar, p):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = point_add(result, p)
        p = point_add(p, p)
        scalar >>= 1
    return result


def points_equal(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def point_from(text):
    """The point that 32 bytes stand for, or None."""
    y = int.from_bytes(text, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P != 0:
        x = x * SQRT_MINUS_ONE % P
    if (x * x - x_squared) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_from((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signature_holds(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64:
        return False
    a, r = point_from(public_key), point_from(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    k = int.from_bytes(digest, "little") % L
    return points_equal(point_times(s, BASE), point_add(r, point_times(k, a)))


# --- Text, bytes and numbers --------------------------------------------------------------------


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def from_base64(text, what):
    """The bytes, where the text is the one canonical way to write them."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"{what} is not base64.") from None
    if base64.b64encode(decoded).decode() != text:
        raise Refused(f"{what} is not written in the one canonical form of base64.")
    return decoded


def to_base64(data):
    return base64.b64encode(data).decode()


def utf8(text, what):
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(f"{what} holds half a character, which UTF-8 cannot write.") from None


def decimal(text, what):
    if not text.isascii() or not text.isdigit() or (len(text) > 1 and text[0] == "0"):
        raise Refused(f"{what} is not a number in decimal without leading zeros.")
    return int(text)


def parse_json(text, what):
    def once(pairs):
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Refused(f"{what} names a key twice.")
        return found

    def no_such_number(_):
        raise Refused(f"{what} holds a number that JSON does not have.")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=no_such_number)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON.") from None


def exact_keys(value, keys, what):
    if not isinstance(value, dict):
        raise Refused(f"{what} is not a JSON object.")
    for key in keys:
        if key not in value:
            raise Refused(f"{what} lacks {key!r}.")
    for key in value:
        if key not in keys:
            raise Refused(f"{what} has {key!r}, which does not belong there.")
    return value


def is_whole(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INTEGER_MAX


# --- Events and their chain ---------------------------------------------------------------------


def row_from(value, what, more=()):
    """A row as it stands in JSON, its base64 decoded."""
    exact_keys(value, ROW_KEYS + list(more), what)
    row = {}
    for key, given in value.items():
        if key in INTEGERS:
            if not is_whole(given):
                raise Refused(f"{key} of {what} is not a whole number.")
            row[key] = given
        elif given is None and (key in ERASABLE or key == "transaction_id"):
            row[key] = None
        elif not isinstance(given, str):
            raise Refused(f"{key} of {what} is not a string.")
        elif key in BYTES or key in more:
            row[key] = from_base64(given, f"{key} of {what}")
        else:
            row[key] = given
    return row


def field(data):
    return len(data).to_bytes(4, "big") + data


def frame(row, what):
    """The bytes of an event that are hashed into the chain."""
    parts = [b"\x01"]
    for key in (
        "position", "stream", "version", "namespace", "bucket_id", "event_id", "transaction_id",
        "type", "schema_version", "recorded_at", "meta_commitment", "commitment",
    ):  # fmt: skip
        value = row[key]
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        elif isinstance(value, int):
            parts.append(field(value.to_bytes(8, "big")))
        elif isinstance(value, str):
            parts.append(field(utf8(value, f"{key} of {what}")))
        else:
            parts.append(field(value))
    return b"".join(parts)


def check_commitments(row, what):
    """That the texts which are there are those that were committed to."""
    for text, salt, commitment in (
        ("meta", "meta_salt", "meta_commitment"),
        ("body", "salt", "commitment"),
    ):
        if len(row[commitment]) != 32:
            raise Refused(f"{commitment} of {what} is not 32 bytes long.")
        if (row[text] is None) != (row[salt] is None):
            raise Refused(f"Of {text} and {salt} of {what} one is there without the other.")
        if row[text] is None:
            continue
        if sha256(row[salt], utf8(row[text], f"{text} of {what}")) != row[commitment]:
            raise Refused(f"The {text} of {what} is not what was recorded: it was changed.")


class Ranges:
    """Positions, as ranges with both ends: many of them in little memory."""

    def __init__(self):
        self.ranges = []

    def add(self, position):
        if self.ranges and self.ranges[-1][1] == position - 1:
            self.ranges[-1][1] = position
        else:
            self.ranges.append([position, position])


def covers_of(body, position):
    """What a `data.erased` event took away: ranges of positions for bodies and for metas."""
    what = f"The body of the erasure at position {position}"
    value = parse_json(body, what)
    cover = value.get("cover") if isinstance(value, dict) else None
    if not isinstance(cover, dict):
        raise Refused(f"{what} does not say what it covers.")
    found = {}
    for part in ("body", "meta"):
        ranges, last = cover.get(part, []), 0
        if not isinstance(ranges, list):
            raise Refused(f"{what} has a cover that is not a list of ranges.")
        for pair in ranges:
            if not isinstance(pair, list) or len(pair) != 2 or not all(map(is_whole, pair)):
                raise Refused(f"{what} has a cover that is not a list of ranges.")
            if not last < pair[0] <= pair[1] < position:
                raise Refused(f"{what} has ranges that overlap, or that are not of its past.")
            last = pair[1]
        found[part] = ranges
    return found


class Tree:
    """The root of a Merkle tree that grows (RFC 6962, section 2.1): its full subtrees, largest first."""

    def __init__(self):
        self.size = 0
        self.full = []

    def append(self, entry):
        node, height = sha256(b"\x00", entry), 0
        while self.full and self.full[-1][0] == height:
            node, height = sha256(b"\x01", self.full.pop()[1], node), height + 1
        self.full.append((height, node))
        self.size += 1

    def root(self):
        if not self.full:
            return sha256()
        node = self.full[-1][1]
        for _, left in reversed(self.full[:-1]):
            node = sha256(b"\x01", left, node)
        return node


# Where a log says that it signs with another key from then on.
Rotation = namedtuple("Rotation", "position old new compromised")


def rotation_from(row):
    if row["type"] != "log.key_rotated" or row["namespace"] != "_log" or row["body"] is None:
        return None
    try:
        said = parse_json(row["body"], "The event")["changes"][-1]["value"][-1]
        old, new, compromised = said["old_vkey"], said["new_vkey"], said["is_compromised"]
    except (KeyError, IndexError, TypeError):
        return None
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    return Rotation(row["position"], old, new, compromised is not False)


class Log:
    """A log as it is read from its beginning: every rule that needs no key."""

    def __init__(self, wanted_sizes=()):
        self.position = 0
        self.head = bytes(32)
        self.recorded_at = 0
        self.versions = {}
        self.event_ids = set()
        self.tree = Tree()
        self.roots = {}
        self.wanted = set(wanted_sizes)
        self.absent = {"body": Ranges(), "meta": Ranges()}
        self.covered = {"body": [], "meta": []}
        self.rotations = []
        self.keep_root()

    def keep_root(self):
        if self.tree.size in self.wanted:
            self.roots[self.tree.size] = self.tree.root()

    def take(self, row):
        what = f"the event at position {row['position']}"
        if row["position"] != self.position + 1:
            raise Refused(
                f"Behind position {self.position} comes {row['position']}: an event is missing,"
                " or stands in another place."
            )
        check_commitments(row, what)
        if sha256(self.head, frame(row, what)) != row["hash"]:
            raise Refused(f"The chain breaks at {what}: it, or what lies before it, was changed.")
        version = self.versions.get(row["stream"], 0) + 1
        if row["version"] != version:
            raise Refused(f"{row['stream']} has no version {version}: {what} is {row['version']}.")
        if row["recorded_at"] < self.recorded_at:
            raise Refused(f"Time runs backwards at {what}.")
        if row["event_id"] in self.event_ids:
            raise Refused(f"The id {row['event_id']} of {what} was given before.")
        for part in ("body", "meta"):
            if row[part] is None:
                self.absent[part].add(row["position"])
        if row["type"] == "data.erased":
            if row["body"] is None:
                raise Refused(f"{what} says what was erased, and its own text is not there.")
            for part, ranges in covers_of(row["body"], row["position"]).items():
                self.covered[part].extend(ranges)
        rotation = rotation_from(row)
        if rotation is not None:
            self.rotations.append(rotation)
        self.position = row["position"]
        self.head = row["hash"]
        self.recorded_at = row["recorded_at"]
        self.versions[row["stream"]] = version
        self.event_ids.add(row["event_id"])
        self.tree.append(row["hash"])
        self.keep_root()

    def finish(self):
        """What can be said only once the end is known. Returns how many texts were erased."""
        erased = {}
        for part in ("body", "meta"):
            joined = joined_ranges(self.covered[part])
            starts = [first for first, _ in joined]
            for first, last in self.absent[part].ranges:
                at = bisect.bisect_right(starts, first) - 1
                if at < 0 or joined[at][1] < last:
                    raise Refused(
                        f"The {part} at position {first} is not there, and no later erasure says"
                        " that it was taken away."
                    )
            erased[part] = sum(b - a + 1 for a, b in self.absent[part].ranges)
        return erased


def joined_ranges(ranges):
    joined = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1][1] = max(joined[-1][1], last)
        else:
            joined.append([first, last])
    return joined


# --- Signed notes -------------------------------------------------------------------------------

Key = namedtuple("Key", "name id public_key text")
Checkpoint = namedtuple("Checkpoint", "origin size root signers")


def key_from(argument):
    """A key as text, or as the name of a file that holds it."""
    text = argument
    if os.path.isfile(argument):
        text = Path(argument).read_text(encoding="utf-8")
    text = text.strip()
    parts = text.split("+", 2)
    try:
        if len(parts) != 3:
            raise Refused("")
        name, key_id, material = parts[0], parts[1], from_base64(parts[2], "The key")
        expected = sha256(utf8(name, "The key"), b"\n", material)[:4]
        if len(material) != 33 or material[0] != 1 or expected.hex() != key_id:
            raise Refused("")
    except Refused:
        raise Unusable(
            f"{argument!r} is not a key of a log: it is written <name>+<8 hex digits>+<base64>."
        ) from None
    return Key(name, expected, material[1:], text)


def note_from(text, keys, what):
    """The text of a signed note, and the keys among those given whose signatures hold."""
    if not text.endswith("\n"):
        raise Refused(f"{what} does not end in a newline.")
    body, separator, signatures = text.rpartition("\n\n")
    if separator == "" or signatures == "":
        raise Refused(f"{what} has no signatures behind a blank line.")
    body += "\n"
    signers = []
    for line in signatures[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or parts[1] == "":
            raise Refused(f"{what} has a line that is not a signature.")
        signature = from_base64(parts[2], f"A signature of {what}")
        if len(signature) < 5:
            raise Refused(f"{what} has a signature that is too short.")
        for key in keys:
            if key.name != parts[1] or key.id != signature[:4]:
                continue
            if not signature_holds(key.public_key, utf8(body, what), signature[4:]):
                raise Refused(f"The signature of {key.name} on {what} does not hold.")
            signers.append(key)
    return body, signers


def checkpoint_from(text, keys, what):
    body, signers = note_from(text, keys, what)
    lines = body[:-1].split("\n")
    if len(lines) != 3 or lines[0] == "":
        raise Refused(f"{what} is not an origin, a size and a root.")
    size = decimal(lines[1], f"The size in {what}")
    root = from_base64(lines[2], f"The root in {what}")
    if len(root) != 32:
        raise Refused(f"The root in {what} is not 32 bytes long.")
    signers = [key for key in signers if key.name == lines[0]]
    return Checkpoint(lines[0], size, root, signers)


def demand_signature(signers, keys, what, rotations=()):
    if not keys or signers:
        return
    text = f"{what} is not signed by the key that you gave."
    if rotations:
        text += (
            f" The log says that it signs with {rotations[-1].new} since position"
            f" {rotations[-1].position}: have that confirmed by another way, and give it too."
        )
    raise Refused(text)


def vouched_for(keys, kept, rotations):
    """Keys that a given one has signed, in a checkpoint that was kept. The file alone vouches for none."""
    trusted = list(keys)
    for rotation in rotations:
        signed = any(
            key.text == rotation.old
            for checkpoint in kept
            if checkpoint.size >= rotation.position
            for key in checkpoint.signers
        )
        if signed and not rotation.compromised:
            try:
                trusted.append(key_from(rotation.new))
            except Unusable:
                raise Refused(f"The key at position {rotation.position} is none.") from None
    return trusted


def read_note(path):
    try:
        return Path(path).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"The checkpoint {path} cannot be read: {error}") from None


# --- An exported log ----------------------------------------------------------------------------


class Counted:
    """Compressed bytes as they are read, counted so that a small file cannot become endless text."""

    def __init__(self, file):
        self.file = file
        self.count = 0

    def read(self, size=-1):
        data = self.file.read(size)
        self.count += len(data)
        return data


def lines_of(path):
    """Numbered lines, each with its newline, of a file that may be compressed."""
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        counted = Counted(file)
        source = gzip.GzipFile(fileobj=counted) if is_gzip else file
        number, total = 0, 0
        while True:
            try:
                line = source.readline(LINE_MAX + 1)
            except (OSError, EOFError, ValueError, gzip.zlib.error) as error:
                raise Refused(f"Line {number + 1} cannot be read: {error}") from None
            if line == b"":
                return
            number += 1
            total += len(line)
            if len(line) > LINE_MAX:
                raise Refused(f"Line {number} is longer than {LINE_MAX} bytes.")
            if is_gzip and total > max(counted.count, 1024 * 1024) * GZIP_RATIO_MAX:
                raise Refused("The file grows beyond what a log can be compressed to.")
            if not line.endswith(b"\n"):
                raise Refused(f"Line {number} has no end: the file was cut off.")
            try:
                yield number, line[:-1].decode("utf-8")
            except UnicodeDecodeError:
                raise Refused(f"Line {number} is not UTF-8.") from None


def header_from(text):
    header = exact_keys(
        parse_json(text, "The first line"),
        ["format", "origin", "log_id", "first", "last"],
        "The first line",
    )
    if header["format"] != EXPORT_FORMAT:
        raise Refused(f"The format is {header['format']!r}, not {EXPORT_FORMAT!r}.")
    if not isinstance(header["origin"], str) or header["origin"] == "":
        raise Refused("The first line does not name the origin of the log.")
    if not isinstance(header["log_id"], str) or not LOG_ID.fullmatch(header["log_id"]):
        raise Refused("The first line does not name the log by an id of the form log_….")
    if header["first"] != 1 or not is_whole(header["first"]) or not is_whole(header["last"]):
        raise Refused("The first line does not say that the log is whole, from position 1.")
    return header


def check_key_line(value, log, what):
    exact_keys(value, KEY_LINE_KEYS, what)
    check_types(value, {"recorded_at", "position"}, {"scope", "key", "fingerprint", "results"}, what)
    if value["position"] != log.position:
        raise Refused(f"{what} does not stand behind the event that it names.")
    answered = f"results of {what}"
    results = parse_json(value["results"], answered)
    has_refusals = isinstance(results, dict) and "refusals" in results
    exact_keys(results, ["results", "refusals"] if has_refusals else ["results"], answered)
    for result in items(results["results"], answered):
        exact_keys(result, ["stream", "version", "position"], answered)
        check_types(result, {"version", "position"}, {"stream"}, answered)
    for refusal in items(results.get("refusals", []), answered):
        exact_keys(refusal, ["index", "code", "message", "details"], answered)
        check_types(refusal, {"index"}, {"code", "message"}, answered)
        if not isinstance(refusal["details"], dict):
            raise Refused(f"details in {answered} are not a JSON object.")


def check_types(value, integers, texts, what):
    for key in integers:
        if not is_whole(value[key]):
            raise Refused(f"{key} of {what} is not a whole number.")
    for key in texts:
        if not isinstance(value[key], str):
            raise Refused(f"{key} of {what} is not a string.")


def items(value, what):
    if not isinstance(value, list):
        raise Refused(f"{what} hold something that is not a list.")
    return value


def check_export(path, keys, kept):
    lines = lines_of(path)
    number, text = next(lines, (0, None))
    if text is None:
        raise Refused("The file is empty.")
    header = header_from(text)
    log = Log({checkpoint.size for checkpoint in kept})
    end = None
    for number, text in lines:
        what = f"line {number}"
        if end is not None:
            raise Refused(f"Behind the last line of the log comes {what}.")
        value = parse_json(text, f"Line {number}")
        if isinstance(value, dict) and set(value) == {"checkpoint"}:
            end = value["checkpoint"]
        elif isinstance(value, dict) and set(value) == {"key"}:
            check_key_line(value["key"], log, what)
        else:
            try:
                log.take(row_from(value, what))
            except Refused as refused:
                raise Refused(f"Line {number}: {refused}") from None
    if not isinstance(end, str):
        raise Refused("The last line, which holds the checkpoint, is missing: the file was cut off.")
    erased = log.finish()
    trusted = vouched_for(keys, kept, log.rotations)
    checkpoint = checkpoint_from(end, trusted, "the checkpoint of the export")
    if checkpoint.origin != header["origin"]:
        raise Refused("The checkpoint is of another log than the first line says.")
    if header["last"] != log.position or checkpoint.size != log.position:
        raise Refused(
            f"The file holds {log.position} events; its first line says {header['last']} and its"
            f" checkpoint {checkpoint.size}."
        )
    if checkpoint.root != log.tree.root():
        raise Refused("The checkpoint signs another history than the one in this file.")
    demand_signature(checkpoint.signers, keys, "The checkpoint of the export", log.rotations)
    # What was kept must hold before what it vouches for does.
    check_kept(kept, header["origin"], log)
    return [f"The log {header['origin']} holds: {told(log, erased)}"] + said_of_chain(
        checkpoint, kept
    )


def check_kept(kept, origin, log):
    """That what was signed earlier is still the beginning of the log."""
    for checkpoint in kept:
        if checkpoint.origin != origin:
            raise Refused(f"A checkpoint that you kept is of {checkpoint.origin}, not of {origin}.")
        if checkpoint.size > log.position:
            raise Refused(
                f"You kept a checkpoint of {checkpoint.size} events; this log ends at"
                f" {log.position}: its end was cut off."
            )
        if log.roots[checkpoint.size] != checkpoint.root:
            raise Refused(
                f"The first {checkpoint.size} events are not those of the checkpoint that you kept:"
                " the past was rewritten."
            )


def counted(count, what):
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def told(log, erased):
    text = f"{counted(log.position, 'event')} in {counted(len(log.versions), 'stream')}"
    if erased["body"] or erased["meta"]:
        text += f", of which {erased['body']} bodies and {erased['meta']} metas were erased"
    return text + "."


def said_of_chain(checkpoint, kept):
    proves = ["No event in it was changed, removed, inserted or moved since it was recorded."]
    if checkpoint.signers:
        proves.append(f"The holder of the key {checkpoint.signers[0].text} signed exactly this.")
    for one in kept:
        proves.append(f"It still begins with the {one.size} events of the checkpoint that you kept.")
    not_proved = ["that what was recorded is true", "that nobody was shown another history"]
    if not checkpoint.signers:
        not_proved.insert(0, "who made it: no key was given, so anybody can have")
    if not kept:
        not_proved.append("that nothing was rewritten before it was signed: keep checkpoints")
    return proves + [f"Not proved: {'; '.join(not_proved)}."]


# --- A proof of one event -----------------------------------------------------------------------


def root_by_path(leaf, index, size, path):
    """RFC 9162, section 2.1.3.2."""
    node, fn, sn = leaf, index, size - 1
    for sibling in path:
        if sn == 0:
            raise Refused("The path is longer than the tree is high.")
        if fn & 1 or fn == sn:
            node = sha256(b"\x01", sibling, node)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Refused("The path is shorter than the tree is high.")
    return node


def check_proof(text, keys, kept):
    lines = text.split("\n")
    if len(lines) < 4 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Refused("The proof does not begin with its extra data and its index.")
    extra = from_base64(lines[1][len("extra ") :], "The extra data")
    index = decimal(lines[2][len("index ") :], "The index")
    if "" not in lines[3:]:
        raise Refused("The proof holds no checkpoint behind a blank line.")
    end = lines.index("", 3)
    path = [from_base64(line, "A hash of the path") for line in lines[3:end]]
    if any(len(node) != 32 for node in path):
        raise Refused("A hash of the path is not 32 bytes long.")
    note = "\n".join(lines[end + 1 :])
    checkpoint = checkpoint_from(note, keys, "the checkpoint of the proof")
    demand_signature(checkpoint.signers, keys, "The checkpoint of the proof")
    try:
        value = parse_json(extra.decode("utf-8"), "The event")
    except UnicodeDecodeError:
        raise Refused("The event is not UTF-8.") from None
    previous_path = value.pop("previous_path", None) if isinstance(value, dict) else None
    row = row_from(value, "the event", ["previous_hash"])
    if len(row["previous_hash"]) != 32:
        raise Refused("The previous hash is not 32 bytes long.")
    check_commitments(row, "the event")
    if sha256(row["previous_hash"], frame(row, "the event")) != row["hash"]:
        raise Refused("The event is not the one whose hash it carries: it was changed.")
    if row["position"] != index + 1 or index >= checkpoint.size:
        raise Refused("The event's position is not the one that the proof is about.")
    leaf = sha256(b"\x00", row["hash"])
    if root_by_path(leaf, index, checkpoint.size, path) != checkpoint.root:
        raise Refused("The path does not lead to what was signed: the log does not hold this event.")
    previous = is_previous_proved(row, previous_path, checkpoint)
    check_kept_of_proof(kept, checkpoint)
    said = [
        f"The log {checkpoint.origin} holds this event at position {row['position']} of"
        f" {checkpoint.size}: {row['type']}, version {row['version']} of {row['stream']} in"
        f" {row['namespace']}."
    ]
    for part in ("body", "meta"):
        if row[part] is None:
            said.append(f"Its {part} is not disclosed.")
        else:
            said.append(f"Its {part}, as it was recorded: {printable(row[part])}")
    rotation = rotation_from(row)
    if rotation is not None and rotation.compromised:
        said.append(f"The log gave up {rotation.old}: have {rotation.new} confirmed another way.")
    elif rotation is not None:
        said.append(f"From then on the log signs with {rotation.new}.")
    if checkpoint.signers:
        said.append(f"The holder of the key {checkpoint.signers[0].text} signed a log with it.")
    not_proved = ["that what it says is true", "that no later event took it back"]
    if not checkpoint.signers:
        not_proved.insert(0, "who signed it, because no key was given")
    if previous:
        said.append("The event before it in the log is the one that it was chained to.")
    else:
        not_proved.append(
            "that the event before it is the one it was chained to (the proof of that event does)"
        )
    return said + [f"Not proved: {'; '.join(not_proved)}."]


def is_previous_proved(row, path, checkpoint):
    """Whether the proof shows what stands before the event: that it is the first, or the one before."""
    index = row["position"] - 1
    if index == 0:
        if row["previous_hash"] != bytes(32):
            raise Refused("It is the first event of the log, and yet chained to another.")
        return True
    if path is None:
        return False
    if not isinstance(path, list) or not all(isinstance(line, str) for line in path):
        raise Refused("The path of the event before is not a list of hashes.")
    nodes = [from_base64(line, "A hash of the path of the event before") for line in path]
    if any(len(node) != 32 for node in nodes):
        raise Refused("A hash of the path of the event before is not 32 bytes long.")
    leaf = sha256(b"\x00", row["previous_hash"])
    if root_by_path(leaf, index - 1, checkpoint.size, nodes) != checkpoint.root:
        raise Refused("The event before is not the one that this one was chained to.")
    return True


def check_kept_of_proof(kept, checkpoint):
    for one in kept:
        if one.origin != checkpoint.origin:
            raise Refused(f"A checkpoint that you kept is of {one.origin}, not of this log.")
        if one.size == checkpoint.size and one.root != checkpoint.root:
            raise Refused(
                f"Two histories of {one.size} events were signed: this proof is of another one than"
                " the checkpoint that you kept."
            )


def printable(text):
    """Text of others, on one line, with nothing in it that a terminal obeys."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


# --- A backup -----------------------------------------------------------------------------------


def check_file(folder, entry):
    exact_keys(entry, ["path", "bytes", "sha256"], "An entry of the manifest")
    name = entry["path"]
    if not isinstance(name, str) or name.startswith("/") or ".." in name.split("/"):
        raise Refused(f"The manifest names {name!r}, which is not in the folder.")
    path = folder / name
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(1024 * 1024):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        raise Refused(f"{name} is not in the folder.") from None
    if size != entry["bytes"] or digest.hexdigest() != entry["sha256"]:
        raise Refused(f"{name} is not what was backed up: it was changed.")
    return name


def check_blobs(folder, expected):
    """Contents are named by what they are; returns how many there are."""
    count, total = 0, 0
    for path in sorted((folder / "blobs").rglob("*")):
        if not path.is_file():
            continue
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(1024 * 1024):
                digest.update(chunk)
        if digest.hexdigest() != path.name or path.parent.name != path.name[:2]:
            raise Refused(f"{path.relative_to(folder)} is not the content that it is named after.")
        count, total = count + 1, total + path.stat().st_size
    if not isinstance(expected, dict) or expected.get("count") != count:
        raise Refused(f"There are {count} contents; the manifest says otherwise.")
    if expected.get("bytes") != total:
        raise Refused(f"The contents are {total} bytes; the manifest says otherwise.")
    return count


def rows_of_database(path):
    uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
    try:
        with sqlite3.connect(uri, uri=True) as database:
            database.row_factory = sqlite3.Row
            columns = ", ".join(ROW_KEYS)
            for found in database.execute(f"SELECT {columns} FROM events ORDER BY position"):
                yield dict(found)
    except sqlite3.Error as error:
        raise Refused(f"{path.name} cannot be read as a database: {error}") from None


def check_backup(folder, keys, kept):
    try:
        raw = (folder / "manifest.json").read_bytes()
        note = (folder / "manifest.note").read_bytes().decode("utf-8")
        manifest = parse_json(raw.decode("utf-8"), "manifest.json")
    except OSError as error:
        raise Refused(f"This folder is not a whole backup: {error}") from None
    except UnicodeDecodeError:
        raise Refused("The manifest is not UTF-8.") from None
    if not isinstance(manifest, dict) or manifest.get("format") != BACKUP_FORMAT:
        raise Refused(f"manifest.json is not of the format {BACKUP_FORMAT!r}.")
    text, signers = note_from(note, keys, "manifest.note")
    expected = [
        BACKUP_FORMAT,
        str(manifest.get("origin")),
        str(manifest.get("position")),
        to_base64(sha256(raw)),
    ]
    if text[:-1].split("\n") != expected:
        raise Refused("manifest.note signs another manifest than this one.")
    signers = [key for key in signers if key.name == manifest["origin"]]
    demand_signature(signers, keys, "manifest.note")
    if not isinstance(manifest.get("files"), list):
        raise Refused("The manifest does not say which files belong to it.")
    names = [check_file(folder, entry) for entry in manifest["files"]]
    if "buckets.db" not in names:
        raise Refused("The manifest does not name the database.")
    blobs = check_blobs(folder, manifest.get("blobs"))
    log = Log({checkpoint.size for checkpoint in kept})
    for row in rows_of_database(folder / "buckets.db"):
        log.take(row)
    erased = log.finish()
    if log.position != manifest.get("position"):
        raise Refused(f"The database ends at {log.position}; the manifest says otherwise.")
    for name, value in (("hash", log.head), ("root", log.tree.root())):
        if manifest.get(name) not in (to_base64(value), value.hex()):
            raise Refused(f"The {name} in the manifest is not that of the database.")
    check_kept(kept, manifest["origin"], log)
    checkpoint = Checkpoint(manifest["origin"], log.position, log.tree.root(), signers)
    return [
        f"The backup of {manifest['origin']} holds: {told(log, erased)}",
        f"All {len(names)} files and {blobs} contents are the bytes that were backed up.",
    ] + said_of_chain(checkpoint, kept)


# --- The question -------------------------------------------------------------------------------


def check(path, keys, kept):
    if path.is_dir():
        return check_backup(path, keys, kept)
    try:
        with open(path, "rb") as file:
            beginning = file.read(len(PROOF_HEADER) + 1)
            if beginning != f"{PROOF_HEADER}\n".encode():
                return check_export(path, keys, kept)
            return check_proof((beginning + file.read()).decode("utf-8"), keys, kept)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Refused("The proof is not UTF-8.") from None


def main():
    parser = argparse.ArgumentParser(
        description="Checks an exported log, a proof of one event, or a backup of a bucketlog."
    )
    parser.add_argument("file", help="an export, a proof, or the folder of a backup")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        help="the key of the log, as text or in a file; again for one that was rotated",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        help="a checkpoint that you kept: the log must still begin with it",
    )
    arguments = parser.parse_args()
    try:
        keys = [key_from(text) for text in arguments.key]
        kept = []
        for name in arguments.checkpoint:
            checkpoint = checkpoint_from(read_note(name), keys, f"the checkpoint {name}")
            demand_signature(checkpoint.signers, keys, f"The checkpoint {name}")
            kept.append(checkpoint)
        said = check(Path(arguments.file), keys, kept)
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 2
    except Refused as refused:
        print(f"REFUSED. {printable(str(refused))}")
        return 4
    print("\n".join(["HOLDS."] + said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
