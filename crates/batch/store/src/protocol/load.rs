//! Replacing users' rows within a transaction, and finding those whose rows the database refuses.
//!
//! The load runs under a savepoint. What the database refuses is halved until the users are found whose rows it is that
//! it will not take; everybody else of the chunk is loaded.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::failpoint;
use cardgenius_failure::redaction::without_figures;
use cardgenius_pipeline::compute::{ComputedChunk, ComputedUser};

use super::statements::Statements;
use super::work::Transaction;
use crate::server::Session;
use crate::statement::bind;

/// Loads that one chunk may cost: enough for hundreds of bad users among 10,000.
const MAX_LOADS: usize = 4_096;

/// Users tried alone before a refusal is called systemic: so many that a chunk with every second user poisonous is hardly
/// ever taken for it.
pub(super) const PROBES: usize = 20;

/// So few users are told apart without asking whether it is the system.
pub(super) const A_FEW: usize = 5;

/// A trigger may say anything at any length; `processing_error` need not hold all of it.
pub(super) const REASON_CHARS: usize = 500;

/// A user whose rows the database will not take.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// Place among the users given to [`replace_rows`].
    pub(super) place: usize,
    /// For `processing_error`.
    pub(super) reason: String,
}

/// Deletes what these users may have had and loads their new rows; returns those that the database refuses, whose old
/// rows stay. Users without rows are passed over, and keep what they have.
///
/// # Errors
/// Whatever is not a matter of single rows: among it a refusal that meets everybody alike.
pub(super) async fn replace_rows<S: Session>(
    transaction: &mut Transaction<'_, S>,
    sql: &Statements,
    chunk: &ComputedChunk,
    users: &[&ComputedUser],
) -> Result<Vec<Refused>, DatabaseError> {
    let places: Vec<usize> = (0..users.len()).filter(|place| users[*place].outcome.is_ok()).collect();
    let mut load = Load { sql, chunk, users, loads: 0, delete_all: false, refused: Vec::new() };
    let Err(error) = load.try_load(transaction, &places).await else {
        return Ok(load.refused);
    };
    if !is_refusal(error.kind()) || load.is_systemic(transaction, &places).await? {
        return Err(error);
    }
    load.find_refused(transaction, places).await?;
    load.refused.sort_by_key(|refused| refused.place);
    Ok(load.refused)
}

/// Whether the database has something against a row, as opposed to being busy, broken or closed to us.
pub(crate) const fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DataRejected | ErrorKind::Constraint | ErrorKind::UniqueViolation)
}

/// The `probe`th of some places among `count`, far apart and in no step that a pattern of poison could share (the
/// fractions of the golden ratio's multiples).
pub(super) fn spread(probe: usize, count: usize) -> usize {
    const GOLDEN_RATIO: f64 = 1.618_033_988_749_895;
    ((probe as f64 * GOLDEN_RATIO).fract() * count as f64) as usize % count
}

struct Load<'a> {
    sql: &'a Statements,
    chunk: &'a ComputedChunk,
    users: &'a [&'a ComputedUser],
    loads: usize,
    delete_all: bool,
    refused: Vec<Refused>,
}

impl Load<'_> {
    /// All of these users' rows replaced, or (refused) nothing changed.
    async fn try_load<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        places: &[usize],
    ) -> Result<(), DatabaseError> {
        if places.is_empty() {
            return Ok(());
        }
        match self.under_a_savepoint(transaction, places, true).await {
            Err(error) if error.kind() == ErrorKind::UniqueViolation && !self.delete_all => {
                // Contention first: somebody left rows that the users' columns know nothing of. From here on everybody's
                // are deleted.
                self.delete_all = true;
                self.under_a_savepoint(transaction, places, true).await
            }
            outcome => outcome,
        }
    }

    /// One load; undone if it is refused, or was only to see whether it would be.
    async fn under_a_savepoint<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        places: &[usize],
        keep: bool,
    ) -> Result<(), DatabaseError> {
        self.loads += 1;
        transaction.session().set_savepoint().await?;
        match self.load(transaction, places).await {
            Ok(()) if keep => transaction.session().release_savepoint().await,
            Ok(()) => transaction.session().undo_savepoint().await,
            Err(error) if is_refusal(error.kind()) => {
                transaction.session().undo_savepoint().await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn load<S: Session>(
        &self,
        transaction: &mut Transaction<'_, S>,
        places: &[usize],
    ) -> Result<(), DatabaseError> {
        let users = || places.iter().map(|place| self.users[*place]);
        let keys: Vec<&str> =
            users().filter(|user| self.delete_all || user.may_have_rows).map(|user| &*user.user_id).collect();
        if !keys.is_empty() {
            transaction.execute(&self.sql.output_delete, &bind![&keys]).await?;
        }
        failpoint!("load.begin")?;
        let rows = self.chunk.frames(users());
        // Constraints asked at the commit only could not tell any more whose rows are refused, and one user would stop the
        // run: the session asks them all now.
        let loaded = transaction.session().load(self.chunk.form, rows).await?;
        if loaded != 10 * places.len() as u64 {
            return Err(DatabaseError::new(
                ErrorKind::Constraint,
                format!(
                    "loading {} users wrote {loaded} rows, not ten each; does a trigger on the table of recommendations drop rows?",
                    places.len()
                ),
            ));
        }
        Ok(())
    }

    /// Whether users far apart are refused each for itself as the whole was: then it is not poison but the system, and
    /// there is no point in taking it apart.
    async fn is_systemic<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        places: &[usize],
    ) -> Result<bool, DatabaseError> {
        if places.len() <= A_FEW {
            return Ok(false);
        }
        for probe in 0..PROBES.min(places.len()) {
            let place = places[if places.len() <= PROBES { probe } else { spread(probe, places.len()) }];
            match self.under_a_savepoint(transaction, &[place], false).await {
                // Its rows are in the way of themselves: that is no refusal.
                Err(error) if error.kind() == ErrorKind::UniqueViolation && !self.delete_all => return Ok(false),
                Err(error) if is_refusal(error.kind()) => {}
                outcome => return outcome.map(|()| false),
            }
        }
        Ok(true)
    }

    /// Finds those that are refused, given that all of them together were; loads the others.
    async fn find_refused<S: Session>(
        &mut self,
        transaction: &mut Transaction<'_, S>,
        places: Vec<usize>,
    ) -> Result<(), DatabaseError> {
        let (left, right) = places.split_at(places.len() / 2);
        let mut suspects = vec![right.to_vec(), left.to_vec()];
        while let Some(mut places) = suspects.pop() {
            let Err(error) = self.try_load(transaction, &places).await else { continue };
            if !is_refusal(error.kind()) {
                return Err(error);
            }
            if let [place] = places[..] {
                let reason: String =
                    format!("refused by the database: {}", error.cause()).chars().take(REASON_CHARS).collect();
                self.refused.push(Refused { place, reason });
                continue;
            }
            if self.loads >= MAX_LOADS {
                return Err(DatabaseError::new(
                    error.kind(),
                    format!(
                        "the database refuses more users of one chunk than {MAX_LOADS} loads can tell apart, {} of them found so far; the last word was: {}",
                        self.refused.len(),
                        without_figures(&error.cause())
                    ),
                ));
            }
            let right = places.split_off(places.len() / 2);
            suspects.push(right);
            suspects.push(places);
        }
        Ok(())
    }
}
