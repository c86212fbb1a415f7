//! A private server of the MySQL family, from its making to its end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address::{Address, Login};
use super::binaries::MariadbBinaries;
use super::client::Client;
use super::options::{MariadbOptions, validate_setting};
use super::sql::{DATABASE_CREATE, quoted_name};
use super::version::MariadbVersion;
use super::{SUPERUSER, data_folder};
use crate::EmbeddedError;
use crate::account::Account;
use crate::durability::Durability;
use crate::port;
use crate::supervise::{Ending, Supervisor, Trade, base_folders};

/// It has nothing outside its folder, so there is nothing to lose when it is killed for its folder to go.
const TRADE: Trade =
    Trade { ready_text: ": ready for connections", stop_signal: "TERM", last_signal: "KILL", release: "" };

/// Accounts that the server may run under when its owner is root.
const ACCOUNTS: [&str; 2] = ["mysql", "nobody"];
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// As a server has it whose every commit is to be on disk, on replicas too: MySQL's defaults, some of which MariaDB has
/// otherwise.
const PRODUCTION: [(&str, &str); 5] = [
    ("innodb_flush_log_at_trx_commit", "1"),
    ("innodb_doublewrite", "ON"),
    ("log_bin", "binlog"),
    ("binlog_format", "ROW"),
    ("sync_binlog", "1"),
];

/// Small, and nothing is forced to disk. The double writes stay: a server that is killed in the middle of a page's
/// writing needs them.
const TEST: [(&str, &str); 8] = [
    ("innodb_flush_log_at_trx_commit", "2"),
    ("innodb_flush_method", "nosync"),
    ("innodb_buffer_pool_size", "64M"),
    ("innodb_buffer_pool_dump_at_shutdown", "OFF"),
    ("innodb_buffer_pool_load_at_startup", "OFF"),
    // MySQL 9 does not know it any more.
    ("loose_innodb_log_file_size", "32M"),
    ("sync_binlog", "0"),
    ("skip_log_bin", ""),
];

/// A private server of the MySQL family in a temporary folder: MariaDB's or MySQL's, whichever this machine has.
///
/// When the value is dropped, when the program ends without dropping it (a `static`), and when the program is killed,
/// the server ends and its folder is removed. All methods take `&self`, so one server can be shared by threads.
#[derive(Debug)]
pub struct PrivateMariadb {
    binaries: MariadbBinaries,
    options: MariadbOptions,
    address: Address,
    folder: PathBuf,
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    supervisor: Supervisor,
    /// Those of the options and those set since, in order; the last of a name wins.
    settings: Vec<(String, String)>,
}

impl PrivateMariadb {
    /// Makes a data folder, starts a server on it, and waits until it accepts connections.
    pub fn launch(options: MariadbOptions) -> Result<Self, EmbeddedError> {
        let binaries = match &options.binaries {
            Some(folder) => MariadbBinaries::in_named_folder(folder, "the options")?,
            None => MariadbBinaries::find()?,
        };
        options.validate()?;
        let account = Account::detect(&ACCOUNTS)?;
        let mut supervisor = Supervisor::spawn(&base_folders(options.base_folder.as_deref()), &account, TRADE)?;
        data_folder::prepare(&mut supervisor, &binaries, &account, &options)?;
        let folder = supervisor.folder().to_owned();
        let settings = options.settings.clone();
        let address = Address { socket: folder.join("server.sock"), port: None };
        let first_script = data_folder::first_script_in(&folder);
        let mut server =
            Self { binaries, options, address, folder, running: Mutex::new(Running { supervisor, settings }) };
        if server.options.loopback_tcp {
            port::start_on_a_free_one(|port| {
                server.address.port = Some(port);
                server.start_with(Some(&first_script))
            })?;
        } else {
            server.start_with(Some(&first_script))?;
        }
        std::fs::remove_file(&first_script)
            .map_err(|source| EmbeddedError::File { path: first_script.clone(), source })?;
        Ok(server)
    }

    /// Starts the server again after a stop: on the same data, socket and port.
    pub fn start(&self) -> Result<(), EmbeddedError> {
        self.start_with(None)
    }

    fn start_with(&self, first_script: Option<&Path>) -> Result<(), EmbeddedError> {
        let mut running = self.running();
        let mut arguments = self.arguments(&running.settings);
        arguments.extend(first_script.map(|script| format!("--init-file={}", script.display())));
        running.supervisor.start(self.binaries.server(), &arguments, self.options.ready_limit).map(drop)
    }

