"""Checks proofs of a Merkle tree as RFC 9162 says, one JSON object a line; prints 1 or 0 for each.

Written from the text of sections 2.1.3.2 and 2.1.4.2; it shares no code with anything here.
"""

import hashlib
import json
import sys


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(claim, path):
    fn, sn = claim["index"], claim["size"] - 1
    if fn > sn:
        return False
    r = bytes.fromhex(claim["leaf"])
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not (fn & 1 or fn == 0):
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == bytes.fromhex(claim["root"])


def is_consistent(claim, path):
    first, second = claim["from"], claim["to"]
    first_root, second_root = bytes.fromhex(claim["fromRoot"]), bytes.fromhex(claim["toRoot"])
    if first == second:
        return not path and first_root == second_root
    if first & (first - 1) == 0:
        path = [first_root] + path
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not (fn & 1 or fn == 0):
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


for line in sys.stdin:
    claim = json.loads(line)
    path = [bytes.fromhex(text) for text in claim["proof"]]
    print(int(is_included(claim, path) if "index" in claim else is_consistent(claim, path)))
