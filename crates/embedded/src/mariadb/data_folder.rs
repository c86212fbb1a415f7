//! The data folder of a private server of the MySQL family.

use std::path::{Path, PathBuf};

use super::SUPERUSER;
use super::binaries::MariadbBinaries;
use super::options::MariadbOptions;
use super::sql::{FIRST_START, MARIADB_ROOTS, MYSQL_ROOT, quoted_text};
use crate::EmbeddedError;
use crate::account::Account;
use crate::supervise::Supervisor;

/// Where a private server in `folder` keeps its data.
pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// What the server runs when it is started for the first time: it puts our superuser in the place of the one that every
/// data folder begins with, which needs no password.
pub(crate) fn first_script_in(folder: &Path) -> PathBuf {
    folder.join("first.sql")
}

/// Makes the data folder in the supervisor's, and the script for the first start.
pub(crate) fn prepare(
    supervisor: &mut Supervisor,
    binaries: &MariadbBinaries,
    account: &Account,
    options: &MariadbOptions,
) -> Result<(), EmbeddedError> {
    let folder = supervisor.folder().to_owned();
    let data = path_in(&folder);
    let mut arguments = vec!["--no-defaults".to_owned(), format!("--datadir={}", data.display())];
    let program = match binaries.installer() {
        Some(installer) => {
            // Forced: it need not be able to look up the machine's own name, which it would only grant rights to.
            let told = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--force"];
            arguments.extend(told.map(str::to_owned));
            installer
        }
        None => {
            arguments.push("--initialize-insecure".to_owned());
            binaries.server()
        }
    };
    arguments.extend([format!("--tmpdir={}", folder.display()), "--innodb-flush-method=nosync".to_owned()]);
    supervisor.run(program, &arguments)?;
    account.write(&first_script_in(&folder), first_script(binaries, options).as_bytes())
}

fn first_script(binaries: &MariadbBinaries, options: &MariadbOptions) -> String {
    let superuser = format!("{}@'localhost'", quoted_text(SUPERUSER));
    let password = quoted_text(options.password_text().unwrap_or_default());
    let roots: &[&str] = if binaries.installer().is_some() { &MARIADB_ROOTS } else { &MYSQL_ROOT };
    let statements = FIRST_START.iter().chain(roots);
    statements
        .map(|statement| statement.replace("{{superuser}}", &superuser).replace("{{password}}", &password))
        .collect()
}
