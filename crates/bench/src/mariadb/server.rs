//! The private MariaDB: durable, and set up as a DBA would for this work.

use std::path::Path;
use std::time::Instant;

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};

use super::Settings;
use crate::failure::{Doing, Outcome};
use crate::measure::{Clients, Cost, cpu_seconds, ticks_per_second};
use crate::{machine, proc_files};

/// The database of a turn.
pub const DATABASE: &str = "bench_run";

/// Most of the pages kept in memory, in MiB; a quarter of the memory if that is less.
const BUFFER_POOL_MIB: u64 = 2048;

/// The table of users, as the customer has it.
const USERS_TABLE: &str = include_str!("../../../../sql/mysql/customer/user_spending_data.sql");

/// What has to be so, or nothing that is measured here holds anywhere.
const DURABLE: [(&str, &str); 3] =
    [("innodb_flush_log_at_trx_commit", "1"), ("innodb_doublewrite", "ON"), ("sync_binlog", "1")];

/// The server.
pub struct Server {
    pub mariadb: PrivateMariadb,
}

impl Server {
    /// Starts one, in this folder if one is named.
    pub fn start(folder: Option<&Path>) -> Outcome<Self> {
        let pool_mib = BUFFER_POOL_MIB.min(machine::memory_mib()? / 4);
        let options = MariadbOptions::default()
            .setting("innodb_buffer_pool_size", format!("{pool_mib}M"))
            .setting("innodb_log_file_size", "2G");
        let options = match folder {
            Some(folder) => options.base_folder(folder),
            None => options,
        };
        let mariadb = PrivateMariadb::launch(options).doing("starting a private MariaDB server")?;
        Ok(Self { mariadb })
    }

    /// A database with the users in it, all of them new.
    pub fn make_database(&self, users: &Path) -> Outcome<()> {
        self.drop_database()?;
        self.mariadb.create_database(DATABASE)?;
        let load = include_str!("../sql/mariadb_users_load.sql").replace("{{file}}", &users.display().to_string());
        for script in [USERS_TABLE, &load] {
            self.mariadb.run_sql(DATABASE, script).doing("making the table of users")?;
        }
        Ok(())
    }

    /// The disk never holds more than one.
    pub fn drop_database(&self) -> Outcome<()> {
        let drop = include_str!("../sql/mariadb_database_drop.sql").replace("{{database}}", DATABASE);
        self.mariadb.run_sql("", &drop).doing("dropping the database").map(|_| ())
    }

    /// The columns of the first row of an answer.
    pub fn figures(&self, question: &str) -> Outcome<Vec<String>> {
        let answer = self.mariadb.run_sql(DATABASE, question)?;
        Ok(answer.lines().next().unwrap_or_default().split('\t').map(str::to_owned).collect())
    }

    /// The settings that matter here, as the server has them.
    ///
    /// # Errors
    /// One that durability rests on is off.
    pub fn settings(&self) -> Outcome<Settings> {
        let answer = self.mariadb.run_sql("", include_str!("../sql/mariadb_settings.sql"))?;
        let pair = |line: &str| line.split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings: Settings = answer.lines().filter_map(pair).collect();
        for (name, wanted) in DURABLE {
            if settings.get(name).map(String::as_str) != Some(wanted) {
                return Err(format!("{name} is not {wanted}: what is measured would hold nowhere").into());
            }
        }
        Ok(settings)
    }

    /// At the beginning of a run.
    pub fn readings(&self) -> Outcome<Readings> {
        Ok(Readings {
            client_cpu_seconds: cpu_seconds(Clients::Children)?,
            server_ticks: self.ticks()?,
            log_bytes: self.log_bytes()?,
            begun: Instant::now(),
        })
    }

    fn ticks(&self) -> Outcome<u64> {
        let ticks = self.mariadb.server_pid().and_then(proc_files::family_ticks);
        ticks.ok_or_else(|| "the private server does not run any more".into())
    }

    fn log_bytes(&self) -> Outcome<u64> {
        Ok(self.mariadb.run_sql("", include_str!("../sql/mariadb_log_bytes.sql"))?.trim().parse()?)
    }
}

/// Readings at the beginning of a run.
pub struct Readings {
    client_cpu_seconds: f64,
    server_ticks: u64,
    log_bytes: u64,
    begun: Instant,
}

impl Readings {
    /// What has been used since.
    pub fn cost(self, server: &Server) -> Outcome<Cost> {
        let seconds = self.begun.elapsed().as_secs_f64();
        Ok(Cost {
            seconds,
            client_cpu_seconds: cpu_seconds(Clients::Children)? - self.client_cpu_seconds,
            server_cpu_seconds: server.ticks()?.saturating_sub(self.server_ticks) as f64 / ticks_per_second()?,
            wal_bytes: server.log_bytes()?.saturating_sub(self.log_bytes),
        })
    }
}
