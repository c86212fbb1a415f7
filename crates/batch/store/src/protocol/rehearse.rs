//! A rehearsal: all that a run does to a user and to the user's rows, done to one user in transactions that are undone. It finds
//! whatever the looks of the inspection do not know of: checks, triggers, partitions.

use bytes::Bytes;
use cardgenius_engine::user::{Spend, User};
use cardgenius_engine::{Engine, Scratch};
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::redaction::without_figures;
use cardgenius_pipeline::ports::{Encode, Store};
use uuid::Uuid;

use super::SqlStore;
use super::work::{Transaction, Work};
use crate::inspection::{Inspection, Refusal};
use crate::rows::Rows;
use crate::server::{Server, Session};
use crate::statement::bind;

/// Users that are tried until one passes: a single one may be refused for what it holds itself.
const USERS: usize = 3;

/// A monthly spend, in paise, that earns points with every card.
const SPEND: [i64; 6] = [500_000; 6];

/// What the database has against what a run does.
struct Fault(String);

/// How it went with one user.
enum Outcome {
    /// There is no further user that is free.
    Nobody,
    /// Nothing was in the way.
    Passed,
    /// Locks were in the way, or the user could not be read, and so nothing is known.
    Unknown(DatabaseError),
    /// The database refuses this user, or all of them.
    Refused(String, Fault),
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Does to a user what a run does, claim, failure, completion and return, and to the user's rows, and undoes it all. A refusal says
    /// that each of the users that were tried is refused; a warning, that another one passed. Where no user is free it says nothing.
    ///
    /// # Errors
    /// A database that cannot be reached, or gave no answer in time.
    pub async fn rehearse(&self, engine: &Engine) -> Result<Inspection, DatabaseError> {
        let encoder = self.encoder(engine).await?;
        let (mut found, mut refused, mut after) = (Inspection::default(), Vec::new(), String::new());
        let mut passed = false;
        while refused.len() < USERS && !passed {
            match self.rehearse_next(&after, (engine, &encoder)).await? {
                Outcome::Nobody => break,
                Outcome::Passed => passed = true,
                Outcome::Unknown(error) => {
                    found.warnings.push(format!("a run could not be rehearsed: {error}"));
                    return Ok(found);
                }
                Outcome::Refused(user_id, Fault(fault)) => {
                    after.clone_from(&user_id);
                    refused.push((user_id, fault));
                }
            }
        }
        let shown = |user_id: &str| user_id.chars().take(60).collect::<String>();
        if passed {
            found.warnings.extend(refused.iter().map(|(user_id, fault)| {
                format!(
                    "a rehearsal with user {:?} was refused, so that a run would not settle this user: {fault}",
                    shown(user_id)
                )
            }));
        } else if let Some((user_id, fault)) = refused.first() {
            found.refusals.push(Refusal::new(
                "rehearsal-refused",
                format!(
                    "what a run does was rehearsed with {} of the users, in transactions that were undone, and the database refused each; with user {:?} it was: {fault}; mend that, and check again",
                    refused.len(),
                    shown(user_id)
                ),
            ));
        }
        Ok(found)
    }

