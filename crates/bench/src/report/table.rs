//! Tables in plain text.

use super::Summary;

/// Of a contest.
pub fn of_contest(summaries: &[Summary]) -> String {
    let head = [
        "contender",
        "seconds",
        "users/s",
        "least..most",
        "of floor",
        "of lowered",
        "client CPU s",
        "server CPU s",
        "peak MiB",
        "WAL B/user",
        "rows B/user",
        "key B/user",
    ];
    let figure =
        |value: Option<f64>, decimals: usize| value.map_or("-".to_owned(), |value| format!("{value:.decimals$}"));
    let rows = summaries.iter().map(|summary| {
        vec![
            summary.contender.clone(),
            format!("{:.2}", summary.seconds),
            format!("{:.0}", summary.users_per_second),
            format!("{:.0}..{:.0}", summary.least_users_per_second, summary.most_users_per_second),
            figure(summary.of_floor, 3),
            figure(summary.of_lowered, 3),
            format!("{:.2}", summary.client_cpu_seconds),
            format!("{:.2}", summary.server_cpu_seconds),
            figure(summary.peak_memory_mib, 1),
            format!("{:.0}", summary.wal_bytes_per_user),
            format!("{:.0}", summary.table_bytes_per_user),
            format!("{:.0}", summary.key_bytes_per_user),
        ]
    });
    table(&head, rows)
}

/// Columns aligned, the first at its beginning and the others at their ends.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut lines = vec![head.iter().map(|&cell| cell.to_owned()).collect::<Vec<String>>()];
    lines.extend(rows);
    let width =
        |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let cell = |(column, text): (usize, &String)| {
        let width = widths.get(column).copied().unwrap_or(0);
        if column == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
    };
    let shown = lines.iter().map(|line| line.iter().enumerate().map(cell).collect::<Vec<String>>().join("  "));
    shown.map(|line| line.trim_end().to_owned()).collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_aligned_left_and_the_others_right() {
        let rows = [vec!["floor".to_owned(), "1.25".to_owned()], vec!["x".to_owned(), "100.00".to_owned()]];
        assert_eq!(table(&["who", "s"], rows), "who         s\nfloor    1.25\nx      100.00");
    }
}
