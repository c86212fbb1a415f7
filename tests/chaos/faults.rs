//! The faults that a storm is made of.

use std::sync::Arc;

use crate::chance::Chance;
use crate::recovery::Strike;
use crate::scene::Scene;
use crate::session::passing;
use crate::{network, processes, server, sessions};

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Kill,
    KillAny,
    Freeze,
    TerminateBackends,
    StopServer,
    ReadOnly,
    DiskFull,
    LockDescending,
    HoldRows,
    OldSnapshot,
    Customer,
    Cut,
    Reset,
    Refuse,
    BlackHole,
    Slow,
    HalfOpen,
    Mute,
    InLoad,
    AtCommit,
}

/// All of them.
pub const ALL: [Fault; 20] = [
    Fault::Kill,
    Fault::KillAny,
    Fault::Freeze,
    Fault::TerminateBackends,
    Fault::StopServer,
    Fault::ReadOnly,
    Fault::DiskFull,
    Fault::LockDescending,
    Fault::HoldRows,
    Fault::OldSnapshot,
    Fault::Customer,
    Fault::Cut,
    Fault::Reset,
    Fault::Refuse,
    Fault::BlackHole,
    Fault::Slow,
    Fault::HalfOpen,
    Fault::Mute,
    Fault::InLoad,
    Fault::AtCommit,
];

impl Fault {
    /// As the table of results calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL every 0.2 to 3 s, one of three spared",
            Self::KillAny => "SIGKILL every 0.2 to 3 s, nobody spared",
            Self::Freeze => "SIGSTOP past the lease, then SIGCONT",
            Self::TerminateBackends => "sessions ended by the server",
            Self::StopServer => "server stopped at once, and started again",
            Self::ReadOnly => "server made read-only for a while",
            Self::DiskFull => "target refuses writes for a while, as on a full disk",
            Self::LockDescending => "a DBA's session locks rows in the opposite order",
            Self::HoldRows => "rows held locked",
            Self::OldSnapshot => "an old snapshot held open",
            Self::Customer => "users set to new, deleted, inserted in the middle",
            Self::Cut => "network: connections cut for a while",
            Self::Reset => "network: connections reset for a while",
            Self::Refuse => "network: new connections refused for a while",
            Self::BlackHole => "network: a black hole for a while",
            Self::Slow => "network: slow for a while",
            Self::HalfOpen => "network: half-open, the server never learns",
            Self::Mute => "network: the server's answers swallowed",
            Self::InLoad => "network: broken in the middle of a load",
            Self::AtCommit => "network: broken before a COMMIT or its answer",
        }
    }

    /// What it can storm together with. The last two are armed, which the healing of the others would undo.
    pub const fn theme(self) -> &'static str {
        match self {
            Self::Kill | Self::KillAny | Self::Freeze => "processes",
            Self::TerminateBackends | Self::StopServer | Self::ReadOnly | Self::DiskFull => "server",
            Self::LockDescending | Self::HoldRows | Self::OldSnapshot | Self::Customer => "sessions",
            Self::Cut | Self::Reset | Self::Refuse | Self::BlackHole | Self::Slow => "network",
            Self::HalfOpen | Self::Mute => "network",
            Self::InLoad | Self::AtCommit => "moments",
        }
    }

    /// Whether recovering from it takes a lease's length.
    pub fn waits_for_leases(self) -> bool {
        self.theme() == "processes"
    }

    /// Whether recovery from it is promised within 45 s. Not where nobody lives long enough to sweep.
    pub fn is_promised(self) -> bool {
        matches!(self, Self::Kill | Self::Freeze)
    }

    /// Makes it happen once and ends it again; what was struck, and when. None if there was nothing to strike.
    pub async fn strike(self, scene: &Arc<Scene>, chance: &mut Chance) -> Option<Strike> {
        match self {
            Self::Kill => processes::kill(scene, chance, true).await,
            Self::KillAny => processes::kill(scene, chance, false).await,
            Self::Freeze => processes::freeze(scene, chance).await,
            Self::TerminateBackends => server::terminate_backends(scene, chance).await,
            Self::StopServer => Some(server::stop_and_start(scene, chance).await),
            Self::ReadOnly => Some(server::read_only(scene, chance).await),
            Self::DiskFull => Some(server::disk_full(scene, chance).await),
            Self::LockDescending => passing(sessions::lock_descending(scene, chance).await),
            Self::HoldRows => passing(sessions::hold_rows(scene, chance).await),
            Self::OldSnapshot => passing(sessions::old_snapshot(scene, chance).await),
            Self::Customer => passing(sessions::customer(scene, chance).await),
            Self::InLoad | Self::AtCommit => network::break_at(scene, chance, self).await,
            _ => network::break_for_a_while(scene, chance, self).await,
        }
    }
}
