//! What the operators' commands have in common: one session on the database, beside whatever is running, and without a
//! lease; who asks; and whether he means it.

use std::io::{IsTerminal, stdin};

use crate::any_store::AnyStore;
use cardgenius_failure::error::{DatabaseError, ErrorKind};
use cardgenius_text::Shown;
use uuid::Uuid;

use super::{failure, output, refuse};
use crate::config::Config;
use crate::exit::Exit;
use crate::standard_error;
use crate::wiring;

/// A name of a user or host longer than this says no more.
const MOST_CHARS: usize = 64;

/// Does the work on a store that nothing was asked of yet, and says what went wrong.
pub(super) fn at_the_desk(config: &Config, work: impl AsyncFnOnce(AnyStore) -> Result<Exit, DatabaseError>) -> Exit {
    let store = match wiring::store_config(config, Uuid::new_v4()) {
        Ok(store_config) => AnyStore::new(&store_config),
        Err(error) => return refuse(error),
    };
    super::on_a_runtime(async {
        let outcome = match store {
            Ok(store) => work(store).await,
            Err(error) => Err(error),
        };
        outcome.unwrap_or_else(|error| {
            let exit = failure::of_database(&error);
            if matches!(error.kind(), ErrorKind::SchemaMismatch | ErrorKind::StaleSession) {
                output::complain("the tables are not as this version needs them: run `cardgenius migrate`");
            }
            exit
        })
    })
}

/// Who asks, by the names that the machine gives him: `alice@host via cardgenius`.
pub(super) fn actor() -> String {
    let short = |name: String| name.chars().take(MOST_CHARS).collect::<String>();
    let uid = nix::unistd::getuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    format!("{}@{} via cardgenius", short(user), short(wiring::host_name()))
}

/// Asks on a terminal whether it is meant, unless that was said on the command line; elsewhere it must be said there.
///
/// # Errors
/// The exit code: it is not meant, or nobody can be asked.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Exit> {
    if yes {
        return Ok(());
    }
    let question = Shown(question);
    if !stdin().is_terminal() || !standard_error::is_terminal() {
        output::complain(&format!("{question}\nNobody can be asked here: say --yes"));
        return Err(Exit::Usage);
    }
    standard_error::write(format!("{question} [y/N] ").as_bytes());
    let mut answer = String::new();
    let asked = stdin().read_line(&mut answer);
    if asked.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    output::complain("nothing was changed");
    Err(Exit::Stopped)
}
