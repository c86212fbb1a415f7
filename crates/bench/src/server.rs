//! The private server: durable, and set up as a DBA would for this work.

use std::collections::BTreeMap;
use std::path::Path;

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::failure::{Doing, Outcome};
use crate::{machine, statements};

/// Most shared buffers, in MiB; a quarter of the memory if that is less.
const SHARED_BUFFERS_MIB: u64 = 2048;

/// What has to be on, or nothing that is measured here holds anywhere.
const DURABLE: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// Starts one, in this folder if one is named.
pub fn start(folder: Option<&Path>) -> Outcome<PrivatePostgres> {
    let shared_buffers = SHARED_BUFFERS_MIB.min(machine::memory_mib()? / 4);
    let options = PostgresOptions::default()
        .setting("shared_buffers", format!("{shared_buffers}MB"))
        .setting("min_wal_size", "4GB")
        .setting("max_wal_size", "8GB")
        .setting("checkpoint_timeout", "15min");
    let options = match folder {
        Some(folder) => options.base_folder(folder),
        None => options,
    };
    PrivatePostgres::launch(options).doing("starting a private server")
}

/// A session. Its backend is asked to leave when this is dropped; [`end`](Self::end) waits until it is gone.
pub struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

impl Session {
    /// To this database of the server, as the superuser.
    pub async fn open(server: &PrivatePostgres, database: &str) -> Outcome<Self> {
        let (client, connection) = tokio_postgres::connect(&server.url(database), NoTls)
            .await
            .doing(&format!("connecting to the database {database}"))?;
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Self { client, connection })
    }

    /// Closes it.
    pub async fn end(self) {
        drop(self.client);
        // What it could say is that it is over.
        let _ = self.connection.await;
    }
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl std::ops::DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

/// The settings that matter here, as the server has them.
///
/// # Errors
/// One that durability rests on is off.
pub async fn settings(session: &Session) -> Outcome<BTreeMap<String, String>> {
    let rows = session.query(statements::SETTINGS, &[]).await.doing("reading the server's settings")?;
    let settings: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for name in DURABLE {
        if settings.get(name).map(String::as_str) != Some("on") {
            return Err(format!("{name} is not on: what is measured would hold nowhere").into());
        }
    }
    Ok(settings)
}
