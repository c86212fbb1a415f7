//! Setting users back to `new`, in small steps: no long transaction, and nothing in memory but a key.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::super::SqlStore;
use super::super::load::is_refusal;
use super::super::work::Work;
use crate::desk::{Requeue, Requeued};
use crate::server::{Server, Session, Walk, Walked, Whom};

/// Users that a step looks at.
const STEP: i64 = 5_000;

/// So many steps in a row may end where they began: one that was narrowed to a single user is as wide as ever after that.
const MOST_UNMOVED: u32 = STEP.ilog2() + 1;

/// Where a walk over the users stands.
#[derive(Clone, Debug, Default)]
pub struct RequeueCursor {
    /// The last user that was looked at; none: the walk has not begun.
    after_key: Option<String>,
    /// Of users that are named one by one, how many were looked at.
    listed: usize,
    /// Users that a step looks at after one that was refused: half as many after each refusal, twice as many after each success.
    narrowed: Option<i64>,
    /// Steps in a row after which the walk stands where it stood: no client can read the keys that they have looked at.
    unmoved: u32,
    /// The first user that the database refuses to set back, and its words.
    pub refused: Option<(String, String)>,
    /// Whether the walk is over.
    pub is_over: bool,
}

impl RequeueCursor {
    fn rows(&self) -> i64 {
        self.narrowed.unwrap_or(STEP)
    }

    fn went_on(&mut self) {
        self.narrowed = self.narrowed.map(|rows| rows * 2).filter(|rows| *rows < STEP);
    }

    /// The walk goes on after the last key of the step that can be read. Those behind it are looked at once more.
    fn moved_to(&mut self, last_key: Option<String>) -> Result<(), DatabaseError> {
        self.unmoved = if last_key.is_some() { 0 } else { self.unmoved + 1 };
        self.after_key = last_key.or(self.after_key.take());
        if self.is_over || self.unmoved <= MOST_UNMOVED {
            return Ok(());
        }
        let words = "too many users in a row have a user_id that is not UTF-8, so that the walk cannot go on behind them: `cardgenius check` names one; set the others back with SQL";
        Err(DatabaseError::new(ErrorKind::DataRejected, words))
    }

    /// A step that was refused is taken again for half as many users. One of one user names it: then the walk goes on behind it.
    fn was_refused(&mut self, user: Option<&String>, error: &DatabaseError) -> Requeued {
        let Some(user) = user else {
            self.narrowed = Some((self.rows() / 2).max(1));
            return Requeued::default();
        };
        self.refused.get_or_insert_with(|| (user.clone(), error.to_string()));
        Requeued { refused: 1, ..Requeued::default() }
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// One step: sets at most 5,000 users to `new`, in a transaction of its own, and moves the cursor. After an error the
    /// cursor stands where it stood. Never touches a user that is `pending`. Users that the database refuses are passed over.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn requeue_step(&self, what: &Requeue, cursor: &mut RequeueCursor) -> Result<Requeued, DatabaseError> {
        let pattern;
        let whom = match what {
            Requeue::Users(users) => return self.requeue_listed(users, cursor).await,
            Requeue::Error(text) => {
                pattern = like(text);
                Whom::Failed { pattern: Some(&pattern), run_id: None }
            }
            Requeue::Run(run_id) => Whom::Failed { pattern: None, run_id: Some(*run_id) },
            Requeue::Failed => Whom::Failed { pattern: None, run_id: None },
            Requeue::Everybody => Whom::Everybody,
        };
        let (after_key, rows) = (cursor.after_key.clone(), cursor.rows());
        let walk = Walk { after_key: after_key.as_deref(), rows, whom };
        let walked = match self.walk(&walk).await {
            Err(error) if is_refusal(error.kind()) => {
                let user = if rows == 1 { self.next_to_requeue(&walk).await? } else { None };
                let requeued = cursor.was_refused(user.as_ref(), &error);
                cursor.after_key = user.or(after_key);
                return if rows == 1 && requeued.refused == 0 { Err(error) } else { Ok(requeued) };
            }
            walked => walked?,
        };
        cursor.went_on();
        cursor.is_over = walked.looked_at < u64::try_from(rows).unwrap_or(0);
        cursor.moved_to(walked.last_key)?;
        Ok(walked.requeued)
    }

    async fn walk(&self, walk: &Walk<'_>) -> Result<Walked, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let walked = transaction.session().requeue(walk).await?;
            transaction.commit().await?;
            Ok(walked)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    async fn next_to_requeue(&self, walk: &Walk<'_>) -> Result<Option<String>, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async { work.begin().await?.session().next_to_requeue(walk).await }.await;
        work.done(&outcome).await;
        outcome
    }

    async fn requeue_listed(&self, users: &[String], cursor: &mut RequeueCursor) -> Result<Requeued, DatabaseError> {
        let left = &users[cursor.listed.min(users.len())..];
        let rows = usize::try_from(cursor.rows()).unwrap_or(usize::MAX).min(left.len());
        let requeued = match self.requeue_named(&left[..rows]).await {
            Err(error) if is_refusal(error.kind()) => {
                let user = left.first().filter(|_| rows == 1);
                let requeued = cursor.was_refused(user, &error);
                cursor.listed += usize::from(user.is_some());
                requeued
            }
            requeued => {
                let requeued = requeued?;
                cursor.went_on();
                cursor.listed += rows;
                requeued
            }
        };
        cursor.is_over = cursor.listed >= users.len();
        Ok(requeued)
    }

    async fn requeue_named(&self, users: &[String]) -> Result<Requeued, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let requeued = transaction.session().requeue_listed(users).await?;
            transaction.commit().await?;
            Ok(requeued)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

/// A pattern of `LIKE` that finds the text anywhere, with `*` for any text, and every other sign for itself.
fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for sign in text.chars() {
        match sign {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => pattern.extend(['\\', sign]),
            sign => pattern.push(sign),
        }
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_text_anywhere_and_only_a_star_stands_for_something_else() {
        assert_eq!(like("only * eligible"), "%only % eligible%");
        assert_eq!(like(r"100%_\"), r"%100\%\_\\%");
    }
}
