//! Text of the database, the environment, files and the command line that a terminal would obey or hide: every command writes it out.

use cardgenius_testkit::Side;
use cardgenius_text::is_unseen;

use crate::combinations::{Kind, Pair};
use crate::program::{Answer, Start, holds_all, start};

/// Forges a line, sets a terminal's title, colours by C1, goes back, turns letters around, and hides some.
const HOSTILE: &str = "x\nFORGED\r\u{1b}]0;t\u{7}\u{9b}31m\u{8}\u{202e}\u{2066}\u{2028}\u{200b}\u{e0041}\u{7f}";

/// What is seen of it.
const SHOWN: &str = r"x\nFORGED\r\u{1b}]0;t\u{7}\u{9b}31m\u{8}\u{202e}\u{2066}\u{2028}\u{200b}\u{e0041}\u{7f}";

/// What a trigger says: MariaDB keeps no character beyond U+FFFF of it.
const WORDS: &str = "x\nFORGED\r\u{1b}]0;t\u{7}\u{9b}31m\u{8}\u{202e}\u{2066}\u{2028}\u{200b}\u{7f}";

/// What is kept of it.
const KEPT: &str =
    r"refused by the database: x\nFORGED\r\u{1b}]0;t\u{7}\u{9b}31m\u{8}\u{202e}\u{2066}\u{2028}\u{200b}\u{7f}";

/// As the log and `failures` say it, with `N` for every number.
const SAID: &str = r"refused by the database: x\nFORGED\r\u{Nb}]N;t\u{N}\u{Nb}Nm\u{N}\u{Ne}\u{N}\u{N}\u{Nb}\u{Nf}";

/// What of both is the same on MariaDB.
const BEGINNING: &str = r"refused by the database: x\nFORGED\r";

trait Harmless {
    fn harmless(self) -> Self;
}

impl Harmless for Answer {
    #[track_caller]
    fn harmless(self) -> Self {
        for text in [&self.stdout, &self.stderr] {
            let unseen = text.chars().find(|character| *character != '\n' && is_unseen(*character));
            assert_eq!(unseen, None, "in {text:?}");
            assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{text}");
        }
        self
    }
}

fn for_people(start: Start) -> Start {
    start.variable("CARDGENIUS_LOG__FORMAT", "human").variable("CARDGENIUS_PIPELINE__MAX_FAILED_SHARE", "1")
}

/// Text as both kinds of databases take it: as the bytes of UTF-8.
fn literal(side: &Side<'_>, text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    match side {
        Side::Postgres(_) => format!("convert_from('\\x{hex}', 'UTF8')"),
        Side::Mariadb(_) => format!("_utf8mb4 x'{hex}'"),
    }
}

/// One user who fails by an amount, one whose rows a trigger refuses, and one who is completed. The first two have hostile ids, the
/// trigger has hostile words.
fn place(kind: Kind) -> Pair {
    let pair = Pair::migrated((kind, None));
    let side = &pair.source;
    for (id, amount) in [(format!("a{HOSTILE}"), -1), (format!("b{HOSTILE}"), 5), ("c".to_owned(), 5)] {
        let id = literal(side, &id);
        let _ = side.ask(&format!("INSERT INTO user_spending_data (user_id, avg_amazon_gmv) VALUES ({id}, {amount})"));
    }
    let words = literal(side, WORDS);
    let _ = side.ask(&match kind {
        Kind::Postgres => format!(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION '%', {words}; END $$;
             CREATE TRIGGER refuses BEFORE INSERT ON card_recommendations FOR EACH ROW
                 WHEN (NEW.user_id LIKE 'b%') EXECUTE FUNCTION refuses()"
        ),
        Kind::Mariadb => format!(
            "DELIMITER //
             CREATE TRIGGER refuses BEFORE INSERT ON card_recommendations FOR EACH ROW
                 IF NEW.user_id LIKE 'b%' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = {words}; END IF//"
        ),
    });
    pair
}

