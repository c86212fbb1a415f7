//! A store in memory that does as the port says, and fails as it is told: before the work, or after it. It writes down
//! what must never happen.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cardgenius_engine::user::{Spend, User};
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::compute::ComputedChunk;
use cardgenius_pipeline::lease::LeaseView;
use cardgenius_pipeline::ports::{
    Blame, Chunk, ClaimRequest, ClaimTotals, Claimed, ClaimedUser, Closed, Key, Left, RunState, Slots, Suspicion,
};
use cardgenius_pipeline::throttle::Headroom;
use tokio::sync::{Notify, Semaphore};
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A call of the port that can be told to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Claim,
    Finish,
    LookUp,
    GiveBack,
    Close,
    Totals,
    Renew,
    Live,
    Look,
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
    /// Works, then waits until the gate opens: done, and not answered.
    Unanswered(Arc<Semaphore>),
    /// Works, after this has happened...
    Meanwhile(Event),
    /// ... and then reports a failure.
    MeanwhileAndAfter(Event, ErrorKind),
}

/// What others do. Users by their place, around the corner if there are not so many.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// Somebody sweeps all open claims.
    Sweep,
    /// The customer has new spending of a user.
    SetNew(usize),
    /// The customer holds a user's row locked...
    Lock(usize),
    /// ... and lets go of all.
    Unlock,
    /// An operator asks this instance to stop...
    Stop,
    /// ... or ends the run...
    Cancel,
    /// ... or pauses all claiming...
    Pause,
    /// ... and lets it go on.
    Resume,
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
    /// How often it was settled...
    pub settled: u32,
    /// ... and how often the customer asked for that.
    pub asked: u32,
    pub locked: bool,
    pub was_locked: bool,
    pub amount: i64,
    /// Faults that hit it alone since it last settled.
    pub attempts: u32,
}

#[derive(Debug)]
pub struct Claim {
    /// How many were made before it.
    pub place: usize,
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
    pub paused: bool,
    /// Claims that were open at once, at most.
    pub most_open: usize,
    /// Finishes that were under way at once, at most.
    pub most_finishing: usize,
    pub finishing: usize,
    script: HashMap<Call, VecDeque<Fault>>,
    pub calls: HashMap<Call, u32>,
    /// A user whose row no load gets past.
    pub hangs: Option<String>,
    /// One at whom a load waits until it is cut short.
    pub hangs_until_cut: Option<String>,
    /// How long a claim takes.
    pub claim_takes: Duration,
    /// How long a finish takes, for each user.
    pub finish_takes: Duration,
    /// Instances whose lease holds; this one comes last.
    pub instances: u64,
    /// How long it takes to get a slot.
    pub slot_takes: Duration,
    /// The slots in which chunks were finished.
    pub slots: Vec<Slots>,
    /// How long it takes to get the turn to claim.
    pub turn_takes: Duration,
    /// Of each claim, whether it was asked for in turn.
    pub in_turn: Vec<bool>,
    /// A standby's lag, in seconds.
    pub lag: f64,
    /// What was written down of the throttle, in order.
    pub told: Vec<Headroom>,
    lease: Option<LeaseView>,
    stop: Option<CancellationToken>,
    /// Calls that started although the lease did not hold.
    pub without_lease: Vec<Call>,
}

/// The store. Clones share the tables.
#[derive(Clone, Debug)]
pub struct Memory {
    tables: Arc<Mutex<Tables>>,
    /// Told of each chunk that was claimed.
    pub claimed: Arc<Notify>,
    /// Told of each call that begins.
    begun: Arc<Notify>,
}

impl Memory {
    pub fn with_users(count: usize) -> Self {
        let row = |place: usize| UserRow {
            status: Status::New,
            settled: 0,
            asked: 1,
            locked: false,
            was_locked: false,
            amount: place as i64,
            attempts: 0,
        };
        let users = (0..count).map(|place| (format!("U{place:06}"), row(place))).collect();
        let tables = Tables {
            users,
            claims: HashMap::new(),
            run: RunState::Open,
            reason: None,
            paused: false,
            most_open: 0,
            most_finishing: 0,
            finishing: 0,
            script: HashMap::new(),
            calls: HashMap::new(),
            hangs: None,
            hangs_until_cut: None,
            claim_takes: Duration::ZERO,
            finish_takes: Duration::ZERO,
            instances: 1,
            slot_takes: Duration::ZERO,
            slots: Vec::new(),
            turn_takes: Duration::ZERO,
            in_turn: Vec::new(),
            lag: 0.0,
            told: Vec::new(),
            lease: None,
            stop: None,
            without_lease: Vec::new(),
        };
        Self { tables: Arc::new(Mutex::new(tables)), claimed: Arc::default(), begun: Arc::default() }
    }

    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    /// The next calls of this kind go wrong like this, in this order.
    pub fn script(&self, call: Call, faults: impl IntoIterator<Item = Fault>) {
        self.tables().script.entry(call).or_default().extend(faults);
    }

    /// From now on everything works.
    pub fn mend(&self) {
        self.tables().script.clear();
    }

