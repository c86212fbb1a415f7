//! Claiming users: one short transaction.

use cardgenius_engine::user::User;
use cardgenius_pipeline::error::{ErrorKind, StoreError};
use cardgenius_pipeline::failpoint;
use cardgenius_pipeline::ports::{Chunk, ClaimRequest, Claimed, ClaimedUser};
use tokio_postgres::Row;

use super::PostgresStore;
use super::lock_watch::LockWatch;
use super::numeric::{self, Amount};
use super::sessions::Session;

impl PostgresStore {
    pub(super) async fn claim_users(&self, request: &ClaimRequest) -> Result<Claimed, StoreError> {
        let mut session = self.session_for(request.claim_id).await?;
        let outcome = self.claim_in(&mut session, request).await;
        session.done(&outcome);
        outcome
    }

    async fn claim_in(&self, session: &mut Session, request: &ClaimRequest) -> Result<Claimed, StoreError> {
        let sql = &self.statements;
        let mut transaction = session.begin().await?;
        let mut run = transaction.maybe_one(&sql.run_lock_shared, &[&request.run_id]).await?;
        if run.as_ref().is_some_and(|run| run.get::<_, Option<i64>>(4).is_some()) {
            // One claim after the other, or together they would pass the limit; a shared lock cannot be made exclusive
            // without two such waiting for each other.
            transaction.roll_back().await?;
            transaction = session.begin().await?;
            run = transaction.maybe_one(&sql.run_lock_limited, &[&request.run_id]).await?;
        }
        let Some(run) = run.filter(|run| run.get::<_, &str>(0) == "open") else {
            return Ok(Claimed::RunClosed);
        };
        if run.get(1) {
            return Ok(Claimed::Paused { by: run.get(2), reason: run.get(3) });
        }
        let room: Option<i64> = match run.get::<_, Option<i64>>(4) {
            Some(_) => transaction.one(&sql.run_room, &[&request.run_id]).await?.get(0),
            None => None,
        };
        if room.is_some_and(|room| room <= 0) {
            return Ok(Claimed::Nobody);
        }
        transaction.rows(&sql.claim_plan, &[]).await?;
        let (least, most) = request.suspicion.crashes();
        let rows = i64::try_from(request.rows).unwrap_or(i64::MAX).min(room.unwrap_or(i64::MAX));
        let mut locked = LockWatch::begin(self.observer.as_ref());
        let claimed =
            transaction.rows(&sql.claim_users, &[&request.claim_id, &request.after_key, &least, &most, &rows]).await?;
        let Some(chunk) = chunk(request, &claimed)? else {
            locked.nobody();
            return Ok(Claimed::Nobody);
        };
        let count = i32::try_from(chunk.users.len()).unwrap_or(i32::MAX);
        let (first, last) = match (chunk.users.first(), chunk.users.last()) {
            (Some(first), Some(last)) => (&*first.user_id, &*last.user_id),
            _ => return Ok(Claimed::Nobody),
        };
        transaction
            .execute(&sql.claim_insert, &[&request.claim_id, &request.run_id, &self.instance_id, &count, &first, &last])
            .await?;
        failpoint!("claim.commit")?;
        transaction.commit().await?;
        drop(locked);
        failpoint!("claim.committed")?;
        Ok(Claimed::Chunk(chunk))
    }
}

/// The rows of the claim in key order (an UPDATE returns them in any), as users; none if there are no rows.
fn chunk(request: &ClaimRequest, rows: &[Row]) -> Result<Option<Chunk>, StoreError> {
    if rows.is_empty() {
        return Ok(None);
    }
    let mut users: Vec<Option<ClaimedUser>> = Vec::new();
    users.resize_with(rows.len(), || None);
    let mut extra = Vec::new();
    for row in rows {
        let place: i64 = row.try_get(0).map_err(unreadable)?;
        let user = claimed_user(row)?;
        // Places may have gaps where a row changed between the lock and the update.
        match usize::try_from(place - 1).ok().and_then(|place| users.get_mut(place)) {
            Some(slot) => *slot = Some(user),
            None => extra.push((place, user)),
        }
    }
    extra.sort_by_key(|(place, _)| *place);
    let users = users.into_iter().flatten().chain(extra.into_iter().map(|(_, user)| user)).collect();
    Ok(Some(Chunk { claim_id: request.claim_id, users }))
}

fn claimed_user(row: &Row) -> Result<ClaimedUser, StoreError> {
    let user_id: &str = row.try_get(1).map_err(unreadable)?;
    let mut amounts: [Option<Amount>; 6] = [const { None }; 6];
    for (amount, column) in amounts.iter_mut().zip(2..) {
        *amount = row.try_get(column).map_err(unreadable)?;
    }
    let monthly_income: Option<Amount> = row.try_get(8).map_err(unreadable)?;
    let credit_score: Option<Amount> = row.try_get(9).map_err(unreadable)?;
    Ok(ClaimedUser {
        user_id: user_id.into(),
        user: User {
            spend: numeric::spend(amounts),
            monthly_income_paise: monthly_income.and_then(|income| income.floor(2)),
            credit_score: credit_score.and_then(|score| score.floor(0)),
        },
        may_have_rows: row.try_get(10).map_err(unreadable)?,
    })
}

fn unreadable(error: tokio_postgres::Error) -> StoreError {
    StoreError::caused(ErrorKind::SchemaMismatch, "reading the claimed users", error)
}
