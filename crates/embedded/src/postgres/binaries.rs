//! Finds the machine's PostgreSQL server binaries.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::OLDEST_MAJOR;
use crate::EmbeddedError;
use crate::programs::{folders_on_path, is_program};

/// The environment variable that names the folder of the server's programs.
pub const VARIABLE: &str = "CARDGENIUS_POSTGRES_BIN";
const VERSIONED_ROOT: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 2] = ["postgres", "initdb"];
const SERVER: &str = "PostgreSQL";
const ADVICE: &str = "install the package `postgresql` (Debian, Ubuntu: deploy/prerequisites.sh does it) or \
    `postgresql-server` (Fedora, RHEL), or point CARDGENIUS_POSTGRES_BIN at the folder that holds `postgres` and `initdb`";

/// The version of an installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// The major version, such as 15.
    pub major: u32,
    /// The whole version as the server prints it, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub text: String,
}

impl ServerVersion {
    fn parse(output: &str) -> Option<Self> {
        let text = output.trim().strip_prefix("postgres (PostgreSQL) ")?;
        let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        Some(Self { major: text[..digits].parse().ok()?, text: text.to_owned() })
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A folder with `postgres`, `initdb` and what comes with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresBinaries {
    folder: PathBuf,
    version: ServerVersion,
}

impl PostgresBinaries {
    /// The folder named by `CARDGENIUS_POSTGRES_BIN` if that is set; else the newest in `/usr/lib/postgresql/*/bin`;
    /// else where `postgres` or `initdb` on the `PATH` really lies; else what `pg_config --bindir` says.
    pub fn find() -> Result<Self, EmbeddedError> {
        match std::env::var_os(VARIABLE) {
            Some(folder) => Self::in_named_folder(Path::new(&folder), VARIABLE),
            None => Self::find_among(&Places::of_this_machine()),
        }
    }

    pub(crate) fn in_named_folder(folder: &Path, named_by: &'static str) -> Result<Self, EmbeddedError> {
        Self::look_at(folder).map_err(|reason| EmbeddedError::BinariesUnusable {
            server: SERVER,
            folder: folder.to_owned(),
            named_by,
            reason,
        })
    }

    fn find_among(places: &Places) -> Result<Self, EmbeddedError> {
        let mut looked_at = Vec::new();
        let candidates = versioned_folders(&places.versioned_root)
            .into_iter()
            .chain(folders_on_path(&places.path, &NEEDED))
            .chain(places.pg_config.as_deref().and_then(folder_by_pg_config));
        for folder in candidates {
            match Self::look_at(&folder) {
                Ok(binaries) => return Ok(binaries),
                Err(reason) => looked_at.push(format!("{} ({reason})", folder.display())),
            }
        }
        looked_at.push(format!("{}/*/bin", places.versioned_root.display()));
        looked_at.push(format!("{} on the PATH", NEEDED.join(" and ")));
        looked_at.push("`pg_config --bindir`".to_owned());
        Err(EmbeddedError::BinariesNotFound {
            server: SERVER,
            oldest: OLDEST_MAJOR.to_string(),
            looked_at: looked_at.join(", "),
            advice: ADVICE,
        })
    }

    fn look_at(folder: &Path) -> Result<Self, String> {
        if let Some(missing) = NEEDED.iter().find(|name| !is_program(&folder.join(name))) {
            return Err(format!("no program `{missing}` in it"));
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| format!("`postgres --version` does not run: {error}"))?;
        let version = ServerVersion::parse(&String::from_utf8_lossy(&output.stdout))
            .ok_or_else(|| "`postgres --version` does not name a PostgreSQL version".to_owned())?;
        if version.major < OLDEST_MAJOR {
            return Err(format!("version {version} is older than {OLDEST_MAJOR}"));
        }
        Ok(Self { folder: folder.to_owned(), version })
    }

    /// The folder that holds the programs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// A client program such as `psql`: beside the server's, or else wherever the `PATH` has it.
    pub(crate) fn client(&self, name: &str) -> PathBuf {
        let beside = self.folder.join(name);
        if is_program(&beside) { beside } else { PathBuf::from(name) }
    }
}

/// Where to look.
#[derive(Debug)]
struct Places {
    versioned_root: PathBuf,
    path: OsString,
    pg_config: Option<PathBuf>,
}

impl Places {
    fn of_this_machine() -> Self {
        Self {
            versioned_root: VERSIONED_ROOT.into(),
            path: std::env::var_os("PATH").unwrap_or_default(),
            pg_config: Some("pg_config".into()),
        }
    }
}

/// `root/<version>/bin`, newest version first.
fn versioned_folders(root: &Path) -> Vec<PathBuf> {
    let entries = root.read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by(|left, right| right.cmp(left));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

fn folder_by_pg_config(program: &Path) -> Option<PathBuf> {
    let output = Command::new(program).arg("--bindir").output().ok().filter(|output| output.status.success())?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim_end()))
}

#[cfg(test)]
#[path = "binaries_tests.rs"]
mod tests;
