"""Uses `r.bf()` of redis-py as a program written for RedisBloom does, in both protocols."""

import sys

import redis

for protocol in (2, 3):
    server = redis.Redis(unix_socket_path=sys.argv[1], protocol=protocol, decode_responses=True)
    server.flushall()
    bloom = server.bf()

    assert bloom.reserve("filter", 0.01, 1000)
    assert bloom.reserve("grows", 0.01, 1000, expansion=4)
    assert bloom.reserve("fixed", 0.001, 2, noScale=True)
    assert bloom.add("filter", "a") == 1
    assert bloom.add("filter", "a") == 0
    assert bloom.madd("filter", "a", "b", "c") == [0, 1, 1]
    assert bloom.exists("filter", "a") == 1
    assert bloom.exists("none", "a") == 0
    assert bloom.mexists("filter", "a", "z", "c") == [1, 0, 1]
    assert bloom.card("filter") == 3
    assert bloom.insert("made", ["a", "b"], capacity=500, error=0.001, expansion=3) == [1, 1]
    assert bloom.insert("made", ["b", "c"], noCreate=True) == [0, 1]

    # redis-py shows the reply under other names in the second protocol.
    names = {
        2: ("capacity", "insertedNum", "filterNum", "expansionRate", "size"),
        3: ("Capacity", "Number of items inserted", "Number of filters", "Expansion rate", "Size"),
    }[protocol]
    info = [bloom.info("made")[name] for name in names]
    assert info[:4] == [500, 3, 1, 3] and info[4] > 500, info
    assert bloom.info("fixed")[names[3]] is None

    pipe = server.pipeline()
    for item in range(100):
        pipe.bf().add("piped", item)
    assert sum(pipe.execute()) >= 95

    for wrong in (lambda: bloom.reserve("filter", 0.01, 1000), lambda: bloom.info("none")):
        try:
            wrong()
        except redis.ResponseError as error:
            assert str(error) in ("item exists", "not found"), error
        else:
            raise AssertionError("an error is expected")
