//! `cardgenius check`: what would keep a run from starting, without changing anything that stays.

use crate::any_store::AnyStore;
use crate::catalogue_file::CatalogueText;
use cardgenius_engine::Engine;
use cardgenius_engine::catalogue::Catalogue;
use cardgenius_pipeline::ports::{Store, Unknown};
use cardgenius_store::bounded_read::Reads;
use cardgenius_store::config::StoreConfig;
use cardgenius_store::inspection::{Inspection, Intent, READ_ONLY_SERVER};
use cardgenius_text::ShownLines;
use chrono::{DateTime, Utc};
use tracing::{error, info, warn};
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::run_request::date;
use crate::schedule::Times;
use crate::wiring;

/// Inspects the catalogue and the databases, rehearses a run if that is wanted, and says what is wrong.
#[must_use]
pub fn run(config: &Config, is_rehearsed: bool) -> Exit {
    let catalogue = catalogue(config).inspect_err(|fault| refused("bad-catalogue", fault));
    super::on_a_runtime(async {
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
        Box::pin(say_which_users_are_never_claimed(&store)).await;
        output::print("nothing is wrong: a run can start");
        Exit::Done
    })
}

/// The catalogue that a run would be opened with now, and its text; or what is wrong with it.
fn catalogue(config: &Config) -> Result<(Catalogue, String), String> {
    let text = CatalogueText::read(config.catalog.path.as_deref()).map_err(|error| error.to_string())?;
    let catalogue = text.parse().map_err(|faults| format!("{text} is faulty:\n{faults}"))?;
    Ok((catalogue, String::from_utf8_lossy(text.bytes()).into_owned()))
}

/// Does to one user what a run does, and undoes it.
async fn rehearse(config: &Config, store: &AnyStore, catalogue: &Catalogue) -> Result<(), Exit> {
    let unread = |error| failure::of_database(&error);
    let now = store.look().await.map_err(unread)?.now;
    let engine = Engine::compile(catalogue, date(now, config));
    let rehearsal = store.rehearse(&engine).await.map_err(unread)?;
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
    let (store_config, store) = prepared(config, looks).await?;
    let inspection = store.inspect(intent).await.map_err(|error| failure::of_database(&error))?;
    for warning in schedule_warnings(config, Utc::now()) {
        warn!("{warning}");
    }
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

/// The store, which has read its files by now: passwords and certificates. They may lie on a disk that is gone.
async fn prepared(config: &Config, looks: usize) -> Result<(StoreConfig, AnyStore), Exit> {
    static READS: Reads = Reads::new(2);
    let config = config.clone();
    let preparing = READS.in_time(move || {
        let mut store_config = wiring::store_config(&config, Uuid::new_v4()).map_err(refuse)?;
        store_config.looks = looks;
        let store = AnyStore::new(&store_config).map_err(|error| failure::of_database(&error))?;
        Ok((store_config, store))
    });
    preparing.await.unwrap_or_else(|error| {
        error!("cannot read the files of passwords and certificates that the configuration names: {error}");
        Err(Exit::Unreachable)
    })
}

/// A schedule that may mean other days than its author thinks, with the days that it means.
fn schedule_warnings(config: &Config, now: DateTime<Utc>) -> Vec<String> {
    let both = config.schedule.all().into_iter().filter(|schedule| Times::names_days_of_both_kinds(&schedule.cron));
    let warnings = both.filter_map(|schedule| {
        let zone = schedule.time_zone.as_deref().unwrap_or(&config.run.time_zone).parse().ok()?;
        let times = Times::parse(&schedule.cron, zone).ok()?;
        let next = std::iter::successors(times.next_after(now), |time| times.next_after(*time)).take(3);
        let next: Vec<String> =
            next.map(|time| time.with_timezone(&zone).format("%a %d %b %H:%M").to_string()).collect();
        Some(format!(
            "the schedule {} names days of the month and days of the week ({}): it is due on each day that is one of \
             either, next on {} ({zone}). To mean one kind only, write * for the other",
            schedule.name,
            schedule.cron,
            next.join(", ")
        ))
    });
    warnings.collect()
}

fn refused(name: &str, message: &str) {
    output::complain(&format!("refused ({name}): {}", ShownLines(message)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_names_days_of_both_kinds_is_told_with_the_days_that_it_means() {
        let now = DateTime::parse_from_rfc3339("2026-11-30T12:00:00Z").unwrap().to_utc();
        let told = |cron: &str| {
            let mut config = Config::default();
            config.schedule.cron = cron.to_owned();
            schedule_warnings(&config, now)
        };
        for cron in ["0 2 * * 1", "0 2 1 * *", "0 2 1,15 * ?", "*/5 * * * *"] {
            assert_eq!(told(cron), [""; 0], "{cron}");
        }
        let warnings = told("0 2 */2 * 1");
        let days = "next on Tue 01 Dec 02:00, Thu 03 Dec 02:00, Sat 05 Dec 02:00 (Asia/Kolkata)";
        assert!(warnings.len() == 1 && warnings[0].contains(days), "{warnings:?}");
        assert!(told("0 2 13 * FRI")[0].contains("next on Fri 04 Dec 02:00, Fri 11 Dec 02:00, Sun 13 Dec 02:00"));
    }
}
