//! Users that are left when a run is to be closed, told apart by what keeps them.

use std::collections::HashSet;
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::{Key, Left, Unknown};
use uuid::Uuid;

use super::SqlStore;
use super::work::{Transaction, Work};
use crate::server::{Server, Session};
use crate::statement::{Statement, bind};

/// Looking for users of unknown status may take so long: it reads the whole table where the column may be NULL and no index leads to NULL.
const UNKNOWN_WITHIN: Duration = Duration::from_secs(20);

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Users whose status is none of the four. A look that takes too long is ended, and says that it does not know.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn look_for_unknown(&self) -> Result<Unknown, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            transaction.session().prepare_to_count(UNKNOWN_WITHIN).await?;
            transaction.one(&self.source.sql().users_unknown, &[]).await
        }
        .await;
        work.done(&outcome).await;
        match outcome {
            Ok(row) => Ok(Unknown { users: Some(row.count(0)?), example: row.get(1)? }),
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Contention) => Ok(Unknown::default()),
            Err(error) => Err(error),
        }
    }

    /// What is left beside the claims, of a run whose row this transaction holds locked; none if all users are done.
    pub(super) async fn look_at_left(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        run_id: Uuid,
        unknown: Unknown,
    ) -> Result<Option<Left>, DatabaseError> {
        let sql = self.source.sql();
        let count = transaction.one(&sql.left_count, &[]).await?;
        let sums = transaction.one(&sql.run_totals, &bind![run_id]).await?;
        let mut left = Left {
            new: count.count(0)?,
            pending: count.count(1)?,
            completed: sums.count(2)?,
            failed: sums.count(3)?,
            unknown,
            ..Left::default()
        };
        let no_success = left.completed == 0 && left.failed > 0;
        if left.new + left.pending + left.unknown.users.unwrap_or(0) == 0 && !no_success {
            return Ok(None);
        }
        let looked_at = i64::try_from(Left::LOOKED_AT).unwrap_or(i64::MAX);
        let seen = transaction.rows(&sql.left_seen, &bind![looked_at]).await?;
        let seen: Vec<Key> = seen
            .iter()
            .map(|row| Ok(Key { token: row.get(0)?, shown: row.get(1)? }))
            .collect::<Result<_, DatabaseError>>()?;
        let tokens: Vec<&str> = seen.iter().map(|user| &*user.token).collect();
        let free = among(transaction, &sql.left_free, &tokens).await?;
        let there = among(transaction, &sql.left_there, &tokens).await?;
        for user in seen {
            let kind = match (free.contains(&user.token), there.contains(&user.token)) {
                (true, _) => &mut left.free,
                (false, true) => &mut left.locked,
                (false, false) => &mut left.not_there,
            };
            kind.push(user);
        }
        Ok(Some(left))
    }
}

/// Those of some users that a statement finds.
async fn among<S: Session>(
    transaction: &mut Transaction<'_, S>,
    statement: &Statement,
    tokens: &[&str],
) -> Result<HashSet<String>, DatabaseError> {
    transaction.rows(statement, &bind![tokens]).await?.iter().map(|row| row.get(0)).collect()
}
