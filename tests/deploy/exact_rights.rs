//! Each right that roles.sql grants the daemon is one that `cardgenius check` asks for.

use cardgenius_testkit::Database;

use crate::place::{APP, SERVER, closed, customers, installed, roles, run_as};
use crate::program::Start;

/// Every right of the daemon in this database but that to connect, as the words before and after GRANT's and REVOKE's TO and
/// FROM: `SELECT ("user_id") ON TABLE public.user_spending_data`.
const RIGHTS: &str = "SELECT format('%s ON TABLE %s', privilege_type, oid::regclass)
    FROM (SELECT oid, (aclexplode(relacl)).* FROM pg_class) AS entry WHERE grantee = 'cardgenius_daemon'::regrole
    UNION ALL SELECT format('%s (%I) ON TABLE %s', privilege_type, attname, attrelid::regclass)
    FROM (SELECT attrelid, attname, (aclexplode(attacl)).* FROM pg_attribute) AS entry
    WHERE grantee = 'cardgenius_daemon'::regrole
    UNION ALL SELECT format('%s ON SCHEMA %I', privilege_type, nspname)
    FROM (SELECT nspname, (aclexplode(nspacl)).* FROM pg_namespace) AS entry
    WHERE grantee = 'cardgenius_daemon'::regrole
    ORDER BY 1";

/// Takes each right away in turn, and gives it back: without any of them the check must fail. Names those without which it
/// does not; how many there are.
fn not_asked_for(database: &Database<'_>, check: impl Fn() -> Start) -> (usize, Vec<String>) {
    let rights = database.psql(RIGHTS);
    let mut unneeded = Vec::new();
    check().run().ended(0);
    for right in rights.lines() {
        database.psql(&format!("REVOKE {right} FROM cardgenius_daemon"));
        let answer = check().run();
        if answer.code == 0 {
            unneeded.push(right.to_owned());
        } else {
            assert_eq!(answer.code, 64, "{right}: {}", answer.stderr);
            let verb = right.split(' ').next().unwrap();
            assert!(answer.stderr.contains(&format!("GRANT {verb}")), "{right}: {}", answer.stderr);
        }
        database.psql(&format!("GRANT {right} TO cardgenius_daemon"));
    }
    check().run().ended(0);
    (rights.lines().count(), unneeded)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_right_of_the_daemon_is_one_that_it_does_not_ask_for() {
    let database = installed();
    let (rights, unneeded) = not_asked_for(&database, || run_as(&database, APP, &["check"]));
    assert!(rights > 60, "{rights}");
    assert!(unneeded.is_empty(), "granted by roles.sql, and not asked for by `cardgenius check`: {unneeded:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_is_any_in_a_second_target_database() {
    let (source, target) = (customers(), SERVER.empty());
    closed(&target);
    let both = |role: &str, arguments: &[&str]| {
        let url = target.server.url_as(role, None, &target.name);
        run_as(&source, role, arguments).variable("CARDGENIUS_TARGET__URL", &url)
    };
    for _ in 0..2 {
        roles(&source, "");
        roles(&target, "");
        both("cardgenius_migrator", &["migrate"]).run().ended(0);
    }
    let (rights, unneeded) = not_asked_for(&target, || both(APP, &["check"]));
    assert!(rights > 20, "{rights}");
    assert!(unneeded.is_empty(), "granted by roles.sql, and not asked for by `cardgenius check`: {unneeded:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_connect_is_needed_where_it_is_not_everybodys() {
    let database = installed();
    database.psql(&format!("REVOKE CONNECT ON DATABASE {} FROM cardgenius_daemon", database.name));
    let answer = run_as(&database, APP, &["check"]).run();
    assert_ne!(answer.code, 0);
    assert!(answer.stderr.contains("permission denied for database"), "{}", answer.stderr);
}
