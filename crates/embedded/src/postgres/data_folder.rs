//! The data folder of a private PostgreSQL server.

use std::path::{Path, PathBuf};

use super::binaries::PostgresBinaries;
use super::options::{Locale, PostgresOptions};
use crate::EmbeddedError;
use crate::account::Account;
use crate::supervise::Supervisor;

/// Where a private server in `folder` keeps its data.
pub(crate) fn path_in(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Makes the data folder in the supervisor's, and puts the files in it that the options bring.
pub(crate) fn prepare(
    supervisor: &mut Supervisor,
    binaries: &PostgresBinaries,
    account: &Account,
    options: &PostgresOptions,
) -> Result<(), EmbeddedError> {
    let folder = supervisor.folder().to_owned();
    let data = path_in(&folder);
    let mut arguments = vec![
        "--no-sync".to_owned(),
        "--encoding=UTF8".to_owned(),
        format!("--username={}", options.superuser),
        format!("--pgdata={}", data.display()),
    ];
    match &options.locale {
        Locale::CUtf8 => arguments.push("--locale=C.UTF-8".to_owned()),
        Locale::Libc(name) => arguments.push(format!("--locale={name}")),
        Locale::Icu(name) => arguments.extend([
            "--locale=C.UTF-8".to_owned(),
            "--locale-provider=icu".to_owned(),
            format!("--icu-locale={name}"),
        ]),
    }
    let password_file = folder.join("password");
    match options.password_text() {
        None => arguments.push("--auth=trust".to_owned()),
        Some(password) => {
            account.write(&password_file, password.as_bytes())?;
            arguments.extend(["--auth=scram-sha-256".to_owned(), format!("--pwfile={}", password_file.display())]);
        }
    }
    supervisor.run(&binaries.folder().join("initdb"), &arguments)?;
    if options.password.is_some() {
        std::fs::remove_file(&password_file)
            .map_err(|source| EmbeddedError::File { path: password_file.clone(), source })?;
    }
    options.files.iter().try_for_each(|(name, contents)| account.write(&data.join(name), contents))
}
