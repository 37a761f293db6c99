//! A primary and its replica.

use super::server::{Server, wait_until};

/// What keeps the replication stream free of what the tests do not ask for.
const QUIET: [&str; 2] = ["repl-ping-replica-period 3600", "repl-diskless-sync yes"];

pub struct Pair {
    pub primary: Server,
    pub replica: Server,
}

impl Pair {
    pub fn start() -> Pair {
        Pair::with(&[])
    }

    /// Both with these options.
    pub fn with(options: &[&str]) -> Pair {
        let options = [&QUIET, options].concat();
        Pair::of(Server::networked(&options), &options)
    }

    /// A new replica for a running primary.
    pub fn of(primary: Server, options: &[&str]) -> Pair {
        let replica = Server::networked(options);
        let pair = Pair { primary, replica };
        pair.attach();
        pair
    }

    /// Makes the one the replica of the other and waits for the link.
    pub fn attach(&self) {
        self.replica.gives(&format!("REPLICAOF 127.0.0.1 {}", self.primary.port()), "OK");
        wait_until("the replica is linked", || {
            self.replica.server_info("replication", "master_link_status") == "up"
        });
        // Until the replica's first word, up to a second later, the primary keeps the stream back.
        self.primary.gives("PUBLISH attached now", "0");
        self.caught_up();
    }

    /// Waits until the replica has applied all that the primary did.
    #[track_caller]
    pub fn caught_up(&self) {
        wait_until("the replica has caught up", || {
            offset(&self.primary) == offset(&self.replica)
                && self.replica.server_info("replication", "master_link_status") == "up"
        });
    }

    /// The digest that both have.
    #[track_caller]
    pub fn same_digest(&self) -> String {
        self.caught_up();
        let digest = self.primary.digest();
        assert_eq!(self.replica.digest(), digest, "primary and replica differ");
        digest
    }

    /// Ends the primary and makes the replica one.
    pub fn promote(self) -> Server {
        self.caught_up();
        let Pair { mut primary, replica } = self;
        primary.kill();
        replica.gives("REPLICAOF NO ONE", "OK");
        replica
    }
}

/// How far the replication stream has come.
pub fn offset(server: &Server) -> i64 {
    server.server_info("replication", "master_repl_offset").parse().expect("an offset")
}
