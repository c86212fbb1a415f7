//! A change of listed users that the database refuses for some of them. What is refused is halved until those users are found; all
//! other users are changed.

use std::collections::HashMap;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use uuid::Uuid;

use super::load::{A_FEW, PROBES, REASON_CHARS, is_refusal, spread};
use super::work::Transaction;
use crate::server::Session;
use crate::statement::{Statement, Value, bind};

/// Changes that one list may cost: enough for hundreds of refused users among 10,000.
const MAX_CHANGES: usize = 4_096;

/// What is done to listed users.
pub(super) enum Change<'a> {
    /// Completes pending users of a claim.
    Complete { statement: &'a Statement, claim_id: Uuid },
    /// Fails pending users of a claim, each for its reason.
    Fail { claim_id: Uuid, reasons: &'a HashMap<&'a str, &'a str> },
    /// Runs a statement whose parameters are some values, the list, and some more values. It may pass users over.
    Return { statement: &'a Statement, before: &'a [Value<'a>], after: &'a [Value<'a>] },
}

/// What came of a change.
#[derive(Debug, Default)]
pub(super) struct Sifted<'k> {
    /// Users that were changed.
    pub(super) changed: u64,
    /// Users that the database does not let be changed.
    pub(super) refused: Vec<RefusedUser<'k>>,
}

impl<'k> Sifted<'k> {
    /// No user could be changed.
    pub(super) fn all_refused(user_ids: &[&'k str], error: &DatabaseError) -> Self {
        Self { changed: 0, refused: user_ids.iter().map(|user_id| RefusedUser::new(user_id, error)).collect() }
    }
}

/// A user that the database does not let be changed.
#[derive(Clone, Debug)]
pub(super) struct RefusedUser<'k> {
    pub(super) user_id: &'k str,
    pub(super) kind: ErrorKind,
    /// The database's words, as short as `processing_error` and messages hold them.
    pub(super) reason: String,
}

impl<'k> RefusedUser<'k> {
    fn new(user_id: &'k str, error: &DatabaseError) -> Self {
        let reason = format!("refused by the database: {}", error.cause()).chars().take(REASON_CHARS).collect();
        Self { user_id, kind: error.kind(), reason }
    }
}

impl Change<'_> {
    /// Changes all users that the database lets be changed.
    ///
    /// # Errors
    /// The database could not be asked, or refuses users far apart each for itself; then nothing is changed.
    pub(super) async fn make<'k, S: Session>(
        &self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&'k str],
    ) -> Result<Sifted<'k>, DatabaseError> {
        Sieve { change: self, keep: true, changes: 0, sifted: Sifted::default() }.sift(transaction, keys).await
    }

    /// Finds the users that the database does not let be changed, and changes none.
    ///
    /// # Errors
    /// As [`Change::make`], and where the users that are refused are too many to be told apart.
    pub(super) async fn try_out<'k, S: Session>(
        &self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&'k str],
    ) -> Result<Sifted<'k>, DatabaseError> {
        Sieve { change: self, keep: false, changes: 0, sifted: Sifted::default() }.sift(transaction, keys).await
    }

    /// Changes users in one statement. An update that a trigger or rule swallows is a refusal too: the transaction holds the
    /// users locked, so that nothing else can have come between.
    pub(super) async fn ask<S: Session>(
        &self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&str],
    ) -> Result<u64, DatabaseError> {
        let changed = match self {
            Self::Complete { statement, claim_id } => transaction.execute(statement, &bind![*claim_id, keys]).await?,
            Self::Fail { claim_id, reasons } => {
                let reasons: Vec<String> =
                    keys.iter().map(|key| reasons.get(key).copied().unwrap_or_default().to_owned()).collect();
                transaction.session().fail_users(*claim_id, keys, &reasons).await?
            }
            Self::Return { statement, before, after } => {
                let values: Vec<Value<'_>> =
                    before.iter().cloned().chain([Value::from(keys)]).chain(after.iter().cloned()).collect();
                return transaction.execute(statement, &values).await;
            }
        };
        if changed == keys.len() as u64 { Ok(changed) } else { Err(self.swallowed(keys.len(), changed)) }
    }

    fn swallowed(&self, users: usize, changed: u64) -> DatabaseError {
        let doing = match self {
            Self::Complete { .. } => "completing",
            Self::Fail { .. } => "failing",
            Self::Return { .. } => "returning",
        };
        let words = format!(
            "{doing} {users} users that were locked changed {changed} of them: does a trigger or rule on the table of users swallow the update?"
        );
        DatabaseError::new(ErrorKind::Constraint, words)
    }
}

struct Sieve<'a, 'k> {
    change: &'a Change<'a>,
    /// Whether a change that is not refused stays.
    keep: bool,
    changes: usize,
    sifted: Sifted<'k>,
}

impl<'k> Sieve<'_, 'k> {
    async fn sift<S: Session>(
        mut self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&'k str],
    ) -> Result<Sifted<'k>, DatabaseError> {
        let mut suspects = vec![keys.to_vec()];
        while let Some(mut keys) = suspects.pop() {
            let Err(error) = self.under_a_savepoint(transaction, &keys, self.keep).await else { continue };
            if !is_refusal(error.kind()) || (self.changes == 1 && self.is_systemic(transaction, &keys).await?) {
                return Err(error);
            }
            if let [key] = keys[..] {
                self.sifted.refused.push(RefusedUser::new(key, &error));
                continue;
            }
            if self.changes >= MAX_CHANGES {
                if !self.keep {
                    return Err(error);
                }
                // What was changed so far stays, so that the rest can only count as refused.
                let rest = keys.into_iter().chain(suspects.into_iter().flatten());
                self.sifted.refused.extend(rest.map(|key| RefusedUser::new(key, &error)));
                break;
            }
            let right = keys.split_off(keys.len() / 2);
            suspects.extend([right, keys]);
        }
        Ok(self.sifted)
    }

    async fn under_a_savepoint<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&str],
        keep: bool,
    ) -> Result<(), DatabaseError> {
        if keys.is_empty() {
            return Ok(());
        }
        self.changes += 1;
        transaction.session().set_savepoint().await?;
        match self.change.ask(transaction, keys).await {
            Ok(changed) if keep => {
                self.sifted.changed += changed;
                transaction.session().release_savepoint().await
            }
            Ok(_) => transaction.session().undo_savepoint().await,
            Err(error) if is_refusal(error.kind()) => {
                transaction.session().undo_savepoint().await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether users far apart are refused each for itself, as all of them together were.
    async fn is_systemic<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        keys: &[&str],
    ) -> Result<bool, DatabaseError> {
        if keys.len() <= A_FEW {
            return Ok(false);
        }
        for probe in 0..PROBES.min(keys.len()) {
            let key = keys[if keys.len() <= PROBES { probe } else { spread(probe, keys.len()) }];
            match self.under_a_savepoint(transaction, &[key], false).await {
                Err(error) if is_refusal(error.kind()) => {}
                outcome => return outcome.map(|()| false),
            }
        }
        Ok(true)
    }
}
