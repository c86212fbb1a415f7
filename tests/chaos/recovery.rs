//! How long it takes from a fault's end until nothing shows it any more, read from the claims' own rows.

use std::time::{Duration, SystemTime};

use tokio_postgres::Client;
use uuid::Uuid;

use crate::faults::Fault;

/// From the end of the fault until the last claim is closed that the struck instances held.
const OF_OWNERS: &str = "SELECT extract(epoch FROM max(closed_at) - $3)::float8 FROM cardgenius_claims
    WHERE owner = ANY ($1) AND closed_at > $2 AND claimed_at <= $4";

/// From the end of the fault until the next claim is finished, and the last one closed that is older than the fault.
const OF_EVERYBODY: &str = "SELECT extract(epoch FROM greatest(
        min(closed_at) FILTER (WHERE state = 'finished' AND closed_at > $2),
        max(closed_at) FILTER (WHERE claimed_at <= $1 AND closed_at > $1)) - $2)::float8
    FROM cardgenius_claims";

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
    pub async fn recovery_s(&self, client: &Client) -> Option<f64> {
        let row = if self.owners.is_empty() {
            client.query_one(OF_EVERYBODY, &[&self.begun, &self.over]).await
        } else {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                [&self.owners, &self.begun, &self.over, &self.claimed_until];
            client.query_one(OF_OWNERS, &parameters).await
        };
        row.unwrap().get::<_, Option<f64>>(0).map(|seconds| seconds.max(0.0))
    }
}
