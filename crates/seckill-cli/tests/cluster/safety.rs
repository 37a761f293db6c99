//! What a power cut leaves of a rebalance, and what a rebalance may do.

use std::process::Command;

use crate::harness::{log, wait_until};
use crate::nodes::{Cluster, ITEM, Told};

/// The last bytes of the giver's log are lost: the units have left it and it does not know, in whole or not at all.
#[test]
fn a_log_that_ends_within_a_half_has_nothing_of_it() {
    let mut shops = Cluster::with(&["appendonly yes"]);
    let sales = shops.sell(&[60, 0], "");
    for cut in [1, 60] {
        shops.at(&sales[1]).run(&format!(
            "SECKILL.RESTOCK {} -{}",
            sales[1],
            shops.sum(&sales[1..], "available")
        ));
        let total = shops.sum(&sales, "stock_total");
        shops.rebalanced(&sales, "").says(&format!("moved {}", total / 2));
        let giver = shops.at_mut(&sales[0]);
        giver.kill();
        let size = log::size(giver);
        log::cut(giver, size - cut);
        giver.revive();
        wait_until("the node serves again", || giver.text("CLUSTER INFO").contains("cluster_state:ok"));
        assert_eq!(shops.sum(&sales, "stock_total"), total + total / 2, "all of the half is gone");
        let again = format!("took {} at {{{ITEM}#0}} again", total / 2);
        shops.rebalanced(&sales, "").says(&again).says("; 0 in transit, 0 at two shards");
        assert_eq!(shops.sum(&sales, "stock_total"), total);
    }
}

/// What the giver's log has of a transfer is one transaction.
#[test]
fn a_half_and_its_record_are_one_transaction() {
    let shops = Cluster::with(&["appendonly yes"]);
    let sales = shops.sell(&[60, 0], "");
    shops.rebalanced(&sales, "").says("moved 30");
    for sale in &sales {
        let names: Vec<String> = log::raw_entries(shops.at(sale)).iter().map(log::name).collect();
        let last = names[names.len().saturating_sub(4)..].join(" ");
        assert_eq!(last, "MULTI SECKILL.APPLY HSET EXEC", "{names:?}");
    }
}

#[test]
fn the_documented_permissions_suffice() {
    let shops = Cluster::start();
    let page = include_str!("../../../../docs/operating/scaling.md");
    let permission = page.lines().find(|line| line.starts_with("ACL SETUSER ")).expect("it is documented");
    for node in shops.nodes() {
        node.gives(&permission.replace("phone#", &format!("{ITEM}#")), "OK");
    }
    shops.sell(&[60, 0], "");
    let url = format!("redis://rebalance:secret@127.0.0.1:{}", shops.nodes()[0].port());
    let run = |replicas: &str| {
        let mut rebalance = Command::new(env!("CARGO_BIN_EXE_seckill"));
        rebalance.args(["rebalance", "--item", ITEM, "--shards", "2", "--url", &url, "--replicas", replicas]);
        Told::of(rebalance.output().expect("the program runs"))
    };
    run("1").complains("0 of 1 replicas know");
    run("0").says("finished 30");
}
