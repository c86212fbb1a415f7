//! A session at work: its transactions, and what becomes of it afterwards.

use cardgenius_failure::error::{DatabaseError, ErrorKind};

use super::doubt::Trail;
use crate::server::{Server, Session, SlotWanted};
use crate::statement::{Row, Statement, Value};

/// One session, taken out of its pool. Unless it is [`Work::done`] in a way that leaves it sound it is closed, not given
/// back: a statement may still be running on it, or it may be half-way through a load.
pub(crate) struct Work<S: Session> {
    session: Option<S>,
    in_transaction: bool,
    /// Whether the transaction has nothing but its slot yet: the next one to begin goes on with it.
    in_slot: bool,
    trail: Option<Trail>,
}

impl<S: Session> Work<S> {
    /// A session of `server`.
    pub(crate) async fn on<V: Server<Session = S>>(server: &V) -> Result<Self, DatabaseError> {
        Ok(Self { session: Some(server.session().await?), in_transaction: false, in_slot: false, trail: None })
    }

    /// One for work on a claim: should it end in doubt, `trail` remembers which session of the server it was.
    pub(crate) async fn on_trail<V: Server<Session = S>>(server: &V, trail: Trail) -> Result<Self, DatabaseError> {
        let mut work = Self::on(server).await?;
        work.trail = Some(trail);
        Ok(work)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&mut self) -> Result<Transaction<'_, S>, DatabaseError> {
        let session =
            self.session.as_mut().ok_or_else(|| DatabaseError::new(ErrorKind::Bug, "the session was given back"))?;
        if !std::mem::take(&mut self.in_slot) {
            if self.in_transaction {
                session.roll_back().await?;
            }
            self.in_transaction = true;
            session.begin().await?;
            if let Some(trail) = &mut self.trail {
                trail.session = session.number();
            }
        }
        Ok(Transaction { session, in_transaction: &mut self.in_transaction })
    }

    /// Takes a slot for the transaction that begins next; false: none could be had. A server that has no such locks, or does not
    /// let us have them, is no reason to stop.
    pub(crate) async fn take_slot(&mut self, wanted: SlotWanted<'_>) -> Result<bool, DatabaseError> {
        let taken = match self.begin().await?.session().take_slot(wanted).await {
            Err(error) if is_cut_off(error.kind()) => return Err(error),
            taken => taken.unwrap_or(false),
        };
        self.in_slot = taken;
        Ok(taken)
    }

    /// Who holds the slot that was not to be had, in words for people; asked in a transaction of its own.
    pub(crate) async fn slot_holder(&mut self, wanted: SlotWanted<'_>) -> Result<Option<String>, DatabaseError> {
        match self.begin().await?.session().slot_holder(wanted).await {
            Err(error) if is_cut_off(error.kind()) => Err(error),
            holder => Ok(holder.unwrap_or_default()),
        }
    }

    /// Gives the session back if the work on it ended well, or failed in a way that leaves the session sound. What was
    /// not committed is rolled back.
    pub(crate) async fn done<T>(mut self, outcome: &Result<T, DatabaseError>) {
        let kind = outcome.as_ref().err().map(DatabaseError::kind);
        let Some(session) = &mut self.session else { return };
        if !kind.is_none_or(leaves_the_connection_sound) || (self.in_transaction && session.roll_back().await.is_err())
        {
            return;
        }
        let end = if kind.is_some_and(may_be_of_memory) { Session::close } else { Session::give_back };
        self.session.take().into_iter().for_each(end);
    }
}

/// Whether a failure of this kind leaves no answer to be had any more on the connection.
const fn is_cut_off(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionLost | ErrorKind::ServerShuttingDown | ErrorKind::Timeout)
}

/// Whether a connection is sound after a failure of this kind.
const fn leaves_the_connection_sound(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Contention
            | ErrorKind::ClaimLost
            | ErrorKind::DataRejected
            | ErrorKind::Constraint
            | ErrorKind::UniqueViolation
    ) || may_be_of_memory(kind)
}

/// Whether a failure of this kind may come of what the session remembers of the tables: the next attempt takes a new one.
const fn may_be_of_memory(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::SchemaMismatch | ErrorKind::StaleSession)
}

impl<S: Session> Drop for Work<S> {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        if let Some(trail) = &self.trail {
            trail.leave();
        }
        session.throw_away();
    }
}

/// A transaction under way: what is not committed is rolled back when the work is done.
pub(crate) struct Transaction<'a, S: Session> {
    session: &'a mut S,
    in_transaction: &'a mut bool,
}

impl<S: Session> Transaction<'_, S> {
    /// The session, for the steps that each kind of database has its own way for.
    pub(crate) const fn session(&mut self) -> &mut S {
        self.session
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, DatabaseError> {
        self.session.execute(statement, values).await
    }

    /// Runs a statement; its rows.
    pub(crate) async fn rows(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, DatabaseError> {
        self.session.rows(statement, values).await
    }

    /// Runs a statement that returns at most one row.
    pub(crate) async fn maybe_one(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.rows(statement, values).await?.into_iter().next())
    }

    /// Runs a statement that returns exactly one row.
    pub(crate) async fn one(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<Row, DatabaseError> {
        self.maybe_one(statement, values)
            .await?
            .ok_or_else(|| DatabaseError::new(ErrorKind::Bug, format!("{}: no row came back", statement.doing)))
    }

    /// Commits. If the answer is lost the commit is in doubt: the server may or may not have done it.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        self.session.commit().await?;
        *self.in_transaction = false;
        Ok(())
    }

    /// Undoes it.
    pub(crate) async fn roll_back(self) -> Result<(), DatabaseError> {
        self.session.roll_back().await?;
        *self.in_transaction = false;
        Ok(())
    }
}

/// The rows of one statement that only reads, on a session of its own.
pub(crate) async fn read<V: Server>(
    server: &V,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Vec<Row>, DatabaseError> {
    let mut work = Work::on(server).await?;
    let outcome = async { work.begin().await?.rows(statement, values).await }.await;
    work.done(&outcome).await;
    outcome
}

/// The same of a statement that always has a row.
pub(crate) async fn read_one<V: Server>(
    server: &V,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<Row, DatabaseError> {
    let rows = read(server, statement, values).await?;
    rows.into_iter().next().ok_or_else(|| DatabaseError::new(ErrorKind::Bug, format!("{}: no row", statement.doing)))
}

/// One statement that writes, in a transaction of its own; how many rows it touched.
pub(crate) async fn write<V: Server>(
    server: &V,
    statement: &Statement,
    values: &[Value<'_>],
) -> Result<u64, DatabaseError> {
    let mut work = Work::on(server).await?;
    let outcome = async {
        let mut transaction = work.begin().await?;
        let touched = transaction.execute(statement, values).await?;
        transaction.commit().await?;
        Ok(touched)
    }
    .await;
    work.done(&outcome).await;
    outcome
}
