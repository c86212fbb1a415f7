//! `cardgenius check`: what would keep a run from starting, without changing anything.

use cardgenius_store::config::StoreConfig;
use cardgenius_store::postgres::{PostgresStore, READ_ONLY_SERVER};
use tracing::{info, warn};
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::wiring;

/// Inspects the databases and says what is wrong.
#[must_use]
pub fn run(config: &Config) -> Exit {
    match super::runtime() {
        Ok(runtime) => runtime.block_on(async {
            match sound_store(config, 0).await {
                Ok(_) => {
                    output::print("nothing is wrong: a run can start");
                    Exit::Done
                }
                Err(exit) => exit,
            }
        }),
        Err(exit) => exit,
    }
}

/// A store on databases that were found sound, with so many sessions only to look: every start goes through here.
///
/// # Errors
/// The exit code, after everything that is wrong was said.
pub(crate) async fn sound_store(config: &Config, looks: usize) -> Result<PostgresStore, Exit> {
    let mut store_config = wiring::store_config(config, Uuid::new_v4()).map_err(refuse)?;
    store_config.looks = looks;
    let store = PostgresStore::new(&store_config).map_err(|error| failure::of_database(&error))?;
    let inspection = store.inspect().await.map_err(|error| failure::of_database(&error))?;
    for warning in &inspection.warnings {
        warn!("{warning}");
    }
    if inspection.refusals.is_empty() {
        info!("{}", connections(&store_config));
        return Ok(store);
    }
    for refusal in &inspection.refusals {
        output::complain(&format!("refused ({}): {}", refusal.name, refusal.message));
    }
    // In the middle of a failover a server takes no writes for a while: whatever supervises the program shall start it again.
    let may_pass = inspection.refusals.iter().all(|refusal| refusal.name == READ_ONLY_SERVER);
    Err(if may_pass { Exit::Unreachable } else { Exit::Usage })
}

fn connections(config: &StoreConfig) -> String {
    let sessions = config.sessions;
    let looks =
        if config.looks == 0 { String::new() } else { format!(", {} look and answer who watches", config.looks) };
    let source = format!(
        "uses at most {} connections to the source ({sessions} finish chunks, 1 claims, 1 sweeps and looks, 1 keeps the lease{looks})",
        config.source_connections()
    );
    match config.target_connections() {
        0 => source,
        target => format!("{source} and {target} to the target ({sessions} load, 1 sweeps{looks})"),
    }
}
