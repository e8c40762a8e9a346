"""What the library redis-py sees of a cluster.

    python redis_py.py LEADER FOLLOWER FOLLOWER

The arguments are the ports for clients. What this script cannot do itself - stopping and killing servers - it asks for
by a line on standard output that begins with "please", and goes on when a line comes back. The last line says how many
checks were made; an exception ends it earlier.
"""

import sys
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

BINARY = bytes(range(256)) + b"\r\n$-1\r\n"
UNICODE = "Grüße, 世界 🦀"
checks = 0


def check(found, expected):
    """Stops everything unless both are equal, and of the same type."""
    global checks
    checks += 1
    assert found == expected and type(found) is type(expected), f"{found!r}; expected {expected!r}"


def error(of, *arguments, **options):
    """The text of the error that a call raises: a server's answer, and not a broken connection."""
    try:
        found = of(*arguments, **options)
    except redis.ResponseError as raised:
        return str(raised)
    raise AssertionError(f"{found!r}; expected an error")


def please(what):
    print("please", what, flush=True)
    assert sys.stdin.readline().strip() == "done", "nobody is there any more"


def connect(port, protocol, **options):
    """One connection, without retries: an INCR that is sent again may count twice."""
    options.setdefault("retry", Retry(NoBackoff(), 0))
    return redis.Redis(
        port=port, protocol=protocol, socket_timeout=30, single_connection_client=True, **options
    )


def commands(client, prefix):
    """Every command, as the library spells it."""
    key = prefix + "k"
    check(client.ping(), True)
    check(client.echo("a b"), b"a b")
    check(client.set(key, "1"), True)
    check(client.get(key), b"1")
    check(client.get(prefix + "none"), None)
    check(client.set(key, "2", nx=True), None)
    check(client.set(key, "2", xx=True), True)
    check(client.set(key, "3", get=True), b"2")
    check(client.execute_command("SET", key, "4", "IFEQ", "3"), True)
    check(client.execute_command("SET", key, "5", "IFEQ", "3"), None)
    check(client.setnx(key, "6"), False)
    check(client.getset(key, "7"), b"4")
    check(client.mset({prefix + "a": 1, prefix + "b": 2}), True)
    check(client.mget(prefix + "a", prefix + "none", prefix + "b"), [b"1", None, b"2"])
    check(client.exists(key, key, prefix + "none"), 2)
    check([client.incr(key), client.incr(key, 10), client.decr(key), client.decr(key, 5)], [8, 18, 17, 12])
    check(client.append(key, "34"), 4)
    check(client.strlen(key), 4)
    check(client.delete(key, prefix + "none"), 1)
    check(client.dbsize() >= 2, True)
    for text in (UNICODE.encode(), BINARY, b"", b"v" * 100_000):
        check(client.set(key + UNICODE, text), True)
        check(client.get(key + UNICODE), text)
        check(client.strlen(key + UNICODE), len(text))


def about(client, leads):
    """What the library asks a server about itself."""
    info = client.info()
    check(info["role"], "master" if leads else "slave")
    check(client.info("replication")["connected_slaves"], 2 if leads else 0)
    if leads:
        check(sorted(info["slave0"]), ["ip", "offset", "port", "state"])
    role = client.role()
    check(role[0], b"master" if leads else b"slave")
    check(len(role), 3 if leads else 5)
    check(client.config_get("maxclients"), {"maxclients": "10000"})
    check(client.client_setname("me"), True)
    check(client.client_getname() in ("me", b"me"), True)
    check(client.client_id() > 0, True)
    check("me" in [one["name"] for one in client.client_list()], True)
    check(client.command_count() == len(client.command()), True)
    check(client.readonly(), True)
    client.get("any")
    check(client.readwrite(), True)


def refusals(client, prefix):
    """Errors as a user of Redis expects them, none of which breaks the connection."""
    key = prefix + "text"
    client.set(key, "abc")
    check(error(client.incr, key), "value is not an integer or out of range")
    check(error(client.execute_command, "NOSUCH", "a"), "unknown command 'NOSUCH', with args beginning with: 'a' ")
    check(error(client.execute_command, "GET"), "wrong number of arguments for 'get' command")
    check(error(client.set, "k" * 70_000, "v"), "a key of 70000 bytes is over the limit of 65536 bytes")
    check(error(client.set, key, "v" * 1_100_000), "a value of 1100000 bytes is over the limit of 1048576 bytes")
    check("keys do not expire here" in error(client.set, key, "x", ex=10), True)
    # The library sends a transaction without waiting. Nothing of it may have an effect.
    transaction = client.pipeline(transaction=True)
    transaction.set(key, "changed").incr(prefix + "counted")
    check("transactions are not supported" in error(transaction.execute), True)
    check(client.get(key), b"abc")
    check(client.get(prefix + "counted"), None)
    check("nor is WATCH" in error(client.pipeline().watch, key), True)
    check(client.ping(), True)


