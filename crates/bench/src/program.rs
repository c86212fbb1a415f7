//! The program under measure, as an operator would start it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cardgenius_embedded::PrivatePostgres;
use futures_util::future::try_join_all;
use tokio::process::{Child, Command};
use tokio::time::{MissedTickBehavior, interval};

use crate::failure::{Doing, Outcome};
use crate::measure::{Clients, Cost, Readings};
use crate::proc_files;
use crate::server::Session;

/// How often a process is asked for its peak of memory, which is gone when it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// What begins the names of the program's settings in the environment.
const VARIABLES: &str = "CARDGENIUS_";

/// Last lines of a log that an error shows.
const LOG_LINES: usize = 20;

/// The program, and how to start it.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    environment: Vec<(String, String)>,
    logs: PathBuf,
}

impl Program {
    /// At this path, or beside this one.
    pub fn find(path: Option<&Path>, environment: &[String], logs: &Path) -> Outcome<Self> {
        let path = match path {
            Some(path) => path.to_owned(),
            None => std::env::current_exe()?.with_file_name("cardgenius"),
        };
        if !path.is_file() {
            return Err(format!(
                "there is no program {}; build it (cargo build --release --package cardgenius), or name one with --program",
                path.display()
            )
            .into());
        }
        let pair = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment: Option<Vec<(String, String)>> = environment.iter().map(pair).collect();
        let environment = environment.ok_or("--env wants NAME=VALUE")?;
        Ok(Self { path, environment, logs: logs.to_owned() })
    }

    /// Adds what it needs to a database.
    pub async fn migrate(&self, url: &str) -> Outcome<()> {
        let log = self.logs.join("migrate.log");
        let status = self.start(&["migrate", "--source-url", url], &log)?.wait().await?;
        if status.success() { Ok(()) } else { Err(ended(&format!("migrate: {status}"), &log)) }
    }

    /// Runs a backfill to its end.
    pub async fn backfill(&self, url: &str, log: &str) -> Outcome<u64> {
        let log = self.logs.join(format!("{log}.log"));
        let mut child = self.start(&["--backfill", "--source-url", url], &log)?;
        let peak = peak_memory_until_the_end(&mut child);
        let (status, peak) = peak.await.doing("waiting for the program")?;
        if status.success() { Ok(peak) } else { Err(ended(&format!("the backfill: {status}"), &log)) }
    }

    /// Runs some at once on the same database: what it cost from the first start to the last end, and the highest peak of
    /// memory of one of them.
    pub async fn measured(
        &self,
        (server, control): (&PrivatePostgres, &Session),
        url: &str,
        instances: usize,
        log: &str,
    ) -> Outcome<(Cost, u64)> {
        let readings = Readings::take(server, control, Clients::Children).await?;
        let logs: Vec<String> = (1..=instances).map(|instance| format!("{log}-{instance}")).collect();
        let peaks = try_join_all(logs.iter().map(|log| self.backfill(url, log))).await?;
        let cost = readings.cost(server, control).await?;
        Ok((cost, peaks.into_iter().max().unwrap_or(0)))
    }

    fn start(&self, arguments: &[&str], log: &Path) -> Outcome<Child> {
        let output = File::create(log).doing(&format!("making {}", log.display()))?;
        let mut command = Command::new(&self.path);
        command.args(arguments).stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        // Its defaults, whatever is set for others here.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(VARIABLES)) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.spawn().doing(&format!("starting {}", self.path.display()))
    }
}

async fn peak_memory_until_the_end(child: &mut Child) -> std::io::Result<(std::process::ExitStatus, u64)> {
    let (pid, mut peak) = (child.id().unwrap_or_default(), 0);
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            status = child.wait() => return Ok((status?, peak)),
            _ = looks.tick() => peak = proc_files::peak_memory_bytes(pid).unwrap_or(0).max(peak),
        }
    }
}

fn ended(how: &str, log: &Path) -> crate::failure::Failure {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
    format!("{how}; the last lines of {}:\n{last}", log.display()).into()
}
