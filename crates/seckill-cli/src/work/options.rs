//! What `seckill work` can be told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use order_worker::retry::Patience;
use order_worker::store::Location;
use order_worker::stream::{Address, Streams};

/// Where the streams and the orders are: the same for all commands of the worker.
#[derive(Args, Clone, Debug)]
pub struct Places {
    /// The server: redis://[user:password@]host[:port][/db], unix:///path,
    /// redis+sentinel://host:port[,…]/name[/db], redis+cluster://host:port[,…].
    #[arg(
        long,
        value_name = "URL",
        default_value = "redis://127.0.0.1:6379",
        env = "SECKILL_REDIS_URL",
        hide_env_values = true
    )]
    pub url: String,

    /// The database: postgres://…, or a SQLite file [default: orders.db in the data folder].
    #[arg(long, value_name = "URL|FILE", env = "SECKILL_DATABASE", hide_env_values = true)]
    pub database: Option<String>,

    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "seckill-data")]
    pub data: PathBuf,

    /// The consumer group.
    #[arg(long, default_value = "orders")]
    pub group: String,

    /// A stream; can be given again [default: all that --match finds].
    #[arg(long = "stream", value_name = "KEY")]
    pub streams: Vec<String>,

    /// Streams of names like this, also those that come later.
    #[arg(long = "match", value_name = "PATTERN", default_value = "*:orders", conflicts_with = "streams")]
    pub pattern: String,
}

impl Places {
    pub fn address(&self) -> Result<Address> {
        Address::of(&self.url).map_err(|why| anyhow!("--url: {why}"))
    }

    pub fn location(&self) -> Location {
        self.database.as_deref().map_or_else(|| Location::Sqlite(self.data.join("orders.db")), Location::of)
    }

    pub fn streams(&self) -> Streams {
        if self.streams.is_empty() {
            Streams::Matching(self.pattern.clone())
        } else {
            Streams::Named(self.streams.clone())
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    pub places: Places,

    /// The consumer's name; keep it over restarts [default: of this host and a free number in the data folder].
    #[arg(long)]
    pub name: Option<String>,

    /// Most entries in one transaction.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub batch: u16,

    /// Deliveries after which a failing entry becomes a dead letter.
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_attempts: u32,

    /// The first wait before a failing entry is tried again, in milliseconds; doubled each time.
    #[arg(long, default_value_t = 500, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=3_600_000))]
    pub retry: u64,

    /// How long an entry rests with another worker before it is taken over, in milliseconds; also the longest retry.
    #[arg(long, default_value_t = 30_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..=86_400_000))]
    pub claim_idle: u64,

    /// How long acknowledged entries stay in the stream, in milliseconds.
    #[arg(long, default_value_t = 3_600_000, value_name = "MS", conflicts_with = "no_trim")]
    pub keep: u64,

    /// Never trim a stream.
    #[arg(long)]
    pub no_trim: bool,

    /// How long a consumer that owns nothing must be silent to be removed, in milliseconds.
    #[arg(long, default_value_t = 3_600_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(1_000..))]
    pub consumer_idle: u64,

    /// How often lag, gaps, trimming and dead consumers are looked after, in milliseconds.
    #[arg(long, default_value_t = 1_000, value_name = "MS", value_parser = clap::value_parser!(u64).range(10..))]
    pub upkeep: u64,

    /// Answer /healthz and /metrics here, for example 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,

    /// How log lines are written, on standard error.
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub log: Log,
}

impl Options {
    pub fn patience(&self) -> Patience {
        let cap = Duration::from_millis(self.claim_idle);
        Patience { attempts: self.max_attempts, base: Duration::from_millis(self.retry).min(cap), cap }
    }

    pub fn keep(&self) -> Option<Duration> {
        (!self.no_trim).then(|| Duration::from_millis(self.keep))
    }
}
