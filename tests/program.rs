//! Starts the real binary with nothing of this process's environment, and reads its answer.

// Each test target uses a part of it.
#![allow(dead_code)]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

/// What one start of the program printed, and its exit code.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// A start of the program with nothing of this process's environment.
pub struct Start {
    pub command: Command,
    pub folder: TempDir,
    pub failpoints: String,
}

pub fn start(arguments: &[&str]) -> Start {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardgenius"));
    command.env_clear().current_dir(&folder).args(arguments);
    let start = Start { command, folder, failpoints: String::new() };
    match std::env::var("TAKE_OUT") {
        // To show that the tests can see: a guard is taken out of every start.
        Ok(guard) => start.failpoints(&format!("{guard}=return")),
        Err(_) => start,
    }
}

impl Start {
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What happens at points of a chunk's life: see `crates/foundation/failure/src/failpoint.rs`. May be told several times.
    pub fn failpoints(mut self, points: &str) -> Self {
        if !self.failpoints.is_empty() {
            self.failpoints.push(';');
        }
        self.failpoints.push_str(points);
        self.command.env("FAILPOINTS", &self.failpoints);
        self
    }

    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.command.args(flags);
        self
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// With a configuration file of this text.
    pub fn file(mut self, text: &str) -> Self {
        let path = self.write("cardgenius.toml", text);
        self.command.arg("--config").arg(path);
        self
    }

    pub fn run(mut self) -> Answer {
        let Output { status, stdout, stderr } = self.command.output().unwrap();
        Answer {
            code: status.code().expect("ended by a signal"),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// A start that must be refused as a fault of usage; gives what was said.
    pub fn refused(self) -> String {
        let answer = self.run();
        assert_eq!(answer.code, 64, "{}{}", answer.stdout, answer.stderr);
        assert!(!answer.stderr.is_empty());
        answer.stderr
    }
}

impl Answer {
    pub fn says_nothing_of(&self, secret: &str) {
        assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "{}{}", self.stdout, self.stderr);
    }
}

#[track_caller]
pub fn holds_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}
