//! Users that a run cannot do: those that the database does not let be claimed or settled are passed by and named, and the end of the run says
//! how many are left, and why.

use tokio::time::Instant;
use tracing::warn;

use super::{Claimer, Closed, Key, Part, Recommend, RefusedUser, RunState, Store, Verdict};
use crate::policy::Trials;
use crate::ports::{ClaimRequest, ClaimTotals, LEFT_BEHIND, Left};
use cardgenius_failure::error::{DatabaseError, ErrorKind};

/// Users that a part passes by at most: each costs some claims, and is named in each later one.
const MOST_PASSED_BY: usize = 1_000;

/// Refusals in a row of one user that could be claimed when it was tried again: then it is not a user.
const MOST_UNNAMED: u32 = 10;

/// Looks in a row that find users that a whole pass could have claimed and did not.
const VAIN_LOOKS: u32 = 3;

/// Chunks in a row, each claimed after the one before was over, whose users were all taken back: so many are no accident where they
/// were of at least [`UNDONE_USERS`] users...
const UNDONE_CHUNKS: u32 = 2;

/// ... see above...
const UNDONE_USERS: u64 = 20;

/// ... and so many of however few.
const UNDONE_SMALL_CHUNKS: u32 = 5;

/// Counts chunks whose users were all set back to `new` while no user was completed.
#[derive(Debug, Default)]
pub(super) struct Undone {
    chunks: u32,
    users: u64,
    last: Option<Instant>,
    /// Whether any user was completed or failed.
    any_settled: bool,
}

impl Undone {
    /// Takes note of a chunk's end; true: it is not the customer's doing any more. Of chunks in flight together, one statement of the
    /// customer's may take back all users: they count once.
    pub(super) fn note(&mut self, totals: &ClaimTotals, claimed_at: Instant) -> bool {
        self.any_settled |= totals.completed + totals.failed > 0;
        let all_taken_back = totals.superseded > 0 && totals.left == 0 && !self.any_settled;
        if all_taken_back && self.last.is_none_or(|last| claimed_at >= last) {
            self.chunks += 1;
            self.users += totals.superseded;
            self.last = Some(Instant::now());
        }
        let is_no_accident =
            self.chunks >= UNDONE_SMALL_CHUNKS || (self.chunks >= UNDONE_CHUNKS && self.users >= UNDONE_USERS);
        all_taken_back && is_no_accident
    }
}

/// Why a run fails in which each user is taken back as soon as it is claimed.
pub(super) fn undone() -> DatabaseError {
    DatabaseError::new(
        ErrorKind::Constraint,
        "all users of chunk after chunk were no longer pending when they were to be completed, and none was completed: a trigger or \
         rule on the table of users may set users to new when they are updated, or swallow updates, or another program may do so",
    )
}

impl<S: Store, R: Recommend> Part<S, R> {
    /// A claim of `rows` users that the database refused: the user is looked for, and passed by when it is found.
    pub(super) fn claim_was_refused(
        &mut self,
        claimer: &mut Claimer,
        (rows, error): (usize, DatabaseError),
        user: Option<Key>,
    ) -> Result<(), Verdict> {
        self.shared.observer.failed(error.kind());
        let Some(user) = user else {
            let rows = claimer.request(rows).rows;
            self.unnamed_refusals += u32::from(rows == 1);
            if self.unnamed_refusals >= MOST_UNNAMED {
                return Err(Verdict::Failed(error));
            }
            claimer.narrow(rows);
            return Ok(());
        };
        self.unnamed_refusals = 0;
        warn!(run.id = %self.run_id, user.id = user.shown, %error, "a user cannot be claimed; this instance passes it by until the run is over");
        self.pass_by(RefusedUser { user, kind: error.kind(), reason: error.to_string() })
    }

    /// Users of a chunk that could neither be completed nor be failed: they were given back, and are not claimed again.
    pub(super) fn settling_was_refused(&mut self, refused: Vec<RefusedUser>) -> Result<(), Verdict> {
        for user in refused {
            warn!(run.id = %self.run_id, user.id = user.user.shown, reason = user.reason, "a user can be neither completed nor failed; this instance passes it by until the run is over");
            self.pass_by(user)?;
        }
        Ok(())
    }