    pub fn calls(&self, call: Call) -> u32 {
        self.tables().calls.get(&call).copied().unwrap_or(0)
    }

    /// Returns when so many calls of this kind have begun.
    pub async fn called(&self, call: Call, times: u32) {
        loop {
            let mut next = std::pin::pin!(self.begun.notified());
            next.as_mut().enable();
            if self.calls(call) >= times {
                return;
            }
            next.await;
        }
    }

    /// Looks from now on whether the lease holds whenever it must, and whom to ask to stop.
    pub fn watch(&self, lease: LeaseView, stop: CancellationToken) {
        let mut tables = self.tables();
        (tables.lease, tables.stop) = (Some(lease), Some(stop));
    }

    pub fn happens(&self, event: Event) {
        self.tables().happens(event);
    }

    pub async fn perform<T>(
        &self,
        call: Call,
        work: impl FnOnce(&mut Tables) -> Result<T, DatabaseError> + Send,
    ) -> Result<T, DatabaseError> {
        let fault = self.tables().begin(call);
        self.begun.notify_waiters();
        // On its way to the server, and back: whoever is dropped there may have worked or not.
        yield_now().await;
        let outcome = match fault {
            None => work(&mut self.tables()),
            Some(Fault::Before(kind)) => Err(DatabaseError::new(kind, "scripted, before the work")),
            Some(Fault::After(kind)) => {
                let worked = work(&mut self.tables());
                worked.and_then(|_| Err(DatabaseError::new(kind, "scripted, after the work")))
            }
            Some(Fault::Held(gate)) => {
                let _passed = gate.acquire().await.unwrap();
                work(&mut self.tables())
            }
            Some(Fault::Unanswered(gate)) => {
                let worked = work(&mut self.tables());
                let _passed = gate.acquire().await.unwrap();
                worked
            }
            Some(Fault::Meanwhile(event)) => {
                let mut tables = self.tables();
                tables.happens(event);
                work(&mut tables)
            }
            Some(Fault::MeanwhileAndAfter(event, kind)) => {
                let mut tables = self.tables();
                tables.happens(event);
                work(&mut tables).and_then(|_| Err(DatabaseError::new(kind, "scripted, after the work")))
            }
        };
        yield_now().await;
        outcome
    }
}

