//! The same contest on MariaDB: the floor is the server's own client, which loads ready-made rows in two sessions and updates
//! the statuses; beside it the program.

mod floor;
mod server;
mod users;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::server::{DATABASE, Server};
use self::users::Users;
use crate::audit::OutputBytes;
use crate::bench::say;
use crate::cli::{Case, Contender, Options};
use crate::failure::{Doing, Outcome};
use crate::measure::Cost;
use crate::program::Program;
use crate::report::{self, Document, Run, Turn};
use crate::shoppers::{self, Sums};
use crate::{bench, machine};

/// Users, where the command line says nothing else.
const USERS: u64 = 200_000;

/// Turns of each contender.
const REPEAT: u32 = 3;

/// Who is measured here.
const CONTENDERS: [Contender; 2] = [Contender::Floor, Contender::Program];

/// Measures, prints, and writes.
pub async fn run(options: &Options) -> Outcome<()> {
    let out = bench::folder_for_output(options)?;
    let program = Program::find(options.program.as_deref(), &options.env, &out)?;
    say("starting a private MariaDB server");
    let server = Server::start(options.folder.as_deref())?;
    let settings = server.settings()?;
    let machine = machine::Machine::here(server.mariadb.folder())?;
    say(&machine.line());
    for (name, value) in &settings {
        say(&format!("  {name} = {value}"));
    }
    let users = Users::write(&out, options.users.unwrap_or(USERS), options.seed)?;
    let expected = shoppers::sums(&shoppers::engine(shoppers::today())?, &users.shoppers)?;
    let spoil = options.spoil;
    let contest = Contest { server: &server, program: &program, users: &users, expected, out: out.clone(), spoil };
    let mut runs = Vec::new();
    for turn in 1..=options.repeat.unwrap_or(REPEAT) {
        for contender in options.contenders.iter().filter(|contender| CONTENDERS.contains(contender)) {
            let run = contest.measure(*contender, turn).await?;
            say(&run.line());
            runs.push(run);
        }
    }
    let document = Document {
        out: &out,
        commit: machine::commit(),
        machine: &machine,
        server_version: settings.get("version").cloned().unwrap_or_default(),
        settings: &settings,
        options,
    };
    report::contest(&document, Case::Mariadb, users.shoppers.len() as u64, &runs)?;
    users.remove()?;
    server.mariadb.stop().doing("stopping the private server")
}

struct Contest<'a> {
    server: &'a Server,
    program: &'a Program,
    users: &'a Users,
    expected: Sums,
    out: PathBuf,
    /// Whether a row is taken away before the audit.
    spoil: bool,
}

impl Contest<'_> {
    async fn measure(&self, contender: Contender, turn: u32) -> Outcome<Run> {
        let load_before = machine::load();
        let doing = format!("{}, turn {turn}", contender.name());
        self.server.make_database(&self.users.file)?;
        let url = self.server.mariadb.url(DATABASE);
        self.program.migrate(&url).await.doing(&doing)?;
        let (cost, peak) = match contender {
            Contender::Floor => (self.floor().await.doing(&doing)?, None),
            _ => {
                let log = format!("mariadb-{}-{turn}", contender.name());
                let readings = self.server.readings()?;
                let peak = self.program.backfill(&url, &log).await.doing(&doing)?;
                (readings.cost(self.server)?, Some(peak))
            }
        };
        if self.spoil {
            self.server.figures(include_str!("../sql/mariadb_spoil.sql"))?;
        }
        self.audit(!contender.is_floor()).doing(&doing)?;
        let output = self.output_bytes()?;
        self.server.drop_database()?;
        let turn = Turn { contender: contender.name(), turn, load_before };
        Ok(Run::new(turn, self.users.shoppers.len() as u64, cost, peak, output))
    }

    async fn floor(&self) -> Outcome<Cost> {
        let engine = shoppers::engine(shoppers::today())?;
        let scripts = floor::write(&self.out, &engine, &self.users.shoppers)?;
        let readings = self.server.readings()?;
        floor::run(&self.server.mariadb, &scripts).await?;
        let cost = readings.cost(self.server)?;
        scripts.remove()?;
        Ok(cost)
    }

    /// The whole job was done, or nothing was measured.
    fn audit(&self, books: bool) -> Outcome<()> {
        let users = self.users.shoppers.len() as u64;
        let figures = self.server.figures(include_str!("../sql/mariadb_audit.sql"))?;
        let Sums { rows, net_paise, savings_paise } = self.expected;
        let wanted = [
            ("users", users.to_string()),
            ("completed users", users.to_string()),
            ("rows", rows.to_string()),
            ("users with rows", users.to_string()),
            ("sum of net_savings in paise", net_paise.to_string()),
            ("sum of total_savings_yearly in paise", savings_paise.to_string()),
            ("users whose rows are not ranks 1 to 10", "0".to_owned()),
        ];
        for (place, (what, wanted)) in wanted.iter().enumerate() {
            let found = figures.get(place).map_or("none", String::as_str);
            if found != wanted {
                return Err(format!(
                    "the job was not done, so nothing was measured: {what}: {found}, and not {wanted}"
                )
                .into());
            }
        }
        if books {
            let figures = self.server.figures(include_str!("../sql/mariadb_books.sql"))?;
            if figures != [users.to_string(), "0".to_owned()] {
                return Err(format!("the books say {figures:?} of {users} users").into());
            }
        }
        Ok(())
    }

    fn output_bytes(&self) -> Outcome<OutputBytes> {
        let figures = self.server.figures(include_str!("../sql/mariadb_output_bytes.sql"))?;
        let figure = |place: usize| figures.get(place).and_then(|figure| figure.parse().ok()).unwrap_or_default();
        Ok(OutputBytes { table: figure(0), key: figure(1) })
    }
}

/// Settings by name.
type Settings = BTreeMap<String, String>;
