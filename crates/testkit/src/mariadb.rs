//! A private MariaDB that many tests share, and a database for each of them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use mysql_async::{Conn, OptsBuilder};

use crate::tables::Tables;

/// A private MariaDB, with fresh names for what tests make there.
#[derive(Debug)]
pub struct MariadbServer {
    /// The server itself.
    pub mariadb: PrivateMariadb,
    count: AtomicU32,
}

impl MariadbServer {
    /// Starts one.
    ///
    /// # Panics
    /// It cannot be started: the machine has no MariaDB, for one.
    #[must_use]
    pub fn launch(options: MariadbOptions) -> Self {
        let mariadb = PrivateMariadb::launch(options).unwrap_or_else(|error| panic!("{error}"));
        Self { mariadb, count: AtomicU32::new(0) }
    }

    /// Where it listens, if it was asked to listen on loopback TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.mariadb.port().unwrap_or_default()))
    }

    /// A database with nothing in it.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn empty(&self) -> MariadbDatabase<'_> {
        let name = format!("empty_{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.mariadb.create_database(&name).unwrap();
        let in_it = Tables::default();
        let tables = Tables { input_schema: name.clone(), output_schema: name.clone(), ..in_it };
        MariadbDatabase { server: &self.mariadb, name, tables }
    }
}

/// A test's own database on MariaDB, where a database and a schema are one.
#[derive(Clone, Debug)]
pub struct MariadbDatabase<'s> {
    /// Where it is.
    pub server: &'s PrivateMariadb,
    /// Its name there.
    pub name: String,
    /// The customer's tables in it.
    pub tables: Tables,
}

impl MariadbDatabase<'_> {
    /// For the superuser, over the Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// A session of the superuser's.
    ///
    /// # Panics
    /// It cannot be had.
    pub async fn connect(&self) -> Conn {
        let socket = Some(self.server.socket().display().to_string());
        let who = OptsBuilder::default().socket(socket).user(Some(self.server.superuser_name()));
        Conn::new(who.db_name(Some(&self.name))).await.unwrap()
    }

    /// Runs a script as the superuser; `{{input}}` and so on stand for the tables. What it wrote, with tabs in between.
    ///
    /// # Panics
    /// It fails.
    #[must_use]
    pub fn sql(&self, script: &str) -> String {
        let script = self.tables.render_mysql(script);
        self.server.run_sql(&self.name, &script).unwrap_or_else(|error| panic!("{error}"))
    }
}
