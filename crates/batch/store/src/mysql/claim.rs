//! Claiming users in three steps: candidates are looked for by the index over the unsettled without a lock, locked by the key and
//! by no other index, and marked.

use std::collections::HashSet;

use cardgenius_engine::user::User;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::ports::{ClaimRequest, ClaimedUser, Key};
use mysql_async::Row;

use super::session::MysqlSession;
use crate::amount::{self, Amount};
use crate::protocol::is_refusal;
use crate::server::Session;
use crate::statement::bind;

impl MysqlSession {
    /// See [`Session::claim`]. What others hold locked is passed over: then there are further candidates behind.
    pub(super) async fn claim_next(
        &mut self,
        request: &ClaimRequest,
        rows: i64,
        not_before: Option<&str>,
    ) -> Result<Vec<ClaimedUser>, DatabaseError> {
        let users = self.lock_next(request, rows, not_before).await?;
        self.mark(request, &users).await?;
        Ok(users)
    }

    /// See [`Session::find_refused`].
    pub(super) async fn find_refused_next(
        &mut self,
        request: &ClaimRequest,
        not_before: Option<&str>,
    ) -> Result<Option<(Key, DatabaseError)>, DatabaseError> {
        let users = self.lock_next(request, 1, not_before).await?;
        let Some(user) = users.first() else { return Ok(None) };
        let key = user.user_id.to_string();
        match self.mark(request, &users).await {
            Ok(()) => Ok(None),
            Err(error) if is_refusal(error.kind()) || error.kind().may_be_of_one_row() => {
                Ok(Some((Key { token: key.clone(), shown: key }, error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn lock_next(
        &mut self,
        request: &ClaimRequest,
        rows: i64,
        not_before: Option<&str>,
    ) -> Result<Vec<ClaimedUser>, DatabaseError> {
        let own = self.shared.own.clone();
        let passed_by: HashSet<&str> = request.passed_by.iter().map(|user| &*user.token).collect();
        let (least, most) = request.suspicion.crashes();
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
        let mut users: Vec<ClaimedUser> = Vec::new();
        let mut after_key = request.after_key.clone();
        while users.len() < wanted {
            let missing = rows - i64::try_from(users.len()).unwrap_or(i64::MAX);
            let looking = bind![after_key.as_deref(), least, most, missing, not_before];
            let candidates = self.rows(&own.claim_candidates, &looking).await?;
            let keys: Vec<String> = candidates.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
            let wanted: Vec<&str> = keys.iter().map(String::as_str).filter(|key| !passed_by.contains(key)).collect();
            let locking = bind![&wanted, least, most];
            for row in self.driver_rows(&own.claim_lock_users, &locking).await? {
                users.push(claimed_user(row)?);
            }
            match keys.into_iter().next_back() {
                Some(last) if candidates.len() as u64 >= missing.unsigned_abs() => after_key = Some(last),
                _ => break,
            }
        }
        Ok(users)
    }

    async fn mark(&mut self, request: &ClaimRequest, users: &[ClaimedUser]) -> Result<(), DatabaseError> {
        let own = self.shared.own.clone();
        let keys: Vec<&str> = users.iter().map(|user| &*user.user_id).collect();
        let marked = self.execute(&own.claim_mark, &bind![request.claim_id, &keys]).await?;
        if marked != users.len() as u64 {
            return Err(DatabaseError::new(
                ErrorKind::SchemaMismatch,
                format!(
                    "marking {} users that were locked changed {marked} rows; does a trigger on the table of users keep rows from being updated?",
                    users.len()
                ),
            ));
        }
        Ok(())
    }
}

fn claimed_user(row: Row) -> Result<ClaimedUser, DatabaseError> {
    let mut fields = row.unwrap_raw().into_iter().flatten();
    let mut field = || fields.next().ok_or_else(|| unreadable("too few columns"));
    let user_id = match field()? {
        mysql_async::Value::Bytes(bytes) => {
            String::from_utf8(bytes).map_err(|_| unreadable("a user_id that is not UTF-8"))?
        }
        _ => return Err(unreadable("a user_id that is no text")),
    };
    let mut amounts = [const { None }; 6];
    for amount in &mut amounts {
        *amount = read_amount(field()?)?;
    }
    let (monthly_income, credit_score) = (read_amount(field()?)?, read_amount(field()?)?);
    Ok(ClaimedUser {
        user_id: user_id.into(),
        user: User {
            spend: amount::spend(amounts),
            monthly_income_paise: monthly_income.and_then(|income: Amount| income.floor(2)),
            credit_score: credit_score.and_then(|score: Amount| score.floor(0)),
        },
        may_have_rows: matches!(field()?, mysql_async::Value::Int(1)),
    })
}

fn read_amount(value: mysql_async::Value) -> Result<Option<Amount>, DatabaseError> {
    match value {
        mysql_async::Value::NULL => Ok(None),
        mysql_async::Value::Bytes(text) => str::from_utf8(&text)
            .ok()
            .and_then(Amount::from_text)
            .map(Some)
            .ok_or_else(|| unreadable("a figure that is no number")),
        _ => Err(unreadable("a figure that is no text")),
    }
}

fn unreadable(what: &str) -> DatabaseError {
    DatabaseError::new(ErrorKind::SchemaMismatch, format!("reading the claimed users: {what}"))
}
