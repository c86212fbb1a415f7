//! A private PostgreSQL server, from its making to its end.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address::{Address, Login};
use super::binaries::{PostgresBinaries, ServerVersion};
use super::client::Client;
use super::data_folder;
use super::keep::KeptPostgres;
use super::options::{PostgresOptions, validate_setting};
use crate::EmbeddedError;
use crate::account::Account;
use crate::durability::Durability;
use crate::port;
use crate::supervise::{Ending, Supervisor, Trade, base_folders};

/// A killed postmaster leaves a System V segment, which it names in its pid file's seventh line; the machine has room
/// for only so many. (Its other shared memory lies in the data folder, see `dynamic_shared_memory_type` below.)
const TRADE: Trade = Trade {
    ready_text: "database system is ready to accept",
    stop_signal: "INT",
    last_signal: "INT",
    release: r#"segment=$(sed -n '7s/^ *[0-9]* *//p' "$folder/data/postmaster.pid" 2>/dev/null)
        [ -z "$segment" ] || ipcrm -m "$segment" 2>/dev/null"#,
};

const SOCKET_ONLY_PORT: u16 = 5432;
/// Accounts that the server may run under when its owner is root.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// A private PostgreSQL server in a temporary folder.
///
/// When the value is dropped, when the program ends without dropping it (a `static`), and when the program is killed,
/// the server ends and its folder is removed; [`PrivatePostgres::keep`] prevents that. All methods take `&self`, so one
/// server can be shared by threads.
#[derive(Debug)]
pub struct PrivatePostgres {
    binaries: PostgresBinaries,
    options: PostgresOptions,
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

impl PrivatePostgres {
    /// Makes a data folder, starts a server on it, and waits until it accepts connections.
    pub fn launch(options: PostgresOptions) -> Result<Self, EmbeddedError> {
        let binaries = match &options.binaries {
            Some(folder) => PostgresBinaries::in_named_folder(folder, "the options")?,
            None => PostgresBinaries::find()?,
        };
        options.validate(binaries.version().major)?;
        let account = Account::detect(&ACCOUNTS)?;
        let mut supervisor = Supervisor::spawn(&base_folders(options.base_folder.as_deref()), &account, TRADE)?;
        data_folder::prepare(&mut supervisor, &binaries, &account, &options)?;
        let folder = supervisor.folder().to_owned();
        let settings = options.settings.clone();
        let address = Address { socket_dir: folder.clone(), port: SOCKET_ONLY_PORT, tcp: options.loopback_tcp };
        let mut server =
            Self { binaries, options, address, folder, running: Mutex::new(Running { supervisor, settings }) };
        if server.address.tcp {
            port::start_on_a_free_one(|port| {
                server.address.port = port;
                server.start()
            })?;
        } else {
            server.start()?;
        }
        Ok(server)
    }

    /// Starts the server again after a stop: on the same data, socket and port.
    pub fn start(&self) -> Result<(), EmbeddedError> {
        let mut running = self.running();
        let arguments = self.arguments(&running.settings);
        let program = self.binaries.folder().join("postgres");
        running.supervisor.start(&program, &arguments, self.options.ready_limit).map(drop)
    }

    /// Ends all sessions, writes the data, and returns when every process of the server is gone.
    pub fn stop(&self) -> Result<(), EmbeddedError> {
        self.running().supervisor.end(Ending::Fast, STOP_PATIENCE)
    }

    /// Ends the server at once, without writing its data: the next start recovers from the log, as after a crash.
    pub fn stop_immediate(&self) -> Result<(), EmbeddedError> {
        self.running().supervisor.end(Ending::Immediate, STOP_PATIENCE)
    }

    /// Kills all of the server's processes at once (SIGKILL), as a power cut would.
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

    /// Leaves server and folder behind, running, when the program ends. A server that was stopped is started for it.
    pub fn keep(self) -> Result<KeptPostgres, EmbeddedError> {
        let postmaster_pid = match self.postmaster_pid() {
            Some(pid) => pid,
            None => {
                self.start()?;
                self.postmaster_pid().unwrap_or_default()
            }
        };
        let log = self.log_path();
        let folder = self.folder;
        let pid_file = data_folder::path_in(&folder).join("postmaster.pid");
        let end_command = format!(
            "pid=$(head -n 1 {pid_file}) && kill -INT \"$pid\" && while [ -e {pid_file} ]; do sleep 0.1; done; rm -rf {folder}",
            pid_file = pid_file.display(),
            folder = folder.display()
        );
        self.running.into_inner().unwrap_or_else(PoisonError::into_inner).supervisor.leave()?;
        let Address { socket_dir, port, .. } = self.address;
        let superuser = self.options.superuser;
        Ok(KeptPostgres { folder, socket_dir, port, superuser, log, postmaster_pid, end_command })
    }

    /// A URL of this database for the superuser, over the Unix socket: for libpq and Rust drivers alike.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.address.socket_url(database, self.superuser())
    }

    /// The same for another role.
    #[must_use]
    pub fn url_as(&self, user: &str, password: Option<&str>, database: &str) -> String {
        self.address.socket_url(database, Login { user, password })
    }

    /// A URL of this database for the superuser, over loopback TCP; `None` unless asked for with
    /// [`PostgresOptions::loopback_tcp`].
    #[must_use]
    pub fn tcp_url(&self, database: &str) -> Option<String> {
        self.address.tcp_url(database, self.superuser())
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.address.socket_dir
    }

    /// The port: of the socket's name, and of loopback TCP if the server listens there.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port
    }

    /// The folder that holds everything of this server and goes with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The superuser's name.
    #[must_use]
    pub fn superuser_name(&self) -> &str {
        &self.options.superuser
    }

    /// The folder of the machine's server programs.
    #[must_use]
    pub fn bindir(&self) -> &Path {
        self.binaries.folder()
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> &ServerVersion {
        self.binaries.version()
    }

    /// The server's main process; `None` when it does not run.
    #[must_use]
    pub fn postmaster_pid(&self) -> Option<u32> {
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

    /// Runs a script through the machine's `psql` as the superuser; returns its rows, unaligned and without headings.
    /// The first error ends it.
    pub fn psql(&self, database: &str, script: &str) -> Result<String, EmbeddedError> {
        self.client().psql(database, script)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<(), EmbeddedError> {
        self.client().create_database(name)
    }

    fn client(&self) -> Client<'_> {
        Client { binaries: &self.binaries, address: &self.address, login: self.superuser() }
    }

    fn superuser(&self) -> Login<'_> {
        Login { user: &self.options.superuser, password: self.options.password_text() }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arguments(&self, settings: &[(String, String)]) -> Vec<String> {
        let data = data_folder::path_in(&self.folder).display().to_string();
        let mut arguments = vec!["-D".to_owned(), data];
        let mut set = |name: &str, value: &str| arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        // In files of the data folder, not in the machine's memory, where a killed server would leave it.
        set("dynamic_shared_memory_type", "mmap");
        set("timezone", "UTC");
        set("log_timezone", "UTC");
        if self.options.durability == Durability::Test {
            // Not `synchronous_commit`: a commit must survive the server's death, which tests bring about.
            set("fsync", "off");
            set("full_page_writes", "off");
        }
        settings.iter().for_each(|(name, value)| set(name, value));
        set("unix_socket_directories", &self.address.socket_dir.display().to_string());
        set("listen_addresses", if self.address.tcp { "127.0.0.1" } else { "" });
        set("port", &self.address.port.to_string());
        set("log_destination", "stderr");
        set("logging_collector", "off");
        set("lc_messages", "C");
        arguments
    }
}
