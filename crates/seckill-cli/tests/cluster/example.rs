//! `deploy/cluster/start.sh`, as docs/operating/scaling.md says.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::{server, wait_until};

/// Three ports in a row that nobody listens on, with their bus ports in range.
fn free_ports() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let first = listener.local_addr().expect("its address").port();
        drop(listener);
        if first < 55_000 && (first..first + 3).all(|port| is_free(&port) && is_free(&(port + 10_000))) {
            return first;
        }
    }
}

fn start(port: u16) -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/cluster/start.sh");
    let mut command = Command::new(script);
    command.env("SECKILL_MODULE", server::module()).env("SECKILL_SERVER", server::binary());
    command.env("SECKILL_CLI", env!("CARGO_BIN_EXE_seckill")).env("SECKILL_PORT", port.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the script starts")
}

#[test]
fn one_command_starts_a_cluster_and_ctrl_c_ends_it() {
    let port = free_ports();
    let mut script = start(port);
    let output = BufReader::new(script.stdout.take().expect("its output"));
    let mut said = Vec::new();
    for line in output.lines().map(|line| line.expect("text")) {
        said.push(line);
        if said.last().is_some_and(|line| line.starts_with("ready: ")) {
            break;
        }
    }
    let said = said.join("\n");
    assert!(said.contains("1000 units: 1000 available"), "{said}");
    for port in port..port + 3 {
        assert!(said.contains(&format!("127.0.0.1:{port} ")), "no shard is at port {port}: {said}");
    }
    let signal = Command::new("kill").args(["-INT", &script.id().to_string()]).status();
    assert!(signal.expect("kill runs").success());
    let mut status = None;
    wait_until("the script has ended", || {
        status = script.try_wait().expect("it can be waited for");
        status.is_some()
    });
    assert!(status.is_some_and(|status| status.success()), "{status:?}");
    let answers = |port: u16| TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(!(port..port + 3).any(answers), "a server is left");
}
