//! Whether the server is there, has the module and knows the sale: asked before anything is sent.

use anyhow::{Context, Result, anyhow, bail, ensure};
use redis::{Client, ErrorKind, RedisError, Value};

use crate::link::{self, words};

/// A client for the address, once the sale was found behind it.
pub fn check(url: &str, sale: &str) -> Result<Client> {
    ensure!(
        !url.starts_with("rediss:"),
        "TLS is not built in; use redis:// on a trusted network or through a tunnel"
    );
    let client = Client::open(url).map_err(|error| address(&error))?;
    let shown = client.get_connection_info().addr().to_string();
    let mut connection = link::connect(&client).map_err(|error| unreachable_server(&shown, &error))?;
    match words(&["SECKILL.INFO", sale]).query::<Value>(&mut connection) {
        Ok(Value::Nil) => bail!(
            "there is no sale {sale} at {shown} (NOSALE); create it first, for instance with \
             `redis-cli SECKILL.CREATE {sale} STOCK 1000 HOLD 900000`"
        ),
        Ok(_) => Ok(client),
        Err(error) => Err(refusal(&shown, sale, error)),
    }
}

fn address(error: &RedisError) -> anyhow::Error {
    anyhow!("--url is not understood: {error}; it looks like redis://user:password@host:6379/0")
}

fn unreachable_server(shown: &str, error: &RedisError) -> anyhow::Error {
    let remedy = match error.kind() {
        ErrorKind::AuthenticationFailed => "put user and password into the URL: redis://user:password@host",
        _ if error.code().is_some_and(|code| code == "NOAUTH" || code == "WRONGPASS") => {
            "put user and password into the URL: redis://user:password@host"
        }
        _ => "is the server running, and is --url right?",
    };
    anyhow!("cannot connect to {shown}: {error}; {remedy}")
}

fn refusal(shown: &str, sale: &str, error: RedisError) -> anyhow::Error {
    let is_unknown = error.detail().is_some_and(|detail| detail.contains("unknown command"));
    match error.code() {
        _ if is_unknown => anyhow!(
            "the server at {shown} does not have the module; start it with \
             `redis-server --loadmodule PATH/libseckill.so`, or load it with `redis-cli MODULE LOAD PATH/libseckill.so`"
        ),
        Some("WRONGTYPE") => anyhow!("the key {sale} at {shown} holds something other than a sale"),
        Some("NOAUTH") => {
            anyhow!("{shown} wants a password; put it into the URL: redis://user:password@host")
        }
        Some("NOPERM") => anyhow!("the user in --url may not run SECKILL commands on {sale}: {error}"),
        Some("MOVED") => anyhow!("{sale} is on another node of the cluster: {error}; name that one in --url"),
        _ => anyhow!("SECKILL.INFO {sale} at {shown} failed: {error}"),
    }
}

/// The available units, before and after.
pub fn stock(client: &Client, sale: &str) -> Result<Option<i64>> {
    let mut connection = link::connect(client).context("cannot connect again")?;
    let stock: Vec<Option<i64>> = link::must(&mut connection, &words(&["SECKILL.STOCK", sale]))?;
    Ok(stock.first().copied().flatten())
}