    async fn rehearse_next(&self, after: &str, rows: (&Engine, &Rows)) -> Result<Outcome, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let sql = &self.source.sql().rehearsal_user;
            let user_id: String = match transaction.maybe_one(sql, &bind![after]).await {
                Ok(Some(row)) => row.get(0)?,
                Ok(None) => return Ok(Outcome::Nobody),
                Err(error) if error.kind() == ErrorKind::DataRejected => return Ok(Outcome::Unknown(error)),
                Err(error) => return Err(error),
            };
            match self.rehearse_user(&mut transaction, &user_id, rows).await {
                Ok(None) => Ok(Outcome::Passed),
                Ok(Some(fault)) => Ok(Outcome::Refused(user_id, fault)),
                Err(error) if error.kind() == ErrorKind::Contention => Ok(Outcome::Unknown(error)),
                Err(error) if is_the_database_s_word(error.kind()) => {
                    Ok(Outcome::Refused(user_id, Fault(without_figures(&error.to_string()))))
                }
                Err(error) => Err(error),
            }
        }
        .await;
        // Nothing was committed, and so all of it is undone.
        work.done(&outcome).await;
        outcome
    }

    async fn rehearse_user(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        user_id: &str,
        (engine, encoder): (&Engine, &Rows),
    ) -> Result<Option<Fault>, DatabaseError> {
        let (sql, claim_id, listed) = (self.source.sql(), Uuid::new_v4(), [user_id]);
        for step in ["failed", "completed", "new"] {
            let claimed = transaction.execute(&sql.rehearsal_claim, &bind![claim_id, user_id]).await?;
            if let Some(fault) = self.settled(transaction, user_id, ("pending", claimed)).await? {
                return Ok(Some(fault));
            }
            let settled = match step {
                "failed" => {
                    let reasons = ["rehearsal of a failure".to_owned()];
                    transaction.session().fail_users(claim_id, &listed, &reasons).await?
                }
                "completed" => {
                    if let Some(fault) = self.rehearse_rows(transaction, user_id, (engine, encoder)).await? {
                        return Ok(Some(fault));
                    }
                    transaction.execute(&sql.users_complete_listed, &bind![claim_id, &listed[..]]).await?
                }
                _ => transaction.execute(&sql.users_return, &bind![claim_id, &listed[..], 0_i64, false, false]).await?,
            };
            if let Some(fault) = self.settled(transaction, user_id, (step, settled)).await? {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    /// Whether an update has changed the one row, to the status that was asked for.
    async fn settled(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        user_id: &str,
        (status, touched): (&str, u64),
    ) -> Result<Option<Fault>, DatabaseError> {
        let seen = transaction.maybe_one(&self.source.sql().rehearsal_status, &bind![user_id, status]).await?;
        let (is_set, seen) = match seen {
            Some(row) => (row.get(0)?, row.get::<Option<String>>(1)?.unwrap_or_else(|| "NULL".to_owned())),
            None => (false, "not there".to_owned()),
        };
        if touched == 1 && is_set {
            return Ok(None);
        }
        Ok(Some(Fault(format!(
            "setting the status to {status} changed {touched} rows, after which the user is {seen}: a trigger or a rule on the table of users changes or swallows the update"
        ))))
    }

    /// Replaces the user's rows, where they belong.
    async fn rehearse_rows(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        user_id: &str,
        (engine, encoder): (&Engine, &Rows),
    ) -> Result<Option<Fault>, DatabaseError> {
        let user = User { spend: Spend::Paise(SPEND), monthly_income_paise: None, credit_score: None };
        let Ok(ten) = engine.recommend(&user, &mut Scratch::default()) else { return Ok(None) };
        let mut rows = Vec::new();
        encoder.encode(user_id, &ten, &mut rows);
        let load = (encoder.form(), Bytes::from(rows));
        let Some(target) = &self.target else {
            return replace_rows(&self.source, transaction, user_id, load).await;
        };
        let mut work = Work::on(target.server()).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            replace_rows(target.server(), &mut transaction, user_id, load).await
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

/// Deletes the user's rows, loads ten, and deletes those.
async fn replace_rows<V: Server>(
    server: &V,
    transaction: &mut Transaction<'_, V::Session>,
    user_id: &str,
    (form, rows): (cardgenius_pipeline::ports::RowForm, Bytes),
) -> Result<Option<Fault>, DatabaseError> {
    let (sql, listed) = (server.sql(), [user_id]);
    transaction.execute(&sql.output_delete, &bind![&listed[..]]).await?;
    if let Some(left) = rows_other_than(transaction, sql, user_id, 0).await? {
        return Ok(Some(Fault(format!("deleting the user's rows left {left} of them"))));
    }
    transaction.session().load(form, vec![rows]).await?;
    if let Some(loaded) = rows_other_than(transaction, sql, user_id, 10).await? {
        return Ok(Some(Fault(format!("loading the user's ten rows left {loaded} in the table"))));
    }
    transaction.execute(&sql.output_delete, &bind![&listed[..]]).await?;
    let left = rows_other_than(transaction, sql, user_id, 0).await?;
    Ok(left.map(|left| Fault(format!("deleting the user's ten rows left {left} of them"))))
}

/// How many rows the user has, if not as many as expected.
async fn rows_other_than<S: Session>(
    transaction: &mut Transaction<'_, S>,
    sql: &super::statements::Statements,
    user_id: &str,
    expected: u64,
) -> Result<Option<u64>, DatabaseError> {
    let count = transaction.one(&sql.rehearsal_rows, &bind![user_id]).await?.count(0)?;
    Ok((count != expected).then_some(count))
}

/// Whether a failure of this kind says that the database does not want what a run does.
const fn is_the_database_s_word(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DataRejected
            | ErrorKind::Constraint
            | ErrorKind::UniqueViolation
            | ErrorKind::SchemaMismatch
            | ErrorKind::Bug
    )
}
