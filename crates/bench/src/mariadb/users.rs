//! The made-up users, in a file that the server's client loads, and as the engine takes them.

use std::fs;
use std::path::{Path, PathBuf};

use cardgenius_daemon::demo::population::Population;
use cardgenius_engine::user::{Spend, User};

use crate::failure::{Doing, Outcome};
use crate::population;
use crate::shoppers::Shopper;

/// The users of all turns.
pub struct Users {
    pub file: PathBuf,
    pub shoppers: Vec<Shopper>,
}

impl Users {
    /// Makes them up, and writes them down.
    pub fn write(folder: &Path, users: u64, seed: u64) -> Outcome<Self> {
        let file = folder.join("mariadb-users.tsv");
        fs::write(&file, population::lines(&mut Population::new(seed), users))
            .doing(&format!("writing {}", file.display()))?;
        // The same once more, as the lines have them: amounts below zero are none there.
        let mut population = Population::new(seed);
        let shoppers = (0..users).map(|_| {
            let (key, spending) = population.user();
            let paise =
                spending.paise.map(|amount| amount.map_or(0, |paise| i64::try_from(paise.unsigned_abs()).unwrap_or(0)));
            let user = User { spend: Spend::Paise(paise), monthly_income_paise: None, credit_score: None };
            Shopper { key: key.into(), user, has_rows: false }
        });
        Ok(Self { shoppers: shoppers.collect(), file })
    }

    /// Removes the file.
    pub fn remove(&self) -> Outcome<()> {
        fs::remove_file(&self.file).doing("removing the file of users")
    }
}
