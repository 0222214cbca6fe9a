//! The formulas of the simulation, held against a file of published cases.
//!
//! A file has groups of cases, a case has an input, and often the expected output with a tolerance
//! and a source. Every case of a kind that is known here is computed with the functions that the
//! simulation itself uses, whether or not there is something to compare the outcome with. What is
//! not known is said to be not covered, never passed.

mod input;
mod kinds;
mod tolerance;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use input::{Input, Meshes};
use kinds::Kind;
use tolerance::Tolerance;

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Status {
    /// Compared, and all values lie within the tolerance.
    #[serde(rename = "pass")]
    Pass,
    /// Compared, and a value does not; or its input makes no sense.
    #[serde(rename = "fail")]
    Fail,
    /// Not compared: of an unknown kind, or without expected values.
    #[serde(rename = "not covered")]
    NotCovered,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotCovered => "not covered",
        })
    }
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseReport {
    pub group: String,
    pub id: String,
    pub status: Status,
    /// Under the keys of the expected values; without these, all that cases of the kind have.
    /// A value that is not finite is null.
    pub computed: Map<String, Value>,
    /// What failed, what an odd value means, or why nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What became of all cases of a file, in its order.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub cases: Vec<CaseReport>,
}

impl Report {
    pub fn passed(&self) -> usize {
        self.count(Status::Pass)
    }

    pub fn failed(&self) -> usize {
        self.count(Status::Fail)
    }

    pub fn not_covered(&self) -> usize {
        self.count(Status::NotCovered)
    }

    fn count(&self, status: Status) -> usize {
        let cases = self.cases.iter();
        cases.filter(|case| case.status == status).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for group in self.cases.chunk_by(|one, other| one.group == other.group) {
            writeln!(f, "{}", group[0].group)?;
            let of_unknown_kind =
                |case: &CaseReport| case.status == Status::NotCovered && case.computed.is_empty();
            if group.iter().all(of_unknown_kind) {
                writeln!(f, "  {:<11}  all {} cases", Status::NotCovered, group.len())?;
                continue;
            }
            let width = group.iter().map(|case| case.id.chars().count()).max();
            for case in group {
                write!(
                    f,
                    "  {:<11}  {:<2$}",
                    case.status,
                    case.id,
                    width.unwrap_or(0)
                )?;
                for (key, value) in &case.computed {
                    write!(f, "  {key} {value}")?;
                }
                writeln!(f)?;
                if let Some(note) = &case.note {
                    writeln!(f, "  {:<11}  {note}", "")?;
                }
            }
        }
        write!(
            f,
            "{} passed, {} failed, {} not covered",
            self.passed(),
            self.failed(),
            self.not_covered()
        )
    }
}

/// Why a file cannot be used at all. A defect within one case fails that case alone.
#[derive(Debug, Error)]
pub enum ReferenceError {
    #[error("{}: cannot be read: {source}", .file.display())]
    Unreadable {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("{}: is not JSON: {source}", .file.display())]
    Json {
        file: PathBuf,
        source: serde_json::Error,
    },
    #[error("{}: {place} must be {expected}", .file.display())]
    Form {
        file: PathBuf,
        /// A group, case and field.
        place: String,
        expected: &'static str,
    },
}

/// Computes every case of a file and compares it with what the file expects.
///
/// Paths of meshes are relative to the folder of the file.
///
/// # Errors
/// [`ReferenceError`] for a file that cannot be read as groups of cases.
pub fn run(path: &Path) -> Result<Report, ReferenceError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReferenceError::Unreadable {
        file: path.to_owned(),
        source,
    })?;
    let document: Value = serde_json::from_str(&text).map_err(|source| ReferenceError::Json {
        file: path.to_owned(),
        source,
    })?;
    let form = |place: String, expected| ReferenceError::Form {
        file: path.to_owned(),
        place,
        expected,
    };
    let groups = document
        .get("groups")
        .and_then(Value::as_object)
        .ok_or_else(|| form("groups".into(), "an object of groups by name"))?;
    let mut reports = Vec::new();
    for (group, content) in groups {
        let cases = content
            .get("cases")
            .and_then(Value::as_array)
            .ok_or_else(|| form(format!("{group}: cases"), "a list of cases"))?;
        let meshes = Meshes {
            folder: path.parent().unwrap_or(Path::new("")),
            inline: content.get("meshes_inline"),
        };
        for (number, case) in (1..).zip(cases) {
            let id = case.get("id").and_then(Value::as_str).ok_or_else(|| {
                let place = format!("{group}: the id of case {number}");
                form(place, "a text")
            })?;
            let Some(input) = case.get("input").and_then(Value::as_object) else {
                let place = format!("{group}: {id}: input");
                return Err(form(place, "an object of input values by name"));
            };
            let outcome = judge(group, id, &Input { map: input, meshes }, case);
            reports.push(CaseReport {
                group: group.clone(),
                id: id.to_owned(),
                status: outcome.status,
                computed: outcome.computed,
                note: match outcome.status {
                    // The one who reads a failure needs to know where to look.
                    Status::Fail => outcome
                        .note
                        .map(|note| format!("{}: {group}: {id}: {note}", path.display())),
                    _ => outcome.note,
                },
            });
        }
    }
    Ok(Report { cases: reports })
}

