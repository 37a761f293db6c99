//! The same test on every way that data takes.

use super::pair::Pair;
use super::server::Server;

/// What lies between arranging and asserting.
#[derive(Clone, Copy, Debug)]
enum Topology {
    Plain,
    ReloadedInPlace,
    RestartedFromSnapshot,
    RestartedFromLog,
    RestartedFromLogRewrittenAsSnapshot,
    RestartedFromLogRewrittenAsCommands,
    ReplicatedThenPromoted,
    CopiedThenPromoted,
}

const ALL: [Topology; 8] = [
    Topology::Plain,
    Topology::ReloadedInPlace,
    Topology::RestartedFromSnapshot,
    Topology::RestartedFromLog,
    Topology::RestartedFromLogRewrittenAsSnapshot,
    Topology::RestartedFromLogRewrittenAsCommands,
    Topology::ReplicatedThenPromoted,
    Topology::CopiedThenPromoted,
];

/// Runs the commands, lets the data take each way in turn, then asserts.
///
/// After any way but the plain one a sale's first change begins a new epoch, so bodies allow other ids.
pub fn for_each_topology(commands: &[&str], body: impl Fn(&Server)) {
    for topology in ALL {
        eprintln!("topology: {topology:?}");
        let server = prepared(topology, commands);
        body(&server);
    }
}

fn prepared(topology: Topology, commands: &[&str]) -> Server {
    const LOG: [&str; 2] = ["appendonly yes", "aof-use-rdb-preamble no"];
    match topology {
        Topology::Plain => arranged(&[], commands),
        Topology::ReloadedInPlace => {
            let server = arranged(&[], commands);
            server.gives("DEBUG RELOAD", "OK");
            server
        }
        Topology::RestartedFromSnapshot => restarted(arranged(&[], commands)),
        Topology::RestartedFromLog => restarted(arranged(&LOG, commands)),
        Topology::RestartedFromLogRewrittenAsSnapshot => rewritten(&["appendonly yes"], commands),
        Topology::RestartedFromLogRewrittenAsCommands => rewritten(&LOG, commands),
        Topology::ReplicatedThenPromoted => {
            let pair = Pair::start();
            arrange(&pair.primary, commands);
            pair.promote()
        }
        Topology::CopiedThenPromoted => {
            let primary = Server::networked(&["repl-diskless-sync yes"]);
            arrange(&primary, commands);
            Pair::of(primary, &[]).promote()
        }
    }
}

fn rewritten(options: &[&str], commands: &[&str]) -> Server {
    let server = arranged(options, commands);
    server.rewrite_log();
    restarted(server)
}

fn restarted(mut server: Server) -> Server {
    server.restart();
    server
}

fn arranged(options: &[&str], commands: &[&str]) -> Server {
    let server = Server::with(options);
    arrange(&server, commands);
    server
}

fn arrange(server: &Server, commands: &[&str]) {
    for command in commands {
        let reply = server.text(*command);
        assert!(!reply.starts_with('-'), "{command} answers {reply}");
    }
}
