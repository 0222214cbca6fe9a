//! Errors of the RON parser, in the words of a level's author.

use super::{
    LevelError,
    check::{choices, nearest},
    field_lines::FieldLines,
};

/// What the parser could not read, with the field and the value that it met there; `what_file` is
/// the sort of file in a word.
pub(super) fn syntax_error(
    text: &str,
    file: &str,
    what_file: &str,
    lines: &FieldLines,
    error: &ron::error::SpannedError,
) -> LevelError {
    let place = (error.span.start.line, error.span.start.col);
    let mut field = match &error.code {
        // Noticed at the bracket that ends the struct, where its last field may end as well.
        ron::Error::MissingStructField { .. } => lines.field_around(place).to_owned(),
        _ => lines.field_touching(place).to_owned(),
    };
    let name = field.rsplit('.').next().unwrap_or_default().to_owned();
    let value = value_at(text, place);
    // Every other field that begins with a parenthesis is no choice.
    let unnamed = field == "charter" || field.starts_with("charter.");
    let what = match &error.code {
        ron::Error::ExpectedIdentifier | ron::Error::ExpectedStructLike if unnamed => {
            field.truncate("charter".len());
            "charter must be Named(\"open_access\") or another of the program's own, \
             Amended(\"open_access\", [..]) or Own((..))"
                .to_owned()
        }
        ron::Error::NoSuchStructField {
            expected, found, ..
        } => {
            let known = nearest(found, expected, 1);
            format!("there is no field {found} here; the nearest is {known}")
        }
        ron::Error::MissingStructField { field: missing, .. } => {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(missing);
            format!("the field {missing} is missing")
        }
        ron::Error::DuplicateStructField { field, .. } => {
            format!("{field} stands here a second time")
        }
        ron::Error::NoSuchEnumVariant {
            expected, found, ..
        } => format!("{name} = {found} must be {}", choices(expected)),
        ron::Error::ExpectedFloat => format!("{name} = {value} must be a number"),
        ron::Error::ExpectedInteger
        | ron::Error::IntegerOutOfBounds
        | ron::Error::InvalidIntegerDigit { .. } => {
            format!("{name} = {value} must be a whole number that is not negative")
        }
        ron::Error::ExpectedString => format!("{name} = {value} must be a text in quotes"),
        ron::Error::ExpectedBoolean => format!("{name} = {value} must be true or false"),
        other => {
            let complaint = other.to_string();
            let mut letters = complaint.chars();
            let first = letters.next().map(|c| c.to_lowercase().to_string());
            let complaint = first.unwrap_or_default() + letters.as_str();
            if field.is_empty() {
                complaint
            } else {
                format!("{complaint}, at {field}")
            }
        }
    };
    LevelError {
        file: file.to_owned(),
        line: place.0,
        field,
        message: format!("{what}, in {what_file} \"{file}\", column {}", place.1),
    }
}

/// The word at a place, shortened if it is long.
fn value_at(text: &str, (line, column): (usize, usize)) -> String {
    let line = text.lines().nth(line - 1).unwrap_or_default();
    let characters: Vec<char> = line.chars().collect();
    let mut start = (column - 1).min(characters.len());
    // The parser may stop behind a sign or within a word.
    while 0 < start
        && matches!(characters[start - 1], '+' | '-' | '_' | '.' | '0'..='9' | 'a'..='z' | 'A'..='Z')
    {
        start -= 1;
    }
    let rest: String = characters[start..].iter().collect();
    let end = rest.find([',', ')', ']', '}']).unwrap_or(rest.len());
    let word: String = rest[..end].trim().chars().take(40).collect();
    if word.is_empty() {
        "nothing".to_owned()
    } else {
        word
    }
}
