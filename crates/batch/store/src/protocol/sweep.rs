//! Sweeping: claims whose owner died are closed and their users returned; users of no claim are healed.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_failure::{failpoint, taken_out};
use cardgenius_pipeline::ports::{RefusedUser, Store, Swept};
use tracing::{debug, warn};
use uuid::Uuid;

use super::SqlStore;
use super::doubt::end_sessions;
use super::give_back::{Cause, Changed, Given};
use super::held_claim::HeldClaim;
use super::work::{Transaction, Work, read_one};
use crate::config::APPLICATION_PREFIX;
use crate::server::Server;
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) async fn sweep_once(&self, lease: Duration) -> Result<Swept, DatabaseError> {
        let mut swept = Swept::default();
        let Some(dead) = self.dead_instances(lease).await? else { return Ok(swept) };
        for (owner, claims) in dead {
            match self.evict(owner).await {
                Ok(ended) => swept.sessions_ended += ended,
                // What its sessions do not hold locked can be had all the same.
                Err(error) => put_off(error, owner)?,
            }
            failpoint!("sweep.evicted")?;
            for claim_id in claims {
                match self.sweep_claim(owner, claim_id).await {
                    Ok(Some(given)) => {
                        swept.claims += 1;
                        swept.returned += given.totals.returned;
                        swept.condemned += given.condemned;
                    }
                    Ok(None) => {}
                    Err(error) => put_off(error, owner)?,
                }
            }
        }
        let healed = self.heal_orphans().await?;
        if let Some(first) = healed.refused.first() {
            debug!(
                users = healed.refused.len(),
                user.id = first.user.shown,
                reason = first.reason,
                "pending users of no claim cannot be set back to new"
            );
        }
        swept.healed = healed.users;
        Ok(swept)
    }

    /// Dead instances that hold claims open or sessions, with those claims; `None` if this instance may not sweep yet.
    async fn dead_instances(&self, lease: Duration) -> Result<Option<BTreeMap<Uuid, Vec<Uuid>>>, DatabaseError> {
        if !self.source.may_sweep(self.instance_id, lease).await? {
            return Ok(None);
        }
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let sql = self.source.sql();
            let mut dead: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
            for row in transaction.rows(&sql.sweep_dead_claims, &bind![&self.source_table]).await? {
                dead.entry(row.get(1)?).or_default().push(row.get(0)?);
            }
            for row in transaction.rows(&sql.sweep_dead_sessions, &bind![APPLICATION_PREFIX]).await? {
                dead.entry(row.get(0)?).or_default();
            }
            Ok(Some(dead))
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Ends a dead owner's sessions, on the target too: a client frozen in the middle of a COPY holds its locks for ever.
    async fn evict(&self, owner: Uuid) -> Result<u64, DatabaseError> {
        if taken_out!("eviction") {
            return Ok(0);
        }
        // It may have come back since it was looked for: many were swept before it, perhaps.
        if self.is_alive(owner).await? {
            return Ok(0);
        }
        self.end_sessions_of(owner).await
    }

    /// Ends all sessions of this instance but the one that says so.
    pub(super) async fn end_own_sessions(&self) -> Result<(), DatabaseError> {
        self.end_sessions_of(self.instance_id).await.map(|_| ())
    }

    async fn end_sessions_of(&self, instance_id: Uuid) -> Result<u64, DatabaseError> {
        let mut ended = end_sessions(&self.source, instance_id, None).await?;
        if let Some(target) = &self.target {
            ended += end_sessions(target.server(), instance_id, None).await?;
        }
        Ok(ended)
    }

    async fn is_alive(&self, owner: Uuid) -> Result<bool, DatabaseError> {
        read_one(&self.source, &self.source.sql().owner_alive, &bind![owner]).await?.get(0)
    }

    async fn sweep_claim(&self, owner: Uuid, claim_id: Uuid) -> Result<Option<Given>, DatabaseError> {
        let mut work = self.work_for(claim_id).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let Some(claim) = HeldClaim::lock(&mut transaction, self.source.sql(), claim_id).await? else {
                return Ok(None);
            };
            // Locked in one statement, looked at in the next: the owner may have come back meanwhile.
            let alive: bool = transaction.one(&self.source.sql().owner_alive, &bind![owner]).await?.get(0)?;
            if alive || !claim.open || claim.owner != owner {
                return Ok(None);
            }
            self.close_claim(transaction, &claim, Cause::Crash).await.map(Some)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }

    /// Sets `pending` users of no open claim back to `new`: a status set by hand, or a row that was locked when its claim
    /// was closed. Safe at any time, whoever is alive: whoever is claimed has an open claim from the same commit on.
    pub(super) async fn heal_orphans(&self) -> Result<Changed, DatabaseError> {
        let mut work = Work::on(&self.source).await?;
        let outcome = async {
            let mut transaction = work.begin().await?;
            let orphans = transaction.rows(&self.source.sql().orphans_hold, &[]).await?;
            let orphans = orphans.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
            if orphans.is_empty() {
                return Ok(Changed::default());
            }
            let orphans: Vec<&str> = orphans.iter().map(String::as_str).collect();
            let statement = &self.source.sql().orphans_return;
            let mut healed = self.change_users(&mut transaction, statement, (&[], &[]), &orphans).await?;
            if healed.users + (healed.refused.len() as u64) < orphans.len() as u64 {
                self.add_swallowed(&mut transaction, &orphans, &mut healed).await?;
            }
            transaction.commit().await?;
            Ok(healed)
        }
        .await;
        work.done(&outcome).await;
        outcome
    }
}

impl<S: Server, T: Server> SqlStore<S, T> {
    /// Of users that this transaction holds locked and has set back to `new`: those that are orphans still. A trigger or a rule swallows
    /// the update, which is a refusal too.
    async fn add_swallowed(
        &self,
        transaction: &mut Transaction<'_, S::Session>,
        orphans: &[&str],
        healed: &mut Changed,
    ) -> Result<(), DatabaseError> {
        let still = transaction.rows(&self.source.sql().orphans_hold, &[]).await?;
        let still: Vec<String> = still.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        let told: HashSet<String> = healed.refused.iter().map(|refused| refused.user.shown.clone()).collect();
        let swallowed = still.into_iter().filter(|key| orphans.contains(&key.as_str()) && !told.contains(key));
        healed.refused.extend(swallowed.map(|key| RefusedUser {
            user: self.key(&key),
            kind: ErrorKind::Constraint,
            reason: "the update changed nothing: does a trigger or rule on the table of users swallow it?".to_owned(),
        }));
        Ok(())
    }
}

/// Trouble with one dead instance or one claim of it: the next look finds it again, and the others need not wait for it,
/// unless it is the database that is in trouble.
fn put_off(error: DatabaseError, owner: Uuid) -> Result<(), DatabaseError> {
    match error.kind() {
        ErrorKind::Unreachable
        | ErrorKind::ConnectionLost
        | ErrorKind::ServerShuttingDown
        | ErrorKind::ReadOnly
        | ErrorKind::ResourceLimit
        | ErrorKind::Authentication => Err(error),
        ErrorKind::Contention => {
            warn!(
                instance.id = %owner, kind = error.kind().name(), %error,
                "a dead instance could not be swept: a session holds its claim locked; looking again. If it does not end, is it a session of another role or account, that ours may not end? On PostgreSQL: GRANT pg_signal_backend, or membership in that role"
            );
            Ok(())
        }
        _ => {
            warn!(instance.id = %owner, kind = error.kind().name(), %error, "a dead instance could not be swept; looking again");
            Ok(())
        }
    }
}
