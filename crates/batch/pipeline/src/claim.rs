//! Claiming: a cursor that goes over the table in key order, once per kind of suspicion, and then starts anew.

use uuid::Uuid;

use crate::ports::{Chunk, ClaimRequest, Claimed, Key, Suspicion};
use cardgenius_failure::error::DatabaseError;

/// Where an answer leaves the claimer.
#[derive(Debug)]
pub enum Step {
    /// A chunk is ours.
    Chunk(Chunk),
    /// Nobody here: ask on, for the next kind of users.
    Onward,
    /// Nobody may claim at present: ask for the same users again, later.
    Paused {
        /// Who wants it so.
        by: String,
        /// Why, if it was said.
        reason: Option<String>,
    },
    /// A pass over the whole table is over.
    PassOver {
        /// True if at least one chunk was claimed in it.
        claimed: bool,
    },
    /// The database refused the claim: ask again, for fewer users or without this one.
    Refused {
        /// The database's words.
        error: DatabaseError,
        /// The user that it was; none: not found yet.
        user: Option<Key>,
    },
    /// The run is not open any more.
    RunClosed,
}

/// Goes over the table again and again. The cursor is a hint, held in memory only: wherever it stands, SKIP LOCKED and
/// the status decide what is claimed.
#[derive(Debug)]
pub struct Claimer {
    run_id: Uuid,
    chunk_rows: usize,
    /// At present: fewer after a pass that gave chunks back for faults.
    rows_now: usize,
    /// Users that a claim may have after one that was refused: half as many after each refusal, twice as many after each success.
    narrowed: Option<usize>,
    after_key: Option<String>,
    after_claim: Option<Uuid>,
    stage: usize,
    claimed: bool,
}

impl Claimer {
    /// A claimer at the start of its first pass.
    #[must_use]
    pub fn new(run_id: Uuid, chunk_rows: usize) -> Self {
        Self {
            run_id,
            chunk_rows,
            rows_now: chunk_rows,
            narrowed: None,
            after_key: None,
            after_claim: None,
            stage: 0,
            claimed: false,
        }
    }

    /// What to ask the database for next: at most so many users. Every request has an id of its own.
    #[must_use]
    pub fn request(&self, rows_at_most: usize) -> ClaimRequest {
        let suspicion = Suspicion::ALL[self.stage];
        ClaimRequest {
            claim_id: Uuid::now_v7(),
            run_id: self.run_id,
            rows: suspicion.chunk_rows(self.rows_now.min(rows_at_most).min(self.narrowed.unwrap_or(usize::MAX))),
            after_key: self.after_key.clone(),
            // Those under suspicion are few, and lie far from whom others claim meanwhile.
            after_claim: self.after_claim.filter(|_| suspicion == Suspicion::None),
            suspicion,
            passed_by: Vec::new(),
            in_turn: false,
        }
    }

    /// Whether the next request is for users who are under suspicion of having ended a process.
    #[must_use]
    pub fn is_among_suspects(&self) -> bool {
        Suspicion::ALL[self.stage] != Suspicion::None
    }

    /// Begins a further pass. After one in which chunks were given back for faults that did not pass, chunks are a tenth as
    /// large as the largest of those, down to one user: who is at fault is found, and everybody else done. After one
    /// without they grow again.
    pub fn begin_pass(&mut self, largest_at_fault: Option<usize>) {
        self.rows_now = match largest_at_fault {
            Some(users) => (users.min(self.rows_now) / 10).max(1),
            None => (self.rows_now * 10).min(self.chunk_rows),
        };
    }

    /// Whether claims ask for fewer users than usual, to find one that was refused.
    #[must_use]
    pub const fn is_narrowed(&self) -> bool {
        self.narrowed.is_some()
    }

    /// After a claim of so many users that was refused without a name: the next one asks for half as many.
    pub fn narrow(&mut self, rows: usize) {
        self.narrowed = Some((rows / 2).max(1));
    }

    /// Moves on by the answer.
    pub fn step(&mut self, claimed: Claimed) -> Step {
        match claimed {
            Claimed::Chunk(chunk) => {
                self.claimed = true;
                self.narrowed = self.narrowed.map(|rows| rows * 2).filter(|rows| *rows < self.chunk_rows);
                if let Some(last) = chunk.users.last() {
                    // After it, not from it on: given back while the cursor stands there it would be claimed again and again,
                    // and the pass would never end.
                    self.after_key = Some(last.user_id.to_string());
                    self.after_claim = Some(chunk.claim_id);
                }
                Step::Chunk(chunk)
            }
            Claimed::Nobody => self.next_stage(),
            Claimed::Paused { by, reason } => Step::Paused { by, reason },
            Claimed::Refused { error, user } => Step::Refused { error, user },
            Claimed::RunClosed => Step::RunClosed,
        }
    }

    fn next_stage(&mut self) -> Step {
        // The first claim of a pass passes nobody by: one that finds nobody has looked at all.
        (self.after_key, self.after_claim, self.narrowed) = (None, None, None);
        self.stage = (self.stage + 1) % Suspicion::ALL.len();
        if self.stage == 0 {
            return Step::PassOver { claimed: std::mem::take(&mut self.claimed) };
        }
        Step::Onward
    }
}

#[cfg(test)]
mod tests {
    use cardgenius_engine::user::{Spend, User};

