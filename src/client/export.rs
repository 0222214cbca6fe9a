//! The report of a run as files: tables for a spreadsheet, all of it for a program, and plots.
//!
//! A report is written to a hidden folder beside its place and renamed when it is whole, so that
//! there is never half a report.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::menu::settings::data_folder;
use super::panels::{ProspectorRow, ReportFacts, SHOWN};
use crate::compare::plots;
use crate::sim::economy::figures::Figure;

const DAY_MS: f64 = 86_400e3;
/// Reports of one run at one day that may lie beside each other.
const SAME_MAX: u32 = 1_000;

/// How far an export has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    Writing,
    /// The folder that holds it.
    Written(PathBuf),
    /// Why not, as a sentence.
    Failed(String),
}

/// Where reports go if nothing else is said.
pub fn usual_folder() -> Option<PathBuf> {
    data_folder().map(|folder| folder.join("reports"))
}

/// Writes a report into a new folder within `into`, or within the usual one if that is empty;
/// returns the new folder.
///
/// # Errors
/// What could not be written, where, and why, as a sentence; nothing is left there then.
pub fn write(facts: &ReportFacts, into: &str) -> Result<PathBuf, String> {
    let into = if into.is_empty() {
        usual_folder().ok_or("this system names no folder for files: name one")?
    } else {
        PathBuf::from(into)
    };
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    fs::create_dir_all(&into).map_err(failed(&into))?;
    let days = (facts.time_ms as f64 / DAY_MS) as u64;
    let stem = format!("{}-seed{}-day{days}", facts.level, facts.seed);
    let folder = (1..=SAME_MAX)
        .map(|k| match k {
            1 => into.join(&stem),
            k => into.join(format!("{stem}-{k}")),
        })
        .find(|folder| !folder.exists())
        .ok_or_else(|| format!("{}: too many reports named {stem}", into.display()))?;
    let draft = into.join(format!(".{stem}.{}", std::process::id()));
    let written = write_all(facts, &draft)
        .and_then(|()| fs::rename(&draft, &folder).map_err(failed(&folder)));
    if written.is_err() {
        // It may not have been made at all, and nothing more can be done about it.
        let _ = fs::remove_dir_all(&draft);
    }
    written.map(|()| folder)
}

fn write_all(facts: &ReportFacts, folder: &Path) -> Result<(), String> {
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    put("figures.csv", &figures_csv(facts)?)?;
    put("prospectors.csv", &prospectors_csv(facts)?)?;
    let mut json = serde_json::to_vec_pretty(&as_json(facts)).map_err(|e| e.to_string())?;
    json.push(b'\n');
    put("report.json", &json)?;
    let days = |at_ms: u64| at_ms as f64 / DAY_MS;
    let courses: Vec<(String, Vec<(f64, f64)>)> = SHOWN
        .iter()
        .map(|shown| {
            let title = match shown.unit {
                "" => shown.title.to_owned(),
                unit => format!("{} [{unit}]", shown.title),
            };
            let course = facts.series.iter();
            let course = course.filter_map(|sample| Some((days(sample.at_ms), shown.of(sample)?)));
            (title, course.collect())
        })
        .collect();
    let below = format!(
        "{}, seed {}, {:.0} days",
        facts.charter,
        facts.seed,
        days(facts.time_ms)
    );
    put("plots.png", &plots::of_run(&facts.title, &below, &courses)?)
}

/// The figures over time, a line for each time.
fn figures_csv(facts: &ReportFacts) -> Result<Vec<u8>, String> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let ids = Figure::ALL.iter().map(|figure| figure.id);
    file.write_record(std::iter::once("time_s").chain(ids))
        .map_err(|error| error.to_string())?;
    for sample in &facts.series {
        let time = format!("{}", 1e-3 * sample.at_ms as f64);
        let values = sample.values.iter();
        let values = values.map(|value| value.map_or_else(String::new, |v| v.to_string()));
        file.write_record(std::iter::once(time).chain(values))
            .map_err(|error| error.to_string())?;
    }
    file.into_inner().map_err(|error| error.to_string())
}

