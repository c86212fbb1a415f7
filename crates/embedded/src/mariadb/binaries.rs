//! Finds the machine's MariaDB or MySQL server binaries.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::version::{MariadbVersion, Vendor, oldest_versions};
use crate::EmbeddedError;
use crate::programs::{folders_on_path, is_program};

/// The environment variable that names the folder of the server's program.
pub const VARIABLE: &str = "CARDGENIUS_MARIADB_BIN";
/// Where packages put the server: beside the programs for administrators, which not every account has on its `PATH`.
const USUAL_FOLDERS: [&str; 5] =
    ["/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/mariadb/bin", "/usr/local/mysql/bin"];
const SERVERS: [&str; 2] = ["mariadbd", "mysqld"];
const INSTALLERS: [&str; 2] = ["mariadb-install-db", "mysql_install_db"];
const CLIENTS: [&str; 2] = ["mariadb", "mysql"];
const SERVER: &str = "MariaDB or MySQL";
const ADVICE: &str = "install the package `mariadb-server` (deploy/prerequisites.sh with the argument `tests` does it on \
    Debian and Ubuntu), or point CARDGENIUS_MARIADB_BIN at the folder that holds `mariadbd` or `mysqld`";

/// A server, and the programs that come with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariadbBinaries {
    server: PathBuf,
    /// Makes a data folder; MySQL's server does that itself.
    installer: Option<PathBuf>,
    client: PathBuf,
    version: MariadbVersion,
}

impl MariadbBinaries {
    /// The folder named by `CARDGENIUS_MARIADB_BIN` if that is set; else the first usable of the folders where packages
    /// put a server; else where a server on the `PATH` really lies.
    pub fn find() -> Result<Self, EmbeddedError> {
        match std::env::var_os(VARIABLE) {
            Some(folder) => Self::in_named_folder(Path::new(&folder), VARIABLE),
            None => Self::find_among(&Places::of_this_machine()),
        }
    }

    pub(crate) fn in_named_folder(folder: &Path, named_by: &'static str) -> Result<Self, EmbeddedError> {
        Self::look_at(folder, &Places::of_this_machine().path).map_err(|reason| EmbeddedError::BinariesUnusable {
            server: SERVER,
            folder: folder.to_owned(),
            named_by,
            reason,
        })
    }

    fn find_among(places: &Places) -> Result<Self, EmbeddedError> {
        let mut looked_at = Vec::new();
        let usual = places.usual.iter().filter(|folder| SERVERS.iter().any(|name| is_program(&folder.join(name))));
        for folder in usual.cloned().chain(folders_on_path(&places.path, &SERVERS)) {
            match Self::look_at(&folder, &places.path) {
                Ok(binaries) => return Ok(binaries),
                Err(reason) => looked_at.push(format!("{} ({reason})", folder.display())),
            }
        }
        looked_at.extend(places.usual.iter().map(|folder| folder.display().to_string()));
        looked_at.push(format!("{} on the PATH", SERVERS.join(" or ")));
        Err(EmbeddedError::BinariesNotFound {
            server: SERVER,
            oldest: oldest_versions(),
            looked_at: looked_at.join(", "),
            advice: ADVICE,
        })
    }

    fn look_at(folder: &Path, path: &OsString) -> Result<Self, String> {
        let server = first_program(std::slice::from_ref(&folder.to_owned()), &SERVERS)
            .ok_or_else(|| format!("no program `{}` in it", SERVERS.join("` or `")))?;
        let name = server.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let output = Command::new(&server)
            .args(["--no-defaults", "--version"])
            .output()
            .map_err(|error| format!("`{name} --version` does not run: {error}"))?;
        let version = MariadbVersion::parse(&String::from_utf8_lossy(&output.stdout))
            .ok_or_else(|| format!("`{name} --version` does not name a version"))?;
        if let Some(reason) = version.too_old() {
            return Err(reason);
        }
        let around = around(folder, path);
        let installer = match version.vendor {
            Vendor::MySql => None,
            Vendor::MariaDb => Some(
                first_program(&around, &INSTALLERS)
                    .ok_or_else(|| format!("no program `{}` in or beside it", INSTALLERS.join("` or `")))?,
            ),
        };
        let client = first_program(&around, &CLIENTS)
            .ok_or_else(|| format!("no program `{}` in or beside it", CLIENTS.join("` or `")))?;
        Ok(Self { server, installer, client, version })
    }

    /// The server's program.
    #[must_use]
    pub fn server(&self) -> &Path {
        &self.server
    }

    /// The command-line client, `mariadb` or `mysql`.
    #[must_use]
    pub fn client(&self) -> &Path {
        &self.client
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> &MariadbVersion {
        &self.version
    }

    pub(crate) fn installer(&self) -> Option<&Path> {
        self.installer.as_deref()
    }
}

/// Where to look.
#[derive(Debug)]
struct Places {
    usual: Vec<PathBuf>,
    path: OsString,
}

impl Places {
    fn of_this_machine() -> Self {
        Self { usual: USUAL_FOLDERS.map(PathBuf::from).to_vec(), path: std::env::var_os("PATH").unwrap_or_default() }
    }
}

/// The folders where the programs lie that belong to a server in `folder`: those that come with it go before those on
/// the path.
fn around(folder: &Path, path: &OsString) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    if let Some(parent) = folder.parent() {
        folders.extend(["bin", "scripts"].map(|name| parent.join(name)));
    }
    folders.extend(std::env::split_paths(path));
    folders
}

/// The first folder's program of the first of these names that it has.
fn first_program(folders: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))).find(|path| is_program(path))
}

#[cfg(test)]
#[path = "binaries_tests.rs"]
mod tests;
