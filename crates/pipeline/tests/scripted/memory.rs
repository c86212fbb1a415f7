//! A store in memory that does as the port says, and fails as it is told: before the work, or after it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cardgenius_engine::user::{Spend, User};
use cardgenius_engine::{Engine, TopTen};
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::ports::{
    Chunk, ClaimRequest, ClaimRow, ClaimTotals, Claimed, ClaimedUser, Closed, Encode, Run, RunRequest, RunState,
    RunTotals, Store, Suspicion, Swept,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// A call of the port that can be told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Claim,
    Finish,
    LookUp,
    GiveBack,
    Close,
    Renew,
}

/// How.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing was done.
    Before(ErrorKind),
    /// It was done, and then reported as failed.
    After(ErrorKind),
    /// Waits until the gate opens, then works.
    Held(Arc<Semaphore>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    New,
    Pending(Uuid),
    Completed,
    Failed,
}

#[derive(Debug)]
pub struct UserRow {
    pub status: Status,
    /// How often it was settled: more than once is a double.
    pub settled: u32,
    pub amount: i64,
}

#[derive(Debug)]
pub struct Claim {
    pub users: Vec<String>,
    pub totals: ClaimTotals,
    pub open: bool,
}

#[derive(Debug)]
pub struct Tables {
    pub users: BTreeMap<String, UserRow>,
    pub claims: HashMap<Uuid, Claim>,
    pub run: RunState,
    pub reason: Option<String>,
    pub most_open: usize,
    script: HashMap<Call, VecDeque<Fault>>,
    pub calls: HashMap<Call, u32>,
}

/// The store. Clones share the tables.
#[derive(Clone, Debug)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
}

impl Memory {
    pub fn with_users(count: usize) -> Self {
        let row = |place: usize| UserRow { status: Status::New, settled: 0, amount: place as i64 };
        let users = (0..count).map(|place| (format!("U{place:06}"), row(place))).collect();
        let tables = Tables {
            users,
            claims: HashMap::new(),
            run: RunState::Open,
            reason: None,
            most_open: 0,
            script: HashMap::new(),
            calls: HashMap::new(),
        };
        Self { tables: Arc::new(Mutex::new(tables)) }
    }

    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    /// The next calls of this kind go wrong like this, in this order.
    pub fn script(&self, call: Call, faults: impl IntoIterator<Item = Fault>) {
        self.tables().script.entry(call).or_default().extend(faults);
    }

    pub fn calls(&self, call: Call) -> u32 {
        self.tables().calls.get(&call).copied().unwrap_or(0)
    }

    /// What a sweep by somebody else does to all open claims.
    pub fn sweep_everything(&self) {
        let mut tables = self.tables();
        let open: Vec<Uuid> = tables.claims.iter().filter(|(_, claim)| claim.open).map(|(id, _)| *id).collect();
        for claim_id in open {
            tables.release(claim_id);
        }
    }

    async fn perform<T>(
        &self,
        call: Call,
        work: impl FnOnce(&mut Tables) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let fault = {
            let mut tables = self.tables();
            *tables.calls.entry(call).or_default() += 1;
            tables.script.get_mut(&call).and_then(VecDeque::pop_front)
        };
        match fault {
            None => work(&mut self.tables()),
            Some(Fault::Before(kind)) => Err(StoreError::new(kind, "scripted, before the work")),
            Some(Fault::After(kind)) => {
                work(&mut self.tables())?;
                Err(StoreError::new(kind, "scripted, after the work"))
            }
            Some(Fault::Held(gate)) => {
                let _passed = gate.acquire().await.unwrap();
                work(&mut self.tables())
            }
        }
    }
}

impl Tables {
    fn release(&mut self, claim_id: Uuid) -> ClaimTotals {
        let Some(claim) = self.claims.get_mut(&claim_id).filter(|claim| claim.open) else {
            return self.claims.get(&claim_id).map(|claim| claim.totals).unwrap_or_default();
        };
        claim.open = false;
        for user in &claim.users {
            let row = self.users.get_mut(user).unwrap();
            if row.status == Status::Pending(claim_id) {
                row.status = Status::New;
                claim.totals.returned += 1;
            }
        }
        claim.totals.left = 0;
        claim.totals
    }

