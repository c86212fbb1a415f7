//! The floor: what the database must do in any case, as one would have the server's own client do it. Rows are ready-made and
//! in files, nothing is computed, and there is no fence against crashes.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cardgenius_embedded::PrivateMariadb;
use cardgenius_engine::Engine;
use futures_util::future::try_join_all;
use tokio::process::Command;
use uuid::Uuid;

use super::server::DATABASE;
use crate::failure::{Doing, Outcome};
use crate::ready::{self, Format};
use crate::shoppers::Shopper;

/// Sessions that work at once: as many as the program has for loading.
const SESSIONS: usize = 2;

/// A chunk, in order: users are marked, their ready-made rows loaded, users marked again.
const CHUNK: [&str; 5] = [
    include_str!("../sql/mariadb_floor_mark.sql"),
    include_str!("../sql/mariadb_floor_begin.sql"),
    include_str!("../sql/mariadb_floor_load.sql"),
    include_str!("../sql/mariadb_floor_complete.sql"),
    include_str!("../sql/mariadb_floor_commit.sql"),
];

/// What each session runs, and the files of rows.
pub struct Scripts {
    scripts: Vec<PathBuf>,
    rows: Vec<PathBuf>,
}

impl Scripts {
    /// Removes the files.
    pub fn remove(self) -> Outcome<()> {
        for file in self.scripts.iter().chain(&self.rows) {
            fs::remove_file(file).doing(&format!("removing {}", file.display()))?;
        }
        Ok(())
    }
}

/// Writes the rows of each chunk into a file of its own, and what is to be done with it into the script of a session: chunks
/// in turn, in key order.
pub fn write(folder: &Path, engine: &Engine, shoppers: &[Shopper]) -> Outcome<Scripts> {
    let mut scripts = vec![include_str!("../sql/mariadb_floor_session.sql").to_owned(); SESSIONS];
    let mut rows = Vec::new();
    for (place, chunk) in ready::make(engine, shoppers, Format::Text)?.into_iter().enumerate() {
        let file = folder.join(format!("mariadb-rows-{place}.tsv"));
        let mut written = fs::File::create(&file).doing(&format!("making {}", file.display()))?;
        for frame in &chunk.frames {
            written.write_all(frame).doing(&format!("writing {}", file.display()))?;
        }
        let claim = Uuid::new_v4().to_string();
        for statement in CHUNK {
            let text = statement
                .replace("{{claim}}", &claim)
                .replace("{{first}}", &chunk.first)
                .replace("{{last}}", &chunk.last)
                .replace("{{file}}", &file.display().to_string());
            scripts[place % SESSIONS].push_str(&format!("{};\n", text.trim_end()));
        }
        rows.push(file);
    }
    let write = |(session, text): (usize, String)| {
        let file = folder.join(format!("mariadb-floor-{session}.sql"));
        fs::write(&file, text).doing(&format!("writing {}", file.display()))?;
        Ok(file)
    };
    let scripts = scripts.into_iter().enumerate().map(write).collect::<Outcome<Vec<PathBuf>>>()?;
    Ok(Scripts { scripts, rows })
}

/// Runs the scripts at once, each to its end.
pub async fn run(server: &PrivateMariadb, scripts: &Scripts) -> Outcome<()> {
    let sessions = scripts.scripts.iter().map(async |script| {
        let mut command = Command::from(server.client_command());
        command.arg(format!("--database={DATABASE}")).stdin(fs::File::open(script)?);
        let output = command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).output().await?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("the server's client: {}", String::from_utf8_lossy(&output.stderr)).into())
    });
    try_join_all(sessions).await.map(drop)
}