    /// Whether a claim that failed is tried again for fewer users: one of them may be the cause.
    pub(super) fn may_be_of_one_user(
        &self,
        claimer: &Claimer,
        request: &ClaimRequest,
        error: &DatabaseError,
        trials: &Trials,
    ) -> bool {
        let often = claimer.is_narrowed() || trials.spent + 1 >= self.shared.config.attempts;
        error.kind().may_be_of_one_row() && often && request.rows > 1
    }

    /// The only user of a chunk that was given back, if other sessions held it up. If no user was completed since the faults began,
    /// it is not this user: a table may be locked as a whole.
    pub(super) fn user_was_held_up(&mut self, user: Option<RefusedUser>) -> Result<(), Verdict> {
        if self.completed_at_fault.is_none_or(|completed| self.shared.progress.counts().completed <= completed) {
            return Ok(());
        }
        let (patience, now) = (self.shared.config.locked_wait, Instant::now());
        let Some(user) = user.and_then(|user| self.held_up.note(user, patience, now)) else { return Ok(()) };
        warn!(run.id = %self.run_id, user.id = user.user.shown, reason = user.reason, "other sessions hold up a user again and again; this instance passes it by until the run is over");
        // The others may get through.
        self.nothing_gets_through = None;
        self.pass_by(user)
    }

    fn pass_by(&mut self, user: RefusedUser) -> Result<(), Verdict> {
        let kind = user.kind;
        self.passed_by.push(user);
        self.too_many_passed_by(kind).map_or(Ok(()), |error| Err(Verdict::Failed(error)))
    }

    /// The users that claims do not ask for.
    pub(super) fn keys_passed_by(&self) -> Vec<Key> {
        self.passed_by.iter().map(|refused| refused.user.clone()).collect()
    }

    /// Why not to go on, if so many users cannot be claimed or settled that it is hardly their own fault.
    fn too_many_passed_by(&self, kind: ErrorKind) -> Option<DatabaseError> {
        let (config, counts) = (&self.shared.config, self.shared.progress.counts());
        let (passed_by, settled) = (self.passed_by.len() as u64, counts.completed + counts.failed);
        let share = passed_by as f64 / (passed_by + settled).max(1) as f64;
        let too_large = passed_by + settled >= config.poison_min_users && share > config.max_poison_share;
        let last = self.passed_by.last()?;
        (too_large || self.passed_by.len() >= MOST_PASSED_BY).then(|| {
            let doing = format!(
                "{passed_by} users cannot be claimed or settled, beside {settled} that this instance settled: more than \
                 pipeline.max_poison_share = {} allows, or than {MOST_PASSED_BY}; the last was {:?}: {}",
                config.max_poison_share, last.user.shown, last.reason
            );
            DatabaseError::new(kind, doing)
        })
    }

    /// At the end of a whole pass that claimed no user: users are left. Those that can be had get a further pass, a few times; then the
    /// run is over, and says which users are left.
    pub(super) async fn end_or_look_again(&mut self, left: &Left) -> Result<(), Verdict> {
        let could_be_claimed = left.free.iter().any(|user| !self.is_passed_by(user));
        self.vain_looks = if could_be_claimed { self.vain_looks + 1 } else { 0 };
        if could_be_claimed && self.vain_looks < VAIN_LOOKS {
            self.quiet = true;
            return Ok(());
        }
        match self.close_with(left, None).await? {
            Closed::Closed(state) => Err(Verdict::Closed(state)),
            Closed::LiveClaims(_) | Closed::UsersLeft(_) => Ok(()),
        }
    }

    /// Closes a run of as many passes as there may be.
    pub(super) async fn close_exhausted(&self) -> Result<Closed, Verdict> {
        match self.close(RunState::Done, None).await? {
            Closed::UsersLeft(left) => self.close_with(&left, Some(self.shared.config.max_passes)).await,
            closed => Ok(closed),
        }
    }

    async fn close_with(&self, left: &Left, passes: Option<u32>) -> Result<Closed, Verdict> {
        let told = self.tell(left, passes);
        if told.is_done {
            return self.close(RunState::Done, Some(&told.words)).await;
        }
        let reason = format!("{LEFT_BEHIND}{}", told.words);
        warn!(run.id = %self.run_id, reason, "the run is over, and not all users are done");
        self.close(RunState::Failed, Some(&reason)).await
    }

    fn is_passed_by(&self, user: &Key) -> bool {
        self.passed_by.iter().any(|passed_by| passed_by.user == *user)
    }

