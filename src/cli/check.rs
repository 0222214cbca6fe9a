//! `bonanza check`: are levels and data tables sound?

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{Failure, print_json, print_text};
use crate::sim::law::charter::Charter;
use crate::sim::level::charters::BUILT_IN_CHARTERS;
use crate::sim::level::modules::{BUILT_IN_CATALOGUES, Catalogue};
use crate::sim::level::{BUILT_IN_LEVELS, Level, LevelError, LevelErrors};
use crate::train::{TASKS, Task};

/// Endings of column names that promise a number, after the tables' README.
const NUMBER_ENDINGS: [&str; 24] = [
    "_m", "_m2", "_m3", "_kg", "_kg_m3", "_m3_s2", "_m_s2", "_m_s", "_km_s", "_km", "_h", "_s",
    "_n", "_w", "_kw", "_j_kg", "_deg", "_au", "_usd_kg", "_kg_yr", "_jd_tdb", "_ppm", "_ppb",
    "_wt",
];

/// Columns whose values must be above zero wherever there is one.
const POSITIVE_COLUMNS: [&str; 8] = [
    "diameter_m",
    "axis_a_m",
    "axis_b_m",
    "axis_c_m",
    "density_kg_m3",
    "gm_m3_s2",
    "rotation_period_h",
    "mass_kg",
];

/// What was looked at and what was found.
#[derive(Debug, Default, Serialize)]
struct Findings {
    /// Files looked at.
    files: usize,
    errors: Vec<LevelError>,
}

