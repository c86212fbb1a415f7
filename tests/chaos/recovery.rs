//! How long it takes from a fault's end until nothing shows it any more, read from the claims' own rows.

use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::faults::Fault;
use crate::session::Session;
use crate::words::{Words, list, time};

/// From the end of the fault ($3) until the last claim is closed that the struck instances ($1) held: begun at $2, claims made
/// until $4 count.
const OF_OWNERS: Words = Words {
    postgres: "SELECT extract(epoch FROM max(closed_at) - timestamptz $3) FROM cardgenius_claims
        WHERE owner IN $1 AND closed_at > $2 AND claimed_at <= $4",
    mariadb: "SELECT timestampdiff(MICROSECOND, $3, max(closed_at)) / 1e6 FROM cardgenius_claims
        WHERE owner IN $1 AND closed_at > $2 AND claimed_at <= $4",
};

/// From the end of the fault ($2) until the next claim is finished, and the last one closed that is older than the fault ($1).
const OF_EVERYBODY: Words = Words {
    postgres: "SELECT extract(epoch FROM greatest(
            min(closed_at) FILTER (WHERE state = 'finished' AND closed_at > $2),
            max(closed_at) FILTER (WHERE claimed_at <= $1 AND closed_at > $1)) - timestamptz $2)
        FROM cardgenius_claims",
    mariadb: "SELECT timestampdiff(MICROSECOND, $2, greatest(coalesce(next, last), coalesce(last, next))) / 1e6
        FROM (SELECT min(CASE WHEN state = 'finished' AND closed_at > $2 THEN closed_at END) AS next,
            max(CASE WHEN claimed_at <= $1 AND closed_at > $1 THEN closed_at END) AS last FROM cardgenius_claims) AS seen",
};

/// A fault that was made once.
#[derive(Clone, Debug)]
pub struct Strike {
    /// Which one.
    pub fault: Fault,
    /// The instances that were struck; none stands for all.
    pub owners: Vec<Uuid>,
    /// When it began.
    pub begun: SystemTime,
    /// From when recovery counts.
    pub over: SystemTime,
    /// Claims made until then count.
    pub claimed_until: SystemTime,
}

impl Strike {
    /// A fault of everybody's, begun at this time and over now.
    pub fn of_everybody(fault: Fault, begun: SystemTime) -> Self {
        let over = SystemTime::now();
        Self { fault, owners: Vec::new(), begun, over, claimed_until: begun }
    }

    /// The end of one instance, now.
    pub fn death(fault: Fault, owner: Uuid, begun: SystemTime) -> Self {
        // What it sent before it died may be committed a moment later.
        let claimed_until = begun + Duration::from_secs(3_600);
        Self { fault, owners: vec![owner], begun, over: begun, claimed_until }
    }

    /// Seconds; none if there was nothing to recover from. To be asked when nothing of that time is open any more.
    pub async fn recovery_s(&self, session: &mut Session) -> Option<f64> {
        let (begun, over) = (time(self.begun), time(self.over));
        let answer = if self.owners.is_empty() {
            session.one(OF_EVERYBODY, &[&begun, &over]).await
        } else {
            session.one(OF_OWNERS, &[&list(&self.owners), &begun, &over, &time(self.claimed_until)]).await
        };
        answer.unwrap().parse().ok().map(|seconds: f64| seconds.max(0.0))
    }
}
