//! The users that a run will find, and what must come out for them: computed here, not taken from what was written.

use std::pin::pin;
use std::time::SystemTime;

use cardgenius_daemon::config::Config;
use cardgenius_engine::catalogue::{Catalogue, DEFAULT_TEXT};
use cardgenius_engine::user::{Spend, User};
use cardgenius_engine::{Engine, Scratch, TopTen};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::TryStreamExt;

use crate::failure::{Doing, Outcome};
use crate::server::Session;
use crate::statements;

/// One of them.
#[derive(Clone, Debug)]
pub struct Shopper {
    pub key: Box<str>,
    pub user: User,
    /// Whether rows of an earlier time are there.
    pub has_rows: bool,
}

/// What must be in the table of recommendations for some users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub rows: u64,
    pub net_paise: i64,
    pub savings_paise: i64,
}

impl Sums {
    fn add(&mut self, ten: &TopTen) {
        self.rows += ten.len() as u64;
        self.net_paise += ten.iter().map(|row| row.net_paise).sum::<i64>();
        self.savings_paise += ten.iter().map(|row| row.savings_paise).sum::<i64>();
    }
}

/// Reads those who are new, in key order.
pub async fn read_new(session: &Session) -> Outcome<Vec<Shopper>> {
    let doing = "reading the new users";
    let nothing: [&str; 0] = [];
    let rows = session.query_raw(statements::USERS_NEW, nothing).await.doing(doing)?;
    let mut rows = pin!(rows);
    let mut shoppers = Vec::new();
    while let Some(row) = rows.try_next().await.doing(doing)? {
        let mut paise = [0_i64; 6];
        for (place, amount) in paise.iter_mut().enumerate() {
            *amount = row.try_get::<_, Option<i64>>(place + 1).doing(doing)?.unwrap_or(0);
        }
        let user = User { spend: Spend::Paise(paise), monthly_income_paise: None, credit_score: None };
        let key = row.try_get::<_, &str>(0).doing(doing)?.into();
        shoppers.push(Shopper { key, user, has_rows: row.try_get(7).doing(doing)? });
    }
    Ok(shoppers)
}

/// The date at which a program that starts now judges promotions.
pub fn today() -> NaiveDate {
    let now = DateTime::<Utc>::from(SystemTime::now());
    Config::default().run.zone().map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

/// The engine of the built-in catalogue at a date.
pub fn engine(date: NaiveDate) -> Outcome<Engine> {
    let catalogue = Catalogue::parse(DEFAULT_TEXT.as_bytes()).map_err(|faults| faults.to_string())?;
    Ok(Engine::compile(&catalogue, date))
}

/// Computes each user's ten rows.
pub fn compute<'a>(
    engine: &Engine,
    shoppers: impl IntoIterator<Item = &'a Shopper>,
    mut take: impl FnMut(&Shopper, &TopTen),
) -> Outcome<()> {
    let mut scratch = Scratch::default();
    for shopper in shoppers {
        let ten = engine.recommend(&shopper.user, &mut scratch);
        take(shopper, &ten.map_err(|fault| format!("the made-up user {} is faulty: {fault}", shopper.key))?);
    }
    Ok(())
}

/// What must come out for all of them.
pub fn sums(engine: &Engine, shoppers: &[Shopper]) -> Outcome<Sums> {
    let mut sums = Sums::default();
    compute(engine, shoppers, |_, ten| sums.add(ten))?;
    Ok(sums)
}
