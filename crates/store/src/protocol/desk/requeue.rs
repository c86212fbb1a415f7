//! Setting users back to `new`, in small steps: no long transaction, and nothing in memory but a key.

use cardgenius_pipeline::error::StoreError;

use super::super::SqlStore;
use super::super::work::Work;
use crate::desk::{Requeue, Requeued};
use crate::server::{Server, Session, Walk, Whom};

/// Users that a step looks at.
const STEP: i64 = 5_000;

/// Where a walk over the users stands.
#[derive(Clone, Debug, Default)]
pub struct RequeueCursor {
    /// The last user that was looked at; none: the walk has not begun.
    after_key: Option<String>,
    /// Whether the walk is over.
    pub is_over: bool,
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// One step: sets at most 5,000 users to `new`, in a transaction of its own, and moves the cursor. After an error the
    /// cursor stands where it stood. Never touches whoever is `pending`.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn requeue_step(&self, what: &Requeue, cursor: &mut RequeueCursor) -> Result<Requeued, StoreError> {
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
        let walk = Walk { after_key: cursor.after_key.as_deref(), rows: STEP, whom };
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let walked = transaction.session().requeue(&walk).await?;
            transaction.commit().await?;
            Ok(walked)
        }
        .await;
        work.done(&outcome).await;
        let walked = outcome?;
        cursor.is_over = walked.looked_at < STEP as u64;
        if walked.last_key.is_some() {
            cursor.after_key = walked.last_key;
        }
        Ok(walked.requeued)
    }

    async fn requeue_listed(&self, users: &[String], cursor: &mut RequeueCursor) -> Result<Requeued, StoreError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let requeued = transaction.session().requeue_listed(users).await?;
            transaction.commit().await?;
            Ok(requeued)
        }
        .await;
        work.done(&outcome).await;
        cursor.is_over = outcome.is_ok();
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
