//! A giver whose primary is lost before its replica knows what left it.

use crate::harness::{Server, wait_until};
use crate::nodes::Cluster;

/// A replica of the key's primary.
fn replica(shops: &Cluster, key: &str) -> Server {
    let primary = shops.at(key);
    let replica = Server::networked(&["cluster-enabled yes"]);
    replica.gives(&format!("CLUSTER MEET 127.0.0.1 {}", primary.port()), "OK");
    let id = primary.text("CLUSTER MYID");
    wait_until("it knows its primary", || replica.text(&format!("CLUSTER REPLICATE {id}")) == "OK");
    wait_until("it has everything", || {
        replica.server_info("replication", "master_link_status") == "up"
            && primary.text("WAIT 1 10") == "1"
            && shops.nodes().iter().all(|node| node.text("CLUSTER INFO").contains("cluster_known_nodes:4"))
    });
    replica
}

/// The replica stands still and hears nothing more of its primary.
fn cut_off(replica: &Server, primary: &Server) {
    replica.signal("-STOP");
    primary.run("CLIENT KILL TYPE replica");
    wait_until("the link is closed", || primary.server_info("replication", "connected_slaves") == "0");
}

/// The primary is gone for good, and the replica takes its place.
fn take_over(replica: &Server, primary: &mut Server) {
    primary.kill();
    replica.signal("-CONT");
    replica.gives("CLUSTER FAILOVER TAKEOVER", "OK");
    wait_until("it serves", || {
        replica.server_info("replication", "role") == "master"
            && replica.text("CLUSTER INFO").contains("cluster_state:ok")
    });
}

#[test]
fn what_a_failover_forgets_is_taken_again() {
    let mut shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let replica = replica(&shops, &sales[0]);
    cut_off(&replica, shops.at(&sales[0]));
    shops.rebalanced(&sales, "").says("moved 30 from {phone-2026#0} to {phone-2026#1}");
    take_over(&replica, shops.at_mut(&sales[0]));
    let told = shops.rebalanced(&sales, "");
    told.says("took 30 at {phone-2026#0} again")
        .says("60 units: 60 available, 0 held, 0 confirmed; 0 in transit");
    assert_eq!(replica.text(&format!("SECKILL.STOCK {}", sales[0])), "30");
}

#[test]
fn a_failover_forgets_nothing_that_was_given_when_replicas_were_asked() {
    let mut shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let replica = replica(&shops, &sales[0]);
    cut_off(&replica, shops.at(&sales[0]));
    shops.rebalanced(&sales, "--replicas 1").complains("0 of 1 replicas know").complains("30 in transit");
    take_over(&replica, shops.at_mut(&sales[0]));
    shops.rebalanced(&sales, "--dry-run").says("would move 30").says("60 units: 60 available");
}

#[test]
fn replicas_that_keep_up_let_units_move() {
    let shops = Cluster::start();
    let sales = shops.sell(&[60, 0], "");
    let _replica = replica(&shops, &sales[0]);
    shops.rebalanced(&sales, "--replicas 1").says("moved 30").says("; 0 in transit");
}
