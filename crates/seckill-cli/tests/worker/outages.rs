//! Redis by Sentinel and as a cluster, what is away for a while, and what the worker says meanwhile.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::harness::reply::text;
use crate::harness::server::binary;
use crate::harness::{Pair, Server, wait_until};
use crate::ledger::wait_until_equal;
use crate::nodes::Cluster;
use crate::process::{Worker, sqlite};

/// A sentinel of its own; dropping it ends it.
struct Sentinel {
    child: Child,
    port: u16,
}

impl Sentinel {
    fn of(primary: &Server) -> Sentinel {
        let port = free_port();
        let file = primary.folder().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor shop 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds shop 300\nsentinel failover-timeout shop 2000\n",
            primary.folder().display(),
            primary.port()
        );
        fs::write(&file, text).expect("a configuration");
        let log = File::create(primary.folder().join("sentinel.log")).expect("a log file");
        let mut command = Command::new(binary());
        command.arg(&file).arg("--sentinel").stdin(Stdio::null()).stdout(log);
        let sentinel = Sentinel { child: command.spawn().expect("the sentinel starts"), port };
        wait_until("the sentinel knows the replica", || {
            sentinel.ask().windows(2).any(|pair| pair == ["num-slaves", "1"])
        });
        sentinel
    }

    /// What it knows of the primary: names and values.
    fn ask(&self) -> Vec<String> {
        let client = redis::Client::open(("127.0.0.1", self.port)).expect("an address");
        let answer = client.get_connection_with_timeout(Duration::from_secs(2)).and_then(|mut connection| {
            connection.set_read_timeout(Some(Duration::from_secs(2)))?;
            redis::cmd("SENTINEL").arg("MASTER").arg("shop").query(&mut connection)
        });
        answer.unwrap_or_default()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // Already gone is what was wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

#[test]
fn the_worker_follows_the_primary_that_sentinel_names() {
    let mut pair = Pair::start();
    let sentinel = Sentinel::of(&pair.primary);
    let tables = sqlite(&pair.replica);
    pair.primary.gives("SECKILL.CREATE phone STOCK 100", "OK");
    let url = format!("redis+sentinel://127.0.0.1:{}/shop", sentinel.port);
    let worker = Worker::at(&url, &pair.replica, &tables, "", None);
    (0..10).for_each(|buyer| assert!(pair.primary.reserve(&format!("phone u{buyer}")) > 0));
    wait_until_equal(&pair.primary, &tables, "phone");
    pair.caught_up();
    pair.primary.kill();
    // Sentinel closes every connection to the one that it promotes.
    let mut promoted = None;
    wait_until("the replica is promoted", || {
        let client = pair.replica.client();
        let is_master = client.try_run("ROLE").is_ok_and(|role| text(&role).starts_with("master"));
        promoted = is_master.then_some(client);
        is_master
    });
    let shop = promoted.expect("a connection to the promoted one");
    (10..20).for_each(|buyer| assert!(shop.reserve(&format!("phone u{buyer}")) > 0));
    wait_until_equal(&shop, &tables, "phone");
    worker.stop();
}

#[test]
fn each_stream_of_a_cluster_is_read_where_it_is() {
    let mut cluster = Cluster::with(&["appendonly yes", "appendfsync always"]);
    let sales = cluster.sell(&[50, 50, 50], "PERUSER 0");
    let home = Server::start();
    let tables = sqlite(&home);
    let ports: Vec<String> =
        cluster.nodes().iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    let url = format!("redis+cluster://{}", ports.join(","));
    let worker = Worker::at(&url, &home, &tables, "", None);
    let buy = |cluster: &Cluster, sale: &String, from: usize| {
        (from..from + 10)
            .for_each(|buyer| drop(cluster.at(sale).text(&format!("SECKILL.RESERVE {sale} u{buyer}"))));
    };
    for sale in &sales {
        buy(&cluster, sale, 0);
        wait_until_equal(cluster.at(sale), &tables, sale);
    }
    cluster.at_mut(&sales[1]).kill();
    buy(&cluster, &sales[0], 10);
    wait_until_equal(cluster.at(&sales[0]), &tables, &sales[0]);
    cluster.at_mut(&sales[1]).revive();
    wait_until("the node serves again", || {
        cluster.at(&sales[1]).text("CLUSTER INFO").contains("cluster_state:ok")
    });
    buy(&cluster, &sales[1], 10);
    wait_until_equal(cluster.at(&sales[1]), &tables, &sales[1]);
    worker.stop();
}

#[test]
fn health_and_metrics_tell_what_is_away() {
    let mut shop = Server::with(&["appendonly yes", "appendfsync always"]);
    let tables = sqlite(&shop);
    shop.gives("SECKILL.CREATE phone STOCK 100", "OK");
    let worker = Worker::start(&shop, &tables, "--listen 127.0.0.1:0 --log json");
    let mut port = None;
    wait_until("it listens", || {
        let log = worker.log();
        let told = log.split("\"address\":\"127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next());
        port = told.and_then(|port| port.parse().ok());
        port.is_some()
    });
    let get = |path: &str| get(port.expect("a port"), path);
    wait_until("it is well", || get("/healthz").starts_with("HTTP/1.1 200"));
    shop.reserve("phone alice");
    wait_until("one event is counted", || get("/metrics").contains("\nseckill_worker_applied_total 1\n"));
    assert!(get("/metrics").contains("seckill_worker_up 1"));
    shop.kill();
    wait_until("it says that Redis is away", || get("/healthz").starts_with("HTTP/1.1 503"));
    shop.revive();
    wait_until("it is well again", || get("/healthz").starts_with("HTTP/1.1 200"));
    let log = worker.stop();
    assert!(log.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{log}");
}

fn get(port: u16, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return String::new() };
    let asked = write!(stream, "GET {path} HTTP/1.1\r\nHost: here\r\n\r\n");
    let mut text = String::new();
    let answered = stream.read_to_string(&mut text);
    if asked.is_ok() && answered.is_ok() { text } else { String::new() }
}