fn every_command_writes_it_out(kind: Kind) {
    let pair = place(kind);
    let said = |arguments: &[&str]| for_people(pair.start(arguments)).run().harmless();
    // MariaDB itself writes out most of what its messages hold, in its own way.
    let (words, kept) = match kind {
        Kind::Postgres => (SAID, KEPT),
        Kind::Mariadb => (BEGINNING, BEGINNING),
    };
    let answer = said(&["--backfill"]).ended(0);
    // A quoted value: its backslashes are doubled.
    holds_all(&answer.stderr, &[&format!("user.id=a{SHOWN}"), &words.replace('\\', r"\\")]);
    holds_all(&said(&["failures"]).ended(0).stdout, &[&format!("a{SHOWN}"), words]);
    let hex = match kind {
        Kind::Postgres => {
            "SELECT encode(convert_to(processing_error, 'UTF8'), 'hex') FROM user_spending_data ORDER BY user_id"
        }
        Kind::Mariadb => "SELECT HEX(processing_error) FROM user_spending_data ORDER BY user_id",
    };
    let cleaned: String = kept.bytes().map(|byte| format!("{byte:02x}")).collect();
    let errors = pair.source.ask(hex);
    assert!(errors[1].to_lowercase().starts_with(&cleaned), "{errors:?}");

    said(&["pause", "--reason", HOSTILE]).ended(0);
    holds_all(&said(&["status"]).ended(0).stdout, &[SHOWN]);
    said(&["status", "--json"]).ended(0);
    said(&["run-now"]).ended(0);
    said(&["cancel", "--yes", "--reason", HOSTILE]).ended(0);
    said(&["status"]).ended(0);
    holds_all(&said(&["resume"]).ended(0).stdout, &[SHOWN]);
    holds_all(&said(&["requeue", "--user", &format!("a{HOSTILE}")]).ended(64).stderr, &[SHOWN]);
    said(&["requeue", "--yes", "--user", &format!("a{HOSTILE}")]).ended(0);
    said(&["requeue", "--yes", "--error", HOSTILE]).ended(0);
    said(&["failures", "--json"]).ended(0);
    let missing = for_people(pair.start(&["check"]).variable("CARDGENIUS_SOURCE__TABLE", "no\n\u{1b}\u{202e}table"));
    missing.run().harmless().ended(64);
}

#[test]
fn every_command_writes_out_what_a_terminal_would_obey_on_postgresql() {
    every_command_writes_it_out(Kind::Postgres);
}

#[test]
fn every_command_writes_out_what_a_terminal_would_obey_on_mariadb() {
    every_command_writes_it_out(Kind::Mariadb);
}

#[test]
fn names_of_files_variables_and_arguments_are_written_out_where_they_are_refused() {
    let path = format!("/nowhere/{HOSTILE}");
    for arguments in [
        vec!["catalog", "check", &path],
        vec!["catalog", "list", &path],
        vec!["config", "show", "--config", &path],
        vec![HOSTILE],
        vec!["status", HOSTILE],
        vec!["failures", "--run", HOSTILE],
        vec!["requeue", "--run", HOSTILE],
        vec!["--backfill", "--workers", HOSTILE],
        vec!["probe", HOSTILE],
    ] {
        let answer = start(&arguments).run().harmless().ended(64);
        holds_all(&answer.stderr, &[r"\nFORGED"]);
    }
    for (name, value) in [
        (format!("CARDGENIUS_{HOSTILE}"), "1"),
        ("CARDGENIUS_HTTP__LISTEN".to_owned(), HOSTILE),
        ("CARDGENIUS_LOG__FILTER".to_owned(), HOSTILE),
        ("CARDGENIUS_RUN__TIME_ZONE".to_owned(), HOSTILE),
        ("CARDGENIUS_CATALOG__PATH".to_owned(), HOSTILE),
        ("CARDGENIUS_SOURCE__PASSWORD_FILE".to_owned(), HOSTILE),
    ] {
        let start = start(&["--backfill"]).variable("CARDGENIUS_SOURCE__URL", "postgres://x@127.0.0.1:1/x");
        start.variable(&name, value).run().harmless().ended(64);
        let shown = crate::program::start(&["config", "show"]).variable(&name, value).run().harmless();
        assert!(!shown.stderr.is_empty() || shown.code == 0, "{name}");
    }
    let file = start(&["config", "show"]).file("[log]\n\"a\\u001b\\u202e\" = 1\nfilter = \"\\u001b\\u202e\"\n");
    file.run().harmless().ended(64);
}