pub fn check(paths: &[PathBuf], json: bool) -> Result<(), Failure> {
    let mut findings = Findings::default();
    if paths.is_empty() {
        check_own(&mut findings)?;
    } else {
        for path in paths {
            check_path(path, &mut findings)?;
        }
    }
    if json {
        print_json(&findings)?;
    } else {
        let mut text = String::new();
        for error in &findings.errors {
            text += &format!("{}:{}: {}\n", error.file, error.line, error.message);
        }
        if findings.errors.is_empty() {
            text += &format!("{} files are sound\n", findings.files);
        }
        print_text(&text);
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match findings.errors.len() {
        0 => Ok(()),
        n => Err(Failure::Check(format!(
            "{} in {}",
            count(n, "error"),
            count(findings.files, "file")
        ))),
    }
}

/// The levels and tables of the source tree, from wherever in it; else those compiled in.
fn check_own(findings: &mut Findings) -> Result<(), Failure> {
    let root = [Path::new("."), Path::new(env!("CARGO_MANIFEST_DIR"))]
        .into_iter()
        .find(|root| {
            ["levels", "assets/charters", "assets/data"]
                .iter()
                .all(|folder| root.join(folder).is_dir())
        });
    match root {
        Some(root) => {
            let root = root.strip_prefix(".").unwrap_or(root);
            check_path(&root.join("levels"), findings)?;
            check_path(&root.join("assets/charters"), findings)?;
            check_path(&root.join("assets/data"), findings)
        }
        None => {
            for (name, text) in BUILT_IN_LEVELS {
                findings.files += 1;
                if let Err(errors) = Level::parse(text, name) {
                    findings.errors.extend(errors.0);
                }
            }
            for (name, text) in BUILT_IN_CHARTERS {
                findings.files += 1;
                if let Err(errors) = Charter::parse(text, name) {
                    findings.errors.extend(errors.0);
                }
            }
            for (name, text) in BUILT_IN_CATALOGUES {
                findings.files += 1;
                if let Err(errors) = Catalogue::parse(text, name) {
                    findings.errors.extend(errors.0);
                }
            }
            for (name, text) in TASKS {
                findings.files += 1;
                if let Err(errors) = check_task(text, Path::new(name)) {
                    findings.errors.extend(errors.0);
                }
            }
            Ok(())
        }
    }
}

fn check_path(path: &Path, findings: &mut Findings) -> Result<(), Failure> {
    if path.is_dir() {
        let mut files = Vec::new();
        collect(path, 0, &mut files).map_err(|error| {
            Failure::Input(format!(
                "cannot read the folder \"{}\": {error}",
                path.display()
            ))
        })?;
        if files.is_empty() {
            return Err(Failure::Input(format!(
                "the folder \"{}\" holds no level, catalogue, charter or task (.ron) and no table (.csv)",
                path.display()
            )));
        }
        files.sort();
        for file in files {
            check_file(&file, findings);
        }
        return Ok(());
    }
    if !path.exists() {
        return Err(Failure::Input(format!(
            "there is nothing to check at \"{}\"",
            path.display()
        )));
    }
    if kind(path).is_none() {
        return Err(Failure::Input(format!(
            "\"{}\" is neither a level, catalogue, charter or task (.ron) nor a table (.csv)",
            path.display()
        )));
    }
    check_file(path, findings);
    Ok(())
}

/// What a file is by its name.
enum Kind {
    Level,
    Table,
}

fn kind(path: &Path) -> Option<Kind> {
    match path.extension()?.to_str()? {
        "ron" => Some(Kind::Level),
        "csv" => Some(Kind::Table),
        _ => None,
    }
}

/// The levels and tables in a folder and the folders in it.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // Links can make a folder contain itself.
        if path.is_dir() && depth < 16 {
            collect(&path, depth + 1, files)?;
        } else if path.is_file() && kind(&path).is_some() {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(path: &Path, findings: &mut Findings) {
    findings.files += 1;
    match kind(path) {
        Some(Kind::Level) => {
            let text = fs::read_to_string(path).unwrap_or_default();
            let read = if Catalogue::is_catalogue(&text) {
                Catalogue::read(path).map(|_| ())
            } else if Charter::is_charter(&text) {
                Charter::read(path).map(|_| ())
            } else if Task::is_task(&text) {
                check_task(&text, path)
            } else {
                Level::read(path).map(|_| ())
            };
            if let Err(errors) = read {
                findings.errors.extend(errors.0);
            }
        }
        Some(Kind::Table) => findings.errors.extend(table_errors(path)),
        None => {}
    }
}

/// A task, and that it fits its level.
fn check_task(text: &str, path: &Path) -> Result<(), LevelErrors> {
    let file = path.display().to_string();
    let read = Task::parse(text, &file).and_then(|task| task.read_level());
    read.map(|_| ()).map_err(|error| {
        LevelErrors(vec![LevelError {
            message: error.to_string(),
            file,
            line: 0,
            field: String::new(),
        }])
    })
}

fn table_errors(path: &Path) -> Vec<LevelError> {
    let file = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => text_errors(&text, &file),
        Err(error) => vec![LevelError {
            message: format!("cannot read table \"{file}\": {error}"),
            file,
            line: 0,
            field: String::new(),
        }],
    }
}

/// A table has a header, rows of its width, unique ids and numbers where a unit says so.
fn text_errors(text: &str, file: &str) -> Vec<LevelError> {
    let mut errors = Vec::new();
    let mut error = |line: u64, field: &str, message: String| {
        errors.push(LevelError {
            file: file.to_owned(),
            line: line as usize,
            field: field.to_owned(),
            message: format!("{message}, in table \"{file}\""),
        });
    };
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) if !headers.is_empty() && headers.iter().all(|name| !name.is_empty()) => {
            headers.clone()
        }
        _ => {
            error(
                1,
                "",
                "the first line that is no comment must name the columns".to_owned(),
            );
            return errors;
        }
    };
    let mut ids = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(cause) => {
                let line = cause.position().map_or(0, csv::Position::line);
                error(line, "", cause.to_string());
                break;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != headers.len() {
            error(
                line,
                "",
                format!(
                    "the row has {} fields and must have {}",
                    record.len(),
                    headers.len()
                ),
            );
            continue;
        }
        for (column, value) in headers.iter().zip(&record) {
            if value.is_empty() {
                continue;
            }
            let positive = POSITIVE_COLUMNS.contains(&column);
            let numeric = positive || NUMBER_ENDINGS.iter().any(|end| column.ends_with(end));
            if !numeric {
                continue;
            }
            let expected = if column.contains("_range") {
                (!is_range(value)).then_some("a range such as 0.5-10")
            } else {
                match value.parse::<f64>() {
                    Ok(number) if positive && !(0.0 < number && number.is_finite()) => {
                        Some("positive and finite")
                    }
                    Ok(number) if number.is_finite() => None,
                    _ => Some("a number"),
                }
            };
            if let Some(expected) = expected {
                error(
                    line,
                    column,
                    format!("{column} = {value} must be {expected}"),
                );
            }
        }
        if headers.get(0) == Some("id") {
            let id = record.get(0).unwrap_or_default().to_owned();
            if let Some(first) = ids.get(&id) {
                error(
                    line,
                    "id",
                    format!("id = {id:?} stands in line {first} already"),
                );
            } else {
                ids.insert(id, line);
            }
        }
    }
    errors
}

/// One number, or two with a dash between, the lower first.
fn is_range(value: &str) -> bool {
    let (low, high) = value.split_once('-').unwrap_or((value, value));
    match (low.parse::<f64>(), high.parse::<f64>()) {
        (Ok(low), Ok(high)) => low <= high && high.is_finite(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_levels_and_tables_are_sound() {
        let mut findings = Findings::default();
        check_own(&mut findings).unwrap();
        assert!(findings.errors.is_empty(), "{:#?}", findings.errors);
        assert!(9 <= findings.files, "{findings:?}");
    }

    #[test]
    fn errors_of_tables_name_line_and_column() {
        let text = "# a comment\nid,name,diameter_m\na,A,1.5\nb,B,-2\na,C,3\nc,D\nd,\"E, F\",x\n";
        let errors = text_errors(text, "t.csv");
        let places: Vec<(usize, &str)> = errors
            .iter()
            .map(|error| (error.line, error.field.as_str()))
            .collect();
        assert_eq!(
            places,
            [(4, "diameter_m"), (5, "id"), (6, ""), (7, "diameter_m")],
            "{errors:#?}"
        );
        assert_eq!(
            errors[0].message,
            "diameter_m = -2 must be positive and finite, in table \"t.csv\""
        );
    }
}
