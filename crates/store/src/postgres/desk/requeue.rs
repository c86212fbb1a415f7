//! Setting users back to `new`, in small steps: no long transaction, and nothing in memory but a key.

use cardgenius_pipeline::error::StoreError;
use uuid::Uuid;

use crate::desk::{Requeue, Requeued};
use crate::postgres::PostgresStore;
use crate::postgres::transaction::{Parameters, unsigned};

/// Users that a step looks at.
const STEP: i64 = 5_000;

/// Where a walk over the users stands.
#[derive(Clone, Debug, Default)]
pub struct RequeueCursor {
    after_key: String,
    /// Whether the walk is over.
    pub is_over: bool,
}

impl PostgresStore {
    /// One step: sets at most 5,000 users to `new`, in a transaction of its own, and moves the cursor. After an error the
    /// cursor stands where it stood. Never touches whoever is `pending`.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn requeue_step(&self, what: &Requeue, cursor: &mut RequeueCursor) -> Result<Requeued, StoreError> {
        let (pattern, run_id) = match what {
            Requeue::Users(users) => return self.requeue_listed(users, cursor).await,
            Requeue::Error(text) => (Some(like(text)), None),
            Requeue::Run(run_id) => (None, Some(*run_id)),
            Requeue::Failed | Requeue::Everybody => (None, None),
        };
        let after_key = cursor.after_key.clone();
        let (statement, parameters): (_, Parameters<'_>) = match what {
            Requeue::Everybody => (&self.statements.requeue_everybody, &[&after_key, &STEP]),
            _ => (&self.statements.requeue_failed, &[&after_key, &STEP, &pattern, &run_id as &Option<Uuid>]),
        };
        let mut session = self.source.session().await?;
        let outcome = async {
            let transaction = session.begin().await?;
            transaction.rows(&self.statements.requeue_plan, &[]).await?;
            let row = transaction.one(statement, parameters).await?;
            transaction.commit().await?;
            Ok(row)
        }
        .await;
        session.done(&outcome);
        let row = outcome?;
        cursor.is_over = row.get::<_, i64>(0) < STEP;
        if let Some(last) = row.get::<_, Option<String>>(1) {
            cursor.after_key = last;
        }
        Ok(Requeued { users: unsigned(&row, 2), locked: unsigned(&row, 3) })
    }

    async fn requeue_listed(&self, users: &[String], cursor: &mut RequeueCursor) -> Result<Requeued, StoreError> {
        let rows = self.write(&self.statements.requeue_users, &[&users]).await?;
        cursor.is_over = true;
        Ok(rows
            .first()
            .map_or_else(Requeued::default, |row| Requeued { users: unsigned(row, 0), locked: unsigned(row, 1) }))
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
