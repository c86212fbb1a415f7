//! A standby of a private server: it follows the server's log, and can be told to stop applying it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use cardgenius_embedded::{PostgresOptions, PrivatePostgres};

use crate::sql;

/// A standby; it is gone when this value is dropped.
#[derive(Debug)]
pub struct Standby {
    /// The server, which only reads.
    pub postgres: PrivatePostgres,
}

impl Standby {
    /// Makes one by copying the data of `primary`, which is restarted for it. It signs in to it as `name`, and reports
    /// every second what it has applied.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn of(primary: &PrivatePostgres, name: &str) -> Self {
        let postgres = PrivatePostgres::launch(PostgresOptions::for_tests()).unwrap_or_else(|error| panic!("{error}"));
        postgres.stop().unwrap();
        primary.stop().unwrap();
        let data = postgres.folder().join("data");
        let owner = fs::metadata(&data).unwrap();
        fs::remove_dir_all(&data).unwrap();
        copy(&primary.folder().join("data"), &data);
        fs::write(data.join("standby.signal"), "").unwrap();
        give(&data, owner.uid(), owner.gid());
        primary.start().unwrap();
        let (folder, port, user) = (primary.socket_dir().display(), primary.port(), primary.superuser_name());
        let primary = format!("host={folder} port={port} user={user} application_name={name}");
        for (setting, value) in [("primary_conninfo", primary.as_str()), ("wal_receiver_status_interval", "1s")] {
            postgres.set(setting, value).unwrap();
        }
        postgres.start().unwrap();
        Self { postgres }
    }

    /// It goes on receiving the log, and applies nothing.
    ///
    /// # Panics
    /// It does not answer.
    pub fn pause(&self) {
        self.postgres.psql("postgres", sql::STANDBY_PAUSE).unwrap();
    }

    /// It applies what it has received, and goes on.
    ///
    /// # Panics
    /// It does not answer.
    pub fn resume(&self) {
        self.postgres.psql("postgres", sql::STANDBY_RESUME).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), &there).unwrap();
        }
    }
}

/// Gives all of it to the server's account.
fn give(folder: &Path, user: u32, group: u32) {
    chown(folder, Some(user), Some(group)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            give(&entry.path(), user, group);
        } else {
            chown(entry.path(), Some(user), Some(group)).unwrap();
        }
    }
}
