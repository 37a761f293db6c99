//! One real connection, and the commands that go over it.

use std::time::Duration;

use anyhow::{Result, anyhow};
use redis::{Client, Cmd, Connection, RedisResult, Value};

use crate::answer::{self, Outcome};

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// A server that takes longer for one reply is taken for gone.
const REPLY_PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is opened again after it broke.
pub struct Link {
    client: Client,
    connection: Option<Connection>,
}

impl Link {
    /// Opens it.
    pub fn open(client: &Client) -> RedisResult<Self> {
        let connection = connect(client)?;
        Ok(Link { client: client.clone(), connection: Some(connection) })
    }

    /// Sends the commands together and reads a reply for each; what is missing after a break is an error each.
    pub fn ask(&mut self, commands: &[Cmd]) -> Vec<Outcome> {
        let replies = self.try_ask(commands);
        let mut outcomes: Vec<Outcome> = replies.into_iter().map(answer::read).collect();
        if self.connection.is_none() {
            let missing = outcomes.last().cloned().unwrap_or_else(|| Err("connection: lost".to_owned()));
            outcomes.resize(commands.len(), missing);
        }
        outcomes
    }

    /// Whether the next command must connect first.
    pub fn is_broken(&self) -> bool {
        self.connection.is_none()
    }

    fn try_ask(&mut self, commands: &[Cmd]) -> Vec<RedisResult<Value>> {
        let mut connection = match self.connection.take().map_or_else(|| connect(&self.client), Ok) {
            Ok(connection) => connection,
            Err(error) => return vec![Err(error)],
        };
        let bytes: Vec<u8> = commands.iter().flat_map(Cmd::get_packed_command).collect();
        if let Err(error) = connection.send_packed_command(&bytes) {
            return vec![Err(error)];
        }
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            let reply = connection.recv_response();
            let broke = reply.as_ref().is_err_and(|error| error.code().is_none());
            replies.push(reply);
            if broke {
                return replies;
            }
        }
        self.connection = Some(connection);
        replies
    }
}

/// A connection with patience for both directions.
pub fn connect(client: &Client) -> RedisResult<Connection> {
    let connection = client.get_connection_with_timeout(CONNECT_PATIENCE)?;
    connection.set_read_timeout(Some(REPLY_PATIENCE))?;
    connection.set_write_timeout(Some(REPLY_PATIENCE))?;
    Ok(connection)
}

/// Opens so many connections, or says how far it came and what may be in the way.
pub fn open_all(client: &Client, count: usize) -> Result<Vec<Link>> {
    let open = |opened: usize| {
        Link::open(client).map_err(|error| {
            anyhow!(
                "only {opened} of {count} connections could be opened: {error}; \
                 the server's `maxclients` and `ulimit -n` limit them"
            )
        })
    };
    (0..count).map(open).collect()
}

/// Asks for something that must work.
pub fn must<T: redis::FromRedisValue>(connection: &mut Connection, command: &Cmd) -> Result<T> {
    command.query(connection).map_err(|error| anyhow!("{} failed: {error}", shown(command)))
}

fn shown(command: &Cmd) -> String {
    let words = command.args_iter().filter_map(|arg| match arg {
        redis::Arg::Simple(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A command given as words.
pub fn words(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    words.iter().for_each(|word| {
        command.arg(word);
    });
    command
}

pub fn reserve(sale: &str, user: &str, token: &str) -> Cmd {
    words(&["SECKILL.RESERVE", sale, user, "REQUEST", token])
}

/// Whether a payment may take units again that its reservation lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    InTime,
    Late,
}

pub fn confirm(sale: &str, id: u64, payment: Payment) -> Cmd {
    let mut command = words(&["SECKILL.CONFIRM", sale, &id.to_string()]);
    if payment == Payment::Late {
        command.arg("LATE");
    }
    command
}

pub fn release(sale: &str, id: u64) -> Cmd {
    words(&["SECKILL.RELEASE", sale, &id.to_string()])
}