/// What became of a case, before it is told where.
struct Outcome {
    status: Status,
    computed: Map<String, Value>,
    note: Option<String>,
}

fn judge(group: &str, id: &str, input: &Input, case: &Value) -> Outcome {
    let Some(kind) = Kind::of(group, id, input) else {
        return Outcome {
            status: Status::NotCovered,
            computed: Map::new(),
            note: Some("of a kind that is not known here".into()),
        };
    };
    let mut computed = match (kind.compute)(input) {
        Ok(computed) => computed,
        Err(malformed) => {
            return Outcome {
                status: Status::Fail,
                computed: Map::new(),
                note: Some(malformed.to_string()),
            };
        }
    };
    let mut notes: Vec<String> = computed.note.take().into_iter().collect();
    let expected = match case.get("expected") {
        Some(Value::Object(expected)) if !expected.is_empty() => expected,
        expected => {
            computed
                .values
                .retain(|key, _| kind.prints.contains(&key.as_str()));
            let empty = expected.is_none_or(|expected| {
                expected.is_null() || expected.as_object().is_some_and(Map::is_empty)
            });
            notes.push(if empty {
                "computed; the file expects nothing to compare with".into()
            } else {
                "expected must be an object of values by name".into()
            });
            return Outcome {
                // Covered, and nothing contradicts it; the note says that nothing could.
                status: if empty { Status::Pass } else { Status::Fail },
                computed: computed.values,
                note: Some(notes.join("; ")),
            };
        }
    };
    computed.values.retain(|key, _| expected.contains_key(key));
    let tolerance = Tolerance::new(case.get("tolerance"));
    let mut status = Status::Pass;
    for (key, expected) in expected {
        let judgement = match computed.values.get(key) {
            Some(value) => tolerance.check(key, expected, value),
            None => Err(format!("{key} is not computed here")),
        };
        if let Err(reason) = judgement {
            status = Status::Fail;
            notes.push(reason);
        }
    }
    Outcome {
        status,
        computed: computed.values,
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a file of one group with one case.
    fn outcome(group: &str, case: &str) -> CaseReport {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases.json");
        let text = format!(r#"{{"groups": {{"{group}": {{"cases": [{case}]}}}}}}"#);
        std::fs::write(&file, text).unwrap();
        run(&file).unwrap().cases.remove(0)
    }

    fn error(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases.json");
        std::fs::write(&file, text).unwrap();
        run(&file).unwrap_err().to_string()
    }

    #[test]
    fn published_cases_pass() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/reference_cases.json");
        let report = run(&file).unwrap();
        let mut compared = 0;
        for case in &report.cases {
            let of_file = matches!(
                case.group.as_str(),
                "surface_gravity" | "gravity_approximation"
            ) || case.id.starts_with("bennu/");
            match case.group.as_str() {
                // Shape meshes are not shipped.
                "polyhedron_gravity" | "surface_gravity" | "gravity_approximation" if of_file => {
                    let note = case.note.as_deref().unwrap_or_default();
                    assert!(note.contains("cannot be read"), "{case:?}");
                }
                "polyhedron_gravity" | "small_body" => {
                    assert_eq!(case.status, Status::Pass, "{case:?}");
                    compared += 1;
                }
                "economics" | "rocket" if case.status != Status::NotCovered => {
                    assert_eq!(case.status, Status::Pass, "{case:?}");
                    compared += 1;
                }
                _ => assert_eq!(case.status, Status::NotCovered, "{case:?}"),
            }
        }
        assert_eq!(
            compared, 57,
            "as many cases as the file has of the kinds that are known"
        );
    }

    #[test]
    fn a_case_without_expected_values_is_computed_and_says_so() {
        let case = outcome(
            "small_body",
            r#"{"id": "robot_weight/x", "input": {"mass_kg": 2, "g_m_s2": 0.5}}"#,
        );
        assert_eq!(case.status, Status::Pass);
        assert!(case.note.unwrap().contains("nothing to compare with"));
        assert_eq!(case.computed["weight_n"], 1.0);
        assert_eq!(case.computed["fraction_of_100N_weight_on_bit"], 0.01);
    }

    #[test]
    fn cheap_models_of_gravity_are_held_against_the_polyhedron() {
        let folder = tempfile::tempdir().unwrap();
        let (directions, faces) = crate::sim::asteroid::surface::sphere_mesh(8);
        let mut text = String::new();
        for d in directions {
            text += &format!("v {} {} {}\n", 120.0 * d.x, 100.0 * d.y, 80.0 * d.z);
        }
        for [a, b, c] in faces {
            text += &format!("f {} {} {}\n", a + 1, b + 1, c + 1);
        }
        std::fs::write(folder.path().join("shape.obj"), text).unwrap();
        let file = folder.path().join("cases.json");
        let case = |id: &str, field: &str, value: f64| {
            format!(
                r#"{{"id": "{id}", "input": {{"shape": "shape.obj", "{field}": {value}, "height_m": 5}}}}"#
            )
        };
        let cases = [
            case("mascon/x", "voxel_m", 10.0),
            case("mascon/fine", "voxel_m", 4.0),
            case("grid/x", "spacing_m", 10.0),
            case("grid/fine", "spacing_m", 2.0),
            case("mascon/dust", "voxel_m", 1e-3),
            r#"{"id": "point/x", "input": {"shape": "shape.obj", "height_m": 5}}"#.into(),
        ];
        let group = format!(
            r#"{{"groups": {{"gravity_approximation": {{"cases": [{}]}}}}}}"#,
            cases.join(",")
        );
        std::fs::write(&file, group).unwrap();
        let report = run(&file).unwrap();
        let of = |index: usize, key: &str| report.cases[index].computed[key].as_f64().unwrap();
        assert!(of(0, "capped_mean") <= of(0, "point_mean"));
        assert!(of(1, "capped_mean") < 0.5 * of(0, "capped_mean"));
        assert!(of(3, "mean") < 0.3 * of(2, "mean"));
        assert!(of(0, "capped_mean") < 0.2 * of(5, "mean"));
        assert!(0.05 < of(5, "mean") && of(5, "mean") < of(5, "p95"));
        assert_eq!(report.cases[4].status, Status::Fail);
    }

    #[test]
    fn an_unknown_group_or_kind_is_not_covered() {
        let case = r#"{"id": "x", "input": {"y": 1}, "expected": {"z": 1}}"#;
        assert_eq!(outcome("astrology", case).status, Status::NotCovered);
        assert_eq!(outcome("small_body", case).status, Status::NotCovered);
    }

    #[test]
    fn a_wrong_value_fails_with_both_values() {
        let case = outcome(
            "small_body",
            r#"{"id": "spin_barrier/x", "input": {"density_kg_m3": 1190},
                "expected": {"critical_period_h": 3.0}, "tolerance": {"rel": 0.001}}"#,
        );
        assert_eq!(case.status, Status::Fail);
        let note = case.note.unwrap();
        assert!(note.contains("3.0259") && note.contains("3.0 "), "{note}");
    }

    #[test]
    fn a_hop_that_does_not_come_back_has_no_apex() {
        let case = outcome(
            "small_body",
            r#"{"id": "hop_vertical/x", "input": {"GM_m3_s2": 4.8904, "radius_m": 245.9, "speed_m_s": 0.3},
                "expected": {"apex_height_m": null, "time_of_flight_s": null}}"#,
        );
        assert_eq!(case.status, Status::Pass, "{case:?}");
        assert!(case.note.unwrap().contains("does not come back"));
    }

    #[test]
    fn malformed_input_fails_and_names_file_group_case_and_field() {
        let place = |id: &str, field: &str| format!("cases.json: small_body: {id}: input.{field}");
        for (id, field, input) in [
            ("robot_weight/a", "g_m_s2", r#"{"mass_kg": 2}"#),
            (
                "robot_weight/b",
                "mass_kg",
                r#"{"mass_kg": "2", "g_m_s2": 1}"#,
            ),
            (
                "equator/c",
                "radius_m",
                r#"{"GM_m3_s2": 1, "radius_m": -1, "period_h": 1}"#,
            ),
            (
                "equator/d",
                "radius_m",
                r#"{"GM_m3_s2": 1, "radius_m": [], "period_h": 1}"#,
            ),
        ] {
            let case = outcome(
                "small_body",
                &format!(r#"{{"id": "{id}", "input": {input}}}"#),
            );
            assert_eq!(case.status, Status::Fail);
            let note = case.note.unwrap();
            assert!(note.contains(&place(id, field)), "{note}");
        }
        for (group, input) in [
            (
                "polyhedron_gravity",
                r#"{"mesh": "cube", "point_m": [0, 0, 0]}"#,
            ),
            (
                "polyhedron_gravity",
                r#"{"mesh": {"vertices_m": [], "faces_0based": []}, "point_m": [0, 0, 0]}"#,
            ),
            (
                "polyhedron_gravity",
                r#"{"mesh": {"vertices_m": [[0, 0, 0]], "faces_0based": [[0, 0, 7]]}, "point_m": [0, 0, 0]}"#,
            ),
            (
                "polyhedron_gravity",
                r#"{"mesh": "x", "mesh_location": "missing.obj", "point_m": [0, 0]}"#,
            ),
            (
                "surface_gravity",
                r#"{"shape": "missing.obj", "GM_m3_s2": 1, "rotation_period_h": 1}"#,
            ),
            (
                "surface_gravity",
                r#"{"shape": ".", "GM_m3_s2": 1, "rotation_period_h": 1}"#,
            ),
            ("economics", r#"{"wealth": []}"#),
            ("economics", r#"{"wealth": [1, null]}"#),
            (
                "economics",
                r#"{"bids_price_qty": [[1, 0.5]], "asks_price_qty": []}"#,
            ),
            (
                "economics",
                r#"{"bids_price_qty": [[1e300, 5]], "asks_price_qty": []}"#,
            ),
            (
                "economics",
                r#"{"orders_side_limit_qty_owner": [["hold", 1, 1, "A"]]}"#,
            ),
            (
                "economics",
                r#"{"price0": 1, "world_q": 0, "added_q": 1, "demand_elasticity": -1}"#,
            ),
            ("economics", r#"{"demand_elasticity": 0}"#),
            (
                "economics",
                r#"{"discount_rate": -1, "cash_flow_by_year": [1]}"#,
            ),
            (
                "economics",
                r#"{"discount_rate": 0.1, "cash_flow_by_year": []}"#,
            ),
            (
                "economics",
                r#"{"discount_rate": 0, "success_probability": 1, "cost_flow": [1]}"#,
            ),
            (
                "economics",
                r#"{"first_unit_cost": 1, "learning_rate": 0.9, "unit_number": 2.5}"#,
            ),
        ] {
            let case = outcome(group, &format!(r#"{{"id": "x", "input": {input}}}"#));
            assert_eq!(case.status, Status::Fail, "{case:?}");
            assert!(case.note.unwrap().contains(": x: input."));
        }
    }

    #[test]
    fn a_case_that_names_its_kind_misses_its_own_fields() {
        let case = outcome(
            "economics",
            r#"{"id": "price_impact/x", "input": {"price0": 1, "demand_elasticity": -0.5}}"#,
        );
        assert_eq!(case.status, Status::Fail);
        assert!(case.note.unwrap().contains("input.world_q is missing"));
    }

    #[test]
    fn questions_without_an_answer_are_null() {
        for (id, input, key) in [
            (
                "revenue_ceiling/elastic",
                r#"{"demand_elasticity": -1.5}"#,
                "max_revenue_fraction_of_world_market",
            ),
            (
                "npv/loss",
                r#"{"discount_rate": 0.1, "cash_flow_by_year": [-5, -1]}"#,
                "irr",
            ),
        ] {
            let case = outcome(
                "economics",
                &format!(r#"{{"id": "{id}", "input": {input}, "expected": {{"{key}": null}}}}"#),
            );
            assert_eq!(case.status, Status::Pass, "{case:?}");
        }
    }

    #[test]
    fn values_too_large_for_a_number_are_null() {
        let case = outcome(
            "small_body",
            r#"{"id": "robot_weight/x", "input": {"mass_kg": 1e300, "g_m_s2": 1e300}}"#,
        );
        assert_eq!(case.computed["weight_n"], Value::Null);
        assert!(case.note.unwrap().contains("weight_n is not finite"));
    }

    #[test]
    fn a_file_that_holds_no_cases_is_refused_in_one_sentence() {
        assert!(error("").contains("cases.json: is not JSON"));
        assert!(error(r#"{"groups": {"a": {"cases": [{"id": NaN}]}}}"#).contains("is not JSON"));
        assert!(error("[]").ends_with("groups must be an object of groups by name"));
        assert!(error(r#"{"groups": {"a": 1}}"#).ends_with("a: cases must be a list of cases"));
        assert!(error(r#"{"groups": {"a": {"cases": [1]}}}"#).contains("a: the id of case 1"));
        assert!(error(r#"{"groups": {"a": {"cases": [{"id": "b"}]}}}"#).contains("a: b: input"));
        let missing = run(Path::new("no/such/file.json")).unwrap_err().to_string();
        assert!(
            missing.starts_with("no/such/file.json: cannot be read"),
            "{missing}"
        );
    }
}
