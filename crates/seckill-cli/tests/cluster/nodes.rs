//! Three primaries that share the slots, and an item with a sale on each.

use std::process::{Child, Command, Output, Stdio};

use crate::harness::{Server, wait_until};

const SLOTS: i64 = 16384;

/// Its sales are on three nodes: their slots are in different thirds.
pub const ITEM: &str = "phone-2026";

/// A cluster of three.
pub struct Cluster {
    nodes: [Server; 3],
}

impl Cluster {
    pub fn start() -> Cluster {
        Cluster::with(&[])
    }

    /// With lines as in `redis.conf`.
    pub fn with(options: &[&str]) -> Cluster {
        let mut options = options.to_vec();
        options.push("cluster-enabled yes");
        let nodes = [(); 3].map(|()| Server::networked(&options));
        let bounds = [0, SLOTS / 3, SLOTS * 2 / 3, SLOTS];
        for (node, range) in nodes.iter().zip(bounds.windows(2)) {
            node.gives(&format!("CLUSTER ADDSLOTSRANGE {} {}", range[0], range[1] - 1), "OK");
        }
        for (at, other) in nodes.iter().enumerate().skip(1) {
            other.gives(&format!("CLUSTER SET-CONFIG-EPOCH {}", at + 1), "OK");
            other.gives(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port()), "OK");
        }
        let is_whole = |node: &Server| {
            let info = node.text("CLUSTER INFO");
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        };
        wait_until("every node serves and knows all", || nodes.iter().all(is_whole));
        Cluster { nodes }
    }

    /// A sale for each share of the stock, on different nodes.
    pub fn sell(&self, shares: &[u64], options: &str) -> Vec<String> {
        let sales: Vec<String> = (0..shares.len()).map(|shard| format!("{{{ITEM}#{shard}}}")).collect();
        for (sale, units) in sales.iter().zip(shares) {
            self.at(sale).gives(&format!("SECKILL.CREATE {sale} STOCK {units} {options}"), "OK");
        }
        sales
    }

    /// The node that had the key's slot at the start.
    pub fn at(&self, key: &str) -> &Server {
        &self.nodes[self.third(key)]
    }

    pub fn at_mut(&mut self, key: &str) -> &mut Server {
        let third = self.third(key);
        &mut self.nodes[third]
    }

    fn third(&self, key: &str) -> usize {
        let slot = self.nodes[0].int(&["CLUSTER", "KEYSLOT", key]);
        [SLOTS / 3, SLOTS * 2 / 3].iter().filter(|bound| slot >= **bound).count()
    }

    pub fn nodes(&self) -> &[Server; 3] {
        &self.nodes
    }

    /// A figure of `SECKILL.INFO`, summed up over the sales.
    pub fn sum(&self, sales: &[String], figure: &str) -> i64 {
        let of = |sale: &String| self.at(sale).field(&["SECKILL.INFO", sale], figure);
        sales.iter().map(|sale| of(sale).parse::<i64>().expect("a number")).sum()
    }

    /// Every sale's books agree with themselves.
    #[track_caller]
    pub fn assert_sound(&self, sales: &[String]) {
        for sale in sales {
            let audit = self.at(sale).map(&["SECKILL.AUDIT", sale]);
            assert_eq!((audit["ok"].as_str(), audit["oversold"].as_str()), ("1", "0"), "{sale}: {audit:?}");
        }
    }

    /// `seckill rebalance` of the item, not yet started.
    pub fn rebalance(&self, sales: &[String], options: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seckill"));
        command.args(["rebalance", "--item", ITEM, "--shards", &sales.len().to_string()]);
        for node in &self.nodes {
            command.args(["--url", &format!("redis://127.0.0.1:{}", node.port())]);
        }
        command.args(options.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn rebalanced(&self, sales: &[String], options: &str) -> Told {
        Told::of(self.rebalance(sales, options).output().expect("the program runs"))
    }

    /// Starts it; what it says is thrown away.
    pub fn rebalancing(&self, sales: &[String], options: &str) -> Child {
        let mut command = self.rebalance(sales, options);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
    }
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Told {
    pub fn of(output: Output) -> Told {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Told { code: output.status.code(), output: text(&output.stdout), errors: text(&output.stderr) }
    }

    /// It ended well, and said this.
    #[track_caller]
    pub fn says(&self, what: &str) -> &Told {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert!(self.output.contains(what), "no {what} in {}{}", self.output, self.errors);
        self
    }

    /// It ended badly, and said this.
    #[track_caller]
    pub fn complains(&self, what: &str) -> &Told {
        assert_eq!(self.code, Some(1), "{self:?}");
        let all = format!("{}{}", self.output, self.errors);
        assert!(all.contains(what), "no {what} in {all}");
        self
    }
}
