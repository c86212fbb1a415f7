//! Time, processor, log and memory of one run.

use std::time::Instant;

use cardgenius_embedded::PrivatePostgres;
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::{SysconfVar, sysconf};

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::{proc_files, statements};

/// Whose processor time is the client's.
#[derive(Clone, Copy, Debug)]
pub enum Clients {
    /// This process: the floor.
    Here,
    /// Processes that it starts and waits for: the program.
    Children,
}

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub seconds: f64,
    pub client_cpu_seconds: f64,
    pub server_cpu_seconds: f64,
    pub wal_bytes: u64,
}

/// Readings at the beginning of a run.
pub struct Readings {
    clients: Clients,
    client_cpu_seconds: f64,
    server_ticks: u64,
    wal_bytes: i64,
    begun: Instant,
}

impl Readings {
    /// Now.
    pub async fn take(server: &PrivatePostgres, control: &Session, clients: Clients) -> Outcome<Self> {
        let wal_bytes = wal_bytes(control).await?;
        Ok(Self {
            clients,
            wal_bytes,
            client_cpu_seconds: cpu_seconds(clients)?,
            server_ticks: server_ticks(server)?,
            begun: Instant::now(),
        })
    }

    /// What has been used since.
    pub async fn cost(self, server: &PrivatePostgres, control: &Session) -> Outcome<Cost> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let client_cpu_seconds = cpu_seconds(self.clients)? - self.client_cpu_seconds;
        let ticks = server_ticks(server)?.saturating_sub(self.server_ticks);
        let wal_bytes = wal_bytes(control).await? - self.wal_bytes;
        Ok(Cost {
            seconds,
            client_cpu_seconds,
            server_cpu_seconds: ticks as f64 / ticks_per_second()?,
            wal_bytes: u64::try_from(wal_bytes)?,
        })
    }
}

/// Processor time that has been used so far.
pub fn cpu_seconds(clients: Clients) -> Outcome<f64> {
    let who = match clients {
        Clients::Here => UsageWho::RUSAGE_SELF,
        Clients::Children => UsageWho::RUSAGE_CHILDREN,
    };
    let usage = getrusage(who)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn server_ticks(server: &PrivatePostgres) -> Outcome<u64> {
    let ticks = server.postmaster_pid().and_then(proc_files::family_ticks);
    ticks.ok_or_else(|| "the private server does not run any more".into())
}

/// Clock ticks of the system.
pub fn ticks_per_second() -> Outcome<f64> {
    let ticks = sysconf(SysconfVar::CLK_TCK)?.ok_or("the system has no clock ticks")?;
    Ok(ticks as f64)
}

async fn wal_bytes(control: &Session) -> Outcome<i64> {
    Ok(control.query_one(statements::WAL_BYTES, &[]).await.doing("reading the position in the log")?.get(0))
}
