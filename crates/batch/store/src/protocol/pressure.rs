//! How the servers bear it, and the DBA's own question. The database with the users is looked at, and a second one with the
//! recommendations too: both take what we write.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_pipeline::pressure::{Pressure, Reading, Sign};
use cardgenius_pipeline::throttle::Headroom;

use super::SqlStore;
use super::work::write;
use crate::server::{PressureLook, Server};
use crate::statement::bind;

impl<S: Server, T: Server> SqlStore<S, T> {
    pub(super) async fn look_for_pressure(&self, stop_query: Option<&str>) -> Result<Pressure, DatabaseError> {
        let (tables, instance_id) = (&self.tables, self.instance_id);
        let (input, output) =
            ((&*tables.source_schema, &*tables.source_table), (&*tables.target_schema, &*tables.target_table));
        let mut pressure = match &self.target {
            None => self.source.pressure(PressureLook { called: "", tables: &[input, output], instance_id }).await?,
            Some(target) => {
                let source = PressureLook { called: " of the source", tables: &[input], instance_id };
                let other = PressureLook { called: " of the target", tables: &[output], instance_id };
                let (mut seen, other) =
                    tokio::try_join!(self.source.pressure(source), target.server().pressure(other))?;
                seen.readings.extend(other.readings);
                seen.unseen.extend(other.unseen);
                seen
            }
        };
        if let Some(query) = stop_query {
            pressure.readings.push(stop_reading(self.ask_whether_to_stop(query).await?));
        }
        Ok(pressure)
    }

    /// Whether the DBA's question can be asked: none if it can, else what is wrong with it.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn try_stop_query(&self, query: &str) -> Result<Option<String>, DatabaseError> {
        Ok(self.ask_whether_to_stop(query).await?.err())
    }

    /// True: stop. What is wrong with the question is told apart from a database that does not answer.
    async fn ask_whether_to_stop(&self, query: &str) -> Result<Result<bool, String>, DatabaseError> {
        match self.source.ask_whether_to_stop(query).await {
            Ok(answer) => Ok(answer),
            Err(error) => match error.kind() {
                ErrorKind::ConnectionLost
                | ErrorKind::Unreachable
                | ErrorKind::ServerShuttingDown
                | ErrorKind::ResourceLimit
                | ErrorKind::Authentication => Err(error),
                _ => Ok(Err(error.to_string())),
            },
        }
    }

    /// Writes down how fast this instance may go.
    pub(super) async fn write_headroom(&self, headroom: &Headroom) -> Result<(), DatabaseError> {
        let share = (headroom.share < 1.0).then_some(headroom.share.max(0.0));
        let values = bind![self.instance_id, share, headroom.reason.as_deref()];
        write(&self.source, &self.source.sql().instance_throttle, &values).await.map(drop)
    }
}

/// A query that fails is taken for a stop: what whoever wrote it wants is not known.
fn stop_reading(answer: Result<bool, String>) -> Reading {
    let (stops, shown) = match answer {
        Ok(stops) => (stops, "says stop".to_owned()),
        Err(fault) => (true, format!("is taken for a stop, since it failed: {fault}")),
    };
    Reading { sign: Sign::StopQuery, value: f64::from(u8::from(stops)), capacity: None, name: String::new(), shown }
}
