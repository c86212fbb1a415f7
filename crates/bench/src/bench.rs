//! What all cases share: the options, the server, the program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cardgenius_embedded::PrivatePostgres;

use crate::cli::Options;
use crate::failure::{Doing, Outcome};
use crate::machine::{self, Machine};
use crate::program::Program;
use crate::report::Document;
use crate::server::{self, Session};
use crate::{database, statements};

/// The bench, with its server up.
pub struct Bench {
    pub options: Options,
    pub program: Program,
    pub out: PathBuf,
    pub machine: Machine,
    pub settings: BTreeMap<String, String>,
    pub commit: String,
    // Before the server, so that they end in this order.
    pub control: Session,
    pub server: PrivatePostgres,
}

impl Bench {
    /// Starts the server.
    pub async fn start(options: Options) -> Outcome<Self> {
        let out = folder_for_output(&options)?;
        let program = Program::find(options.program.as_deref(), &options.env, &out)?;
        say("starting a private PostgreSQL server");
        let server = server::start(options.folder.as_deref())?;
        let control = Session::open(&server, database::MAINTENANCE).await?;
        let settings = server::settings(&control).await?;
        let machine = Machine::here(server.folder())?;
        let commit = machine::commit();
        say(&format!("PostgreSQL {} in {}", server.version(), server.folder().display()));
        say(&machine.line());
        if machine.is_memory_only() {
            say("its data lies in memory, where a sync costs nothing: name a folder on a disk with --folder");
        }
        for (name, value) in &settings {
            say(&format!("  {name} = {value}"));
        }
        Ok(Self { options, program, out, machine, settings, commit, control, server })
    }

    /// Makes the database that runs get copies of, empty but for the customer's table of users.
    pub async fn make_template(&self) -> Outcome<()> {
        self.server.create_database(database::TEMPLATE)?;
        let session = Session::open(&self.server, database::TEMPLATE).await?;
        session.batch_execute(statements::USERS_TABLE).await.doing("making the table of users")?;
        session.end().await;
        Ok(())
    }

    /// Adds to it what the program needs.
    pub async fn migrate_template(&self) -> Outcome<()> {
        self.program.migrate(&self.server.url(database::TEMPLATE)).await
    }

    /// What the figures depend on.
    pub fn document(&self) -> Document<'_> {
        Document {
            out: &self.out,
            commit: self.commit.clone(),
            machine: &self.machine,
            server_version: self.server.version().to_string(),
            settings: &self.settings,
            options: &self.options,
        }
    }

    /// Stops the server, and removes its folder.
    pub fn stop(self) -> Outcome<()> {
        self.server.stop().doing("stopping the private server")
    }
}

/// Where the JSON and the logs go; made if it is not there.
pub fn folder_for_output(options: &Options) -> Outcome<PathBuf> {
    let out = match &options.out {
        Some(folder) => folder.clone(),
        None => beside_the_builds()?,
    };
    std::fs::create_dir_all(&out).doing(&format!("making the folder {}", out.display()))?;
    Ok(out)
}

/// `target/bench`, given `target/release/cardgenius-bench`.
fn beside_the_builds() -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(|profile| profile.parent()).ok_or("this program lies in no folder")?;
    Ok(folder.join("bench"))
}

/// Says what goes on.
pub fn say(what: &str) {
    eprintln!("» {what}");
}