impl Tables {
    fn begin(&mut self, call: Call) -> Option<Fault> {
        *self.calls.entry(call).or_default() += 1;
        let needs_lease = matches!(call, Call::Claim | Call::Finish);
        if needs_lease && self.lease.as_ref().is_some_and(|lease| !lease.holds()) {
            self.without_lease.push(call);
        }
        self.script.get_mut(&call).and_then(VecDeque::pop_front)
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Sweep => {
                let open: Vec<Uuid> = self.claims.iter().filter(|(_, claim)| claim.open).map(|(id, _)| *id).collect();
                for claim_id in open {
                    self.release(claim_id);
                }
            }
            Event::SetNew(place) => {
                let row = self.user(place);
                row.status = Status::New;
                row.asked += 1;
            }
            Event::Lock(place) => {
                let row = self.user(place);
                (row.locked, row.was_locked) = (true, true);
            }
            Event::Unlock => self.users.values_mut().for_each(|row| row.locked = false),
            Event::Cancel => self.run = RunState::Cancelled,
            Event::Pause => self.paused = true,
            Event::Resume => self.paused = false,
            Event::Stop => {
                if let Some(stop) = &self.stop {
                    stop.cancel();
                }
            }
        }
    }

    fn user(&mut self, place: usize) -> &mut UserRow {
        let count = self.users.len();
        self.users.values_mut().nth(place % count).unwrap()
    }

    /// Lets go of all rows, and sets `pending` users of no open claim back to `new`, as the next sweep would.
    pub fn heal(&mut self) {
        self.happens(Event::Unlock);
        for row in self.users.values_mut() {
            let held = |claim_id| self.claims.get(&claim_id).is_some_and(|claim| claim.open);
            if matches!(row.status, Status::Pending(claim_id) if !held(claim_id)) {
                row.status = Status::New;
            }
        }
    }

    /// Spends an attempt of a claim's only user, and fails it with its last.
    pub fn give_up(&mut self, claim_id: Uuid, blame: &Blame) -> ClaimTotals {
        if let Some(claim) = self.claims.get_mut(&claim_id).filter(|claim| claim.open)
            && let [user_id] = &claim.users[..]
            && let Some(row) = self.users.get_mut(user_id)
            && row.status == Status::Pending(claim_id)
            && !row.locked
            && (blame.is_proven || (blame.is_lasting && row.attempts > 0))
        {
            row.attempts += 1;
            if row.attempts >= blame.limit {
                (row.status, row.attempts) = (Status::Failed, 0);
                row.settled += 1;
                (claim.totals.failed, claim.totals.left) = (1, 0);
            }
        }
        self.release(claim_id)
    }

    pub fn release(&mut self, claim_id: Uuid) -> ClaimTotals {
        let Some(claim) = self.claims.get_mut(&claim_id).filter(|claim| claim.open) else {
            return self.claims.get(&claim_id).map(|claim| claim.totals).unwrap_or_default();
        };
        claim.open = false;
        let before = claim.totals.left;
        claim.totals.left = 0;
        for user in &claim.users {
            let row = self.users.get_mut(user).unwrap();
            if row.status == Status::Pending(claim_id) {
                if row.locked {
                    claim.totals.left += 1;
                } else {
                    row.status = Status::New;
                    claim.totals.returned += 1;
                }
            }
        }
        claim.totals.superseded += before - claim.totals.left - claim.totals.returned;
        claim.totals
    }

    pub fn claim(&mut self, request: &ClaimRequest) -> Claimed {
        if self.run != RunState::Open {
            return Claimed::RunClosed;
        }
        if self.paused {
            return Claimed::Paused { by: "an operator".into(), reason: Some("a test".into()) };
        }
        if request.suspicion != Suspicion::None {
            return Claimed::Nobody;
        }
        let mut users = Vec::new();
        let since = request.after_claim.and_then(|claim_id| self.claims.get(&claim_id)).map(|claim| claim.place);
        let since = |claim: &&Claim| claim.open && since.is_some_and(|place| claim.place > place);
        let furthest = self.claims.values().filter(since).filter_map(|claim| claim.users.last()).max().cloned();
        let after = request.after_key.clone().max(furthest);
        for (user_id, row) in
            self.users.iter_mut().filter(|(user_id, _)| after.as_ref().is_none_or(|after| *user_id > after))
        {
            if row.status == Status::New && !row.locked && users.len() < request.rows {
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
        let claim = Claim { place: self.claims.len(), users: keys, totals, open: true };
        assert!(self.claims.insert(request.claim_id, claim).is_none(), "a claim's id was used twice");
        self.most_open = self.most_open.max(self.open_claims());
        Claimed::Chunk(Chunk { claim_id: request.claim_id, users })
    }

    /// Users claimed so far, each as often as it was.
    pub fn users_claimed(&self) -> usize {
        self.claims.values().map(|claim| claim.users.len()).sum()
    }

    pub fn open_claims(&self) -> usize {
        self.claims.values().filter(|claim| claim.open).count()
    }

    pub fn finish(&mut self, chunk: &ComputedChunk) -> Result<ClaimTotals, DatabaseError> {
        let lost = || DatabaseError::new(ErrorKind::ClaimLost, "not open");
        let claim = self.claims.get_mut(&chunk.claim_id).filter(|claim| claim.open).ok_or_else(lost)?;
        if chunk.users.iter().any(|user| Some(&*user.user_id) == self.hangs.as_deref()) {
            return Err(DatabaseError::new(ErrorKind::Timeout, "it hangs"));
        }
        let before = claim.totals;
        let (mut pending, mut left) = (0, 0);
        for user in &chunk.users {
            let row = self.users.get_mut(&*user.user_id).unwrap();
            if row.status != Status::Pending(chunk.claim_id) {
                continue;
            }
            pending += 1;
            if row.locked {
                left += 1;
                continue;
            }
            row.settled += 1;
            row.attempts = 0;
            if user.outcome.is_ok() {
                row.status = Status::Completed;
                claim.totals.completed += 1;
            } else {
                row.status = Status::Failed;
                claim.totals.failed += 1;
            }
        }
        claim.totals.superseded += before.left - pending;
        (claim.totals.left, claim.open) = (left, left > 0);
        Ok(claim.totals)
    }

    pub fn close(&mut self, state: RunState, reason: Option<&str>) -> Closed {
        let open = self.open_claims() as u64;
        if self.run == RunState::Open && open > 0 && state == RunState::Done {
            return Closed::LiveClaims(open);
        }
        // Without words for what is left, the end looks first.
        if self.run == RunState::Open
            && state == RunState::Done
            && reason.is_none()
            && let Some(left) = self.left()
        {
            return Closed::UsersLeft(left);
        }
        if self.run == RunState::Open {
            self.run = state;
            self.reason = reason.map(str::to_owned);
        }
        Closed::Closed(self.run)
    }

    /// The users that are left; none where all are done and any was completed.
    fn left(&self) -> Option<Left> {
        let key = |id: &String| Key { token: id.clone(), shown: id.clone() };
        let of = |locked: bool| -> Vec<Key> {
            let here = self.users.iter().filter(|(_, row)| row.status == Status::New && row.locked == locked);
            here.map(|(id, _)| key(id)).collect()
        };
        let (free, locked) = (of(false), of(true));
        let pending = self.users.values().filter(|row| matches!(row.status, Status::Pending(_))).count() as u64;
        let sum = |of: fn(&ClaimTotals) -> u64| self.claims.values().map(|claim| of(&claim.totals)).sum();
        let (completed, failed) = (sum(|totals| totals.completed), sum(|totals| totals.failed));
        let new = (free.len() + locked.len()) as u64;
        let is_left = new + pending > 0 || (completed == 0 && failed > 0);
        is_left.then(|| Left { new, pending, free, locked, completed, failed, ..Left::default() })
    }
}