    /// Ends all sessions, writes the data, and returns when the server is gone.
    pub fn stop(&self) -> Result<(), EmbeddedError> {
        self.running().supervisor.end(Ending::Fast, STOP_PATIENCE)
    }

    /// Kills the server (SIGKILL), as a power cut would: the next start recovers from the log.
    pub fn kill(&self) -> Result<(), EmbeddedError> {
        self.running().supervisor.end(Ending::Kill, STOP_PATIENCE)
    }

    /// Stops and starts.
    pub fn restart(&self) -> Result<(), EmbeddedError> {
        self.stop()?;
        self.start()
    }

    /// Changes a setting from the next start on.
    pub fn set(&self, name: &str, value: &str) -> Result<(), EmbeddedError> {
        validate_setting(name, value)?;
        self.running().settings.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// A URL of this database for the superuser, over the Unix socket.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.address.socket_url(database, self.superuser())
    }

    /// The same for another account.
    #[must_use]
    pub fn url_as(&self, user: &str, password: Option<&str>, database: &str) -> String {
        self.address.socket_url(database, Login { user, password })
    }

    /// A URL of this database for the superuser, over loopback TCP; `None` unless asked for with
    /// [`MariadbOptions::loopback_tcp`].
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> Option<String> {
        self.address.tcp_url(database, self.superuser())
    }

    /// The Unix socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.address.socket
    }

    /// The port of loopback TCP, if the server listens there.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.address.port
    }

    /// The folder that holds everything of this server and goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder with the server's data.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        data_folder::path_in(&self.folder)
    }

    /// The superuser's name.
    #[must_use]
    pub fn superuser_name(&self) -> &str {
        SUPERUSER
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> &MariadbVersion {
        self.binaries.version()
    }

    /// The server's main process; `None` when it does not run.
    #[must_use]
    pub fn server_pid(&self) -> Option<u32> {
        self.running().supervisor.server_pid()
    }

    /// The whole log of the server.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The last lines (200 at most) that the server and its tools wrote.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        self.running().supervisor.log_tail(lines)
    }

    /// Runs a script through the machine's own client as the superuser; returns its rows, a line each, with tabs in
    /// between and without headings. The first error ends it. An empty name is no database.
    pub fn run_sql(&self, database: &str, script: &str) -> Result<String, EmbeddedError> {
        self.client().run_sql(database, script)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), EmbeddedError> {
        self.run_sql("", &DATABASE_CREATE.replace("{{name}}", &quoted_name(name))).map(drop)
    }

    /// The machine's own client, `mariadb` or `mysql`, told where this server is and that the superuser asks; it may send
    /// files.
    #[must_use]
    pub fn client_command(&self) -> Command {
        self.client().command()
    }

    fn client(&self) -> Client<'_> {
        Client { binaries: &self.binaries, address: &self.address, login: self.superuser() }
    }

    fn superuser(&self) -> Login<'_> {
        Login { user: SUPERUSER, password: self.options.password_text() }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arguments(&self, settings: &[(String, String)]) -> Vec<String> {
        let mut arguments = vec!["--no-defaults".to_owned()];
        let mut set = |name: &str, value: &str| {
            let value = if value.is_empty() && name.starts_with("skip") { String::new() } else { format!("={value}") };
            arguments.push(format!("--{name}{value}"));
        };
        set("character-set-server", "utf8mb4");
        set("default-time-zone", "+00:00");
        set("local-infile", if self.options.local_infile { "ON" } else { "OFF" });
        // MySQL's second protocol, which listens on a socket and a port of its own.
        set("loose-mysqlx", "OFF");
        let durability: &[_] = match self.options.durability {
            Durability::Production => &PRODUCTION,
            Durability::Test => &TEST,
        };
        durability.iter().for_each(|(name, value)| set(name, value));
        settings.iter().for_each(|(name, value)| set(name, value));
        let folder = self.folder.display();
        set("datadir", &self.data_folder().display().to_string());
        set("tmpdir", &folder.to_string());
        // A package's own default is a folder that only its setting up makes.
        set("secure-file-priv", &folder.to_string());
        set("socket", &self.address.socket.display().to_string());
        set("pid-file", &format!("{folder}/server.pid"));
        match self.address.port {
            Some(port) => {
                set("bind-address", "127.0.0.1");
                set("port", &port.to_string());
            }
            None => set("skip-networking", ""),
        }
        arguments
    }
}
