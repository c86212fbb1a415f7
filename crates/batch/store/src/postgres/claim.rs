//! Reading what a claim returns: the one answer of ten thousand rows.

use cardgenius_engine::user::User;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::ClaimedUser;
use tokio_postgres::Row;

use crate::amount::{self, Amount};

/// The rows of a claim in key order (an UPDATE returns them in any), as users.
pub(super) fn users(rows: &[Row]) -> Result<Vec<ClaimedUser>, DatabaseError> {
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
    Ok(users.into_iter().flatten().chain(extra.into_iter().map(|(_, user)| user)).collect())
}

fn claimed_user(row: &Row) -> Result<ClaimedUser, DatabaseError> {
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
            spend: amount::spend(amounts),
            monthly_income_paise: monthly_income.and_then(|income| income.floor(2)),
            credit_score: credit_score.and_then(|score| score.floor(0)),
        },
        may_have_rows: row.try_get(10).map_err(unreadable)?,
    })
}

fn unreadable(error: tokio_postgres::Error) -> DatabaseError {
    DatabaseError::caused(ErrorKind::SchemaMismatch, "reading the claimed users", error)
}