    fn claim(&mut self, request: &ClaimRequest) -> Claimed {
        if self.run != RunState::Open {
            return Claimed::RunClosed;
        }
        if request.suspicion != Suspicion::None {
            return Claimed::Nobody;
        }
        let mut users = Vec::new();
        for (user_id, row) in self.users.range_mut(request.from_key.clone()..) {
            if row.status == Status::New && users.len() < request.rows {
                row.status = Status::Pending(request.claim_id);
                let spend = Spend::Paise([row.amount, 0, 0, 0, 0, 0]);
                users.push(ClaimedUser {
                    user_id: user_id.as_str().into(),
                    user: User { spend, monthly_income_paise: None, credit_score: None },
                    may_have_rows: false,
                });
            }
        }
        if users.is_empty() {
            return Claimed::Nobody;
        }
        let totals = ClaimTotals { left: users.len() as u64, ..ClaimTotals::default() };
        let keys = users.iter().map(|user| user.user_id.to_string()).collect();
        self.claims.insert(request.claim_id, Claim { users: keys, totals, open: true });
        self.most_open = self.most_open.max(self.claims.values().filter(|claim| claim.open).count());
        Claimed::Chunk(Chunk { claim_id: request.claim_id, users })
    }

    fn finish(&mut self, chunk: &ComputedChunk) -> Result<ClaimTotals, StoreError> {
        let lost = || StoreError::new(ErrorKind::ClaimLost, "not open");
        let claim = self.claims.get_mut(&chunk.claim_id).filter(|claim| claim.open).ok_or_else(lost)?;
        for user in &chunk.users {
            let row = self.users.get_mut(&*user.user_id).unwrap();
            if row.status != Status::Pending(chunk.claim_id) {
                claim.totals.superseded += 1;
                continue;
            }
            row.settled += 1;
            if user.outcome.is_ok() {
                row.status = Status::Completed;
                claim.totals.completed += 1;
            } else {
                row.status = Status::Failed;
                claim.totals.failed += 1;
            }
        }
        (claim.totals.left, claim.open) = (0, false);
        Ok(claim.totals)
    }
}

/// Writes the key and a line break: what is loaded can be looked at.
#[derive(Debug)]
pub struct Keys;

impl Encode for Keys {
    fn encode(&self, user_id: &str, _: &TopTen, out: &mut Vec<u8>) {
        out.extend_from_slice(user_id.as_bytes());
        out.push(b'\n');
    }
}

impl Store for Memory {
    type Encoder = Keys;

    fn encoder(&self, _: &Engine) -> Keys {
        Keys
    }

    async fn register(&self, _: Duration) -> Result<(), StoreError> {
        Ok(())
    }

    async fn renew(&self, _: Duration) -> Result<(), StoreError> {
        self.perform(Call::Renew, |_| Ok(())).await
    }

    async fn deregister(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn open_or_join(&self, _: &RunRequest) -> Result<Run, StoreError> {
        Err(StoreError::new(ErrorKind::Bug, "these tests open no run"))
    }

    async fn close_run(&self, _: Uuid, state: RunState, reason: Option<&str>) -> Result<Closed, StoreError> {
        self.perform(Call::Close, |tables| {
            let open = tables.claims.values().filter(|claim| claim.open).count() as u64;
            if tables.run == RunState::Open && open > 0 && state == RunState::Done {
                return Ok(Closed::LiveClaims(open));
            }
            if tables.run == RunState::Open {
                tables.run = state;
                tables.reason = reason.map(str::to_owned);
            }
            Ok(Closed::Closed(tables.run))
        })
        .await
    }

    async fn run_totals(&self, _: Uuid) -> Result<RunTotals, StoreError> {
        Ok(RunTotals { state: Some(self.tables().run), ..RunTotals::default() })
    }

    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, StoreError> {
        self.perform(Call::Claim, |tables| Ok(tables.claim(request))).await
    }

    async fn finish(&self, chunk: &ComputedChunk) -> Result<ClaimTotals, StoreError> {
        self.perform(Call::Finish, |tables| tables.finish(chunk)).await
    }

    async fn look_up(&self, claim_id: Uuid) -> Result<Option<ClaimRow>, StoreError> {
        self.perform(Call::LookUp, |tables| {
            Ok(tables.claims.get(&claim_id).map(|claim| ClaimRow { totals: claim.totals, open: claim.open }))
        })
        .await
    }

    async fn give_back(&self, claim_id: Uuid) -> Result<ClaimTotals, StoreError> {
        self.perform(Call::GiveBack, |tables| Ok(tables.release(claim_id))).await
    }

    async fn sweep(&self, _: Duration) -> Result<Swept, StoreError> {
        Ok(Swept::default())
    }
}