    use super::*;
    use crate::ports::ClaimedUser;

    fn chunk(request: &ClaimRequest, keys: &[&str]) -> Claimed {
        let user = User { spend: Spend::Paise([0; 6]), monthly_income_paise: None, credit_score: None };
        let users = keys
            .iter()
            .map(|key| ClaimedUser { user_id: (*key).into(), user: user.clone(), may_have_rows: false })
            .collect();
        Claimed::Chunk(Chunk { claim_id: request.claim_id, users })
    }

    #[test]
    fn the_cursor_follows_the_last_key_and_starts_anew_for_each_kind_of_users() {
        let mut claimer = Claimer::new(Uuid::nil(), 10_000);
        let first = claimer.request(10_000);
        assert_eq!((first.after_key.as_deref(), first.rows), (None, 10_000));
        claimer.step(chunk(&first, &["a", "b"]));
        let second = claimer.request(10_000);
        assert_eq!((second.after_key.as_deref(), second.after_claim), (Some("b"), Some(first.claim_id)));
        assert!(matches!(claimer.step(Claimed::Nobody), Step::Onward));
        let suspects = claimer.request(10_000);
        assert_eq!((suspects.after_key.as_deref(), suspects.rows, suspects.suspicion), (None, 100, Suspicion::Some));
        assert_eq!((first.after_claim, suspects.after_claim), (None, None));
        claimer.step(chunk(&suspects, &["a"]));
        assert_eq!(claimer.request(10_000).after_claim, None, "no suspect is passed by");
        assert!(matches!(claimer.step(Claimed::Nobody), Step::Onward));
        assert_eq!(claimer.request(10_000).rows, 1);
    }

    #[test]
    fn a_pass_says_whether_it_claimed_anybody() {
        let mut claimer = Claimer::new(Uuid::nil(), 10);
        let request = claimer.request(10_000);
        claimer.step(chunk(&request, &["a"]));
        let passes: Vec<Step> = (0..6).map(|_| claimer.step(Claimed::Nobody)).collect();
        assert!(matches!(passes[2], Step::PassOver { claimed: true }));
        assert!(matches!(passes[5], Step::PassOver { claimed: false }));
    }

    #[test]
    fn a_pause_leaves_the_cursor_and_the_kind_of_users_where_they_are() {
        let mut claimer = Claimer::new(Uuid::nil(), 10);
        let first = claimer.request(10_000);
        claimer.step(chunk(&first, &["a", "b"]));
        let paused = claimer.step(Claimed::Paused { by: "dba".into(), reason: None });
        assert!(matches!(paused, Step::Paused { .. }));
        assert_eq!((claimer.request(10_000).after_key.as_deref(), claimer.is_among_suspects()), (Some("b"), false));
        let passes: Vec<Step> = (0..3).map(|_| claimer.step(Claimed::Nobody)).collect();
        assert!(matches!(passes[2], Step::PassOver { claimed: true }), "and what was claimed before it counts");
    }

    #[test]
    fn chunks_shrink_to_one_user_after_passes_with_faults_and_grow_again_after_those_without() {
        let mut claimer = Claimer::new(Uuid::nil(), 2_500);
        let mut rows = |at_fault| {
            claimer.begin_pass(at_fault);
            claimer.request(10_000).rows
        };
        let shrinking: Vec<usize> = [2_500, 250, 25, 2, 1].into_iter().map(|users| rows(Some(users))).collect();
        let growing: Vec<usize> = (0..5).map(|_| rows(None)).collect();
        assert_eq!((&shrinking[..], &growing[..]), (&[250, 25, 2, 1, 1][..], &[10, 100, 1_000, 2_500, 2_500][..]));
        assert_eq!(rows(Some(3)), 1, "the last chunk of a table may be small");
    }

    #[test]
    fn the_pace_may_make_a_chunk_smaller_than_the_faults_do_and_the_faults_than_the_pace() {
        let mut claimer = Claimer::new(Uuid::nil(), 10_000);
        assert_eq!((claimer.request(2_000).rows, claimer.request(20_000).rows), (2_000, 10_000));
        claimer.begin_pass(Some(10_000));
        assert_eq!((claimer.request(2_000).rows, claimer.request(30).rows), (1_000, 30));
        claimer.step(Claimed::Nobody);
        assert_eq!((claimer.request(2_000).rows, claimer.request(30).rows), (100, 30), "suspects");
    }

    #[test]
    fn a_claim_that_is_refused_is_halved_down_to_one_user_and_grows_again_with_each_that_is_not() {
        let mut claimer = Claimer::new(Uuid::nil(), 10);
        let mut asked = Vec::new();
        for _ in 0..4 {
            asked.push(claimer.request(10_000).rows);
            claimer.narrow(claimer.request(10_000).rows);
        }
        for _ in 0..4 {
            let request = claimer.request(10_000);
            asked.push(request.rows);
            claimer.step(chunk(&request, &["a"]));
        }
        assert_eq!((asked, claimer.request(10_000).rows), (vec![10, 5, 2, 1, 1, 2, 4, 8], 10));
    }

    #[test]
    fn every_request_has_an_id_of_its_own() {
        let claimer = Claimer::new(Uuid::nil(), 10);
        assert_ne!(claimer.request(10_000).claim_id, claimer.request(10_000).claim_id);
    }
}
