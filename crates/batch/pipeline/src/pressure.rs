//! Signs that a database has more to do than it can keep up with, as one look at it finds them: plain data.

/// Where the strain shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Seconds since what a standby has applied last was written.
    ReplicaLag,
    /// Bytes of the log that a standby has not applied.
    ReplicaBehind,
    /// Bytes of the log that a replication slot keeps on the server's disk.
    SlotWal,
    /// Bytes of the log that wait to be archived.
    ArchiveBehind,
    /// Seconds for which somebody else's session has waited for a lock of ours.
    Blocked,
    /// Bytes that are free on the server's disk.
    FreeDisk,
    /// Whether a vacuum, or other upkeep, is at work on one of the two tables.
    Upkeep,
    /// Whether the DBA's own query wants us to stop.
    StopQuery,
}

impl Sign {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ReplicaLag,
        Self::ReplicaBehind,
        Self::SlotWal,
        Self::ArchiveBehind,
        Self::Blocked,
        Self::FreeDisk,
        Self::Upkeep,
        Self::StopQuery,
    ];

    /// The word used in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReplicaLag => "replica_lag",
            Self::ReplicaBehind => "replica_behind",
            Self::SlotWal => "slot_wal",
            Self::ArchiveBehind => "archive_behind",
            Self::Blocked => "blocked",
            Self::FreeDisk => "free_disk",
            Self::Upkeep => "upkeep",
            Self::StopQuery => "stop_query",
        }
    }

    /// The setting that says how much of it is too much.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::ReplicaLag => "throttle.replica_lag_pause_ms",
            Self::ReplicaBehind => "throttle.replica_behind_pause_mib",
            Self::SlotWal => "throttle.slot_wal_pause_mib",
            Self::ArchiveBehind => "throttle.archive_behind_pause_mib",
            Self::Blocked => "throttle.blocked_pause_ms",
            Self::FreeDisk => "throttle.free_disk_pause_mib",
            Self::Upkeep => "throttle.upkeep_share",
            Self::StopQuery => "throttle.stop_query",
        }
    }
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What it is a sign of.
    pub sign: Sign,
    /// How much: seconds or bytes, as [`Sign`] says; 1 for yes.
    pub value: f64,
    /// The value at which the server itself acts, where there is such a one: a slot that keeps so much is given up.
    pub capacity: Option<f64>,
    /// The standby or slot by its own name, as `throttle.ignored` knows it; else empty.
    pub name: String,
    /// Whose it is, for people: `standby walreceiver`.
    pub shown: String,
}

/// What one look has found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pressure {
    /// What was seen. Of what could not be seen there is none.
    pub readings: Vec<Reading>,
    /// What could not be seen, and which right would show it: sentences for people.
    pub unseen: Vec<String>,
}
