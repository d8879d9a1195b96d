"""Verifies CBOR Web Tokens with python-cwt, by other people.

    cwt_peer.py

Standard input: lines of JSON {"token": HEX, "kid": HEX, "x": HEX, "y": HEX}. Standard output: for each, JSON with the claims by their
numbers, or {"error": TEXT}. Byte strings are hexadecimal.
"""

import json
import sys

import cwt
from cwt import COSEKey


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


for line in sys.stdin:
    request = json.loads(line)
    key = COSEKey.new({1: 2, 3: -7, -1: 1, -2: bytes.fromhex(request["x"]), -3: bytes.fromhex(request["y"]), 2: bytes.fromhex(request["kid"])})
    # 18 is COSE_Sign1's tag (RFC 9052 section 2), which our tokens leave out.
    tagged = bytes([0xD2]) + bytes.fromhex(request["token"])
    try:
        print(json.dumps(plain(cwt.decode(tagged, keys=key))), flush=True)
    except Exception as error:  # whatever python-cwt raises is its refusal
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
