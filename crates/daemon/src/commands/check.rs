//! `cardgenius check`: what would keep a run from starting, without changing anything.

use crate::any_store::AnyStore;
use cardgenius_pipeline::ports::{Store, Unknown};
use cardgenius_store::config::StoreConfig;
use cardgenius_store::inspection::READ_ONLY_SERVER;
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
                Ok(store) => {
                    Box::pin(say_what_is_hidden(config, &store)).await;
                    Box::pin(say_which_users_are_never_claimed(&store)).await;
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
pub(crate) async fn sound_store(config: &Config, looks: usize) -> Result<AnyStore, Exit> {
    let mut store_config = wiring::store_config(config, Uuid::new_v4()).map_err(refuse)?;
    store_config.looks = looks;
    let store = AnyStore::new(&store_config).map_err(|error| failure::of_database(&error))?;
    let inspection = store.inspect().await.map_err(|error| failure::of_database(&error))?;
    for warning in &inspection.warnings {
        warn!("{warning}");
    }
    if inspection.refusals.is_empty() {
        Box::pin(check_stop_query(config, &store)).await?;
        info!("{}", connections(&store_config));
        return Ok(store);
    }
    for refusal in &inspection.refusals {
        refused(refusal.name, &refusal.message);
    }
    // In the middle of a failover a server takes no writes for a while: whatever supervises the program shall start it again.
    let may_pass = inspection.refusals.iter().all(|refusal| refusal.name == READ_ONLY_SERVER);
    Err(if may_pass { Exit::Unreachable } else { Exit::Usage })
}

fn refused(name: &str, message: &str) {
    output::complain(&format!("refused ({name}): {message}"));
}

/// Asks the DBA's own question once: later a fault in it counts as a stop, and a run that never begins says little.
async fn check_stop_query(config: &Config, store: &AnyStore) -> Result<(), Exit> {
    let throttle = &config.throttle;
    let Some(query) = throttle.stop_query.as_ref().filter(|_| throttle.enabled) else { return Ok(()) };
    match store.try_stop_query(query).await {
        Ok(None) => Ok(()),
        Ok(Some(fault)) => {
            refused(
                "bad-stop-query",
                &format!("throttle.stop_query cannot be asked: {fault}; mend it, or take it out"),
            );
            Err(Exit::Usage)
        }
        Err(error) => Err(failure::of_database(&error)),
    }
}

/// Says what the throttle will not see: nothing that keeps a run from starting.
async fn say_what_is_hidden(config: &Config, store: &AnyStore) {
    if !config.throttle.enabled {
        return;
    }
    match store.pressure(None).await {
        Ok(pressure) => pressure.unseen.iter().for_each(|unseen| info!("the throttle goes without {unseen}")),
        Err(error) => warn!(kind = error.kind().name(), %error, "the throttle could not look at the database"),
    }
}

/// Warns of users whose status is none of the four: a run does all others, and ends as failed.
async fn say_which_users_are_never_claimed(store: &AnyStore) {
    match store.look_for_unknown().await {
        Ok(Unknown { users: Some(0), .. }) => {}
        Ok(Unknown { users: Some(users), example }) => warn!(
            "{users} users have a status that is none of new, pending, completed and failed, such as {:?}, and are never claimed: set them \
             to new, and declare the column NOT NULL with a CHECK, or as an enum",
            example.unwrap_or_default()
        ),
        Ok(Unknown { users: None, .. }) => warn!(
            "users whose status is NULL could not be counted in the time for it: declare the column processing_status NOT NULL"
        ),
        Err(error) => warn!(kind = error.kind().name(), %error, "users of unknown status could not be counted"),
    }
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
