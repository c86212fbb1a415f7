//! Whether work can be done just now. Asked of the databases at most once a second, however many ask.

use std::time::Duration;

use cardgenius_store::schedule::Readiness as Server;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::service::State;

/// A database that does not answer within it is not ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// An answer is good for so long.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// One condition, and what is wrong where it does not hold.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) fault: Option<String>,
}

/// The last answer, and the lock that lets one ask at a time.
#[derive(Debug, Default)]
pub(super) struct Readiness {
    last: Mutex<Option<(Instant, Vec<Check>)>>,
}

impl Readiness {
    /// Every condition.
    pub(super) async fn checks(&self, state: &State) -> Vec<Check> {
        let mut checks = vec![Check {
            name: "catalogue",
            fault: match state.catalogue() {
                Some(Ok(_)) => None,
                Some(Err(fault)) => Some(fault.lines().next().unwrap_or_default().to_owned()),
                None => Some("not read yet".to_owned()),
            },
        }];
        let mut last = self.last.lock().await;
        let databases = match &*last {
            Some((asked, databases)) if asked.elapsed() < GOOD_FOR => databases.clone(),
            _ => {
                let databases = databases(state).await;
                *last = Some((Instant::now(), databases.clone()));
                databases
            }
        };
        checks.extend(databases);
        checks
    }
}

async fn databases(state: &State) -> Vec<Check> {
    let Some(store) = state.store() else {
        return vec![Check { name: "source", fault: Some("not reached yet: see the log".to_owned()) }];
    };
    match timeout(ANSWER_WITHIN, store.ready()).await {
        Ok(Ok((source, target))) => {
            let source = Check { name: "source", fault: fault_of(&source) };
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
