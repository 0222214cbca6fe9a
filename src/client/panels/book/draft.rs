//! A change of the charter before it is put to the vote: one article, begun from how another
//! charter rules it, with its numbers, switches and choices to set.
//!
//! The form is made from the article's own data, so that a field that a charter gains can be set
//! at once. What a field may be is checked by the charter itself.

use bevy_egui::egui::{Button, DragValue, RichText, TextEdit, Ui, vec2};
use serde_json::{Map, Value, json};

use super::charter::{CharterFacts, about, old_and_new};
use super::{choose, heading, name, weak};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane};
use crate::client::theme;
use crate::sim::law::charter::{Article, Charter};
use crate::sim::order::Order;

const SAME: &str = "That is how it is ruled already: change something.";
const REASON: &str = "Why? Others read this before they vote.";

/// A change that is being written.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::client::panels) struct Draft {
    /// Which of the articles it is about.
    index: usize,
    /// Id of the charter that it was begun from; empty for the one in force.
    like: String,
    /// The article as data.
    value: Value,
}

impl Draft {
    fn of(charter: &Charter, index: usize, like: &str) -> Self {
        let articles = charter.articles();
        Self {
            index,
            like: like.to_owned(),
            value: serde_json::to_value(&articles[index]).expect("articles are plain data"),
        }
    }