    /// Which users are left, by kind. The customer's own doing is no fault of the run: users set to `new` after as many passes as
    /// there may be, and users whose rows another session holds. All others are left behind.
    fn tell(&self, left: &Left, passes: Option<u32>) -> Told {
        let mut told = Told { is_done: true, words: String::new() };
        let passed_by = self.passed_by.iter().filter(|passed_by| left.free.contains(&passed_by.user));
        let (held_up, refused): (Vec<&RefusedUser>, Vec<&RefusedUser>) =
            passed_by.partition(|user| user.kind == ErrorKind::Contention);
        if let Some(first) = held_up.first() {
            let words = format!("are held up by other sessions, such as {:?}: {}", first.user.shown, first.reason);
            told.add(held_up.len() as u64, &words, true);
        }
        if let Some(first) = refused.first() {
            let words = format!("cannot be claimed or settled, such as {:?}: {}", first.user.shown, first.reason);
            told.add(refused.len() as u64, &words, false);
        }
        let (recurring, free): (Vec<&Key>, Vec<&Key>) = left
            .free
            .iter()
            .filter(|user| !self.is_passed_by(user))
            .partition(|user| self.recurring.holds(&user.shown));
        let example = recurring.first().map(|user| such_as(&user.shown)).unwrap_or_default();
        let words = format!(
            "are new again after each of the last passes{example}: a trigger or rule on the table of users sets users back when they are \
             claimed or completed, or another program does so all the time"
        );
        told.add(recurring.len() as u64, &words, false);
        let example = free.first().map(|user| such_as(&user.shown)).unwrap_or_default();
        match passes {
            Some(passes) => {
                told.add(free.len() as u64, &format!("were set to new since{example}: {passes} passes claimed users"), true);
            }
            None => told.add(
                free.len() as u64,
                &format!(
                    "are new and not locked{example}, and {VAIN_LOOKS} passes did not get them: a trigger or rule on the table of users \
                     may swallow updates or set users back to new"
                ),
                false,
            ),
        }
        let example = left.locked.first().map(|user| such_as(&user.shown)).unwrap_or_default();
        told.add(left.locked.len() as u64, &format!("are held locked by other sessions{example}"), true);
        let stuck = left.refused.len() as u64;
        if let Some(first) = left.refused.first() {
            let words = format!(
                "are pending without a claim and cannot be set back to new, such as {:?}: {}",
                first.user.shown, first.reason
            );
            told.add(stuck, &words, false);
        }
        let locked = left.pending.saturating_sub(stuck);
        told.add(locked, "are pending without a claim, as their rows were locked when it was closed", true);
        let example = left.not_there.first().map(|user| such_as(&user.shown)).unwrap_or_default();
        let words = format!(
            "cannot be found by their key as this connection reads it{example}: does the server set the connection's character set?"
        );
        told.add(left.not_there.len() as u64, &words, false);
        let looked_at = (left.free.len() + left.locked.len() + left.not_there.len()) as u64;
        told.add(
            left.new.saturating_sub(looked_at),
            "are new beyond those that were looked at",
            passes.is_some() || looked_at > 0,
        );
        let example = left.unknown.example.as_deref().map(such_as).unwrap_or_default();
        let words =
            format!("have a status that is none of new, pending, completed and failed{example}, and are never claimed");
        told.add(left.unknown.users.unwrap_or(0), &words, false);
        // Where other sessions hold all users that are left, nothing says that the run could not have completed them.
        if left.completed == 0 && (left.failed > 0 || left.free.len() > held_up.len() || !told.is_done) {
            told.is_done = false;
            told.say(&format!("no user of the backlog was completed, {} failed", left.failed));
        }
        told
    }
}

/// Which users are left, in words.
struct Told {
    /// Whether the run is done all the same.
    is_done: bool,
    words: String,
}

impl Told {
    fn add(&mut self, users: u64, words: &str, is_done: bool) {
        if users > 0 {
            self.is_done &= is_done;
            self.say(&format!("{users} {words}"));
        }
    }

    fn say(&mut self, words: &str) {
        if !self.words.is_empty() {
            self.words.push_str("; ");
        }
        self.words.push_str(words);
    }
}

fn such_as(user: &str) -> String {
    format!(", such as {user:?}")
}
