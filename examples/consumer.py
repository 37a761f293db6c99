#!/usr/bin/env python3
"""Order events into the tables of `seckill work`, beside it or alone: consumer.py REDIS-URL orders.db STREAM NAME"""
import sqlite3
import sys
import redis

RANK = {"": -1, "WAITING": 0, "OFFERED": 1, "HELD": 2, "RELEASED": 3, "EXPIRED": 3, "CONFIRMED": 4, "REFUNDED": 5}
TOLD = {"WAITLISTED": "WAITING", "OFFERED": "OFFERED", "RESERVED": "HELD", "EXTENDED": "HELD", "RELEASED": "RELEASED",
        "EXPIRED": "EXPIRED", "CONFIRMED": "CONFIRMED", "REFUNDED": ""}
url, file, stream, name = sys.argv[1:]
server, db = redis.from_url(url, decode_responses=True), sqlite3.connect(file, isolation_level=None, timeout=10)

def taken(qty, refunded, state):
    return max(qty - refunded, 0) if state in ("OFFERED", "HELD", "CONFIRMED") else 0

def take(sale, units):
    if not db.execute("UPDATE products SET stock = stock - ? WHERE sale = ? AND stock >= ?", (units, sale, units)).rowcount:
        assert db.execute("SELECT stock FROM products WHERE sale = ?", (sale,)).fetchone()[0] is None, "too few units"

def process(entry, e):
    sale, id, user, qty, at = e["sale"], int(e["id"]), e["user"], int(e["qty"]), int(entry.split("-")[0])
    seq = tuple(map(int, e["seq"].split("-")))
    if not db.execute("INSERT INTO processed VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (sale, *seq, entry)).rowcount:
        return
    db.execute("INSERT INTO epochs VALUES (?, ?, 1, ?, 0, ?, 0) ON CONFLICT DO UPDATE SET events = events + 1,"
               " newest = MAX(newest, excluded.newest)", (sale, *seq, at))
    if e["ev"] == "RESTOCKED":
        base = db.execute("SELECT base_epoch, base_seq FROM products WHERE sale = ?", (sale,)).fetchone()
        return take(sale, -qty) if seq > base else None
    row = db.execute("SELECT * FROM orders WHERE sale = ? AND reservation = ?", (sale, id)).fetchone()
    row = row or (sale, id, user, 0, 0, "", 0, 0, 0, None, at, at, 0)
    _, _, owner, units, refunded, state, *last, deadline, data, made, changed, paid = row
    assert owner == user, "the reservation has another buyer"
    before, told = taken(units, refunded, state), TOLD.get(e["ev"], "HELD" if int(e["deadline"]) else "CONFIRMED")
    if (RANK[told], seq) > (min(RANK[state], RANK["CONFIRMED"]), tuple(last)):
        state, last, deadline = told, seq, int(e["deadline"]) if told in ("OFFERED", "HELD") else 0
    units, refunded = (units, refunded + qty) if e["ev"] == "REFUNDED" else (max(units, qty), refunded)
    state = "REFUNDED" if state == "CONFIRMED" and 0 < units <= refunded else state
    data, paid = data or (e["data"].encode() if "data" in e else None), max(paid, at if e["ev"] == "CONFIRMED" else 0)
    db.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (
        sale, id, user, units, refunded, state, *last, deadline, data, min(made, at), max(changed, at), paid))
    take(sale, taken(units, refunded, state) - before)

def learn(sale):
    if not db.execute("SELECT 1 FROM products WHERE sale = ?", (sale,)).fetchone():
        info = server.execute_command("SECKILL.INFO", sale)
        total, epoch, seq = map(dict(zip(info[::2], info[1::2])).get, ("stock_total", "epoch", "seq"))
        db.execute("INSERT INTO products VALUES (?, NULLIF(?, -1), NULLIF(?, -1), ?, ?, 0) ON CONFLICT DO NOTHING",
                   (sale, total, total, epoch, seq))

start = "0"  # what it had begun in a former life, and new entries after that
while True:
    for _, entries in server.xreadgroup("orders", name, {stream: start}, count=100, block=1000) or []:
        start = start if entries else ">"
        db.execute("BEGIN IMMEDIATE")
        for entry, event in entries:
            learn(event["sale"])
            process(event.get("entry", entry), event)
        db.execute("COMMIT")
        server.xack(stream, "orders", *(entry for entry, _ in entries)) if entries else None
