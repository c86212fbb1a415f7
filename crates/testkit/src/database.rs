//! A private server that many tests share, and a database for each of them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use tokio_postgres::{Client, NoTls};

use crate::sql;
use crate::tables::{Tables, quoted};

/// A private server, with fresh names for what tests make there.
#[derive(Debug)]
pub struct TestServer {
    /// The server itself.
    pub postgres: PrivatePostgres,
    count: AtomicU32,
}

impl TestServer {
    /// Starts one.
    #[must_use]
    pub fn launch(options: PostgresOptions) -> Self {
        let postgres = PrivatePostgres::launch(options).unwrap_or_else(|error| panic!("{error}"));
        Self { postgres, count: AtomicU32::new(0) }
    }

    /// Where it listens, if it was asked to listen on loopback TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.postgres.port()))
    }

    /// A name that nothing else on this server has.
    #[must_use]
    pub fn fresh(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// A database with nothing in it.
    #[must_use]
    pub fn empty(&self) -> Database<'_> {
        let name = self.fresh("empty");
        self.postgres.create_database(&name).unwrap();
        Database { server: &self.postgres, name, tables: Tables::default() }
    }

    /// A copy of a database that nobody is connected to: much quicker than making its tables again.
    #[must_use]
    pub fn copy_of(&self, template: &Database<'_>) -> Database<'_> {
        let name = self.fresh("copy");
        let script =
            sql::COPY_DATABASE.replace("{{name}}", &quoted(&name)).replace("{{template}}", &quoted(&template.name));
        self.postgres.psql("postgres", &script).unwrap();
        Database { server: &self.postgres, name, tables: template.tables.clone() }
    }
}

/// A test's own database.
#[derive(Clone, Debug)]
pub struct Database<'s> {
    /// Where it is.
    pub server: &'s PrivatePostgres,
    /// Its name there.
    pub name: String,
    /// The customer's tables in it.
    pub tables: Tables,
}

impl Database<'_> {
    /// For the superuser, over the Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }

    /// Runs a script as the superuser; `{{input}}` and so on stand for the tables. What it wrote.
    ///
    /// # Panics
    /// It fails.
    pub fn psql(&self, script: &str) -> String {
        self.server.psql(&self.name, &self.tables.render(script)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A connection that stays, as the superuser.
    ///
    /// # Panics
    /// It cannot be made.
    pub async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        // Ends with the client; what breaks it is seen there.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        client
    }
}
