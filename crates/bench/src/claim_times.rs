//! How long each claim took on the server, from the server's log.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::{Doing, Outcome};

/// By which a claim is known, however else it is written.
const CLAIM: &str = "SET processing_status = 'pending'";

/// The log's lines come through a pipe, a little late.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// What one claim took on the server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClaimTime {
    pub users: i32,
    /// From the statement's beginning to its end, waits for a core included.
    pub ms: f64,
    /// Of the processor.
    pub cpu_ms: f64,
}

/// Of each of these claims (id, users; in their order), what it took, from the log behind `from`.
pub async fn of(log: &Path, from: u64, claims: &[Row]) -> Outcome<Vec<ClaimTime>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let times = in_log(&read_behind(log, from).doing("reading the server's log")?);
        let time = |claim: &Row| {
            let (ms, cpu_ms) = *times.get(&claim.get::<_, Uuid>(0))?;
            Some(ClaimTime { users: claim.get(1), ms, cpu_ms })
        };
        let found: Vec<ClaimTime> = claims.iter().filter_map(time).collect();
        if found.len() == claims.len() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("the server's log tells of {} claims of {}", found.len(), claims.len()).into());
        }
        sleep(LOOK).await;
    }
}

/// The log's length so far.
pub fn length(log: &Path) -> Outcome<u64> {
    Ok(log.metadata().doing("looking at the server's log")?.len())
}

fn read_behind(log: &Path, from: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Where the reading of the log stands.
#[derive(Debug, Default)]
struct Reading<'a> {
    /// Processor time of the statement that each process executed last, in ms.
    cpu_ms: HashMap<&'a str, f64>,
    /// The process that the last entry is of.
    process: &'a str,
    /// A claim whose parameters are to follow, with its time in ms.
    claim: Option<f64>,
    times: HashMap<Uuid, (f64, f64)>,
}

/// Executions of claims, in ms and ms of the processor, by the id that is among their parameters. What a statement used
/// is logged before its time, and its parameters behind it; an entry's further lines begin with a tab.
fn in_log(text: &str) -> HashMap<Uuid, (f64, f64)> {
    let mut reading = Reading::default();
    let mut open: Option<(f64, bool)> = None;
    for line in text.lines() {
        if line.starts_with('\t') {
            reading.usage(line);
            open = open.map(|(ms, is_claim)| (ms, is_claim || line.contains(CLAIM)));
            continue;
        }
        if let Some((ms, true)) = open.take() {
            reading.claim = Some(ms);
        }
        open = reading.entry(line);
    }
    reading.times
}

impl<'a> Reading<'a> {
    /// The first line of an entry; if it tells an execution's time, that in ms, and whether it is known to be a claim.
    fn entry(&mut self, line: &'a str) -> Option<(f64, bool)> {
        let claim = self.claim.take();
        self.process =
            line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(process, _)| process);
        if let Some((ms, id)) = claim.zip(line.split_once("DETAIL:  ").and_then(|(_, parameters)| first_id(parameters)))
        {
            self.times.insert(id, (ms, self.cpu_ms.get(self.process).copied().unwrap_or(0.0)));
        }
        let (ms, text) = line.split_once("LOG:  duration: ")?.1.split_once(" ms  execute ")?;
        Some((ms.parse().ok()?, text.contains(CLAIM)))
    }

    /// `!  0.1 s user, 0.2 s system, 0.4 s elapsed`, behind an execution's end.
    fn usage(&mut self, line: &str) {
        let figures = line.strip_prefix("\t!\t").and_then(|line| {
            let (user, rest) = line.split_once(" s user, ")?;
            let (system, _) = rest.split_once(" s system, ")?;
            Some(user.parse::<f64>().ok()? + system.parse::<f64>().ok()?)
        });
        if let Some(seconds) = figures {
            self.cpu_ms.insert(self.process, seconds * 1000.0);
        }
    }
}

fn first_id(parameters: &str) -> Option<Uuid> {
    parameters.split('\'').find_map(|part| Uuid::try_parse(part).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01a1fea6-1131-7281-8be3-f57a4334a985";

    #[test]
    fn executions_of_claims_are_found_among_other_entries_by_their_id() {
        let text = "\
10:00:00.000 UTC [7] LOG:  duration: 0.300 ms  bind s8: -- Takes users.
\tUPDATE u
\tSET processing_status = 'pending', claim_id = $1
10:00:00.000 UTC [7] DETAIL:  parameters: $1 = '01a1fea6-1131-7281-8be3-f57a4334a985', $2 = ''
10:00:00.050 UTC [7] LOG:  EXECUTOR STATISTICS
10:00:00.050 UTC [7] DETAIL:  ! system usage stats:
\t!\t0.060500 s user, 0.002000 s system, 0.093000 s elapsed
\t!\t[9.000000 s user, 9.000000 s system total]
10:00:00.050 UTC [7] STATEMENT:  -- Takes users.
\tUPDATE u
\tSET processing_status = 'pending', claim_id = $1
10:00:00.060 UTC [9] LOG:  EXECUTOR STATISTICS
10:00:00.060 UTC [9] DETAIL:  ! system usage stats:
\t!\t5.000000 s user, 0.000000 s system, 5.000000 s elapsed
10:00:00.100 UTC [7] LOG:  duration: 93.125 ms  execute s8: -- Takes users.
\tUPDATE u
\tSET processing_status = 'pending', claim_id = $1
10:00:00.100 UTC [7] DETAIL:  parameters: $1 = '01a1fea6-1131-7281-8be3-f57a4334a985', $2 = ''
10:00:00.200 UTC [9] LOG:  duration: 5.000 ms  execute s9: UPDATE u SET processing_status = 'completed'
10:00:00.200 UTC [9] DETAIL:  parameters: $1 = '01a1fea6-122a-73ed-be65-f7984eee14f5'
10:00:00.300 UTC [9] LOG:  duration: 0.100 ms  statement: COMMIT
";
        assert_eq!(in_log(text), HashMap::from([(Uuid::try_parse(ID).unwrap(), (93.125, 62.5))]));
    }

    #[test]
    fn a_claim_in_one_line_is_found_as_well() {
        let text = format!(
            "[7] LOG:  duration: 9.5 ms  execute s8: UPDATE u SET processing_status = 'pending'\n[7] DETAIL:  parameters: $1 = '{ID}'\n"
        );
        assert_eq!(in_log(&text), HashMap::from([(Uuid::try_parse(ID).unwrap(), (9.5, 0.0))]));
    }

    #[test]
    fn an_entry_that_is_cut_off_is_passed_over() {
        assert_eq!(in_log("x LOG:  duration: 93.125 ms  execute s8: -- Takes users.\n\tUPD"), HashMap::new());
    }
}