    /// The article that has been written.
    ///
    /// # Errors
    /// Why it is none, as a sentence.
    fn article(&self) -> Result<Article, String> {
        serde_json::from_value(self.value.clone()).map_err(|error| error.to_string())
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane, facts: &CharterFacts) {
    let charter = &facts.charter;
    let form = &mut pane.forms.book.charter;
    let draft = form.draft.get_or_insert_with(|| Draft::of(charter, 0, ""));
    let articles = charter.articles();
    ui.horizontal_wrapped(|ui| {
        name(ui, "Change the rules of");
        let mut index = draft.index;
        let all: Vec<usize> = (0..articles.len()).collect();
        choose(ui, "article", &mut index, &all, |index| {
            articles[*index].title().to_owned()
        });
        name(ui, "begin from");
        let mut like = draft.like.clone();
        let mut likes = vec![String::new()];
        likes.extend(Charter::all_built_in().iter().map(|other| other.id.clone()));
        choose(ui, "like", &mut like, &likes, |id| match id.as_str() {
            "" => "the rules in force".to_owned(),
            id => Charter::built_in(id).map_or(id.to_owned(), |other| other.name.clone()),
        });
        if (index, &like) != (draft.index, &draft.like) {
            let from = Charter::built_in(&like).unwrap_or(charter);
            *draft = Draft::of(from, index, &like);
        }
    });
    weak(ui, about(&articles[draft.index]));
    edit(ui, draft);
    ui.separator();
    let outcome = draft.article().and_then(|article| {
        let mut amended = charter.clone();
        amended.adopt(article.clone());
        amended.validate()?;
        Ok((charter.changes_to(&amended), article))
    });
    heading(ui, "What would change");
    let article = match outcome {
        Err(why) => {
            ui.label(RichText::new(capitalised(&why)).color(theme::AMBER));
            None
        }
        Ok((_, article)) if article == articles[draft.index] => {
            ui.label(RichText::new(SAME).color(theme::TEXT_WEAK));
            None
        }
        Ok((changes, article)) => {
            old_and_new(ui, &changes);
            Some(article)
        }
    };
    ui.add(
        TextEdit::multiline(&mut form.reason)
            .hint_text(REASON)
            .desired_rows(2)
            .char_limit(500)
            .desired_width(f32::INFINITY),
    );
    let can = article.is_some();
    let button = ui.add_enabled(can, theme::primary_button("Put it to the vote"));
    if let Some(article) = article.filter(|_| button.clicked()) {
        let reason = std::mem::take(&mut form.reason);
        pane.want(Intent::Give(Order::ProposeChange {
            articles: vec![article],
            reason,
        }));
    }
}

/// The fields of the article, in two columns.
fn edit(ui: &mut Ui, draft: &mut Draft) {
    let Some((title, inner)) = draft
        .value
        .as_object_mut()
        .and_then(|article| article.iter_mut().next())
    else {
        return;
    };
    let title = title.clone();
    match inner {
        Value::Null => {
            ui.label("It says nothing of this matter.");
            let with = Charter::all_built_in().iter().find(|charter| {
                let article = serde_json::to_value(&charter.articles()[draft.index]);
                article.is_ok_and(|article| !article[&title].is_null())
            });
            if let Some(with) = with
                && ui.button("Write an article on it").clicked()
            {
                *draft = Draft::of(with, draft.index, &draft.like.clone());
            }
        }
        Value::Object(fields) => {
            let may_go = matches!(
                title.as_str(),
                "Quota"
                    | "Zones"
                    | "Contamination"
                    | "Labour"
                    | "Disclosure"
                    | "Local"
                    | "Inspections"
                    | "Disputes"
                    | "Politics"
                    | "Treaty"
            );
            grid(ui, &title, fields);
            if may_go && ui.button("Strike the whole article").clicked() {
                *inner = Value::Null;
            }
        }
        Value::Array(steps) => list(ui, &title, steps, json!({"from_year": 0.0, "rate": 0.05})),
        _ => {}
    }
}

fn grid(ui: &mut Ui, title: &str, fields: &mut Map<String, Value>) {
    bevy_egui::egui::Grid::new(("article", title))
        .num_columns(2)
        .spacing(vec2(12.0, 5.0))
        .show(ui, |ui| {
            for (field, value) in fields.iter_mut() {
                let (label, unit) = label(field);
                name(ui, &label);
                ui.horizontal_wrapped(|ui| leaf(ui, title, field, value, unit));
                ui.end_row();
            }
        });
}

/// A field, by what kind of thing it is.
fn leaf(ui: &mut Ui, title: &str, field: &str, value: &mut Value, unit: &str) {
    if let Some(choices) = choices(title, field) {
        let called = |value: &Value| word(value);
        // What is chosen may carry numbers of its own; its kind is what counts.
        let mut chosen = choices
            .iter()
            .find(|choice| word(choice) == word(value))
            .cloned()
            .unwrap_or(value.clone());
        let before = word(&chosen);
        choose(ui, field, &mut chosen, &choices, called);
        if word(&chosen) != before {
            *value = chosen;
        }
        if let Value::Object(inner) = value
            && let Some(Value::Object(numbers)) = inner.values_mut().next()
        {
            for (field, value) in numbers {
                let (name_of, unit) = label(field);
                name(ui, &name_of);
                leaf(ui, title, field, value, unit);
            }
        }
        return;
    }
    if let Some(usual) = usual(field) {
        let mut limited = !value.is_null();
        if ui.checkbox(&mut limited, "").clicked() {
            *value = if limited { usual } else { Value::Null };
        }
        if value.is_null() {
            name(ui, "no limit");
            return;
        }
    }
    match value {
        Value::Bool(flag) => {
            ui.checkbox(flag, if *flag { "yes" } else { "no" });
        }
        Value::Number(number) if number.is_u64() => {
            let mut count = number.as_u64().unwrap_or(0);
            ui.add(DragValue::new(&mut count).speed(0.1).suffix(unit));
            *value = Value::from(count);
        }
        Value::Number(number) => {
            let before = number.as_f64().unwrap_or(0.0);
            // Parts of a whole are set in percent.
            let scale = if unit == " %" { 100.0 } else { 1.0 };
            let mut shown = before * scale;
            let speed = (0.01 * shown).max(0.05);
            let field = DragValue::new(&mut shown)
                .range(0.0..=1e12)
                .speed(speed)
                .max_decimals(2)
                .suffix(unit);
            if ui.add(field).changed() {
                *value = Value::from(shown / scale);
            }
        }
        Value::Array(items) if matches!(field, "may_mine" | "reserved_for") => kinds(ui, items),
        Value::Array(items) if field == "reserved_areas" => {
            let first = json!({"latitude_deg": 0.0, "longitude_deg": 0.0, "radius_m": 20.0});
            ui.vertical(|ui| list(ui, field, items, first));
        }
        Value::Array(items) => {
            let words: Vec<String> = items.iter().map(word).collect();
            ui.label(words.join(", "));
        }
        Value::String(text) => {
            ui.label(text.as_str());
        }
        Value::Null => name(ui, "everywhere"),
        Value::Object(_) => {}
    }
}

/// Which kinds of prospector a rule is for.
fn kinds(ui: &mut Ui, items: &mut Vec<Value>) {
    for (kind, text) in [
        ("Person", "persons"),
        ("Company", "companies"),
        ("Agency", "agencies"),
        ("Cooperative", "co-operatives"),
    ] {
        let mut is_in = items.iter().any(|item| item == kind);
        if ui.checkbox(&mut is_in, text).clicked() {
            items.retain(|item| item != kind);
            if is_in {
                items.push(Value::from(kind));
            }
        }
    }
}

/// Rows of the same fields, such as the steps of a royalty.
fn list(ui: &mut Ui, title: &str, rows: &mut Vec<Value>, first: Value) {
    let mut gone = None;
    for (k, row) in rows.iter_mut().enumerate() {
        let Value::Object(fields) = row else {
            continue;
        };
        ui.push_id((title, k), |ui| {
            ui.horizontal_wrapped(|ui| {
                for (field, value) in fields.iter_mut() {
                    let (text, unit) = label(field);
                    name(ui, &text);
                    leaf(ui, title, field, value, unit);
                }
                if ui.add(Button::new("✖").small()).clicked() {
                    gone = Some(k);
                }
            });
        });
    }
    if let Some(k) = gone {
        rows.remove(k);
    }
    if ui.button("Add one").clicked() {
        let mut next = rows.last().cloned().unwrap_or(first);
        if !rows.is_empty()
            && let Some(year) = next.get("from_year").and_then(Value::as_f64)
        {
            next["from_year"] = Value::from(year + 5.0);
        }
        rows.push(next);
    }
}

/// The name of a field for people, and its unit. Parts of a whole are in percent.
fn label(field: &str) -> (String, &'static str) {
    const SPOKEN: [(&str, &str, &str); 11] = [
        ("share", "Share", " %"),
        ("rate", "Rate", " %"),
        ("quorum", "Must vote", " %"),
        ("majority", "Must be for it, more than", " %"),
        ("from_year", "From year", ""),
        ("credits_per_kg", "For each kilogram", " cr/kg"),
        ("radius_max_m", "Radius at most", " m"),
        ("area_max_m2", "Area at most", " m²"),
        ("idle_years_max", "Lost without work for", " years"),
        ("per_prospector_max", "Claims at a time", ""),
        ("on_the_spot", "A robot must stand there", ""),
    ];
    // Longer ends before those that they end with.
    const UNITS: [(&str, &str); 14] = [
        ("_credits_per_year", " cr a year"),
        ("_credits_per_robot", " cr a robot"),
        ("_credits_per_kg", " cr/kg"),
        ("_kg_per_year", " kg a year"),
        ("_per_year", " %"),
        ("_credits", " cr"),
        ("_share_min", " %"),
        ("_share", " %"),
        ("_probability", " %"),
        ("_spores", " spores"),
        ("_days", " days"),
        ("_years", " years"),
        ("_deg", "°"),
        ("_m", " m"),
    ];
    if let Some((_, text, unit)) = SPOKEN.iter().find(|(known, ..)| *known == field) {
        return ((*text).to_owned(), unit);
    }
    for (end, unit) in UNITS {
        if let Some(start) = field.strip_suffix(end) {
            return (spoken(start), unit);
        }
    }
    (spoken(field), "")
}

fn spoken(field: &str) -> String {
    let text = field.replace('_', " ");
    let text = match text.strip_suffix(" max") {
        Some(start) => format!("{start} at most"),
        None => match text.strip_suffix(" min") {
            Some(start) => format!("{start} at least"),
            None => text,
        },
    };
    capitalised(&text)
}

/// A word of the data, for people: `ByNeed` is "by need".
fn word(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Object(inner) => inner.keys().next().map_or("", String::as_str),
        _ => "",
    };
    // Classes of planetary protection are Roman numbers.
    if text.len() <= 3 && text.chars().all(|c| matches!(c, 'I' | 'V')) {
        return text.to_owned();
    }
    let mut words = String::new();
    for (k, letter) in text.chars().enumerate() {
        if letter.is_uppercase() && 0 < k {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

/// What a field may be, where it is a choice.
fn choices(title: &str, field: &str) -> Option<Vec<Value>> {
    let words = |words: &[&str]| Some(words.iter().map(|word| json!(word)).collect());
    match (title, field) {
        ("Claims", "rule") => words(&[
            "OpenAccess",
            "FirstCome",
            "Zones",
            "Auctioned",
            "Sponsored",
            "Lottery",
            "Quota",
            "Pooled",
        ]),
        ("Claims", "enforcement") => words(&["Refused", "Recorded"]),
        ("Credentials", "sponsor") => Some(vec![
            json!("Nobody"),
            json!({"HomeState": {"fee_credits": 1000.0}}),
            json!("Agency"),
        ]),
        ("Dividend", "rule") => Some(vec![
            json!("Nothing"),
            json!("PerHead"),
            json!({"ByContribution": {"floor_share": 0.0}}),
            json!("ByNeed"),
            json!("ByShare"),
        ]),
        ("Quota", "allocation") => words(&["Equal", "Auctioned", "ByHistory"]),
        ("Contamination", "class") => words(&["I", "II", "III", "IV"]),
        ("Politics", "weight") => words(&["PerHead", "ByShare", "ByCapital"]),
        _ => None,
    }
}

/// What a limit begins with, where there may be none.
fn usual(field: &str) -> Option<Value> {
    Some(match field {
        "radius_max_m" => json!(50.0),
        "area_max_m2" => json!(5000.0),
        "per_prospector_max" => json!(3),
        "term_years" => json!(20.0),
        "idle_years_max" => json!(3.0),
        "incorporation_credits" => json!(50_000.0),
        "arrears_months_max" => json!(3),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_article_of_every_charter_can_be_begun_from_and_read_back() {
        for charter in Charter::all_built_in() {
            for (index, article) in charter.articles().into_iter().enumerate() {
                let draft = Draft::of(charter, index, &charter.id);
                assert_eq!(draft.article().as_ref(), Ok(&article), "{}", charter.id);
            }
        }
    }

    /// Every choice and every limit that the form offers is one that the charter knows.
    #[test]
    fn every_choice_and_limit_makes_an_article() {
        let mut offered = 0;
        for charter in Charter::all_built_in() {
            for index in 0..charter.articles().len() {
                let draft = Draft::of(charter, index, "");
                let title = draft
                    .value
                    .as_object()
                    .unwrap()
                    .keys()
                    .next()
                    .unwrap()
                    .clone();
                let Some(fields) = draft.value[&title].as_object().cloned() else {
                    continue;
                };
                for field in fields.keys() {
                    let offers = choices(&title, field).into_iter().flatten();
                    for value in offers.chain(usual(field)) {
                        let mut changed = draft.clone();
                        changed.value[&title][field] = value.clone();
                        assert!(changed.article().is_ok(), "{title} {field} = {value}");
                        offered += 1;
                    }
                    let (text, _) = label(field);
                    assert!(!text.is_empty() && !text.contains('_'), "{field}: {text}");
                }
            }
        }
        assert!(200 < offered, "{offered}");
    }

    #[test]
    fn fields_read_as_words_with_their_units() {
        for (field, text, unit) in [
            ("fee_credits", "Fee", " cr"),
            ("radius_max_m", "Radius at most", " m"),
            ("term_years", "Term", " years"),
            ("royalty_share", "Royalty", " %"),
            ("return_per_year", "Return", " %"),
            ("licence_credits_per_year", "Licence", " cr a year"),
            ("survey_readings_min", "Survey readings at least", ""),
        ] {
            assert_eq!(label(field), (text.to_owned(), unit), "{field}");
        }
        assert_eq!(word(&json!("ByNeed")), "by need");
        assert_eq!(word(&json!({"HomeState": {}})), "home state");
        assert_eq!(word(&json!("IV")), "IV");
    }
}