def pipelines(client, prefix):
    """Many commands at once, more than are under way at a time."""
    pipeline = client.pipeline(transaction=False)
    for number in range(3000):
        pipeline.set(f"{prefix}{number % 10}", number)
        pipeline.get(f"{prefix}{number % 10}")
    replies = pipeline.execute()
    check(replies[::2], [True] * 3000)
    check(replies[1::2], [str(number).encode() for number in range(3000)])
    # An error of one command is its own.
    pipeline.set(prefix + "x", "x").incr(prefix + "x").get(prefix + "x")
    done, wrong, found = pipeline.execute(raise_on_error=False)
    check([done, type(wrong).__name__, found], [True, "ResponseError", b"x"])


def failures(leader, protocol):
    """Without a majority a write is in doubt and a command after it is to be tried again; neither is done by itself."""
    client = connect(leader, protocol)
    client.set(f"doubt{protocol}", 0)
    please("stop the followers")
    raised = []
    for _ in range(4):
        try:
            client.incr(f"doubt{protocol}")
        except redis.ResponseError as error:
            raised.append(error)
    please("let the followers go on")
    # The first was begun, and it is not known what became of it. Later ones had no effect.
    check([str(error).split()[0] for error in raised[:1]], ["INDOUBT"])
    check(len(raised), 4)
    check(isinstance(raised[-1], redis.exceptions.TryAgainError), True)
    in_doubt = sum(str(error).startswith("INDOUBT") for error in raised)
    count = int(patiently(client.get, f"doubt{protocol}"))
    check(0 <= count <= in_doubt, True)


def patiently(ask, *arguments):
    """Asks again while there is no leader, or no server. Only what is read may be asked again without a thought."""
    until = time.monotonic() + 30
    while True:
        try:
            return ask(*arguments)
        except (redis.exceptions.TryAgainError, redis.ConnectionError):
            assert time.monotonic() < until, "there is no leader for too long"
            time.sleep(0.05)


def reconnects(ports, protocol):
    """Nothing acknowledged is lost when a leader is killed, and the same client goes on when it is back."""
    clients = [connect(port, protocol) for port in ports]
    key = f"kept{protocol}"
    check(clients[0].set(key, "kept"), True)
    please("kill the leader")
    try:
        clients[0].get(key)
        raise AssertionError("a server that was killed answers")
    except redis.ConnectionError:
        pass
    for client in clients[1:]:
        check(patiently(client.get, key), b"kept")
    please("start what was killed")
    for client in clients:
        check(patiently(client.get, key), b"kept")
        check(patiently(client.ping), True)


def main():
    ports = [int(port) for port in sys.argv[1:]]
    print("redis-py", redis.__version__, flush=True)
    for protocol in (2, 3):
        for place, port in enumerate(ports):
            prefix = f"p{protocol}:{place}:"
            client = connect(port, protocol)
            commands(client, prefix)
            about(client, place == 0)
            refusals(client, prefix)
            pipelines(client, prefix)
        # Texts instead of bytes.
        texts = connect(ports[1], protocol, decode_responses=True)
        texts.set("text", UNICODE)
        check(texts.get("text"), UNICODE)
        # The library's own settings, whose retries meet nothing here that they would act upon.
        usual = redis.Redis(port=ports[1], protocol=protocol)
        check(usual.set("usual", "1"), True)
        check(usual.incr("usual"), 2)
        usual.close()
        ports = [int(port) for port in please_ports(ports)]
        failures(ports[0], protocol)
        ports = [int(port) for port in please_ports(ports)]
        reconnects(ports, protocol)
        ports = [int(port) for port in please_ports(ports)]
    print("passed", checks, flush=True)


def please_ports(ports):
    """The ports, with that of whoever leads now first."""
    print("please say who leads", flush=True)
    leader = sys.stdin.readline().strip()
    assert leader in map(str, ports), leader
    return [leader] + [port for port in map(str, ports) if port != leader]


if __name__ == "__main__":
    main()
