//! The port on the store in memory: each call goes through the script.

use std::time::Duration;

use cardgenius_engine::{Engine, TopTen};
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::ports::{
    Blame, ClaimAnswer, ClaimRequest, ClaimRow, ClaimTotals, Claimed, Closed, Encode, Finished, Key, Live, Run,
    RunRequest, RunState, RunTotals, Slots, Store, Swept,
};
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use cardgenius_pipeline::throttle::Headroom;
use tokio::time::sleep;
use uuid::Uuid;

use crate::memory::{Call, Memory};

/// Writes the key and a line break: what is loaded can be looked at.
#[derive(Debug, Default)]
pub struct Keys {
    /// Whom it panics on.
    pub panics_at: Option<String>,
}

impl Encode for Keys {
    fn encode(&self, user_id: &str, _: &TopTen, out: &mut Vec<u8>) {
        assert!(self.panics_at.as_deref() != Some(user_id), "told to panic");
        out.extend_from_slice(user_id.as_bytes());
        out.push(b'\n');
    }
}

/// One finish more is under way while this lives.
struct Finishing(Memory);

impl Finishing {
    fn begin(memory: &Memory) -> Self {
        let mut tables = memory.tables();
        tables.finishing += 1;
        tables.most_finishing = tables.most_finishing.max(tables.finishing);
        Self(memory.clone())
    }
}

impl Drop for Finishing {
    fn drop(&mut self) {
        self.0.tables().finishing -= 1;
    }
}

impl Store for Memory {
    type Encoder = Keys;

    async fn encoder(&self, _: &Engine) -> Result<Keys, DatabaseError> {
        Ok(Keys::default())
    }

    async fn register(&self, _: Duration) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn renew(&self, _: Duration) -> Result<(), DatabaseError> {
        self.perform(Call::Renew, |_| Ok(())).await
    }

    async fn deregister(&self) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn live_instances(&self) -> Result<Live, DatabaseError> {
        self.perform(Call::Live, |tables| Ok(Live { instances: tables.instances, before: tables.instances - 1 })).await
    }

    async fn open_or_join(&self, _: &RunRequest) -> Result<Run, DatabaseError> {
        Err(DatabaseError::new(ErrorKind::Bug, "these tests open no run"))
    }

    async fn close_run(&self, _: Uuid, state: RunState, reason: Option<&str>) -> Result<Closed, DatabaseError> {
        self.perform(Call::Close, |tables| Ok(tables.close(state, reason))).await
    }

    async fn run_totals(&self, _: Uuid) -> Result<RunTotals, DatabaseError> {
        self.perform(Call::Totals, |tables| {
            let open_claims = tables.open_claims() as u64;
            Ok(RunTotals { state: Some(tables.run), open_claims, ..RunTotals::default() })
        })
        .await
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<ClaimAnswer, DatabaseError> {
        self.tables().in_turn.push(request.in_turn);
        let waited = if request.in_turn { self.tables().turn_takes } else { Duration::ZERO };
        let takes = waited + self.tables().claim_takes;
        if !takes.is_zero() {
            sleep(takes).await;
        }
        let claimed = self.perform(Call::Claim, |tables| Ok(tables.claim(request))).await?;
        if matches!(claimed, Claimed::Chunk(_)) {
            self.claimed.notify_one();
        }
        Ok(ClaimAnswer { claimed, waited })
    }

    async fn finish(&self, chunk: &ComputedChunk, slots: Option<Slots>) -> Result<Finished, DatabaseError> {
        self.tables().slots.extend(slots);
        let waited = if slots.is_some() { self.tables().slot_takes } else { Duration::ZERO };
        if !waited.is_zero() {
            sleep(waited).await;
        }
        let _finishing = Finishing::begin(self);
        let takes = self.tables().finish_takes * chunk.users.len() as u32;
        if !takes.is_zero() {
            sleep(takes).await;
        }
        let hangs = self.tables().hangs_until_cut.clone();
        if chunk.users.iter().any(|user| hangs.as_deref() == Some(&*user.user_id)) {
            std::future::pending::<()>().await;
        }
        let totals = self.perform(Call::Finish, |tables| tables.finish(chunk)).await?;
        Ok(Finished { totals, waited, ..Finished::default() })
    }

    fn key(&self, user_id: &str) -> Key {
        Key { token: user_id.into(), shown: user_id.into() }
    }

    async fn look_up(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, DatabaseError> {
        self.perform(Call::LookUp, |tables| {
            Ok(tables.claims.get(&claim_id).map(|claim| ClaimRow { totals: claim.totals, open: claim.open }))
        })
        .await
    }

    async fn give_back(&self, claim_id: Uuid) -> Result<ClaimTotals, DatabaseError> {
        self.perform(Call::GiveBack, |tables| Ok(tables.release(claim_id))).await
    }

    async fn give_up(&self, claim_id: Uuid, blame: &Blame) -> Result<ClaimTotals, DatabaseError> {
        self.perform(Call::GiveBack, |tables| Ok(tables.give_up(claim_id, blame))).await
    }

    async fn sweep(&self, _: Duration) -> Result<Swept, DatabaseError> {
        Ok(Swept::default())
    }

    async fn pressure(&self, _: Option<&str>) -> Result<Pressure, DatabaseError> {
        self.perform(Call::Look, |tables| {
            let (name, shown) = ("a".to_owned(), "standby a".to_owned());
            let lag = Reading { sign: Sign::ReplicaLag, value: tables.lag, capacity: None, name, shown };
            Ok(Pressure { readings: vec![lag], unseen: Vec::new() })
        })
        .await
    }

    async fn note_headroom(&self, headroom: &Headroom) -> Result<(), DatabaseError> {
        self.tables().told.push(headroom.clone());
        Ok(())
    }
}
