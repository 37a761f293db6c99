//! `SECKILL.ALTER`.

use crate::harness::{Server, events, for_each_topology, now_ms, wait_until};

#[test]
fn options_change_one_by_one() {
    let commands = [
        "SECKILL.CREATE sale STOCK 10",
        "SECKILL.ALTER sale HOLD 5000 GRACE 7 MAXHOLD 9000",
        "SECKILL.ALTER sale PERUSER 3 START 1000 END 9000000000000",
    ];
    for_each_topology(&commands, |shop| {
        let info = shop.map("SECKILL.INFO sale");
        let expected = [
            ("hold", "5000"),
            ("grace", "7"),
            ("maxhold", "9000"),
            ("peruser", "3"),
            ("start", "1000"),
            ("end", "9000000000000"),
            ("stock_total", "10"),
        ];
        for (name, value) in expected {
            assert_eq!(info.get(name).map(String::as_str), Some(value), "{name}");
        }
        shop.gives("SECKILL.RESERVE sale u1 QTY 3", "RESERVED # @ 7");
    });
}

#[test]
fn states_stop_reserving_and_nothing_else() {
    for state in ["PAUSED", "CLOSED"] {
        let shop = Server::start();
        shop.gives("SECKILL.CREATE sale STOCK 10 PERUSER 0", "OK");
        let ids = [0; 3].map(|_| shop.reserve("sale u1"));
        let expiring = expiring_hold(&shop);
        shop.gives(&format!("SECKILL.ALTER sale STATE {state}"), "OK");
        let status = if state == "PAUSED" { "PAUSED" } else { "ENDED" };
        shop.gives("SECKILL.RESERVE sale u2", status);
        assert_eq!(shop.field("SECKILL.INFO sale", "state"), state);
        shop.gives(&format!("SECKILL.CONFIRM sale {}", ids[0]), "CONFIRMED # 1");
        shop.gives(&format!("SECKILL.RELEASE sale {}", ids[1]), "RELEASED # 1");
        shop.gives(&format!("SECKILL.EXTEND sale {} PX 9000000", ids[2]), "EXTENDED @");
        shop.gives(&format!("SECKILL.REFUND sale {}", ids[0]), "REFUNDED # 1");
        wait_until("the short hold expires", || events::count(&shop, "{sale}:orders", "EXPIRED") == 1);
        shop.gives(&format!("SECKILL.CONFIRM sale {expiring}"), "EXPIRED #");
        shop.gives("SECKILL.ALTER sale STATE OPEN", "OK");
        shop.gives("SECKILL.RESERVE sale u2", "RESERVED # @ 8");
    }
}

/// A hold of a moment in a sale whose holds are long.
fn expiring_hold(shop: &Server) -> i64 {
    shop.gives("SECKILL.ALTER sale HOLD 50", "OK");
    let id = shop.reserve("sale u1");
    shop.gives("SECKILL.ALTER sale HOLD 900000", "OK");
    id
}

#[test]
fn a_hold_keeps_the_deadline_it_was_given() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 HOLD 600000", "OK");
    let deadline = shop.number("SECKILL.RESERVE sale u1 REQUEST t", "RESERVED # @ *", 2);
    shop.gives("SECKILL.ALTER sale HOLD 1000", "OK");
    shop.gives("SECKILL.RESERVE sale u1 REQUEST t", &format!("RESERVED # {deadline} 9"));
    let later = shop.number("SECKILL.RESERVE sale u2", "RESERVED # @ *", 2);
    assert!(later < deadline, "the new hold is shorter");
}

#[test]
fn the_window_moves() {
    let shop = Server::start();
    let (past, future) = (now_ms() - 100_000, now_ms() + 3_600_000);
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.gives(&format!("SECKILL.ALTER sale START {future}"), "OK");
    shop.gives("SECKILL.RESERVE sale u1", &format!("NOTOPEN {future} *"));
    shop.gives(&format!("SECKILL.ALTER sale START {past} END {future}"), "OK");
    shop.gives("SECKILL.RESERVE sale u1", "RESERVED # @ 9");
    shop.gives(&format!("SECKILL.ALTER sale START 1 END {past}"), "OK");
    shop.gives("SECKILL.RESERVE sale u2", "ENDED");
    shop.gives("SECKILL.ALTER sale START 0 END 0", "OK");
    shop.gives("SECKILL.RESERVE sale u2", "RESERVED # @ 8");
}

#[test]
fn what_alter_cannot_change_is_a_syntax_error() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.unchanged("a refused ALTER", || {
        for option in ["STOCK 5", "STREAM other", "GROUP other"] {
            shop.fails(&format!("SECKILL.ALTER sale {option}"), "ERR syntax error near");
        }
        shop.fails("SECKILL.ALTER sale STATE SHUT", "ERR");
        shop.fails("SECKILL.ALTER sale START 2000 END 1000", "ERR");
    });
}

#[test]
fn the_window_is_checked_against_what_stays() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10 START 5000 END 9000", "OK");
    shop.unchanged("a window that never opens", || {
        shop.fails("SECKILL.ALTER sale START 9000", "ERR");
        shop.fails("SECKILL.ALTER sale END 5000", "ERR");
    });
}

#[test]
fn altering_no_sale_is_an_error() {
    let shop = Server::start();
    shop.fails("SECKILL.ALTER none HOLD 5", "ERR no such sale");
    shop.gives("EXISTS none", "0");
}

#[test]
fn altering_tells_no_event() {
    let shop = Server::start();
    shop.gives("SECKILL.CREATE sale STOCK 10", "OK");
    shop.gives("SECKILL.ALTER sale HOLD 5 STATE PAUSED", "OK");
    shop.gives("XLEN {sale}:orders", "0");
}
