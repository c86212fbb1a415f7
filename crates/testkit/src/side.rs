//! A database of either kind, and what is asked of it in words that both have: for tests that loop over the combinations of
//! source and target.

use std::collections::{HashMap, HashSet};

use crate::audit::Counts;
use crate::database::Database;
use crate::mariadb::MariadbDatabase;
use crate::sql;

/// Users are inserted so many at a time.
const INSERTED_AT_ONCE: usize = 5_000;

/// A database of either kind.
#[derive(Clone, Debug)]
pub enum Side<'s> {
    /// On PostgreSQL.
    Postgres(Database<'s>),
    /// On MariaDB.
    Mariadb(MariadbDatabase<'s>),
}

impl Side<'_> {
    /// For the superuser, over the Unix socket.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Postgres(database) => database.url(),
            Self::Mariadb(database) => database.url(),
        }
    }

    /// What a script says, a line each; `{{input}}` and so on stand for the tables.
    ///
    /// # Panics
    /// It fails.
    #[must_use]
    pub fn ask(&self, script: &str) -> Vec<String> {
        let answer = match self {
            Self::Postgres(database) => database.psql(script),
            Self::Mariadb(database) => database.sql(script),
        };
        answer.lines().map(str::to_owned).collect()
    }

    /// Copies the users of a database of PostgreSQL here, figure by figure.
    ///
    /// # Panics
    /// The database refuses them.
    pub fn populate_from(&self, users: &Database<'_>) {
        let values = users.psql(sql::SIDE_VALUES);
        let lines: Vec<&str> = values.lines().collect();
        for some in lines.chunks(INSERTED_AT_ONCE) {
            let _ = self.ask(&format!("{} {}", sql::SIDE_INSERT, some.join(",\n")));
        }
    }

    /// Every recommendation, a line each with all that is in it.
    #[must_use]
    pub fn recommendations(&self) -> Vec<String> {
        let mut rows = self.ask(sql::SIDE_ROWS);
        // In one order, whatever the collation.
        rows.sort();
        rows
    }

    /// Users who are seen with other than none or all ten rows.
    #[must_use]
    pub fn partly_there(&self) -> Vec<String> {
        self.ask(sql::SIDE_RANKS)
    }
}

/// A user, as its line says.
struct User {
    user_id: String,
    status: String,
    attempts: i64,
    crashes: i64,
    is_settled_at: bool,
    claim_id: String,
    has_reason: bool,
}

/// Audits users and recommendations, of whatever kind their databases are; gives the users by status. What must hold is what
/// [`crate::audit()`] says, in PostgreSQL's own words.
///
/// # Panics
/// Anything is violated: all of it is named.
#[must_use]
pub fn audit_sides(source: &Side<'_>, target: &Side<'_>) -> Counts {
    let users: Vec<User> = source.ask(sql::SIDE_USERS).iter().map(|line| user(line)).collect();
    let claims: Vec<Vec<String>> = source.ask(sql::SIDE_CLAIMS).iter().map(|line| fields(line)).collect();
    let mut found = target.partly_there();
    found.extend(faults_of_users(&users, &claims));
    found.extend(claims.iter().filter_map(|claim| fault_of_claim(claim)));
    let there: HashSet<String> =
        target.recommendations().iter().map(|row| row.split('|').next().unwrap_or_default().to_owned()).collect();
    for user in users.iter().filter(|user| user.status == "completed" && !there.contains(&user.user_id)) {
        found.push(format!("user {} is completed and has no rows", user.user_id));
    }
    assert!(found.is_empty(), "{} violation(s):\n  {}", found.len(), found.join("\n  "));
    let count = |status: &str| users.iter().filter(|user| user.status == status).count() as i64;
    Counts {
        users: users.len() as i64,
        new: count("new"),
        pending: count("pending"),
        completed: count("completed"),
        failed: count("failed"),
    }
}

fn fields(line: &str) -> Vec<String> {
    line.split('|').map(str::to_owned).collect()
}

/// From the end: a key may hold the separator.
fn user(line: &str) -> User {
    let mut parts = line.rsplitn(7, '|');
    let mut next = || parts.next().unwrap().to_owned();
    let (reason, claim_id, settled, crashes, attempts, status) = (next(), next(), next(), next(), next(), next());
    User {
        user_id: next(),
        status,
        attempts: attempts.parse().unwrap(),
        crashes: crashes.parse().unwrap(),
        is_settled_at: settled == "at",
        claim_id,
        has_reason: reason == "why",
    }
}

fn faults_of_users(users: &[User], claims: &[Vec<String>]) -> Vec<String> {
    let open: HashSet<&str> = claims.iter().filter(|claim| claim[1] == "open").map(|claim| &*claim[0]).collect();
    let mut settled: HashMap<(&str, &str), i64> = HashMap::new();
    let mut found = Vec::new();
    for user in users {
        let (who, status) = (&user.user_id, &*user.status);
        if !(0..=2).contains(&user.attempts) || !(0..=8).contains(&user.crashes) {
            found.push(format!("user {who} has attempts {}, crashes {}", user.attempts, user.crashes));
        }
        if status == "pending" && !open.contains(&*user.claim_id) {
            found.push(format!("user {who} is pending without an open claim"));
        }
        if matches!(status, "completed" | "failed") {
            *settled.entry((&user.claim_id, status)).or_default() += 1;
            let is_bare = user.attempts != 0 || user.crashes != 0 || !user.is_settled_at || user.claim_id == "-";
            if is_bare || (status == "failed") != user.has_reason {
                found.push(format!("user {who} is {status} and not as who is settled"));
            }
        }
    }
    for claim in claims {
        for (status, says) in [("completed", &claim[4]), ("failed", &claim[5])] {
            let users = settled.get(&(&*claim[0], status)).copied().unwrap_or(0);
            if users > says.parse().unwrap() {
                found.push(format!("claim {} says {says} {status}, and {users} users say so", claim[0]));
            }
        }
    }
    found
}

fn fault_of_claim(claim: &[String]) -> Option<String> {
    let figure = |place: usize| claim[place].parse::<i64>().unwrap();
    let (state, users, sum) = (&*claim[1], figure(3), (4..9).map(figure).sum::<i64>());
    let adds_up = if state == "open" { sum <= users } else { sum == users };
    let is_sound = adds_up && figure(9) == 10 * figure(4) && (state != "open" || claim[2] == "open");
    (!is_sound).then(|| format!("claim {claim:?} does not add up, or is open in a run that is not"))
}
