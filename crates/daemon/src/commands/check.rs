//! `cardgenius check`: what would keep a run from starting, without changing anything that stays.

use crate::any_store::AnyStore;
use crate::catalogue_file::CatalogueText;
use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_pipeline::ports::Store;
use cardgenius_store::config::StoreConfig;
use cardgenius_store::inspection::{Inspection, Intent, READ_ONLY_SERVER};
use tracing::{info, warn};
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::run_request::today;
use crate::wiring;

/// Inspects the catalogue and the databases, rehearses a run if that is wanted, and says what is wrong.
#[must_use]
pub fn run(config: &Config, is_rehearsed: bool) -> Exit {
    let catalogue = catalogue(config).inspect_err(|fault| refused("bad-catalogue", fault));
    match super::runtime() {
        Ok(runtime) => runtime.block_on(async {
            let known = catalogue.as_ref().ok();
            let intent = wiring::intent(config, known.map(|(catalogue, text)| (catalogue, &**text)));
            let (store, catalogue) = match (sound_store(config, 0, &intent).await, &catalogue) {
                (Ok(store), Ok((catalogue, _))) => (store, catalogue),
                (Ok(_), Err(_)) => return Exit::Usage,
                (Err(exit), _) => return exit,
            };
            if is_rehearsed && let Err(exit) = Box::pin(rehearse(config, &store, catalogue)).await {
                return exit;
            }
            Box::pin(say_what_is_hidden(config, &store)).await;
            output::print("nothing is wrong: a run can start");
            Exit::Done
        }),
        Err(exit) => exit,
    }
}

/// The catalogue that a run would be opened with now, and its text; or what is wrong with it.
fn catalogue(config: &Config) -> Result<(Catalogue, String), String> {
    let text = CatalogueText::read(config.catalog.path.as_deref()).map_err(|error| error.to_string())?;
    let catalogue = text.parse().map_err(|faults| format!("{text} is faulty:\n{faults}"))?;
    Ok((catalogue, String::from_utf8_lossy(text.bytes()).into_owned()))
}

/// Does to one user what a run does, and undoes it.
async fn rehearse(config: &Config, store: &AnyStore, catalogue: &Catalogue) -> Result<(), Exit> {
    let engine = Engine::compile(catalogue, today(config));
    let rehearsal = store.rehearse(&engine).await.map_err(|error| failure::of_database(&error))?;
    said(&rehearsal);
    if rehearsal.refusals.is_empty() { Ok(()) } else { Err(Exit::Usage) }
}

/// Says what was found.
fn said(inspection: &Inspection) {
    for warning in &inspection.warnings {
        warn!("{warning}");
    }
    for refusal in &inspection.refusals {
        refused(refusal.name, &refusal.message);
    }
}

/// A store on databases that were found sound for a run as `intent` says, with `looks` sessions only to look: every start goes through
/// here.
///
/// # Errors
/// The exit code, after everything that is wrong was said.
pub(crate) async fn sound_store(config: &Config, looks: usize, intent: &Intent) -> Result<AnyStore, Exit> {
    let mut store_config = wiring::store_config(config, Uuid::new_v4()).map_err(refuse)?;
    store_config.looks = looks;
    let store = AnyStore::new(&store_config).map_err(|error| failure::of_database(&error))?;
    let inspection = store.inspect(intent).await.map_err(|error| failure::of_database(&error))?;
    said(&inspection);
    if inspection.refusals.is_empty() {
        Box::pin(check_stop_query(config, &store)).await?;
        info!("{}", connections(&store_config));
        return Ok(store);
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