/// What a prospector has come to, by the names that tables use.
fn fields(row: &ProspectorRow) -> [(&'static str, Value); 8] {
    [
        ("net_worth_credits", json!(row.net_worth_credits)),
        ("credits", json!(row.credits)),
        ("sold_kg", json!(row.sold_kg)),
        ("dug_kg", json!(row.dug_kg)),
        ("readings", json!(row.readings)),
        ("claims", json!(row.claims)),
        ("disputes", json!(row.disputes)),
        ("robots", json!(row.robots)),
    ]
}

fn prospectors_csv(facts: &ReportFacts) -> Result<Vec<u8>, String> {
    let mut file = csv::Writer::from_writer(Vec::new());
    if let Some(first) = facts.prospectors.first() {
        let names = fields(first).map(|(name, _)| name);
        file.write_record(std::iter::once("name").chain(names))
            .map_err(|error| error.to_string())?;
    }
    for row in &facts.prospectors {
        let values = fields(row).map(|(_, value)| match value {
            Value::Null => String::new(),
            value => value.to_string(),
        });
        file.write_record(std::iter::once(row.name.clone()).chain(values))
            .map_err(|error| error.to_string())?;
    }
    file.into_inner().map_err(|error| error.to_string())
}

fn as_json(facts: &ReportFacts) -> Value {
    let figures = facts.series.last().map(|now| {
        let pairs = Figure::ALL.iter().zip(&now.values);
        let pairs = pairs.map(|(figure, value)| (figure.id.to_owned(), json!(value)));
        Value::Object(pairs.collect())
    });
    let prospectors = facts.prospectors.iter().map(|row| {
        let mut fields: serde_json::Map<String, Value> = fields(row)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        fields.insert("name".to_owned(), json!(row.name));
        Value::Object(fields)
    });
    json!({
        "program": concat!("bonanza ", env!("CARGO_PKG_VERSION")),
        "level": facts.level,
        "charter": facts.charter,
        "seed": facts.seed,
        "time_s": 1e-3 * facts.time_ms as f64,
        // Whether what others own, and what the ground held, is told.
        "complete": facts.is_complete,
        "figures": figures,
        "prospectors": prospectors.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::economy::figures::Sample;

    fn report() -> ReportFacts {
        let sample = |day: u64, value: Option<f64>| Sample {
            at_ms: day * 86_400_000,
            values: vec![value; Figure::ALL.len()],
        };
        ReportFacts {
            level: "claim-rush".into(),
            title: "Claim rush".into(),
            charter: "Exclusive claims".into(),
            seed: 7,
            time_ms: 2 * 86_400_000 + 1,
            is_complete: false,
            series: vec![sample(0, None), sample(1, Some(1.5)), sample(2, Some(-4e6))],
            prospectors: vec![
                ProspectorRow {
                    name: "player".into(),
                    is_player: true,
                    sold_kg: 12.5,
                    claims: 2,
                    disputes: 0,
                    robots: 3,
                    credits: Some(1000.0),
                    net_worth_credits: Some(2000.5),
                    dug_kg: Some(40.0),
                    readings: Some(8),
                },
                ProspectorRow {
                    name: "of, \"quotes\"".into(),
                    is_player: false,
                    sold_kg: 0.0,
                    claims: 0,
                    disputes: 1,
                    robots: 0,
                    credits: None,
                    net_worth_credits: None,
                    dug_kg: None,
                    readings: None,
                },
            ],
        }
    }

    #[test]
    fn an_export_is_files_that_others_can_read_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("not/yet/there");
        let facts = report();
        let first = write(&facts, into.to_str().unwrap()).unwrap();
        let second = write(&facts, into.to_str().unwrap()).unwrap();
        assert_ne!(first, second);
        assert_eq!(fs::read_dir(&into).unwrap().count(), 2, "no draft is left");

        let mut rows = csv::Reader::from_path(first.join("figures.csv")).unwrap();
        assert_eq!(rows.headers().unwrap().len(), Figure::ALL.len() + 1);
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 3);
        assert_eq!((&rows[0][0], &rows[0][1]), ("0", ""));
        assert_eq!(rows[2][1].parse::<f64>().unwrap(), -4e6);

        let mut rows = csv::Reader::from_path(first.join("prospectors.csv")).unwrap();
        let names = rows.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!(&rows[1][0], "of, \"quotes\"");
        let worth = names.iter().position(|name| name == "net_worth_credits");
        assert_eq!(
            (&rows[0][worth.unwrap()], &rows[1][worth.unwrap()]),
            ("2000.5", "")
        );

        let text = fs::read_to_string(first.join("report.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["figures"]["gini_wealth"], json!(-4e6));
        assert_eq!(json["prospectors"][1]["credits"], Value::Null);
        assert_eq!(json["complete"], json!(false));

        let picture = fs::File::open(first.join("plots.png")).unwrap();
        let reader = png::Decoder::new(io::BufReader::new(picture))
            .read_info()
            .unwrap();
        assert!(1000 < reader.info().width, "{:?}", reader.info());
    }

    #[test]
    fn an_export_that_cannot_be_written_says_where_and_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a file");
        fs::write(&file, "in the way").unwrap();
        let why = write(&report(), file.to_str().unwrap()).unwrap_err();
        assert!(why.contains("a file"), "{why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
