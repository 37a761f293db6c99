//! Databases as tests have them: of one kind or the other, with a rule that no state goes backwards.

use order_worker::order::State;
use order_worker::store::Location;

use crate::harness::Server;
use crate::postgres::Postgres;
use crate::process::sqlite;

/// Where a test's orders go.
pub enum Tables {
    Sqlite(Location),
    Postgres(Box<Postgres>),
}

impl Tables {
    /// A file beside the server's.
    pub fn file(shop: &Server) -> Tables {
        Tables::Sqlite(sqlite(shop)).watched()
    }

    /// A server of its own; none where PostgreSQL is not installed.
    pub fn server() -> Option<Tables> {
        Postgres::start().map(|server| Tables::Postgres(Box::new(server)).watched())
    }

    pub fn location(&self) -> Location {
        match self {
            Tables::Sqlite(location) => location.clone(),
            Tables::Postgres(server) => server.location(),
        }
    }

    /// Has the database itself refuse an order.
    pub fn forbid(&self, reservation: i64) {
        const SAYS: &str = "no place for it here";
        match self {
            Tables::Sqlite(Location::Sqlite(file)) => {
                let direct = rusqlite::Connection::open(file).expect("the file opens");
                let rule = format!(
                    "CREATE TRIGGER forbidden BEFORE INSERT ON orders WHEN NEW.reservation = {reservation}
                     BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
                );
                direct.execute_batch(&rule).expect("the rule is made");
            }
            Tables::Sqlite(Location::Postgres(_)) => {}
            Tables::Postgres(server) => {
                let rule = format!(
                    "CREATE FUNCTION forbidden() RETURNS trigger AS $$ BEGIN
                     RAISE EXCEPTION '{SAYS}'; END $$ LANGUAGE plpgsql;
                     CREATE TRIGGER forbidden BEFORE INSERT ON orders FOR EACH ROW
                     WHEN (NEW.reservation = {reservation}) EXECUTE FUNCTION forbidden()"
                );
                server.client().batch_execute(&rule).expect("the rule is made");
            }
        }
    }

    /// Ends the database's process and starts it again; a file has none.
    pub fn crash(&mut self) {
        if let Tables::Postgres(server) = self {
            server.kill();
            server.revive();
        }
    }

    /// Makes the tables, and has the database itself refuse a state that goes backwards.
    fn watched(self) -> Tables {
        self.location().open().expect("the tables are made");
        let (old, new) = (rank("OLD.state"), rank("NEW.state"));
        match &self {
            Tables::Sqlite(Location::Sqlite(file)) => {
                let direct = rusqlite::Connection::open(file).expect("the file opens");
                let rule = format!(
                    "CREATE TRIGGER no_way_back BEFORE UPDATE ON orders WHEN {old} > {new}
                     BEGIN SELECT RAISE(ABORT, 'a state went backwards'); END"
                );
                direct.execute_batch(&rule).expect("the rule is made");
            }
            Tables::Sqlite(Location::Postgres(_)) => {}
            Tables::Postgres(server) => {
                let rule = format!(
                    "CREATE FUNCTION no_way_back() RETURNS trigger AS $$ BEGIN
                     IF ({old} > {new}) THEN RAISE EXCEPTION 'a state went backwards'; END IF;
                     RETURN NEW; END $$ LANGUAGE plpgsql;
                     CREATE TRIGGER no_way_back BEFORE UPDATE ON orders
                     FOR EACH ROW EXECUTE FUNCTION no_way_back()"
                );
                server.client().batch_execute(&rule).expect("the rule is made");
            }
        }
        self
    }
}

fn rank(column: &str) -> String {
    let case = |state: State| format!("WHEN '{}' THEN {} ", state.word(), state.rank());
    // A row that no event has reached is before them all.
    format!("CASE {column} {} ELSE -1 END", State::ALL.map(case).concat())
}
