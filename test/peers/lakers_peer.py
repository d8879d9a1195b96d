"""One end of EDHOC by lakers (Rust, by way of lakers-python): method 3, suite 2.

    lakers_peer.py initiator|responder reference|value SCENARIO

Standard input and output carry one message a line, 'message_N HEX', and then 'prk_out HEX', 'exporter LABEL CONTEXT HEX' and
'key_update HEX'. 'ead_N LABEL CRITICAL HEX' says what external authorization data came in,
'c_r HEX' what the responder calls the connection. A failure is 'error TEXT' and status 1.
"""

import sys

import lakers

# lakers 0.6.2 writes a label as one raw byte, which is its CBOR encoding up to 23 only.
EXPORTS = [(0, b"", 16), (1, b"", 8), (10, bytes.fromhex("c0ffee"), 48), (23, b"context", 32)]
UPDATE_CONTEXT = bytes.fromhex("d6be169602b8bceaa01158fdb820890c")


def write(*words):
    print(*words, flush=True)


def read(name):
    word, value = sys.stdin.readline().split()
    if word != name:
        raise ValueError(f"{name} is due, not {word}")
    return bytes.fromhex(value)


def write_ead(number, items):
    for item in items:
        write(f"ead_{number}", item.label(), int(item.is_critical()), (item.value() or b"").hex())


def credential(id_cred, expected):
    """The credential that the peer named or sent; refuses any but the expected one."""
    found = lakers.credential_check_or_fetch(id_cred, expected)
    if found != expected.value():
        raise ValueError("another credential than the expected one")
    return expected


def initiator(scenario, transfer, ead):
    end = lakers.EdhocInitiator()
    write("message_1", end.prepare_message_1(c_i=scenario["c_i"], ead_1=ead).hex())
    c_r, id_cred_r, ead_2 = end.parse_message_2(read("message_2"))
    write("c_r", bytes(c_r).hex())
    write_ead(2, ead_2)
    cred_r = credential(id_cred_r, lakers.Credential(scenario["cred_r"]))
    end.verify_message_2(scenario["sk_i"], lakers.Credential(scenario["cred_i"]), cred_r)
    message_3, prk_out = end.prepare_message_3(transfer, ead)
    write("message_3", message_3.hex())
    write_ead(4, end.process_message_4(read("message_4")))
    return end, prk_out


def responder(scenario, transfer, ead):
    end = lakers.EdhocResponder(scenario["sk_r"], scenario["cred_r"])
    _, ead_1 = end.process_message_1(read("message_1"))
    write_ead(1, ead_1)
    write("message_2", end.prepare_message_2(transfer, scenario["c_r"], ead).hex())
    id_cred_i, ead_3 = end.parse_message_3(read("message_3"))
    write_ead(3, ead_3)
    prk_out = end.verify_message_3(credential(id_cred_i, lakers.Credential(scenario["cred_i"])))
    write("message_4", end.prepare_message_4(ead).hex())
    return end, prk_out


def main(role, transfer, file):
    with open(file, encoding="ascii") as lines:
        texts = dict(line.strip().split("=", 1) for line in lines)
    scenario = {key: bytes.fromhex(texts[key]) for key in ("sk_i", "cred_i", "sk_r", "cred_r", "c_i", "c_r")}
    by = {"reference": lakers.CredentialTransfer.ByReference, "value": lakers.CredentialTransfer.ByValue}[transfer]
    ead = [lakers.EADItem(0, False, b"padding"), lakers.EADItem(40, False, b"lakers")]
    try:
        end, prk_out = {"initiator": initiator, "responder": responder}[role](scenario, by, ead)
    except Exception as error:  # whatever lakers raises ends the session
        write("error", repr(error))
        return 1
    write("prk_out", prk_out.hex())
    for label, context, length in EXPORTS:
        write("exporter", label, context.hex() or "-", end.edhoc_exporter(label, context, length).hex())
    write("key_update", end.edhoc_key_update(UPDATE_CONTEXT).hex())
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
