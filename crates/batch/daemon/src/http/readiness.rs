//! Whether work can be done just now. Asked of the databases at most once a second, however many ask.

use std::time::Duration;

use cardgenius_store::schedule::Readiness as Server;
use tokio::time::timeout;

use super::answers::Answers;

use crate::service::State;

/// A database that does not answer within it is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// One condition, and what is wrong where it does not hold.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) fault: Option<String>,
}

/// Every condition; the databases' part comes from `answers`, if that is young enough.
pub(super) async fn checks(state: &State, answers: &Answers<Vec<Check>>) -> Vec<Check> {
    let mut checks = vec![Check {
        name: "catalogue",
        fault: match state.catalogue() {
            Some(Ok(_)) => None,
            Some(Err(fault)) => Some(fault.lines().next().unwrap_or_default().to_owned()),
            None => Some("not read yet".to_owned()),
        },
    }];
    checks.extend(answers.get(databases(state)).await);
    checks.push(Check { name: "run", fault: state.setback() });
    checks
}

async fn databases(state: &State) -> Vec<Check> {
    let Some(store) = state.store() else {
        return vec![Check { name: "source", fault: Some("not reached yet: see the log".to_owned()) }];
    };
    match timeout(ANSWER_WITHIN, store.ready()).await {
        Ok(Ok((source, target))) => {
            // It may answer, and commit nothing.
            let source = Check { name: "source", fault: fault_of(&source).or_else(|| state.commit_fault()) };
            let target = target.map(|target| Check { name: "target", fault: fault_of(&target) });
            [source].into_iter().chain(target).collect()
        }
        Ok(Err(error)) => vec![Check { name: "source", fault: Some(error.to_string()) }],
        Err(_) => vec![Check { name: "source", fault: Some(format!("no answer within {ANSWER_WITHIN:?}")) }],
    }
}

fn fault_of(server: &Server) -> Option<String> {
    if server.is_standby {
        return Some("the server is a standby: writes go to its primary".to_owned());
    }
    if server.is_read_only {
        return Some("the server takes no writes (default_transaction_read_only)".to_owned());
    }
    server.schema_fault.clone()
}
