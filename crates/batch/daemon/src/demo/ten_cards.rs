//! The ten cards of one user, as a table.

use cardgenius_embedded::PrivatePostgres;
use cardgenius_text::Shown;

use super::database::{DATABASE, DemoError};
use crate::commands::output;

const HEADER: [&str; 8] = ["#", "CARD", "NET", "SAVINGS", "FEE", "EXTRAS", "REDEEM AS", "RATE"];

/// Of a user in the middle of the table.
pub(super) fn of_one_user(server: &PrivatePostgres) -> Result<String, DemoError> {
    let spending = server.psql(DATABASE, include_str!("one_user.psql"))?;
    let rows = server.psql(DATABASE, include_str!("ten_cards.psql"))?;
    let cells = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<String>>();
    let Some(user) = spending.lines().next().map(cells) else {
        return Err(DemoError::Missing("no user was completed, so there is nothing to show"));
    };
    let table = output::table(&HEADER, rows.lines().map(cells));
    let what = ["amazon", "flipkart", "myntra", "ajio", "grocery", "confirmed"];
    let amounts: Vec<String> = what
        .iter()
        .zip(user.iter().skip(1))
        .map(|(what, amount)| format!("{what} {}", if amount.is_empty() { "NULL" } else { amount }))
        .collect();
    let name = user.first().map_or("", String::as_str);
    let name = Shown(name);
    Ok(format!("the ten cards of {name}, who spends a month (rupees): {}\n\n{table}", amounts.join(", ")))
}
