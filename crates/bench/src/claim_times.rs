//! How long each claim took on the server, from the server's log.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::failure::{Doing, Outcome};

/// By which a claim is known, however else it is written.
const CLAIM: &str = "SET processing_status = 'pending'";

/// The log's lines come through a pipe, a little late.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Of each of these claims (id, users; in their order), how long it took, in ms, from the log behind `from`.
pub async fn of(log: &Path, from: u64, claims: &[Row]) -> Outcome<Vec<(i32, f64)>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let times = in_log(&read_behind(log, from).doing("reading the server's log")?);
        let found: Vec<(i32, f64)> =
            claims.iter().filter_map(|claim| Some((claim.get(1), *times.get(&claim.get::<_, Uuid>(0))?))).collect();
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

/// Executions of claims, by the id that is among their parameters. A statement's further lines begin with a tab; its
/// parameters follow in an entry of their own.
fn in_log(text: &str) -> HashMap<Uuid, f64> {
    let mut times = HashMap::new();
    let mut entry: Option<(f64, bool)> = None;
    for line in text.lines() {
        if let Some(rest) = line.split_once("LOG:  duration: ").map(|(_, rest)| rest) {
            let executed = rest.split_once(" ms  execute ").and_then(|(ms, text)| Some((ms.parse().ok()?, text)));
            entry = executed.map(|(ms, text)| (ms, text.contains(CLAIM)));
        } else if let Some((ms, is_claim)) = entry {
            if line.starts_with('\t') {
                entry = Some((ms, is_claim || line.contains(CLAIM)));
                continue;
            }
            if is_claim && let Some(id) = line.split_once("DETAIL:  ").and_then(|(_, parameters)| first_id(parameters))
            {
                times.insert(id, ms);
            }
            entry = None;
        }
    }
    times
}

fn first_id(parameters: &str) -> Option<Uuid> {
    parameters.split('\'').find_map(|part| Uuid::try_parse(part).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_of_claims_are_found_among_other_entries_by_their_id() {
        let text = "\
2026-01-05 10:00:00.000 UTC [7] LOG:  duration: 0.300 ms  bind s8: -- Takes users.
\tUPDATE u
\tSET processing_status = 'pending', claim_id = $1
2026-01-05 10:00:00.000 UTC [7] DETAIL:  parameters: $1 = '01a1fea6-1131-7281-8be3-f57a4334a985', $2 = ''
2026-01-05 10:00:00.100 UTC [7] LOG:  duration: 93.125 ms  execute s8: -- Takes users.
\tUPDATE u
\tSET processing_status = 'pending', claim_id = $1
2026-01-05 10:00:00.100 UTC [7] DETAIL:  parameters: $1 = '01a1fea6-1131-7281-8be3-f57a4334a985', $2 = ''
2026-01-05 10:00:00.200 UTC [9] LOG:  duration: 5.000 ms  execute s9: UPDATE u SET processing_status = 'completed'
2026-01-05 10:00:00.200 UTC [9] DETAIL:  parameters: $1 = '01a1fea6-122a-73ed-be65-f7984eee14f5'
2026-01-05 10:00:00.300 UTC [9] LOG:  duration: 0.100 ms  statement: COMMIT
";
        let id = Uuid::try_parse("01a1fea6-1131-7281-8be3-f57a4334a985").unwrap();
        assert_eq!(in_log(text), HashMap::from([(id, 93.125)]));
    }

    #[test]
    fn an_entry_that_is_cut_off_is_passed_over() {
        assert_eq!(in_log("x LOG:  duration: 93.125 ms  execute s8: -- Takes users.\n\tUPD"), HashMap::new());
    }
}
